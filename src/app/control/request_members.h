// Members of a request to the admin socket.
#pragma once

#include <string>
#include <string_view>

#include "wire/json.h"

namespace gridloom::app {

// Empty: the request has no such member, or not as a text.
[[nodiscard]] inline std::string text_in(const wire::JsonObject& request, std::string_view name) {
  return std::string(wire::text_in(request, name));
}

}  // namespace gridloom::app
