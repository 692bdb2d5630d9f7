// Reads the members of a client's message in the live stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/json.h"

namespace gridloom::api {

// Empty: it has none that is a text.
[[nodiscard]] inline std::string_view text_in(const wire::JsonObject& message,
                                              std::string_view key) {
  const wire::Json* value = message.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

// Nothing: it has none that is a whole number.
[[nodiscard]] inline std::optional<std::int64_t> number_in(const wire::JsonObject& message,
                                                           std::string_view key) {
  const wire::Json* value = message.if_contains(key);
  if (value == nullptr || !wire::is_whole(*value)) return std::nullopt;
  return wire::whole(*value);
}

}  // namespace gridloom::api
