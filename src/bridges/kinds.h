// The kinds of bridges that this program has. To add one, add its row and its folder; every view
// of bridges has it then.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "bridges/core/bridge.h"
#include "wire/json.h"

namespace gridloom::bridges {

// Lives as long as the program.
[[nodiscard]] std::span<const BridgeKind> kinds();
// kBadParams: there is no such kind; the message names those that there are.
[[nodiscard]] Result<const BridgeKind*> find_kind(std::string_view name);

// Checks the settings of a bridge: kBadParams as parameters::Arguments and BridgeKind::check say.
[[nodiscard]] Status check_settings(const BridgeKind& kind, const wire::JsonObject& settings);
// The settings without those that are secret.
[[nodiscard]] wire::JsonObject shown_settings(const BridgeKind& kind,
                                              const wire::JsonObject& settings);
// The row as programs read it: {"name","text","settings":[..],"previews"}.
[[nodiscard]] wire::JsonObject description(const BridgeKind& kind);

}  // namespace gridloom::bridges
