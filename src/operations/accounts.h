// The operations on accounts and their keys: account.add, .list, .keys, .rotate and .remove.
#pragma once

#include <span>

#include "operations/operation.h"

namespace gridloom::operations {

[[nodiscard]] std::span<const Operation> account_operations();

}  // namespace gridloom::operations
