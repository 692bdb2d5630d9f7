// Reads blocks: open() reads the header; all other functions unpack only what they need. Memory is
// never allocated by a count from the input before the bytes that this count requires were seen: a
// row takes a byte in the time column, and times are unpacked before anything else.
#include "history/blocks/block.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ranges>
#include <tuple>

#include "base/bytes.h"
#include "history/blocks/block_layout.h"
#include "history/blocks/column.h"
#include "history/blocks/compressed_buffer.h"

namespace gridloom::history {
namespace {

// Number of cells that each_row() converts from columns to rows at a time.
constexpr std::size_t kMaxCellsAtOnce = std::size_t{1} << 17U;

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::kMalformed, fmt::format("a damaged block: its {}", what));
}
std::unexpected<Error> damaged(const Column& column) {
  return damaged(fmt::format("column of field {}", column.field));
}

// Converts a number with `scale` decimals to a double.
double scaled(Wide number, std::uint8_t scale) {
  return static_cast<double>(number) / std::pow(10, scale);
}

}  // namespace

struct Block::Parsed {
  std::string_view bytes;
  Layout layout;
  mutable std::vector<std::int64_t> times;  // unpacked on first use
  mutable std::optional<std::string_view> presences;
  mutable std::string presence_scratch;

  // An unpacked column.
  struct Open {
    const Column* column = nullptr;
    std::vector<std::uint32_t> rows;
    Numbers numbers;
    Texts texts;
    std::string scratch;
    std::size_t next = 0;  // position for an iteration over the column

    [[nodiscard]] Value value(std::size_t i) const {
      if (column->kind == Column::Kind::kTexts) return {.text = texts.at(i)};
      return {.is_number = true, .number = reduced(numbers.at(i))};
    }
  };

  [[nodiscard]] std::string_view at(const ByteRange& place) const {
    return bytes.substr(place.begin, place.size);
  }
  [[nodiscard]] const Column* find(FieldId field, Column::Kind kind) const {
    const auto key = [](const Column& column) { return std::tuple(column.field, column.kind); };
    const auto found = std::ranges::lower_bound(layout.columns, std::tuple(field, kind), {}, key);
    if (found == layout.columns.end() || key(*found) != std::tuple(field, kind)) return nullptr;
    return &*found;
  }
  [[nodiscard]] Status need_times() const;
  [[nodiscard]] Status open(const Column& column, Open& to) const;
  [[nodiscard]] bool open_rows(const Presence& presence, std::vector<std::uint32_t>& rows) const;
};

Status Block::Parsed::need_times() const {
  if (!times.empty()) return {};
  std::string scratch;
  const auto raw = unpacked(at(layout.times), layout.times.packing, scratch);
  if (raw && read_times(*raw, layout.first_at_ms, layout.rows, times) &&
      times.back() == layout.last_at_ms) {
    return {};
  }
  times.clear();
  return damaged("time column");
}

bool Block::Parsed::open_rows(const Presence& presence, std::vector<std::uint32_t>& rows) const {
  if (&presence == layout.presences.data()) {
    const auto all = std::views::iota(0U, static_cast<std::uint32_t>(layout.rows));
    rows.assign(all.begin(), all.end());
    return true;
  }
  if (!presences) {
    presences = unpacked(at(layout.presence), layout.presence.packing, presence_scratch);
    if (!presences) return false;
  }
  if (presence.begin > presences->size()) return false;
  const std::string_view bits = presences->substr(presence.begin, presence.size);
  return bits.size() == presence.size &&
         read_presence(bits, presence.form, presence.count, layout.rows, rows);
}

// need_times() must have been called before.
Status Block::Parsed::open(const Column& column, Open& to) const {
  to.column = &column;
  to.next = 0;
  const Presence& presence = layout.presences[column.presence];
  if (!open_rows(presence, to.rows)) return damaged(column);
  const std::size_t count = to.rows.size();
  to.numbers.scale = column.scale;
  if (column.constant()) {
    to.numbers.scales.clear();
    to.numbers.digits.assign(count, column.exact.min);
    return {};
  }
  const auto raw = unpacked(at(column.place), column.place.packing, to.scratch);
  if (!raw) return damaged(column);
  const bool good = column.kind == Column::Kind::kTexts
                        ? read_texts(*raw, count, to.texts)
                        : read_numbers(*raw, column.exact.min, count, to.numbers);
  if (!good) return damaged(column);
  return {};
}

Block::Block(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}

Result<Block> Block::open(std::string_view bytes) {
  GL_TRY(auto layout, read_layout(bytes));
  auto parsed = std::make_shared<Parsed>();
  parsed->bytes = bytes;
  parsed->layout = std::move(layout);
  return Block(std::move(parsed));
}

std::size_t Block::rows() const { return parsed_->layout.rows; }
std::int64_t Block::first_at_ms() const { return parsed_->layout.first_at_ms; }
std::int64_t Block::last_at_ms() const { return parsed_->layout.last_at_ms; }

std::vector<FieldId> Block::fields() const {
  std::vector<FieldId> fields;
  for (const Column& column : parsed_->layout.columns) {
    if (fields.empty() || fields.back() != column.field) fields.push_back(column.field);
  }
  return fields;
}

std::optional<Statistics> Block::statistics(FieldId field) const {
  const Column* column = parsed_->find(field, Column::Kind::kNumbers);
  if (column == nullptr) return std::nullopt;
  const Presence& presence = parsed_->layout.presences[column->presence];
  Statistics all = column->loose;
  all.count = presence.count;
  all.first_at_ms = presence.first_at_ms;
  all.last_at_ms = presence.last_at_ms;
  if (column->scale == Numbers::kLoose) return all;
  const ExactStatistics& exact = column->exact;
  all.min = to_double({.digits = exact.min, .scale = column->scale});
  all.max = to_double({.digits = exact.max, .scale = column->scale});
  all.last = to_double({.digits = exact.last, .scale = column->scale});
  all.sum = scaled(exact.sum, column->scale);
  all.integral = scaled(exact.integral, column->scale);
  return all;
}

Block::Size Block::size(FieldId field) const {
  Size size;
  const auto count = [&](const Column& column) {
    return static_cast<std::size_t>(parsed_->layout.presences[column.presence].count);
  };
  if (const Column* numbers = parsed_->find(field, Column::Kind::kNumbers)) {
    size.numbers = count(*numbers);
    size.number_bytes = numbers->place.size;
  }
  if (const Column* texts = parsed_->find(field, Column::Kind::kTexts)) {
    size.texts = count(*texts);
    size.text_bytes = texts->place.size;
  }
  return size;
}

Status Block::times(std::vector<std::int64_t>& out) const {
  GL_TRY(parsed_->need_times());
  out.insert(out.end(), parsed_->times.begin(), parsed_->times.end());
  return {};
}

Status Block::numbers(FieldId field, std::vector<Point>& out) const {
  const Column* column = parsed_->find(field, Column::Kind::kNumbers);
  if (column == nullptr) return {};
  GL_TRY(parsed_->need_times());
  Parsed::Open open;
  GL_TRY(parsed_->open(*column, open));
  // Doubles the capacity, independent of the library's strategy: callers append block after block.
  const std::size_t begin = out.size();
  const std::size_t needed = begin + open.rows.size();
  if (needed > out.capacity()) out.reserve(std::max(needed, 2 * out.capacity()));
  out.resize(needed);
  const std::span<Point> points = std::span(out).subspan(begin);
  const std::vector<std::int64_t>& times = parsed_->times;
  if (open.numbers.loose()) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      points[i] = {.at_ms = times[open.rows[i]], .value = to_double(open.numbers.at(i))};
    }
    return {};
  }
  const double unit = std::pow(10, column->scale);
  for (std::size_t i = 0; i < points.size(); ++i) {
    points[i] = {.at_ms = times[open.rows[i]],
                 .value = static_cast<double>(open.numbers.digits[i]) / unit};
  }
  return {};
}

Status Block::values(FieldId field, std::vector<Timed>& out) const {
  const auto begin = static_cast<std::ptrdiff_t>(out.size());
  for (const auto kind : {Column::Kind::kNumbers, Column::Kind::kTexts}) {
    const Column* column = parsed_->find(field, kind);
    if (column == nullptr) continue;
    GL_TRY(parsed_->need_times());
    Parsed::Open open;
    GL_TRY(parsed_->open(*column, open));
    for (std::size_t i = 0; i < open.rows.size(); ++i) {
      Timed timed{
          .at_ms = parsed_->times[open.rows[i]], .row = open.rows[i], .value = open.value(i)};
      timed.text = timed.value.text;
      timed.value.text = {};
      out.push_back(std::move(timed));
    }
  }
  std::ranges::sort(out.begin() + begin, out.end(), {}, &Timed::row);
  return {};
}

Status Block::each_row(const OnRow& on_row) const {
  const Parsed& parsed = *parsed_;
  GL_TRY(parsed.need_times());
  std::vector<Parsed::Open> columns(parsed.layout.columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    GL_TRY(parsed.open(parsed.layout.columns[i], columns[i]));
  }
  const std::size_t rows = parsed.times.size();
  const std::size_t at_once =
      std::clamp<std::size_t>(kMaxCellsAtOnce / std::max<std::size_t>(columns.size(), 1), 1, rows);
  std::vector<std::size_t> ends(at_once + 1);
  std::vector<Sample> samples;
  for (std::size_t begin = 0; begin < rows; begin += at_once) {
    const std::size_t end = std::min(begin + at_once, rows);
    // The beginning of each row's samples; after all are filled in, their end.
    std::ranges::fill(ends, 0);
    for (const Parsed::Open& column : columns) {
      for (std::size_t i = column.next; i < column.rows.size() && column.rows[i] < end; ++i) {
        ++ends[column.rows[i] - begin + 1];
      }
    }
    std::partial_sum(ends.begin(), ends.end(), ends.begin());
    samples.resize(ends.back());
    for (Parsed::Open& column : columns) {
      for (; column.next < column.rows.size() && column.rows[column.next] < end; ++column.next) {
        Sample& sample = samples[ends[column.rows[column.next] - begin]++];
        sample = {.field = column.column->field, .value = column.value(column.next)};
      }
    }
    std::size_t from = 0;
    for (std::size_t row = begin; row < end; ++row) {
      const std::size_t to = ends[row - begin];
      on_row(parsed.times[row], std::span(samples).subspan(from, to - from));
      from = to;
    }
  }
  return {};
}

}  // namespace gridloom::history
