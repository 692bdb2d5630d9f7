#include "history/row_shapes.h"

#include <limits>
#include <utility>

#include "history/blocks/rows.h"

namespace gridloom::history {
namespace {

void skip_row(Cursor& cursor) {
  if (cursor.varint() == 0) {
    for (std::uint64_t fields = cursor.varint(); fields > 0; --fields) {
      static_cast<void>(cursor.varint());
    }
  }
  static_cast<void>(cursor.text());
}

}  // namespace

RowShapes::Beginning RowShapes::beginning_of(Shape shape) {
  Beginning found;
  auto known = numbers_.find(shape);
  if (known == numbers_.end() && numbers_.size() < kMaxShapes && shape.size() <= kMaxShapeFields) {
    (*shapes_)[numbers_.size()] = shape;
    known = numbers_.emplace(shape, numbers_.size() + 1).first;
  }
  if (known != numbers_.end()) {
    found.number = known->second;
    append_varint(found.bytes, found.number);
    return found;
  }
  append_varint(found.bytes, 0);
  append_varint(found.bytes, shape.size());
  for (const FieldId field : shape) append_varint(found.bytes, field);
  found.fields = std::move(shape);
  return found;
}

std::string_view RowShapes::read_row(Cursor& row, Shape& fields) const {
  if (const std::uint64_t number = row.varint()) {
    fields = shapes_->at(number - 1);
  } else {
    fields.resize(row.varint());
    for (FieldId& field : fields) field = static_cast<FieldId>(row.varint());
  }
  return row.text();
}

std::string RowShapes::chunk_of(const std::string& rows) const {
  RowsWriter writer;
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> indexes;  // in the chunk, by shape number
  Shape described;
  Cursor cursor(rows);
  while (!cursor.at_end()) {
    const auto at_ms = static_cast<std::int64_t>(cursor.fixed64());
    const std::uint64_t number = cursor.varint();
    if (number == 0) {
      described.resize(cursor.varint());
      for (FieldId& field : described) field = static_cast<FieldId>(cursor.varint());
      writer.add(at_ms, writer.shapes(), described, cursor.text());
      continue;
    }
    if (indexes.size() < number) indexes.resize(number, kNone);
    std::size_t& index = indexes[number - 1];
    if (index == kNone) index = writer.shapes();
    writer.add(at_ms, index, shapes_->at(number - 1), cursor.text());
  }
  return writer.empty() ? std::string() : writer.finish();
}

std::set<FieldId> RowShapes::fields_of(const std::string& rows) const {
  std::set<FieldId> all;
  Shape fields;
  for (Cursor cursor(rows); !cursor.at_end();) {
    static_cast<void>(cursor.fixed64());
    static_cast<void>(read_row(cursor, fields));
    all.insert(fields.begin(), fields.end());
  }
  return all;
}

bool has_row(std::string_view rows, std::int64_t at_ms, std::string_view row) {
  Cursor cursor(rows);
  while (!cursor.at_end()) {
    const auto its_at_ms = static_cast<std::int64_t>(cursor.fixed64());
    const std::string_view rest = cursor.rest();
    skip_row(cursor);
    const std::string_view its = rest.substr(0, rest.size() - cursor.rest().size());
    if (its == row && its_at_ms == at_ms) return true;
  }
  return false;
}

}  // namespace gridloom::history
