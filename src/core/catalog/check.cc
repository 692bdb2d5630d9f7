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
  GL_TRY(check_size(param, given.size(), path));
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

// Whether the value names something to set: an object does so by a member that is known.
bool names_something(const Param& param, const Json& value) {
  const JsonObject* const members = value.if_object();
  if (param.type != FieldType::kObject || param.fields.empty() || members == nullptr) return true;
  return std::ranges::any_of(param.fields, [&](const Param& member) {
    const Json* const given = given_value(member, *members);
    return given != nullptr && names_something(member, *given);
  });
}

struct UnknownMember {
  std::string path;
  const std::vector<Param>* known = nullptr;  // the params that there are in its place
};

// The first member, at any depth, that is none of the params. `select`: paths that are none either.
std::optional<UnknownMember> unknown_member(const std::vector<std::string>& select,
                                            const std::vector<Param>& params,
                                            const JsonObject& given, const std::string& path) {
  for (const auto& member : given) {
    const std::string_view name = member.key();
    std::string at = fmt::format("{}.{}", path, name);
    if (std::ranges::find(select, at) != select.end()) continue;
    const auto found = std::ranges::find_if(params, [&](const Param& param) {
      return param.name == name || std::ranges::find(param.alias, name) != param.alias.end();
    });
    if (found == params.end()) return UnknownMember{.path = std::move(at), .known = &params};
    const JsonObject* const members = member.value().if_object();
    if (found->fields.empty() || members == nullptr) continue;
    if (auto inside = unknown_member(select, found->fields, *members, at)) return inside;
  }
  return std::nullopt;
}

std::string names_of(const std::vector<Param>& params) {
  std::vector<std::string> names;
  names.reserve(params.size());
  for (const Param& each : params) names.push_back(each.name);
  return join(names, "and");
}

// The form that the param beside it asks for, whatever spelling and number says so ("1.0");
// nullptr: any.
const Param* form_of(const Param& param, const std::vector<Param>& beside,
                     const JsonObject& given) {
  if (param.forms.empty()) return nullptr;
  const auto chooser = std::ranges::find(beside, param.form_of, &Param::name);
  const Json* const chosen = chooser == beside.end() ? nullptr : given_value(*chooser, given);
  if (chosen == nullptr) return nullptr;
  for (const NamedValue& one : chooser->values) {
    if (!same_value(one.value, *chosen)) continue;
    const auto found = std::ranges::find(param.forms, wire::to_text(one.value), &Param::name);
    return found == param.forms.end() ? nullptr : &*found;
  }
  return nullptr;
}

// Refuses an object of a form that has members of other names, or none.
Status check_names(const Param& form, const Json& value, const std::string& path) {
  const JsonObject* const members = value.if_object();
  if (members == nullptr || form.type != FieldType::kObject || form.fields.empty()) return {};
  if (const auto unknown = unknown_member({}, form.fields, *members, path)) {
    return refuse(fmt::format("{} is not known: {} takes {}", wire::shortened(unknown->path), path,
                              names_of(*unknown->known)));
  }
  if (names_something(form, value)) return {};
  return refuse(fmt::format("{} is {}: it takes {}", path, shown(value), names_of(form.fields)));
}

Status check_members(const std::vector<Param>& params, const JsonObject& given,
                     const std::string& path, JsonObject* kept) {
  for (const Param& param : params) {
    const Json* value = given_value(param, given);
    const std::string at = fmt::format("{}.{}", path, param.name);
    const Param* const form = form_of(param, params, given);
    if (value == nullptr) {
      if (param.required) return refuse(fmt::format("{} is missing: it must be there", at));
      if (form == nullptr) continue;
      return refuse(fmt::format("{} is missing: it must be there where {} is {}", at, param.form_of,
                                form->name));
    }
    if (among(param.unchanged, *value)) continue;
    const bool is_kept = kept != nullptr && !param.ignored;
    Json* const to = is_kept ? &(*kept)[param.name] : nullptr;
    Status good = form == nullptr ? Status() : check_names(*form, *value, at);
    if (good) good = check_value(form == nullptr ? param : *form, *value, at, to);
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

// The params of which a set must name one. A param that must be there, and that no field gets, says
// what the others are set of, if there are any.
std::vector<const Param*> params_to_set(const Command& command) {
  std::vector<const Param*> wanted;
  std::vector<const Param*> all;
  for (const Param& param : command.params) {
    const bool is_value = std::ranges::any_of(
        command.effects, [&](const Effect& effect) { return effect.to.param == param.name; });
    if (is_value || !param.required) wanted.push_back(&param);
    all.push_back(&param);
  }
  const bool is_any_obeyed =
      std::ranges::any_of(wanted, [](const Param* param) { return !param->ignored; });
  return is_any_obeyed ? wanted : all;
}

// Refuses a set that names nothing to set: it would change nothing and is most likely a typing
// error.
Status check_names_any(const Family& family, const Command& command, const JsonObject& given) {
  if (command.params.empty()) return {};
  const std::vector<const Param*> wanted = params_to_set(command);
  for (const Param* param : wanted) {
    const Json* const value = given_value(*param, given);
    if (value != nullptr && names_something(*param, *value)) return {};
  }
  if (const auto unknown = unknown_member(family.select, command.params, given, "params")) {
    return refuse(fmt::format("{} is not known: {} takes {}", wire::shortened(unknown->path),
                              command.name, names_of(*unknown->known)));
  }
  std::vector<std::string> names;
  names.reserve(wanted.size());
  for (const Param* param : wanted) names.push_back(param->name);
  return refuse(
      fmt::format("params names nothing to set: {} takes {}", command.name, join(names, "and")));
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
  if (Status good = check_members((*command)->params, *given, "params", kept); !good) {
    good.error().code = (*command)->refused_with;
    return std::unexpected(std::move(good.error()));
  }
  GL_TRY(check_names_any(family, **command, *given));
  return command;
}

}  // namespace

Status validate_set(const Family& family, const JsonObject& message) {
  const auto command = check(family, message, nullptr);
  return command ? Status() : std::unexpected(command.error());
}

Result<CheckedSet> check_set(const Family& family, const JsonObject& message) {
  CheckedSet checked;
  GL_TRY(const auto command, check(family, message, &checked.params));
  checked.command = command;
  return checked;
}

}  // namespace gridloom::catalog
