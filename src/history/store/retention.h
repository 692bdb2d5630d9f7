// Retention of history: blocks that are too old become 15-minute rollups (history/blocks/rollup.h),
// rollups and audit entries that are too old are removed, data of deleted devices is purged, and
// free space is returned to the file system.
//
// Why: rollups are made when a block is removed and not before, because they are not needed earlier
// and because a late report then changes one thing only. Energies are kept for ever.
//
// The work is done in slices of a few milliseconds, one transaction each, by the thread that calls
// work() when it has nothing better to do. At any moment an hour is stored either as blocks or as
// rollups, never as both and never as neither.
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/device_number.h"
#include "base/result.h"
#include "history/store/running_days.h"
#include "history/store/store.h"
#include "storage/sqlite.h"

namespace gridloom::history {

// How long each kind of data is kept; 0: for ever.
struct RetentionLimits {
  std::size_t raw_days = 90;
  std::size_t quarter_days = 0;  // 15-minute rollups; counted from the hour, as the others are
  std::size_t audit_days = 730;
};

class Retention {
 public:
  // Decides how far work() trusts its `now`. Without `steady`, the clock is driven on purpose and
  // is trusted. With `steady`, a monotonic time that nobody sets, `now` is the machine's clock,
  // which may be wrong for a while: RunningDays then decides how far time has advanced.
  using Steady = std::function<Millis()>;
  // Opens the database, which Store::open() has created. Damaged rows of the table running_day are
  // reported to `damaged`.
  [[nodiscard]] static Result<Retention> open(
      const std::filesystem::path& data, RetentionLimits limits, Steady steady = {},
      std::shared_ptr<DamagedRows> damaged = std::make_shared<DamagedRows>());

  // Removes all stored data of the device, slice by slice.
  void purge(DeviceNumber device) { purged_.push_back(device); }
  // Devices that have any stored data.
  [[nodiscard]] Result<std::vector<DeviceNumber>> devices();

  // Does one slice of the work that is due. False: nothing is due for now. After an error the same
  // slice is tried again.
  [[nodiscard]] Result<bool> work(TimePoint now);

 private:
  Retention(storage::Database database, RetentionLimits limits, Steady steady,
            std::shared_ptr<DamagedRows> damaged)
      : database_(std::move(database)),
        limits_(limits),
        steady_(std::move(steady)),
        damaged_(std::move(damaged)) {}

  enum class Step : std::uint8_t { kBlocks, kQuarters, kAudit, kRoom, kRest };
  // The position of a walk over the devices of a table.
  struct WalkPosition {
    DeviceNumber device = 0;
    std::int64_t hour = 0;  // the next hour
    bool begun = false;
  };

  [[nodiscard]] Result<bool> work_on(TimePoint now);
  [[nodiscard]] Status note_day(TimePoint now);
  [[nodiscard]] Result<bool> walk(TimePoint now);
  [[nodiscard]] Result<bool> purge_some(DeviceNumber device);
  [[nodiscard]] Result<bool> expire_blocks(TimePoint now);
  [[nodiscard]] Result<bool> expire_hour(const DeviceHour& of);
  [[nodiscard]] Result<bool> expire_quarters(TimePoint now);
  [[nodiscard]] Result<bool> expire_audit(TimePoint now);
  [[nodiscard]] Result<bool> give_back();
  [[nodiscard]] Result<bool> next_device(std::string_view table, WalkPosition& position);
  [[nodiscard]] Result<std::int64_t> removed_by(std::string_view sql, std::int64_t first,
                                                std::int64_t second);

  storage::Database database_;
  RetentionLimits limits_;
  Steady steady_;
  std::shared_ptr<DamagedRows> damaged_;
  std::optional<RunningDays> days_;  // read when first needed
  std::deque<DeviceNumber> purged_;
  Step step_ = Step::kRest;
  WalkPosition position_;
  std::int64_t walked_hour_ = -1;       // the hour in which the last walk began
  bool gives_back_ = false;             // the database can return free pages
  bool has_given_back_ = false;         // some, since the write-ahead log was emptied
  std::int64_t last_warned_hour_ = -1;  // walked_hour_ of the walk that last reported damage
};

}  // namespace gridloom::history
