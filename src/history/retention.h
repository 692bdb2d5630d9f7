// How long history is kept: blocks that are too old become quarters (history/quarters.h), what is
// older than that goes, devices that are no more lose everything, and the disk gets its room back.
//
// Why so: quarters are made when a block goes and not before, because that is the only time when
// somebody needs them, and because a late report then changes one thing only. Energies stay for
// ever.
//
// The work is done in pieces of a few milliseconds, each one transaction, by whoever calls work()
// when there is nothing better to do. An hour is a block or quarters at any moment, not both, and
// not neither.
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/batch.h"
#include "history/running_days.h"
#include "history/store.h"
#include "registry/sqlite.h"

namespace gridloom::history {

// 0: for ever.
struct RetentionLimits {
  std::size_t raw_days = 90;
  std::size_t quarter_days = 0;  // counted from the hour, as the others are
  std::size_t audit_days = 730;
};

class Retention {
 public:
  // What work()'s `now` is worth. A clock that somebody drives on purpose is believed. The
  // machine's may be wrong for a while: RunningDays says how far time has come. `steady` gives a
  // time that nobody sets; none: the clock is driven.
  using Steady = std::function<Millis()>;
  // Of a database that Store::open() has made.
  // Damaged rows of its own table are told to `damaged`.
  [[nodiscard]] static Result<Retention> open(
      const std::filesystem::path& data, RetentionLimits limits, Steady steady = {},
      std::shared_ptr<DamagedRows> damaged = std::make_shared<DamagedRows>());

  // All that is kept of the device goes, piece by piece.
  void forget(DeviceNumber device) { forgotten_.push_back(device); }
  // Of which there is anything.
  [[nodiscard]] Result<std::vector<DeviceNumber>> devices();

  // A piece of what is due. False: nothing is, for now. After a fault the same piece is tried
  // again.
  [[nodiscard]] Result<bool> work(TimePoint now);

 private:
  Retention(registry::Database database, RetentionLimits limits, Steady steady,
            std::shared_ptr<DamagedRows> damaged)
      : database_(std::move(database)),
        limits_(limits),
        steady_(std::move(steady)),
        damaged_(std::move(damaged)) {}

  enum class Step : std::uint8_t { kBlocks, kQuarters, kAudit, kRoom, kRest };
  // Where a walk over the devices of a table is.
  struct Place {
    DeviceNumber device = 0;
    std::int64_t hour = 0;  // the next
    bool begun = false;
  };

  [[nodiscard]] Status note_day(TimePoint now);
  [[nodiscard]] Result<bool> walk(TimePoint now);
  [[nodiscard]] Result<bool> forget_some(DeviceNumber device);
  [[nodiscard]] Result<bool> expire_blocks(TimePoint now);
  [[nodiscard]] Result<bool> expire_hour(const DeviceHour& of);
  [[nodiscard]] Result<bool> expire_quarters(TimePoint now);
  [[nodiscard]] Result<bool> expire_audit(TimePoint now);
  [[nodiscard]] Result<bool> give_back();
  [[nodiscard]] Result<bool> next_device(std::string_view table, Place& place);
  [[nodiscard]] Result<std::int64_t> removed_by(std::string_view sql, std::int64_t first,
                                                std::int64_t second);

  registry::Database database_;
  RetentionLimits limits_;
  Steady steady_;
  std::shared_ptr<DamagedRows> damaged_;
  std::optional<RunningDays> days_;  // read when they are needed first
  std::deque<DeviceNumber> forgotten_;
  Step step_ = Step::kRest;
  Place place_;
  std::int64_t walked_hour_ = -1;      // the hour in which a walk began last
  bool gives_back_ = false;            // the database can
  std::int64_t complained_hour_ = -1;  // the walk in which damage was reported last
};

}  // namespace gridloom::history
