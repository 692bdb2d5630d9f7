#include "sim/effects.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace gridloom::sim {
namespace {

using catalog::Effect;
using catalog::Expr;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

const Json* find_param(const JsonObject& params, std::string_view path) {
  const std::size_t dot = path.find('.');
  const Json* at = params.if_contains(path.substr(0, dot));
  while (at != nullptr && path.contains('.')) {
    path = path.substr(path.find('.') + 1);
    at = wire::member(*at, path.substr(0, path.find('.')));
  }
  return at;
}

std::optional<Json> evaluate(const Expr& expr, const JsonObject& params) {
  if (expr.param.empty()) return expr.literal;
  const Json* value = find_param(params, expr.param);
  if (value == nullptr) return std::nullopt;
  if (expr.plus == 0 || !wire::is_whole(*value)) return *value;
  return Json(wire::whole(*value) + expr.plus);
}

std::string text_of(const Json& value) {
  return value.is_string() ? std::string(value.get_string()) : wire::to_text(value);
}

std::optional<Json> effect_value(const Effect& effect, const JsonObject& params) {
  std::optional<Json> value = evaluate(effect.to, params);
  if (!value) return std::nullopt;
  if (const auto mapped = effect.map.find(text_of(*value)); mapped != effect.map.end()) {
    return mapped->second;
  }
  if (effect.times != 1 && value->is_number()) {
    const double product = value->to_number<double>() * effect.times;
    return product == std::trunc(product) ? Json(std::llround(product)) : Json(product);
  }
  if (effect.as_bool && value->is_number()) return Json(value->to_number<double>() != 0);
  return value;
}

bool holds(const Effect& effect, const JsonObject& params) {
  return std::ranges::all_of(effect.when, [&](const auto& condition) {
    const Json* value = find_param(params, condition.first);
    return value != nullptr && text_of(*value) == text_of(condition.second);
  });
}

// Sets the value at a path of members and elements in `root`; false if the path does not exist.
bool put_at(Json& root, const std::vector<Json>& path, Json value) {
  Json* at = &root;
  for (const Json& step : path) {
    if (step.is_string() && at->is_object()) {
      at = &at->get_object()[step.get_string()];
    } else if (wire::is_whole(step) && at->is_array()) {
      const std::int64_t index = wire::whole(step);
      if (index < 0 || std::cmp_greater_equal(index, at->get_array().size())) return false;
      at = &at->get_array()[static_cast<std::size_t>(index)];
    } else {
      return false;
    }
  }
  *at = std::move(value);
  return true;
}

void apply_to(const std::string& name, const Effect& effect, const JsonObject& params, Json value,
              Fields& fields) {
  if (effect.bit) {
    const auto mask = std::uint64_t{1} << static_cast<unsigned>(*effect.bit);
    const auto bits = static_cast<std::uint64_t>(fields.number(name));
    const bool on = value.is_bool() ? value.get_bool() : value.to_number<double>() != 0;
    return fields.set(name, static_cast<std::int64_t>(on ? bits | mask : bits & ~mask));
  }
  if (effect.at.empty()) return fields.set(name, value);
  std::vector<Json> path;
  for (const Expr& step : effect.at) {
    std::optional<Json> evaluated = evaluate(step, params);
    if (!evaluated) return;
    path.push_back(std::move(*evaluated));
  }
  Json whole = fields.get(name);
  if (put_at(whole, path, std::move(value))) fields.set(name, whole);
}

}  // namespace

void apply_effects(const catalog::Command& command, const JsonObject& params, Fields& fields) {
  for (const Effect& effect : command.effects) {
    if (!holds(effect, params)) continue;
    const std::optional<Json> value = effect_value(effect, params);
    if (!value) continue;
    const std::size_t star = effect.field.find('*');
    if (star == std::string::npos) {
      apply_to(effect.field, effect, params, *value, fields);
      continue;
    }
    for (const std::string& module :
         fields.modules(effect.field.substr(0, effect.field.find('.')))) {
      std::string name = effect.field;
      name.replace(star, 1, module);
      apply_to(name, effect, params, *value, fields);
    }
  }
}

std::vector<FieldEffect> effects_of(const catalog::Command& command, const JsonObject& params) {
  std::vector<FieldEffect> effects;
  for (const Effect& effect : command.effects) {
    if (!effect.at.empty() || effect.bit || !holds(effect, params)) continue;
    if (auto value = effect_value(effect, params)) {
      effects.push_back({.field = effect.field, .value = std::move(*value)});
    }
  }
  return effects;
}

JsonObject fill(const JsonObject& shape, const Lookup& lookup) {
  JsonObject filled;
  for (const auto& [key, value] : shape) {
    if (value.is_object()) {
      filled[key] = fill(value.get_object(), lookup);
    } else if (value.is_string() && value.get_string().starts_with('$')) {
      const std::string_view name = value.get_string();
      if (std::optional<Json> known = lookup(name.substr(1))) filled[key] = std::move(*known);
    } else {
      filled[key] = value;
    }
  }
  return filled;
}

}  // namespace gridloom::sim
