// The description of Gridloom's own interface as OpenAPI 3.1, made of its table of routes
// (http/own_api.h).
#pragma once

#include "base/shared_text.h"

namespace gridloom::http {

// JSON text, made once.
[[nodiscard]] const SharedText& open_api();

}  // namespace gridloom::http
