// The operations token.add, token.list and token.remove: bearer tokens for /api/v1
// (api/v1/own_api.h). The text of a token is in the answer to token.add, and nowhere else.
#pragma once

#include "app/control/admin.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::app {

// {"name","account","scope","validForMs"}; 0 ms: it never expires.
[[nodiscard]] Result<wire::Json> add_token(const AdminContext& context,
                                           const wire::JsonObject& request);
// {"account"}, which may be empty: the tokens of all accounts.
[[nodiscard]] Result<wire::Json> list_tokens(const AdminContext& context,
                                             const wire::JsonObject& request);
// {"number"}
[[nodiscard]] Result<wire::Json> remove_token(const AdminContext& context,
                                              const wire::JsonObject& request);

}  // namespace gridloom::app
