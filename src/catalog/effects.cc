#include "catalog/effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
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
  for (const Effect& effect : command.effects) {
    if (!effect.at.empty() || effect.bit) continue;
    if (auto value = value_of(effect, params)) {
      double within = effect.within;
      if (value->is_number()) {
        constexpr double kPercent = 100;
        within = std::max(within,
                          effect.within_percent / kPercent * std::abs(value->to_number<double>()));
      }
      effects.push_back({.field = effect.field, .value = std::move(*value), .within = within});
    }
  }
  return effects;
}

bool shows(const Json& value, const Json& asked, double within) {
  if (same_value(value, asked)) return true;
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
