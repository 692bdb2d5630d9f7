// A parameter as data: its name, its type and its limits, for everything that people and programs
// give by name: operations of administration, settings of bridges. Forms, options and descriptions
// are views of the declaration.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <string>
#include <string_view>

#include "wire/json.h"

namespace gridloom::parameters {

enum class Type : std::uint8_t {
  kText,          // texts come first: is_text()
  kSecret,        // a text that no message repeats
  kSerialNumber,  // a text
  kAccount,       // a text: the name of an account
  kChoice,        // one of Parameter::values
  kFlag,          // true or false
  kInteger,
  kTime,  // Unix milliseconds, an integer
  kNumber,
  kTexts,     // a list
  kIntegers,  // a list
  kObject
};

// A text that is empty and a list that is empty are as if they had not been given.
struct Parameter {
  std::string_view name;
  std::string_view text;  // its description: ends without a full stop
  Type type = Type::kText;
  bool required = false;
  std::size_t most_bytes = 256;  // the longest text, also in a list
  double least = 0;              // the least number, also in a list
  double most = 0;
  std::size_t most_items = 0;  // in a list
  std::span<const std::string_view> values{};
};

constexpr bool is_list(Type type) { return type == Type::kTexts || type == Type::kIntegers; }
constexpr bool is_text(Type type) { return type <= Type::kChoice; }
constexpr bool is_number(Type type) {
  return type == Type::kInteger || type == Type::kTime || type == Type::kNumber ||
         type == Type::kIntegers;
}

constexpr bool is_complete(const Parameter& parameter) {
  return !parameter.name.empty() && !parameter.text.empty() && !parameter.text.ends_with('.') &&
         (parameter.type == Type::kChoice) != parameter.values.empty() &&
         (!is_number(parameter.type) || parameter.least < parameter.most) &&
         is_list(parameter.type) == (parameter.most_items != 0);
}

// Whether nothing is missing in these declarations, and no name stands there twice.
constexpr bool are_complete(std::span<const Parameter> declared) {
  return std::ranges::all_of(declared, [&](const Parameter& each) {
    return is_complete(each) && std::ranges::count(declared, each.name, &Parameter::name) == 1;
  });
}

// A value that the parameter can have, for messages and descriptions: "a text of at most 64 bytes",
// "monitor, full or none", "from 1 to 100".
[[nodiscard]] std::string valid_text(const Parameter& parameter);
// "text", "serial number", ...
[[nodiscard]] std::string_view name_of(Type type);
// The declaration as programs read it: {"name","text","type","required",..}.
[[nodiscard]] wire::JsonObject description(const Parameter& parameter);

}  // namespace gridloom::parameters
