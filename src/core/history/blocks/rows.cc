// The bytes: "GR", a version, rows, and a checksum. A row is its time as a difference to the row
// before, the index of its shape, the shape if it is new, the size of its values, and its values.
#include "history/blocks/rows.h"

#include <array>
#include <limits>
#include <utility>

#include "history/blocks/block_layout.h"

namespace gridloom::history {
namespace {

constexpr std::string_view kMagic = "GR";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHead_bytes = kMagic.size() + 1;

}  // namespace

void RowsWriter::add(std::int64_t at_ms, std::size_t shape, std::span<const FieldId> fields,
                     std::string_view values) {
  if (bytes_.empty()) {
    bytes_ = kMagic;
    bytes_ += static_cast<char>(kVersion);
  }
  std::array<char, 2 * kLongestVarint> bytes;
  char* end = put_varint(bytes.data(), zigzag(wrapping_difference(at_ms, last_at_ms_)));
  end = put_varint(end, shape);
  append_until(bytes_, bytes.data(), end);
  if (shape == shapes_) {
    ++shapes_;
    append_varint(bytes_, fields.size());
    for (const FieldId field : fields) append_varint(bytes_, field);
  }
  append_text(bytes_, values);
  last_at_ms_ = at_ms;
}

std::string RowsWriter::finish() {
  append_check(bytes_);
  shapes_ = 0;
  last_at_ms_ = 0;
  return std::exchange(bytes_, {});
}

bool is_rows(std::string_view bytes) { return bytes.starts_with(kMagic); }

Result<RowsReader> RowsReader::open(std::string_view bytes) {
  if (!is_rows(bytes)) return fail(ErrorCode::kMalformed, "not rows");
  if (bytes.size() < kHead_bytes + kCheck_bytes || !has_check(bytes)) {
    return fail(ErrorCode::kMalformed, "the rows are damaged: their checksum is wrong");
  }
  if (static_cast<std::uint8_t>(bytes[kMagic.size()]) != kVersion) {
    return fail(ErrorCode::kMalformed, "rows of a later version of Gridloom");
  }
  bytes.remove_prefix(kHead_bytes);
  bytes.remove_suffix(kCheck_bytes);
  return RowsReader(bytes);
}

const RowsReader::Row* RowsReader::next() {
  while (!rest_.at_end()) {
    row_.at_ms = wrapping_sum(row_.at_ms, rest_.signed_varint());
    const std::uint64_t shape = rest_.varint();
    if (shape > shapes_.size()) rest_.fail();
    if (shape == shapes_.size()) read_shape();
    const std::string_view values = rest_.text();
    if (rest_.failed()) return nullptr;
    row_.shape = shape_ = static_cast<std::size_t>(shape);
    row_.values = values;
    if (read_samples(values)) return &row_;
    ++malformed_;
  }
  return nullptr;
}

void RowsReader::read_shape() {
  const std::uint64_t count = rest_.varint();
  if (count > rest_.rest().size()) return rest_.fail();
  std::vector<FieldId>& fields = shapes_.emplace_back(static_cast<std::size_t>(count));
  for (FieldId& field : fields) {
    const std::uint64_t id = rest_.varint();
    if (id > std::numeric_limits<FieldId>::max()) return rest_.fail();
    field = static_cast<FieldId>(id);
  }
}

bool RowsReader::read_samples(std::string_view values) {
  const std::vector<FieldId>& fields = shapes_[shape_];
  Cursor cursor(values);
  row_.samples.resize(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    row_.samples[i] = {.field = fields[i], .value = cursor.value()};
  }
  return !cursor.failed() && cursor.at_end();
}

}  // namespace gridloom::history
