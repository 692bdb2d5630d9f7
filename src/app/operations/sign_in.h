// The operation sign-in: a one-time link with which a browser signs in on the dashboard of the
// running server (api/gate/sign_in.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "app/operations/operation.h"

namespace gridloom::operations {

// The address to open. The token stands behind the '#', which browsers send to nobody: no log or
// proxy has it.
[[nodiscard]] std::string sign_in_link(std::string_view page, std::string_view token);

// sign-in {"account"}; empty: the only account that there is. Answers {"account","link",
// "expiresAt"}.
[[nodiscard]] std::span<const Operation> sign_in_operations();

}  // namespace gridloom::operations
