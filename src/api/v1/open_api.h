// The description of Gridloom's own interface as OpenAPI 3.1, made of its table of routes
// (api/v1/own_api.h).
#pragma once

#include "base/shared_text.h"

namespace gridloom::api {

// JSON text, made once.
[[nodiscard]] const SharedText& open_api();

}  // namespace gridloom::api
