// The days on which the server ran, by its wall clock, and for how long, by a monotonic clock:
// retention's knowledge of time.
//
// Why: the wall clock may be wrong for a while (no battery, a bad answer from a time server), and
// data that retention removes is lost. So a day counts as reached only when the server has run for
// a whole day in total on that day and later ones. A clock that is years ahead for hours has no
// effect. A clock that is years behind makes new data look old, but that data is kept for as long
// as it would have been with the right time.
// The days are kept in history's store, which may lose some of them.
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/store/retention_store.h"

namespace gridloom::history {

class RunningDays {
 public:
  // Reads the days from the store.
  [[nodiscard]] static Result<RunningDays> open(RetentionStore& store);

  // Records that the server is running: `now` is the wall clock, `steady` a clock that never jumps.
  // To be called often; spans of more than an hour without a call do not count.
  [[nodiscard]] Status note(RetentionStore& store, TimePoint now, Millis steady);

  // The latest time that has certainly passed: at most `now`, and a day or two before it on a
  // server that always runs. Nothing: the server has not run for a day yet.
  [[nodiscard]] std::optional<TimePoint> reached(TimePoint now) const;

  // The first mark of a chunk (RetentionStore::next_mark()) that, as far as is known, was written
  // on a day after that of `at`: chunks from there on are not older, whatever their hour says.
  // `reached`: from reached().
  [[nodiscard]] std::int64_t first_mark_after(TimePoint at, TimePoint reached) const;

 private:
  [[nodiscard]] Status enter(RetentionStore& store, std::int64_t day);
  [[nodiscard]] Status save(RetentionStore& store);
  [[nodiscard]] RunningDay* current();

  std::vector<RunningDay> days_;  // ascending by day
  std::optional<std::int64_t> current_;
  std::optional<Millis> last_steady_;
  std::int64_t unsaved_ms_ = 0;
};

}  // namespace gridloom::history
