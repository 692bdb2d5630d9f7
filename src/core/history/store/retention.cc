#include "history/store/retention.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "history/blocks/rollup.h"

namespace gridloom::history {
namespace {

using Kind = RetentionStore::Kind;

constexpr std::chrono::milliseconds kPiece{3};
constexpr std::int64_t kHours_a_day = 24;
// A device's own times may be a day old, and the hour they belong to ends within another.
constexpr std::int64_t kMargin_hours = 2;
constexpr std::int64_t kDay_ms = std::int64_t{24} * 3600 * 1000;
constexpr std::size_t kRowsAtOnce = 16;
constexpr std::size_t kRollupsAtOnce = 64;
constexpr std::size_t kEntriesAtOnce = 256;

constexpr std::array kKinds = {Kind::kChunks, Kind::kRollups, Kind::kEnergies, Kind::kTwin,
                               Kind::kEvents};

class Stopwatch {
 public:
  [[nodiscard]] bool goes_on() const { return std::chrono::steady_clock::now() - begun_ < kPiece; }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

// The first hour that is kept.
std::int64_t first_hour(TimePoint now, std::size_t days) {
  return hour_of(unix_ms(now)) - static_cast<std::int64_t>(days) * kHours_a_day - kMargin_hours;
}

}  // namespace

Result<std::vector<DeviceNumber>> Retention::devices() {
  std::vector<DeviceNumber> all;
  for (const Kind kind : kKinds) {
    WalkPosition position;
    while (true) {
      GL_TRY(const auto found, next_device(kind, position));
      if (!found) break;
      all.push_back(position.device);
    }
  }
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
  return all;
}

Result<bool> Retention::work(TimePoint now) {
  auto more = work_on(now);
  if (more || more.error().code != ErrorCode::kIo) return more;
  return store_->with_little_space([&] { return work_on(now); });
}

Result<bool> Retention::work_on(TimePoint now) {
  if (!purged_.empty()) {
    const auto more = purge_some(purged_.front());
    if (!more) return more;
    if (!*more) purged_.pop_front();
    if (step_ == Step::kRest) step_ = Step::kRoom;
    return true;
  }
  if (!steady_) return walk(now);
  GL_TRY(note_day(now));
  return walk(days_->reached(now).value_or(TimePoint::min()));
}

Status Retention::note_day(TimePoint now) {
  if (!days_) {
    GL_TRY(auto days, RunningDays::open(*store_));
    days_ = std::move(days);
  }
  return days_->note(*store_, now, steady_());
}

// `now`: how far time has advanced; TimePoint::min(): not known, so nothing is too old.
Result<bool> Retention::walk(TimePoint now) {
  Result<bool> more = false;
  switch (step_) {
    case Step::kBlocks:
      more = expire_blocks(now);
      break;
    case Step::kQuarters:
      more = expire_quarters(now);
      break;
    case Step::kAudit:
      more = expire_audit(now);
      break;
    case Step::kEvents:
      more = expire_events(now);
      break;
    case Step::kRoom:
      more = store_->return_space();
      break;
    case Step::kRest: {
      const std::int64_t hour = hour_of(unix_ms(now));
      if (hour == walked_hour_) return false;
      walked_hour_ = hour;
      step_ = Step::kBlocks;
      return true;
    }
  }
  if (!more || *more) return more;
  position_ = {};
  step_ = static_cast<Step>(static_cast<int>(step_) + 1);
  return true;
}

Result<bool> Retention::next_device(Kind kind, WalkPosition& position) {
  GL_TRY(const auto found,
         store_->next_device(kind, position.begun ? std::optional(position.device) : std::nullopt));
  if (!found) return false;
  position = {.device = *found, .hour = std::numeric_limits<std::int64_t>::min(), .begun = true};
  return true;
}

Result<bool> Retention::purge_some(DeviceNumber device) {
  return store_->commit([&]() -> Result<bool> {
    const Stopwatch watch;
    bool more = false;
    for (const Kind kind : kKinds) {
      do {
        GL_TRY(const auto removed, store_->remove(kind, device, kRowsAtOnce));
        more = removed != 0;
      } while (more && watch.goes_on());
      if (more) break;
    }
    return more;
  });
}

// Replaces an hour's blocks by its rollups. Existing rollups stay: reports that arrive so late were
// counted before and were sent again.
Status Retention::expire_hour(const DeviceHour& of) {
  auto chunks = store_->chunks(of);
  if (!chunks && chunks.error().code != ErrorCode::kMalformed) {
    return std::unexpected(chunks.error());
  }
  const Result<HourOfRollups> quarters =
      chunks ? rollups_of_chunks(of.hour, std::move(*chunks)) : std::unexpected(chunks.error());
  if (quarters) return store_->replace_by_rollups(of, write_rollups(*quarters));
  // The content cannot be read: the rows stay, for an attempt to repair them by hand.
  if (std::exchange(last_warned_hour_, walked_hour_) != walked_hour_) {
    spdlog::error("history of device {}, hour {}: not reduced to 15-minute statistics: {}",
                  of.device, of.hour, quarters.error().detail);
  }
  return {};
}

Result<bool> Retention::expire_blocks(TimePoint now) {
  if (limits_.raw_days == 0 || now == TimePoint::min()) return false;
  const std::int64_t first = first_hour(now, limits_.raw_days);
  const std::int64_t young = steady_
                                 ? days_->first_mark_after(TimePoint(Millis(first * kHour_ms)), now)
                                 : std::numeric_limits<std::int64_t>::max();
  WalkPosition position = position_;
  auto more = store_->commit([&]() -> Result<bool> {
    const Stopwatch watch;
    bool goes_on = true;
    do {
      Result<std::optional<std::int64_t>> hour = std::nullopt;
      if (position.begun) {
        hour = store_->next_hour(position.device, position.hour, first, young);
        if (!hour) return std::unexpected(hour.error());
      }
      if (!*hour) {
        const auto found = next_device(Kind::kChunks, position);
        if (!found) return found;
        goes_on = *found;
        continue;
      }
      GL_TRY(expire_hour({.device = position.device, .hour = **hour}));
      position.hour = **hour + 1;
    } while (goes_on && watch.goes_on());
    return goes_on;
  });
  if (more) position_ = position;
  return more;
}

Result<bool> Retention::expire_quarters(TimePoint now) {
  if (limits_.quarter_days == 0 || now == TimePoint::min()) return false;
  const std::int64_t first = first_hour(now, limits_.quarter_days);
  WalkPosition position = position_;
  if (!position.begun) {
    const auto removed = store_->remove_all_rollups(first);
    if (!removed || *removed) return removed;
  }
  auto more = store_->commit([&]() -> Result<bool> {
    const Stopwatch watch;
    bool goes_on = true;
    do {
      if (position.begun) {
        GL_TRY(const auto removed, store_->remove_rollups(position.device, first, kRollupsAtOnce));
        if (removed != 0) continue;
      }
      const auto found = next_device(Kind::kRollups, position);
      if (!found) return found;
      goes_on = *found;
    } while (goes_on && watch.goes_on());
    return goes_on;
  });
  if (more) position_ = position;
  return more;
}

// Audit entries are stored in the order in which they were made, so the oldest come first.
Result<bool> Retention::expire_audit(TimePoint now) {
  if (limits_.audit_days == 0 || now == TimePoint::min()) return false;
  const std::int64_t first_ms =
      unix_ms(now) - static_cast<std::int64_t>(limits_.audit_days) * kDay_ms;
  return store_->commit([&]() -> Result<bool> {
    GL_TRY(const auto removed, store_->remove_audit(first_ms, kEntriesAtOnce));
    return removed != 0;
  });
}

Result<bool> Retention::expire_events(TimePoint now) {
  if (limits_.event_days == 0 || now == TimePoint::min()) return false;
  const std::int64_t first_ms =
      unix_ms(now) - static_cast<std::int64_t>(limits_.event_days) * kDay_ms;
  return store_->commit([&]() -> Result<bool> {
    GL_TRY(const auto removed, store_->remove_events(first_ms, kEntriesAtOnce));
    return removed != 0;
  });
}

}  // namespace gridloom::history
