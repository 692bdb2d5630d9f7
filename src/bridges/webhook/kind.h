// The bridge "webhook": posts events of devices to a URL.
#pragma once

#include "bridges/core/bridge.h"

namespace gridloom::bridges {

[[nodiscard]] const Kind& webhook_kind();

}  // namespace gridloom::bridges
