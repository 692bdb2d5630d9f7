// Lenient readers for the Smart Home Panel's lists and nested objects, which sets may fill
// partially and in more than one form: a value that is absent or of another kind reads as null, and
// as number 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/json.h"

namespace gridloom::sim::panel {

[[nodiscard]] inline const wire::Json& at(const wire::Json& object, std::string_view key) {
  static const wire::Json nothing;
  const wire::Json* found = wire::member(object, key);
  return found != nullptr ? *found : nothing;
}
[[nodiscard]] inline const wire::Json& at(const wire::JsonObject& object, std::string_view key) {
  static const wire::Json nothing;
  const wire::Json* found = object.if_contains(key);
  return found != nullptr ? *found : nothing;
}
[[nodiscard]] inline const wire::Json& at(const wire::Json& array, std::size_t index) {
  static const wire::Json nothing;
  const wire::JsonArray* items = array.if_array();
  return items != nullptr && index < items->size() ? (*items)[index] : nothing;
}
[[nodiscard]] inline std::int64_t integer(const wire::Json& value) {
  return wire::is_whole(value) ? wire::whole(value) : 0;
}
[[nodiscard]] inline std::int64_t integer(const wire::Json& object, std::string_view key) {
  return integer(at(object, key));
}
[[nodiscard]] inline std::int64_t integer(const wire::JsonObject& object, std::string_view key) {
  return integer(at(object, key));
}
[[nodiscard]] inline double number(const wire::Json& value) {
  return value.is_number() ? value.to_number<double>() : 0;
}

}  // namespace gridloom::sim::panel
