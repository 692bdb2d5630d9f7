// The description of Gridloom's own interface as OpenAPI 3.1, made of its table of routes
// (own_api/v1/own_api.h) and of the bodies that these name (api/bodies).
#pragma once

#include <vector>

#include "api/schema/body.h"
#include "base/shared_text.h"

namespace gridloom::api {

// Bodies of requests and answers, each once, in the order of the routes; then that of errors.
[[nodiscard]] std::vector<schema::BodyOf> own_bodies();

// JSON text, made once.
[[nodiscard]] const SharedText& open_api();

}  // namespace gridloom::api
