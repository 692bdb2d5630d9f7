#include "bridges/nut/ups.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "catalog/readable_values.h"
#include "overview/freshness.h"
#include "overview/overview.h"
#include "wire/json.h"

namespace gridloom::bridges::nut {
namespace {

using catalog::Field;
using overview::Freshness;
using overview::Overview;

// A terminal without mains shows some volts by induction.
constexpr double kMainsFrom_v = 60;
// A battery that does neither charge nor discharge shows some watts.
constexpr double kIdle_w = 5;

constexpr std::array<std::pair<std::string_view, std::string_view>, 23> kDescriptions = {{
    {"battery.charge", "Battery charge (percent)"},
    {"battery.charge.low", "Charge from which the battery is low (percent)"},
    {"battery.runtime", "Time until the battery is empty (seconds)"},
    {"battery.runtime.low", "Runtime from which the battery is low (seconds)"},
    {"battery.temperature", "Battery temperature (degrees C)"},
    {"battery.voltage", "Battery voltage (V)"},
    {"device.mfr", "Manufacturer"},
    {"device.model", "Model"},
    {"device.serial", "Serial number"},
    {"device.type", "Type of the device"},
    {"driver.name", "Program that gives the values"},
    {"input.voltage", "Voltage of the grid (V)"},
    {"output.voltage", "Voltage at the sockets (V)"},
    {"ups.alarm", "Faults of the device"},
    {"ups.id", "Name of the device"},
    {"ups.load", "Power of the loads, of the most that it can give (percent)"},
    {"ups.mfr", "Manufacturer"},
    {"ups.model", "Model"},
    {"ups.realpower", "Power of the loads (W)"},
    {"ups.realpower.nominal", "Most power that it can give (W)"},
    {"ups.serial", "Serial number"},
    {"ups.status", "Status of the UPS"},
    {"ups.temperature", "Temperature of the device (degrees C)"},
}};

// The numbers of the nature that the device has now, in the order of its fields.
std::vector<double> numbers_of(const BookDevice& device, std::string_view nature) {
  std::vector<double> numbers;
  for (std::size_t slot = 0; slot < device.slots(); ++slot) {
    const Field* field = device.field_of(slot);
    if (field == nullptr || field->nature != nature || device.text_of(slot).empty()) continue;
    const auto value = wire::parse_json(device.text_of(slot));
    if (!value) continue;
    if (const auto number = catalog::number_of(*field, *value)) numbers.push_back(*number);
  }
  return numbers;
}

std::optional<double> first_of(const BookDevice& device, std::string_view nature) {
  const std::vector<double> numbers = numbers_of(device, nature);
  return numbers.empty() ? std::nullopt : std::optional(numbers.front());
}

std::optional<double> greatest_of(const BookDevice& device, std::string_view nature) {
  const std::vector<double> numbers = numbers_of(device, nature);
  return numbers.empty() ? std::nullopt : std::optional(*std::ranges::max_element(numbers));
}

Overview overview_of_now(const BookDevice& device) {
  std::vector<catalog::FlatValue> values;
  for (std::size_t slot = 0; slot < device.slots(); ++slot) {
    const std::string& quota = device.name_of(slot);
    if (device.text_of(slot).empty() || !overview::is_in_overview(device.family(), quota)) continue;
    auto value = wire::parse_json(device.text_of(slot));
    if (value) values.push_back({.name = quota, .value = std::move(*value)});
  }
  std::ranges::sort(values, {}, &catalog::FlatValue::name);
  return overview::overview_of(device.family(), values);
}

// "OL CHRG", "OB DISCHRG LB"; empty: whether the grid is there is not known.
std::string status_of(const BookDevice& device, const Overview& now, const Thresholds& thresholds) {
  const auto grid = has_grid(device);
  if (!grid) return {};
  std::string status = *grid ? "OL" : "OB";
  const double battery_w = now.battery_w.value_or(0);
  if (battery_w > kIdle_w) status += " CHRG";
  if (battery_w < -kIdle_w) status += " DISCHRG";
  const bool is_low = now.charge_percent && *now.charge_percent <= thresholds.charge_percent;
  const auto runtime_s = static_cast<double>(thresholds.runtime.count());
  const bool ends_soon = !*grid && now.empty_in_min && *now.empty_in_min * 60 <= runtime_s;
  if (is_low || ends_soon) status += " LB";
  const bool has_fault = std::ranges::any_of(now.errors, [](const overview::ActiveError& each) {
    return each.severity == catalog::Severity::kFault;
  });
  if (has_fault) status += " ALARM";
  return status;
}

std::string alarms_of(const Overview& now) {
  std::string alarms;
  for (const overview::ActiveError& each : now.errors) {
    if (each.severity != catalog::Severity::kFault) continue;
    alarms += alarms.empty() ? "" : "; ";
    alarms += each.text;
  }
  return alarms;
}

// The power that its inverter can give all the time. Nothing: its file does not say.
std::optional<double> rated_power_w(const catalog::Family& family) {
  const auto inverter =
      std::ranges::find(family.physics, catalog::PartKind::kInverter, &catalog::PhysicsPart::kind);
  if (inverter == family.physics.end()) return std::nullopt;
  const auto rated_w = inverter->number("rated_w");
  return rated_w && *rated_w > 0 ? rated_w : std::nullopt;
}

void put_identity(const BookDevice& device, Ups& ups) {
  const catalog::Family& family = device.family();
  const std::string_view maker = family.passthrough ? std::string_view() : "EcoFlow";
  for (const std::string_view room : {"device", "ups"}) {
    const auto put = [&](std::string_view name, std::string_view text) {
      if (!text.empty()) ups.variables[fmt::format("{}.{}", room, name)] = text;
    };
    put("mfr", maker);
    put("model", device.product());
    put("serial", device.sn());
  }
  ups.variables["device.type"] = "ups";
  ups.variables["driver.name"] = "gridloom";
  ups.variables["ups.id"] = device.name();
}

}  // namespace

bool can_be_ups(const catalog::Family& family) { return overview::has_charge(family); }

std::optional<bool> has_grid(const BookDevice& device) {
  if (const auto present = greatest_of(device, "grid.present")) return *present != 0;
  const auto volts = greatest_of(device, "grid.voltage");
  return volts ? std::optional(*volts >= kMainsFrom_v) : std::nullopt;
}

Ups ups_of(const BookDevice& device, const Thresholds& thresholds) {
  Ups ups{.sn = device.sn(),
          .alias = alias_of(device.name()),
          .description = device.product().empty()
                             ? device.name()
                             : fmt::format("{} ({})", device.name(), device.product())};
  ups.is_stale = device.state() != Freshness::kLive;
  if (ups.alias == ups.sn) ups.alias.clear();
  const Overview now = overview_of_now(device);
  const auto put = [&](std::string_view name, std::optional<double> number, int decimals) {
    if (number) ups.variables[std::string(name)] = fmt::format("{:.{}f}", *number, decimals);
  };
  put_identity(device, ups);
  if (std::string status = status_of(device, now, thresholds); !status.empty()) {
    ups.variables["ups.status"] = std::move(status);
  }
  if (std::string alarms = alarms_of(now); !alarms.empty()) {
    ups.variables["ups.alarm"] = std::move(alarms);
  }
  put("battery.charge", now.charge_percent, 0);
  put("battery.charge.low", thresholds.charge_percent, 0);
  if (now.empty_in_min) put("battery.runtime", *now.empty_in_min * 60, 0);
  put("battery.runtime.low", static_cast<double>(thresholds.runtime.count()), 0);
  put("battery.voltage", first_of(device, "battery.voltage"), 2);
  put("battery.temperature", greatest_of(device, "battery.temperature"), 1);
  put("input.voltage", greatest_of(device, "grid.voltage"), 1);
  put("output.voltage", greatest_of(device, "output.voltage"), 1);
  put("ups.realpower", now.load_w, 0);
  const auto rated_w = rated_power_w(device.family());
  put("ups.realpower.nominal", rated_w, 0);
  if (now.load_w && rated_w) put("ups.load", *now.load_w / *rated_w * 100, 0);
  return ups;
}

std::string alias_of(std::string_view name) {
  std::string alias;
  for (const char each : name) {
    const bool is_plain = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
                          (each >= '0' && each <= '9') || each == '-' || each == '_' || each == '.';
    alias += is_plain ? each : '-';
  }
  return alias;
}

std::string_view description_of(std::string_view variable) {
  const auto* const found =
      std::ranges::find(kDescriptions, variable, [](const auto& row) { return row.first; });
  return found == kDescriptions.end() ? std::string_view() : found->second;
}

}  // namespace gridloom::bridges::nut
