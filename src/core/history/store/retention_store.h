// The reads and removals of retention (history/store/retention.h) in history's permanent storage,
// and where it keeps what it knows of time.
//
// Thread rule: one connection, one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "history/store/store.h"

namespace gridloom::history {

// A day on which the server ran, by its wall clock; see history/store/running_days.h.
struct RunningDay {
  std::int64_t day = 0;  // since 1970
  std::int64_t ran_ms = 0;
  std::int64_t first_mark = 0;  // RetentionStore::next_mark() when the day began
  friend bool operator==(const RunningDay&, const RunningDay&) = default;
};

class RetentionStore {
 public:
  RetentionStore(const RetentionStore&) = delete;
  RetentionStore& operator=(const RetentionStore&) = delete;
  virtual ~RetentionStore() = default;

  // Runs `slice`, and commits all of its changes if it returns a value, and none of them if it
  // returns an error, which is returned. Other writers wait. Not to be nested.
  using Work = std::function<Result<bool>()>;
  [[nodiscard]] virtual Result<bool> commit(const Work& slice) = 0;
  // Runs `work`, whose slices then need as little free space as possible: after kIo, which a full
  // disk may have caused.
  [[nodiscard]] virtual Result<bool> with_little_space(const Work& work) = 0;

  // The kinds of data that are stored by device.
  enum class Kind : std::uint8_t { kChunks, kRollups, kEnergies, kTwin, kEvents };
  // The first device above `after` that has data of the kind; without `after`, the first of all.
  [[nodiscard]] virtual Result<std::optional<DeviceNumber>> next_device(
      Kind kind, std::optional<DeviceNumber> after) = 0;
  // Removes at most `most` rows of the device, and returns their number.
  [[nodiscard]] virtual Result<std::size_t> remove(Kind kind, DeviceNumber device,
                                                   std::size_t most) = 0;

  // Stored chunks have ascending marks, in the order in which they were written. Returns a mark
  // that is above all of them, and not above those of later chunks.
  [[nodiscard]] virtual Result<std::int64_t> next_mark() = 0;
  // The first of the device's hours [from, to) that has chunks, all of them with marks below
  // `below`.
  [[nodiscard]] virtual Result<std::optional<std::int64_t>> next_hour(DeviceNumber device,
                                                                      std::int64_t from,
                                                                      std::int64_t to,
                                                                      std::int64_t below) = 0;
  // All chunks of an hour, in their order. kMalformed: one of them is damaged.
  [[nodiscard]] virtual Result<std::vector<std::string>> chunks(const DeviceHour& of) = 0;
  // Removes all chunks of an hour, and stores its rollups unless it has any.
  [[nodiscard]] virtual Status replace_by_rollups(const DeviceHour& of,
                                                  std::string_view rollups) = 0;
  // Removes at most `most` hours of the device's rollups that are before `before`, and returns
  // their number.
  [[nodiscard]] virtual Result<std::size_t> remove_rollups(DeviceNumber device, std::int64_t before,
                                                           std::size_t most) = 0;
  // Removes rollups of all devices that are before `before`, if the storage can remove many of them
  // at once, and only in part. False: there are none that it can remove so. Not within commit().
  [[nodiscard]] virtual Result<bool> remove_all_rollups(std::int64_t before) {
    static_cast<void>(before);
    return false;
  }
  // Removes the oldest audit entries up to the first whose time ("at", Unix time in milliseconds)
  // is `before_ms` or later, or that cannot be read; at most `most` of them. Returns their number.
  // An entry without a time counts as old.
  [[nodiscard]] virtual Result<std::size_t> remove_audit(std::int64_t before_ms,
                                                         std::size_t most) = 0;
  // Removes at most `most` events of any device that are before `before_ms`, but not the beginning
  // of a fault that has not ended. Returns their number.
  [[nodiscard]] virtual Result<std::size_t> remove_events(std::int64_t before_ms,
                                                          std::size_t most) = 0;
  // Returns some unused space to the file system. False: there is not enough of it to do so.
  [[nodiscard]] virtual Result<bool> return_space() = 0;

  // The days that were put and not removed, ascending. Damaged ones are left out.
  [[nodiscard]] virtual Result<std::vector<RunningDay>> running_days() = 0;
  // Replaces the same day. After running_days() was called once.
  [[nodiscard]] virtual Status put_running_day(const RunningDay& day) = 0;
  [[nodiscard]] virtual Status remove_running_day(std::int64_t day) = 0;

 protected:
  RetentionStore() = default;
};

}  // namespace gridloom::history
