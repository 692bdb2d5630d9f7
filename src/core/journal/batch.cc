// Byte format of a batch: its version, then rows. A row is the device number, the time as a
// difference to the previous row, the index of the shape, a size, and as many bytes. An index that
// no shape has yet means that the shape follows; the bytes are the values then. Otherwise they are
// a bitmap of the fields, and the values of those whose bit is set: the others have the value of
// the row of that shape before. A shape is twice the number of fields, plus one if all names are
// new and follow; otherwise the index of each field's name and the new names follow, in the order
// of their indexes.
//
// In version 2 a shape begins with the number of fields, the names never follow alone, and all rows
// have all values. In version 1 a row is the device number, the time, fields, and a zero byte. A
// field is the index of its name plus one, and its value; an index that no name has yet means that
// the name follows.
#include "journal/batch.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

namespace gridloom::journal {
namespace {

constexpr std::uint8_t kVersion = 3;

// A longer value is written in each row, so that a row costs its reader no more than in proportion
// to its bytes.
constexpr std::size_t kMostRepeatedBytes = 16;
static_assert(kLongestNumber <= kMostRepeatedBytes);

// The bytes that are kept for a row's size until it is known, and the first size that needs more.
constexpr std::size_t kSizeBytes = 2;
constexpr std::size_t kFirstLargeSize = std::size_t{1} << 14U;

constexpr std::size_t bitmap_bytes(std::size_t fields) { return (fields + 7) / 8; }
constexpr std::uint8_t bit_of(std::size_t field) {
  return static_cast<std::uint8_t>(1U << (field % 8));
}
// The last byte of a bitmap with the bits of all fields.
constexpr std::uint8_t last_bits(std::size_t fields) {
  return fields % 8 == 0 ? 0xFF : static_cast<std::uint8_t>(bit_of(fields) - 1);
}

// Takes a value's bytes off the beginning, without decoding them; empty: they are not a value.
std::string_view next_value(std::string_view& rest) {
  std::size_t size = 1;
  if (rest.empty()) return {};
  if (static_cast<std::uint8_t>(rest.front()) <= Decimal::kMaxScale) {
    while (size < rest.size() && static_cast<std::uint8_t>(rest[size]) >= 0x80) ++size;
    if (++size > std::min(rest.size(), kLongestNumber)) return {};
  } else {
    Cursor cursor(rest);
    static_cast<void>(cursor.value());
    if (cursor.failed()) return {};
    size = rest.size() - cursor.rest().size();
  }
  const std::string_view value = rest.substr(0, size);
  rest.remove_prefix(size);
  return value;
}

// Writes an integer of up to 18 digits as append_value() does; null: the text is something else.
char* put_integer(char* to, std::string_view json) {
  constexpr std::size_t kMostDigits = 18;
  const bool is_negative = json.starts_with('-');
  if (is_negative) json.remove_prefix(1);
  if (json.empty() || json.size() > kMostDigits) return nullptr;
  if (json.front() == '0' && (is_negative || json.size() > 1)) return nullptr;
  std::int64_t digits = 0;
  for (const char c : json) {
    const auto digit = static_cast<unsigned>(c - '0');
    if (digit > 9) return nullptr;
    digits = digits * 10 + digit;
  }
  return put_number(to, {.digits = is_negative ? -digits : digits});
}

// Writes a value as append_value() does, to a buffer with space for kMostRepeatedBytes; null: it
// needs more.
char* put_short(char* to, std::string_view json) {
  if (char* end = put_integer(to, json)) return end;
  const Value value = value_of(json);
  if (value.is_number) return put_number(to, value.number);
  if (value.text.size() + 2 > kMostRepeatedBytes) return nullptr;
  *to++ = static_cast<char>(kTextFollows);
  *to++ = static_cast<char>(value.text.size());
  return std::ranges::copy(value.text, to).out;
}

// True if the first `size` bytes are equal: at most kMostRepeatedBytes, and at least one. As many
// as that can be read at both places.
bool are_equal(const char* a, const char* b, std::size_t size) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const auto differences = [&](std::size_t word) {
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    std::memcpy(&x, a + word * kWord, kWord);
    std::memcpy(&y, b + word * kWord, kWord);
    return x ^ y;
  };
  if (size <= kWord) return differences(0) << (8 * (kWord - size)) == 0;
  return differences(0) == 0 && differences(1) << (8 * (2 * kWord - size)) == 0;
}

}  // namespace

// The end of what is written, with space for this many bytes.
char* BatchWriter::space_for(std::size_t bytes) {
  if (bytes_.size() - size_ < bytes) {
    bytes_.resize(std::max({2 * bytes_.size(), size_ + bytes, last_size_ + last_size_ / 8}));
  }
  return bytes_.data() + size_;
}

void BatchWriter::append(std::string_view bytes) {
  wrote_to(std::ranges::copy(bytes, space_for(bytes.size())).out);
}

void BatchWriter::begin(DeviceNumber device, std::int64_t at_ms) {
  char* end = space_for(1 + 2 * kLongestVarint);
  if (size_ == 0) *end++ = static_cast<char>(kVersion);
  end = put_varint(end, static_cast<std::uint64_t>(device));
  end = put_varint(end, zigzag(wrapping_difference(at_ms, last_at_ms_)));
  wrote_to(end);
  at_ms_ = at_ms;
  shape_at_ = size_;
  count_ = 0;
  expected_ = nullptr;
  shape_.clear();
  values_.clear();
}

void BatchWriter::add(NameRef& ref, std::string_view name, std::string_view json) {
  add_value(dictionary_.index_of(ref, name), json);
}

void BatchWriter::add(std::string_view name, std::string_view json) {
  add_value(dictionary_.index_of(name), json);
}

void BatchWriter::add_value(std::uint32_t name, std::string_view json) {
  if (count_ == 0) {
    if (Shape* const expected = dictionary_.expected_shape(name)) open_row(*expected);
  }
  if (expected_ != nullptr) {
    const std::vector<std::uint32_t>& names = expected_->names;
    if (count_ < names.size() && names[count_] == name) {
      put(json);
      ++count_;
      return;
    }
    abandon_row();
  }
  shape_.push_back(name);
  std::array<char, kMostRepeatedBytes> bytes;
  if (const char* end = put_short(bytes.data(), json)) {
    append_until(values_, bytes.data(), end);
  } else {
    append_value(values_, {.text = json});
  }
  ++count_;
}

void BatchWriter::end() {
  if (expected_ != nullptr && count_ < expected_->names.size()) abandon_row();
  if (expected_ != nullptr) {
    close_row();
  } else {
    write_row();
  }
  last_at_ms_ = at_ms_;
}

// Begins a row in the shape that it is expected to have.
void BatchWriter::open_row(Shape& shape) {
  expected_ = &shape;
  const BatchDictionary::Reference reference = dictionary_.refer_to(shape);
  wrote_to(put_varint(space_for(kLongestVarint), reference.index));
  is_first_ = !reference.definition.empty();
  if (is_first_) append(reference.definition);
  if (!is_first_ && !shape.are_located) locate(shape);
  const std::size_t bitmap = is_first_ ? 0 : bitmap_bytes(shape.names.size());
  char* const at = space_for(kSizeBytes + bitmap);
  std::fill_n(at, kSizeBytes + bitmap, '\0');
  size_at_ = size_;
  bitmap_at_ = size_at_ + kSizeBytes;
  size_ = values_at_ = bitmap_at_ + bitmap;
  written_.clear();
}

void BatchWriter::put(std::string_view json) {
  char* const begin = space_for(kMostRepeatedBytes);
  char* const end = put_short(begin, json);
  if (end == nullptr) return put_long(json);
  if (!is_first_) {
    const char* const last = bytes_.data() + expected_->located[count_];
    if (are_equal(begin, last, static_cast<std::size_t>(end - begin))) return;
    mark_written(count_);
  }
  wrote_to(end);
}

void BatchWriter::put_long(std::string_view text) {
  if (!is_first_) mark_written(count_);
  char* end = space_for(1 + kLongestVarint);
  *end++ = static_cast<char>(kTextFollows);
  wrote_to(put_varint(end, text.size()));
  append(text);
}

void BatchWriter::put_encoded(std::size_t field, std::string_view bytes) {
  const bool repeats =
      bytes.size() <= kMostRepeatedBytes && value_at(expected_->located[field]) == bytes;
  if (repeats) return;
  mark_written(field);
  append(bytes);
}

void BatchWriter::mark_written(std::size_t field) {
  written_.push_back({.field = field, .position = size_});
  char& bits = bytes_[bitmap_at_ + field / 8];
  bits = static_cast<char>(static_cast<std::uint8_t>(bits) | bit_of(field));
}

void BatchWriter::close_row() {
  Shape& shape = *expected_;
  const std::size_t size = size_ - bitmap_at_;
  std::size_t moved = 0;
  if (size < kFirstLargeSize) {
    bytes_[size_at_] = static_cast<char>(size | 0x80U);
    bytes_[size_at_ + 1] = static_cast<char>(size >> 7U);
  } else {
    std::array<char, kLongestVarint> encoded;
    const auto size_bytes =
        static_cast<std::size_t>(put_varint(encoded.data(), size) - encoded.data());
    bytes_.replace(size_at_, kSizeBytes, encoded.data(), size_bytes);
    moved = size_bytes - kSizeBytes;
    size_ += moved;
  }
  if (is_first_) {
    shape.values_at = values_at_ + moved;
    shape.are_located = false;
  }
  for (const Written& value : written_) shape.located[value.field] = value.position + moved;
}

// The row has another shape than was expected: removes it, and keeps its values for write_row().
void BatchWriter::abandon_row() {
  Shape& shape = *std::exchange(expected_, nullptr);
  shape_.assign(shape.names.begin(), shape.names.begin() + static_cast<std::ptrdiff_t>(count_));
  if (is_first_) {
    values_.assign(bytes_, values_at_, size_ - values_at_);
    dictionary_.withdraw(shape);
  } else {
    auto written = written_.begin();
    for (std::size_t i = 0; i < count_; ++i) {
      const bool is_here = written != written_.end() && written->field == i;
      values_ += value_at(is_here ? (written++)->position : shape.located[i]);
    }
  }
  size_ = shape_at_;
}

// Writes a row from shape_ and values_.
void BatchWriter::write_row() {
  open_row(dictionary_.shape_of(shape_));
  if (is_first_) {
    append(values_);
  } else {
    std::string_view rest = values_;
    for (std::size_t i = 0; i < count_; ++i) put_encoded(i, next_value(rest));
  }
  close_row();
}

std::string_view BatchWriter::value_at(std::size_t position) const {
  std::string_view rest = written().substr(position);
  return next_value(rest);
}

void BatchWriter::locate(Shape& shape) const {
  shape.located.resize(shape.names.size());
  std::string_view rest = written().substr(shape.values_at);
  for (std::size_t& position : shape.located) {
    position = size_ - rest.size();
    static_cast<void>(next_value(rest));
  }
  shape.are_located = true;
}

std::string BatchWriter::take() {
  std::string taken;
  taken.swap(bytes_);
  taken.resize(size_);
  last_size_ = std::exchange(size_, 0);
  last_at_ms_ = 0;
  dictionary_.begin_batch();
  return taken;
}

BatchReader::BatchReader(std::string_view bytes) : rest_(bytes), end_(bytes.data() + bytes.size()) {
  const std::string_view version = rest_.bytes(1);
  if (version.empty() || static_cast<std::uint8_t>(version.front()) != kVersion) rest_.fail();
}

const BatchReader::Row* BatchReader::next() {
  if (rest_.at_end()) return nullptr;
  row_.device = static_cast<DeviceNumber>(rest_.varint());
  row_.at_ms = wrapping_sum(row_.at_ms, rest_.signed_varint());
  read_row();
  return rest_.failed() ? nullptr : &row_;
}

void BatchReader::read_row() {
  const std::uint64_t shape = rest_.varint();
  if (shape > shapes_.size()) return rest_.fail();
  row_.shape = static_cast<std::size_t>(shape);
  if (shape < shapes_.size()) return read_changes(rest_.text());
  const std::uint64_t count = rest_.varint();
  if (count % 2 == 1) {
    read_new_names(count / 2);
  } else {
    read_names_and_shape(count / 2);
  }
  row_.values = rest_.text();
  last_rows_.push_back({.all = row_.values});
}

void BatchReader::read_names_and_shape(std::uint64_t count) {
  if (count > rest_.rest().size()) return rest_.fail();
  Shape& shape = shapes_.emplace_back();
  shape.reserve(static_cast<std::size_t>(count));
  std::uint64_t names = names_.size();
  while (shape.size() < count) {
    const std::uint64_t index = rest_.varint();
    if (index > names) return rest_.fail();
    if (index == names) ++names;
    shape.push_back(static_cast<std::uint32_t>(index));
  }
  while (names_.size() < names) names_.push_back(rest_.text());
}

void BatchReader::read_new_names(std::uint64_t count) {
  if (count > rest_.rest().size()) return rest_.fail();
  Shape& shape = shapes_.emplace_back(static_cast<std::size_t>(count));
  if (names_.empty()) names_.reserve(static_cast<std::size_t>(count));
  for (std::uint32_t& index : shape) {
    index = static_cast<std::uint32_t>(names_.size());
    names_.push_back(rest_.text());
  }
}

// `bytes` are the bitmap and the values of those fields.
void BatchReader::read_changes(std::string_view bytes) {
  const std::size_t count = shapes_[row_.shape].size();
  const std::size_t bitmap_size = bitmap_bytes(count);
  if (bytes.size() < bitmap_size) return rest_.fail();
  const std::string_view bitmap = bytes.substr(0, bitmap_size);
  std::string_view rest = bytes.substr(bitmap_size);
  LastRow& last = last_rows_[row_.shape];
  const auto bits = [&](std::size_t byte) { return static_cast<std::uint8_t>(bitmap[byte]); };
  const std::uint8_t last_byte = count == 0 ? last_bits(count) : bits(bitmap_size - 1);
  if ((last_byte & ~last_bits(count)) != 0) return rest_.fail();
  if (last_byte == last_bits(count) && bitmap.find_first_not_of('\xFF') >= bitmap_size - 1) {
    row_.values = last.all = rest;
    last.is_separated = false;
    return;
  }
  if (!last.is_separated && !separate(last, count)) return rest_.fail();
  const std::size_t most = count * kMostRepeatedBytes + bytes.size();
  if (values_.size() < most) values_.resize(most);
  char* to = values_.data();
  for (std::size_t i = 0; i < count; ++i) {
    std::string_view& value = last.values[i];
    if ((bits(i / 8) & bit_of(i)) != 0) {
      value = next_value(rest);
      if (value.empty()) return rest_.fail();
    } else if (value.size() > kMostRepeatedBytes) {
      return rest_.fail();
    }
    // A copy of constant size is faster; the bytes behind the value are overwritten by the next.
    const bool is_inside = value.size() <= kMostRepeatedBytes &&
                           static_cast<std::size_t>(end_ - value.data()) >= kMostRepeatedBytes;
    std::memcpy(to, value.data(), is_inside ? kMostRepeatedBytes : value.size());
    to += value.size();
  }
  if (!rest.empty()) return rest_.fail();
  row_.values = std::string_view(values_.data(), static_cast<std::size_t>(to - values_.data()));
}

bool BatchReader::separate(LastRow& last, std::size_t count) {
  last.values.resize(count);
  std::string_view rest = last.all;
  for (std::string_view& value : last.values) {
    value = next_value(rest);
    if (value.empty()) return false;
  }
  last.is_separated = true;
  return rest.empty();
}

std::span<const BatchReader::Field> BatchReader::fields() {
  const Shape& shape = shapes_[row_.shape];
  fields_.resize(shape.size());
  Cursor cursor(row_.values);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::string_view before = cursor.rest();
    fields_[i].name = shape[i];
    fields_[i].value = cursor.value();
    fields_[i].bytes = before.substr(0, before.size() - cursor.rest().size());
  }
  if (!cursor.failed() && cursor.at_end()) return fields_;
  rest_.fail();
  return {};
}

}  // namespace gridloom::journal
