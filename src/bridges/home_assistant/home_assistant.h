// Home Assistant: the devices of an account with all their values, and their controls, over the
// owner's own MQTT broker (discovery.h).
#pragma once

#include "bridges/core/bridge.h"

namespace gridloom::bridges {

[[nodiscard]] const BridgeKind& home_assistant_kind();

}  // namespace gridloom::bridges
