// Parameters of signed requests, with words for what is wrong with them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace gridloom::http {

// A value as a message shows it.
[[nodiscard]] std::string shown(const wire::Json& value);

// kBadParams: it is missing, no text, or empty; `path` is how the message calls it.
[[nodiscard]] Result<std::string> text_param(const wire::JsonObject& object, std::string_view key,
                                             std::string_view path);
// The object `params` of a body.
[[nodiscard]] Result<const wire::JsonObject*> params_of(const wire::JsonObject& object);

}  // namespace gridloom::http
