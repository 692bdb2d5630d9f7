#include "history/store/running_days.h"

#include <algorithm>
#include <limits>
#include <ranges>
#include <utility>

namespace gridloom::history {
namespace {

constexpr std::int64_t kDay_ms = std::int64_t{24} * 3600 * 1000;
constexpr std::int64_t kMaxSpan_ms = std::int64_t{3600} * 1000;
constexpr std::int64_t kSaveEvery_ms = std::int64_t{10} * 60 * 1000;
// If the server ran for less than this on a day, the clock may have been wrong.
constexpr std::int64_t kShort_ms = std::int64_t{3600} * 1000;
constexpr std::int64_t kMaxDays = 4000;

std::int64_t day_of(TimePoint at) {
  return std::chrono::floor<std::chrono::days>(at).time_since_epoch().count();
}

}  // namespace

Result<RunningDays> RunningDays::open(RetentionStore& store) {
  GL_TRY(auto days, store.running_days());
  RunningDays all;
  all.days_ = std::move(days);
  for (RunningDay& each : all.days_) {
    each.ran_ms = std::clamp<std::int64_t>(each.ran_ms, 0, kDay_ms);
  }
  return all;
}

RunningDay* RunningDays::current() {
  const auto found = std::ranges::find(days_, current_.value_or(0), &RunningDay::day);
  return current_ && found != days_.end() ? &*found : nullptr;
}

Status RunningDays::note(RetentionStore& store, TimePoint now, Millis steady) {
  const std::int64_t ran =
      last_steady_ ? std::clamp<std::int64_t>((steady - *last_steady_).count(), 0, kMaxSpan_ms) : 0;
  last_steady_ = steady;
  if (RunningDay* day = current()) {
    day->ran_ms = std::min(day->ran_ms + ran, kDay_ms);
    unsaved_ms_ += ran;
  }
  if (current_ != day_of(now)) {
    GL_TRY(save(store));
    return enter(store, day_of(now));
  }
  return unsaved_ms_ < kSaveEvery_ms ? Status() : save(store);
}

Status RunningDays::enter(RetentionStore& store, std::int64_t day) {
  GL_TRY(const auto next, store.next_mark());
  auto at = std::ranges::lower_bound(days_, day, {}, &RunningDay::day);
  if (at == days_.end() || at->day != day) {
    at = days_.insert(at, {.day = day, .ran_ms = 0, .first_mark = next});
  } else if (at->ran_ms < kShort_ms && current_) {
    at->first_mark = next;  // the earlier entry came from a wrong clock
  }
  current_ = day;
  if (std::cmp_greater(days_.size(), kMaxDays)) {
    const std::int64_t oldest = days_.front().day == day ? days_[1].day : days_.front().day;
    GL_TRY(store.remove_running_day(oldest));
    std::erase_if(days_, [oldest](const RunningDay& each) { return each.day == oldest; });
  }
  return save(store);
}

Status RunningDays::save(RetentionStore& store) {
  const RunningDay* day = current();
  if (day == nullptr) return {};
  Status saved = store.put_running_day(*day);
  if (saved) unsaved_ms_ = 0;
  return saved;
}

std::optional<TimePoint> RunningDays::reached(TimePoint now) const {
  std::int64_t ran_ms = 0;
  for (const RunningDay& day : std::views::reverse(days_)) {
    ran_ms += day.ran_ms;
    if (ran_ms < kDay_ms) continue;
    return std::min(now, TimePoint(std::chrono::sys_days(std::chrono::days(day.day + 1))));
  }
  return std::nullopt;
}

std::int64_t RunningDays::first_mark_after(TimePoint at, TimePoint reached) const {
  const std::int64_t after = day_of(at);
  const std::int64_t until = day_of(reached);
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (const RunningDay& each : days_) {
    if (each.day > after && each.day <= until) first = std::min(first, each.first_mark);
  }
  // A short day right before the first of them is a start with a wrong clock: its chunks belong to
  // that first day.
  const RunningDay* before = nullptr;
  for (const RunningDay& each : days_) {
    if (each.first_mark < first && (before == nullptr || each.first_mark > before->first_mark)) {
      before = &each;
    }
  }
  if (before == nullptr || before->ran_ms >= kShort_ms) return first;
  return before->first_mark;
}

}  // namespace gridloom::history
