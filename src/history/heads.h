// The hours that are not yet blocks: rows of reports as they came out of the log, by device and
// hour, about five bytes a value.
//
// Thread rule: one thread takes and drops; any thread may copy.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/batch.h"
#include "history/block.h"
#include "history/field_names.h"
#include "history/store.h"

namespace gridloom::history {

class Heads {
 public:
  // Whether the store has such a row of an hour, from `since_ms` on. On the thread that takes.
  using InStore =
      std::function<bool(const DeviceHour& of, std::int64_t since_ms, std::span<const Sample> row)>;
  Heads(FieldNames& names, InStore in_store) : names_(names), in_store_(std::move(in_store)) {}

  // The rows of one record of the log; a report that was sent again (kResent) is left out if it is
  // among the device's of the last minutes. kMalformed: it is no batch; what could be read is
  // taken.
  [[nodiscard]] Status take(std::uint64_t sequence, std::string_view batch);

  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // At most so many hours before `hour`, of any devices.
  [[nodiscard]] std::vector<DeviceHour> before(std::int64_t hour, std::size_t most) const;
  // At most so many, those for which the log has been kept longest.
  [[nodiscard]] std::vector<DeviceHour> oldest(std::size_t most) const;
  // As blocks: one, or none, or several if one cannot hold it all.
  [[nodiscard]] std::vector<std::string> blocks(const DeviceHour& of) const;
  // Of the hours [from, to) of a device.
  [[nodiscard]] std::vector<std::string> blocks(DeviceNumber device, std::int64_t from,
                                                std::int64_t to) const;
  // Nothing of the device is kept, nor taken any more.
  void forget(DeviceNumber device);
  [[nodiscard]] std::vector<DeviceNumber> devices() const;
  // Their hours, ascending.
  [[nodiscard]] std::vector<std::int64_t> hours(DeviceNumber device, std::int64_t from,
                                                std::int64_t to) const;
  // They are in the store now.
  void drop(const DeviceHour& of);
  // The first record that a head was made of; none: there are no heads.
  [[nodiscard]] std::optional<std::uint64_t> first_sequence() const;

 private:
  struct Head {
    std::uint64_t first_sequence = 0;
    std::string rows;
  };

  void name_fields(const BatchReader& reader);
  // Writes `row` into row_. True: it was sent again.
  [[nodiscard]] bool encode(const BatchReader::Row& row);
  // Whether a row like it, which is in row_, came in the last minutes.
  [[nodiscard]] bool came_before(const BatchReader::Row& row);
  [[nodiscard]] bool knows(const DeviceHour& of, std::int64_t since_ms) const;

  FieldNames& names_;
  InStore in_store_;
  mutable std::mutex mutex_;  // of heads_ and forgotten_
  std::map<DeviceHour, Head> heads_;
  std::set<DeviceNumber> forgotten_;
  std::atomic<std::size_t> bytes_{0};
  std::vector<FieldId> ids_;             // by the names of the batch that is being read
  std::optional<std::uint32_t> resent_;  // the name among them that is kResent
  std::string row_;                      // of the row that is being read, without its time
  std::vector<Sample> samples_;          // of it, if it was sent again
};

}  // namespace gridloom::history
