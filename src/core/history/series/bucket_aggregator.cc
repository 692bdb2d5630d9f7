#include "history/series/bucket_aggregator.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/clock.h"
#include "history/blocks/hours.h"
#include "time/calendar.h"

namespace gridloom::history {
namespace {

constexpr std::array<std::pair<std::string_view, Aggregate>, 7> kAggregates = {{
    {"mean", Aggregate::kMean},
    {"min", Aggregate::kMin},
    {"max", Aggregate::kMax},
    {"sum", Aggregate::kSum},
    {"count", Aggregate::kCount},
    {"last", Aggregate::kLast},
    {"integral", Aggregate::kIntegral},
}};

}  // namespace

std::optional<Aggregate> aggregate_of(std::string_view name) {
  for (const auto& [known, aggregate] : kAggregates) {
    if (known == name) return aggregate;
  }
  return std::nullopt;
}

std::string_view name_of(Aggregate aggregate) {
  return kAggregates.at(static_cast<std::size_t>(aggregate)).first;
}

BucketAggregator::BucketAggregator(const Options& options)
    : options_(options),
      buckets_(options.step_ms, options.zone),
      bucket_{.begin_ms = std::numeric_limits<std::int64_t>::min(), .end_ms = options.from_ms} {}

void BucketAggregator::next_bucket() {
  if (span_side_ == SpanSide::kInside) points_.push_back(made());
  sums_ = {};
  if (bucket_.end_ms >= options_.to_ms) {
    span_side_ = SpanSide::kAfter;
    bucket_ = {.begin_ms = options_.to_ms, .end_ms = std::numeric_limits<std::int64_t>::max()};
    return;
  }
  span_side_ = SpanSide::kInside;
  bucket_ = buckets_.at(bucket_.end_ms);
  bucket_.end_ms = std::min(bucket_.end_ms, options_.to_ms);
}

SeriesPoint BucketAggregator::made() const {
  SeriesPoint point{.at_ms = bucket_.begin_ms};
  const bool some = sums_.count > 0;
  const bool is_integral = options_.aggregate == Aggregate::kIntegral;
  if (!some && !(is_integral ? sums_.covered : sums_.held)) return point;
  switch (options_.aggregate) {
    case Aggregate::kMean:
      point.number = some ? sums_.sum / static_cast<double>(sums_.count) : last_;
      break;
    case Aggregate::kMin:
      point.number = some ? sums_.min : last_;
      break;
    case Aggregate::kMax:
      point.number = some ? sums_.max : last_;
      break;
    case Aggregate::kSum:
      point.number = sums_.sum;
      break;
    case Aggregate::kCount:
      point.number = static_cast<double>(sums_.count);
      break;
    case Aggregate::kLast:
      if (last_text_.empty()) point.number = last_;
      point.text = last_text_;
      break;
    case Aggregate::kIntegral:
      point.number = sums_.integral / static_cast<double>(kHour_ms);
      break;
  }
  return point;
}

// Counts the last value for this span, in which the device was connected.
void BucketAggregator::hold(std::int64_t from_ms, std::int64_t to_ms) {
  while (from_ms < to_ms) {
    advance(from_ms);
    const std::int64_t end_ms = std::min(to_ms, bucket_.end_ms);
    sums_.integral += last_ * static_cast<double>(end_ms - from_ms);
    sums_.covered = true;
    sums_.held = sums_.held || held_;
    from_ms = end_ms;
  }
}

void BucketAggregator::row(std::int64_t at_ms) {
  if (row_ms_ && at_ms - *row_ms_ > kLongestGap_ms) {
    held_ = false;
  } else if (row_ms_ && known_) {
    hold(*row_ms_, at_ms);
  }
  row_ms_ = at_ms;
}

void BucketAggregator::number(const Point& point) {
  advance(point.at_ms);
  ++sums_.count;
  sums_.sum += point.value;
  sums_.min = std::min(sums_.min, point.value);
  sums_.max = std::max(sums_.max, point.value);
  last_ = point.value;
  last_text_.clear();
  said();
}

void BucketAggregator::text(std::int64_t at_ms, std::string_view json) {
  advance(at_ms);
  ++sums_.count;
  last_text_ = json;
  said();
}

void BucketAggregator::whole(const Statistics& statistics, std::int64_t first_row_ms,
                             std::int64_t last_row_ms) {
  row(first_row_ms);
  if (known_) hold(first_row_ms, statistics.first_at_ms);
  advance(first_row_ms);
  sums_.count += statistics.count;
  sums_.sum += statistics.sum;
  sums_.min = std::min(sums_.min, statistics.min);
  sums_.max = std::max(sums_.max, statistics.max);
  sums_.integral += statistics.integral;
  sums_.covered = sums_.covered || statistics.first_at_ms < last_row_ms;
  last_ = statistics.last;
  last_text_.clear();
  said();
  row_ms_ = last_row_ms;
}

void BucketAggregator::quarter(std::int64_t begin_ms, const RollupField& field) {
  const bool has_texts = counts_texts() && field.texts > 0;
  if (field.count == 0 && field.held_ms == 0 && !has_texts) return;
  advance(begin_ms);
  if (field.count > 0) {
    sums_.count += field.count;
    sums_.sum += field.sum;
    sums_.min = std::min(sums_.min, field.min);
    sums_.max = std::max(sums_.max, field.max);
    last_ = field.last;
    last_text_.clear();
  } else if (field.held_ms > 0) {
    last_ = field.integral / static_cast<double>(field.held_ms);  // from an earlier quarter
  }
  if (has_texts) {
    sums_.count += field.texts;
    if (field.count == 0) last_text_ = field.last_text;
  }
  said();
  const std::int64_t end_ms = begin_ms + kQuarter_ms;
  for (std::int64_t from_ms = begin_ms; from_ms < end_ms;) {
    advance(from_ms);
    const std::int64_t to_ms = std::min(end_ms, bucket_.end_ms);
    const double share = static_cast<double>(to_ms - from_ms) / static_cast<double>(kQuarter_ms);
    sums_.integral += field.integral * share;
    sums_.covered = sums_.covered || field.held_ms > 0;
    sums_.held = true;
    from_ms = to_ms;
  }
  row_ms_.reset();
}

namespace {

using std::chrono::days;
using std::chrono::local_days;

constexpr std::int64_t kMonday = 3;  // 1 January 1970 was a Thursday

std::int64_t floored(std::int64_t value, std::int64_t step) {
  const std::int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

}  // namespace

Bucket Buckets::of_days(std::int64_t at_ms) const {
  const std::int64_t each = step_ms_ / kDay_ms;
  const std::int64_t offset = each % 7 == 0 ? kMonday : 0;
  const std::int64_t day = time::day_of(at_ms, zone_).time_since_epoch().count();
  const local_days first{days(floored(day + offset, each) - offset)};
  return {.begin_ms = time::begin_of(first, zone_),
          .end_ms = time::begin_of(first + days(each), zone_)};
}

Bucket Buckets::at(std::int64_t at_ms) {
  if (step_ms_ >= kDay_ms) {
    if (at_ms < day_.begin_ms || at_ms >= day_.end_ms) day_ = of_days(at_ms);
    return day_;
  }
  if (kDay_ms % step_ms_ != 0) {
    const std::int64_t begin = floored(at_ms, step_ms_);
    return {.begin_ms = begin, .end_ms = begin + step_ms_};
  }
  if (at_ms < day_.begin_ms || at_ms >= day_.end_ms) {
    const local_days day = time::day_of(at_ms, zone_);
    day_ = {.begin_ms = time::begin_of(day, zone_), .end_ms = time::begin_of(day + days(1), zone_)};
  }
  const std::int64_t begin = day_.begin_ms + floored(at_ms - day_.begin_ms, step_ms_);
  return {.begin_ms = begin, .end_ms = std::min(begin + step_ms_, day_.end_ms)};
}

}  // namespace gridloom::history
