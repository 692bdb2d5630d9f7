// A batch: the reports of one shard's devices since its previous batch, as stored in the log. A
// batch is self-contained: field names and shapes (the fields of a row, in their order) are defined
// where they first occur, so that a damaged batch does not affect its neighbours. Reports of one
// kind have one shape, so code that only forwards rows need not decode their values.
//
// The byte format is described in docs/internals/formats.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"
#include "history/values/bytes.h"
#include "history/values/value.h"

namespace gridloom::history {

// Same as registry::Device::number: a device that is removed and added again gets a new number.
using DeviceNumber = std::int64_t;

// Index of a field name in the current batch. A caller keeps one NameRef for each name that it uses
// often, to avoid a lookup; a NameRef belongs to one writer.
struct NameRef {
  std::uint32_t batch = 0;
  std::uint32_t index = 0;
};

class BatchWriter {
 public:
  // Writes a report: begin(), its values, end(). `at_ms` need not be monotonic. Every begin() needs
  // its end(), and take() may only be called between reports.
  void begin(DeviceNumber device, std::int64_t at_ms);
  void add(NameRef& ref, std::string_view name, std::string_view json);
  void add(std::string_view name, std::string_view json);  // for a name without a NameRef
  void end();

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  // Returns the bytes written and starts the next batch.
  [[nodiscard]] std::string take();

 private:
  void define_shape();

  std::string bytes_;
  std::size_t last_size_ = 0;  // of the previous batch: the estimate for the next one
  std::int64_t last_at_ms_ = 0;
  std::uint32_t batch_ = 1;
  std::uint32_t names_ = 0;
  StringMap<NameRef> others_;
  StringMap<std::uint32_t> shapes_;  // key: the encoded indexes of their names
  // The row being written.
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

  // The fields of a row, as indexes in names(). Two fields may have the same name.
  using Shape = std::vector<std::uint32_t>;
  struct Row {
    DeviceNumber device = 0;
    std::int64_t at_ms = 0;
    std::size_t shape = 0;      // index in shapes()
    std::string_view values{};  // one per field, as append_value() writes them
  };
  // The next row, valid until the next call; its values are not decoded. Null: there are no more
  // rows, or failed().
  [[nodiscard]] const Row* next();
  // Both grow as rows are read.
  [[nodiscard]] const std::vector<std::string_view>& names() const { return names_; }
  [[nodiscard]] const std::vector<Shape>& shapes() const { return shapes_; }

  struct Field {
    std::uint32_t name = 0;  // index in names()
    Value value{};
    std::string_view bytes{};  // the encoded value
  };
  // The fields of the row that next() returned last, valid until the next call; texts point into
  // the bytes of the batch. Empty, and failed(), if the values do not match the shape.
  [[nodiscard]] std::span<const Field> fields();

  // The bytes are not a valid batch; rows returned before are good.
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
  // For rows of version 1.
  StringMap<std::size_t> shape_indexes_;
  Shape shape_;
  std::string values_;
};

}  // namespace gridloom::history
