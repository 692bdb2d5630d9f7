// The operations on devices, their names, owners, keys and shares: device.add, .list, .rename,
// .share, .rotate, .move and .remove.
#pragma once

#include <span>

#include "app/operations/operation.h"

namespace gridloom::operations {

[[nodiscard]] std::span<const Operation> device_operations();

}  // namespace gridloom::operations
