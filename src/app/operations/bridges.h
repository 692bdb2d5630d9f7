// The operations bridge.kinds, bridge.list, bridge.add, bridge.change, bridge.remove and
// bridge.preview: ways in and out of the server (bridges/bridges.h). Settings that are secret are
// in no answer.
#pragma once

#include <span>

#include "app/operations/operation.h"

namespace gridloom::operations {

[[nodiscard]] std::span<const Operation> bridge_operations();

}  // namespace gridloom::operations
