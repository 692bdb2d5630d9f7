// Byte format of a batch: its version, then rows. A row is the device number, the time as a
// difference to the previous row, the index of the shape, the size of the values, and the values.
// An index that no shape has yet means that the shape follows: the number of fields, the index of
// each field's name, and the new names, in the order of their indexes.
//
// In version 1 a row is the device number, the time, fields, and a zero byte. A field is the index
// of its name plus one, and its value; an index that no name has yet means that the name follows.
#include "history/log/batch.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace gridloom::history {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::uint64_t kEndOfRow = 0;  // of version 1

// Maximum number of names without a NameRef that are remembered across batches.
constexpr std::size_t kMaxOtherNames = 4096;

std::string_view bytes_of(const std::vector<std::uint32_t>& shape) {
  return {static_cast<const char*>(static_cast<const void*>(shape.data())),
          shape.size() * sizeof(shape[0])};
}

}  // namespace

void BatchWriter::begin(DeviceNumber device, std::int64_t at_ms) {
  device_ = device;
  at_ms_ = at_ms;
  shape_.clear();
  new_names_.clear();
  values_.clear();
}

void BatchWriter::add(NameRef& ref, std::string_view name, std::string_view json) {
  if (ref.batch != batch_) {
    ref = {.batch = batch_, .index = names_++};
    new_names_.push_back(name);
  }
  shape_.push_back(ref.index);
  append_value(values_, value_of(json));
}

void BatchWriter::add(std::string_view name, std::string_view json) {
  auto found = others_.find(name);
  if (found == others_.end()) found = others_.emplace(name, NameRef{}).first;
  add(found->second, found->first, json);
}

void BatchWriter::end() {
  if (bytes_.empty()) {
    bytes_.reserve(last_size_ + last_size_ / 8);
    bytes_.push_back(static_cast<char>(kVersion));
  }
  auto shape = shapes_.find(bytes_of(shape_));
  const bool is_new = shape == shapes_.end();
  if (is_new) {
    const auto index = static_cast<std::uint32_t>(shapes_.size());
    shape = shapes_.emplace(bytes_of(shape_), index).first;
  }
  std::array<char, 4 * kLongestVarint> bytes;
  char* end = put_varint(bytes.data(), static_cast<std::uint64_t>(device_));
  end = put_varint(end, zigzag(difference(at_ms_, last_at_ms_)));
  end = put_varint(end, shape->second);
  append_until(bytes_, bytes.data(), end);
  if (is_new) define_shape();
  append_text(bytes_, values_);
  last_at_ms_ = at_ms_;
}

void BatchWriter::define_shape() {
  append_varint(bytes_, shape_.size());
  for (const std::uint32_t index : shape_) append_varint(bytes_, index);
  for (const std::string_view name : new_names_) append_text(bytes_, name);
}

std::string BatchWriter::take() {
  std::string taken;
  taken.swap(bytes_);
  last_size_ = taken.size();
  last_at_ms_ = 0;
  names_ = 0;
  shapes_.clear();
  ++batch_;
  if (others_.size() > kMaxOtherNames) others_.clear();
  return taken;
}

BatchReader::BatchReader(std::string_view bytes) : rest_(bytes) {
  const std::string_view version = rest_.bytes(1);
  if (!version.empty()) version_ = static_cast<std::uint8_t>(version.front());
  if (version_ == 0 || version_ > kVersion) rest_.fail();
}

const BatchReader::Row* BatchReader::next() {
  if (rest_.at_end()) return nullptr;
  row_.device = static_cast<DeviceNumber>(rest_.varint());
  row_.at_ms = total(row_.at_ms, rest_.signed_varint());
  if (version_ == 1) {
    read_row_of_version_1();
  } else {
    read_row();
  }
  return rest_.failed() ? nullptr : &row_;
}

void BatchReader::read_row() {
  const std::uint64_t shape = rest_.varint();
  if (shape > shapes_.size()) return rest_.fail();
  if (shape == shapes_.size()) read_shape();
  row_.shape = static_cast<std::size_t>(shape);
  row_.values = rest_.text();
}

void BatchReader::read_shape() {
  const std::uint64_t count = rest_.varint();
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

void BatchReader::read_row_of_version_1() {
  shape_.clear();
  values_.clear();
  for (std::uint64_t reference = rest_.varint(); reference != kEndOfRow && !rest_.failed();
       reference = rest_.varint()) {
    const std::uint64_t index = reference - 1;
    if (index > names_.size()) return rest_.fail();
    if (index == names_.size()) names_.push_back(rest_.text());
    shape_.push_back(static_cast<std::uint32_t>(index));
    append_value(values_, rest_.value());
  }
  const auto [found, is_new] =
      shape_indexes_.try_emplace(std::string(bytes_of(shape_)), shapes_.size());
  if (is_new) shapes_.push_back(shape_);
  row_.shape = found->second;
  row_.values = values_;
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

}  // namespace gridloom::history
