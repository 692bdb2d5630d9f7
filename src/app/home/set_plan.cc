#include "app/home/set_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>

#include "app/home/field_lookup.h"
#include "base/nearest.h"
#include "base/printable.h"
#include "catalog/readable_values.h"
#include "catalog/set_message.h"

namespace gridloom::app {
namespace {

using catalog::Command;
using catalog::Effect;
using catalog::Family;
using catalog::Field;
using catalog::FieldType;
using catalog::NamedValue;
using catalog::number_text;
using catalog::Param;
using catalog::value_text;
using wire::Json;
using wire::JsonObject;

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// The facts of a parameter or field that are needed to read a value.
struct ValueForm {
  std::string_view name;
  FieldType type{};
  std::string_view unit;
  double scale = 1;
  const std::vector<NamedValue>& values;
};

template <typename T>
ValueForm form_of(const T& each) {
  return {.name = each.name,
          .type = each.type,
          .unit = each.unit,
          .scale = each.scale,
          .values = each.values};
}

std::optional<Json> named_value(const std::vector<NamedValue>& values, std::string_view text) {
  for (const NamedValue& each : values) {
    if (!each.name.empty() && same_word(each.name, text)) return each.value;
  }
  return std::nullopt;
}

// The number in its unit; "0.6 kW" is 600 W.
std::optional<double> number_in(std::string_view text, std::string_view unit) {
  constexpr double kKilo = 1000;
  double times = 1;
  if (!unit.empty() && text.ends_with(unit)) {
    text.remove_suffix(unit.size());
    const bool may_be_kilo = unit == "W" || unit == "Wh" || unit == "VA";
    if (may_be_kilo && text.ends_with('k')) {
      text.remove_suffix(1);
      times = kKilo;
    }
  }
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return std::isfinite(number) ? std::optional(number * times) : std::nullopt;
}

Json on_wire(double number, double scale) {
  constexpr double kDigits = 1e9;
  constexpr double kMostWhole = 1e15;
  const double value = std::round(number / scale * kDigits) / kDigits;
  if (value == std::trunc(value) && std::abs(value) < kMostWhole) return std::llround(value);
  return value;
}

std::string valid_values(const ValueForm& form) {
  if (!form.values.empty()) {
    std::vector<std::string> texts;
    texts.reserve(form.values.size());
    for (const NamedValue& each : form.values) texts.push_back(text_of(each));
    return fmt::format("{}", fmt::join(texts, ", "));
  }
  return form.unit.empty() ? std::string(name_of(form.type))
                           : fmt::format("a number of {}", form.unit);
}

Result<Json> read_value(const ValueForm& form, std::string_view text) {
  if (auto named = named_value(form.values, text)) return std::move(*named);
  const auto wrong = [&] {
    return fail(ErrorCode::kBadParams, fmt::format("{} is \"{}\": must be {}", form.name,
                                                   printable(text), valid_values(form)));
  };
  switch (form.type) {
    case FieldType::kInt:
    case FieldType::kFloat:
      if (const auto number = number_in(text, form.unit)) return on_wire(*number, form.scale);
      return wrong();
    case FieldType::kBool:
      if (same_word(text, "true") || same_word(text, "on") || text == "1") return Json(true);
      if (same_word(text, "false") || same_word(text, "off") || text == "0") return Json(false);
      return wrong();
    case FieldType::kString:
      return Json(text);
    case FieldType::kArray:
    case FieldType::kObject:
    case FieldType::kAny:
      break;
  }
  if (auto json = wire::parse_json(text)) return std::move(*json);
  return form.type == FieldType::kAny ? Result<Json>(Json(text)) : wrong();
}

// --- COMMAND KEY=VALUE... ---

std::vector<std::string> names_of(const std::vector<Param>& params) {
  std::vector<std::string> names;
  for (const Param& param : params) {
    if (!param.ignored) names.push_back(param.name);
  }
  return names;
}

Result<const Param*> find_param(const Command& command, const std::vector<Param>& params,
                                std::string_view name) {
  for (const Param& param : params) {
    if (same_word(param.name, name) ||
        std::ranges::any_of(param.alias, [&](const auto& each) { return same_word(each, name); })) {
      return &param;
    }
  }
  const auto names = names_of(params);
  return fail(ErrorCode::kNotFound,
              fmt::format("the command {} has no parameter {}{}; it has {}", command.name,
                          printable(name), did_you_mean(name, {names.begin(), names.end()}),
                          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

// Reads "info.chName=Kiln" into `params`; of a command with one parameter, "60" as well.
Status put_param(const Command& command, std::string_view word, JsonObject& params) {
  const std::size_t mark = word.find('=');
  const std::vector<std::string> names = names_of(command.params);
  if (mark == std::string_view::npos && names.size() == 1 && params.empty()) {
    return put_param(command, fmt::format("{}={}", names.front(), word), params);
  }
  if (mark == std::string_view::npos || mark == 0) {
    return fail(ErrorCode::kBadParams,
                fmt::format("\"{}\" is not KEY=VALUE; the keys of {} are {}", printable(word),
                            command.name, fmt::join(names, ", ")));
  }
  std::string_view path = word.substr(0, mark);
  const std::vector<Param>* level = &command.params;
  JsonObject* into = &params;
  for (;;) {
    const std::size_t dot = path.find('.');
    GL_TRY(const auto param, find_param(command, *level, path.substr(0, dot)));
    if (dot == std::string_view::npos) {
      GL_TRY(auto value, param_value(*param, word.substr(mark + 1)));
      if (into->contains(param->name)) {
        return fail(ErrorCode::kBadParams, fmt::format("{} is given twice", param->name));
      }
      (*into)[param->name] = std::move(value);
      return {};
    }
    Json& inner = (*into)[param->name];
    if (!inner.is_object()) inner = JsonObject();
    into = &inner.get_object();
    level = &param->fields;
    path.remove_prefix(dot + 1);
  }
}

Result<SetPlan> planned(const Family& family, const Command& command, JsonObject given) {
  SetPlan plan{
      .command = &command, .given = given, .message = catalog::set_message(command, given)};
  GL_TRY(catalog::check_set(family, plan.message));
  return plan;
}

// The serial number of the first module of a group; empty: none is known.
std::string module_in(const SetTarget& target, std::string_view group) {
  const Json* modules = target.quotas.if_contains(group);
  const bool is_known =
      modules != nullptr && modules->is_object() && !modules->get_object().empty();
  return is_known ? std::string(modules->get_object().begin()->key()) : std::string();
}

Result<SetPlan> plan_command(const Family& family, const Command& command,
                             std::span<const std::string> words) {
  JsonObject given;
  for (const std::string& word : words) {
    GL_TRY(put_param(command, word, given));
  }
  const auto names = names_of(command.params);
  if (given.empty() && !names.empty()) {
    return fail(ErrorCode::kBadParams, fmt::format("{} needs a parameter: {}=VALUE", command.name,
                                                   fmt::join(names, "=VALUE or ")));
  }
  return planned(family, command, std::move(given));
}

// --- FIELD VALUE ---

Result<Json> as_type(const Param& param, const std::string& text) {
  if (param.type == FieldType::kString) return Json(text);
  return wire::parse_json(text);
}

// The value of the effect's parameter that gives the field the value.
std::optional<Json> inverse(const Effect& effect, const Param& param, const Json& value) {
  for (const auto& [from, to] : effect.map) {
    if (!catalog::same_value(to, value)) continue;
    if (auto found = as_type(param, from)) return std::move(*found);
  }
  if (effect.as_bool && value.is_bool()) return Json(value.get_bool() ? 1 : 0);
  if (!value.is_number()) return value;
  if (effect.times == 1 && effect.to.plus == 0) return value;
  const double number = value.to_number<double>() / effect.times;
  return on_wire(number - static_cast<double>(effect.to.plus), 1);
}

// Whether the effect gives the field as a whole: not a bit of it, or a member.
bool sets_all_of(const Effect& effect, const Field& field) {
  return effect.field == field.name && effect.at.empty() && !effect.bit;
}

// The field's values that a parameter's value stands for: "powerOff" opens switches by enable=1.
bool is_switch(const Effect& effect, const Field& field) {
  return sets_all_of(effect, field) && effect.to.param.empty() && !effect.when.empty();
}

std::optional<Result<SetPlan>> plan_switch(const Family& family, const Command& command,
                                           const Field& field, std::string_view text) {
  const auto value = field_value(field, text);
  if (!value) return std::nullopt;
  for (const Effect& effect : command.effects) {
    if (!is_switch(effect, field) || !catalog::same_value(effect.to.literal, *value)) continue;
    JsonObject given;
    for (const auto& [name, needed] : effect.when) given[name] = needed;
    return planned(family, command, std::move(given));
  }
  return std::nullopt;
}

// The command's plan, if an effect of it copies a parameter to the field. A text that is no value
// of the field may be one of the parameter ("60 Hz" where the field has only 2).
std::optional<Result<SetPlan>> plan_effect(const Family& family, const Command& command,
                                           const Field& field, std::string_view text) {
  for (const Effect& effect : command.effects) {
    if (!sets_all_of(effect, field) || effect.to.param.empty()) continue;
    const auto param = std::ranges::find(command.params, effect.to.param, &Param::name);
    if (param == command.params.end()) continue;
    const auto value = field_value(field, text);
    std::optional<Json> given;
    if (value) given = inverse(effect, *param, *value);
    if (!given) {
      auto direct = param_value(*param, text);
      if (!direct) return std::unexpected(value ? direct.error() : value.error());
      given = std::move(*direct);
    }
    return planned(family, command, {{param->name, std::move(*given)}});
  }
  return std::nullopt;
}

std::string ways_to_set(const Family& family, const Field& field) {
  std::vector<std::string> ways;
  for (const std::string& name : field.written_by) {
    const Command* command = find_command(family, name);
    if (command == nullptr) continue;
    std::string way =
        fmt::format("{} {}=VALUE", name, fmt::join(names_of(command->params), "=VALUE "));
    for (const Effect& effect : command->effects) {
      if (!is_switch(effect, field)) continue;
      way += fmt::format(" (sets {})", value_text(&field, effect.to.literal));
    }
    ways.push_back(std::move(way));
  }
  return fmt::format("{}", fmt::join(ways, "; or "));
}

Result<SetPlan> plan_field(const Family& family, const Field& field, std::string_view text) {
  if (field.written_by.empty()) {
    return fail(ErrorCode::kNotFound, fmt::format("no command of {} sets {}: it can only be read",
                                                  family.product, field.name));
  }
  std::vector<Result<SetPlan>> plans;
  for (const std::string& name : field.written_by) {
    const Command* command = find_command(family, name);
    if (command == nullptr) continue;
    auto plan = plan_effect(family, *command, field, text);
    if (!plan) plan = plan_switch(family, *command, field, text);
    if (plan) plans.push_back(std::move(*plan));
  }
  if (plans.empty() ||
      std::ranges::count_if(plans, [](const auto& each) { return each.has_value(); }) > 1) {
    return fail(ErrorCode::kNotFound, fmt::format("name the command that is to set {}: {}",
                                                  field.name, ways_to_set(family, field)));
  }
  const auto good = std::ranges::find_if(plans, [](const auto& each) { return each.has_value(); });
  return good == plans.end() ? std::move(plans.front()) : std::move(*good);
}

}  // namespace

const Command* find_command(const Family& family, std::string_view word) {
  for (const Command& command : family.commands) {
    if (same_word(command.name, word)) return &command;
  }
  // The word in the message that selects it, as the vendor's documents name it.
  const Command* found = nullptr;
  for (const Command& command : family.commands) {
    const bool is_selected = std::ranges::any_of(command.select, [&](const auto& row) {
      return row.second.is_string() && same_word(row.second.get_string(), word);
    });
    if (!is_selected) continue;
    if (found != nullptr) return nullptr;
    found = &command;
  }
  return found;
}

Error unknown_word(const Family& family, std::string_view word) {
  std::vector<std::string> names = field_names(family);
  for (const Command& command : family.commands) names.push_back(command.name);
  std::string offer = did_you_mean(word, {names.begin(), names.end()});
  // Behind a question, another sentence.
  return {.code = ErrorCode::kNotFound,
          .detail = fmt::format("{} has no command or field \"{}\"{}{} `gridloom family show {}` "
                                "lists them",
                                family.product.empty() ? family.id : family.product,
                                printable(word), offer, offer.empty() ? ";" : "", family.id)};
}

Result<Json> param_value(const Param& param, std::string_view text) {
  return read_value(form_of(param), text);
}

Result<Json> field_value(const Field& field, std::string_view text) {
  return read_value(form_of(field), text);
}

Result<SetPlan> plan_set(const Family& family, std::span<const std::string> words) {
  if (words.empty()) return fail(ErrorCode::kBadParams, "a set needs a command or a field");
  if (family.read_only) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} is read-only: it takes no sets", family.product));
  }
  if (family.commands.empty()) {
    return fail(ErrorCode::kBadParams,
                fmt::format("no commands of {} are known: set it over HTTP "
                            "or MQTT, where any message is passed on",
                            family.product.empty() ? "this device" : family.product));
  }
  const std::string& first = words.front();
  if (const Command* command = find_command(family, first)) {
    return plan_command(family, *command, words.subspan(1));
  }
  const std::size_t mark = words.size() == 1 ? first.find('=') : std::string::npos;
  const bool has_value = mark != std::string::npos || words.size() == 2;
  const std::string name = first.substr(0, mark);
  if (const Command* command = find_command(family, name)) {
    return fail(
        ErrorCode::kBadParams,
        fmt::format("{} is a command: its parameters follow as words of their own, {}=VALUE",
                    command->name, fmt::join(names_of(command->params), "=VALUE or ")));
  }
  const auto field = find_field(family, name);
  if (!field) {
    if (field.error().code == ErrorCode::kNotFound) {
      return std::unexpected(unknown_word(family, name));
    }
    return std::unexpected(field.error());
  }
  if (!has_value) {
    return fail(ErrorCode::kBadParams,
                words.size() == 1
                    ? fmt::format("{} is a field: its value is missing", (*field)->name)
                    : fmt::format("{} is a field, which takes one value and not {}; a value with "
                                  "a space stands in quotes",
                                  (*field)->name, words.size() - 1));
  }
  return plan_field(family, **field,
                    mark == std::string::npos ? std::string_view(words.back())
                                              : std::string_view(first).substr(mark + 1));
}

JsonObject addressed(const Family& family, const SetPlan& plan, const SetTarget& target) {
  return catalog::addressed(
      family, *plan.command, plan.message,
      {.sn = target.sn, .message_id = target.message_id, .module_in = [&](std::string_view group) {
         return module_in(target, group);
       }});
}

std::string command_text(const SetPlan& plan) {
  std::string text = plan.command->name;
  for (const auto& [name, value] : plan.given) {
    const auto param =
        std::ranges::find(plan.command->params, std::string_view(name), &Param::name);
    const bool is_scaled = param != plan.command->params.end() && value.is_number();
    text += fmt::format(" {}={}", std::string_view(name),
                        is_scaled ? number_text(value.to_number<double>() * param->scale)
                                  : wire::plain_text(value));
  }
  return text;
}

}  // namespace gridloom::app
