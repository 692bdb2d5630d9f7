// The operations token.add, token.list and token.remove: bearer tokens for /api/v1
// (own_api/v1/own_api.h). The text of a token is in the answer to token.add, and nowhere else.
#pragma once

#include <span>

#include "app/operations/operation.h"

namespace gridloom::operations {

[[nodiscard]] std::span<const Operation> token_operations();

}  // namespace gridloom::operations
