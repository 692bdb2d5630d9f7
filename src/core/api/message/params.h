// Access to the parameters of requests, with error messages for wrong ones.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/language.h"
#include "wire/json.h"

namespace gridloom::api {

// A value, and a text of a request, as error messages show them: shortened, and without keys.
[[nodiscard]] std::string shown(const wire::Json& value);
[[nodiscard]] std::string shown(std::string_view text);

// The language that the parameter lang names; English without it. kBadParams: it names none.
[[nodiscard]] Result<catalog::Language> language_in(const wire::JsonObject& params);

// kBadParams: the parameter is missing, not a string, or empty; the message refers to it as `path`,
// and shows its value unless it is a secret by its name.
[[nodiscard]] Result<std::string> text_param(const wire::JsonObject& object, std::string_view key,
                                             std::string_view path);
// The same of one that a person who signs in types: no value is shown.
[[nodiscard]] Result<std::string> credential_param(const wire::JsonObject& object,
                                                   std::string_view key);
// The object `params` of a body.
[[nodiscard]] Result<const wire::JsonObject*> params_of(const wire::JsonObject& object);

}  // namespace gridloom::api
