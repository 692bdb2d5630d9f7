// The descriptions of Gridloom's own interface, made of its table of routes (own_api/v1/own_api.h)
// and of the bodies that these name (own_api/bodies).
#pragma once

#include <string>
#include <vector>

#include "api/schema/body.h"
#include "base/shared_text.h"

namespace gridloom::api {

// Bodies of requests and answers, each once, in the order of the routes; then that of errors.
[[nodiscard]] std::vector<schema::BodyOf> own_bodies();

// The routes as OpenAPI 3.1: a JSON text, made once.
[[nodiscard]] const SharedText& open_api();

// The live stream as AsyncAPI 3.0, made of its messages (own_api/bodies/live.h). Likewise.
[[nodiscard]] const SharedText& async_api();

// web/api/types.ts: the bodies of /api/v1 and the messages of the live stream as the page knows
// them. The program gl_api_types prints it, and a test compares the file with it.
[[nodiscard]] std::string page_types();

}  // namespace gridloom::api
