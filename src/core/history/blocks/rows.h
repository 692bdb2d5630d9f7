// Row-oriented storage of one device's reports, in order of arrival, until an hour's block is made
// of them. Writing rows does not inspect any value: it takes a tenth of the time that a block
// takes, and more space on disk.
//
// docs/internals/formats.md shows the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "history/blocks/block.h"

namespace gridloom::history {

class RowsWriter {
 public:
  // Adds a row. `values` has one value for each of its fields, as append_value() writes them. A
  // shape is a list of fields in a given order; shapes are numbered from 0 in the order of their
  // first use, and `fields` is read only at a shape's first use.
  void add(std::int64_t at_ms, std::size_t shape, std::span<const FieldId> fields,
           std::string_view values);
  [[nodiscard]] std::size_t shapes() const { return shapes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  // Returns the bytes and resets the writer. Not allowed while empty().
  [[nodiscard]] std::string finish();

 private:
  std::string bytes_;
  std::size_t shapes_ = 0;
  std::int64_t last_at_ms_ = 0;
};

// Whether the bytes begin like rows, and not like a block.
[[nodiscard]] bool is_rows(std::string_view bytes);

// Reads rows one by one; the bytes must outlive it.
class RowsReader {
 public:
  // kMalformed: not rows, or of a later version, or any bit differs from what was written.
  [[nodiscard]] static Result<RowsReader> open(std::string_view bytes);

  struct Row {
    std::int64_t at_ms = 0;
    std::vector<Sample> samples;
    std::size_t shape = 0;      // index of its shape
    std::string_view values{};  // the samples' values, as they were added
  };
  // The next row, valid until the next call; its texts are views into the bytes. Null: the previous
  // row was the last, or failed().
  [[nodiscard]] const Row* next();
  // Rows left out so far because their values do not fit their fields.
  [[nodiscard]] std::size_t malformed() const { return malformed_; }
  // The rest is not rows; the rows read before are good.
  [[nodiscard]] bool failed() const { return rest_.failed(); }

 private:
  explicit RowsReader(std::string_view rows) : rest_(rows) {}
  void read_shape();
  [[nodiscard]] bool read_samples(std::string_view values);

  Cursor rest_;
  std::vector<std::vector<FieldId>> shapes_;
  std::size_t shape_ = 0;  // shape of the row that is being read
  std::size_t malformed_ = 0;
  Row row_;
};

}  // namespace gridloom::history
