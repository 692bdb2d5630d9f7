#include "bridges/home_assistant/entity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "catalog/readable_values.h"
#include "time/iso_text.h"

namespace gridloom::bridges::home_assistant {
namespace {

constexpr std::array<std::string_view, 6> kPlatforms = {"sensor", "binary_sensor", "switch",
                                                        "number", "select",        "button"};

}  // namespace

std::string_view name_of(Platform platform) {
  return kPlatforms.at(static_cast<std::size_t>(platform));
}

std::optional<Platform> platform_named(std::string_view name) {
  for (std::size_t k = 0; k < kPlatforms.size(); ++k) {
    if (kPlatforms.at(k) == name) return static_cast<Platform>(k);
  }
  return std::nullopt;
}

namespace {

constexpr std::array kRows = std::to_array<UnitRow>({
    {.unit = "W", .device_class = "power", .name = "W"},
    {.unit = "kW", .device_class = "power", .name = "kW"},
    {.unit = "VA", .device_class = "apparent_power", .name = "VA"},
    {.unit = "var", .device_class = "reactive_power", .name = "var"},
    {.unit = "V", .device_class = "voltage", .name = "V"},
    {.unit = "mV", .device_class = "voltage", .name = "mV"},
    {.unit = "A", .device_class = "current", .name = "A"},
    {.unit = "mA", .device_class = "current", .name = "mA"},
    {.unit = "Hz", .device_class = "frequency", .name = "Hz"},
    {.unit = "°C", .device_class = "temperature", .name = "°C"},
    {.unit = "°F", .device_class = "temperature", .name = "°F"},
    {.unit = "ms", .device_class = "duration", .name = "ms"},
    {.unit = "s", .device_class = "duration", .name = "s"},
    {.unit = "min", .device_class = "duration", .name = "min"},
    {.unit = "h", .device_class = "duration", .name = "h"},
    {.unit = "d", .device_class = "duration", .name = "d"},
    {.unit = "dBm", .device_class = "signal_strength", .name = "dBm"},
    {.unit = "cm", .device_class = "distance", .name = "cm"},
    {.unit = "m", .device_class = "distance", .name = "m"},
    {.unit = "kg", .device_class = "weight", .name = "kg"},
    {.unit = "l/min", .device_class = "volume_flow_rate", .name = "L/min"},
    {.unit = "L/min", .device_class = "volume_flow_rate", .name = "L/min"},
    {.unit = "%", .device_class = "", .name = "%"},
    {.unit = "Wh", .device_class = "", .name = "Wh"},
    {.unit = "kWh", .device_class = "", .name = "kWh"},
    {.unit = "Ah", .device_class = "", .name = "Ah"},
    {.unit = "mAh", .device_class = "", .name = "mAh"},
    {.unit = "rpm", .device_class = "", .name = "rpm"},
    {.unit = "€", .device_class = "", .name = "EUR"},
});

}  // namespace

std::span<const UnitRow> unit_rows() { return kRows; }

UnitRow unit_row(std::string_view unit) {
  const auto found = std::ranges::find(kRows, unit, &UnitRow::unit);
  return found != kRows.end() ? *found : UnitRow{.unit = unit, .device_class = "", .name = unit};
}

namespace {

using catalog::Field;
using wire::Json;

constexpr double kLatestMoment = 253'402'300'799;  // the end of the year 9999, in seconds

bool is_absent(const Field& field, const Json& value) {
  return value.is_null() || (field.absent && catalog::same_value(*field.absent, value));
}

// Bools are 0 and 1: devices say either.
std::optional<double> as_number(const Json& value) {
  if (value.is_bool()) return value.get_bool() ? 1.0 : 0.0;
  return value.is_number() ? std::optional(value.to_number<double>()) : std::nullopt;
}

bool is_same(const Json& a, const Json& b) {
  const auto number = as_number(a);
  const auto other = as_number(b);
  return number && other ? *number == *other : catalog::same_value(a, b);
}

Json text_state(std::string_view text) { return Json(wire::shortened(text, kMaxState)); }

std::optional<Json> number_state(const Field* field, const Json& value) {
  if (!value.is_number()) return std::nullopt;
  const auto number = field == nullptr ? std::optional(value.to_number<double>())
                                       : catalog::number_of(*field, value);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  if ((field == nullptr || field->scale == 1) && wire::is_whole(value)) {
    return Json(wire::whole(value));
  }
  constexpr double kDigits = 1e6;  // as catalog::number_text()
  const double rounded = std::round(*number * kDigits) / kDigits;
  return rounded == std::trunc(rounded) && std::abs(rounded) < 1e15 ? Json(std::llround(rounded))
                                                                    : Json(rounded);
}

std::optional<Json> moment_state(const Field& field, const Json& value) {
  const auto seconds = catalog::number_of(field, value);
  if (!seconds || *seconds <= 0 || *seconds > kLatestMoment) return std::nullopt;
  std::string text;
  time::append_utc(text, static_cast<std::int64_t>(*seconds) * 1000);
  return Json(text);
}

std::optional<Json> option_state(const Entity& entity, const Json& value) {
  const auto named = std::ranges::find_if(entity.field->values, [&](const auto& each) {
    return catalog::same_value(each.value, value);
  });
  if (named == entity.field->values.end() || named->name.empty()) return std::nullopt;
  return Json(named->name);
}

std::optional<Json> text_of_value(const Field* field, const Json& value) {
  if (value.is_structured() && field == nullptr) return std::nullopt;
  if (field == nullptr || field->values.empty()) {
    return text_state(catalog::value_text(field, value));
  }
  const auto named = std::ranges::find_if(
      field->values, [&](const auto& each) { return catalog::same_value(each.value, value); });
  const bool has_name = named != field->values.end() && !named->name.empty();
  return text_state(has_name ? named->name : wire::plain_text(value));
}

bool shows(const Control& control, const Choice& choice, const Json& value) {
  if (!control.bit) return is_same(value, choice.shown);
  if (!wire::is_whole(value)) return false;
  const bool is_set = ((wire::whole(value) >> *control.bit) & 1) != 0;
  return is_set == (as_number(choice.shown).value_or(0) != 0);
}

std::optional<Json> choice_state(const Entity& entity, const ValueOf& value_of) {
  for (const Choice& each : entity.control->choices) {
    const auto value = value_of(each.quota);
    if (value && shows(*entity.control, each, *value)) return Json(each.name);
  }
  return std::nullopt;
}

std::optional<Json> setting_state(const Entity& entity, const Json& value) {
  const Control& control = *entity.control;
  if (!value.is_number()) return std::nullopt;
  const catalog::Effect& effect = *control.effect;
  const double raw = value.to_number<double>() / effect.times - static_cast<double>(effect.to.plus);
  const double number = raw * control.param->scale;
  if (!std::isfinite(number)) return std::nullopt;
  // Home Assistant refuses a state outside of the limits. It may be a sentinel, or set by others.
  if (number < control.least || number > control.most) return std::nullopt;
  constexpr double kDigits = 1e6;
  const double rounded = std::round(number * kDigits) / kDigits;
  return rounded == std::trunc(rounded) ? Json(std::llround(rounded)) : Json(rounded);
}

// Nothing: the device has reported none of the sources.
std::optional<Json> problem_state(const Entity& entity, const ValueOf& value_of) {
  const bool has_warnings = entity.form == Form::kProblem;
  bool is_known = false;
  bool is_error = false;
  for (const Source& source : entity.sources) {
    const auto whole = value_of(source.quota);
    if (!whole) continue;
    is_known = true;
    catalog::for_each_value(*source.field, *whole,
                            [&](const Field& field, const Json& value, const std::string& path) {
                              if (!entity.path.empty() && path != entity.path) return;
                              if (!has_warnings && field.severity == catalog::Severity::kWarning)
                                return;
                              is_error = is_error || catalog::is_error(field, value);
                            });
  }
  if (!is_known) return std::nullopt;
  return Json(is_error ? "ON" : "OFF");
}

// The value that the entity shows. Nothing: it is not there.
std::optional<Json> shown_value(const Entity& entity, const ValueOf& value_of) {
  const Source& source = entity.sources.front();
  auto whole = value_of(source.quota);
  if (!whole || entity.path.empty()) return whole;
  std::optional<Json> found;
  catalog::for_each_value(*source.field, *whole,
                          [&](const Field&, const Json& part, const std::string& path) {
                            if (path == entity.path) found = part;
                          });
  return found;
}

std::optional<Json> on_off_state(const Entity& entity, const Json& value) {
  const auto is_value = [&](const Json& each) { return is_same(each, value); };
  return Json(std::ranges::any_of(entity.on, is_value) ? "ON" : "OFF");
}

}  // namespace

std::optional<Json> state_of(const Entity& entity, const ValueOf& value_of) {
  if (entity.form == Form::kNone) return std::nullopt;
  if (entity.form == Form::kChoice) return choice_state(entity, value_of);
  if (entity.form == Form::kProblem || entity.form == Form::kFault) {
    return problem_state(entity, value_of);
  }
  const auto value = shown_value(entity, value_of);
  if (!value || value->is_null()) return std::nullopt;
  if (entity.form == Form::kSetting) return setting_state(entity, *value);
  if (entity.field != nullptr && is_absent(*entity.field, *value)) return std::nullopt;
  switch (entity.form) {
    case Form::kNumber:
      return number_state(entity.field, *value);
    case Form::kMoment:
      return moment_state(*entity.field, *value);
    case Form::kOption:
      return option_state(entity, *value);
    case Form::kOnOff:
      return on_off_state(entity, *value);
    default:
      return text_of_value(entity.field, *value);
  }
}

}  // namespace gridloom::bridges::home_assistant
