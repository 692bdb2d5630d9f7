// A block: what one device reported in one span of time (an hour), a column a field. One time
// column is shared by all; each column is compressed for itself, so that one field is read without
// the others. What is asked most often of a column (how many, least, most, sum, integral over time)
// stands in the header and costs no decompression.
//
// Fields are numbers that the block store gives to names. docs/internals/formats.md shows the
// bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/piece.h"
#include "history/value.h"

namespace gridloom::history {

using FieldId = std::uint32_t;

struct Sample {
  FieldId field = 0;
  Value value{};
};

// Nothing was heard of a device for longer than this: what it last said no longer counts. An
// integral adds nothing for such a gap.
inline constexpr std::int64_t kLongestGap_ms = 5 * 60 * 1000;

// Of the numbers of a column. A value holds until the field's next one, as long as the device keeps
// reporting anything (kLongestGap_ms), and at most to the block's last row.
struct Statistics {
  std::uint64_t count = 0;
  double min = 0;
  double max = 0;
  double sum = 0;
  double integral = 0;  // value * ms, from the column's first number to the block's last row
  double last = 0;
  std::int64_t first_at_ms = 0;  // of the column's numbers
  std::int64_t last_at_ms = 0;
};

struct Point {
  std::int64_t at_ms = 0;
  double value = 0;
};

// Collects rows in any order; finish() sorts them by time (rows of one time stay in the order they
// came in) and leaves out a row that says the same as another of its time: reports that came twice.
//
// Numbers are kept by their value: 1.0 becomes 1. If a row names a field twice, the last one
// counts.
class BlockWriter {
 public:
  void add(std::int64_t at_ms, std::span<const Sample> samples);  // texts are copied
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // What the rows take in memory until finish().
  [[nodiscard]] std::size_t held_bytes() const {
    return bytes_.size() + rows_.size() * sizeof(Row);
  }
  // A block takes no more: finish() now, and begin another. A single row fits always, up to
  // kMostRowBytes of names and texts.
  [[nodiscard]] bool full() const { return held_bytes() >= kMostHeldBytes; }
  // The block; what was added is forgotten. Not for an empty one. kRaw takes half of the time and
  // more bytes: for one that is read soon, or merged.
  [[nodiscard]] std::string finish(Packing most = Packing::kZstd);

  static constexpr std::size_t kMostHeldBytes = std::size_t{32} * 1024 * 1024;
  static constexpr std::size_t kMostRowBytes = std::size_t{8} * 1024 * 1024;

 private:
  struct Row {
    std::int64_t at_ms = 0;
    std::size_t begin = 0;  // in bytes_
    std::size_t size = 0;
  };
  friend class BlockDraft;

  void add_sample(FieldId after, const Sample& sample);
  void add_unsorted(std::span<const Sample> samples);
  void sort();

  std::vector<Row> rows_;
  std::string bytes_;
  std::vector<std::uint64_t> order_;
};

// A block to be read; the bytes must outlive it.
//
// Thread rule: one thread at a time, together with its copies: they share what was unpacked.
class Block {
 public:
  // kMalformed: not a block, or of a later version, or any bit of it is another than was written.
  [[nodiscard]] static Result<Block> open(std::string_view bytes);

  [[nodiscard]] std::size_t rows() const;
  [[nodiscard]] std::int64_t first_at_ms() const;
  [[nodiscard]] std::int64_t last_at_ms() const;
  [[nodiscard]] std::vector<FieldId> fields() const;  // ascending
  // None: the field has no numbers here.
  [[nodiscard]] std::optional<Statistics> statistics(FieldId field) const;

  // The field's numbers in time's order, put behind what `out` holds.
  [[nodiscard]] Status numbers(FieldId field, std::vector<Point>& out) const;
  // All its values.
  struct Timed {
    std::int64_t at_ms = 0;
    Value value{};       // its text is empty,
    std::string text{};  // and here instead, if it is no number
  };
  [[nodiscard]] Status values(FieldId field, std::vector<Timed>& out) const;
  // The times of all rows.
  [[nodiscard]] Status times(std::vector<std::int64_t>& out) const;

  // The columns of a field: how many values, and what they take.
  struct Size {
    std::size_t numbers = 0;
    std::size_t number_bytes = 0;
    std::size_t texts = 0;
    std::size_t text_bytes = 0;
  };
  [[nodiscard]] Size size(FieldId field) const;

  // All rows as they were added, but sorted and without repetitions. Samples are ordered by field.
  // Views live as long as the call.
  using OnRow = std::function<void(std::int64_t at_ms, std::span<const Sample>)>;
  [[nodiscard]] Status each_row(const OnRow& on_row) const;

 private:
  struct Parsed;
  explicit Block(std::shared_ptr<const Parsed> parsed);
  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace gridloom::history
