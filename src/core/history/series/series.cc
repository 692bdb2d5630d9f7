#include "history/series/series.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <ranges>
#include <span>
#include <string_view>
#include <utility>

#include "history/blocks/chunk.h"
#include "history/blocks/hours.h"

namespace gridloom::history {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

// If the hours that were read together had more values than this, the next read takes half as many
// hours, otherwise twice as many.
constexpr std::size_t kValuesAtOnce = std::size_t{1} << 14U;
constexpr std::int64_t kMaxHoursAtOnce = 24 * 16;
constexpr std::int64_t kQuarterHoursAtOnce = 48;
constexpr std::size_t kRowsAtOnce = std::size_t{1} << 13U;  // rows that one read() processes

bool close(std::int64_t before_ms, std::int64_t after_ms) {
  return after_ms - before_ms <= kLongestGap_ms;
}

std::int64_t hour_to_read(const SeriesQuery& query, std::int64_t end_hour) {
  return std::clamp(query.first_hour, hour_of(query.from_ms), end_hour);
}

}  // namespace

void Series::Values::merge(Values&& other) {
  if (points.empty() && texts.empty()) {
    *this = std::move(other);
    return;
  }
  // A field may have texts in only one of the chunks.
  if (!texts.empty() || !other.texts.empty()) {
    texts.resize(points.size());
    other.texts.resize(other.points.size());
  }
  const std::size_t own = points.size();
  const bool in_order = other.points.empty() || points.back().at_ms <= other.points.front().at_ms;
  points.insert(points.end(), other.points.begin(), other.points.end());
  std::ranges::move(other.texts, std::back_inserter(texts));
  rows.insert(rows.end(), other.rows.begin(), other.rows.end());
  if (in_order) return;
  std::vector<std::size_t> order(points.size());
  const auto time_of = [this](std::size_t i) { return points[i].at_ms; };
  std::ranges::merge(std::views::iota(std::size_t{0}, own), std::views::iota(own, points.size()),
                     order.begin(), {}, time_of, time_of);
  const auto in_that_order = [&order](auto& all) {
    if (all.empty()) return;
    auto sorted = all;
    for (std::size_t i = 0; i < order.size(); ++i) sorted[i] = std::move(all[order[i]]);
    all = std::move(sorted);
  };
  in_that_order(points);
  in_that_order(texts);
  in_that_order(rows);
}

bool Series::Hour::must_be_unpacked() const {
  const auto is_whole = [](const Chunk::Field& field) { return field.whole.has_value(); };
  return !unpacked && chunks.size() > 1 && std::ranges::any_of(chunks, [&](const Chunk& chunk) {
    return chunk.rows.empty() || std::ranges::any_of(chunk.fields, is_whole);
  });
}

void Series::Hour::join() {
  if (std::exchange(joined, true) || chunks.empty()) return;
  Chunk& all = chunks.front();
  for (Chunk& chunk : std::span(chunks).subspan(1)) {
    all.rows.insert(all.rows.end(), chunk.rows.begin(), chunk.rows.end());
    all.ends.insert(all.ends.end(), chunk.ends.begin(), chunk.ends.end());
    for (std::size_t i = 0; i < all.fields.size(); ++i) {
      all.fields[i].values.merge(std::move(chunk.fields[i].values));
    }
  }
  if (chunks.size() > 1) {
    if (!std::ranges::is_sorted(all.rows)) std::ranges::sort(all.rows);
    std::ranges::sort(all.ends);
    chunks.resize(1);
  }
}

Series::Series(SeriesQuery query)
    : query_(std::move(query)),
      buckets_(query_.step_ms, query_.zone),
      // Rows soon after the span show that its last values still hold at its end.
      end_hour_(hour_of(query_.to_ms - 1 + (raw() ? 0 : kLongestGap_ms + 1)) + 1) {
  if (raw()) {
    next_hour_ = hour_to_read(query_, end_hour_);
    given_.resize(query_.fields.size());
    return;
  }
  walkers_.assign(query_.fields.size(), BucketAggregator({.from_ms = query_.from_ms,
                                                          .to_ms = query_.to_ms,
                                                          .step_ms = query_.step_ms,
                                                          .aggregate = query_.aggregate,
                                                          .zone = query_.zone}));
}

bool Series::takes_texts() const {
  return raw() || query_.aggregate == Aggregate::kLast || query_.aggregate == Aggregate::kCount;
}

LookBack::LookBack(const SeriesQuery& query, bool takes_texts)
    : earliest_(hour_of(query.from_ms) - kMost_h),
      hour_(hour_of(query.from_ms) - 1),
      found_(hour_of(query.from_ms)),
      missing_(query.fields),
      takes_texts_(takes_texts) {}

Result<bool> LookBack::work(const EachBlock& blocks) {
  while (in_hour_ || (hour_ >= earliest_ && !missing_.empty())) {
    const auto look = [&](std::int64_t, const Block& block) -> Status {
      const std::size_t known = std::erase_if(missing_, [&](FieldId field) {
        const Block::Size size = block.size(field);
        return size.numbers > 0 || (takes_texts_ && size.texts > 0);
      });
      if (known > 0) found_ = hour_;
      return {};
    };
    const auto all = blocks(hour_, hour_ + 1, {.block = look});
    if (!all) return all;
    in_hour_ = !*all;
    if (in_hour_) return false;
    --hour_;
  }
  return true;
}

// False: there are more hours to search.
Result<bool> Series::find_next_hour(const EachBlock& blocks) {
  if (query_.first_hour >= hour_of(query_.from_ms)) {
    next_hour_ = hour_to_read(query_, end_hour_);
    return true;
  }
  if (!look_back_) look_back_.emplace(query_, takes_texts());
  const auto is_done = look_back_->work(blocks);
  if (is_done && *is_done) next_hour_ = look_back_->found();
  return is_done;
}

bool Series::in_one_bucket(std::int64_t hour) {
  const std::int64_t begin_ms = hour * kHour_ms;
  const std::int64_t end_ms = begin_ms + kHour_ms;
  if (end_ms <= query_.from_ms || begin_ms >= query_.to_ms) return true;
  if (begin_ms < query_.from_ms || end_ms > query_.to_ms || query_.step_ms < kHour_ms) return false;
  return buckets_.at(begin_ms).end_ms >= end_ms;
}

Status Series::take_values(const Block& block, FieldId field, std::size_t place,
                           Values& values) const {
  if (!takes_texts() || (!raw() && block.size(field).texts == 0)) {
    return block.numbers(field, values.points);
  }
  std::vector<Block::Timed> all;
  GL_TRY(block.values(field, all));
  values.points.reserve(all.size());
  for (Block::Timed& timed : all) {
    const bool is_number = timed.value.is_number;
    values.points.push_back(
        {.at_ms = timed.at_ms, .value = is_number ? to_double(timed.value.number) : kNoNumber});
    values.texts.push_back(is_number ? raw() ? text_of(timed.value.number) : std::string()
                                     : std::move(timed.text));
    if (raw()) values.rows.push_back(std::uint64_t{place} << 32U | timed.row);
  }
  return {};
}

Status Series::take(const Block& block, Unpack unpack, std::size_t place, Chunk& chunk) const {
  chunk.first_row_ms = block.first_at_ms();
  chunk.last_row_ms = block.last_at_ms();
  chunk.fields.resize(query_.fields.size());
  if (query_.presence && !raw()) {
    const auto presence = block.statistics(*query_.presence);
    if (presence && presence->min == 0) {
      std::vector<Point> changes;
      GL_TRY(block.numbers(*query_.presence, changes));
      for (const Point& change : changes) {
        if (change.value == 0) chunk.ends.push_back(change.at_ms);
      }
      unpack = Unpack::kAlways;
    }
  }
  bool needs_rows = unpack == Unpack::kAlways;
  for (std::size_t i = 0; i < query_.fields.size(); ++i) {
    const FieldId field = query_.fields[i];
    auto statistics = raw() ? std::nullopt : block.statistics(field);
    if (unpack == Unpack::kWhereNeeded && statistics &&
        (!takes_texts() || block.size(field).texts == 0) &&
        close(chunk.first_row_ms, statistics->first_at_ms) &&
        close(statistics->last_at_ms, chunk.last_row_ms)) {
      chunk.fields[i].whole = statistics;
      continue;
    }
    GL_TRY(take_values(block, field, place, chunk.fields[i].values));
    needs_rows = true;
  }
  if (!needs_rows || raw()) return {};
  return block.times(chunk.rows);
}

Result<bool> Series::collect(const EachBlock& blocks, std::int64_t from, std::int64_t to,
                             Unpack unpack, Hours& hours) {
  const auto take_block = [&](std::int64_t hour, const Block& block) -> Status {
    // Rows that are not a block yet are rarely the only chunk of their hour.
    const bool whole = unpack == Unpack::kWhereNeeded && !raw() && in_one_bucket(hour) &&
                       block.size(kOtherColumns).numbers == 0;
    std::vector<Chunk>& chunks = hours[hour].chunks;
    const std::size_t place = chunks.size();
    return take(block, whole && chunks.empty() ? Unpack::kWhereNeeded : Unpack::kAlways, place,
                chunks.emplace_back());
  };
  return blocks(from, to, {.block = take_block, .again = [&](std::int64_t hour) {
                             hours[hour].chunks.clear();
                           }});
}

Status Series::collect_quarters(const EachRollup& quarters, std::int64_t from, std::int64_t to,
                                Hours& hours) const {
  if (raw() || !quarters) return {};
  return quarters(from, to, [&](std::int64_t hour, const HourOfRollups& of) -> Status {
    if (hours[hour].chunks.empty()) hours[hour].quarters = of;
    return {};
  });
}

void Series::walk(const HourOfRollups& quarters, std::size_t field) {
  for (const Rollup& quarter : quarters) {
    const auto own =
        std::ranges::lower_bound(quarter.fields, query_.fields[field], {}, &RollupField::field);
    if (own == quarter.fields.end() || own->field != query_.fields[field]) continue;
    walkers_[field].quarter(quarter.begin_ms, *own);
  }
}

// Processes some rows of a field. True: the field is done.
bool Series::walk(const Hour& hour, std::size_t field) {
  BucketAggregator& aggregator = walkers_[field];
  const Chunk& chunk = hour.chunks.front();
  const Chunk::Field& own = chunk.fields[field];
  if (own.whole) return aggregator.whole(*own.whole, chunk.first_row_ms, chunk.last_row_ms), true;
  const std::vector<Point>& points = own.values.points;
  const std::vector<std::string>& texts = own.values.texts;
  const std::size_t until = std::min(position_.row + kRowsAtOnce, chunk.rows.size());
  for (; position_.row < until; ++position_.row) {
    const std::int64_t at_ms = chunk.rows[position_.row];
    aggregator.row(at_ms);
    for (; position_.end < chunk.ends.size() && chunk.ends[position_.end] == at_ms;
         ++position_.end) {
      aggregator.disconnected();
    }
    for (std::size_t& next = position_.value; next < points.size() && points[next].at_ms == at_ms;
         ++next) {
      if (std::isnan(points[next].value)) {
        aggregator.text(at_ms, texts[next]);
      } else {
        aggregator.number(points[next]);
      }
    }
  }
  return position_.row == chunk.rows.size();
}

// Copies some values of a field. True: the field is done.
bool Series::give(const Hour& hour, std::size_t field) {
  const Values& values = hour.chunks.front().fields[field].values;
  const std::size_t until = std::min(position_.value + kRowsAtOnce, values.points.size());
  for (std::size_t& i = position_.value; i < until; ++i) {
    const Point& point = values.points[i];
    if (point.at_ms < query_.from_ms || point.at_ms >= query_.to_ms) continue;
    given_[field].push_back(
        {.at_ms = point.at_ms,
         .number = std::isnan(point.value) ? std::nullopt : std::optional(point.value),
         .text = values.texts[i],
         .row = values.rows[i]});
  }
  return position_.value == values.points.size();
}

// Processes rows, field after field, for about a millisecond.
bool Series::walk_some(Hour& hour) {
  if (hour.quarters) {
    for (std::size_t i = 0; i < query_.fields.size(); ++i) walk(*hour.quarters, i);
    values_ += kQuarters * query_.fields.size();
    return true;
  }
  if (hour.chunks.empty()) return true;
  hour.join();
  std::size_t worked = 0;
  while (position_.field < query_.fields.size()) {
    if (worked > kRowsAtOnce) return false;
    const std::size_t before = position_.row + position_.value;
    const bool whole = raw() ? give(hour, position_.field) : walk(hour, position_.field);
    worked += position_.row + position_.value - before + 1;
    if (!whole) continue;
    values_ += hour.chunks.front().fields[position_.field].values.points.size();
    position_ = {.field = position_.field + 1};
  }
  position_ = {};
  return true;
}

// Collects the blocks and rollups of the next hours. False: there are more.
Result<bool> Series::collect_all(const EachBlock& blocks, const EachRollup& quarters) {
  if (collected_) return true;
  const std::int64_t from = *next_hour_;
  const std::int64_t to = std::min(from + at_once_, end_hour_);
  if (!quarters_from_) {
    const auto all = collect(blocks, from, to, Unpack::kWhereNeeded, hours_);
    if (!all || !*all) return all;
    quarters_from_ = from;
  }
  const std::int64_t until = std::min(*quarters_from_ + kQuarterHoursAtOnce, to);
  GL_TRY(collect_quarters(quarters, *quarters_from_, until, hours_));
  quarters_from_ = until;
  if (until < to) return false;
  quarters_from_.reset();
  collected_ = true;
  values_ = 0;
  return true;
}

// Unpacks the first hour if its chunks have to be merged and some were taken as statistics only.
// False: there are more blocks.
Result<bool> Series::unpack_again(const EachBlock& blocks) {
  auto& [at, hour] = *hours_.begin();
  if (raw() || hour.quarters || !hour.must_be_unpacked()) {
    hour.unpacked = true;
    return true;
  }
  const auto all = collect(blocks, at, at + 1, Unpack::kAlways, again_);
  if (!all || !*all) return all;
  hour = std::move(again_[at]);
  hour.unpacked = true;
  again_.clear();
  return true;
}

void Series::hand_over(std::vector<std::vector<SeriesPoint>>& points) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!raw() && done()) walkers_[i].finish();
    std::vector<SeriesPoint>& made = raw() ? given_[i] : walkers_[i].points();
    points[i].insert(points[i].end(), std::make_move_iterator(made.begin()),
                     std::make_move_iterator(made.end()));
    made.clear();
  }
}

Status Series::read(const EachBlock& blocks, const EachRollup& quarters,
                    std::vector<std::vector<SeriesPoint>>& points) {
  if (!next_hour_) {
    GL_TRY(const auto found, find_next_hour(blocks));
    if (!found) return {};
  }
  GL_TRY(const auto collected, collect_all(blocks, quarters));
  if (!collected) return {};
  while (!hours_.empty()) {
    GL_TRY(const auto unpacked, unpack_again(blocks));
    if (!unpacked || !walk_some(hours_.begin()->second)) return {};
    hours_.erase(hours_.begin());
  }
  collected_ = false;
  next_hour_ = std::min(*next_hour_ + at_once_, end_hour_);
  at_once_ = values_ > kValuesAtOnce ? std::max<std::int64_t>(at_once_ / 2, 1)
                                     : std::min(at_once_ * 2, kMaxHoursAtOnce);
  hand_over(points);
  return {};
}

ValueCount::ValueCount(const SeriesQuery& query, std::uint64_t most)
    : fields_(query.fields),
      hour_(std::max(hour_of(query.from_ms), query.first_hour)),
      end_(hour_of(query.to_ms - 1) + 1),
      most_(most) {}

Status ValueCount::work(const EachBlock& blocks) {
  if (done()) return {};
  const std::int64_t to = std::min(end_, hour_ + kMaxHoursAtOnce);
  const auto count = [&](std::int64_t hour, const Block& block) -> Status {
    if (std::exchange(counted_hour_, hour) != hour) before_hour_ = count_;
    for (const FieldId field : fields_) {
      const Block::Size size = block.size(field);
      count_ += size.numbers + size.texts;
    }
    return {};
  };
  // An hour whose first chunk was damaged has no value counted yet.
  const auto again = [&](std::int64_t hour) {
    if (counted_hour_ == hour) count_ = before_hour_;
  };
  GL_TRY(const auto all, blocks(hour_, to, {.block = count, .again = again}));
  if (all) hour_ = to;
  return {};
}

}  // namespace gridloom::history
