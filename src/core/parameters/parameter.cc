#include "parameters/parameter.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <utility>

#include "base/nearest.h"

namespace gridloom::parameters {
namespace {

using wire::JsonArray;
using wire::JsonObject;

std::string range_text(const Parameter& parameter) {
  return fmt::format("from {} to {}", parameter.least, parameter.most);
}

wire::Json number(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return value == static_cast<double>(whole) ? wire::Json(whole) : wire::Json(value);
}

}  // namespace

std::string_view name_of(Type type) {
  constexpr std::array kNames = std::to_array<std::string_view>(
      {"text", "secret", "serial number", "account", "choice", "flag", "integer", "time", "number",
       "texts", "integers", "object"});
  return kNames.at(std::to_underlying(type));
}

std::string valid_text(const Parameter& parameter) {
  switch (parameter.type) {
    case Type::kText:
    case Type::kSecret:
      return fmt::format("a text of at most {} bytes", parameter.most_bytes);
    case Type::kSerialNumber:
      return fmt::format("a serial number of at most {} bytes", parameter.most_bytes);
    case Type::kAccount:
      return fmt::format("the name of an account, of at most {} bytes", parameter.most_bytes);
    case Type::kChoice:
      return joined_or({parameter.values.begin(), parameter.values.end()});
    case Type::kFlag:
      return "true or false";
    case Type::kInteger:
      return "a whole number " + range_text(parameter);
    case Type::kTime:
      return "a time in Unix milliseconds";
    case Type::kNumber:
      return range_text(parameter);
    case Type::kTexts:
      return fmt::format("a list of at most {} texts of at most {} bytes", parameter.most_items,
                         parameter.most_bytes);
    case Type::kIntegers:
      return fmt::format("a list of at most {} whole numbers {}", parameter.most_items,
                         range_text(parameter));
    case Type::kObject:
      return "an object";
  }
  return {};
}

JsonObject description(const Parameter& parameter) {
  JsonObject row{{"name", parameter.name},
                 {"text", parameter.text},
                 {"type", name_of(parameter.type)},
                 {"required", parameter.required}};
  if ((is_text(parameter.type) && parameter.type != Type::kChoice) ||
      parameter.type == Type::kTexts) {
    row["maxBytes"] = parameter.most_bytes;
  }
  if (is_number(parameter.type)) {
    row["minimum"] = number(parameter.least);
    row["maximum"] = number(parameter.most);
  }
  if (is_list(parameter.type)) row["maxItems"] = parameter.most_items;
  if (parameter.type == Type::kChoice) {
    row["values"] = JsonArray(parameter.values.begin(), parameter.values.end());
  }
  return row;
}

}  // namespace gridloom::parameters
