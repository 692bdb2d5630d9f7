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
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "history/store/retention_store.h"
#include "history/store/running_days.h"
#include "history/store/store.h"

namespace gridloom::history {

// How long each kind of data is kept; 0: for ever.
struct RetentionLimits {
  std::size_t raw_days = 90;
  std::size_t quarter_days = 0;  // 15-minute rollups; counted from the hour, as the others are
  std::size_t audit_days = 730;
  std::size_t event_days = 366;
};

class Retention {
 public:
  // Decides how far work() trusts its `now`. Without `steady`, the clock is driven on purpose and
  // is trusted. With `steady`, a monotonic time that nobody sets, `now` is the machine's clock,
  // which may be wrong for a while: RunningDays then decides how far time has advanced.
  using Steady = std::function<Millis()>;
  Retention(std::unique_ptr<RetentionStore> store, RetentionLimits limits, Steady steady = {})
      : store_(std::move(store)), limits_(limits), steady_(std::move(steady)) {}

  // Removes all stored data of the device, slice by slice.
  void purge(DeviceNumber device) { purged_.push_back(device); }
  // Devices that have any stored data.
  [[nodiscard]] Result<std::vector<DeviceNumber>> devices();

  // Does one slice of the work that is due. False: nothing is due for now. After an error the same
  // slice is tried again.
  [[nodiscard]] Result<bool> work(TimePoint now);

 private:
  enum class Step : std::uint8_t { kBlocks, kQuarters, kAudit, kEvents, kRoom, kRest };
  // The position of a walk over the devices that have data of a kind.
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
  [[nodiscard]] Status expire_hour(const DeviceHour& of);
  [[nodiscard]] Result<bool> expire_quarters(TimePoint now);
  [[nodiscard]] Result<bool> expire_audit(TimePoint now);
  [[nodiscard]] Result<bool> expire_events(TimePoint now);
  [[nodiscard]] Result<bool> next_device(RetentionStore::Kind kind, WalkPosition& position);

  std::unique_ptr<RetentionStore> store_;
  RetentionLimits limits_;
  Steady steady_;
  std::optional<RunningDays> days_;  // read when first needed
  std::deque<DeviceNumber> purged_;
  Step step_ = Step::kRest;
  WalkPosition position_;
  std::int64_t walked_hour_ = -1;       // the hour in which the last walk began
  std::int64_t last_warned_hour_ = -1;  // walked_hour_ of the walk that last reported damage
};

}  // namespace gridloom::history
