#include "bridges/mirror/mirrored_devices.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "bridges/mirror/device_values.h"
#include "hub/platform/fault_injector.h"
#include "wire/json.h"

namespace gridloom::bridges::mirror {

Status AddedDevices::restore(std::string_view text) {
  const auto parsed = wire::parse_json(text, {.keys = 1'000'000});
  const wire::Json* devices = parsed ? wire::member(*parsed, "devices") : nullptr;
  if (devices == nullptr || !devices->is_object()) {
    return fail(ErrorCode::kMalformed, "what it has brought cannot be read");
  }
  for (const auto& [sn, number] : devices->get_object()) {
    if (wire::is_whole(number)) devices_.insert_or_assign(std::string(sn), wire::whole(number));
  }
  return {};
}

std::string AddedDevices::to_text() const {
  wire::JsonObject devices;
  for (const auto& [sn, number] : devices_) devices[sn] = number;
  return wire::to_text(wire::JsonObject{{"devices", std::move(devices)}});
}

bool AddedDevices::has(std::string_view sn, std::int64_t number) const {
  const auto found = devices_.find(sn);
  return found != devices_.end() && (found->second == 0 || found->second == number);
}

namespace {

// The faults that happen to one device; the others happen to all requests of an account.
bool is_of_devices(hub::PlatformFault fault) {
  using enum hub::PlatformFault;
  constexpr std::array kOfDevices = {kFrozenSnapshot, kStaleOffline,    kNullData,
                                     kFlappingOnline, kSleepyPush,      kUnansweredSet,
                                     kRefusedValue,   kModelNotAllowed, kTextValues};
  return std::ranges::find(kOfDevices, fault) != kOfDevices.end();
}

}  // namespace

MirroredDevices::MirroredDevices(
    const Parts& parts, Identity identity,
    std::function<void(std::string_view sn, std::string_view payload)> on_set)
    : hub_(parts.hub),
      registry_(parts.registry),
      identity_(std::move(identity)),
      gateway_({.hub = parts.hub,
                .loop = parts.loop,
                .account = identity_.account,
                .client_id = "bridge-" + identity_.name,
                .on_set = std::move(on_set),
                .on_dropped = [health = identity_.health](std::size_t count) {
                  health->count_dropped(count);
                }}) {}

bool MirroredDevices::add(const std::string& sn) {
  const auto& catalog = *hub_.platform().catalog;
  if (!devices_.try_emplace(sn, catalog.of_serial(sn)).second) return false;
  gateway_.serve(sn);
  return true;
}

std::vector<std::string> MirroredDevices::serial_numbers() const {
  std::vector<std::string> sns;
  sns.reserve(devices_.size());
  for (const auto& [sn, device] : devices_) sns.push_back(sn);
  return sns;
}

void MirroredDevices::report(std::string_view sn, std::string_view payload, Moment at) {
  auto& [name, device] = *devices_.find(sn);
  auto instead = device.values.take_report(payload, at, device_time(), oddities_);
  device.is_online = true;  // a gateway's message says so
  gateway_.report(name, instead ? std::move(*instead) : std::string(payload));
}

void MirroredDevices::reply(std::string_view sn, std::string payload) {
  gateway_.reply(std::string(sn), std::move(payload));
}

Brought MirroredDevices::take_quotas(std::string_view sn, const wire::Json& data,
                                     const DeviceValues::Snapshot& snapshot) {
  auto& [name, device] = *devices_.find(sn);
  const auto news = device.values.take_snapshot(data, snapshot, oddities_);
  if (!news.has_data) return Brought::kNoData;
  for (std::string& report : reports_of(device.values.family(), news.values, device_time())) {
    gateway_.report(name, std::move(report));
  }
  return news.values.empty() ? Brought::kNothingNew : Brought::kNews;
}

void MirroredDevices::tell_presence(const Presence& presence) {
  for (auto& [sn, device] : devices_) {
    const bool online = presence.online(sn);
    if (online == std::exchange(device.is_online, online)) continue;
    if (online) {
      gateway_.say_online(sn);
    } else {
      device.values.session_ended();
      gateway_.say_offline(sn);
    }
  }
}

void MirroredDevices::lay_fault(const std::string& name) {
  std::vector<FaultRule> rules;
  const hub::PlatformFaultInfo* fault = hub::find_platform_fault(name);
  const auto directory = registry_.directory();
  const registry::Account* account = directory->find_account(identity_.account);
  if (fault != nullptr && account != nullptr) {
    const FaultRule rule{.fault = name, .account = account->name};
    if (is_of_devices(fault->fault)) {
      rules.reserve(devices_.size());
      for (const auto& [sn, device] : devices_) {
        rules.push_back(rule);
        rules.back().sn = sn;
      }
    } else {
      rules.push_back(rule);
    }
  }
  hub_.lay_faults("bridge " + identity_.name, rules);
}

void MirroredDevices::tell_figures() {
  Health& health = *identity_.health;
  const auto online =
      std::ranges::count_if(devices_, [](const auto& each) { return each.second.is_online; });
  health.set_figure("devices", static_cast<std::int64_t>(devices_.size()));
  health.set_figure("devices_online", online);
  for (std::size_t i = 0; i < kOddityNames.size(); ++i) {
    health.set_figure(kOddityNames[i], oddities_.of(static_cast<Oddity>(i)));
  }
}

}  // namespace gridloom::bridges::mirror
