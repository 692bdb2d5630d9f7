// SQLite's part in history besides keeping its tables: it returns the space of removed rows to the
// file system.
//
// Thread rule: as for the SqliteTableConnection.
#pragma once

#include <string>
#include <string_view>

#include "history/store/companion.h"
#include "tables/sqlite_connection.h"

namespace gridloom::history {

// Begins a new file: what return_space() needs must be set before there is any table, and again on
// a file that WAL mode has initialized.
inline constexpr std::string_view kBeforeTables = "PRAGMA auto_vacuum = incremental; VACUUM;";

class SqliteCompanion final : public Companion {
 public:
  explicit SqliteCompanion(tables::SqliteTableConnection& connection)
      : database_(connection.database()) {}

  [[nodiscard]] std::string place() const override { return database_.path(); }
  // Removing rows writes to the write-ahead log, for which a full disk has no room. Its contents go
  // into the file, and removed rows are not overwritten with zeros, which takes as much room again.
  [[nodiscard]] Result<bool> with_little_space(const RetentionStore::Work& work) override;
  [[nodiscard]] Result<bool> return_space() override;

 private:
  storage::Database& database_;
  bool has_returned_space_ = false;
};

}  // namespace gridloom::history
