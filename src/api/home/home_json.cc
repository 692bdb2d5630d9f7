#include "api/home/home_json.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "hub/shard.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

using overview::HomePicture;
using overview::Node;
using overview::Place;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr Millis kUsualRhythm = std::chrono::seconds(60);

Json or_null(const std::optional<double>& number, double steps = 10) {
  if (!number) return {};
  const double rounded = std::round(*number * steps) / steps;
  return rounded == 0 ? 0.0 : rounded;  // and no -0
}

Json energy(const std::optional<double>& kwh) { return or_null(kwh, 1000); }

// Names the devices because of which a node's power is not known; a node that is known stays as it
// is.
void add_unknown(JsonObject& row, const Node& node, const std::vector<ShownDevice>& devices) {
  if (node.unknown_devices == 0) return;
  JsonArray rows;
  for (const overview::UnknownDevice& each : node.unknown) {
    rows.push_back(
        JsonObject{{"sn", devices.at(each.device).sn}, {"reason", name_of(each.reason)}});
  }
  row["unknown"] = std::move(rows);
  if (node.unknown_devices > node.unknown.size()) row["unknownDevices"] = node.unknown_devices;
}

JsonObject nodes_of(const HomePicture& picture, const std::vector<ShownDevice>& devices) {
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
          {"selfSufficiency_percent", or_null(sums.self_sufficiency_percent)},
          {"unknown_s", Json()}};
}

JsonObject device_of(const ShownDevice& device, TimePoint now) {
  JsonArray faults;
  for (const overview::ActiveError& each : device.figures.errors) {
    faults.push_back(JsonObject{{"field", each.field},
                                {"title", each.title},
                                {"value", each.value},
                                {"text", each.meaning}});
  }
  return {{"sn", device.sn},
          {"name", device.name},
          {"family", device.family->id},
          {"familyName", device.family->product},
          {"role", name_of(device.role)},
          {"state", state_of(device, now)},
          {"lastReport", device.last_report ? Json(unix_ms(*device.last_report)) : Json()},
          {"charge_percent", or_null(device.figures.charge_percent)},
          {"batteryPower_w", or_null(device.figures.battery_w)},
          {"sunPower_w", or_null(device.figures.sun_w)},
          {"loadPower_w", or_null(device.figures.load_w)},
          {"gridPower_w", or_null(device.figures.grid_w)},
          {"faults", std::move(faults)}};
}

bool is_fresh(const ShownDevice& device, TimePoint now) {
  return device.last_report && now - *device.last_report <= kOldValue;
}

overview::UnknownReason no_figures_of(const ShownDevice& device) {
  using enum overview::UnknownReason;
  if (!device.has_values) return kNever;
  return device.online ? kOld : kOffline;
}

// The powers of a home belong to the moment for which all of its meters have reported: a switch
// that one device told and the meter has not seen yet invents no power. Nothing: there is no meter.
std::optional<TimePoint> moment_of(const std::vector<ShownDevice>& devices, TimePoint now) {
  std::optional<TimePoint> moment;
  for (const ShownDevice& device : devices) {
    if (device.role != overview::Role::kMeter || !is_fresh(device, now)) continue;
    moment = std::min(moment.value_or(*device.last_report), *device.last_report);
  }
  return moment;
}

}  // namespace

// A device without changes sends all its values now and then; half as long again is late.
Millis quiet_after(const catalog::Family& family) {
  return std::max(kUsualRhythm, Millis(family.messages.full_ms * 3 / 2));
}

std::string_view state_of(const catalog::Family& family, const DeviceMoment& moment) {
  if (!moment.online) return moment.has_values ? "offline" : "never";
  const bool is_live =
      moment.last_report && moment.now - *moment.last_report <= quiet_after(family);
  return is_live ? "live" : "quiet";
}

std::string_view state_of(const ShownDevice& device, TimePoint now) {
  return state_of(*device.family, {.online = device.online,
                                   .has_values = device.has_values,
                                   .last_report = device.last_report,
                                   .now = now});
}

std::optional<TimePoint> next_change(const ShownDevice& device, TimePoint now) {
  std::optional<TimePoint> next;
  if (!device.last_report) return next;
  for (const Millis age : {quiet_after(*device.family), kOldValue}) {
    const TimePoint at = *device.last_report + age + Millis(1);
    if (at > now && (!next || at < *next)) next = at;
  }
  return next;
}

std::string home_members(const std::vector<ShownDevice>& devices,
                         const std::optional<overview::Ledger>& today, TimePoint now) {
  std::vector<overview::HomeDevice> parts;
  parts.reserve(devices.size());
  JsonArray rows;
  const std::optional<TimePoint> moment = moment_of(devices, now);
  for (const ShownDevice& device : devices) {
    const bool is_ahead = moment && device.moment >= *moment + hub::kMoment;
    const overview::Overview& figures = is_ahead ? device.figures_before : device.figures;
    parts.push_back({.role = device.role,
                     .sources = &device.sources,
                     .has_charge = overview::has_charge(*device.family),
                     .figures = is_fresh(device, now) ? &figures : nullptr,
                     .no_figures = no_figures_of(device)});
    rows.push_back(device_of(device, now));
  }
  const HomePicture picture = overview::picture_of(parts);
  const std::string text =
      wire::to_text(JsonObject{{"nodes", nodes_of(picture, devices)},
                               {"flows", flows_of(picture)},
                               {"unaccounted_w", or_null(picture.unaccounted_w)},
                               {"gridCaption", name_of(picture.grid_caption)},
                               {"today", today_of(today)},
                               {"devices", std::move(rows)}});
  return text.substr(1, text.size() - 2);
}

}  // namespace gridloom::api
