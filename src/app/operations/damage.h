// The operations on known losses and damage in a data folder: damage.list and damage.accept, of
// which an administrator accepts what cannot be undone, and device.purge, which purges the history
// of devices that the registry does not know.
#pragma once

#include <span>

#include "app/operations/operation.h"

namespace gridloom::operations {

// damage.list answers with a list of texts, damage.accept with {"accepted": N}; device.purge, of
// {"numbers": [3, 4]} or {"unknown": true}, with {"purged": "3 to 4"}. kNotFound: there are none,
// or one of the numbers is not such a device.
[[nodiscard]] std::span<const Operation> damage_operations();

}  // namespace gridloom::operations
