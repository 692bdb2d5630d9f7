// The bridge "webhook", which posts events of devices to a URL: its settings, and its row in the
// table of kinds.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "bridges/core/bridge.h"
#include "bridges/core/patterns.h"
#include "bridges/core/peer.h"
#include "bridges/webhook/event.h"
#include "parameters/arguments.h"
#include "parameters/parameter.h"

namespace gridloom::bridges::webhook {

struct WebhookSettings {
  WebAddress url;
  std::string ca;                 // empty: the system's authorities
  Secret secret;                  // empty: nothing is signed
  std::vector<EventKind> events;  // that are sent
  Selection selection{{}, {}};    // of devices

  [[nodiscard]] bool tells(EventKind kind) const;
};

[[nodiscard]] std::span<const parameters::Parameter> webhook_parameters();
// kBadParams: names the setting, its value, and what would be valid.
[[nodiscard]] Result<WebhookSettings> webhook_settings(const parameters::Arguments& arguments);

}  // namespace gridloom::bridges::webhook

namespace gridloom::bridges {

[[nodiscard]] const BridgeKind& webhook_kind();

}  // namespace gridloom::bridges
