// Writes blocks: rows are kept in a compact byte form until finish() turns them into columns.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"
#include "history/blocks/block.h"
#include "history/blocks/block_layout.h"
#include "history/blocks/column.h"
#include "history/blocks/compressed_buffer.h"

namespace gridloom::history {
namespace {

// The cells of one field, in the order of rows.
struct Cells {
  FieldId field = 0;
  std::vector<std::uint32_t> number_rows;
  Numbers numbers;
  std::vector<std::uint32_t> text_rows;
  std::vector<std::string_view> texts;

  void restart(FieldId with) {
    field = with;
    number_rows.clear();
    numbers.digits.clear();
    numbers.scales.clear();
    text_rows.clear();
    texts.clear();
  }
};

// Finds the cells of a field. The block store counts fields from zero, so a table serves nearly
// all.
class CellTable {
 public:
  void restart() {
    used_ = 0;
    std::ranges::fill(dense_, kNone);
    sparse_.clear();
  }
  Cells& of(FieldId field) {
    if (field >= kMaxDense) {
      const auto [found, is_new] = sparse_.try_emplace(field, 0);
      if (is_new) found->second = begin(field);
      return cells_[found->second];
    }
    if (field >= dense_.size()) dense_.resize(field + 1, kNone);
    if (dense_[field] == kNone) dense_[field] = begin(field);
    return cells_[dense_[field]];
  }
  std::span<Cells> sorted() {
    const std::span<Cells> used(cells_.data(), used_);
    std::ranges::sort(used, {}, &Cells::field);
    return used;
  }

 private:
  static constexpr FieldId kMaxDense = 1U << 14U;
  static constexpr std::uint32_t kNone = UINT32_MAX;

  std::uint32_t begin(FieldId field) {
    if (used_ == cells_.size()) cells_.emplace_back();
    cells_[used_].restart(field);
    return used_++;
  }

  std::vector<Cells> cells_;
  std::uint32_t used_ = 0;
  std::vector<std::uint32_t> dense_;
  std::unordered_map<FieldId, std::uint32_t> sparse_;
};

// Memory that is reused for the next block.
struct Scratch {
  CellTable table;
  std::vector<std::int64_t> times;
  std::vector<std::int64_t> alive_ms;
  std::string raw;
};
constexpr std::size_t kMaxScratchRows = 1U << 14U;

std::unique_ptr<Scratch>& scratch() {
  static thread_local std::unique_ptr<Scratch> of_this_thread;
  if (!of_this_thread) of_this_thread = std::make_unique<Scratch>();
  return of_this_thread;
}

}  // namespace

// A block under construction.
class BlockDraft {
 public:
  BlockDraft(Scratch& with, const std::vector<BlockWriter::Row>& rows, std::string_view bytes,
             Packing most)
      : with_(with), most_(most) {
    collect(rows, bytes);
    layout_.rows = rows.size();
    layout_.first_at_ms = rows.front().at_ms;
    layout_.last_at_ms = rows.back().at_ms;
    layout_.presences.push_back({.count = rows.size(),
                                 .first_at_ms = layout_.first_at_ms,
                                 .last_at_ms = layout_.last_at_ms});
  }

  std::string finish() {
    for (Cells& cells : with_.table.sorted()) {
      if (!cells.number_rows.empty()) add_numbers(cells);
      if (!cells.text_rows.empty()) add_texts(cells);
    }
    std::string shared;
    with_.raw.clear();
    append_times(with_.raw, with_.times);
    layout_.times = pack(shared, with_.raw);
    layout_.presence = pack(shared, presence_);
    std::string block;
    append_layout(block, layout_);
    block.reserve(block.size() + shared.size() + columns_.size() + kCheck_bytes);
    block += shared;
    block += columns_;
    append_check(block);
    return block;
  }

 private:
  void collect(const std::vector<BlockWriter::Row>& rows, std::string_view bytes);
  std::size_t add_presence(const std::vector<std::uint32_t>& rows);
  void add_numbers(Cells& cells);
  void add_texts(const Cells& cells);
  void set_exact(Column& column, const Cells& cells) const;
  void set_loose(Column& column, const Cells& cells) const;
  // For how long the i-th value is held.
  [[nodiscard]] std::int64_t holds_ms(const std::vector<std::uint32_t>& rows, std::size_t i) const {
    const std::int64_t until =
        i + 1 < rows.size() ? with_.alive_ms[rows[i + 1]] : with_.alive_ms.back();
    return until - with_.alive_ms[rows[i]];
  }
  [[nodiscard]] ByteRange pack(std::string& out, std::string_view raw) const {
    const std::size_t begin = out.size();
    const Packing packing = append_packed(out, raw, most_);
    return {.size = out.size() - begin, .packing = packing};
  }

  Scratch& with_;
  Packing most_;
  Layout layout_;
  std::string presence_;
  std::string columns_;
  std::unordered_map<std::string_view, std::size_t> presences_;  // key: the bytes of their rows
};

void BlockDraft::collect(const std::vector<BlockWriter::Row>& rows, std::string_view bytes) {
  with_.table.restart();
  with_.times.clear();
  with_.alive_ms.clear();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t at_ms = rows[i].at_ms;
    const auto gap_ms =
        i == 0 ? 0 : static_cast<std::uint64_t>(wrapping_difference(at_ms, with_.times.back()));
    const std::int64_t alive_ms = i == 0 ? 0 : with_.alive_ms.back();
    with_.times.push_back(at_ms);
    with_.alive_ms.push_back(alive_ms + (gap_ms <= std::uint64_t{kLongestGap_ms}
                                             ? static_cast<std::int64_t>(gap_ms)
                                             : 0));

    const auto row = static_cast<std::uint32_t>(i);
    FieldId field = 0;
    Cursor cursor(bytes.substr(rows[i].begin, rows[i].size));
    while (!cursor.at_end()) {
      field += static_cast<FieldId>(cursor.varint());
      const Value value = cursor.value();
      Cells& cells = with_.table.of(field);
      if (value.is_number) {
        cells.number_rows.push_back(row);
        cells.numbers.digits.push_back(value.number.digits);
        cells.numbers.scales.push_back(value.number.scale);
      } else {
        cells.text_rows.push_back(row);
        cells.texts.push_back(value.text);
      }
    }
  }
}

std::size_t BlockDraft::add_presence(const std::vector<std::uint32_t>& rows) {
  if (rows.size() == layout_.rows) return 0;
  std::string_view bytes;
  if (!rows.empty()) {
    bytes = {static_cast<const char*>(static_cast<const void*>(rows.data())),
             rows.size() * sizeof(rows[0])};
  }
  const auto [found, is_new] = presences_.try_emplace(bytes, layout_.presences.size());
  if (!is_new) return found->second;
  Presence presence{.count = rows.size(),
                    .first_at_ms = with_.times[rows.front()],
                    .last_at_ms = with_.times[rows.back()],
                    .begin = presence_.size()};
  presence.form = append_presence(presence_, rows, layout_.rows);
  presence.size = presence_.size() - presence.begin;
  layout_.presences.push_back(presence);
  return found->second;
}

void BlockDraft::add_numbers(Cells& cells) {
  find_scale(cells.numbers);
  Column column{.field = cells.field,
                .kind = Column::Kind::kNumbers,
                .scale = cells.numbers.scale,
                .presence = add_presence(cells.number_rows)};
  if (cells.numbers.loose()) {
    set_loose(column, cells);
  } else {
    set_exact(column, cells);
  }
  if (!column.constant()) {
    with_.raw.clear();
    append_numbers(with_.raw, cells.numbers, column.exact.min);
    column.place = pack(columns_, with_.raw);
  }
  layout_.columns.push_back(column);
}

void BlockDraft::add_texts(const Cells& cells) {
  Column column{.field = cells.field,
                .kind = Column::Kind::kTexts,
                .presence = add_presence(cells.text_rows)};
  with_.raw.clear();
  append_texts(with_.raw, cells.texts);
  column.place = pack(columns_, with_.raw);
  layout_.columns.push_back(column);
}

void BlockDraft::set_exact(Column& column, const Cells& cells) const {
  const std::vector<std::int64_t>& digits = cells.numbers.digits;
  ExactStatistics& exact = column.exact;
  const auto [min, max] = std::ranges::minmax(digits);
  exact.min = min;
  exact.max = max;
  exact.last = digits.back();
  for (std::size_t i = 0; i < digits.size(); ++i) {
    exact.sum += digits[i];
    exact.integral += Wide{digits[i]} * holds_ms(cells.number_rows, i);
  }
}

void BlockDraft::set_loose(Column& column, const Cells& cells) const {
  Statistics& loose = column.loose;
  for (std::size_t i = 0; i < cells.numbers.digits.size(); ++i) {
    const double value = to_double(cells.numbers.at(i));
    loose.min = i == 0 ? value : std::min(loose.min, value);
    loose.max = i == 0 ? value : std::max(loose.max, value);
    loose.sum += value;
    loose.integral += value * static_cast<double>(holds_ms(cells.number_rows, i));
    loose.last = value;
  }
}

void BlockWriter::add(std::int64_t at_ms, std::span<const Sample> samples) {
  const std::size_t begin = bytes_.size();
  const auto not_ascending = [](const Sample& a, const Sample& b) { return a.field >= b.field; };
  if (std::ranges::adjacent_find(samples, not_ascending) == samples.end()) {
    FieldId last = 0;
    for (const Sample& sample : samples) {
      add_sample(last, sample);
      last = sample.field;
    }
  } else {
    add_unsorted(samples);
  }
  rows_.push_back({.at_ms = at_ms, .begin = begin, .size = bytes_.size() - begin});
}

// Sorts by field, then by position. Both are packed into one number, which sorts in a fraction of
// the time.
void BlockWriter::add_unsorted(std::span<const Sample> samples) {
  constexpr unsigned kPlaceBits = 32;
  order_.clear();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    order_.push_back(std::uint64_t{samples[i].field} << kPlaceBits | i);
  }
  std::ranges::sort(order_);
  const auto field_of = [](std::uint64_t key) { return static_cast<FieldId>(key >> kPlaceBits); };
  FieldId last = 0;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const FieldId field = field_of(order_[i]);
    if (i + 1 < order_.size() && field_of(order_[i + 1]) == field) continue;
    add_sample(last, samples[static_cast<std::uint32_t>(order_[i])]);
    last = field;
  }
}

void BlockWriter::add_sample(FieldId after, const Sample& sample) {
  const Value& value = sample.value;
  const Decimal number = value.is_number ? reduced(value.number) : Decimal{};
  std::array<char, kLongestVarint + kLongestNumber> bytes;
  char* end = put_varint(bytes.data(), sample.field - after);
  const bool is_number = value.is_number && number.scale <= Decimal::kMaxScale;
  if (is_number) end = put_number(end, number);
  append_until(bytes_, bytes.data(), end);
  if (is_number) return;
  // More decimals than a column can have: kept exactly, as a text.
  const std::string text = value.is_number ? text_of(number) : std::string();
  append_value(bytes_, {.text = value.is_number ? std::string_view(text) : value.text});
}

void BlockWriter::sort() {
  if (std::ranges::is_sorted(rows_, {}, &Row::at_ms)) return;
  std::ranges::sort(rows_, {},
                    [](const Row& row) { return std::tuple(row.at_ms, row.begin, row.size); });
}

std::string BlockWriter::finish(Packing most) {
  sort();
  std::string block = BlockDraft(*scratch(), rows_, bytes_, most).finish();
  if (rows_.size() > kMaxScratchRows) scratch().reset();
  rows_.clear();
  bytes_.clear();
  return block;
}

}  // namespace gridloom::history
