#include "postgres/values.h"

#include <bit>
#include <chrono>
#include <cstring>

#include "base/bytes.h"

namespace gridloom::postgres {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::uint32_t kNullLength = 0xffff'ffff;
// PostgreSQL counts microseconds from 2000-01-01.
constexpr std::chrono::sys_days kEpoch = std::chrono::year(2000) / 1 / 1;

}  // namespace

template <typename T>
void Values::append(T value) {
  const T big = std::endian::native == std::endian::little ? std::byteswap(value) : value;
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), &big, sizeof(T));
  fields_.append(bytes.data(), bytes.size());
}

std::size_t Values::begin(Type type) {
  types_.push_back(type);
  at_.push_back(fields_.size());
  fields_.append(kLengthBytes, '\0');
  return at_.back();
}

void Values::end(std::size_t at) {
  const auto length = static_cast<std::uint32_t>(fields_.size() - at - kLengthBytes);
  const std::uint32_t big =
      std::endian::native == std::endian::little ? std::byteswap(length) : length;
  std::memcpy(fields_.data() + at, &big, sizeof(big));
}

void Values::add(bool value) {
  const std::size_t at = begin(Type::kBool);
  fields_.push_back(value ? '\1' : '\0');
  end(at);
}

void Values::add(std::int16_t value) {
  const std::size_t at = begin(Type::kInt2);
  append(value);
  end(at);
}

void Values::add(std::int32_t value) {
  const std::size_t at = begin(Type::kInt4);
  append(value);
  end(at);
}

void Values::add(std::int64_t value) {
  const std::size_t at = begin(Type::kInt8);
  append(value);
  end(at);
}

void Values::add(double value) {
  const std::size_t at = begin(Type::kFloat8);
  append(std::bit_cast<std::uint64_t>(value));
  end(at);
}

void Values::add(std::string_view text) {
  const std::size_t at = begin(Type::kText);
  fields_.append(text);
  end(at);
}

void Values::add(Bytes value) {
  const std::size_t at = begin(Type::kBytea);
  fields_.append(value.bytes);
  end(at);
}

void Values::add(TimePoint time) {
  const std::size_t at = begin(Type::kTimestamptz);
  append(std::int64_t{std::chrono::microseconds(time - kEpoch).count()});
  end(at);
}

template <typename T>
void Values::add_array(Type array, Type element, std::span<const T> values) {
  const std::size_t at = begin(array);
  append(std::int32_t{values.empty() ? 0 : 1});  // dimensions
  append(std::int32_t{0});                       // no NULLs
  append(static_cast<std::int32_t>(element));
  if (!values.empty()) {
    append(static_cast<std::int32_t>(values.size()));
    append(std::int32_t{1});  // the first index
  }
  for (const T& value : values) {
    if constexpr (std::same_as<T, Bytes>) {
      append(static_cast<std::int32_t>(value.bytes.size()));
      fields_.append(value.bytes);
    } else if constexpr (std::same_as<T, std::string_view>) {
      append(static_cast<std::int32_t>(value.size()));
      fields_.append(value);
    } else if constexpr (std::same_as<T, double>) {
      append(static_cast<std::int32_t>(sizeof(T)));
      append(std::bit_cast<std::uint64_t>(value));
    } else {
      append(static_cast<std::int32_t>(sizeof(T)));
      append(value);
    }
  }
  end(at);
}

void Values::add(std::span<const std::int32_t> values) {
  add_array(Type::kInt4Array, Type::kInt4, values);
}

void Values::add(std::span<const std::int64_t> values) {
  add_array(Type::kInt8Array, Type::kInt8, values);
}

void Values::add(std::span<const double> values) {
  add_array(Type::kFloat8Array, Type::kFloat8, values);
}

void Values::add(std::span<const Bytes> values) {
  add_array(Type::kByteaArray, Type::kBytea, values);
}

void Values::add(std::span<const std::string_view> texts) {
  add_array(Type::kTextArray, Type::kText, texts);
}

void Values::add_null(Type type) {
  const std::size_t at = begin(type);
  std::memcpy(fields_.data() + at, &kNullLength, sizeof(kNullLength));
}

std::optional<std::string_view> Values::bytes(std::size_t index) const {
  const std::size_t at = at_[index];
  std::uint32_t length = 0;
  std::memcpy(&length, fields_.data() + at, sizeof(length));
  if (length == kNullLength) return std::nullopt;
  const std::size_t end = index + 1 < at_.size() ? at_[index + 1] : fields_.size();
  return std::string_view(fields_).substr(at + kLengthBytes, end - at - kLengthBytes);
}

void Values::clear() {
  types_.clear();
  at_.clear();
  fields_.clear();
}

}  // namespace gridloom::postgres
