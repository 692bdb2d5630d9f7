#include "home/home_state.h"

#include <algorithm>
#include <chrono>
#include <deque>

#include "catalog/site_meter.h"
#include "hub/shard/publications.h"

namespace gridloom::home {
namespace {

overview::DeviceMoment moment_of(const HomeDevice& device, TimePoint now) {
  overview::DeviceMoment moment{.online = device.online, .has_values = device.has_values};
  if (device.last_report) {
    moment.age = std::chrono::duration_cast<Millis>(now - *device.last_report);
  }
  return moment;
}

overview::UnknownReason no_figures_of(const HomeDevice& device) {
  using enum overview::UnknownReason;
  if (!device.has_values) return kNever;
  return device.online ? kOld : kOffline;
}

// It went off the network, as a device does that its PV modules alone feed.
bool is_without_sun(const HomeDevice& device) {
  return device.has_values && !device.online && catalog::awake_formula(*device.family) != nullptr;
}

// The moment for which all meters of the home have reported. Nothing: there is no meter.
std::optional<TimePoint> moment_of(const HomeState& state) {
  std::optional<TimePoint> moment;
  for (const HomeDevicePtr& device : state.devices) {
    if (device->role != overview::Role::kMeter || !is_of_now(*device, state.now)) continue;
    moment = std::min(moment.value_or(*device->last_report), *device->last_report);
  }
  return moment;
}

}  // namespace

bool is_of_now(const HomeDevice& device, TimePoint now) {
  return overview::is_of_now(moment_of(device, now));
}

overview::Freshness freshness_of(const HomeDevice& device, TimePoint now) {
  return overview::freshness_of(*device.family, moment_of(device, now));
}

std::optional<TimePoint> next_change(const HomeDevice& device, TimePoint now) {
  if (!device.last_report) return std::nullopt;
  const TimePoint away = *device.last_report + overview::kSignsInAgain + Millis(1);
  if (!device.online && away > now) return away;
  return overview::next_change(*device.family, *device.last_report, now);
}

void set_roles(std::vector<HomeDevicePtr>& devices) {
  std::vector<overview::Member> members;
  members.reserve(devices.size());
  for (const HomeDevicePtr& each : devices) {
    members.push_back(
        {.family = each->family.get(), .sn = each->sn, .meter_sn = each->figures.meter_sn});
  }
  const std::vector<overview::Role> roles = overview::roles_of(members);
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (devices[i]->role == roles[i]) continue;
    auto changed = std::make_shared<HomeDevice>(*devices[i]);
    changed->role = roles[i];
    devices[i] = std::move(changed);
  }
}

overview::HomePicture picture_of(const HomeState& state) {
  std::vector<overview::PictureDevice> parts;
  parts.reserve(state.devices.size());
  const std::optional<TimePoint> moment = moment_of(state);
  std::deque<overview::Overview> dark;
  for (const HomeDevicePtr& each : state.devices) {
    const HomeDevice& device = *each;
    const bool is_ahead = moment && device.moment >= *moment + hub::kMoment;
    const overview::Overview& figures = is_ahead ? device.figures_before : device.figures;
    parts.push_back({.role = device.role,
                     .sources = device.sources.get(),
                     .has_charge = overview::has_charge(*device.family),
                     .figures = is_of_now(device, state.now) ? &figures : nullptr,
                     .no_figures = no_figures_of(device)});
    if (!is_without_sun(device)) continue;
    parts.back().figures = &dark.emplace_back(overview::overview_without_sun(*device.sources));
  }
  return overview::picture_of(parts);
}

}  // namespace gridloom::home
