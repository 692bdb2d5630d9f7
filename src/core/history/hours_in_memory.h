// The hours of devices that are not in the store yet, as readers see them: of this process
// (history/head_blocks.h), or a copy that another node has sent (slot_history/head_bytes.h).
//
// Thread rule: any function from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "history/store/store.h"

namespace gridloom::history {

class HoursInMemory {
 public:
  HoursInMemory() = default;
  HoursInMemory(const HoursInMemory&) = delete;
  HoursInMemory& operator=(const HoursInMemory&) = delete;
  virtual ~HoursInMemory() = default;

  // The current rows of an hour, in buffers that never change, and the first record that they are
  // of. Without buffers: the hour is not in memory.
  using Buffer = std::shared_ptr<const std::string>;
  struct Copy {
    std::uint64_t first_sequence = 0;
    std::vector<Buffer> buffers;
  };
  [[nodiscard]] virtual Copy copy(const DeviceHour& of) const = 0;
  // Converts a buffer to a chunk (history/blocks/chunk.h).
  [[nodiscard]] virtual std::string chunk_of(const std::string& buffer) const = 0;
  // The hours of a device in [from, to) that are in memory, ascending.
  [[nodiscard]] virtual std::vector<std::int64_t> hours(DeviceNumber device, std::int64_t from,
                                                        std::int64_t to) const = 0;
  // Nothing of the device from this hour on was ever stored: all of it is in memory. Nothing: that
  // is not known.
  [[nodiscard]] std::optional<std::int64_t> all_from(DeviceNumber device) const;
  // Before anything is stored: the store may have hours before `hour`, and these later ones.
  void set_stored_before(std::int64_t hour, const std::set<DeviceHour>& later);

 protected:
  void note_stored(const DeviceHour& of);

 private:
  mutable std::mutex stored_mutex_;            // guards the next two members
  std::optional<std::int64_t> stored_before_;  // the store may have hours before this one
  std::unordered_map<DeviceNumber, std::int64_t> stored_in_;  // the last hour of each
};

}  // namespace gridloom::history
