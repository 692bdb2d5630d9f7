// The bytes of a batch: its version, then rows. A row is a device's number, its time as a
// difference to the row before, fields, and a zero byte. A field is its name's index plus one, and
// its value; an index that no name has yet is that of the name which follows it.
#include "history/batch.h"

#include <algorithm>
#include <array>

namespace gridloom::history {
namespace {

constexpr char kVersion = 1;
constexpr std::uint64_t kEndOfRow = 0;
constexpr std::size_t kFewFields = 64;

// Names without a NameRef that are remembered beyond their batch.
constexpr std::size_t kMostOtherNames = 4096;

}  // namespace

void BatchWriter::begin(DeviceNumber device, std::int64_t at_ms) {
  if (bytes_.empty()) {
    bytes_.reserve(last_size_ + last_size_ / 8);
    bytes_.push_back(kVersion);
  }
  std::array<char, 2 * kLongestVarint> bytes;
  char* end = put_varint(bytes.data(), static_cast<std::uint64_t>(device));
  end = put_varint(end, zigzag(difference(at_ms, last_at_ms_)));
  append_until(bytes_, bytes.data(), end);
  last_at_ms_ = at_ms;
}

void BatchWriter::add(NameRef& ref, std::string_view name, std::string_view json) {
  if (ref.batch != batch_) {
    ref = {.batch = batch_, .index = names_++};
    append_varint(bytes_, std::uint64_t{ref.index} + 1);
    append_text(bytes_, name);
    return append_value(bytes_, value_of(json));
  }
  const Value value = value_of(json);
  std::array<char, kLongestVarint + kLongestNumber> bytes;
  char* end = put_varint(bytes.data(), std::uint64_t{ref.index} + 1);
  if (value.is_number) end = put_number(end, value.number);
  append_until(bytes_, bytes.data(), end);
  if (!value.is_number) append_value(bytes_, value);
}

void BatchWriter::add(std::string_view name, std::string_view json) {
  auto found = others_.find(name);
  if (found == others_.end()) found = others_.emplace(name, NameRef{}).first;
  add(found->second, name, json);
}

void BatchWriter::end() { append_varint(bytes_, kEndOfRow); }

std::string BatchWriter::take() {
  std::string taken;
  taken.swap(bytes_);
  last_size_ = taken.size();
  last_at_ms_ = 0;
  names_ = 0;
  ++batch_;
  if (others_.size() > kMostOtherNames) others_.clear();
  return taken;
}

BatchReader::BatchReader(std::string_view bytes) : rest_(bytes) {
  if (rest_.bytes(1) != std::string_view(&kVersion, 1)) rest_.fail();
}

const BatchReader::Row* BatchReader::next() {
  if (rest_.at_end()) return nullptr;
  row_.device = static_cast<DeviceNumber>(rest_.varint());
  row_.at_ms = total(row_.at_ms, rest_.signed_varint());
  std::size_t count = 0;
  for (std::uint64_t reference = rest_.varint(); reference != kEndOfRow;
       reference = rest_.varint()) {
    if (count == fields_.size()) fields_.resize(std::max(kFewFields, 2 * count));
    if (!read_field(reference - 1, fields_[count++])) return nullptr;
  }
  if (rest_.failed()) return nullptr;
  row_.fields = std::span(fields_).first(count);
  return &row_;
}

bool BatchReader::read_field(std::uint64_t index, Field& field) {
  if (index >= names_.size()) {
    if (index > names_.size()) rest_.fail();
    names_.push_back(rest_.text());
  }
  const std::string_view before = rest_.rest();
  field.name = static_cast<std::uint32_t>(index);
  field.value = rest_.value();
  field.bytes = before.substr(0, before.size() - rest_.rest().size());
  return !rest_.failed();
}

}  // namespace gridloom::history
