// The kind "meter": a virtual meter that real batteries regulate themselves by.
#pragma once

#include "bridges/core/bridge.h"

namespace gridloom::bridges {

[[nodiscard]] const Kind& meter_kind();

}  // namespace gridloom::bridges
