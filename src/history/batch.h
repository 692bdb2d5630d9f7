// A batch: what one shard had to say about its devices since the last one, as the log keeps it. It
// stands alone: names of fields are defined where they first occur, so that a damaged neighbour
// takes nothing from it.
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
  std::string bytes_;
  std::size_t last_size_ = 0;  // of the batch before: the next will be much the same
  std::int64_t last_at_ms_ = 0;
  std::uint32_t batch_ = 1;
  std::uint32_t names_ = 0;
  StringMap<NameRef> others_;
};

// Reads one batch row by row. A field is its index in names(), which grows as rows are read; two
// may have the same name.
class BatchReader {
 public:
  explicit BatchReader(std::string_view bytes);

  struct Field {
    std::uint32_t name = 0;
    Value value{};
    std::string_view bytes{};  // of the value, as append_value() writes it
  };
  struct Row {
    DeviceNumber device = 0;
    std::int64_t at_ms = 0;
    std::span<const Field> fields{};
  };
  // The next row, until the one after; its texts lead into the bytes; null: that was the last, or
  // failed().
  [[nodiscard]] const Row* next();
  [[nodiscard]] const std::vector<std::string_view>& names() const { return names_; }
  // It is no batch; rows that came before are good.
  [[nodiscard]] bool failed() const { return rest_.failed(); }

 private:
  [[nodiscard]] bool read_field(std::uint64_t index, Field& field);

  Cursor rest_;
  std::vector<std::string_view> names_;
  std::vector<Field> fields_;  // room for those of a row
  Row row_;
};

}  // namespace gridloom::history
