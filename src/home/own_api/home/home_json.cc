#include "own_api/home/home_json.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/string_map.h"
#include "history/energy/energy_sources.h"
#include "overview/freshness.h"
#include "overview/home_flows.h"
#include "overview/home_picture.h"
#include "own_api/bodies/home.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

using body::NumberOrNull;
using overview::HomePicture;
using overview::PowerNode;
using overview::PowerPlace;
using Errors = std::vector<overview::ActiveError>;

double rounded(double number, double steps = 10) {
  const double round = std::round(number * steps) / steps;
  return round == 0 ? 0.0 : round;  // and no -0
}

NumberOrNull or_null(const std::optional<double>& number, double steps = 10) {
  if (!number) return {};
  return {rounded(*number, steps)};
}

std::optional<std::int64_t> seconds_of(const std::optional<double>& minutes) {
  if (!minutes) return std::nullopt;
  return std::llround(*minutes * 60);
}

NumberOrNull energy(const std::optional<double>& kwh) { return or_null(kwh, 1000); }

// Names the devices because of which a node's power is not known; a node that is known stays as it
// is.
void add_unknown(body::HomeNode& row, const PowerNode& node,
                 const std::vector<home::HomeDevicePtr>& devices) {
  if (node.unknown_devices == 0) return;
  std::vector<body::UnknownDevice>& rows = row.unknown.emplace();
  rows.reserve(node.unknown.size());
  for (const overview::UnknownDevice& each : node.unknown) {
    rows.push_back({.sn = devices.at(each.device)->sn, .reason = each.reason});
  }
  if (node.unknown_devices > node.unknown.size()) row.unknown_devices = node.unknown_devices;
}

schema::Map<PowerPlace, body::HomeNode> nodes_of(const HomePicture& picture,
                                                 const std::vector<home::HomeDevicePtr>& devices) {
  schema::Map<PowerPlace, body::HomeNode> nodes;
  for (std::size_t i = 0; i < overview::kPlaces; ++i) {
    const auto place = static_cast<PowerPlace>(i);
    const PowerNode& node = picture.at(place);
    if (!node.exists) continue;
    body::HomeNode row{.power_w = or_null(node.power_w), .at_least = node.at_least};
    if (node.known_w) row.known_w = rounded(*node.known_w);
    if (place == PowerPlace::kBattery) row.charge_percent = or_null(picture.charge_percent);
    add_unknown(row, node, devices);
    nodes.members.emplace_back(place, std::move(row));
  }
  return nodes;
}

std::vector<body::Flow> flows_of(const HomePicture& picture) {
  std::vector<body::Flow> rows;
  rows.reserve(picture.flows.size());
  for (const overview::PowerFlow& flow : picture.flows) {
    rows.push_back({.from = flow.from, .to = flow.to, .power_w = rounded(flow.power_w)});
  }
  return rows;
}

body::Today today_of(const std::optional<overview::Ledger>& ledger) {
  using enum overview::Quantity;
  if (!ledger) return {};
  const overview::HomeFlows& sums = ledger->flows_kwh;
  return {.sun_kwh = energy(sums.of(kSun)),
          .grid_import_kwh = energy(sums.of(kGridImport)),
          .grid_export_kwh = energy(sums.of(kGridExport)),
          .home_kwh = energy(sums.of(kHome)),
          .battery_in_kwh = energy(sums.of(kBatteryIn)),
          .battery_out_kwh = energy(sums.of(kBatteryOut)),
          .self_sufficiency_percent = or_null(ledger->self_sufficiency_percent),
          .at_least = sums.at_least,
          .unknown_s = {sums.unknown_ms / 1000}};
}

// `errors` are those of the device, in the words that are wanted.
body::HomeDeviceBody device_of(const home::HomeDevice& device, const Errors& errors,
                               TimePoint now) {
  const overview::Overview& figures = device.figures;
  body::HomeDeviceBody row{.sn = device.sn,
                           .name = device.name,
                           .family = device.family->id,
                           .family_name = device.product,
                           .role = device.role,
                           .state = freshness_of(device, now),
                           .charge_percent = or_null(figures.charge_percent),
                           .battery_power_w = or_null(figures.battery_w),
                           .sun_power_w = or_null(figures.sun_w),
                           .load_power_w = or_null(figures.load_w),
                           .grid_power_w = or_null(figures.grid_w),
                           .full_in_s = seconds_of(figures.full_in_min),
                           .empty_in_s = seconds_of(figures.empty_in_min),
                           .faults = faults_of(errors, device.faults_since)};
  if (device.last_report) row.last_report_ms = {unix_ms(*device.last_report)};
  return row;
}

// The members with the errors of each device, which is named by its place in the home, in the words
// of `errors_of`.
std::string members_with(const home::HomeState& state, const HomePicture& picture,
                         const std::function<const Errors&(std::size_t device)>& errors_of) {
  body::HomeBody home{.nodes = nodes_of(picture, state.devices),
                      .flows = flows_of(picture),
                      .unaccounted_w = or_null(picture.unaccounted_w),
                      .grid_caption = picture.grid_caption,
                      .today = today_of(state.today)};
  home.devices.reserve(state.devices.size());
  for (std::size_t i = 0; i < state.devices.size(); ++i) {
    home.devices.push_back(device_of(*state.devices[i], errors_of(i), state.now));
  }
  return schema::members_text(home, 1);
}

}  // namespace

std::vector<body::ActiveError> faults_of(const std::vector<overview::ActiveError>& faults,
                                         const home::FaultTimes& since) {
  std::vector<body::ActiveError> rows;
  rows.reserve(faults.size());
  for (const overview::ActiveError& each : faults) {
    body::ActiveError& row = rows.emplace_back(body::ActiveError{.field = each.field,
                                                                 .severity = each.severity,
                                                                 .title = each.title,
                                                                 .value = each.value,
                                                                 .text = each.meaning});
    const auto found = since.find(each.quota);
    if (found != since.end()) row.since_ms = {unix_ms(found->second)};
  }
  return rows;
}

std::string translated_home_members(const home::HomeState& state, const HomePicture& picture,
                                    const catalog::Catalog& catalog, catalog::Language language) {
  std::vector<Errors> translated(state.devices.size());
  for (std::size_t i = 0; i < state.devices.size(); ++i) {
    const home::HomeDevice& device = *state.devices[i];
    if (device.figures.errors.empty()) continue;
    const catalog::FamilyPtr family = catalog.in_language(device.family, language);
    for (const overview::ActiveError& error : device.figures.errors) {
      translated[i].push_back(overview::in_words_of(*family, error));
    }
  }
  return members_with(state, picture,
                      [&](std::size_t i) -> const Errors& { return translated[i]; });
}

std::string home_members(const home::HomeState& state, const HomePicture& picture) {
  return members_with(state, picture, [&](std::size_t i) -> const Errors& {
    return state.devices[i]->figures.errors;
  });
}

namespace {

using wire::Json;
using wire::JsonObject;

// The rows of devices come behind this, at the home's end. Nothing before it is a text of a device.
constexpr std::string_view kRows = R"("devices":[)";

constexpr auto kPictureMembers =
    std::to_array<std::string_view>({"nodes", "flows", "unaccounted_w", "gridCaption"});
constexpr auto kNodeMembers =
    std::to_array<std::string_view>({"power_w", "atLeast", "charge_percent"});

// The place behind the object that begins at `at`.
std::size_t end_of_object(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  bool is_in_string = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (is_in_string) {
      if (c == '\\') ++at;
      if (c == '"') is_in_string = false;
    } else if (c == '"') {
      is_in_string = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return at + 1;
    }
  }
  return text.size();
}

// The row of a device; empty: the home has no such device.
std::string_view row_of(std::string_view home, std::string_view sn) {
  const std::string begin = fmt::format(R"({{"sn":"{}",)", sn);
  const std::size_t rows = home.find(kRows);
  if (rows == std::string_view::npos) return {};
  for (std::size_t at = rows + kRows.size(); at < home.size() && home[at] == '{';) {
    const std::size_t end = end_of_object(home, at);
    const std::string_view row = home.substr(at, end - at);
    if (row.starts_with(begin)) return row;
    at = end + 1;  // behind the comma
  }
  return {};
}

// The members of `from` with these names.
JsonObject chosen(const JsonObject& from, std::span<const std::string_view> names) {
  JsonObject made;
  for (const std::string_view name : names) {
    if (const Json* value = from.if_contains(name)) made[name] = *value;
  }
  return made;
}

// The picture of the home; a node is shown without the devices that make it unknown.
JsonObject picture_in(std::string_view home) {
  std::string head(home.substr(0, home.find(kRows)));
  head.append(kRows).append("]}");
  const auto parsed = wire::parse_json(head);
  if (!parsed || !parsed->is_object()) return {};
  JsonObject picture = chosen(parsed->get_object(), kPictureMembers);
  if (Json* nodes = picture.if_contains("nodes"); nodes != nullptr && nodes->is_object()) {
    for (auto& [place, node] : nodes->get_object()) {
      if (node.is_object()) node = chosen(node.get_object(), kNodeMembers);
    }
  }
  return picture;
}

}  // namespace

std::optional<Card> card_of(const registry::Token* token) {
  if (token == nullptr || token->scope != registry::Scope::kCard) return std::nullopt;
  return Card{.device = token->device};
}

std::string card_members(std::string_view home, const Card& card) {
  std::string empty =
      schema::members_text(body::HomeBody{.grid_caption = overview::GridCaption::kNone}, 1);
  if (!card.device.empty()) {
    empty.insert(empty.size() - 1, row_of(home, card.device));
    return empty;
  }
  auto whole = wire::parse_json(fmt::format("{{{}}}", empty));
  if (!whole || !whole->is_object()) return empty;
  for (auto& [name, value] : picture_in(home)) whole->get_object()[name] = std::move(value);
  const std::string text = wire::to_text(*whole);
  return text.substr(1, text.size() - 2);
}

std::string card_text(std::string_view members, std::int64_t now_ms) {
  return fmt::format(R"({{"now":{},{}}})", now_ms, members);
}

namespace {

using body::EvccNumber;
using history::EnergyFlow;
using overview::measures;
using overview::Quantity;

// Rounding never lets a counter fall.
EvccNumber kwh_of(const std::optional<double>& wh) {
  if (!wh) return std::nullopt;
  return std::round(*wh) / 1000;
}

EvccNumber rounded(const std::optional<double>& number, double sign = 1) {
  if (!number) return std::nullopt;
  const double round = std::round(*number * 10) / 10;
  return round == 0 ? 0.0 : sign * round;  // and no -0
}

EvccNumber power_of(const overview::PowerNode& node, double sign = 1) {
  if (node.at_least) return std::nullopt;
  return rounded(node.power_w, sign);
}

EvccNumber home_energy(const home::EnergyTotals* totals, Quantity quantity) {
  if (totals == nullptr) return std::nullopt;
  return kwh_of(totals->home_wh.at(static_cast<std::size_t>(quantity)));
}

EvccNumber energy_of(const home::EnergyTotals::Device* device, EnergyFlow flow) {
  if (device == nullptr) return std::nullopt;
  return kwh_of(device->wh.at(static_cast<std::size_t>(flow)));
}

bool has_battery_power(const home::HomeDevice& device) {
  using enum history::Power;
  return measures(*device.sources, kBattery) || measures(*device.sources, kBatteryCharge) ||
         measures(*device.sources, kBatteryDischarge);
}

// A panel has the charge of other devices' batteries.
bool has_battery(const home::HomeDevice& device) {
  return has_battery_power(device) ||
         (device.role != overview::Role::kPanel && overview::has_charge(*device.family));
}

// The capacity of all batteries of the home. Nothing: it is not known of one of them.
std::optional<double> capacity_of(const home::HomeState& state) {
  double sum_wh = 0;
  for (const home::HomeDevicePtr& device : state.devices) {
    if (!has_battery(*device)) continue;
    if (!device->figures.capacity_wh) return std::nullopt;
    sum_wh += *device->figures.capacity_wh;
  }
  return sum_wh > 0 ? std::optional(sum_wh) : std::nullopt;
}

body::EvccDevice device_of(const home::HomeDevice& device, TimePoint now,
                           const home::EnergyTotals::Device* totals) {
  body::EvccDevice row{.sn = device.sn, .name = device.name};
  const overview::Overview none;
  const overview::Overview& figures = home::is_of_now(device, now) ? device.figures : none;
  if (measures(*device.sources, history::Power::kPv)) {
    row.pv = {.power_w = rounded(figures.sun_w), .energy_kwh = energy_of(totals, EnergyFlow::kPv)};
  }
  if (has_battery(device)) {
    row.battery = {.power_w = rounded(figures.battery_w, -1),
                   .soc_percent = rounded(figures.charge_percent),
                   .capacity_kwh = kwh_of(device.figures.capacity_wh),
                   .energy_kwh = energy_of(totals, EnergyFlow::kBatteryOut),
                   .return_energy_kwh = energy_of(totals, EnergyFlow::kBatteryIn)};
  }
  return row;
}

}  // namespace

body::Evcc evcc_of(const home::HomeState& state, const overview::HomePicture& picture,
                   const home::EnergyTotals* totals,
                   const std::optional<home::BatteryModes::Leases>& modes) {
  body::Evcc made{.now_ms = unix_ms(state.now)};
  if (totals != nullptr) made.epoch = totals->epoch;
  const overview::PowerNode& grid = picture.at(PowerPlace::kGrid);
  if (grid.exists && picture.grid_caption == overview::GridCaption::kMeasured) {
    made.grid = {.power_w = power_of(grid),
                 .energy_kwh = home_energy(totals, Quantity::kGridImport),
                 .return_energy_kwh = home_energy(totals, Quantity::kGridExport)};
  }
  if (picture.at(PowerPlace::kSun).exists) {
    made.pv = {.power_w = power_of(picture.at(PowerPlace::kSun)),
               .energy_kwh = home_energy(totals, Quantity::kSun)};
  }
  if (picture.at(PowerPlace::kBattery).exists) {
    made.battery = {.power_w = power_of(picture.at(PowerPlace::kBattery), -1),
                    .soc_percent = rounded(picture.charge_percent),
                    .capacity_kwh = kwh_of(capacity_of(state)),
                    .energy_kwh = home_energy(totals, Quantity::kBatteryOut),
                    .return_energy_kwh = home_energy(totals, Quantity::kBatteryIn)};
  }
  StringMap<const home::EnergyTotals::Device*> by_sn;
  if (totals != nullptr) {
    for (const home::EnergyTotals::Device& each : totals->devices) by_sn.emplace(each.sn, &each);
  }
  for (const home::HomeDevicePtr& device : state.devices) {
    const auto found = by_sn.find(device->sn);
    body::EvccDevice row =
        device_of(*device, state.now, found == by_sn.end() ? nullptr : found->second);
    if (row.pv || row.battery) made.devices.push_back(row);
  }
  if (modes) made.modes = modes_of(*modes);
  return made;
}

std::vector<body::BatteryModeState> modes_of(const home::BatteryModes::Leases& leases) {
  std::vector<body::BatteryModeState> modes;
  modes.reserve(leases.size());
  for (const home::BatteryLease& lease : leases) {
    modes.push_back({.sn = lease.sn,
                     .mode = std::to_underlying(lease.mode),
                     .name = lease.mode,
                     .state = lease.state,
                     .until_ms = lease.until_ms});
  }
  return modes;
}

}  // namespace gridloom::api
