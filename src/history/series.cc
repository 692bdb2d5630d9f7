#include "history/series.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "history/store.h"

namespace gridloom::history {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

// Values that one read() may bring before the next one takes fewer hours, and twice as many are
// too few.
constexpr std::size_t kValuesAtOnce = std::size_t{1} << 14U;
constexpr std::int64_t kMostHoursAtOnce = 24 * 16;

bool close(std::int64_t before_ms, std::int64_t after_ms) {
  return after_ms - before_ms <= kLongestGap_ms;
}

}  // namespace

// Of one field, by time. All have a text, or none has; what is no number has kNoNumber.
struct Series::Values {
  std::vector<Point> points;
  std::vector<std::string> texts;

  // With those of another part of the same hour, which may tell some of them again. What a part
  // says twice, it means twice.
  void merge(Values&& other);
};

// Of one block.
struct Series::Part {
  struct Field {
    std::optional<Statistics> whole;  // then nothing is unpacked
    Values values;
  };
  std::int64_t first_row_ms = 0;
  std::int64_t last_row_ms = 0;
  std::vector<std::int64_t> rows;  // their times, if some field needs them
  std::vector<std::int64_t> ends;  // when the device's connection ended
  std::vector<Field> fields;       // by the query's
};

struct Series::Hour {
  std::vector<Part> parts;
  std::optional<HourOfQuarters> quarters;  // then there are no parts

  [[nodiscard]] bool must_be_unpacked() const {
    const auto is_whole = [](const Part::Field& field) { return field.whole.has_value(); };
    return parts.size() > 1 && std::ranges::any_of(parts, [&](const Part& part) {
             return part.rows.empty() || std::ranges::any_of(part.fields, is_whole);
           });
  }
  // All parts as one, unpacked.
  void join();
};

void Series::Values::merge(Values&& other) {
  Values all;
  const auto value_of = [](const Values& values, std::size_t i) {
    return std::pair(std::isnan(values.points[i].value) ? 0 : values.points[i].value,
                     values.texts.empty() ? std::string_view() : values.texts[i]);
  };
  const bool has_texts = !texts.empty() || !other.texts.empty();
  // One field may have texts in one part alone.
  if (has_texts) texts.resize(points.size());
  if (has_texts) other.texts.resize(other.points.size());
  const auto add = [&](Values& from, std::size_t i) {
    all.points.push_back(from.points[i]);
    if (has_texts) all.texts.push_back(std::move(from.texts[i]));
  };
  std::size_t i = 0;
  std::size_t k = 0;
  while (i < points.size() || k < other.points.size()) {
    const bool from_other =
        i == points.size() || (k < other.points.size() && other.points[k].at_ms < points[i].at_ms);
    const std::int64_t at_ms = from_other ? other.points[k].at_ms : points[i].at_ms;
    std::multiset<std::pair<double, std::string>> said;
    const bool both = !from_other && k < other.points.size() && other.points[k].at_ms == at_ms;
    for (; i < points.size() && points[i].at_ms == at_ms; ++i) {
      if (both) said.emplace(value_of(*this, i));
      add(*this, i);
    }
    for (; k < other.points.size() && other.points[k].at_ms == at_ms; ++k) {
      const auto again = said.find(std::pair<double, std::string>(value_of(other, k)));
      if (again == said.end()) {
        add(other, k);
      } else {
        said.erase(again);
      }
    }
  }
  *this = std::move(all);
}

void Series::Hour::join() {
  Part& all = parts.front();
  for (Part& part : std::span(parts).subspan(1)) {
    all.rows.insert(all.rows.end(), part.rows.begin(), part.rows.end());
    all.ends.insert(all.ends.end(), part.ends.begin(), part.ends.end());
    for (std::size_t i = 0; i < all.fields.size(); ++i) {
      all.fields[i].values.merge(std::move(part.fields[i].values));
    }
  }
  if (parts.size() > 1) {
    std::ranges::sort(all.rows);
    std::ranges::sort(all.ends);
    parts.resize(1);
  }
}

Series::Series(SeriesQuery query)
    : query_(std::move(query)),
      buckets_(query_.step_ms),
      // What comes soon behind the span tells that its last values are still held at its end.
      end_hour_(hour_of(query_.to_ms - 1 + (raw() ? 0 : kLongestGap_ms + 1)) + 1) {
  if (raw()) {
    next_hour_ = hour_of(query_.from_ms);
    return;
  }
  walkers_.assign(query_.fields.size(), Walker({.from_ms = query_.from_ms,
                                                .to_ms = query_.to_ms,
                                                .step_ms = query_.step_ms,
                                                .aggregate = query_.aggregate}));
}

bool Series::takes_texts() const {
  return raw() || query_.aggregate == Aggregate::kLast || query_.aggregate == Aggregate::kCount;
}

// The last hour before the begin in which a field was said, for each field.
Status Series::look_back(const EachBlock& blocks) {
  std::vector<FieldId> missing = query_.fields;
  const std::int64_t first = hour_of(query_.from_ms);
  next_hour_ = first;
  for (std::int64_t hour = first - 1; hour >= first - kLookBack_h && !missing.empty(); --hour) {
    const Status read = blocks(hour, hour + 1, [&](std::int64_t, const Block& block) -> Status {
      const std::size_t known = std::erase_if(missing, [&](FieldId field) {
        const Block::Size size = block.size(field);
        return size.numbers > 0 || (takes_texts() && size.texts > 0);
      });
      if (known > 0) next_hour_ = hour;
      return {};
    });
    if (!read) return read;
  }
  return {};
}

bool Series::in_one_bucket(std::int64_t hour) {
  const std::int64_t begin_ms = hour * kHour_ms;
  const std::int64_t end_ms = begin_ms + kHour_ms;
  if (end_ms <= query_.from_ms || begin_ms >= query_.to_ms) return true;
  if (begin_ms < query_.from_ms || end_ms > query_.to_ms || query_.step_ms < kHour_ms) return false;
  return buckets_.at(begin_ms).end_ms >= end_ms;
}

Status Series::take_values(const Block& block, FieldId field, Values& values) const {
  if (!takes_texts() || (!raw() && block.size(field).texts == 0)) {
    return block.numbers(field, values.points);
  }
  std::vector<Block::Timed> all;
  if (Status read = block.values(field, all); !read) return read;
  values.points.reserve(all.size());
  for (Block::Timed& timed : all) {
    const bool is_number = timed.value.is_number;
    values.points.push_back(
        {.at_ms = timed.at_ms, .value = is_number ? to_double(timed.value.number) : kNoNumber});
    values.texts.push_back(is_number ? raw() ? text_of(timed.value.number) : std::string()
                                     : std::move(timed.text));
  }
  return {};
}

Status Series::take(const Block& block, Unpack unpack, Part& part) const {
  part.first_row_ms = block.first_at_ms();
  part.last_row_ms = block.last_at_ms();
  part.fields.resize(query_.fields.size());
  if (query_.presence && !raw()) {
    const auto presence = block.statistics(*query_.presence);
    if (presence && presence->min == 0) {
      std::vector<Point> changes;
      if (Status read = block.numbers(*query_.presence, changes); !read) return read;
      for (const Point& change : changes) {
        if (change.value == 0) part.ends.push_back(change.at_ms);
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
        close(part.first_row_ms, statistics->first_at_ms) &&
        close(statistics->last_at_ms, part.last_row_ms)) {
      part.fields[i].whole = statistics;
      continue;
    }
    if (Status read = take_values(block, field, part.fields[i].values); !read) return read;
    needs_rows = true;
  }
  if (!needs_rows || raw()) return {};
  return block.times(part.rows);
}

Status Series::collect(const EachBlock& blocks, std::int64_t from, std::int64_t to, Unpack unpack,
                       Hours& hours) {
  return blocks(from, to, [&](std::int64_t hour, const Block& block) -> Status {
    const bool whole = unpack == Unpack::kWhereNeeded && !raw() && in_one_bucket(hour);
    std::vector<Part>& parts = hours[hour].parts;
    return take(block, whole && parts.empty() ? Unpack::kWhereNeeded : Unpack::kAlways,
                parts.emplace_back());
  });
}

Status Series::collect_quarters(const EachQuarters& quarters, std::int64_t from, std::int64_t to,
                                Hours& hours) const {
  if (raw() || !quarters) return {};
  return quarters(from, to, [&](std::int64_t hour, const HourOfQuarters& of) -> Status {
    if (hours[hour].parts.empty()) hours[hour].quarters = of;
    return {};
  });
}

void Series::walk(const HourOfQuarters& quarters, std::size_t field) {
  for (const Quarter& quarter : quarters) {
    const auto own =
        std::ranges::lower_bound(quarter.fields, query_.fields[field], {}, &QuarterField::field);
    if (own == quarter.fields.end() || own->field != query_.fields[field]) continue;
    walkers_[field].quarter(quarter.begin_ms, *own);
  }
}

void Series::walk(const Hour& hour, std::size_t field) {
  Walker& walker = walkers_[field];
  const Part& part = hour.parts.front();
  const Part::Field& own = part.fields[field];
  if (own.whole) return walker.whole(*own.whole, part.first_row_ms, part.last_row_ms);
  const std::vector<Point>& points = own.values.points;
  const std::vector<std::string>& texts = own.values.texts;
  auto end = part.ends.begin();
  std::size_t next = 0;
  for (const std::int64_t at_ms : part.rows) {
    walker.row(at_ms);
    for (; end != part.ends.end() && *end == at_ms; ++end) walker.went_away();
    for (; next < points.size() && points[next].at_ms == at_ms; ++next) {
      if (std::isnan(points[next].value)) {
        walker.text(at_ms, texts[next]);
      } else {
        walker.number(points[next]);
      }
    }
  }
}

void Series::give(const Hour& hour, std::size_t field, std::vector<SeriesPoint>& points) const {
  const Values& values = hour.parts.front().fields[field].values;
  for (std::size_t i = 0; i < values.points.size(); ++i) {
    const Point& point = values.points[i];
    if (point.at_ms < query_.from_ms || point.at_ms >= query_.to_ms) continue;
    points.push_back({.at_ms = point.at_ms,
                      .number = std::isnan(point.value) ? std::nullopt : std::optional(point.value),
                      .text = values.texts[i]});
  }
}

Status Series::read(const EachBlock& blocks, const EachQuarters& quarters,
                    std::vector<std::vector<SeriesPoint>>& points) {
  if (!next_hour_) {
    if (Status found = look_back(blocks); !found) return found;
  }
  const std::int64_t from = *next_hour_;
  const std::int64_t to = std::min(from + at_once_, end_hour_);
  Hours hours;
  if (Status read = collect(blocks, from, to, Unpack::kWhereNeeded, hours); !read) return read;
  if (Status read = collect_quarters(quarters, from, to, hours); !read) return read;
  std::size_t values = 0;
  for (auto& [at, hour] : hours) {
    if (hour.quarters) {
      for (std::size_t i = 0; i < query_.fields.size(); ++i) walk(*hour.quarters, i);
      values += kQuarters * query_.fields.size();
      continue;
    }
    if (!raw() && hour.must_be_unpacked()) {
      Hours again;
      if (Status read = collect(blocks, at, at + 1, Unpack::kAlways, again); !read) return read;
      hour = std::move(again[at]);
      if (hour.parts.empty()) continue;
    }
    hour.join();
    for (std::size_t i = 0; i < query_.fields.size(); ++i) {
      values += hour.parts.front().fields[i].values.points.size();
      if (raw()) {
        give(hour, i, points[i]);
      } else {
        walk(hour, i);
      }
    }
    hour = {};
  }
  next_hour_ = to;
  at_once_ = values > kValuesAtOnce ? std::max<std::int64_t>(at_once_ / 2, 1)
                                    : std::min(at_once_ * 2, kMostHoursAtOnce);
  for (std::size_t i = 0; i < walkers_.size(); ++i) {
    if (done()) walkers_[i].finish();
    std::vector<SeriesPoint>& made = walkers_[i].points();
    points[i].insert(points[i].end(), std::make_move_iterator(made.begin()),
                     std::make_move_iterator(made.end()));
    made.clear();
  }
  return {};
}

Result<std::uint64_t> count_values(const EachBlock& blocks, const SeriesQuery& query,
                                   std::uint64_t most) {
  std::uint64_t count = 0;
  const std::int64_t end = hour_of(query.to_ms - 1) + 1;
  for (std::int64_t hour = hour_of(query.from_ms); hour < end && count <= most;
       hour += kMostHoursAtOnce) {
    const std::int64_t to = std::min(end, hour + kMostHoursAtOnce);
    const Status read = blocks(hour, to, [&](std::int64_t, const Block& block) -> Status {
      for (const FieldId field : query.fields) {
        const Block::Size size = block.size(field);
        count += size.numbers + size.texts;
      }
      return {};
    });
    if (!read) return std::unexpected(read.error());
  }
  return count;
}

}  // namespace gridloom::history
