#include "history/hours_in_memory.h"

#include <algorithm>

namespace gridloom::history {

void HoursInMemory::set_stored_before(std::int64_t hour, const std::set<DeviceHour>& later) {
  {
    const std::lock_guard lock(stored_mutex_);
    stored_before_ = hour;
  }
  for (const DeviceHour& of : later) note_stored(of);
}

void HoursInMemory::note_stored(const DeviceHour& of) {
  const std::lock_guard lock(stored_mutex_);
  std::int64_t& last = stored_in_.try_emplace(of.device, of.hour).first->second;
  last = std::max(last, of.hour);
}

std::optional<std::int64_t> HoursInMemory::all_from(DeviceNumber device) const {
  const std::lock_guard lock(stored_mutex_);
  const auto stored = stored_in_.find(device);
  if (!stored_before_ || stored == stored_in_.end()) return stored_before_;
  return std::max(*stored_before_, stored->second + 1);
}

}  // namespace gridloom::history
