#include "bridges/mirror/presence.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gridloom::bridges::mirror {

Presence::Device* Presence::listed_device(std::string_view sn) {
  const auto found = devices_.find(sn);
  return found == devices_.end() || !found->second.is_listed ? nullptr : &found->second;
}

std::vector<std::string> Presence::listed(std::span<const Listed> devices, Moment now) {
  std::vector<std::string> came_online;
  for (auto& [sn, device] : devices_) device.is_listed = false;
  for (const auto& [sn, online] : devices) {
    Device& device = devices_.try_emplace(sn).first->second;
    device.is_listed = true;
    // The list is late: a newer status or report says more.
    if (online && is_over(device.offline_at, rhythm_.list_lag, now)) {
      if (!std::exchange(device.is_online, true)) came_online.push_back(sn);
    } else if (!online && is_over(device.reported_at, rhythm_.list_lag, now)) {
      device.is_online = false;
    }
  }
  for (auto& [sn, device] : devices_) device.is_online = device.is_online && device.is_listed;
  return came_online;
}

bool Presence::status(std::string_view sn, bool online, Moment now) {
  Device* device = listed_device(sn);
  if (device == nullptr) return false;
  if (!online) device->offline_at = now;
  return !std::exchange(device->is_online, online) && online;
}

bool Presence::reported(std::string_view sn, Moment now) {
  Device* device = listed_device(sn);
  if (device == nullptr) return false;
  if (device->reported_at) {
    const auto gap = std::chrono::duration_cast<Millis>(now - *device->reported_at);
    device->gap = std::max(gap, device->gap - device->gap / 8);
  }
  device->reported_at = now;
  return !std::exchange(device->is_online, true);
}

void Presence::link_down() {
  is_link_up_ = false;
  for (auto& [sn, device] : devices_) {
    device.is_online = false;
    device.offline_at.reset();
    device.reported_at.reset();
    device.gap = Millis{0};
  }
}

bool Presence::is_listed(std::string_view sn) const {
  const auto found = devices_.find(sn);
  return found != devices_.end() && found->second.is_listed;
}

bool Presence::online(std::string_view sn) const {
  const auto found = devices_.find(sn);
  return is_link_up_ && found != devices_.end() && found->second.is_online;
}

bool Presence::is_silent(const Device& device, Moment now) const {
  const Millis usual = std::clamp(2 * device.gap, rhythm_.silence, rhythm_.quotas_most);
  return is_over(device.reported_at, usual, now);
}

bool Presence::silent(std::string_view sn, Moment now) const {
  const auto found = devices_.find(sn);
  return found == devices_.end() || is_silent(found->second, now);
}

bool Presence::is_in_doubt(Moment now) const {
  return is_link_up_ && std::ranges::any_of(devices_, [&](const auto& each) {
           return each.second.is_online && is_silent(each.second, now);
         });
}

}  // namespace gridloom::bridges::mirror
