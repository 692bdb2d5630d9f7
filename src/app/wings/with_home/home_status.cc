#include "with_home/home_status.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

#include "app/command_line/output.h"
#include "app/process/language.h"
#include "base/printable.h"
#include "catalog/site_meter.h"
#include "history/energy/energy_sources.h"
#include "overview/home_picture.h"
#include "time/grammar.h"
#include "with_home/energy_columns.h"

namespace gridloom::app {

namespace {

using Align = Table::Align;
using Cell = Table::Cell;
using overview::ActiveError;
using overview::Overview;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::size_t kShortBar = 5;   // characters
constexpr std::size_t kMostName = 22;  // likewise
constexpr std::size_t kLeastName = 8;
constexpr std::size_t kMostState = 48;
constexpr std::size_t kLeastState = 7;
constexpr std::size_t kNarrow = 100;  // characters of a line, below which names stand for devices
constexpr std::size_t kPower = 7;     // of "12345 W"
constexpr std::size_t kAge = 3;       // of "12s"
constexpr std::size_t kEnergy = 5;    // of "12.34"
constexpr double kLow_percent = 15;
constexpr double kIdle_w = 1;  // a battery below this neither charges nor discharges

std::string watts_text(const std::optional<double>& watts) {
  if (!watts) return "-";
  const double whole = std::round(*watts);
  return fmt::format("{} W", static_cast<std::int64_t>(whole));
}

Style mark_of(const DeviceStatus& status, std::string_view member) {
  const bool is_marked = std::ranges::find(status.changed, member) != status.changed.end();
  return is_marked ? Style::kWarning : Style::kPlain;
}

bool is_narrow(const StatusLayout& layout) { return layout.width != 0 && layout.width < kNarrow; }

Cell charge_cell(const DeviceStatus& status, std::size_t bar) {
  const Overview& overview = status.overview;
  if (!overview.charge_percent) return {.text = "-"};
  const double percent = *overview.charge_percent;
  const double battery_w = overview.battery_w.value_or(0);
  const std::string_view arrow = battery_w > kIdle_w ? " ▲" : battery_w < -kIdle_w ? " ▼" : "";
  return {.text = fmt::format("{} {:>3.0f} %{}", charge_bar(percent, bar), percent, arrow),
          .style = percent <= kLow_percent ? Style::kBad : mark_of(status, "chargePercent")};
}

Cell age_cell(const std::optional<Millis>& age) {
  if (!age) return {.text = "-"};
  return {.text = time::rounded_span_text(*age),
          .style = overview::is_of_now(*age) ? Style::kPlain : Style::kWarning};
}

// The name that the device file gives the value; empty: it gives none.
std::string_view name_in(std::string_view meaning) {
  const std::size_t open = meaning.find(" (");
  if (open == std::string_view::npos || !meaning.ends_with(')')) return {};
  return meaning.substr(open + 2, meaning.size() - open - 3);
}

bool is_warning(const ActiveError& error) { return error.severity == catalog::Severity::kWarning; }

bool has_name(const ActiveError& error) { return !name_in(error.meaning).empty(); }

// The worst: a fault before a warning, then one whose value has a name.
const ActiveError& worst_of(const std::vector<ActiveError>& errors) {
  return *std::ranges::min_element(errors, {}, [](const ActiveError& each) {
    return std::pair(is_warning(each), !has_name(each));
  });
}

std::string short_text(const ActiveError& error) {
  if (!has_name(error)) return error.text;
  return fmt::format("{}: {}", error.title, name_in(error.meaning));
}

// The worst error. Where its value has no name, one that has a name may be the reason and stands
// before it: "Warnings of the pack: too hot; Fault of the pack: 1".
std::string error_text(const std::vector<ActiveError>& errors) {
  const ActiveError& worst = worst_of(errors);
  const auto named = std::ranges::find_if(errors, has_name);
  const bool has_reason = !has_name(worst) && named != errors.end();
  std::string text = has_reason ? short_text(*named) + "; " : std::string();
  // Most titles of warnings have the word: "Warnings of the pack", "Converter warning".
  if (is_warning(worst) && !worst.title.contains(translated("arning"))) {
    text += translated("warning: ");
  }
  text += short_text(worst);
  const std::size_t told = has_reason ? 2 : 1;
  if (errors.size() > told) {
    text += fmt::format(fmt::runtime(translated(" and {} more")), errors.size() - told);
  }
  return text;
}

std::string_view freshness_text(overview::Freshness freshness) {
  using enum overview::Freshness;
  switch (freshness) {
    case kLive:
      return translated("live");
    case kQuiet:
      return translated("quiet");
    case kOffline:
      return translated("offline");
    case kNever:
      break;
  }
  return translated("never");
}

std::string state_text(const DeviceStatus& status) {
  std::string text(freshness_text(status.freshness));
  const std::vector<ActiveError>& errors = status.overview.errors;
  if (!errors.empty()) {
    const bool is_live = status.freshness == overview::Freshness::kLive;
    text = (is_live ? std::string() : text + "; ") + error_text(errors);
  }
  if (!status.error.empty()) text += ": " + status.error;
  return printable(text);
}

Cell state_cell(const DeviceStatus& status) {
  const bool is_live = status.freshness == overview::Freshness::kLive;
  Style style = is_live ? Style::kGood : Style::kWarning;
  const std::vector<ActiveError>& errors = status.overview.errors;
  if (!errors.empty()) style = is_warning(worst_of(errors)) ? Style::kWarning : Style::kBad;
  if (!status.error.empty()) style = Style::kBad;
  return {.text = shortened_to(state_text(status), kMostState), .style = style};
}

std::string name_of(const DeviceStatus& status) {
  return shortened_to(printable(status.device.name), kMostName);
}

// The columns that name a device: on a narrow terminal its name is enough for every command.
void add_name_columns(std::vector<Table::Column>& columns, const StatusLayout& layout,
                      std::string title) {
  if (!is_narrow(layout))
    columns.push_back({.title = std::exchange(title, std::string(translated("NAME")))});
  columns.push_back({.title = std::move(title), .shrinks_to = kLeastName});
}

void add_name_cells(std::vector<Cell>& row, const DeviceStatus& status,
                    const StatusLayout& layout) {
  if (!is_narrow(layout)) {
    row.push_back({.text = printable(status.device.sn), .style = Style::kStrong});
    row.push_back({.text = name_of(status)});
    return;
  }
  const bool has_name = !status.device.name.empty();
  row.push_back(
      {.text = has_name ? name_of(status) : printable(status.device.sn), .style = Style::kStrong});
}

// A terminal has no room for the words of a fault; they stand below the table.
std::string states_cut_in(std::string_view table, const std::vector<DeviceStatus>& devices,
                          const StatusLayout& layout) {
  std::string lines;
  for (const DeviceStatus& each : devices) {
    const std::string state = state_text(each);
    if (!is_narrow(layout) || table.contains(state)) continue;
    const std::string name = each.device.name.empty() ? each.device.sn : each.device.name;
    lines += fmt::format("{}: {}\n", printable(name), state);
  }
  return lines;
}

std::string devices_text(const std::vector<DeviceStatus>& devices, const StatusLayout& layout) {
  constexpr std::size_t kBesideBar = 8;  // " 100 % ▲"
  const std::size_t bar = is_narrow(layout) ? kShortBar : 2 * kShortBar;
  // The signed HTTP API does not say when a device reported.
  const bool has_ages =
      std::ranges::any_of(devices, [](const DeviceStatus& each) { return each.age.has_value(); });
  std::vector<Table::Column> columns;
  if (layout.marks) columns.push_back({.title = "", .at_least = 1});
  add_name_columns(columns, layout, std::string(translated("DEVICE")));
  columns.push_back({.title = std::string(translated("CHARGE")), .at_least = bar + kBesideBar});
  for (const Phrase title : std::to_array<Phrase>({"SUN", "GRID", "LOAD"})) {
    columns.push_back(
        {.title = std::string(translated(title)), .align = Align::kRight, .at_least = kPower});
  }
  if (has_ages) {
    columns.push_back(
        {.title = std::string(translated("AGE")), .align = Align::kRight, .at_least = kAge});
  }
  columns.push_back({.title = std::string(translated("STATE")), .shrinks_to = kLeastState});
  Table table(std::move(columns));
  for (const DeviceStatus& each : devices) {
    const Overview& overview = each.overview;
    std::vector<Cell> row;
    if (layout.marks) {
      row.push_back({.text = each.changed.empty() ? "" : "*", .style = Style::kWarning});
    }
    add_name_cells(row, each, layout);
    row.push_back(charge_cell(each, bar));
    row.push_back({.text = watts_text(overview.sun_w), .style = mark_of(each, "sunW")});
    row.push_back({.text = watts_text(overview.grid_w), .style = mark_of(each, "gridW")});
    row.push_back({.text = watts_text(overview.load_w), .style = mark_of(each, "loadW")});
    if (has_ages) row.push_back(age_cell(each.age));
    row.push_back(state_cell(each));
    table.add_styled(std::move(row));
  }
  std::string text = table.text(layout.coloured, layout.width);
  return text + states_cut_in(text, devices, layout);
}

std::string energy_text(const std::vector<DeviceStatus>& devices, const StatusLayout& layout) {
  std::vector<EnergyColumn> shown;
  std::ranges::copy_if(kDeviceEnergyColumns, std::back_inserter(shown),
                       [&](const EnergyColumn& column) {
                         return std::ranges::any_of(devices, [&](const DeviceStatus& each) {
                           return energy_of(each.energy_kwh, column).has_value();
                         });
                       });
  if (shown.empty()) return {};
  std::vector<Table::Column> columns;
  add_name_columns(columns, layout, std::string(translated("TODAY, kWh")));
  for (const EnergyColumn& each : shown) {
    columns.push_back({.title = std::string(translated(each.title)),
                       .align = Align::kRight,
                       .at_least = kEnergy});
  }
  Table table(std::move(columns));
  for (const DeviceStatus& each : devices) {
    if (each.energy_kwh.empty()) continue;
    std::vector<Cell> row;
    add_name_cells(row, each, layout);
    for (const EnergyColumn& column : shown) {
      row.push_back({.text = energy_cell(energy_of(each.energy_kwh, column))});
    }
    table.add_styled(std::move(row));
  }
  return '\n' + table.text(layout.coloured, layout.width);
}

// --- the home's powers

using overview::HomePicture;
using overview::PowerNode;
using overview::PowerPlace;

std::string power_text(const PowerNode& node) {
  if (!node.power_w) return "?";
  return fmt::format("{}{}", node.at_least ? translated("at least ") : "",
                     watts_text(std::abs(*node.power_w)));
}

std::string battery_text(const HomePicture& picture) {
  const PowerNode& node = picture.at(PowerPlace::kBattery);
  std::string text(translated("battery"));
  if (picture.charge_percent) text += fmt::format(" {:.0f} %", *picture.charge_percent);
  const double power_w = node.power_w.value_or(0);
  if (node.power_w && std::abs(power_w) <= kIdle_w) return text.append(translated(" idle"));
  return text + fmt::format("{}{}",
                            !node.power_w ? " "
                            : power_w > 0 ? translated(" charging ")
                                          : translated(" giving "),
                            power_text(node));
}

std::string grid_text(const PowerNode& node) {
  const bool is_fed = node.power_w && *node.power_w < 0;
  return fmt::format("{} {}", is_fed ? translated("to the grid") : translated("from the grid"),
                     power_text(node));
}

// The parts in lines that fit a terminal of 80 columns.
std::string wrapped(const std::vector<std::string>& parts) {
  constexpr std::size_t kMost = 78;
  std::string text;
  std::size_t line = 0;
  for (const std::string& part : parts) {
    const std::size_t more = width_of(part) + 2;
    if (!text.empty()) text += line + more > kMost ? ",\n  " : ", ";
    line = line + more > kMost ? more + 2 : line + more;
    text += part;
  }
  return text;
}

std::string picture_text(const HomePicture& picture) {
  const bool is_known =
      picture.charge_percent || std::ranges::any_of(picture.nodes, [](const PowerNode& each) {
        return each.power_w.has_value();
      });
  if (!is_known) return {};
  std::vector<std::string> parts;
  for (const auto& [place, name] :
       {std::pair(PowerPlace::kHome, Phrase("home")), std::pair(PowerPlace::kSun, Phrase("sun"))}) {
    const PowerNode& node = picture.at(place);
    if (node.exists) parts.push_back(fmt::format("{} {}", translated(name), power_text(node)));
  }
  if (picture.at(PowerPlace::kBattery).exists) parts.push_back(battery_text(picture));
  if (picture.at(PowerPlace::kGrid).exists)
    parts.push_back(grid_text(picture.at(PowerPlace::kGrid)));
  for (const auto& [place, name] :
       {std::pair(PowerPlace::kCar, Phrase("car")), std::pair(PowerPlace::kHeat, Phrase("heat"))}) {
    const PowerNode& node = picture.at(place);
    if (node.power_w.value_or(0) > kIdle_w) {
      parts.push_back(fmt::format("{} {}", translated(name), power_text(node)));
    }
  }
  return wrapped(parts);
}

HomePicture picture_of(const std::vector<const DeviceStatus*>& devices) {
  std::vector<history::EnergySources> sources;
  sources.reserve(devices.size());
  std::vector<overview::Member> members;
  members.reserve(devices.size());
  for (const DeviceStatus* each : devices) {
    members.push_back({.family = each->device_file.get(),
                       .sn = each->device.sn,
                       .meter_sn = each->overview.meter_sn});
  }
  const std::vector<overview::Role> roles = overview::roles_of(members);
  std::vector<overview::PictureDevice> parts;
  std::deque<overview::Overview> dark;
  for (const DeviceStatus* each : devices) {
    using enum overview::UnknownReason;
    const bool is_now = each->freshness == overview::Freshness::kLive ||
                        overview::is_of_now(overview::DeviceMoment{.online = each->device.online,
                                                                   .age = each->age});
    sources.emplace_back(*each->device_file);
    parts.push_back({.role = roles[parts.size()],
                     .sources = &sources.back(),
                     .has_charge = overview::has_charge(*each->device_file),
                     .figures = is_now && each->error.empty() ? &each->overview : nullptr,
                     .no_figures = each->freshness == overview::Freshness::kNever ? kNever
                                   : each->device.online                          ? kOld
                                                                                  : kOffline});
    const bool is_dark = each->freshness == overview::Freshness::kOffline &&
                         catalog::awake_formula(*each->device_file) != nullptr;
    if (!is_dark) continue;
    parts.back().figures = &dark.emplace_back(overview::overview_without_sun(sources.back()));
  }
  return overview::picture_of(parts);
}

std::map<std::string_view, std::vector<const DeviceStatus*>> by_owner(
    const std::vector<DeviceStatus>& devices) {
  std::map<std::string_view, std::vector<const DeviceStatus*>> homes;
  for (const DeviceStatus& each : devices) {
    if (each.device_file != nullptr) homes[each.device.owner].push_back(&each);
  }
  return homes;
}

Json or_null(const std::optional<double>& number) {
  if (!number) return {};
  constexpr double kTenths = 10;
  return std::round(*number * kTenths) / kTenths;
}

}  // namespace

DeviceStatus read_status(OpenHome& home, const ShownDevice& device, WithEnergy with_energy) {
  const catalog::FamilyPtr family =
      home.catalog->in_language(home.catalog->of_serial(device.sn), language());
  DeviceStatus status{.device = device, .family = family->id, .device_file = family};
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
  status.overview = overview::overview_of(*family, catalog::flat_values(*family, values->quotas));
  status.overview.meter_sn = meter_of(*home.home, device.sn, *family);
  if (with_energy == WithEnergy::kNo) return status;
  // A server without energy sums, or a family without powers, has nothing to add.
  const auto energy = home.home->energy(device.sn, {.period = "day"});
  const Json* total = energy ? wire::member(*energy, "total") : nullptr;
  if (total != nullptr && total->is_object()) status.energy_kwh = total->get_object();
  status.energy_kwh.erase("unknown_s");
  return status;
}

std::string charge_bar(double percent, std::size_t characters) {
  const double share = std::clamp(percent / 100, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(std::lround(share * static_cast<double>(characters)));
  std::string bar;
  for (std::size_t i = 0; i < characters; ++i) bar += i < full ? "█" : "░";
  return bar;
}

std::string status_text(const std::vector<DeviceStatus>& devices, const StatusLayout& layout) {
  return devices_text(devices, layout) + energy_text(devices, layout);
}

std::vector<JsonObject> home_json(const std::vector<DeviceStatus>& devices) {
  std::vector<JsonObject> rows;
  const auto homes = by_owner(devices);
  for (const auto& [owner, parts] : homes) {
    const HomePicture picture = picture_of(parts);
    JsonObject& row = rows.emplace_back();
    if (homes.size() > 1) row["owner"] = owner;
    for (const auto& [name, place] :
         {std::pair("homeW", PowerPlace::kHome), std::pair("sunW", PowerPlace::kSun),
          std::pair("batteryW", PowerPlace::kBattery), std::pair("gridW", PowerPlace::kGrid),
          std::pair("carW", PowerPlace::kCar), std::pair("heatW", PowerPlace::kHeat)}) {
      row[name] = or_null(picture.at(place).power_w);
    }
    row["chargePercent"] = or_null(picture.charge_percent);
    row["unaccountedW"] = or_null(picture.unaccounted_w);
  }
  return rows;
}

std::string home_text(const std::vector<DeviceStatus>& devices) {
  const auto homes = by_owner(devices);
  std::string lines;
  for (const auto& [owner, parts] : homes) {
    const std::string text = picture_text(picture_of(parts));
    if (text.empty()) continue;
    lines += homes.size() == 1 ? fmt::format("{}\n", text)
                               : fmt::format("{}:\n  {}\n", printable(owner), text);
  }
  return lines;
}

JsonObject status_json(const DeviceStatus& status) {
  JsonArray errors;
  for (const ActiveError& each : status.overview.errors) {
    errors.push_back(JsonObject{
        {"field", each.field}, {"severity", catalog::name_of(each.severity)}, {"text", each.text}});
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

std::vector<ValueChange> changes_between(const std::vector<SeenValue>& before,
                                         const std::vector<SeenValue>& now) {
  using Key = std::pair<std::string_view, std::string_view>;
  std::map<Key, const SeenValue*> known;
  for (const SeenValue& each : before) known.emplace(Key(each.sn, each.field), &each);
  std::vector<ValueChange> changes;
  for (const SeenValue& each : now) {
    const auto found = known.find({each.sn, each.field});
    if (found == known.end()) {
      changes.push_back({.before = nullptr, .now = &each});
    } else if (found->second->value != each.value) {
      changes.push_back({.before = found->second, .now = &each});
    }
  }
  return changes;
}

std::string change_line(const ValueChange& change, const std::string& clock) {
  const SeenValue& now = *change.now;
  std::string line = fmt::format("{}  {}  {}  ", clock, now.sn, now.field);
  if (change.before != nullptr) line += change.before->text + " -> ";
  return printable(line + now.text);
}

wire::JsonObject change_json(const ValueChange& change, const std::string& at) {
  const SeenValue& now = *change.now;
  return {{"at", at},
          {"sn", now.sn},
          {"field", now.field},
          {"before", change.before == nullptr ? wire::Json() : change.before->value},
          {"value", now.value},
          {"text", now.text}};
}

}  // namespace gridloom::app
