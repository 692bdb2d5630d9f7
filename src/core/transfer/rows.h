// The rows that are copied when stores move from files to a database or back, in the form that both
// kinds of store read and write, and the tables that have them.
//
// Described tables give and take them (tables/side.h); copy.h copies and compares them. Pure; any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gridloom::transfer {

// A number, or the bytes of a text or a blob.
using Value = std::variant<std::int64_t, std::string>;
using Row = std::vector<Value>;

[[nodiscard]] inline std::int64_t number_in(const Row& row, std::size_t column) {
  return std::get<std::int64_t>(row.at(column));
}
[[nodiscard]] inline const std::string& bytes_in(const Row& row, std::size_t column) {
  return std::get<std::string>(row.at(column));
}

// A table that both sides know: the same columns in the same order.
struct Table {
  std::string_view name;  // for people, and the same on both sides
  std::size_t columns = 1;
  std::size_t keys = 1;     // of the first columns, which identify a row, and by which rows ascend
  std::size_t group = 1;    // rows with the same first columns are written together
  std::size_t carried = 0;  // of the last columns, which may differ between the sides
  // Its rows change all the time while a server runs: they are copied once it has stopped.
  bool is_restless = false;
};

// The rows after `after`, up to and including `through`, by their keys. Empty: from the first row;
// to the last row.
struct Span {
  Row after{};
  Row through{};
};

// A row, or a part of it, as bytes.
[[nodiscard]] std::string encoded(const Row& row, std::size_t columns);
// Nothing that was encoded: empty.
[[nodiscard]] Row decoded(std::string_view bytes);

// The number of rows and a checksum that does not depend on their order.
struct Sum {
  std::uint64_t rows = 0;
  std::uint64_t checksum = 0;

  void add(const Table& table, const Row& row);
  void add(const Sum& other) {
    rows += other.rows;
    checksum += other.checksum;
  }
  friend bool operator==(const Sum&, const Sum&) = default;
};

}  // namespace gridloom::transfer
