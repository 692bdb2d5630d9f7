#include "sim/effects.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "catalog/effects.h"

namespace gridloom::sim {
namespace {

using catalog::Effect;
using catalog::Expr;
using catalog::value_of;
using wire::Json;
using wire::JsonObject;

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
    std::optional<Json> evaluated = value_of(step, params);
    if (!evaluated) return;
    path.push_back(std::move(*evaluated));
  }
  Json whole = fields.get(name);
  if (put_at(whole, path, std::move(value))) fields.set(name, whole);
}

}  // namespace

void apply_effects(const catalog::Command& command, const JsonObject& params, Fields& fields) {
  for (const Effect& effect : command.effects) {
    const std::optional<Json> value = value_of(effect, params);
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
