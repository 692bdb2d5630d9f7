// Changes rows of registry.sqlite, for RowTransaction. The caller has begun a transaction.
//
// Thread rule: as for the Database, which outlives this.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/sqlite.h"

namespace gridloom::registry {

class SqliteRowWriter {
 public:
  using Bytes = storage::Blob;
  struct Flag {
    bool is_set = false;
  };

  explicit SqliteRowWriter(storage::Database& database) : database_(database) {}

  template <typename... T>
  [[nodiscard]] Status change(std::string_view sql, const T&... values) {
    return database_.execute(sql, value_of(values)...);
  }
  template <typename... T>
  [[nodiscard]] Result<std::int64_t> insert(std::string_view table, std::string_view columns,
                                            const T&... values) {
    std::string places;
    for (std::size_t place = 1; place <= sizeof...(values); ++place) {
      places += fmt::format("{}${}", place == 1 ? "" : ", ", place);
    }
    const std::string sql = fmt::format("INSERT INTO {} ({}) VALUES ({})", table, columns, places);
    GL_TRY(change(sql, values...));
    return database_.last_insert_id();
  }
  [[nodiscard]] Status reserve(std::string_view table, std::int64_t highest);

 private:
  template <typename T>
  static T value_of(const T& value) {
    return value;
  }
  static std::int64_t value_of(Flag flag) { return flag.is_set ? 1 : 0; }

  storage::Database& database_;
};

}  // namespace gridloom::registry
