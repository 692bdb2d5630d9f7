// The schemas of described bodies as OpenAPI 3.1 and AsyncAPI 3.0 have them: JSON Schema, each
// under its name in `components`.
//
// Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/schema/body.h"
#include "wire/json.h"

namespace gridloom::api::schema {

// {"$ref"} to the schema of this name.
[[nodiscard]] wire::JsonObject reference(std::string_view schema);

// A member's unit and meaning as one text.
[[nodiscard]] std::string description_of(const Facts& facts);

// The schemas of the bodies and of all that they refer to, by name.
[[nodiscard]] wire::JsonObject json_schemas(std::span<const BodyOf> bodies);

}  // namespace gridloom::api::schema
