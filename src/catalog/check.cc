// Checks a set against the family's commands. Every error names the param, its value and the valid
// values, because the client sees nothing else.
#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "catalog/family.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

constexpr std::size_t kMaxCharacters = 256;  // default limit of a string param

template <typename Value>
std::string shown(const Value& value) {
  return wire::shortened(wire::to_text(value));
}

bool among(const std::vector<Json>& values, const Json& value) {
  return std::ranges::any_of(values, [&](const Json& one) { return same_value(one, value); });
}

// The valid values, without the type: "4000 to 10000 (mA)"; empty if every value is valid.
std::string valid_values(const Param& param) {
  std::vector<std::string> words;
  if (param.range) words.push_back(fmt::format("{} to {}", param.range->low, param.range->high));
  for (const NamedValue& value : param.values) words.push_back(text_of(value));
  if (words.empty()) return "";
  for (const Json& value : param.also) words.push_back(wire::to_text(value));
  std::string text = join(words, "or");
  if (!param.unit.empty() && param.scale != 1) {
    text += fmt::format(" ({} {})", param.scale, param.unit);
  } else if (!param.unit.empty()) {
    text += fmt::format(" ({})", param.unit);
  }
  std::vector<std::string> unchanged;
  unchanged.reserve(param.unchanged.size());
  for (const Json& value : param.unchanged) unchanged.push_back(wire::to_text(value));
  if (!unchanged.empty()) text += fmt::format("; {} leaves it as it is", join(unchanged, "or"));
  return text;
}

std::string_view type_words(FieldType type) {
  switch (type) {
    case FieldType::kInt:
      return "a whole number";
    case FieldType::kFloat:
      return "a number";
    case FieldType::kString:
      return "a string";
    case FieldType::kBool:
      return "true or false";
    case FieldType::kArray:
      return "an array";
    case FieldType::kObject:
      return "an object";
    case FieldType::kAny:
      break;
  }
  return "anything";
}

std::unexpected<Error> refuse(std::string detail) {
  return fail(ErrorCode::kBadParams, std::move(detail));
}

Status check_size(const Param& param, std::size_t size, const std::string& path) {
  const bool text = param.type == FieldType::kString;
  const std::size_t low = param.min_items.value_or(0);
  std::optional<std::size_t> high = param.max_items;
  if (text && !high) high = kMaxCharacters;
  if (size >= low && (!high || size <= *high)) return {};
  std::string valid = !high         ? fmt::format("at least {}", low)
                      : low == 0    ? fmt::format("at most {}", *high)
                      : low < *high ? fmt::format("{} to {}", low, *high)
                                    : fmt::format("{}", low);
  return refuse(
      fmt::format("{} has {} {}: must be {}", path, size, text ? "characters" : "elements", valid));
}

// The functions below keep the checked values in `kept`; null: they only check, and copy nothing.
Status check_members(const std::vector<Param>& params, const JsonObject& given,
                     const std::string& path, JsonObject* kept);

Status check_elements(const Param& param, const JsonArray& given, const std::string& path,
                      Json* kept);

// Checks an object of bools. Keeps false for those that the set leaves out.
Status check_exactly_one(const Param& param, const JsonObject& given, const std::string& path,
                         JsonObject* kept);

void copy_value(const Json& value, Json* kept) {
  if (kept != nullptr) *kept = value;
}

// Keeps the value to publish; of an object, only its declared members.
Status check_value(const Param& param, const Json& value, const std::string& path, Json* kept) {
  if (among(param.also, value)) {
    copy_value(value, kept);
    return {};
  }
  if (!fits(param.type, value)) {
    const std::string valid = valid_values(param);
    // The values of a bool say of what type it is.
    const bool by_values = param.type == FieldType::kBool && !valid.empty();
    return refuse(fmt::format("{} is {}: must be {}{}{}", path, shown(value),
                              by_values ? "" : type_words(param.type),
                              by_values || valid.empty() ? "" : ", ", valid));
  }
  const bool in_range = !param.range || (value.to_number<double>() >= param.range->low &&
                                         value.to_number<double>() <= param.range->high);
  if (!in_range || (!param.values.empty() && !contains(param.values, value))) {
    return refuse(fmt::format("{} is {}: must be {}", path, shown(value), valid_values(param)));
  }
  if (param.type == FieldType::kArray) {
    return check_elements(param, value.get_array(), path, kept);
  }
  if (param.type == FieldType::kObject && !param.fields.empty()) {
    JsonObject* members = kept == nullptr ? nullptr : &kept->emplace_object();
    Status good = check_members(param.fields, value.get_object(), path, members);
    if (!good || !param.exactly_one) return good;
    return check_exactly_one(param, value.get_object(), path, members);
  }
  if (param.type == FieldType::kString) {
    Status size = check_size(param, characters(value.get_string()), path);
    if (!size) return size;
  }
  copy_value(value, kept);
  return {};
}

Status check_elements(const Param& param, const JsonArray& given, const std::string& path,
                      Json* kept) {
  if (Status size = check_size(param, given.size(), path); !size) return size;
  JsonArray* elements = kept == nullptr ? nullptr : &kept->emplace_array();
  if (param.fields.empty()) {
    if (elements != nullptr) *elements = given;
    return {};
  }
  if (elements != nullptr) elements->reserve(given.size());
  for (std::size_t k = 0; k < given.size(); ++k) {
    Json* element = elements == nullptr ? nullptr : &elements->emplace_back(nullptr);
    // A sentinel is kept: without it the later elements would move up.
    if (among(param.fields.front().unchanged, given[k])) {
      copy_value(given[k], element);
      continue;
    }
    Status good =
        check_value(param.fields.front(), given[k], fmt::format("{}[{}]", path, k), element);
    if (!good) return good;
  }
  return {};
}

// The param's value under its declared name, or else under an alias; nullptr if absent.
const Json* given_value(const Param& param, const JsonObject& given) {
  if (const Json* value = given.if_contains(param.name)) return value;
  for (const std::string& alias : param.alias) {
    if (const Json* value = given.if_contains(alias)) return value;
  }
  return nullptr;
}

Status check_members(const std::vector<Param>& params, const JsonObject& given,
                     const std::string& path, JsonObject* kept) {
  for (const Param& param : params) {
    const Json* value = given_value(param, given);
    const std::string at = fmt::format("{}.{}", path, param.name);
    if (value == nullptr) {
      if (param.required) return refuse(fmt::format("{} is missing: it must be there", at));
      continue;
    }
    if (among(param.unchanged, *value)) continue;
    const bool is_kept = kept != nullptr && !param.ignored;
    Status good = check_value(param, *value, at, is_kept ? &(*kept)[param.name] : nullptr);
    if (!good) return good;
  }
  return {};
}

Status check_exactly_one(const Param& param, const JsonObject& given, const std::string& path,
                         JsonObject* kept) {
  std::vector<std::string> members;
  int count = 0;
  for (const Param& member : param.fields) {
    const Json* value = given_value(member, given);
    const bool on = value != nullptr && *value == Json(true);
    members.push_back(member.name);
    if (on) ++count;
    if (kept != nullptr) (*kept)[member.name] = on;
  }
  if (count == 1) return {};
  return refuse(fmt::format("{} is {}: exactly one of {} must be true", path, shown(given),
                            join(members, "and")));
}

// Refuses a set without any param of its command: it would change nothing and is most likely a
// typing error.
Status check_names_any(const Family& family, const Command& command, const JsonObject& given) {
  if (command.params.empty()) return {};
  std::vector<std::string> names;
  for (const Param& param : command.params) {
    if (given_value(param, given) != nullptr) return {};
    names.push_back(param.name);
  }
  const std::string list = join(names, "and");
  for (const auto& member : given) {
    const std::string path = fmt::format("params.{}", std::string_view(member.key()));
    if (std::ranges::find(family.select, path) != family.select.end()) continue;
    return refuse(
        fmt::format("{} is not known: {} takes {}", wire::shortened(path), command.name, list));
  }
  return refuse(fmt::format("params names nothing to set: {} takes {}", command.name, list));
}

// Finds the command and checks the parameters, which are kept in `kept` unless it is null.
Result<const Command*> check(const Family& family, const JsonObject& message, JsonObject* kept) {
  const Command* const over_modbus = family.find_modbus_command(message);
  if (family.read_only && over_modbus == nullptr)
    return refuse(fmt::format("{} is read-only: it takes no sets", family.product));
  const Json* params = message.if_contains("params");
  const JsonObject* given = params == nullptr ? nullptr : params->if_object();
  if (family.passthrough) {
    if (kept != nullptr && given != nullptr) *kept = *given;
    return nullptr;
  }
  if (params == nullptr) return refuse("params is missing: must be an object");
  if (given == nullptr)
    return refuse(fmt::format("params is {}: must be an object", shown(*params)));

  const Result<const Command*> command =
      over_modbus != nullptr ? over_modbus : family.find_command(message);
  if (!command) return command;
  if (*command == nullptr) {
    if (kept != nullptr) *kept = *given;
    return nullptr;
  }
  if (Status names = check_names_any(family, **command, *given); !names) {
    return std::unexpected(std::move(names.error()));
  }
  if (Status good = check_members((*command)->params, *given, "params", kept); !good) {
    good.error().code = (*command)->refused_with;
    return std::unexpected(std::move(good.error()));
  }
  return command;
}

}  // namespace

Status validate_set(const Family& family, const JsonObject& message) {
  const auto command = check(family, message, nullptr);
  return command ? Status() : std::unexpected(command.error());
}

Result<CheckedSet> check_set(const Family& family, const JsonObject& message) {
  CheckedSet checked;
  const auto command = check(family, message, &checked.params);
  if (!command) return std::unexpected(command.error());
  checked.command = *command;
  return checked;
}

}  // namespace gridloom::catalog
