// The bridge "influx": writes the history of devices to a database that takes InfluxDB's line
// protocol.
#pragma once

#include "bridges/core/bridge.h"

namespace gridloom::bridges {

[[nodiscard]] const Kind& influx_kind();

}  // namespace gridloom::bridges
