// Rows of one device as they came: what is kept of an hour until a block is made of it. Nothing
// looks at a value to write them, which takes a tenth of the time that a block takes, and more room
// on the disk.
//
// docs/internals/formats.md shows the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/block.h"
#include "history/bytes.h"

namespace gridloom::history {

class RowsWriter {
 public:
  // A row's values, one for each of its fields, as append_value() writes them. Fields in their
  // order are a shape; shapes are counted from 0 in the order in which they come first, and
  // `fields` are looked at only then.
  void add(std::int64_t at_ms, std::size_t shape, std::span<const FieldId> fields,
           std::string_view values);
  [[nodiscard]] std::size_t shapes() const { return shapes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  // What was added is forgotten. Not for an empty one.
  [[nodiscard]] std::string finish();

 private:
  std::string bytes_;
  std::size_t shapes_ = 0;
  std::int64_t last_at_ms_ = 0;
};

// Whether they begin like rows, and not like a block.
[[nodiscard]] bool is_rows(std::string_view bytes);

// Reads rows one by one; the bytes must outlive it.
class RowsReader {
 public:
  // kMalformed: no rows, or of a later version, or any bit of them is another than was written.
  [[nodiscard]] static Result<RowsReader> open(std::string_view bytes);

  struct Row {
    std::int64_t at_ms = 0;
    std::vector<Sample> samples;
    std::size_t shape = 0;      // of its fields
    std::string_view values{};  // of the samples, as they came
  };
  // Until the next call; its texts lead into the bytes. Null: that was the last, or failed().
  [[nodiscard]] const Row* next();
  // So far: rows that were left out, because their values do not fit their fields.
  [[nodiscard]] std::size_t malformed() const { return malformed_; }
  // What follows is none; rows that came before are good.
  [[nodiscard]] bool failed() const { return rest_.failed(); }

 private:
  explicit RowsReader(std::string_view rows) : rest_(rows) {}
  void read_shape();
  [[nodiscard]] bool read_samples(std::string_view values);

  Cursor rest_;
  std::vector<std::vector<FieldId>> shapes_;
  std::size_t shape_ = 0;  // of the row that is being read
  std::size_t malformed_ = 0;
  Row row_;
};

}  // namespace gridloom::history
