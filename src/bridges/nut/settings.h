// The settings of a bridge of the kind "nut". Pure.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "bridges/core/selection.h"
#include "bridges/nut/ups.h"
#include "net/address.h"
#include "parameters/arguments.h"
#include "parameters/parameter.h"

namespace gridloom::bridges::nut {

struct Settings {
  net::Address listen;
  Selection selection{{}, {}};
  Thresholds thresholds{};
  std::string user;
  Secret password;
};

[[nodiscard]] std::span<const parameters::Parameter> nut_parameters();
// kBadParams: names the setting, its value, and what would be valid.
[[nodiscard]] Result<Settings> nut_settings(const parameters::Arguments& arguments);

}  // namespace gridloom::bridges::nut
