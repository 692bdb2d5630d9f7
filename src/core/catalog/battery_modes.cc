#include "catalog/battery_modes.h"

#include <algorithm>
#include <cmath>

#include "catalog/family.h"

namespace gridloom::catalog {
namespace {

// Members with references are filled in by others.
void add_plain(JsonObject& message, const JsonObject& members) {
  for (const auto& member : members) {
    const Json& value = member.value();
    if (value.is_string() && value.get_string().starts_with('$')) continue;
    message[member.key()] = value;
  }
}

void set_at(JsonObject& message, std::string_view path, const Json& value) {
  JsonObject* object = &message;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    Json& inner = (*object)[path.substr(0, dot)];
    if (!inner.is_object()) inner = JsonObject();
    object = &inner.get_object();
    path.remove_prefix(dot + 1);
  }
  (*object)[path] = value;
}

}  // namespace

std::string_view name_of(BatteryMode mode) {
  switch (mode) {
    case BatteryMode::kNormal:
      return "normal";
    case BatteryMode::kHold:
      return "hold";
    case BatteryMode::kCharge:
      return "charge";
    case BatteryMode::kHoldCharge:
      break;
  }
  return "holdcharge";
}

std::optional<std::string> field_of_param(const Command& command, std::string_view param) {
  for (const Effect& effect : command.effects) {
    const bool is_whole = effect.at.empty() && effect.map.empty() && effect.when.empty() &&
                          !effect.bit && !effect.as_bool && effect.times == 1;
    if (is_whole && effect.to.param == param && effect.to.plus == 0) return effect.field;
  }
  return std::nullopt;
}

const Command* command_named(const Family& family, std::string_view name) {
  const auto found = std::ranges::find(family.commands, name, &Command::name);
  return found == family.commands.end() ? nullptr : &*found;
}

JsonObject params_of(const Command& command, const JsonObject& params, double charge_percent) {
  JsonObject made;
  for (const auto& each : params) {
    made[each.key()] = each.value();
    const bool is_charge =
        each.value().is_string() && each.value().get_string() == kChargeReference;
    if (!is_charge) continue;
    double value = std::round(charge_percent);
    const auto param =
        std::ranges::find(command.params, std::string_view(each.key()), &Param::name);
    if (param != command.params.end() && param->range) {
      value = std::clamp(value, param->range->low, param->range->high);
    }
    made[each.key()] = static_cast<std::int64_t>(value);
  }
  return made;
}

JsonObject set_message(const Family& family, const Command& command, JsonObject params) {
  JsonObject message;
  add_plain(message, family.messages.set);
  add_plain(message, command.set);
  message["params"] = std::move(params);
  for (const auto& [path, value] : command.select) set_at(message, path, value);
  return message;
}

}  // namespace gridloom::catalog
