#include "api/home/home_json.h"

#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "overview/home_picture.h"
#include "overview/ledger.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

using overview::HomePicture;
using overview::Node;
using overview::Place;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Json or_null(const std::optional<double>& number, double steps = 10) {
  if (!number) return {};
  const double rounded = std::round(*number * steps) / steps;
  return rounded == 0 ? 0.0 : rounded;  // and no -0
}

Json energy(const std::optional<double>& kwh) { return or_null(kwh, 1000); }

// Names the devices because of which a node's power is not known; a node that is known stays as it
// is.
void add_unknown(JsonObject& row, const Node& node, const std::vector<home::HomeDevice>& devices) {
  if (node.unknown_devices == 0) return;
  JsonArray rows;
  for (const overview::UnknownDevice& each : node.unknown) {
    rows.push_back(
        JsonObject{{"sn", devices.at(each.device).sn}, {"reason", name_of(each.reason)}});
  }
  row["unknown"] = std::move(rows);
  if (node.unknown_devices > node.unknown.size()) row["unknownDevices"] = node.unknown_devices;
}

JsonObject nodes_of(const HomePicture& picture, const std::vector<home::HomeDevice>& devices) {
  JsonObject nodes;
  for (std::size_t i = 0; i < overview::kPlaces; ++i) {
    const auto place = static_cast<Place>(i);
    const Node& node = picture.at(place);
    if (!node.exists) continue;
    JsonObject row{{"power_w", or_null(node.power_w)}, {"atLeast", node.at_least}};
    if (place == Place::kBattery) row["charge_percent"] = or_null(picture.charge_percent);
    add_unknown(row, node, devices);
    nodes[name_of(place)] = std::move(row);
  }
  return nodes;
}

JsonArray flows_of(const HomePicture& picture) {
  JsonArray rows;
  for (const overview::Flow& flow : picture.flows) {
    rows.push_back(JsonObject{{"from", name_of(flow.from)},
                              {"to", name_of(flow.to)},
                              {"power_w", or_null(flow.power_w)}});
  }
  return rows;
}

JsonObject today_of(const std::optional<overview::Ledger>& ledger) {
  const overview::Ledger none;
  const overview::Ledger& sums = ledger ? *ledger : none;
  return {{"sun_kwh", energy(sums.sun_kwh)},
          {"gridImport_kwh", energy(sums.grid_import_kwh)},
          {"gridExport_kwh", energy(sums.grid_export_kwh)},
          {"home_kwh", energy(sums.home_kwh)},
          {"batteryIn_kwh", energy(sums.battery_in_kwh)},
          {"batteryOut_kwh", energy(sums.battery_out_kwh)},
          {"selfSufficiency_percent", or_null(sums.self_sufficiency_percent)}};
}

JsonObject device_of(const home::HomeDevice& device, TimePoint now) {
  return {{"sn", device.sn},
          {"name", device.name},
          {"family", device.family->id},
          {"familyName", device.family->product},
          {"role", name_of(device.role)},
          {"state", name_of(freshness_of(device, now))},
          {"lastReport", device.last_report ? Json(unix_ms(*device.last_report)) : Json()},
          {"charge_percent", or_null(device.figures.charge_percent)},
          {"batteryPower_w", or_null(device.figures.battery_w)},
          {"sunPower_w", or_null(device.figures.sun_w)},
          {"loadPower_w", or_null(device.figures.load_w)},
          {"gridPower_w", or_null(device.figures.grid_w)},
          {"faults", faults_json(device.figures.errors, device.faults_since)}};
}

}  // namespace

JsonArray faults_json(const std::vector<overview::ActiveError>& faults,
                      const home::FaultTimes& since) {
  JsonArray rows;
  for (const overview::ActiveError& each : faults) {
    const auto found = since.find(each.quota);
    rows.push_back(
        JsonObject{{"field", each.field},
                   {"title", each.title},
                   {"value", each.value},
                   {"text", each.meaning},
                   {"since", found == since.end() ? Json() : Json(unix_ms(found->second))}});
  }
  return rows;
}

std::string home_members(const home::HomeState& state) {
  JsonArray rows;
  for (const home::HomeDevice& device : state.devices) rows.push_back(device_of(device, state.now));
  const HomePicture picture = home::picture_of(state);
  const std::string text =
      wire::to_text(JsonObject{{"nodes", nodes_of(picture, state.devices)},
                               {"flows", flows_of(picture)},
                               {"unaccounted_w", or_null(picture.unaccounted_w)},
                               {"gridCaption", name_of(picture.grid_caption)},
                               {"today", today_of(state.today)},
                               {"devices", std::move(rows)}});
  return text.substr(1, text.size() - 2);
}

}  // namespace gridloom::api
