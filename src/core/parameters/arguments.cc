#include "parameters/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "base/nearest.h"
#include "base/printable.h"

namespace gridloom::parameters {
namespace {

using wire::Json;
using wire::JsonObject;

// As a message may show it.
std::string shown(const Parameter& parameter, const Json& value) {
  if (parameter.type == Type::kSecret || names_a_secret(parameter.name)) return "***";
  if (value.is_double()) return fmt::format("{}", value.get_double());  // JSON text has 2E0 for 2
  return redacted_extract(wire::to_text(value));
}

std::unexpected<Error> refused(const Parameter& parameter, const Json& value) {
  return fail(ErrorCode::kBadParams, fmt::format("{} is {}: must be {}", parameter.name,
                                                 shown(parameter, value), valid_text(parameter)));
}

bool is_given(const Json* value) {
  return value != nullptr && *value != "" && !(value->is_array() && value->get_array().empty());
}

bool is_valid_text(const Parameter& parameter, const Json& value) {
  if (!value.is_string() || value.get_string().size() > parameter.most_bytes) return false;
  return parameter.type != Type::kChoice ||
         std::ranges::find(parameter.values, std::string_view(value.get_string())) !=
             parameter.values.end();
}

bool is_valid_number(const Parameter& parameter, const Json& value) {
  const bool is_type = parameter.type == Type::kNumber ? value.is_number() : wire::is_whole(value);
  if (!is_type) return false;
  const double number = value.to_number<double>();
  return number >= parameter.least && number <= parameter.most;
}

template <typename IsValid>
bool is_valid_list(const Parameter& parameter, const Json& value, IsValid is_valid) {
  return value.is_array() && value.get_array().size() <= parameter.most_items &&
         std::ranges::all_of(value.get_array(),
                             [&](const Json& each) { return is_valid(parameter, each); });
}

bool is_valid(const Parameter& parameter, const Json& value) {
  switch (parameter.type) {
    case Type::kText:
    case Type::kSecret:
    case Type::kSerialNumber:
    case Type::kAccount:
    case Type::kChoice:
      return is_valid_text(parameter, value);
    case Type::kFlag:
      return value.is_bool();
    case Type::kInteger:
    case Type::kTime:
    case Type::kNumber:
      return is_valid_number(parameter, value);
    case Type::kTexts:
      return is_valid_list(parameter, value, is_valid_text);
    case Type::kIntegers:
      return is_valid_list(parameter, value, is_valid_number);
    case Type::kObject:
      return value.is_object();
  }
  return false;
}

std::unexpected<Error> unknown(const Taker& taker, std::string_view name) {
  std::vector<std::string_view> known;
  for (const Parameter& each : taker.declared) known.push_back(each.name);
  if (known.empty()) {
    return fail(ErrorCode::kBadParams, fmt::format("{} has no parameter, and so no \"{}\"",
                                                   taker.name, redacted_extract(name)));
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("{} has no parameter \"{}\": must be {}{}", taker.name,
                          redacted_extract(name), joined_or(known), did_you_mean(name, known)));
}

}  // namespace

Result<Arguments> Arguments::check(const Taker& taker, const JsonObject& given) {
  for (const auto& [name, value] : given) {
    const auto declared =
        std::ranges::find(taker.declared, std::string_view(name), &Parameter::name);
    if (declared == taker.declared.end()) return unknown(taker, name);
    if (is_given(&value) && !is_valid(*declared, value)) return refused(*declared, value);
  }
  for (const Parameter& each : taker.declared) {
    if (!each.required || is_given(given.if_contains(each.name))) continue;
    return fail(ErrorCode::kBadParams,
                fmt::format("{} is missing: must be {}", each.name, valid_text(each)));
  }
  return Arguments(taker.declared, given);
}

const Json* Arguments::find(std::string_view name, bool (*is_type)(Type)) const {
  const auto declared = std::ranges::find(declared_, name, &Parameter::name);
  if (declared == declared_.end() || !is_type(declared->type)) std::abort();
  const Json* value = given_->if_contains(name);
  return is_given(value) ? value : nullptr;
}

std::string Arguments::text(std::string_view name) const {
  const Json* value = find(name, is_text);
  return value == nullptr ? std::string() : std::string(value->get_string());
}

bool Arguments::flag(std::string_view name) const {
  const Json* value = find(name, [](Type type) { return type == Type::kFlag; });
  return value != nullptr && value->get_bool();
}

std::optional<std::int64_t> Arguments::integer(std::string_view name) const {
  const Json* value =
      find(name, [](Type type) { return type == Type::kInteger || type == Type::kTime; });
  return value == nullptr ? std::nullopt : std::optional(wire::whole(*value));
}

std::optional<double> Arguments::number(std::string_view name) const {
  const Json* value = find(name, [](Type type) { return type == Type::kNumber; });
  return value == nullptr ? std::nullopt : std::optional(value->to_number<double>());
}

std::vector<std::string> Arguments::texts(std::string_view name) const {
  std::vector<std::string> texts;
  const Json* value = find(name, [](Type type) { return type == Type::kTexts; });
  if (value == nullptr) return texts;
  for (const Json& each : value->get_array()) texts.emplace_back(each.get_string());
  return texts;
}

std::vector<std::int64_t> Arguments::integers(std::string_view name) const {
  std::vector<std::int64_t> numbers;
  const Json* value = find(name, [](Type type) { return type == Type::kIntegers; });
  if (value == nullptr) return numbers;
  for (const Json& each : value->get_array()) numbers.push_back(wire::whole(each));
  return numbers;
}

const JsonObject* Arguments::object(std::string_view name) const {
  const Json* value = find(name, [](Type type) { return type == Type::kObject; });
  return value == nullptr ? nullptr : &value->get_object();
}

Result<Json> parse_value(const Parameter& parameter, std::string_view text) {
  const auto number = [](std::string_view digits) -> std::optional<Json> {
    auto parsed = wire::parse_json(digits);
    return parsed && parsed->is_number() ? std::optional(std::move(*parsed)) : std::nullopt;
  };
  if (parameter.type == Type::kFlag) {
    if (text == "true" || text == "false") return Json(text == "true");
    return refused(parameter, Json(text));
  }
  if (is_list(parameter.type)) {
    wire::JsonArray list;
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      const std::string_view each = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (!is_number(parameter.type)) {
        list.emplace_back(each);
      } else if (auto parsed = number(each)) {
        list.push_back(std::move(*parsed));
      } else {
        return refused(parameter, Json(text));
      }
    }
    return Json(std::move(list));
  }
  if (!is_number(parameter.type)) return Json(text);
  if (auto parsed = number(text)) return std::move(*parsed);
  return refused(parameter, Json(text));
}

}  // namespace gridloom::parameters
