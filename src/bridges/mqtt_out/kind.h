// The bridge "mqtt": publishes the devices' values to an MQTT broker, each under a topic of its
// own.
#pragma once

#include "bridges/core/bridge.h"

namespace gridloom::bridges {

[[nodiscard]] const Kind& mqtt_kind();

}  // namespace gridloom::bridges
