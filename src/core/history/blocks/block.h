// A block: the reports of one device in one span of time (an hour), one column per field. All
// columns share one time column; each column is compressed separately, so that one field is read
// without the others. The statistics that are queried most often (count, minimum, maximum, sum,
// integral over time) are in the header and need no decompression.
//
// Fields are numbers that the block store assigns to names. The byte format is described in
// docs/internals/formats.md.
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
#include "base/value.h"
#include "history/blocks/compressed_buffer.h"

namespace gridloom::history {

using FieldId = std::uint32_t;

struct Sample {
  FieldId field = 0;
  Value value{};
};

// If a device reports nothing for longer than this, its last values are no longer held. An integral
// adds nothing for such a gap.
inline constexpr std::int64_t kLongestGap_ms = 5 * 60 * 1000;

// Statistics of the numbers in a column. A value holds until the field's next value, as long as the
// device keeps reporting anything (kLongestGap_ms), and at most to the block's last row.
struct Statistics {
  std::uint64_t count = 0;
  double min = 0;
  double max = 0;
  double sum = 0;
  double integral = 0;  // value * ms, from the column's first number to the block's last row
  double last = 0;
  std::int64_t first_at_ms = 0;  // time of the column's first number
  std::int64_t last_at_ms = 0;
};

struct Point {
  std::int64_t at_ms = 0;
  double value = 0;
};

// Collects rows in any order; finish() sorts them by time (rows of the same time keep their order).
// Rows that are equal are different reports.
//
// Numbers are stored by value: 1.0 becomes 1. If a row names a field twice, the last value counts.
class BlockWriter {
 public:
  void add(std::int64_t at_ms, std::span<const Sample> samples);  // texts are copied
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // Memory used by the rows until finish().
  [[nodiscard]] std::size_t held_bytes() const {
    return bytes_.size() + rows_.size() * sizeof(Row);
  }
  // The block must not take more rows: call finish() and start another block. A single row always
  // fits, up to 8 MiB of names and texts.
  [[nodiscard]] bool full() const { return held_bytes() >= kMaxHeldBytes; }
  // Returns the block and clears the writer. Must not be called when empty. kRaw takes half the
  // time and more bytes: for a block that is read soon, or merged.
  [[nodiscard]] std::string finish(Packing most = Packing::kZstd);

  static constexpr std::size_t kMaxHeldBytes = std::size_t{32} * 1024 * 1024;

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

// Reads a block; the bytes must outlive it.
//
// Thread rule: one thread at a time for a block and its copies: they share the unpacked columns.
class Block {
 public:
  // kMalformed: not a block, of a later version, or changed in any bit since it was written.
  [[nodiscard]] static Result<Block> open(std::string_view bytes);

  [[nodiscard]] std::size_t rows() const;
  [[nodiscard]] std::int64_t first_at_ms() const;
  [[nodiscard]] std::int64_t last_at_ms() const;
  [[nodiscard]] std::vector<FieldId> fields() const;  // ascending
  // None: the field has no numbers in this block.
  [[nodiscard]] std::optional<Statistics> statistics(FieldId field) const;

  // Appends the field's numbers to `out`, in time order.
  [[nodiscard]] Status numbers(FieldId field, std::vector<Point>& out) const;
  // All values of a field: numbers and texts.
  struct Timed {
    std::int64_t at_ms = 0;
    std::uint32_t row = 0;  // in the block
    Value value{};          // its text is empty,
    std::string text{};     // and stored here instead, if the value is not a number
  };
  [[nodiscard]] Status values(FieldId field, std::vector<Timed>& out) const;
  // The times of all rows.
  [[nodiscard]] Status times(std::vector<std::int64_t>& out) const;

  // Count and stored size of a field's values.
  struct Size {
    std::size_t numbers = 0;
    std::size_t number_bytes = 0;
    std::size_t texts = 0;
    std::size_t text_bytes = 0;
  };
  [[nodiscard]] Size size(FieldId field) const;

  // Reads all rows as they were added, but sorted. Samples are ordered by field. Views are valid
  // during the call.
  using OnRow = std::function<void(std::int64_t at_ms, std::span<const Sample>)>;
  [[nodiscard]] Status each_row(const OnRow& on_row) const;

 private:
  struct Parsed;
  explicit Block(std::shared_ptr<const Parsed> parsed);
  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace gridloom::history
