#include "bridges/influx/history_lines.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "history/blocks/hours.h"

namespace gridloom::bridges {
namespace {

constexpr std::int64_t kNsInMs = 1'000'000;

std::string begin_of(const HistoryLines::Device& device, const InfluxSettings& settings) {
  const std::array<NamedText, 3> tags = {{{.name = "sn", .text = device.sn},
                                          {.name = "name", .text = device.name},
                                          {.name = "family", .text = device.family->id}}};
  return line_begin(settings.measurement.fill(tags), tags);
}

}  // namespace

HistoryLines::HistoryLines(Device device, std::shared_ptr<const InfluxSettings> settings,
                           std::int64_t from_ms, std::int64_t to_ms)
    : device_(std::move(device)),
      settings_(std::move(settings)),
      writer_(begin_of(device_, *settings_)),
      from_ms_(from_ms),
      to_ms_(to_ms) {}

Result<bool> HistoryLines::begin_window(history::Reader& reader) {
  if (from_ms_ >= to_ms_) return false;
  const auto hour = reader.hour_from(device_.number, history::hour_of(from_ms_));
  if (!hour) return std::unexpected(hour.error());
  if (!*hour || **hour * history::kHour_ms >= to_ms_) return false;
  const std::int64_t begin = std::max(from_ms_, **hour * history::kHour_ms);
  from_ms_ = std::min(begin + kWindow_ms, to_ms_);
  constexpr std::size_t kAny = std::numeric_limits<std::int64_t>::max();
  series_.emplace(history::SeriesReader::Options{
      .device = device_.number,
      .request = {.fields = {"*"}, .from_ms = begin, .to_ms = from_ms_},
      .limits = {.names = 1, .fields = kAny, .points = kAny},
      .order = history::SeriesReader::Order::kByTime});
  return true;
}

Status HistoryLines::work(history::Reader& reader) {
  for (const history::Slice slice(reader); !is_over_ && !is_full() && !slice.over();) {
    if (!series_) {
      const auto is_here = history::DeviceVisit(device_.number).enter(reader);
      if (!is_here) return std::unexpected(is_here.error());
      if (!*is_here) break;
      const auto begun = begin_window(reader);
      if (!begun) return std::unexpected(begun.error());
      is_over_ = !*begun;
      continue;
    }
    if (Status worked = series_->work(reader, *this); !worked) return worked;
    if (series_->done()) series_.reset();
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
  batch_.last_ms = at_ms;
  in_ms_ = at_ms == row_ms_ ? in_ms_ + 1 : 0;
  row_ms_ = at_ms;
  if (writer_.end(at_ms * kNsInMs + in_ms_, batch_.text)) ++batch_.lines;
}

LineBatch HistoryLines::take() { return std::exchange(batch_, {}); }

}  // namespace gridloom::bridges
