#include "overview/overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/natures.h"
#include "history/energy/energy_sources.h"

namespace gridloom::overview {
namespace {

using catalog::Family;
using catalog::Field;
using catalog::field_inside;
using catalog::find_value;
using catalog::FlatValue;
using catalog::number_of;
using catalog::title_of;
using catalog::value_text;
using history::Power;
using wire::Json;

constexpr std::string_view kHeatPumpNature = "heatpump.temperature";
constexpr std::string_view kCapacityNature = "battery.capacity";
constexpr double kLeastBattery_w = 1;  // a battery with less rests

void add_to(std::optional<double>& sum, double number) { sum = sum.value_or(0) + number; }

// The mean of all modules' values.
std::optional<double> charge_of(const Family& family, const std::vector<FlatValue>& values) {
  const Field* field = charge_field(family);
  if (field == nullptr) return std::nullopt;
  double sum = 0;
  std::size_t count = 0;
  for (const FlatValue& each : values) {
    if (!history::matches(field->name, each.name)) continue;
    const auto number = number_of(*field, each.value);
    if (!number) continue;
    sum += *number;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / static_cast<double>(count);
}

void add_power(Overview& overview, Power power, double watts) {
  switch (power) {
    case Power::kPv:
      return add_to(overview.sun_w, watts);
    case Power::kGrid:
    case Power::kGridImport:
      return add_to(overview.grid_w, watts);
    case Power::kLoad:
      return add_to(overview.load_w, watts);
    case Power::kBattery:
    case Power::kBatteryCharge:
    case Power::kBatteryDischarge:
      return;  // see battery_power()
    case Power::kEv:
    case Power::kHeater:
    case Power::kHeatpump:
      return;  // parts of the load
  }
}

bool is_met(const Field::When& when, const std::vector<FlatValue>& values) {
  const Json* const value = find_value(values, when.field);
  return value != nullptr && value->is_number() && when.is_met_by(value->to_number<double>());
}

// Each power is the sum of the fields that make it up. A part that the device reports without a
// number makes the sum unknown; a part that it never reported is not there.
KnownPowers powers_of(const Family& family, const history::EnergySources& sources,
                      const std::vector<FlatValue>& values) {
  KnownPowers powers_w{};
  std::array<bool, history::kPowers> is_unknown{};
  for (const auto& source : sources.powers) {
    const Field* field = family.field(source.name);
    const auto power = static_cast<std::size_t>(source.power);
    for (const FlatValue& each : values) {
      if (field == nullptr || !history::matches(source.name, each.name)) continue;
      if (!source.member.empty()) {
        const auto sum = catalog::sum_over(each.value, source.member);
        if (sum) add_to(powers_w.at(power), *sum * source.scale);
        continue;
      }
      // Also tells a number from a value that stands for none.
      if (!number_of(*field, each.value)) {
        is_unknown.at(power) = is_unknown.at(power) || field->part;
        continue;
      }
      const bool counts =
          !source.condition || is_met(sources.conditions[*source.condition], values);
      add_to(powers_w.at(power), counts ? each.value.to_number<double>() * source.scale : 0);
    }
  }
  for (std::size_t power = 0; power < history::kPowers; ++power) {
    if (is_unknown.at(power)) powers_w.at(power).reset();
  }
  return powers_w;
}

// The first number that a field of the nature has.
std::optional<double> number_with(std::string_view nature, const Family& family,
                                  const std::vector<FlatValue>& values) {
  for (const Field& field : family.fields) {
    if (field.nature != nature) continue;
    for (const FlatValue& each : values) {
      if (!history::matches(field.name, each.name)) continue;
      if (const auto number = number_of(field, each.value)) return number;
    }
  }
  return std::nullopt;
}

std::string meter_in(const Family& family, const std::vector<FlatValue>& values) {
  const Field* const field = catalog::meter_field(family);
  const Json* const value = field == nullptr ? nullptr : find_value(values, field->name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// A battery that rests becomes neither full nor empty, whatever the device says.
void add_time_left(Overview& overview, const Family& family, const std::vector<FlatValue>& values) {
  const double watts = overview.battery_w.value_or(0);
  if (std::abs(watts) < kLeastBattery_w) return;
  const bool charges = watts > 0;
  auto minutes =
      number_with(charges ? "battery.time_to_full" : "battery.time_to_empty", family, values);
  if (!minutes) minutes = number_with("battery.time_left", family, values);
  if (!minutes || *minutes == 0) return;
  (charges ? overview.full_in_min : overview.empty_in_min) = std::abs(*minutes);
}

// Whether the element of an array is none of its errors.
bool is_good_element(const Field& field, std::size_t index, const Json& value) {
  return std::ranges::any_of(field.ok, [&](const Json& good) {
    const wire::JsonArray* all = good.if_array();
    if (all == nullptr) return catalog::same_value(good, value);
    return index < all->size() && catalog::same_value((*all)[index], value);
  });
}

// The meaning of an error's value; of an array whose elements have names, that of each element that
// is an error.
std::string meaning_of(const Field& field, const Json& value) {
  const wire::JsonArray* elements = value.if_array();
  const Field* element = field.fields.empty() ? nullptr : &field.fields.front();
  if (elements == nullptr || element == nullptr || element->values.empty()) {
    return value_text(&field, value);
  }
  std::string meaning;
  for (std::size_t k = 0; k < elements->size(); ++k) {
    if (is_good_element(field, k, (*elements)[k])) continue;
    meaning += meaning.empty() ? "" : ", ";
    meaning += value_text(element, (*elements)[k]);
  }
  return meaning;
}

ActiveError error_of(const Field& field, const Json& value) {
  std::string meaning = meaning_of(field, value);
  return {.field = {},
          .text = fmt::format("{}: {}", title_of(field), meaning),
          .title = title_of(field),
          .meaning = std::move(meaning),
          .value = value,
          .severity = field.severity};
}

bool is_reported_by(const catalog::DeviceFault& fault, const ActiveError& error) {
  return std::ranges::any_of(fault.reports, [&](const auto& reported) {
    return history::matches(reported.first, error.quota) &&
           catalog::same_value(reported.second, error.value);
  });
}

// The reports of one fault of a virtual device in several fields are one error: that whose code
// means the fault.
void merge_errors(const Family& family, std::vector<ActiveError>& errors) {
  for (const catalog::DeviceFault& fault : family.faults) {
    const auto cause = std::ranges::find_if(errors, [&](const ActiveError& error) {
      return is_reported_by(fault, error) && error.meaning.contains(fault.description);
    });
    if (cause == errors.end()) continue;
    const std::string field = cause->field;
    std::erase_if(errors, [&](const ActiveError& error) {
      return error.field != field && is_reported_by(fault, error);
    });
  }
}

}  // namespace

bool is_in_overview(const Family& family, std::string_view quota) {
  const Field* field = family.field(quota);
  return field != nullptr &&
         (!field->nature.empty() || field->decides ||
          catalog::member_with_nature(*field) != nullptr || catalog::may_report_errors(*field));
}

std::optional<double> battery_power(const history::EnergySources& sources,
                                    const KnownPowers& powers_w) {
  const auto power = [&](Power which) { return powers_w.at(static_cast<std::size_t>(which)); };
  if (measures(sources, Power::kBattery)) return power(Power::kBattery);
  std::optional<double> sum;
  for (const auto& [part, sign] :
       {std::pair{Power::kBatteryCharge, 1.0}, std::pair{Power::kBatteryDischarge, -1.0}}) {
    if (!measures(sources, part)) continue;
    const auto watts = power(part);
    if (!watts) return std::nullopt;
    add_to(sum, sign * *watts);
  }
  return sum;
}

Overview overview_without_sun(const history::EnergySources& sources) {
  Overview overview;
  for (std::size_t power = 0; power < history::kPowers; ++power) {
    if (!measures(sources, static_cast<Power>(power))) continue;
    overview.powers_w.at(power) = 0;
    add_power(overview, static_cast<Power>(power), 0);
  }
  return overview;
}

Overview overview_of(const Family& family, const std::vector<FlatValue>& values) {
  const history::EnergySources sources(family);
  Overview overview{.charge_percent = charge_of(family, values),
                    .capacity_wh = number_with(kCapacityNature, family, values),
                    .meter_sn = meter_in(family, values),
                    .has_heat_pump = number_with(kHeatPumpNature, family, values).has_value(),
                    .powers_w = powers_of(family, sources, values)};
  for (std::size_t power = 0; power < history::kPowers; ++power) {
    const auto& watts = overview.powers_w.at(power);
    if (watts) add_power(overview, static_cast<Power>(power), *watts);
  }
  overview.battery_w = battery_power(sources, overview.powers_w);
  add_time_left(overview, family, values);
  for (const FlatValue& each : values) {
    const Field* declared = family.field(each.name);
    if (declared == nullptr) continue;
    catalog::for_each_value(
        *declared, each.value, [&](const Field& field, const Json& value, const std::string& path) {
          if (!catalog::is_error(field, value)) return;
          if (field.absent && catalog::same_value(*field.absent, value)) return;
          const bool is_member = !path.empty() && !path.starts_with('[');
          ActiveError& error = overview.errors.emplace_back(error_of(field, value));
          error.field = each.name + (is_member ? "." : "") + path;
          error.quota = each.name;
        });
  }
  merge_errors(family, overview.errors);
  return overview;
}

ActiveError in_words_of(const Family& family, const ActiveError& error) {
  const std::string_view path = std::string_view(error.field).substr(error.quota.size());
  const Field* field = field_inside(family.field(error.quota), path);
  if (field == nullptr) return error;
  ActiveError same = error_of(*field, error.value);
  same.field = error.field;
  same.quota = error.quota;
  return same;
}

}  // namespace gridloom::overview
