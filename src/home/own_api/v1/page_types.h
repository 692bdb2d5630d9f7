// web/api/types.ts: the bodies of /api/v1 and the messages of the live stream as the page knows
// them. The program gl_api_types prints it, and a test compares the file with it.
#pragma once

#include <string>

namespace gridloom::api {

[[nodiscard]] std::string page_types();

}  // namespace gridloom::api
