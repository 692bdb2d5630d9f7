// Downsamples one field of a device: takes its values hour by hour, in time order, and aggregates
// them to one point per bucket. It also decides how long a value is held. series.h defines the
// aggregates.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "history/blocks/block.h"
#include "history/blocks/rollup.h"
#include "time/time_zone.h"

namespace gridloom::history {

// The time buckets by which a series is downsampled: fixed lengths such as minutes and hours, or
// calendar days of a time zone.
//
// Buckets of a day or more begin at a local midnight, those of a week on Monday. Shorter buckets
// that divide a day start again at each local midnight, so that one bucket is shorter on a day when
// the clocks change; all others count from 1970 in UTC.
//
// Thread rule: one thread; the object caches the last day that was requested.
struct Bucket {
  std::int64_t begin_ms = 0;
  std::int64_t end_ms = 0;  // exclusive
};

class Buckets {
 public:
  // A step of a day or more must be a whole number of days.
  Buckets(std::int64_t step_ms, time::TimeZone zone) : step_ms_(step_ms), zone_(std::move(zone)) {}

  [[nodiscard]] Bucket at(std::int64_t at_ms);

 private:
  [[nodiscard]] Bucket of_days(std::int64_t at_ms) const;

  std::int64_t step_ms_;
  time::TimeZone zone_;
  Bucket day_{};  // the local day, or span of days, requested last
};

// The aggregate of a bucket's values.
enum class Aggregate : std::uint8_t { kMean, kMin, kMax, kSum, kCount, kLast, kIntegral };
[[nodiscard]] std::optional<Aggregate> aggregate_of(std::string_view name);
[[nodiscard]] std::string_view name_of(Aggregate aggregate);

struct SeriesPoint {
  std::int64_t at_ms = 0;
  std::optional<double> number{};  // empty, and no text: a gap
  std::string text{};              // JSON as written by the device, if texts are requested
  // Two reported values of one time have the same number if they were in one report; a later report
  // of that time has a greater one.
  std::uint64_t row = 0;

  friend bool operator==(const SeriesPoint& a, const SeriesPoint& b) {
    return std::tie(a.at_ms, a.number, a.text) == std::tie(b.at_ms, b.number, b.text);
  }
};

class BucketAggregator {
 public:
  struct Options {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
    std::int64_t step_ms = 0;
    Aggregate aggregate = Aggregate::kMean;
    time::TimeZone zone{};  // whose days buckets begin with
  };
  explicit BucketAggregator(const Options& options);

  // Reports a row of the device; the field's value, if any, follows by number() or text(). Times
  // must not decrease.
  void row(std::int64_t at_ms);
  void number(const Point& point);
  void text(std::int64_t at_ms, std::string_view json);
  // The connection ended: earlier values are no longer held.
  void disconnected() { held_ = false; }

  // Adds a block whose rows are all in one bucket. Its rows begin at most kLongestGap_ms before the
  // field's first number, and end at most kLongestGap_ms after its last one.
  void whole(const Statistics& statistics, std::int64_t first_row_ms, std::int64_t last_row_ms);

  // Adds the rollup of a quarter of an hour whose block is past its retention. Its values count at
  // the beginning of the quarter, its integral is spread evenly over the quarter.
  void quarter(std::int64_t begin_ms, const RollupField& field);

  void finish() { advance(options_.to_ms); }
  [[nodiscard]] std::vector<SeriesPoint>& points() { return points_; }

 private:
  struct Sums {
    std::uint64_t count = 0;
    double min = std::numeric_limits<double>::infinity();
    double max = -std::numeric_limits<double>::infinity();
    double sum = 0;
    double integral = 0;
    bool covered = false;  // a value was held for some of the time
    bool held = false;     // without a gap since the device reported it
  };
  enum class SpanSide : std::uint8_t { kBefore, kInside, kAfter };

  // Moves to the bucket that contains the time.
  void advance(std::int64_t at_ms) {
    while (at_ms >= bucket_.end_ms) next_bucket();
  }
  void next_bucket();
  void hold(std::int64_t from_ms, std::int64_t to_ms);
  void said() { known_ = held_ = true; }
  [[nodiscard]] SeriesPoint made() const;
  [[nodiscard]] bool counts_texts() const {
    return options_.aggregate == Aggregate::kLast || options_.aggregate == Aggregate::kCount;
  }

  Options options_;
  Buckets buckets_;
  Bucket bucket_;
  SpanSide span_side_ = SpanSide::kBefore;
  Sums sums_;
  std::optional<std::int64_t> row_ms_;
  bool known_ = false;
  bool held_ = false;
  double last_ = 0;
  std::string last_text_;  // if the last value was not a number
  std::vector<SeriesPoint> points_;
};

}  // namespace gridloom::history
