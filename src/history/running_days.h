// On which days the server ran, by its clock, and for how long, by a clock that nobody sets: what
// retention knows of time.
//
// Why so: a clock may be wrong for a while (no battery, a bad answer of a time server), and what
// retention removes does not come back. So a day counts as reached only when the server has run for
// a whole day in total on it and later ones: a clock that is years ahead for hours moves nothing,
// and one that is back by years makes new data look old, which stays for as long as it would have
// if its time were right.
// It is kept in history.db, in a table that other programs may ignore; rows are few, a day each.
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/damaged_rows.h"
#include "registry/sqlite.h"

namespace gridloom::history {

class RunningDays {
 public:
  // Reads them from a database that Store::open() has made; it outlives this but may be moved.
  // Rows that are damaged are told to `damaged`.
  [[nodiscard]] static Result<RunningDays> open(registry::Database& database, DamagedRows& damaged);

  // The server runs: its clock says `now`, and one that never jumps `steady`. To be called often;
  // spans of more than an hour without a call do not count.
  [[nodiscard]] Status note(registry::Database& database, TimePoint now, Millis steady);

  // The latest time that is sure to be over: at most `now`, and a day or two behind it in a server
  // that always runs. Nothing: it has not run for a day yet.
  [[nodiscard]] std::optional<TimePoint> reached(TimePoint now) const;

  // Rows of the table block from this rowid on were written on days after that of `at`, as far as
  // anybody knows: they are not older, whatever their hour says. `reached`: as reached() says.
  [[nodiscard]] std::int64_t first_row_after(TimePoint at, TimePoint reached) const;

 private:
  struct Day {
    std::int64_t day = 0;  // since 1970
    std::int64_t ran_ms = 0;
    std::int64_t first_row = 0;  // of the table block, when it began
  };
  [[nodiscard]] Status enter(registry::Database& database, std::int64_t day);
  [[nodiscard]] Status save(registry::Database& database);
  [[nodiscard]] Day* current();

  std::vector<Day> days_;  // ascending by day
  std::optional<std::int64_t> current_;
  std::optional<Millis> last_steady_;
  std::int64_t unsaved_ms_ = 0;
};

}  // namespace gridloom::history
