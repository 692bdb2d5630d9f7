#include "own_api/home/home_json.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "overview/home_picture.h"
#include "overview/ledger.h"
#include "own_api/bodies/home.h"

namespace gridloom::api {
namespace {

using body::NumberOrNull;
using overview::HomePicture;
using overview::Node;
using overview::Place;
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
void add_unknown(body::HomeNode& row, const Node& node,
                 const std::vector<home::HomeDevicePtr>& devices) {
  if (node.unknown_devices == 0) return;
  std::vector<body::UnknownDevice>& rows = row.unknown.emplace();
  rows.reserve(node.unknown.size());
  for (const overview::UnknownDevice& each : node.unknown) {
    rows.push_back({.sn = devices.at(each.device)->sn, .reason = each.reason});
  }
  if (node.unknown_devices > node.unknown.size()) row.unknown_devices = node.unknown_devices;
}

schema::Map<Place, body::HomeNode> nodes_of(const HomePicture& picture,
                                            const std::vector<home::HomeDevicePtr>& devices) {
  schema::Map<Place, body::HomeNode> nodes;
  for (std::size_t i = 0; i < overview::kPlaces; ++i) {
    const auto place = static_cast<Place>(i);
    const Node& node = picture.at(place);
    if (!node.exists) continue;
    body::HomeNode row{.power_w = or_null(node.power_w), .at_least = node.at_least};
    if (node.known_w) row.known_w = rounded(*node.known_w);
    if (place == Place::kBattery) row.charge_percent = or_null(picture.charge_percent);
    add_unknown(row, node, devices);
    nodes.members.emplace_back(place, std::move(row));
  }
  return nodes;
}

std::vector<body::Flow> flows_of(const HomePicture& picture) {
  std::vector<body::Flow> rows;
  rows.reserve(picture.flows.size());
  for (const overview::Flow& flow : picture.flows) {
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
body::HomeDevice device_of(const home::HomeDevice& device, const Errors& errors, TimePoint now) {
  const overview::Overview& figures = device.figures;
  body::HomeDevice row{.sn = device.sn,
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
  body::Home home{.nodes = nodes_of(picture, state.devices),
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

}  // namespace gridloom::api
