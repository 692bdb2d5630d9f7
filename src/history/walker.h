// One field of a device, hour by hour in time's order, made points of buckets: the aggregates, and
// for how long a value counts. series.h says what they mean.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "history/block.h"
#include "history/buckets.h"
#include "history/quarters.h"

namespace gridloom::history {

// What is made of the values of a bucket.
enum class Aggregate : std::uint8_t { kMean, kMin, kMax, kSum, kCount, kLast, kIntegral };
[[nodiscard]] std::optional<Aggregate> aggregate_of(std::string_view name);
[[nodiscard]] std::string_view name_of(Aggregate aggregate);

struct SeriesPoint {
  std::int64_t at_ms = 0;
  std::optional<double> number{};  // neither it nor a text: a gap
  std::string text{};              // JSON, as the device wrote it, where that is asked for

  friend bool operator==(const SeriesPoint&, const SeriesPoint&) = default;
};

class Walker {
 public:
  struct Options {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
    std::int64_t step_ms = 0;
    Aggregate aggregate = Aggregate::kMean;
  };
  explicit Walker(const Options& options);

  // The device reported something; then what it reported of the field. Times do not go back.
  void row(std::int64_t at_ms);
  void number(const Point& point);
  void text(std::int64_t at_ms, std::string_view json);
  // Its connection ended: what it said before is no longer held.
  void went_away() { held_ = false; }

  // A block all of whose rows are in one bucket, and whose rows are at most kLongestGap_ms before
  // the field's first number and behind its last one.
  void whole(const Statistics& statistics, std::int64_t first_row_ms, std::int64_t last_row_ms);

  // What is left of a quarter of an hour whose block was too old to be kept. Its values count where
  // it begins, its integral evenly over all of it.
  void quarter(std::int64_t begin_ms, const QuarterField& field);

  void finish() { advance(options_.to_ms); }
  [[nodiscard]] std::vector<SeriesPoint>& points() { return points_; }

 private:
  struct Sums {
    std::uint64_t count = 0;
    double min = std::numeric_limits<double>::infinity();
    double max = -std::numeric_limits<double>::infinity();
    double sum = 0;
    double integral = 0;
    bool covered = false;  // a value counted for some of the time
    bool held = false;     // without a gap since the device said it
  };
  enum class Place : std::uint8_t { kBefore, kInside, kBehind };

  // To the bucket that holds the time.
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
  Place place_ = Place::kBefore;
  Sums sums_;
  std::optional<std::int64_t> row_ms_;
  bool known_ = false;
  bool held_ = false;
  double last_ = 0;
  std::string last_text_;  // if it was no number
  std::vector<SeriesPoint> points_;
};

}  // namespace gridloom::history
