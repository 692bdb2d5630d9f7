// Checks that both readers accept the same texts, and that written text reads back as the same
// text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/json.h"

namespace {

using gridloom::wire::Json;

std::size_t leaves_in(const Json& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    for (const auto& [name, inner] : *object) count += leaves_in(inner);
    return count;
  }
  if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    for (const Json& element : *array) count += leaves_in(element);
    return count;
  }
  return 1;
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace wire = gridloom::wire;
  // A copy of exactly this size, so that a read past the end is detected.
  const std::string text(data, data + size);
  const wire::JsonLimits limits{.bytes = 4096, .depth = 8, .keys = 64};

  const auto value = wire::parse_json(text, limits);
  std::size_t leaves = 0;
  const auto walked = wire::walk_json(text, limits, [&leaves](const wire::Leaf&) { ++leaves; });
  require(value.has_value() == walked.has_value());
  if (!value) {
    require(value.error().detail == walked.error().detail);
    require(value.error().code == gridloom::ErrorCode::kMalformed);
    return 0;
  }
  require(leaves == leaves_in(*value));

  const std::string written = wire::to_text(*value);
  // Escapes can make the written text longer than the input: up to six bytes for one.
  const auto again = wire::parse_json(written, {.bytes = 1 << 20, .depth = 8, .keys = 64});
  require(again.has_value());
  require(wire::to_text(*again) == written);
  if (wire::is_whole(*value)) require(Json(wire::whole(*value)).is_int64());
  return 0;
}
