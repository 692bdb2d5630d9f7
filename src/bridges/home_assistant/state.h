// The state of an entity, made of what the device reports now. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/home_assistant/entity.h"
#include "wire/json.h"

namespace gridloom::bridges::home_assistant {

// The value of a quota; nothing: the device has not reported it.
using ValueOf = std::function<std::optional<wire::Json>(std::string_view quota)>;

// Longer states are refused by Home Assistant; these are bytes, which are at least as many.
inline constexpr std::size_t kMaxState = 250;

// A number, a text, or nothing where the state is not known: it is never 0 or off then.
[[nodiscard]] std::optional<wire::Json> state_of(const Entity& entity, const ValueOf& value_of);

}  // namespace gridloom::bridges::home_assistant
