// The description of Gridloom's own interface as OpenAPI 3.1, made of its table of routes
// (http/own_api.h).
#pragma once

#include <string>

namespace gridloom::http {

// JSON text.
[[nodiscard]] std::string open_api();

}  // namespace gridloom::http
