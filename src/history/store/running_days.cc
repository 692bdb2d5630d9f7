#include "history/store/running_days.h"

#include <algorithm>
#include <limits>
#include <ranges>

#include "history/store/row_checksum.h"

namespace gridloom::history {
namespace {

using storage::Database;
using storage::Statement;

constexpr std::int64_t kDay_ms = std::int64_t{24} * 3600 * 1000;
constexpr std::int64_t kMaxSpan_ms = std::int64_t{3600} * 1000;
constexpr std::int64_t kSaveEvery_ms = std::int64_t{10} * 60 * 1000;
// If the server ran for less than this on a day, the clock may have been wrong.
constexpr std::int64_t kShort_ms = std::int64_t{3600} * 1000;
constexpr std::int64_t kMaxDays = 4000;

std::int64_t day_of(TimePoint at) {
  return std::chrono::floor<std::chrono::days>(at).time_since_epoch().count();
}

std::int64_t checksum_of(std::int64_t day, std::int64_t ran_ms, std::int64_t first_row) {
  return row_checksum(RowTable::kRunningDay, {day, ran_ms, first_row}, {});
}

}  // namespace

Result<RunningDays> RunningDays::open(Database& database, DamagedRows& damaged) {
  const Status made = database.run(
      "CREATE TABLE IF NOT EXISTS running_day (day INTEGER PRIMARY KEY, ran_ms INTEGER NOT NULL, "
      "first_row INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT");
  if (!made) return std::unexpected(made.error());
  RunningDays all;
  const Status read = database.each_row(
      "SELECT day, ran_ms, first_row, checksum FROM running_day ORDER BY day",
      [&all, &damaged](const Statement& row) {
        if (row.integer(3) != checksum_of(row.integer(0), row.integer(1), row.integer(2))) {
          damaged.found({.table = RowTable::kRunningDay, .key = row.integer(0)},
                        "the day counts as one on which the server did not run");
          return Status();
        }
        all.days_.push_back({.day = row.integer(0),
                             .ran_ms = std::clamp<std::int64_t>(row.integer(1), 0, kDay_ms),
                             .first_row = row.integer(2)});
        return Status();
      });
  if (!read) return std::unexpected(read.error());
  return all;
}

RunningDays::Day* RunningDays::current() {
  const auto found = std::ranges::find(days_, current_.value_or(0), &Day::day);
  return current_ && found != days_.end() ? &*found : nullptr;
}

Status RunningDays::note(Database& database, TimePoint now, Millis steady) {
  const std::int64_t ran =
      last_steady_ ? std::clamp<std::int64_t>((steady - *last_steady_).count(), 0, kMaxSpan_ms) : 0;
  last_steady_ = steady;
  if (Day* day = current()) {
    day->ran_ms = std::min(day->ran_ms + ran, kDay_ms);
    unsaved_ms_ += ran;
  }
  if (current_ != day_of(now)) {
    if (Status saved = save(database); !saved) return saved;
    return enter(database, day_of(now));
  }
  return unsaved_ms_ < kSaveEvery_ms ? Status() : save(database);
}

Status RunningDays::enter(Database& database, std::int64_t day) {
  const auto next = database.integer("SELECT ifnull(max(rowid), 0) + 1 FROM block");
  if (!next) return std::unexpected(next.error());
  auto at = std::ranges::lower_bound(days_, day, {}, &Day::day);
  if (at == days_.end() || at->day != day) {
    at = days_.insert(at, {.day = day, .ran_ms = 0, .first_row = *next});
  } else if (at->ran_ms < kShort_ms && current_) {
    at->first_row = *next;  // the earlier entry came from a wrong clock
  }
  current_ = day;
  if (std::cmp_greater(days_.size(), kMaxDays)) {
    const std::int64_t oldest = days_.front().day == day ? days_[1].day : days_.front().day;
    if (Status removed = database.execute("DELETE FROM running_day WHERE day = ?", oldest);
        !removed) {
      return removed;
    }
    std::erase_if(days_, [oldest](const Day& each) { return each.day == oldest; });
  }
  return save(database);
}

Status RunningDays::save(Database& database) {
  const Day* day = current();
  if (day == nullptr) return {};
  Status saved = database.execute("INSERT OR REPLACE INTO running_day VALUES (?, ?, ?, ?)",
                                  day->day, day->ran_ms, day->first_row,
                                  checksum_of(day->day, day->ran_ms, day->first_row));
  if (saved) unsaved_ms_ = 0;
  return saved;
}

std::optional<TimePoint> RunningDays::reached(TimePoint now) const {
  std::int64_t ran_ms = 0;
  for (const Day& day : std::views::reverse(days_)) {
    ran_ms += day.ran_ms;
    if (ran_ms < kDay_ms) continue;
    return std::min(now, TimePoint(std::chrono::sys_days(std::chrono::days(day.day + 1))));
  }
  return std::nullopt;
}

std::int64_t RunningDays::first_row_after(TimePoint at, TimePoint reached) const {
  const std::int64_t after = day_of(at);
  const std::int64_t until = day_of(reached);
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (const Day& each : days_) {
    if (each.day > after && each.day <= until) first = std::min(first, each.first_row);
  }
  // A short day right before the first of them is a start with a wrong clock: its rows belong to
  // that first day.
  const Day* before = nullptr;
  for (const Day& each : days_) {
    if (each.first_row < first && (before == nullptr || each.first_row > before->first_row)) {
      before = &each;
    }
  }
  if (before == nullptr || before->ran_ms >= kShort_ms) return first;
  return before->first_row;
}

}  // namespace gridloom::history
