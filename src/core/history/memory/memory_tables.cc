#include "history/memory/memory_tables.h"

#include <limits>

namespace gridloom::history {

const DeviceTables& device_of(const MemoryRows& tables, DeviceNumber device) {
  static const DeviceTables kNone;
  const auto found = tables.devices.find(device);
  return found == tables.devices.end() ? kNone : *found->second;
}

std::ranges::subrange<Chunks::const_iterator> chunks_of(const DeviceTables& device,
                                                        std::int64_t from, std::int64_t to) {
  const auto begin = device.chunks.lower_bound({.hour = from});
  return {begin, from < to ? device.chunks.lower_bound({.hour = to}) : begin};
}

std::ranges::subrange<Chunks::const_iterator> chunks_of(const DeviceTables& device,
                                                        std::int64_t hour) {
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  return {device.chunks.lower_bound({.hour = hour}),
          device.chunks.upper_bound({.hour = hour, .chunk = kLast})};
}

}  // namespace gridloom::history
