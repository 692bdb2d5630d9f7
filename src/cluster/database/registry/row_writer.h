// Changes rows within a transaction of PostgreSQL, for RowTransaction, and counts the numbers that
// rows get.
//
// A change that fails is rolled back to where it began (SAVEPOINT), so that the changes before it
// stay. Numbers are stored by store_numbers(), before the commit: a transaction that is rolled back
// gives none. Thread rule: as for the Connection, which outlives this.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/values.h"

namespace gridloom::registry {

class PostgresRowWriter {
 public:
  using Bytes = postgres::Bytes;
  using Flag = bool;

  explicit PostgresRowWriter(postgres::Connection& connection) : connection_(connection) {}

  // Makes a change of rows, or none if it fails.
  template <typename... T>
  [[nodiscard]] Status change(std::string_view sql, const T&... values) {
    postgres::Values all;
    (all.add(values), ...);
    return change_with(sql, std::move(all));
  }
  // Adds a row with the next number of the table, which is returned.
  template <typename... T>
  [[nodiscard]] Result<std::int64_t> insert(std::string_view table, std::string_view columns,
                                            const T&... values) {
    std::string places = "$1";
    for (std::size_t place = 2; place <= sizeof...(values) + 1; ++place) {
      places += fmt::format(", ${}", place);
    }
    return insert_by(table,
                     fmt::format("INSERT INTO {} (id, {}) VALUES ({})", table, columns, places),
                     values...);
  }
  // insert() by a statement of its own, which has the number as $1.
  template <typename... T>
  [[nodiscard]] Result<std::int64_t> insert_by(std::string_view table, std::string_view sql,
                                               const T&... values) {
    const Result<std::int64_t> highest = highest_of(table);
    if (!highest) return highest;
    GL_TRY(change(sql, *highest + 1, values...));
    return numbers_[std::string(table)] = *highest + 1;
  }
  // New rows of the table get numbers above `highest`.
  [[nodiscard]] Status reserve(std::string_view table, std::int64_t highest);

  [[nodiscard]] bool has_changes() const { return has_changes_; }
  [[nodiscard]] Status store_numbers();

 private:
  [[nodiscard]] Status change_with(std::string_view sql, postgres::Values values);
  // The highest number that was given in the table, here or before.
  [[nodiscard]] Result<std::int64_t> highest_of(std::string_view table);

  postgres::Connection& connection_;
  std::map<std::string, std::int64_t, std::less<>> numbers_;  // by table, of those that changed
  bool has_changes_ = false;
};

}  // namespace gridloom::registry
