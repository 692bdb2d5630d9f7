#include "history/series_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "history/journal.h"
#include "history/store.h"
#include "wire/json.h"

namespace gridloom::history {
namespace {

// Points that wait in memory until it is their field's turn.
constexpr std::size_t kGroupPoints = std::size_t{1} << 16U;
constexpr std::size_t kKeptForOnePlotted = 8;

constexpr FieldId kNever = std::numeric_limits<FieldId>::max();  // was never reported

// Steps that somebody would choose, for what would be valid.
constexpr std::array<std::int64_t, 17> kUsualSteps_s = {
    1,    5,     10,    30,    60,     300,     900,     1800,    3600,
    7200, 21600, 43200, 86400, 604800, 2592000, 7776000, 31536000};

void append_number(std::string& out, double number) {
  fmt::format_to(std::back_inserter(out), "{}", number);
}

void append_value(std::string& out, const SeriesPoint& point) {
  if (!point.text.empty()) {
    out += point.text;
  } else if (point.number) {
    append_number(out, *point.number);
  } else {
    out += "null";
  }
}

void append_cell(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char letter : text) {
    if (letter == '"') out += '"';
    out += letter;
  }
  out += '"';
}

// A JSON string as its characters, anything else as it is.
void append_cell_of(std::string& out, const SeriesPoint& point) {
  if (point.text.empty()) {
    if (point.number) append_number(out, *point.number);
    return;
  }
  if (point.text.front() == '"') {
    const auto value = wire::parse_json(point.text, {.bytes = point.text.size()});
    if (value && value->is_string()) return append_cell(out, std::string(value->get_string()));
  }
  append_cell(out, point.text);
}

// 2026-11-01T00:00:00Z, with the milliseconds where there are some.
void append_iso_time(std::string& out, std::int64_t at_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds(at_ms)};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(at - day);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(),
                 time.seconds().count());
  if (const auto ms = time.subseconds().count(); ms != 0) {
    fmt::format_to(std::back_inserter(out), ".{:03}", ms);
  }
  out += 'Z';
}

}  // namespace

std::int64_t SeriesAnswer::steps() const {
  const SeriesRequest& request = options_.request;
  return (request.to_ms - request.from_ms) / request.step_ms + 2;
}

SeriesQuery SeriesAnswer::query_of(std::size_t begin, std::size_t end) const {
  const SeriesRequest& request = options_.request;
  SeriesQuery query{.fields = {},
                    .from_ms = request.from_ms,
                    .to_ms = request.to_ms,
                    .step_ms = request.step_ms,
                    .aggregate = request.aggregate,
                    .presence = presence_};
  for (std::size_t i = begin; i < end; ++i) query.fields.push_back(fields_[i].id);
  return query;
}

// Of each name that ends in *, what the device reported in the span; by name.
Status SeriesAnswer::find_matches(Reader& reader, const EachBlock& blocks,
                                  const EachQuarters& quarters,
                                  std::vector<std::vector<Field>>& matches) const {
  const std::vector<std::string>& asked = options_.request.fields;
  matches.resize(asked.size());
  const bool any = std::ranges::any_of(asked, [](const auto& name) { return name.ends_with('*'); });
  if (!any) return {};
  std::set<FieldId> reported;
  const std::int64_t begin = hour_of(options_.request.from_ms);
  const std::int64_t end = hour_of(options_.request.to_ms - 1) + 1;
  Status read = blocks(begin, end, [&](std::int64_t, const Block& block) -> Status {
    const std::vector<FieldId> fields = block.fields();
    reported.insert(fields.begin(), fields.end());
    return {};
  });
  if (!read) return read;
  read = quarters(begin, end, [&](std::int64_t, const HourOfQuarters& hour) -> Status {
    for (const Quarter& quarter : hour) {
      for (const QuarterField& field : quarter.fields) reported.insert(field.field);
    }
    return {};
  });
  if (!read) return read;
  for (const FieldId id : reported) {
    const std::string name = reader.names().name_of(id);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if (!asked[i].ends_with('*')) continue;
      const std::string_view prefix = std::string_view(asked[i]).substr(0, asked[i].size() - 1);
      // The platform's own are asked for as such.
      const bool own = name.starts_with('$') && !prefix.starts_with('$');
      if (name.starts_with(prefix) && !own) matches[i].push_back({.name = name, .id = id});
    }
  }
  for (std::vector<Field>& fields : matches) std::ranges::sort(fields, {}, &Field::name);
  return {};
}

Status SeriesAnswer::find_fields(Reader& reader, const EachBlock& blocks,
                                 const EachQuarters& quarters) {
  presence_ = reader.names().find(kPresence);
  std::vector<std::vector<Field>> matches;
  if (Status read = find_matches(reader, blocks, quarters, matches); !read) return read;
  std::set<std::string> known;
  const auto add = [&](Field field) {
    if (known.insert(field.name).second) fields_.push_back(std::move(field));
  };
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const std::string& name = options_.request.fields[i];
    if (!name.ends_with('*')) {
      add({.name = name, .id = reader.names().find(name).value_or(kNever)});
    }
    for (Field& field : matches[i]) add(std::move(field));
  }
  if (fields_.size() > options_.limits.fields) {
    return fail(FaultKind::kBadParams,
                fmt::format("fields stands for {} fields of this device: at most {} may be in an "
                            "answer; choose longer prefixes or names",
                            fields_.size(), options_.limits.fields));
  }
  return {};
}

Status SeriesAnswer::check_size(const EachBlock& blocks) const {
  const SeriesRequest& request = options_.request;
  const auto most = static_cast<std::int64_t>(options_.limits.points);
  const auto fields = static_cast<std::int64_t>(std::max<std::size_t>(fields_.size(), 1));
  if (request.step_ms > 0) {
    if (steps() <= most / fields) return {};
    const std::int64_t least_s =
        (request.to_ms - request.from_ms) / 1000 / std::max<std::int64_t>(most / fields - 2, 1) + 1;
    const auto* const usual = std::ranges::lower_bound(kUsualSteps_s, least_s);
    const std::string advice =
        usual == kUsualSteps_s.end()
            ? std::string("a shorter span or fewer fields would be valid")
            : fmt::format("a step of {} would be valid, or a shorter span, or fewer fields",
                          span_text(*usual * 1000));
    return fail(FaultKind::kBadParams,
                fmt::format("step is {:?}: {} points of {} fields, but an answer has at most {} in "
                            "all; {}",
                            span_text(request.step_ms), steps(), fields, most, advice));
  }
  if (request.points > 0) {
    if (static_cast<std::int64_t>(request.points) <= most / fields) return {};
    return fail(FaultKind::kBadParams,
                fmt::format("points is \"{}\": of {} fields, but an answer has at most {} in all; "
                            "{} would be valid",
                            request.points, fields, most, most / fields));
  }
  const auto values = count_values(blocks, query_of(0, fields_.size()), options_.limits.points);
  if (!values) return std::unexpected(values.error());
  if (*values <= options_.limits.points) return {};
  return fail(FaultKind::kBadParams,
              fmt::format("from and to have more than {} values between them, and an answer has at "
                          "most so many; a step, points, a shorter span or fewer fields would be "
                          "valid",
                          options_.limits.points));
}

void SeriesAnswer::begin_text(std::string& out) const {
  const SeriesRequest& request = options_.request;
  if (is_csv()) {
    out += "time";
    for (const Field& field : fields_) {
      out += ',';
      append_cell(out, field.name);
    }
    out += "\r\n";
    return;
  }
  out += R"({"sn":)";
  wire::append_quoted(out, options_.sn);
  fmt::format_to(std::back_inserter(out), R"(,"from":{},"to":{})", request.from_ms, request.to_ms);
  if (request.step_ms > 0) {
    fmt::format_to(std::back_inserter(out), R"(,"step":{},"aggregate":"{}")", request.step_ms,
                   name_of(request.aggregate));
  }
  out += R"(,"series":[)";
}

void SeriesAnswer::begin_group(std::string& out) {
  const SeriesRequest& request = options_.request;
  std::size_t together = fields_.size();
  if (!is_csv()) {
    // Without a step nobody knows how much comes of a field.
    std::size_t each = request.step_ms > 0 ? static_cast<std::size_t>(steps()) : kGroupPoints;
    if (request.points > 0) each = kKeptForOnePlotted * request.points;
    together = std::max<std::size_t>(kGroupPoints / each, 1);
  }
  group_end_ = std::min(group_begin_ + together, fields_.size());
  series_.emplace(query_of(group_begin_, group_end_));
  points_.assign(group_end_ - group_begin_, {});
  drawings_.clear();
  if (is_csv()) return;
  if (request.points > 0) {
    drawings_.assign(
        points_.size(),
        {.plot = Plot({.from_ms = request.from_ms, .to_ms = request.to_ms, .most = request.points}),
         .gaps = {}});
  }
  begin_field(group_begin_, out);
}

void SeriesAnswer::begin_field(std::size_t field, std::string& out) {
  const std::string& name = fields_[field].name;
  out += field == 0 ? R"({"field":)" : R"(,{"field":)";
  wire::append_quoted(out, name);
  const FieldUnit unit = options_.unit_of ? options_.unit_of(name) : FieldUnit();
  if (!unit.unit.empty()) {
    out += R"(,"unit":)";
    wire::append_quoted(out, unit.unit);
  }
  if (unit.scale != 1) {
    out += R"(,"scale":)";
    append_number(out, unit.scale);
  }
  out += R"(,"points":[)";
  first_point_ = true;
}

void SeriesAnswer::put_points(std::vector<SeriesPoint>& points, std::string& out) {
  for (const SeriesPoint& point : points) {
    out += std::exchange(first_point_, false) ? "[" : ",[";
    fmt::format_to(std::back_inserter(out), "{},", point.at_ms);
    append_value(out, point);
    out += ']';
  }
  points.clear();
}

// What is no number cannot be drawn.
void SeriesAnswer::draw(std::size_t in_group) {
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

// At most one gap between two points.
void SeriesAnswer::put_drawing(Drawing& drawing, std::string& out) {
  std::vector<SeriesPoint> points;
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
  put_points(points, out);
}

void SeriesAnswer::end_group(std::string& out) {
  for (std::size_t i = 0; i < points_.size() && !is_csv(); ++i) {
    if (i > 0) begin_field(group_begin_ + i, out);
    if (drawings_.empty()) {
      put_points(points_[i], out);
    } else {
      put_drawing(drawings_[i], out);
    }
    out += "]}";
  }
  series_.reset();
  points_.clear();
  drawings_.clear();
  group_begin_ = group_end_;
  if (group_begin_ < fields_.size()) return;
  if (!is_csv()) out += "]}";
  stage_ = Stage::kDone;
}

// All fields were read as far as each other. What a field says twice at a time makes two rows.
void SeriesAnswer::put_rows(std::string& out) {
  std::vector<std::size_t> next(points_.size(), 0);
  while (true) {
    std::optional<std::int64_t> at_ms;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (next[i] == points_[i].size()) continue;
      const std::int64_t own_ms = points_[i][next[i]].at_ms;
      at_ms = std::min(at_ms.value_or(own_ms), own_ms);
    }
    if (!at_ms) break;
    append_iso_time(out, *at_ms);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      out += ',';
      if (next[i] == points_[i].size() || points_[i][next[i]].at_ms != *at_ms) continue;
      append_cell_of(out, points_[i][next[i]++]);
    }
    out += "\r\n";
  }
  for (auto& points : points_) points.clear();
}

Status SeriesAnswer::work(Reader& reader, std::string& out) {
  const EachBlock blocks = [&](std::int64_t from, std::int64_t to, const OnHourBlock& on_block) {
    return reader.each_block(options_.device, from, to, on_block);
  };
  const EachQuarters quarters = [&](std::int64_t from, std::int64_t to,
                                    const OnHourQuarters& on_quarters) {
    return reader.each_quarters(options_.device, from, to, on_quarters);
  };
  if (stage_ == Stage::kNothingYet) {
    if (Status found = find_fields(reader, blocks, quarters); !found) return found;
    if (Status checked = check_size(blocks); !checked) return checked;
    begin_text(out);
    stage_ = Stage::kReading;
    if (fields_.empty()) return end_group(out), Status();
  }
  if (!series_) begin_group(out);
  if (Status read = series_->read(blocks, quarters, points_); !read) return read;
  if (is_csv()) {
    put_rows(out);
  } else if (!drawings_.empty()) {
    for (std::size_t i = 0; i < points_.size(); ++i) draw(i);
  } else {
    put_points(points_.front(), out);
  }
  if (series_->done()) end_group(out);
  return {};
}

}  // namespace gridloom::history
