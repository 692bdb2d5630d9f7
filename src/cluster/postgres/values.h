// Values in PostgreSQL's binary form: the parameters of a statement, and the fields of a COPY.
//
// | C++                         | PostgreSQL  |
// |-----------------------------|-------------|
// | std::int16_t                | smallint    |
// | std::int32_t                | int         |
// | std::int64_t                | bigint      |
// | bool                        | boolean     |
// | double                      | double precision |
// | std::string_view            | text (UTF-8 without NUL) |
// | Bytes                       | bytea       |
// | TimePoint                   | timestamptz |
// | std::span<const std::int32_t>, std::int64_t> | int[], bigint[] |
// | std::span<const double>, Bytes>              | double precision[], bytea[] |
// | std::span<const std::string_view>            | text[] |
// | std::optional<one of these> | the same, or NULL |
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/clock.h"

namespace gridloom::postgres {

struct Bytes {
  std::string_view bytes;
};

// The numbers of PostgreSQL's types (pg_type.oid), which never change.
enum class Type : std::uint32_t {
  kBool = 16,
  kBytea = 17,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kFloat8 = 701,
  kByteaArray = 1001,
  kInt4Array = 1007,
  kTextArray = 1009,
  kInt8Array = 1016,
  kFloat8Array = 1022,
  kTimestamptz = 1184,
};

// A list of values, each with its type; owns copies of their bytes.
class Values {
 public:
  void add(bool value);
  void add(std::int16_t value);
  void add(std::int32_t value);
  void add(std::int64_t value);
  void add(double value);
  void add(std::string_view text);
  void add(Bytes value);
  void add(TimePoint time);
  void add(std::span<const std::int32_t> values);
  void add(std::span<const std::int64_t> values);
  void add(std::span<const double> values);
  void add(std::span<const Bytes> values);
  void add(std::span<const std::string_view> texts);
  void add_null(Type type);
  // Text of other types, such as literals.
  template <typename T>
    requires std::convertible_to<const T&, std::string_view> && (!std::same_as<T, std::string_view>)
  void add(const T& text) {
    add(std::string_view(text));
  }
  template <typename T>
  void add(const std::optional<T>& value) {
    if (value) {
      add(*value);
    } else {
      Values typed;
      typed.add(T{});
      add_null(typed.types().front());
    }
  }

  [[nodiscard]] std::size_t size() const { return types_.size(); }
  [[nodiscard]] const std::vector<Type>& types() const { return types_; }
  // The bytes of a value; nothing: NULL. The view lives until the next add().
  [[nodiscard]] std::optional<std::string_view> bytes(std::size_t index) const;
  // All values as a row of COPY has them, without the row's own head: each with its length.
  [[nodiscard]] std::string_view fields() const { return fields_; }
  void clear();

 private:
  // Returns where the length of the new value stands.
  std::size_t begin(Type type);
  void end(std::size_t at);
  template <typename T>
  void append(T value);
  template <typename T>
  void add_array(Type array, Type element, std::span<const T> values);

  std::vector<Type> types_;
  std::vector<std::size_t> at_;  // of each value's length in fields_
  std::string fields_;
};

}  // namespace gridloom::postgres
