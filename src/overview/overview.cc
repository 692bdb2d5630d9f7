#include "overview/overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "history/energy/energy_sources.h"

namespace gridloom::overview {
namespace {

using catalog::Family;
using catalog::Field;
using history::Power;
using wire::Json;

constexpr std::string_view kChargeNature = "battery.soc";

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
      // Also tells a number from a value that stands for none.
      if (!number_of(*field, each.value)) {
        is_unknown.at(power) = is_unknown.at(power) || field->part;
        continue;
      }
      add_to(powers_w.at(power), each.value.to_number<double>() * source.scale);
    }
  }
  for (std::size_t power = 0; power < history::kPowers; ++power) {
    if (is_unknown.at(power)) powers_w.at(power).reset();
  }
  return powers_w;
}

}  // namespace

const Field* charge_field(const Family& family) {
  const auto field = std::ranges::find(family.fields, kChargeNature, &Field::nature);
  return field == family.fields.end() ? nullptr : &*field;
}

bool has_charge(const Family& family) { return charge_field(family) != nullptr; }

bool is_in_overview(const Family& family, std::string_view quota) {
  const Field* field = family.field(quota);
  return field != nullptr && (!field->nature.empty() || catalog::may_report_errors(*field));
}

bool measures(const history::EnergySources& sources, Power power) {
  return std::ranges::find(sources.powers, power, &history::EnergySources::PowerField::power) !=
         sources.powers.end();
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

Overview overview_of(const Family& family, const std::vector<FlatValue>& values) {
  const history::EnergySources sources(family);
  Overview overview{.charge_percent = charge_of(family, values),
                    .powers_w = powers_of(family, sources, values)};
  for (std::size_t power = 0; power < history::kPowers; ++power) {
    const auto& watts = overview.powers_w.at(power);
    if (watts) add_power(overview, static_cast<Power>(power), *watts);
  }
  overview.battery_w = battery_power(sources, overview.powers_w);
  for (const FlatValue& each : values) {
    const Field* declared = family.field(each.name);
    if (declared == nullptr) continue;
    catalog::for_each_value(
        *declared, each.value, [&](const Field& field, const Json& value, const std::string& path) {
          if (!catalog::is_error(field, value)) return;
          if (field.absent && catalog::same_value(*field.absent, value)) return;
          const bool is_member = !path.empty() && !path.starts_with('[');
          overview.errors.push_back(
              {.field = each.name + (is_member ? "." : "") + path,
               .text = fmt::format("{}: {}", title_of(field), value_text(&field, value)),
               .title = title_of(field),
               .meaning = value_text(&field, value),
               .value = value,
               .quota = each.name});
        });
  }
  return overview;
}

}  // namespace gridloom::overview
