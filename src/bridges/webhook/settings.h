// The settings of a bridge of the kind "webhook". Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "bridges/core/selection.h"
#include "bridges/core/web_address.h"
#include "bridges/webhook/event.h"
#include "parameters/arguments.h"
#include "parameters/parameter.h"

namespace gridloom::bridges::webhook {

struct Settings {
  WebAddress url;
  std::string ca;                 // empty: the system's authorities
  Secret secret;                  // empty: nothing is signed
  std::vector<EventKind> events;  // that are sent
  Selection selection{{}, {}};    // of devices

  [[nodiscard]] bool tells(EventKind kind) const;
};

[[nodiscard]] std::span<const parameters::Parameter> webhook_parameters();
// kBadParams: names the setting, its value, and what would be valid.
[[nodiscard]] Result<Settings> webhook_settings(const parameters::Arguments& arguments);

}  // namespace gridloom::bridges::webhook
