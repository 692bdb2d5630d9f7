#include "bridges/home_assistant/controls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>

#include "base/nearest.h"
#include "base/printable.h"
#include "bridges/home_assistant/entities.h"
#include "bridges/home_assistant/entity.h"
#include "catalog/effects.h"

namespace gridloom::bridges::home_assistant {
namespace {

using catalog::Command;
using catalog::CommandGroup;
using catalog::Effect;
using catalog::Family;
using catalog::FieldType;
using catalog::Param;
using wire::Json;
using wire::JsonObject;

constexpr double kLeastStep = 0.001;  // that Home Assistant takes

bool is_whole_field(const Family& family, const Effect& effect) {
  const catalog::Field* field = family.field(effect.field);
  return effect.at.empty() && field != nullptr && field->type != FieldType::kArray &&
         field->type != FieldType::kObject;
}

// Whether the effect depends on no other parameter.
bool is_of(const Effect& effect, std::string_view param) {
  return effect.to.param == param && std::ranges::all_of(effect.when, [&](const auto& condition) {
           return condition.first == param;
         });
}

std::size_t settable(const Command& command) {
  return static_cast<std::size_t>(
      std::ranges::count_if(command.params, [](const Param& each) { return !each.ignored; }));
}

// Whether the parameter can be sent without the others.
bool stands_alone(const Command& command, const Param& param) {
  return std::ranges::none_of(
      command.params, [&](const Param& each) { return each.required && each.name != param.name; });
}

// People set it day by day, so it is no part of the device's configuration.
bool is_daily(const Command& command) {
  constexpr std::array kDaily = {CommandGroup::kPower,    CommandGroup::kOutputs,
                                 CommandGroup::kCharging, CommandGroup::kBattery,
                                 CommandGroup::kClimate,  CommandGroup::kGrid};
  return std::ranges::find(kDaily, command.group) != kDaily.end();
}

const std::string& text_of(const std::string& title, const std::string& description) {
  return title.empty() ? description : title;
}

// The name of a value, with the unit behind a number that has none.
std::string choice_name(const Param& param, const catalog::NamedValue& value) {
  if (!value.name.empty()) return value.name;
  const std::string text = wire::plain_text(value.value);
  return param.unit.empty() ? text : fmt::format("{} {}", text, unit_row(param.unit).name);
}

class Builder {
 public:
  Builder(const Family& english, const Family& shown, const FindQuota& find_quota)
      : english_(english), shown_(shown), find_quota_(find_quota) {}

  std::vector<Entity> take() {
    for (std::size_t k = 0; k < english_.commands.size(); ++k) {
      add(english_.commands[k], shown_.commands[k]);
    }
    return std::move(entities_);
  }

 private:
  void add(const Command& command, const Command& shown) {
    if (settable(command) == 0) {
      Entity button = begin(command, shown, nullptr, nullptr);
      button.platform = Platform::kButton;
      button.form = Form::kNone;
      entities_.push_back(std::move(button));
      return;
    }
    for (std::size_t k = 0; k < command.params.size(); ++k) {
      const Param& param = command.params[k];
      if (param.ignored || !stands_alone(command, param)) continue;
      Entity entity = begin(command, shown, &param, &shown.params[k]);
      const bool has_control = param.exactly_one
                                   ? add_members(entity, command, param, shown.params[k])
                                   : add_value(entity, command, param, shown.params[k]);
      if (has_control) entities_.push_back(std::move(entity));
    }
  }

  static Entity begin(const Command& command, const Command& shown, const Param* param,
                      const Param* shown_param) {
    const bool is_only = settable(command) <= 1;
    Entity entity;
    entity.key = key_of(param == nullptr ? fmt::format("do_{}", command.name)
                                         : fmt::format("set_{}_{}", command.name, param->name));
    const auto title = [&](const Command& of, const Param* its) {
      return is_only || its == nullptr ? text_of(of.title, of.description)
                                       : text_of(its->title, its->description);
    };
    entity.title = title(shown, shown_param);
    entity.slug = slug_of(title(command, param));
    entity.category = is_daily(command) ? Category::kNone : Category::kConfig;
    entity.is_enabled = is_daily(command) && !command.dangerous;
    entity.control = Control{.command = &command, .param = param};
    return entity;
  }

  bool add_value(Entity& entity, const Command& command, const Param& param, const Param& shown) {
    if (param.type == FieldType::kBool || !param.values.empty()) {
      return add_choices(entity, command, param, shown);
    }
    const bool is_number = param.type == FieldType::kInt || param.type == FieldType::kFloat;
    return is_number && param.range && add_number(entity, command, param);
  }

  bool add_number(Entity& entity, const Command& command, const Param& param) {
    for (const Effect& effect : command.effects) {
      if (!is_of(effect, param.name) || !is_whole_field(english_, effect) || effect.bit ||
          effect.as_bool || !effect.map.empty() || effect.times == 0) {
        continue;
      }
      std::string quota = find_quota_(effect.field);
      if (quota.empty()) continue;
      const UnitRow unit = unit_row(param.unit);
      Control& control = *entity.control;
      control.least = param.range->low * param.scale;
      control.most = param.range->high * param.scale;
      control.step =
          param.type == FieldType::kInt ? std::max(std::abs(param.scale), kLeastStep) : kLeastStep;
      control.effect = &effect;
      entity.platform = Platform::kNumber;
      entity.form = Form::kSetting;
      entity.device_class = unit.device_class;
      entity.unit = unit.name;
      entity.sources = {{.quota = std::move(quota), .field = english_.field(effect.field)}};
      return control.least < control.most;
    }
    return false;
  }

  bool add_choices(Entity& entity, const Command& command, const Param& param, const Param& shown) {
    std::vector<catalog::NamedValue> values = param.values;
    std::vector<catalog::NamedValue> names = shown.values;
    if (values.empty()) {
      values = {{.value = Json(false), .name = "off"}, {.value = Json(true), .name = "on"}};
      names = values;
    }
    for (const Effect& effect : command.effects) {
      if (!is_of(effect, param.name) || !is_whole_field(english_, effect)) continue;
      const std::string quota = find_quota_(effect.field);
      if (quota.empty()) continue;
      std::vector<Choice> choices;
      for (std::size_t k = 0; k < values.size(); ++k) {
        const JsonObject params{{param.name, values[k].value}};
        const auto effected = catalog::value_of(effect, params);
        if (!effected) continue;
        choices.push_back({.name = choice_name(param, names[k]),
                           .value = values[k].value,
                           .quota = quota,
                           .shown = *effected});
      }
      entity.control->bit = effect.bit;
      finish(entity, std::move(choices), values);
      return entity.control->choices.size() > 1;
    }
    return false;
  }

  // The choice is the bool that is true in an object of bools.
  bool add_members(Entity& entity, const Command& command, const Param& param, const Param& shown) {
    std::vector<Choice> choices;
    for (std::size_t k = 0; k < param.fields.size(); ++k) {
      const Param& member = param.fields[k];
      const std::string path = fmt::format("{}.{}", param.name, member.name);
      const auto effect = std::ranges::find_if(command.effects, [&](const Effect& each) {
        return is_of(each, path) && is_whole_field(english_, each);
      });
      if (effect == command.effects.end()) continue;
      std::string quota = find_quota_(effect->field);
      if (quota.empty()) continue;
      choices.push_back({.name = text_of(shown.fields[k].title, shown.fields[k].description),
                         .value = JsonObject{{member.name, true}},
                         .quota = std::move(quota),
                         .shown = Json(true)});
    }
    finish(entity, std::move(choices), {});
    return entity.control->choices.size() > 1;
  }

  // `values` have English names.
  static void finish(Entity& entity, std::vector<Choice> choices,
                     const std::vector<catalog::NamedValue>& values) {
    entity.form = Form::kChoice;
    for (const Choice& each : choices) {
      if (std::ranges::find(entity.sources, each.quota, &Source::quota) == entity.sources.end()) {
        entity.sources.push_back({.quota = each.quota});
      }
    }
    const auto is_switch = values.size() == 2 && choices.size() == 2
                               ? is_off_and_on(values.front().name, values.back().name)
                               : std::nullopt;
    if (is_switch) {
      if (!*is_switch) std::ranges::reverse(choices);
      entity.platform = Platform::kSwitch;
      choices.front().name = "OFF";
      choices.back().name = "ON";
    } else {
      entity.platform = Platform::kSelect;
      for (const Choice& each : choices) {
        // Two values with one name: the first stands for both, and the other one shows as it.
        if (std::ranges::find(entity.options, each.name) == entity.options.end()) {
          entity.options.push_back(each.name);
        }
      }
    }
    entity.control->choices = std::move(choices);
  }

  const Family& english_;
  const Family& shown_;
  const FindQuota& find_quota_;
  std::vector<Entity> entities_;
};

std::unexpected<Error> unknown_value(const Entity& entity, std::string_view payload,
                                     std::string_view valid) {
  return fail(ErrorCode::kBadParams, fmt::format("{} cannot be \"{}\": must be {}", entity.key,
                                                 redacted_extract(payload), valid));
}

Result<JsonObject> number_for(const Entity& entity, std::string_view payload) {
  const Control& control = *entity.control;
  const Param& param = *control.param;
  double number = 0;
  const auto [end, error] =
      std::from_chars(payload.data(), payload.data() + payload.size(), number);
  const bool is_number = error == std::errc() && end == payload.data() + payload.size();
  if (!is_number || !std::isfinite(number) || number < control.least || number > control.most) {
    return unknown_value(entity, payload,
                         fmt::format("from {} to {}", control.least, control.most));
  }
  const double raw = number / param.scale;
  const Json value = param.type == FieldType::kInt ? Json(std::llround(raw)) : Json(raw);
  return JsonObject{{param.name, value}};
}

}  // namespace

std::optional<bool> is_off_and_on(std::string_view first, std::string_view second) {
  using Pair = std::pair<std::string_view, std::string_view>;
  constexpr std::array kPairs = {Pair{"off", "on"}, Pair{"no", "yes"}};
  for (const auto& [off, on] : kPairs) {
    if (first == off && second == on) return true;
    if (first == on && second == off) return false;
  }
  return std::nullopt;
}

std::vector<Entity> controls_of(const Family& english, const Family& shown,
                                const FindQuota& find_quota) {
  return Builder(english, shown, find_quota).take();
}

Result<JsonObject> params_for(const Entity& entity, std::string_view payload) {
  const Control& control = *entity.control;
  if (control.param == nullptr) return JsonObject();
  if (entity.platform == Platform::kNumber) return number_for(entity, payload);
  const auto choice = std::ranges::find(control.choices, payload, &Choice::name);
  if (choice == control.choices.end()) {
    std::vector<std::string_view> names;
    names.reserve(control.choices.size());
    for (const Choice& each : control.choices) names.emplace_back(each.name);
    return unknown_value(entity, payload, joined_or(names));
  }
  return JsonObject{{control.param->name, choice->value}};
}

}  // namespace gridloom::bridges::home_assistant
