// Computes the four 15-minute rollups of an hour from its blocks. A device's rows drive a clock
// that stands still while the device is silent; the time for which a value holds in a quarter is
// measured by that clock.
#include "history/blocks/rollup.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/bytes.h"
#include "history/blocks/chunk.h"
#include "history/blocks/hours.h"
#include "history/blocks/rows.h"

namespace gridloom::history {
namespace {

// A clock that runs only while a block's rows show that the device was alive.
class AliveClock {
 public:
  AliveClock(std::int64_t hour, std::vector<std::int64_t> times) : times_(std::move(times)) {
    alive_ms_.reserve(times_.size());
    std::int64_t alive = 0;
    for (std::size_t i = 0; i < times_.size(); ++i) {
      if (i > 0 && is_alive(times_[i - 1], times_[i])) alive += times_[i] - times_[i - 1];
      alive_ms_.push_back(alive);
    }
    for (std::size_t i = 0; i < borders_.size(); ++i) {
      borders_[i] = at(hour * kHour_ms + static_cast<std::int64_t>(i) * kQuarter_ms);
    }
    // Rows outside of the hour count towards its first or last quarter.
    borders_.front() = 0;
    borders_.back() = alive;
  }

  [[nodiscard]] std::int64_t end() const { return borders_.back(); }
  [[nodiscard]] std::int64_t at(std::int64_t at_ms) const {
    const auto next = std::ranges::upper_bound(times_, at_ms);
    if (next == times_.begin()) return 0;
    const auto row = static_cast<std::size_t>(next - times_.begin()) - 1;
    const bool goes_on = next != times_.end() && is_alive(times_[row], *next);
    return alive_ms_[row] + (goes_on ? at_ms - times_[row] : 0);
  }
  // The time that this clock runs within a quarter between two of its readings, in ms.
  [[nodiscard]] std::int64_t in_quarter(std::size_t quarter, std::int64_t from,
                                        std::int64_t to) const {
    return std::max(std::int64_t{0},
                    std::min(to, borders_[quarter + 1]) - std::max(from, borders_[quarter]));
  }

 private:
  [[nodiscard]] static bool is_alive(std::int64_t from, std::int64_t to) {
    return static_cast<std::uint64_t>(wrapping_difference(to, from)) <=
           std::uint64_t{kLongestGap_ms};
  }

  std::vector<std::int64_t> times_;
  std::vector<std::int64_t> alive_ms_;
  std::array<std::int64_t, kQuarters + 1> borders_{};
};

// The statistics of a field in a quarter, and the times of its last number and last text.
struct Gathered {
  RollupField field;
  std::int64_t last_at_ms = 0;
  std::int64_t text_at_ms = 0;
};
using Gathering = std::array<std::map<FieldId, Gathered>, kQuarters>;

std::size_t quarter_of(std::int64_t hour, std::int64_t at_ms) {
  const std::int64_t within = at_ms - hour * kHour_ms;
  return static_cast<std::size_t>(
      std::clamp(within / kQuarter_ms, std::int64_t{0}, std::int64_t{kQuarters} - 1));
}

void add_number(Gathered& to, const Point& point) {
  RollupField& field = to.field;
  field.min = field.count == 0 ? point.value : std::min(field.min, point.value);
  field.max = field.count == 0 ? point.value : std::max(field.max, point.value);
  if (field.count == 0 || point.at_ms >= to.last_at_ms) {
    field.last = point.value;
    to.last_at_ms = point.at_ms;
  }
  ++field.count;
  field.sum += point.value;
}

void add_numbers(std::int64_t hour, FieldId field, const std::vector<Point>& points,
                 const AliveClock& clock, Gathering& all) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    add_number(all[quarter_of(hour, points[i].at_ms)][field], points[i]);
    const std::int64_t from = clock.at(points[i].at_ms);
    const std::int64_t to = i + 1 < points.size() ? clock.at(points[i + 1].at_ms) : clock.end();
    for (std::size_t quarter = 0; quarter < kQuarters; ++quarter) {
      const std::int64_t held = clock.in_quarter(quarter, from, to);
      if (held == 0) continue;
      RollupField& kept = all[quarter][field].field;
      kept.integral += points[i].value * static_cast<double>(held);
      kept.held_ms += held;
    }
  }
}

void add_texts(std::int64_t hour, FieldId field, std::vector<Block::Timed> values, Gathering& all) {
  for (Block::Timed& value : values) {
    if (value.value.is_number) continue;
    Gathered& to = all[quarter_of(hour, value.at_ms)][field];
    if (to.field.texts == 0 || value.at_ms >= to.text_at_ms) {
      to.field.last_text = std::move(value.text);
      to.text_at_ms = value.at_ms;
    }
    ++to.field.texts;
  }
}

Status add_block(std::int64_t hour, const Block& block, Gathering& all) {
  std::vector<std::int64_t> times;
  GL_TRY(block.times(times));
  const AliveClock clock(hour, std::move(times));
  std::vector<Point> points;
  std::vector<Block::Timed> values;
  for (const FieldId field : block.fields()) {
    points.clear();
    GL_TRY(block.numbers(field, points));
    add_numbers(hour, field, points, clock, all);
    if (block.size(field).texts == 0) continue;
    values.clear();
    GL_TRY(block.values(field, values));
    add_texts(hour, field, std::move(values), all);
  }
  return {};
}

}  // namespace

Result<HourOfRollups> rollups_of(std::int64_t hour, std::span<const Block> blocks) {
  Gathering all;
  for (const Block& block : blocks) {
    GL_TRY(add_block(hour, block, all));
  }
  HourOfRollups quarters;
  for (std::size_t i = 0; i < kQuarters; ++i) {
    quarters[i].begin_ms = hour * kHour_ms + static_cast<std::int64_t>(i) * kQuarter_ms;
    for (auto& [id, gathered] : all[i]) {
      gathered.field.field = id;
      quarters[i].fields.push_back(std::move(gathered.field));
    }
  }
  return quarters;
}

Result<HourOfRollups> rollups_of_chunks(std::int64_t hour, std::vector<std::string> chunks) {
  if (std::ranges::any_of(chunks, is_rows)) {
    const std::vector<std::string_view> views(chunks.begin(), chunks.end());
    GL_TRY(auto merged, merge(views, Packing::kRaw));
    chunks = std::move(merged);
  }
  std::vector<Block> blocks;
  for (const std::string& chunk : chunks) {
    GL_TRY(auto block, Block::open(chunk));
    blocks.push_back(std::move(block));
  }
  return rollups_of(hour, blocks);
}

}  // namespace gridloom::history
