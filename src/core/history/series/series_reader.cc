#include "history/series/series_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <span>
#include <utility>

#include "history/blocks/hours.h"
#include "history/energy/energy_sources.h"
#include "journal/journal.h"
#include "time/grammar.h"

namespace gridloom::history {
namespace {

// Points that wait in memory until their field is passed on.
constexpr std::size_t kGroupPoints = std::size_t{1} << 16U;
constexpr std::size_t kKeptForOnePlotted = 8;
// Points that one work() passes on, or reads.
constexpr std::size_t kPointsAtOnce = 4096;
constexpr std::int64_t kQuarterHoursAtOnce = 48;

constexpr FieldId kNever = std::numeric_limits<FieldId>::max();  // a field that was never reported

// Common steps, to suggest a valid one in an error message.
constexpr std::array<std::int64_t, 17> kUsualSteps_s = {
    1,    5,     10,    30,    60,     300,     900,     1800,    3600,
    7200, 21600, 43200, 86400, 604800, 2592000, 7776000, 31536000};

bool is_pattern(std::string_view name) { return name.contains('*'); }

// Whether a reported name is one that the pattern stands for.
bool fits(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return matches(pattern, name);
  const std::string_view prefix = pattern.substr(0, pattern.size() - 1);
  // The platform's own fields match only prefixes that begin with '$'.
  const bool is_own = name.starts_with('$') && !prefix.starts_with('$');
  return name.starts_with(prefix) && !is_own;
}

// Whether the names of the request need those that the device reported: for a pattern, and for a
// doubtful name that somebody reported.
bool needs_reported(const SeriesRequest& request, const FieldNames& names) {
  return std::ranges::any_of(request.fields, is_pattern) ||
         std::ranges::any_of(request.doubtful, [&](const DoubtfulField& field) {
           return names.find(field.name).has_value();
         });
}

Status check_doubtful(const SeriesRequest& request, const FieldNames& names,
                      const std::set<FieldId>& reported) {
  for (const DoubtfulField& field : request.doubtful) {
    const auto id = names.find(field.name);
    if (!id || !reported.contains(*id)) return fail(ErrorCode::kBadParams, field.refusal);
  }
  return {};
}

}  // namespace

std::int64_t SeriesReader::steps() const {
  const SeriesRequest& request = options_.request;
  return (request.to_ms - request.from_ms) / request.step_ms + 2;
}

SeriesQuery SeriesReader::query_of(std::size_t begin, std::size_t end) const {
  SeriesQuery query = *query_;
  for (std::size_t i = begin; i < end; ++i) query.fields.push_back(fields_[i].id);
  return query;
}

// Reads blocks; a call continues where the last call with the same hours ended.
EachBlock SeriesReader::blocks_of(Reader& reader, Columns columns) {
  return [this, &reader, columns = std::move(columns)](
             std::int64_t from, std::int64_t to, const OnHourBlock& on_block) -> Result<bool> {
    if (!walk_ || walk_->from != from || walk_->to != to) {
      walk_.emplace(Walk{
          .blocks =
              BlockWalk({.device = options_.device, .from = from, .to = to, .columns = columns}),
          .from = from,
          .to = to});
    }
    GL_TRY(walk_->blocks.read(reader, on_block.block, on_block.again));
    const bool all = walk_->blocks.done();
    if (all) walk_.reset();
    return all;
  };
}

// The columns of these fields and of the device's presence.
Columns SeriesReader::columns_of(std::vector<FieldId> fields) const {
  if (query_->presence) fields.push_back(*query_->presence);
  std::ranges::sort(fields);
  return {.wanted = [fields = std::move(fields)](FieldId field) {
    return std::ranges::binary_search(fields, field);
  }};
}

// Finds the fields that the device reported in the span.
Status SeriesReader::match_blocks(Reader& reader) {
  const SeriesRequest& request = options_.request;
  const std::int64_t from = hour_of(request.from_ms);
  const std::int64_t end = hour_of(request.to_ms - 1) + 1;
  if (!query_) {
    // Without a step nothing is looked for before the span.
    const std::int64_t back = request.step_ms > 0 ? LookBack::kMost_h : 0;
    GL_TRY(const auto first, reader.first_hour(options_.device, from - back));
    query_ = {.fields = {},
              .from_ms = request.from_ms,
              .to_ms = request.to_ms,
              .step_ms = request.step_ms,
              .aggregate = request.aggregate,
              .zone = request.zone,
              .first_hour = first.value_or(end)};
  }
  const std::int64_t begin = std::min(std::max(from, query_->first_hour), end);
  if (needs_reported(request, reader.names())) {
    const auto add_fields = [&](std::int64_t, const Block& block) -> Status {
      const std::vector<FieldId> fields = block.fields();
      reported_.insert(fields.begin(), fields.end());
      return {};
    };
    GL_TRY(const auto all,
           blocks_of(reader, {.names_only = true})(begin, end, {.block = add_fields}));
    if (!all) return {};
    quarters_from_ = begin;
    stage_ = Stage::kMatchingQuarters;
    return {};
  }
  return find_fields(reader);
}

Status SeriesReader::match_quarters(Reader& reader) {
  const std::int64_t end = hour_of(options_.request.to_ms - 1) + 1;
  const std::int64_t to = std::min(quarters_from_ + kQuarterHoursAtOnce, end);
  const Status read = reader.each_rollup(options_.device, quarters_from_, to,
                                         [&](std::int64_t, const HourOfRollups& hour) -> Status {
                                           for (const Rollup& quarter : hour) {
                                             for (const RollupField& field : quarter.fields)
                                               reported_.insert(field.field);
                                           }
                                           return {};
                                         });
  if (!read) return read;
  quarters_from_ = to;
  return to < end ? Status() : find_fields(reader);
}

// Resolves the requested names to fields, each once and in the order of the request; the fields of
// a pattern are sorted by name.
Status SeriesReader::find_fields(Reader& reader) {
  GL_TRY(check_doubtful(options_.request, reader.names(), reported_));
  query_->presence = reader.names().find(journal::kPresence);
  const std::vector<std::string>& asked = options_.request.fields;
  std::vector<std::vector<Field>> found(asked.size());
  for (const FieldId id : reported_) {
    const std::string name = reader.names().name_of(id);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if (is_pattern(asked[i]) && fits(asked[i], name)) {
        found[i].push_back({.name = name, .id = id});
      }
    }
  }
  reported_.clear();
  std::set<std::string> known;
  const auto add = [&](Field field) {
    if (known.insert(field.name).second) fields_.push_back(std::move(field));
  };
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (!is_pattern(asked[i])) {
      add({.name = asked[i], .id = reader.names().find(asked[i]).value_or(kNever)});
    }
    std::ranges::sort(found[i], {}, &Field::name);
    for (Field& field : found[i]) add(std::move(field));
  }
  if (fields_.size() > options_.limits.fields) {
    return fail(ErrorCode::kBadParams,
                fmt::format("fields stands for {} fields of this device: at most {} may be in an "
                            "answer; choose longer prefixes or names",
                            fields_.size(), options_.limits.fields));
  }
  return check_size();
}

Status SeriesReader::check_size() {
  const SeriesRequest& request = options_.request;
  const auto most = static_cast<std::int64_t>(options_.limits.points);
  const auto fields = static_cast<std::int64_t>(std::max<std::size_t>(fields_.size(), 1));
  stage_ = Stage::kReading;
  if (request.step_ms > 0) {
    if (steps() <= most / fields) return {};
    const std::int64_t least_s =
        (request.to_ms - request.from_ms) / 1000 / std::max<std::int64_t>(most / fields - 2, 1) + 1;
    const auto* const usual = std::ranges::lower_bound(kUsualSteps_s, least_s);
    const std::string advice =
        usual == kUsualSteps_s.end()
            ? std::string("a shorter span or fewer fields would be valid")
            : fmt::format("a step of {} would be valid, or a shorter span, or fewer fields",
                          time::span_text(Millis(*usual * 1000)));
    return fail(
        ErrorCode::kBadParams,
        fmt::format("step is {:?}: {} points of {} fields, but an answer has at most {} in "
                    "all; {}",
                    time::span_text(Millis(request.step_ms)), steps(), fields, most, advice));
  }
  if (request.points > 0) {
    if (static_cast<std::int64_t>(request.points) <= most / fields) return {};
    return fail(ErrorCode::kBadParams,
                fmt::format("points is \"{}\": of {} fields, but an answer has at most {} in all; "
                            "{} would be valid",
                            request.points, fields, most, most / fields));
  }
  values_.emplace(query_of(0, fields_.size()), options_.limits.points);
  stage_ = Stage::kCounting;
  return {};
}

Status SeriesReader::count(Reader& reader) {
  std::vector<FieldId> fields;
  fields.reserve(fields_.size());
  for (const Field& field : fields_) fields.push_back(field.id);
  GL_TRY(values_->work(blocks_of(reader, columns_of(std::move(fields)))));
  if (!values_->done()) return {};
  walk_.reset();
  stage_ = Stage::kReading;
  if (values_->count() <= options_.limits.points) return {};
  return fail(ErrorCode::kBadParams,
              fmt::format("from and to have more than {} values between them, and an answer has at "
                          "most so many; a step, points, a shorter span or fewer fields would be "
                          "valid",
                          options_.limits.points));
}

void SeriesReader::begin_group(SeriesSink& sink) {
  const SeriesRequest& request = options_.request;
  std::size_t together = fields_.size();
  if (!by_time()) {
    // Without a step the number of a field's points is not known.
    std::size_t each = request.step_ms > 0 ? static_cast<std::size_t>(steps()) : kGroupPoints;
    if (request.points > 0) each = kKeptForOnePlotted * request.points;
    together = std::max<std::size_t>(kGroupPoints / each, 1);
  }
  group_end_ = std::min(group_begin_ + together, fields_.size());
  walk_.reset();
  series_.emplace(query_of(group_begin_, group_end_));
  points_.assign(group_end_ - group_begin_, {});
  drawings_.clear();
  if (by_time()) return;
  if (request.points > 0) {
    drawings_.assign(
        points_.size(),
        {.plot = Plot({.from_ms = request.from_ms, .to_ms = request.to_ms, .most = request.points}),
         .gaps = {}});
  }
  sink.begin_field(fields_[group_begin_].name);
}

bool SeriesReader::put_points(std::vector<SeriesPoint>& points, SeriesSink& sink) {
  const std::size_t count = std::min(kPointsAtOnce, points.size() - put_);
  if (count > 0) sink.add_points(std::span(points).subspan(put_, count));
  put_ += count;
  if (put_ < points.size()) return false;
  put_ = 0;
  points.clear();
  return true;
}

// Adds the new points of a field of the group to its plot; texts cannot be plotted.
void SeriesReader::draw(std::size_t in_group) {
  Drawing& drawing = drawings_[in_group];
  const std::size_t most_gaps = kKeptForOnePlotted * options_.request.points;
  for (const SeriesPoint& point : points_[in_group]) {
    if (point.number) {
      drawing.plot.add({.at_ms = point.at_ms, .value = *point.number});
      drawing.in_gap = false;
    } else if (point.text.empty() && !std::exchange(drawing.in_gap, true) &&
               drawing.gaps.size() < most_gaps) {
      drawing.gaps.push_back(point.at_ms);
    }
  }
  points_[in_group].clear();
}

// Makes the points of a field's plot, with at most one gap between two of them.
void SeriesReader::make_drawing(std::size_t in_group) {
  Drawing& drawing = drawings_[in_group];
  std::vector<SeriesPoint>& points = points_[in_group];
  auto gap = drawing.gaps.begin();
  const auto put_gap_before = [&](std::int64_t at_ms) {
    if (gap != drawing.gaps.end() && *gap < at_ms) points.push_back({.at_ms = *gap});
    while (gap != drawing.gaps.end() && *gap < at_ms) ++gap;
  };
  for (const Point& point : drawing.plot.take()) {
    put_gap_before(point.at_ms);
    points.push_back({.at_ms = point.at_ms, .number = point.value});
  }
  put_gap_before(options_.request.to_ms);
}

// Hands on the points that were just read: of the group's first field, or rows of all fields.
void SeriesReader::put_some(SeriesSink& sink) {
  if (!(by_time() ? put_rows(sink) : put_points(points_.front(), sink))) return;
  stage_ = Stage::kReading;
  if (!series_->done()) return;
  in_group_ = 0;
  field_begun_ = true;
  stage_ = Stage::kPuttingGroup;
}

// Hands on the points of the group's other fields, which waited for the first.
void SeriesReader::put_some_of_group(SeriesSink& sink) {
  if (by_time() || in_group_ == points_.size()) return end_group(sink);
  if (!std::exchange(field_begun_, true)) sink.begin_field(fields_[group_begin_ + in_group_].name);
  if (!drawings_.empty() && put_ == 0) make_drawing(in_group_);
  if (!put_points(points_[in_group_], sink)) return;
  sink.end_field();
  ++in_group_;
  field_begun_ = false;
}

void SeriesReader::end_group(SeriesSink& sink) {
  series_.reset();
  points_.clear();
  drawings_.clear();
  group_begin_ = group_end_;
  stage_ = Stage::kReading;
  if (group_begin_ < fields_.size()) return;
  sink.end();
  stage_ = Stage::kDone;
}

// Hands on rows; all fields were read up to the same time.
bool SeriesReader::put_rows(SeriesSink& sink) {
  std::vector<std::size_t>& next = rows_put_;
  next.resize(points_.size());
  for (std::size_t cells = 0; cells < kPointsAtOnce; cells += points_.size()) {
    using Place = std::pair<std::int64_t, std::uint64_t>;
    const auto place_of = [](const SeriesPoint& point) { return Place(point.at_ms, point.row); };
    std::optional<Place> first;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (next[i] == points_[i].size()) continue;
      const Place own = place_of(points_[i][next[i]]);
      first = std::min(first.value_or(own), own);
    }
    if (!first) {
      for (auto& points : points_) points.clear();
      next.clear();
      return true;
    }
    row_.assign(points_.size(), nullptr);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (next[i] == points_[i].size() || place_of(points_[i][next[i]]) != *first) continue;
      row_[i] = &points_[i][next[i]++];
    }
    sink.add_row(first->first, row_);
  }
  return false;
}

Status SeriesReader::read(Reader& reader) {
  std::vector<FieldId> fields;
  for (std::size_t i = group_begin_; i < group_end_; ++i) fields.push_back(fields_[i].id);
  const EachRollup quarters = [&](std::int64_t from, std::int64_t to,
                                  const OnHourQuarters& on_rollup) {
    return reader.each_rollup(options_.device, from, to, on_rollup);
  };
  const EachBlock blocks = blocks_of(reader, columns_of(std::move(fields)));
  GL_TRY(series_->read(blocks, quarters, points_));
  for (std::size_t i = 0; i < drawings_.size(); ++i) draw(i);
  stage_ = Stage::kPutting;
  return {};
}

// Called once it is known that there will be an answer.
void SeriesReader::begin_answer(SeriesSink& sink) {
  std::vector<std::string> names;
  names.reserve(fields_.size());
  for (const Field& field : fields_) names.push_back(field.name);
  sink.begin(names);
  if (fields_.empty()) end_group(sink);
}

Status SeriesReader::work(Reader& reader, SeriesSink& sink) {
  const bool reads = stage_ < Stage::kPutting;
  if (reads) {
    GL_TRY(const auto is_here, visit_.enter(reader));
    if (!is_here) return {};
  }
  switch (stage_) {
    case Stage::kMatching:
      GL_TRY(match_blocks(reader));
      break;
    case Stage::kMatchingQuarters:
      GL_TRY(match_quarters(reader));
      break;
    case Stage::kCounting:
      GL_TRY(count(reader));
      break;
    case Stage::kReading:
      if (!std::exchange(begun_, true)) {
        begin_answer(sink);
        if (done()) return {};
      }
      if (!series_) begin_group(sink);
      return read(reader);
    case Stage::kPutting:
      put_some(sink);
      break;
    case Stage::kPuttingGroup:
      put_some_of_group(sink);
      break;
    case Stage::kDone:
      break;
  }
  return {};
}

}  // namespace gridloom::history
