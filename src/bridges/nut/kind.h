// The bridge "nut": a server of the Network UPS Tools protocol, by which computers learn that the
// grid is gone and the battery is low, and shut down.
#pragma once

#include "bridges/core/bridge.h"

namespace gridloom::bridges {

[[nodiscard]] const Kind& nut_kind();

}  // namespace gridloom::bridges
