// The shapes of rows in memory: which fields a row has. Rows of equal shapes name it by a number,
// because the fields of a report take more room than its values.
//
// A row: its time, its shape, and its values, preceded by their size. A shape is either its number,
// from one, or a zero, the number of fields, and the fields.
//
// Thread rule: one thread calls beginning_of(). A shape never changes, so any thread that has a
// copy of rows may read them meanwhile.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "history/blocks/block.h"

namespace gridloom::history {

class RowShapes {
 public:
  using Shape = std::vector<FieldId>;
  struct Beginning {
    std::string bytes;       // of a row with the shape, after its time
    std::size_t number = 0;  // 0: the shape is written out in each of its rows
    Shape fields{};          // if it is written out
  };
  [[nodiscard]] Beginning beginning_of(Shape shape);
  [[nodiscard]] const Shape& fields(const Beginning& of) const {
    return of.number > 0 ? (*shapes_)[of.number - 1] : of.fields;
  }

  // Reads a row behind its time; its fields are in `fields`. Returns its values.
  [[nodiscard]] std::string_view read_row(Cursor& row, Shape& fields) const;
  // The rows as a chunk (history/blocks/rows.h); empty if there are none.
  [[nodiscard]] std::string chunk_of(const std::string& rows) const;
  // The fields that rows have.
  [[nodiscard]] std::set<FieldId> fields_of(const std::string& rows) const;

 private:
  // Shapes beyond these limits are written out, because shapes are kept for as long as the server
  // runs.
  static constexpr std::size_t kMaxShapes = 1024;
  static constexpr std::size_t kMaxShapeFields = 1024;

  std::unique_ptr<std::array<Shape, kMaxShapes>> shapes_ =
      std::make_unique<std::array<Shape, kMaxShapes>>();
  std::map<Shape, std::size_t> numbers_;  // indexes in shapes_, plus one
};

// True if one of `rows` has that time and is `row` after it.
[[nodiscard]] bool has_row(std::string_view rows, std::int64_t at_ms, std::string_view row);

}  // namespace gridloom::history
