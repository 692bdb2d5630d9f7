// A batch: the reports of one shard's devices since its previous batch, as stored in the log. A
// batch is self-contained: field names and shapes (the fields of a row, in their order) are defined
// where they first occur, so that a damaged batch does not affect its neighbours. Reports of one
// kind have one shape, so code that only forwards rows need not decode their values. A value that
// equals the one in the row of that shape before, of any device, is not written again.
//
// The byte format is described in docs/internals/formats.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/string_map.h"
#include "base/value.h"
#include "journal/batch_dictionary.h"

namespace gridloom::journal {

class BatchWriter {
 public:
  // Writes a report: begin(), its values, end(). `at_ms` need not be monotonic. Every begin() needs
  // its end(), and take() may only be called between reports.
  void begin(DeviceNumber device, std::int64_t at_ms);
  void add(NameRef& ref, std::string_view name, std::string_view json);
  void add(std::string_view name, std::string_view json);  // for a name without a NameRef
  void end();

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  // Returns the bytes written and starts the next batch.
  [[nodiscard]] std::string take();

 private:
  using Shape = BatchDictionary::Shape;

  void add_value(std::uint32_t name, std::string_view json);
  void open_row(Shape& shape);
  [[nodiscard]] std::string_view written() const { return {bytes_.data(), size_}; }
  [[nodiscard]] char* space_for(std::size_t bytes);
  void wrote_to(const char* end) { size_ = static_cast<std::size_t>(end - bytes_.data()); }
  void append(std::string_view bytes);
  void put(std::string_view json);
  void put_long(std::string_view text);
  void put_encoded(std::size_t field, std::string_view bytes);
  void mark_written(std::size_t field);
  void close_row();
  void abandon_row();
  void write_row();
  void locate(Shape& shape) const;
  [[nodiscard]] std::string_view value_at(std::size_t position) const;

  std::string bytes_;          // the batch, and space behind it
  std::size_t size_ = 0;       // of the batch
  std::size_t last_size_ = 0;  // of the previous batch: the estimate for the next one
  std::int64_t last_at_ms_ = 0;
  BatchDictionary dictionary_;
  // The row being written. Its shape is expected when its first name is known, and its values are
  // written straight behind it; if it turns out to be another, the row is written again.
  std::int64_t at_ms_ = 0;
  std::size_t count_ = 0;      // of its fields
  Shape* expected_ = nullptr;  // null: none, and the row is collected in shape_ and values_
  bool is_first_ = false;      // of its shape in this batch: it has all values, and no bitmap
  std::size_t shape_at_ = 0;   // positions in bytes_
  std::size_t size_at_ = 0;
  std::size_t bitmap_at_ = 0;
  std::size_t values_at_ = 0;
  struct Written {
    std::size_t field = 0;
    std::size_t position = 0;
  };
  std::vector<Written> written_;  // values that the row has, if it is not the first
  std::vector<std::uint32_t> shape_;
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
  // The fields of the row that next() returned last, and their texts: valid until the next call of
  // either. Empty, and failed(), if the values do not match the shape.
  [[nodiscard]] std::span<const Field> fields();

  // The bytes are not a valid batch; rows returned before are good.
  [[nodiscard]] bool failed() const { return rest_.failed(); }

 private:
  // The values of the last row of a shape.
  struct LastRow {
    std::string_view all{};  // one after the other, if they were not yet separated
    bool is_separated = false;
    std::vector<std::string_view> values{};  // of each field
  };

  void read_row();
  void read_names_and_shape(std::uint64_t count);
  void read_new_names(std::uint64_t count);
  void read_changes(std::string_view bytes);
  [[nodiscard]] static bool separate(LastRow& last, std::size_t count);

  Cursor rest_;
  const char* end_ = nullptr;  // of the batch
  std::vector<std::string_view> names_;
  std::vector<Shape> shapes_;
  std::vector<LastRow> last_rows_;  // by shape
  Row row_;
  std::vector<Field> fields_;
  std::string values_;  // of a row whose bytes do not have them in one stretch
};

}  // namespace gridloom::journal
