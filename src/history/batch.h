// A batch: what one shard had to say about its devices since the last one, as the log keeps it. It
// stands alone: names of fields, and shapes (the fields of a row, in their order) are defined where
// they first occur, so that a damaged neighbour takes nothing from it. Reports of a kind have one
// shape, so whoever only hands rows on looks at none of their values.
//
// docs/internals/formats.md shows the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"
#include "history/bytes.h"
#include "history/value.h"

namespace gridloom::history {

// registry::Device::number: another one for a device that was removed and added again.
using DeviceNumber = std::int64_t;

// Which index a field's name has in the batch that is being written. Whoever calls keeps one for
// each name that it uses often, so that nothing is looked up; it belongs to one writer.
struct NameRef {
  std::uint32_t batch = 0;
  std::uint32_t index = 0;
};

class BatchWriter {
 public:
  // A report: begin, its values, end. `at_ms` may go back and forth. Each begin() has its end(),
  // and take() stands between reports.
  void begin(DeviceNumber device, std::int64_t at_ms);
  void add(NameRef& ref, std::string_view name, std::string_view json);
  void add(std::string_view name, std::string_view json);  // a name without a NameRef
  void end();

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  // What was written; the next batch begins.
  [[nodiscard]] std::string take();

 private:
  void define_shape();

  std::string bytes_;
  std::size_t last_size_ = 0;  // of the batch before: the next will be much the same
  std::int64_t last_at_ms_ = 0;
  std::uint32_t batch_ = 1;
  std::uint32_t names_ = 0;
  StringMap<NameRef> others_;
  StringMap<std::uint32_t> shapes_;  // by the bytes of their names' indexes
  // The row that is being written.
  DeviceNumber device_ = 0;
  std::int64_t at_ms_ = 0;
  std::vector<std::uint32_t> shape_;
  std::vector<std::string_view> new_names_;
  std::string values_;
};

// Reads one batch row by row.
class BatchReader {
 public:
  explicit BatchReader(std::string_view bytes);

  // What the fields of a row are: their indexes in names(). Two may have the same name.
  using Shape = std::vector<std::uint32_t>;
  struct Row {
    DeviceNumber device = 0;
    std::int64_t at_ms = 0;
    std::size_t shape = 0;      // its index in shapes()
    std::string_view values{};  // one for each of its fields, as append_value() writes them
  };
  // The next row, until the one after; its values are not looked at. Null: that was the last, or
  // failed().
  [[nodiscard]] const Row* next();
  // They grow as rows are read.
  [[nodiscard]] const std::vector<std::string_view>& names() const { return names_; }
  [[nodiscard]] const std::vector<Shape>& shapes() const { return shapes_; }

  struct Field {
    std::uint32_t name = 0;  // its index in names()
    Value value{};
    std::string_view bytes{};  // of the value
  };
  // Of the row that next() gave last, until the next call; its texts lead into the bytes. None, and
  // failed(), if its values do not fit its shape.
  [[nodiscard]] std::span<const Field> fields();

  // It is no batch; rows that came before are good.
  [[nodiscard]] bool failed() const { return rest_.failed(); }

 private:
  void read_row();
  void read_shape();
  void read_row_of_version_1();

  Cursor rest_;
  std::uint8_t version_ = 0;
  std::vector<std::string_view> names_;
  std::vector<Shape> shapes_;
  Row row_;
  std::vector<Field> fields_;
  // Of a row of version 1.
  StringMap<std::size_t> shape_indexes_;
  Shape shape_;
  std::string values_;
};

}  // namespace gridloom::history
