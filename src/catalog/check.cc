// Checks a set against the family's commands. Every error names the param, its value and the valid
// values, because the client sees nothing else.
#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/family.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

constexpr std::size_t kMostCharacters = 256;  // default limit of a string param

std::string shown(const Json& value) { return wire::shortened(wire::to_text(value)); }

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
  if (text && !high) high = kMostCharacters;
  if (size >= low && (!high || size <= *high)) return {};
  std::string valid = !high         ? fmt::format("at least {}", low)
                      : low == 0    ? fmt::format("at most {}", *high)
                      : low < *high ? fmt::format("{} to {}", low, *high)
                                    : fmt::format("{}", low);
  return refuse(
      fmt::format("{} has {} {}: must be {}", path, size, text ? "characters" : "elements", valid));
}

Result<JsonObject> check_members(const std::vector<Param>& params, const JsonObject& given,
                                 const std::string& path);

Result<Json> check_elements(const Param& param, const JsonArray& given, const std::string& path);

// Returns the value to publish; for an object, only its declared members.
Result<Json> check_value(const Param& param, const Json& value, const std::string& path) {
  if (among(param.also, value)) return value;
  if (!fits(param.type, value)) {
    const std::string valid = valid_values(param);
    return refuse(fmt::format("{} is {}: must be {}{}{}", path, shown(value),
                              type_words(param.type), valid.empty() ? "" : ", ", valid));
  }
  const bool in_range = !param.range || (value.to_number<double>() >= param.range->low &&
                                         value.to_number<double>() <= param.range->high);
  if (!in_range || (!param.values.empty() && !contains(param.values, value))) {
    return refuse(fmt::format("{} is {}: must be {}", path, shown(value), valid_values(param)));
  }
  if (param.type == FieldType::kString) {
    const Status size = check_size(param, characters(value.get_string()), path);
    if (!size) return std::unexpected(size.error());
  } else if (param.type == FieldType::kArray) {
    return check_elements(param, value.get_array(), path);
  } else if (param.type == FieldType::kObject && !param.fields.empty()) {
    Result<JsonObject> members = check_members(param.fields, value.get_object(), path);
    if (!members) return std::unexpected(std::move(members.error()));
    return Json(std::move(*members));
  }
  return value;
}

Result<Json> check_elements(const Param& param, const JsonArray& given, const std::string& path) {
  const Status size = check_size(param, given.size(), path);
  if (!size) return std::unexpected(size.error());
  if (param.fields.empty()) return Json(given);
  JsonArray kept;
  kept.reserve(given.size());
  for (std::size_t k = 0; k < given.size(); ++k) {
    const std::string at = fmt::format("{}[{}]", path, k);
    // A sentinel is kept: without it the later elements would move up.
    Result<Json> element = among(param.fields.front().unchanged, given[k])
                               ? Result<Json>(given[k])
                               : check_value(param.fields.front(), given[k], at);
    if (!element) return element;
    kept.push_back(std::move(*element));
  }
  return Json(std::move(kept));
}

// The param's value under its declared name, or else under an alias; nullptr if absent.
const Json* given_value(const Param& param, const JsonObject& given) {
  if (const Json* value = given.if_contains(param.name)) return value;
  for (const std::string& alias : param.alias) {
    if (const Json* value = given.if_contains(alias)) return value;
  }
  return nullptr;
}

Result<JsonObject> check_members(const std::vector<Param>& params, const JsonObject& given,
                                 const std::string& path) {
  JsonObject kept;
  for (const Param& param : params) {
    const Json* value = given_value(param, given);
    const std::string at = fmt::format("{}.{}", path, param.name);
    if (value == nullptr) {
      if (param.required) return refuse(fmt::format("{} is missing: it must be there", at));
      continue;
    }
    if (among(param.unchanged, *value)) continue;
    Result<Json> checked = check_value(param, *value, at);
    if (!checked) return std::unexpected(std::move(checked.error()));
    if (!param.ignored) kept.emplace(param.name, std::move(*checked));
  }
  return kept;
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

}  // namespace

Result<CheckedSet> check_set(const Family& family, const JsonObject& message) {
  if (family.read_only)
    return refuse(fmt::format("{} is read-only: it takes no sets", family.product));
  const Json* params = message.if_contains("params");
  if (family.passthrough) {
    const JsonObject* given = params == nullptr ? nullptr : params->if_object();
    return CheckedSet{.command = nullptr, .params = given == nullptr ? JsonObject() : *given};
  }
  if (params == nullptr) return refuse("params is missing: must be an object");
  const JsonObject* given = params->if_object();
  if (given == nullptr)
    return refuse(fmt::format("params is {}: must be an object", shown(*params)));

  const Result<const Command*> command = family.find_command(message);
  if (!command) return std::unexpected(command.error());
  if (*command == nullptr) return CheckedSet{.command = nullptr, .params = *given};
  const Status names = check_names_any(family, **command, *given);
  if (!names) return std::unexpected(names.error());
  Result<JsonObject> kept = check_members((*command)->params, *given, "params");
  if (!kept) return std::unexpected(std::move(kept.error()));
  return CheckedSet{.command = *command, .params = std::move(*kept)};
}

}  // namespace gridloom::catalog
