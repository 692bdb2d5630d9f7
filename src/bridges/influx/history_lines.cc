#include "bridges/influx/history_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <variant>

#include "base/printable.h"
#include "history/blocks/hours.h"

namespace gridloom::bridges {
namespace {

// A name is one word of the line: `special` characters in it are escaped. A backslash before what
// separates words would escape that, so names have none.
void append_name(std::string& out, std::string_view name, std::string_view special) {
  for (const char each : printable(name)) {
    if (special.contains(each)) out += '\\';
    out += each == '\\' ? '/' : each;
  }
}

constexpr std::string_view kMeasurement = ", ";
constexpr std::string_view kKey = ",= ";

void append_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char each : printable(text)) {
    if (each == '"' || each == '\\') out += '\\';
    out += each;
  }
  out += '"';
}

// Appends "=value". False: there is none.
bool append_value(std::string& out, const PlainValue& value) {
  if (const bool* flag = std::get_if<bool>(&value.value)) {
    out += *flag ? "=true" : "=false";
    return true;
  }
  if (const double* number = std::get_if<double>(&value.value)) {
    if (!std::isfinite(*number)) return false;
    fmt::format_to(std::back_inserter(out), "={}", *number);
    return true;
  }
  const auto* text = std::get_if<std::string>(&value.value);
  if (text == nullptr) return false;
  out += '=';
  append_text(out, *text);
  return true;
}

}  // namespace

std::string line_begin(std::string_view measurement, std::span<const NamedText> tags) {
  std::string begin;
  append_name(begin, measurement, kMeasurement);
  for (const NamedText& tag : tags) {
    if (tag.text.empty()) continue;
    begin += ',';
    append_name(begin, tag.name, kKey);
    begin += '=';
    append_name(begin, tag.text, kKey);
  }
  return begin;
}

void LineWriter::add(const PlainValue& value) {
  const std::size_t before = fields_.size();
  if (before != 0) fields_ += ',';
  append_name(fields_, value.name, kKey);
  if (!append_value(fields_, value)) fields_.resize(before);
}

bool LineWriter::end(std::int64_t at_ns, std::string& out) {
  if (fields_.empty()) return false;
  fmt::format_to(std::back_inserter(out), "{} {} {}\n", begin_, fields_, at_ns);
  fields_.clear();
  return true;
}

namespace {

constexpr std::int64_t kNsInMs = 1'000'000;
constexpr std::int64_t kFirstHour = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLastHour = std::numeric_limits<std::int64_t>::max();

std::string begin_of(const HistoryLines::Device& device, const InfluxSettings& settings) {
  const std::array<NamedText, 3> tags = {{{.name = "sn", .text = device.sn},
                                          {.name = "name", .text = device.name},
                                          {.name = "family", .text = device.family->id}}};
  return line_begin(settings.measurement.fill(tags), tags);
}

}  // namespace

HistoryLines::HistoryLines(Device device, std::shared_ptr<const InfluxSettings> settings,
                           DevicePosition position, DevicePosition anew)
    : device_(std::move(device)),
      settings_(std::move(settings)),
      position_(std::move(position)),
      anew_(std::move(anew)),
      writer_(begin_of(device_, *settings_)),
      visit_(device_.number) {}

// The hours in memory are listed first: an hour that is stored meanwhile is then in one list at
// least.
Status HistoryLines::list(history::Reader& reader) {
  if (in_memory_.empty()) {
    in_memory_ = reader.hours_in_memory().hours(device_.number, kFirstHour, kLastHour);
  }
  GL_TRY(const auto stored, reader.hours_since(device_.number, position_.mark, kHoursAtOnce));
  const bool is_other = position_.numbering != 0 && position_.numbering != stored.numbering;
  if (is_other || stored.newest < position_.mark) {
    position_ = anew_;
    position_.numbering = stored.numbering;
    return {};  // and lists from there
  }
  position_.numbering = stored.numbering;
  for (const auto& [hour, mark] : stored.hours) hours_.push_back({.hour = hour, .mark = mark});
  if (stored.hours.size() == kHoursAtOnce) return {};
  newest_ = stored.newest;
  for (const std::int64_t hour : in_memory_) hours_.push_back({.hour = hour});
  return {};
}

Status HistoryLines::count(history::Reader& reader) {
  const std::int64_t last_ms = position_.of(count_->all.hour).last_ms;
  Status read = count_->walk.read(
      reader,
      [&](std::int64_t /*hour*/, const history::Block& block) -> Status {
        std::vector<std::int64_t> times;
        GL_TRY(block.times(times));
        count_->all.rows += std::ssize(times);
        count_->early += std::ranges::count_if(times, [&](auto at) { return at <= last_ms; });
        count_->all.last_ms = std::max(count_->all.last_ms, block.last_at_ms());
        return {};
      },
      [this](std::int64_t hour) {
        count_->all = {.hour = hour, .last_ms = kBeginOfTime_ms};
        count_->early = 0;
      });
  if (read && count_->walk.done()) begin_lines();
  return read;
}

void HistoryLines::begin_lines() {
  const DevicePosition::Hour& all = count_->all;
  const DevicePosition::Hour known = position_.of(all.hour);
  const std::int64_t begin_ms = all.hour * history::kHour_ms;
  const bool is_late = count_->early != known.rows;
  const std::int64_t from_ms =
      std::max({is_late ? begin_ms : std::max(begin_ms, known.last_ms + 1), position_.from_ms,
                settings_->since_ms.value_or(begin_ms)});
  if (from_ms > all.last_ms) return end_hour();
  constexpr std::size_t kAny = std::numeric_limits<std::int64_t>::max();
  row_ms_.reset();
  series_.emplace(history::SeriesReader::Options{
      .device = device_.number,
      .request = {.fields = {"*"}, .from_ms = from_ms, .to_ms = all.last_ms + 1},
      .limits = {.names = 1, .fields = kAny, .points = kAny},
      .order = history::SeriesReader::Order::kByTime});
}

void HistoryLines::end_hour() {
  const Hour& read = hours_.front();
  if (count_ && count_->all.rows != 0) position_.set(count_->all);
  if (read.mark) position_.mark = *read.mark;
  count_.reset();
  hours_.pop_front();
}

bool HistoryLines::pass_over() {
  if (hours_.empty()) return false;
  count_.reset();
  series_.reset();
  end_hour();
  return true;
}

Status HistoryLines::step(history::Reader& reader) {
  if (series_) {
    GL_TRY(series_->work(reader, *this));
    if (!series_->done()) return {};
    series_.reset();
    end_hour();
    return {};
  }
  if (count_) return count(reader);
  if (hours_.empty() && !newest_) return list(reader);
  if (hours_.empty()) {
    position_.mark = *newest_;
    position_.from_ms = kBeginOfTime_ms;
    is_over_ = true;
    return {};
  }
  const std::int64_t hour = hours_.front().hour;
  if (hour < history::hour_of(position_.from_ms)) {
    end_hour();
    return {};
  }
  count_.emplace(
      history::BlockWalk::Options{.device = device_.number,
                                  .from = hour,
                                  .to = hour + 1,
                                  .columns = {.wanted = [](history::FieldId) { return false; }}});
  return {};
}

Status HistoryLines::work(history::Reader& reader) {
  for (const history::Slice slice(reader); !is_over_ && !is_full() && !slice.over();) {
    GL_TRY(const auto is_here, visit_.enter(reader));
    if (!is_here) break;
    GL_TRY(step(reader));
  }
  return {};
}

void HistoryLines::add_row(std::int64_t at_ms, std::span<const history::SeriesPoint* const> row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const history::SeriesPoint* point = row[i];
    if (point == nullptr || point->text.empty()) continue;
    const std::string& quota = fields_[i];
    if (!settings_->selection.has_field(quota)) continue;
    for_each_plain_value(quota, device_.family->field(quota), std::string_view(point->text),
                         [this](const PlainValue& value) { writer_.add(value); });
  }
  in_ms_ = at_ms == row_ms_ ? in_ms_ + 1 : 0;
  row_ms_ = at_ms;
  if (writer_.end(at_ms * kNsInMs + in_ms_, batch_.text)) ++batch_.lines;
}

LineBatch HistoryLines::take() { return std::exchange(batch_, {}); }

}  // namespace gridloom::bridges
