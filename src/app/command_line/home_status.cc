#include "app/command_line/home_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

#include "app/command_line/output.h"
#include "base/printable.h"
#include "time/grammar.h"

namespace gridloom::app {
namespace {

using Align = Table::Align;
using Cell = Table::Cell;
using overview::ActiveError;
using overview::Overview;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::size_t kBar = 10;       // characters
constexpr std::size_t kMostName = 22;  // likewise
constexpr std::size_t kMostState = 48;
constexpr double kLow_percent = 15;
constexpr double kIdle_w = 1;  // a battery below this neither charges nor discharges

// The sums of the energy answer, and how the table names them.
constexpr auto kEnergyColumns = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"pv", "SUN"},
    {"batteryIn", "CHARGED"},
    {"batteryOut", "DISCHARGED"},
    {"gridIn", "FROM GRID"},
    {"gridOut", "TO GRID"},
    {"home", "LOAD"},
    {"ev", "EV"},
    {"heater", "HEATER"},
    {"heatpump", "HEAT PUMP"},
});

std::string watts_text(const std::optional<double>& watts) {
  if (!watts) return "-";
  const double whole = std::round(*watts);
  return fmt::format("{} W", static_cast<std::int64_t>(whole));
}

Style mark_of(const DeviceStatus& status, std::string_view member) {
  const bool is_marked = std::ranges::find(status.changed, member) != status.changed.end();
  return is_marked ? Style::kWarning : Style::kPlain;
}

Cell charge_cell(const DeviceStatus& status) {
  const Overview& overview = status.overview;
  if (!overview.charge_percent) return {.text = "-"};
  const double percent = *overview.charge_percent;
  const double battery_w = overview.battery_w.value_or(0);
  const std::string_view arrow = battery_w > kIdle_w ? " ▲" : battery_w < -kIdle_w ? " ▼" : "";
  return {.text = fmt::format("{} {:>3.0f} %{}", charge_bar(percent), percent, arrow),
          .style = percent <= kLow_percent ? Style::kBad : mark_of(status, "chargePercent")};
}

Cell age_cell(const std::optional<Millis>& age) {
  if (!age) return {.text = "-"};
  return {.text = time::rounded_span_text(*age),
          .style = overview::is_of_now(*age) ? Style::kPlain : Style::kWarning};
}

Cell state_cell(const DeviceStatus& status) {
  const bool is_live = status.freshness == overview::Freshness::kLive;
  std::string text(overview::name_of(status.freshness));
  Style style = is_live ? Style::kGood : Style::kWarning;
  const std::vector<ActiveError>& errors = status.overview.errors;
  if (!errors.empty()) {
    style = Style::kBad;
    text = (is_live ? std::string() : text + "; ") + errors.front().text;
    if (errors.size() > 1) text += fmt::format(" and {} more", errors.size() - 1);
  }
  if (!status.error.empty()) {
    style = Style::kBad;
    text += ": " + status.error;
  }
  return {.text = shortened_to(printable(text), kMostState), .style = style};
}

std::string name_of(const DeviceStatus& status) {
  return shortened_to(printable(status.device.name), kMostName);
}

std::string devices_text(const std::vector<DeviceStatus>& devices, bool coloured) {
  // The signed HTTP API does not say when a device reported.
  const bool has_ages =
      std::ranges::any_of(devices, [](const DeviceStatus& each) { return each.age.has_value(); });
  std::vector<Table::Column> columns{{.title = "DEVICE"},
                                     {.title = "NAME"},
                                     {.title = "CHARGE"},
                                     {.title = "SUN", .align = Align::kRight},
                                     {.title = "GRID", .align = Align::kRight},
                                     {.title = "LOAD", .align = Align::kRight}};
  if (has_ages) columns.push_back({.title = "AGE", .align = Align::kRight});
  columns.push_back({.title = "STATE"});
  Table table(std::move(columns));
  for (const DeviceStatus& each : devices) {
    const Overview& overview = each.overview;
    std::vector<Cell> row{{.text = printable(each.device.sn), .style = Style::kStrong},
                          {.text = name_of(each)},
                          charge_cell(each),
                          {.text = watts_text(overview.sun_w), .style = mark_of(each, "sunW")},
                          {.text = watts_text(overview.grid_w), .style = mark_of(each, "gridW")},
                          {.text = watts_text(overview.load_w), .style = mark_of(each, "loadW")}};
    if (has_ages) row.push_back(age_cell(each.age));
    row.push_back(state_cell(each));
    table.add_styled(std::move(row));
  }
  return table.text(coloured);
}

std::string energy_text(const std::vector<DeviceStatus>& devices, bool coloured) {
  std::vector<std::pair<std::string_view, std::string_view>> shown;
  std::ranges::copy_if(kEnergyColumns, std::back_inserter(shown), [&](const auto& column) {
    return std::ranges::any_of(
        devices, [&](const DeviceStatus& each) { return each.energy_kwh.contains(column.first); });
  });
  if (shown.empty()) return {};
  std::vector<Table::Column> columns{{.title = "TODAY, kWh"}, {.title = "NAME"}};
  for (const auto& [key, title] : shown) {
    columns.push_back({.title = std::string(title), .align = Align::kRight});
  }
  Table table(std::move(columns));
  for (const DeviceStatus& each : devices) {
    if (each.energy_kwh.empty()) continue;
    std::vector<Cell> row{{.text = printable(each.device.sn), .style = Style::kStrong},
                          {.text = name_of(each)}};
    for (const auto& [key, title] : shown) {
      const Json* kwh = each.energy_kwh.if_contains(key);
      const bool is_known = kwh != nullptr && kwh->is_number();
      row.push_back({.text = is_known ? fmt::format("{:.2f}", kwh->to_number<double>()) : "-"});
    }
    table.add_styled(std::move(row));
  }
  return '\n' + table.text(coloured);
}

Json or_null(const std::optional<double>& number) {
  if (!number) return {};
  constexpr double kTenths = 10;
  return std::round(*number * kTenths) / kTenths;
}

}  // namespace

DeviceStatus read_status(OpenHome& home, const HomeDevice& device, WithEnergy with_energy) {
  const catalog::FamilyPtr& family = home.catalog->of_serial(device.sn);
  DeviceStatus status{.device = device, .family = family->id};
  const auto values = home.home->values(device.sn);
  if (!values) {
    status.error = values.error().detail;
    status.code = values.error().code;
    return status;
  }
  status.age = values->age;
  const bool has_values = !values->quotas.empty();
  status.freshness = overview::freshness_of(
      *family, {.online = device.online,
                .has_values = has_values,
                .age = values->knows_age || !has_values ? values->age : Millis(0)});
  status.overview = overview::overview_of(*family, overview::flat_values(*family, values->quotas));
  if (with_energy == WithEnergy::kNo) return status;
  // A server without energy sums, or a family without powers, has nothing to add.
  const auto energy = home.home->energy_today(device.sn);
  const Json* total = energy ? wire::member(*energy, "total") : nullptr;
  if (total != nullptr && total->is_object()) status.energy_kwh = total->get_object();
  status.energy_kwh.erase("unknown_s");
  return status;
}

std::string charge_bar(double percent) {
  const double share = std::clamp(percent / 100, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(std::lround(share * static_cast<double>(kBar)));
  std::string bar;
  for (std::size_t i = 0; i < kBar; ++i) bar += i < full ? "█" : "░";
  return bar;
}

std::string status_text(const std::vector<DeviceStatus>& devices, bool coloured) {
  return devices_text(devices, coloured) + energy_text(devices, coloured);
}

JsonObject status_json(const DeviceStatus& status) {
  JsonArray errors;
  for (const ActiveError& each : status.overview.errors) {
    errors.push_back(JsonObject{{"field", each.field}, {"text", each.text}});
  }
  JsonObject row{{"sn", status.device.sn},
                 {"name", status.device.name},
                 {"family", status.family},
                 {"online", status.device.online},
                 {"state", overview::name_of(status.freshness)},
                 {"chargePercent", or_null(status.overview.charge_percent)},
                 {"sunW", or_null(status.overview.sun_w)},
                 {"gridW", or_null(status.overview.grid_w)},
                 {"loadW", or_null(status.overview.load_w)},
                 {"batteryW", or_null(status.overview.battery_w)},
                 {"ageMs", status.age ? Json(status.age->count()) : Json()},
                 {"errors", std::move(errors)},
                 {"energyTodayKwh", status.energy_kwh}};
  if (!status.error.empty()) row["error"] = status.error;
  return row;
}

}  // namespace gridloom::app
