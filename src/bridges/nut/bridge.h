// The bridge "nut", a server of the Network UPS Tools protocol, by which computers learn that the
// grid is gone and the battery is low, and shut down: its settings, and its row in the table of
// kinds.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "bridges/core/bridge.h"
#include "bridges/core/patterns.h"
#include "bridges/nut/ups.h"
#include "net/address.h"
#include "parameters/arguments.h"
#include "parameters/parameter.h"

namespace gridloom::bridges::nut {

struct NutSettings {
  net::Address listen;
  Selection selection{{}, {}};
  Thresholds thresholds{};
  std::string user;
  Secret password;
};

[[nodiscard]] std::span<const parameters::Parameter> nut_parameters();
// kBadParams: names the setting, its value, and what would be valid.
[[nodiscard]] Result<NutSettings> nut_settings(const parameters::Arguments& arguments);

}  // namespace gridloom::bridges::nut

namespace gridloom::bridges {

[[nodiscard]] const BridgeKind& nut_kind();

}  // namespace gridloom::bridges
