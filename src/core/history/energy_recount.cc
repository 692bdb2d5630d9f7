#include "history/energy_recount.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <string_view>
#include <utility>

#include "history/energy/energy_integrator.h"

namespace gridloom::history {
namespace {

constexpr std::int64_t kHoursAtOnce = 32;
constexpr int kWindowsAtOnce = 64;

}  // namespace

Result<bool> EnergyRecount::work() {
  while (!devices_.empty()) {
    const EnergySources* const sources = accounts_.integrator().sources_of(devices_.front());
    if (sources == nullptr || sources->corrections.empty()) {
      next_device();
      continue;
    }
    const std::int64_t begin = hour_;
    GL_TRY(const auto hours, next_hours(sources->revision()));
    if (!hours.empty()) {
      const auto counted = count(hours);
      if (!counted) {
        hour_ = begin;
        return std::unexpected(counted.error());
      }
      Counted& all = counted_[sources->product];
      all.corrections = sources->corrections;
      all.hours += *counted;
      all.left += hours.size() - *counted;
      if (!std::exchange(device_counts_, true)) ++all.devices;
    }
    if (device_has_ended_) next_device();
    return true;
  }
  tell();
  counted_.clear();
  return false;
}

Result<std::vector<DeviceHour>> EnergyRecount::next_hours(std::uint32_t revision) {
  const DeviceNumber device = devices_.front();
  std::vector<DeviceHour> hours;
  device_has_ended_ = false;
  for (int i = 0; i < kWindowsAtOnce && hours.empty(); ++i) {
    GL_TRY(const auto first, store_.hour_from(device, hour_));
    device_has_ended_ = !first;
    if (device_has_ended_) break;
    const std::int64_t until = *first + kHoursAtOnce;
    GL_TRY(store_.each_energy(device, *first, until,
                              [&](std::int64_t hour, std::string_view bytes) -> Status {
                                const auto counted_at = energy_revision_of(bytes);
                                if (counted_at && *counted_at < revision)
                                  hours.push_back({.device = device, .hour = hour});
                                return {};
                              },
                              {}));
    hour_ = until;
  }
  return hours;
}

Result<std::size_t> EnergyRecount::count(const std::vector<DeviceHour>& hours) {
  Changes changes;
  for (const DeviceHour& of : hours) {
    GL_TRY(accounts_.add(of, changes));
  }
  if (changes.energies.empty()) return 0;
  GL_TRY(store_.write(changes));
  return changes.energies.size();
}

void EnergyRecount::next_device() {
  devices_.pop_front();
  hour_ = std::numeric_limits<std::int64_t>::min();
  device_counts_ = false;
}

void EnergyRecount::tell() const {
  for (const auto& [product, all] : counted_) {
    spdlog::info(
        "{}: {} hours of energies of {} devices were counted anew, and {} stay as they were, as "
        "their values are not kept. What was wrong: {}",
        product, all.hours, all.devices, all.left, fmt::join(all.corrections, " "));
  }
}

}  // namespace gridloom::history
