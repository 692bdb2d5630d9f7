#include "catalog/effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

namespace gridloom::catalog {
namespace {

const Json* find_param(const JsonObject& params, std::string_view path) {
  const std::size_t dot = path.find('.');
  const Json* at = params.if_contains(path.substr(0, dot));
  while (at != nullptr && path.contains('.')) {
    path = path.substr(path.find('.') + 1);
    at = wire::member(*at, path.substr(0, path.find('.')));
  }
  return at;
}

bool holds(const Effect& effect, const JsonObject& params) {
  return std::ranges::all_of(effect.when, [&](const auto& condition) {
    const Json* value = find_param(params, condition.first);
    return value != nullptr && wire::plain_text(*value) == wire::plain_text(condition.second);
  });
}

bool is_reference(const Json& value) {
  return value.is_string() && value.get_string().starts_with('$');
}

bool is_on(const Json& value) {
  return value.is_bool() ? value.get_bool() : value.is_number() && value.to_number<double>() != 0;
}

std::optional<std::size_t> number_in(std::string_view digits) {
  std::size_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [read_to, error] = std::from_chars(digits.data(), end, number);
  return error == std::errc{} && read_to == end ? std::optional(number) : std::nullopt;
}

// Where the effect is inside of its field. Nothing: a parameter that says so is absent.
std::optional<std::string> path_of(const Effect& effect, const JsonObject& params) {
  if (effect.bit) return fmt::format(" bit {}", *effect.bit);
  std::string path;
  for (const Expr& step : effect.at) {
    const auto value = value_of(step, params);
    if (!value) return std::nullopt;
    const std::string text = wire::plain_text(*value);
    path += value->is_string() ? '.' + text : fmt::format("[{}]", text);
  }
  return path;
}

// Whether the reply has what the device was asked for, and no state of the set.
bool is_content(const Command& command) {
  return std::ranges::any_of(command.reply, [](const auto& each) {
    return each.value().is_string() && !is_reference(each.value());
  });
}

}  // namespace

std::optional<Json> value_of(const Expr& expr, const JsonObject& params) {
  if (expr.param.empty()) return expr.literal;
  const Json* value = find_param(params, expr.param);
  if (value == nullptr) return std::nullopt;
  if (expr.plus == 0 || !wire::is_whole(*value)) return *value;
  return Json(wire::whole(*value) + expr.plus);
}

std::optional<Json> value_of(const Effect& effect, const JsonObject& params) {
  if (!holds(effect, params)) return std::nullopt;
  std::optional<Json> value = value_of(effect.to, params);
  if (!value) return std::nullopt;
  const auto mapped = effect.map.find(wire::plain_text(*value));
  if (mapped != effect.map.end()) return mapped->second;
  if (effect.times != 1 && value->is_number()) {
    const double product = value->to_number<double>() * effect.times;
    return product == std::trunc(product) ? Json(std::llround(product)) : Json(product);
  }
  if (effect.as_bool && value->is_number()) return Json(value->to_number<double>() != 0);
  return value;
}

std::vector<FieldEffect> effects_of(const Command& command, const JsonObject& params) {
  std::vector<FieldEffect> effects;
  const auto add = [&effects](FieldEffect made) {
    std::erase_if(effects, [&](const FieldEffect& each) {
      return each.field == made.field && each.path == made.path;
    });
    effects.push_back(std::move(made));
  };
  for (const Effect& effect : command.effects) {
    auto value = value_of(effect, params);
    auto path = path_of(effect, params);
    if (!value || !path) continue;
    double within = effect.within;
    if (value->is_number()) {
      constexpr double kPercent = 100;
      within =
          std::max(within, effect.within_percent / kPercent * std::abs(value->to_number<double>()));
    }
    if (effect.bit) value = Json(is_on(*value) ? 1 : 0);
    add({.field = effect.field,
         .path = std::move(*path),
         .value = std::move(value),
         .within = within});
  }
  for (const std::string& field : command.shown_by) add({.field = field});
  return effects;
}

std::optional<Json> value_inside(const Json& value, std::string_view path) {
  constexpr std::string_view kBit = " bit ";
  const Json* at = &value;
  while (at != nullptr && !path.empty() && !path.starts_with(kBit)) {
    const std::string_view step = path.substr(0, path.find_first_of(".[ ", 1));
    path.remove_prefix(step.size());
    if (step.starts_with('.')) {
      at = wire::member(*at, step.substr(1));
      continue;
    }
    const auto index = number_in(step.substr(1, step.size() - 2));
    const JsonArray* elements = at->if_array();
    const bool is_there = elements != nullptr && index && *index < elements->size();
    at = is_there ? &(*elements)[*index] : nullptr;
  }
  if (at == nullptr || path.empty()) return at == nullptr ? std::nullopt : std::optional(*at);
  const auto bit = number_in(path.substr(kBit.size()));
  if (!bit || !wire::is_whole(*at)) return std::nullopt;
  return Json(static_cast<std::uint64_t>(wire::whole(*at)) >> *bit & 1U);
}

bool shows(const Json& value, const Json& asked, double within) {
  if (same_value(value, asked)) return true;
  if (const JsonObject* members = asked.if_object()) {
    return std::ranges::all_of(*members, [&](const auto& member) {
      const Json* is = wire::member(value, member.key());
      return is != nullptr && shows(*is, member.value(), 0);
    });
  }
  if (const JsonArray* elements = asked.if_array()) {
    const auto one_shows = [](const Json& is, const Json& one) { return shows(is, one, 0); };
    return value.is_array() && std::ranges::equal(value.get_array(), *elements, one_shows);
  }
  if (within <= 0 || !value.is_number() || !asked.is_number()) return false;
  return std::abs(value.to_number<double>() - asked.to_number<double>()) <= within;
}

std::optional<std::string> refusal_in(const Family& family, const Command& command,
                                      const Json& reply) {
  const Json* result = wire::member(reply, family.messages.result);
  if (result == nullptr || !result->is_object() || is_content(command)) return std::nullopt;
  for (const auto& [name, usual] : command.reply) {
    // A member that is named as a parameter repeats it.
    const bool is_repeated = std::ranges::find(command.params, std::string_view(name),
                                               &Param::name) != command.params.end();
    if (is_repeated || is_reference(usual)) continue;
    const Json* said = result->get_object().if_contains(name);
    if (said == nullptr || same_value(*said, usual)) continue;
    const std::string_view why = wire::text_in(*result, "message");
    return why.empty() ? fmt::format("{} is {}", std::string_view(name), wire::to_text(*said))
                       : std::string(why);
  }
  return std::nullopt;
}

}  // namespace gridloom::catalog
