// A change of registry.sqlite: one transaction of SQLite's.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "registry/row_transaction.h"
#include "registry/seal.h"
#include "registry/store.h"
#include "storage/sqlite.h"

namespace gridloom::registry {

// Changes rows of registry.sqlite, for RowTransaction. The caller has begun a transaction.
//
// Thread rule: as for the Database, which outlives this.
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

class SqliteTransaction final : public RowTransaction<SqliteRowWriter> {
 public:
  struct Options {
    storage::Database& database;
    const Sealer& sealer;
    // SQLite's data_version when changed_elsewhere() was last called on this connection.
    std::int64_t& seen_version;
  };
  // `begun` is a transaction of the options' database. Both outlive this object.
  SqliteTransaction(const Options& options, storage::Transaction begun)
      : RowTransaction(SqliteRowWriter(options.database), options.sealer),
        database_(options.database),
        seen_version_(options.seen_version),
        transaction_(std::move(begun)) {}

  using RowTransaction::insert;
  using RowTransaction::remove;

  [[nodiscard]] Status commit() override;
  [[nodiscard]] Result<bool> changed_elsewhere() override;
  [[nodiscard]] Status load(DirectoryDraft& draft) override;

  [[nodiscard]] Result<std::int64_t> insert(const Token& token) override;
  [[nodiscard]] Status remove(const Device& device) override;

  [[nodiscard]] Result<Revision> count_revision() override;
  [[nodiscard]] Result<Revision> restart_revisions() override;

 private:
  storage::Database& database_;
  std::int64_t& seen_version_;
  storage::Transaction transaction_;
};

}  // namespace gridloom::registry
