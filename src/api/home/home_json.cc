#include "api/home/home_json.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "api/bodies/home.h"
#include "hub/publications.h"

namespace gridloom::api {
namespace {

using body::NumberOrNull;
using overview::HomePicture;
using overview::Node;
using overview::Place;

constexpr Millis kUsualRhythm = std::chrono::seconds(60);

double rounded(double number, double steps = 10) {
  const double round = std::round(number * steps) / steps;
  return round == 0 ? 0.0 : round;  // and no -0
}

NumberOrNull or_null(const std::optional<double>& number, double steps = 10) {
  if (!number) return {};
  return {rounded(*number, steps)};
}

NumberOrNull energy(const std::optional<double>& kwh) { return or_null(kwh, 1000); }

// Names the devices because of which a node's power is not known; a node that is known stays as it
// is.
void add_unknown(body::HomeNode& row, const Node& node, const std::vector<ShownDevice>& devices) {
  if (node.unknown_devices == 0) return;
  std::vector<body::UnknownDevice>& rows = row.unknown.emplace();
  rows.reserve(node.unknown.size());
  for (const overview::UnknownDevice& each : node.unknown) {
    rows.push_back({.sn = devices.at(each.device).sn, .reason = each.reason});
  }
  if (node.unknown_devices > node.unknown.size()) row.unknown_devices = node.unknown_devices;
}

schema::Map<Place, body::HomeNode> nodes_of(const HomePicture& picture,
                                            const std::vector<ShownDevice>& devices) {
  schema::Map<Place, body::HomeNode> nodes;
  for (std::size_t i = 0; i < overview::kPlaces; ++i) {
    const auto place = static_cast<Place>(i);
    const Node& node = picture.at(place);
    if (!node.exists) continue;
    body::HomeNode row{.power_w = or_null(node.power_w), .at_least = node.at_least};
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
  const overview::Ledger none;
  const overview::Ledger& sums = ledger ? *ledger : none;
  return {.sun_kwh = energy(sums.sun_kwh),
          .grid_import_kwh = energy(sums.grid_import_kwh),
          .grid_export_kwh = energy(sums.grid_export_kwh),
          .home_kwh = energy(sums.home_kwh),
          .battery_in_kwh = energy(sums.battery_in_kwh),
          .battery_out_kwh = energy(sums.battery_out_kwh),
          .self_sufficiency_percent = or_null(sums.self_sufficiency_percent)};
}

body::HomeDevice device_of(const ShownDevice& device, TimePoint now) {
  const overview::Overview& figures = device.figures;
  body::HomeDevice row{.sn = device.sn,
                       .name = device.name,
                       .family = device.family->id,
                       .family_name = device.family->product,
                       .role = device.role,
                       .state = {state_of(device, now)},
                       .charge_percent = or_null(figures.charge_percent),
                       .battery_power_w = or_null(figures.battery_w),
                       .sun_power_w = or_null(figures.sun_w),
                       .load_power_w = or_null(figures.load_w),
                       .grid_power_w = or_null(figures.grid_w)};
  if (device.last_report) row.last_report_ms = {unix_ms(*device.last_report)};
  row.faults.reserve(figures.errors.size());
  for (const overview::ActiveError& each : figures.errors) {
    row.faults.push_back(
        {.field = each.field, .title = each.title, .value = each.value, .text = each.meaning});
  }
  return row;
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
  body::Home home;
  home.devices.reserve(devices.size());
  const std::optional<TimePoint> moment = moment_of(devices, now);
  for (const ShownDevice& device : devices) {
    const bool is_ahead = moment && device.moment >= *moment + hub::kMoment;
    const overview::Overview& figures = is_ahead ? device.figures_before : device.figures;
    parts.push_back({.role = device.role,
                     .sources = &device.sources,
                     .has_charge = overview::has_charge(*device.family),
                     .figures = is_fresh(device, now) ? &figures : nullptr,
                     .no_figures = no_figures_of(device)});
    home.devices.push_back(device_of(device, now));
  }
  const HomePicture picture = overview::picture_of(parts);
  home.nodes = nodes_of(picture, devices);
  home.flows = flows_of(picture);
  home.unaccounted_w = or_null(picture.unaccounted_w);
  home.grid_caption = picture.grid_caption;
  home.today = today_of(today);
  return schema::members_text(home, 1);
}

}  // namespace gridloom::api
