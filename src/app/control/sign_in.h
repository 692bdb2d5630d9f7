// The operation sign-in: a one-time link with which a browser signs in on the dashboard of the
// running server (api/gate/sign_in.h).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "app/control/admin.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::app {

// The address to open. The token stands behind the '#', which browsers send to nobody: no log or
// proxy has it.
[[nodiscard]] std::string sign_in_link(std::string_view page, std::string_view token);

// {"account"}; empty: the only account that there is. Answers {"account","link","expiresAt"}.
[[nodiscard]] Result<wire::Json> make_sign_in_link(const AdminContext& context,
                                                   const wire::JsonObject& request);

}  // namespace gridloom::app
