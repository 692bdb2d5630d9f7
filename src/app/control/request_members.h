// Members of a request to the admin socket.
#pragma once

#include <string>
#include <string_view>

#include "wire/json.h"

namespace gridloom::app {

// Empty: the request has no such member, or not as a text.
[[nodiscard]] inline std::string text_in(const wire::JsonObject& request, std::string_view name) {
  const wire::Json* value = request.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace gridloom::app
