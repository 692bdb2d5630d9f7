// The tables of a store in SQLite. The store lists them, with the SQL of its columns.
//
// Thread rule: as for the Database.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sqlite.h"
#include "transfer/tables.h"

namespace gridloom::transfer {

enum class SqliteType : std::uint8_t { kInteger, kText, kBlob };

struct SqliteColumn {
  std::string_view name;
  SqliteType type = SqliteType::kInteger;
  std::string_view read{};   // SQL that reads it; empty: its name
  std::string_view write{};  // SQL that writes the parameter `?`; empty: as it is
};

struct SqliteTable {
  Table table;
  std::string_view name;              // that rows are written to; empty: nothing is removed
  std::vector<SqliteColumn> columns;  // keys first
  std::string_view from{};            // SQL that rows are read from; empty: the name
  std::string_view where{};           // SQL: which rows count; empty: all
  // The sum of a row as it is written; nullptr: the table has no checksums that we compute.
  std::int64_t (*checksum)(const Row& row) = nullptr;
};

// Whether rows that were written and where the copy was are noted in the database, in a table
// `migration` that end() drops.
enum class Places : std::uint8_t { kNone, kKept };

class SqliteTables : public Target {
 public:
  SqliteTables(storage::Database database, std::vector<SqliteTable> all, Places places);

  [[nodiscard]] std::vector<Table> tables() const override;
  [[nodiscard]] Status each_row(const Table& table, const Span& span, const OnRow& on_row) override;
  [[nodiscard]] std::uint64_t damaged() const override { return damaged_; }
  [[nodiscard]] Status replace(const Table& table, const Span& span, const std::vector<Row>& rows,
                               const Row& place) override;
  [[nodiscard]] Result<Row> place(const Table& table) override;
  [[nodiscard]] Status replace_all(const std::vector<std::vector<Row>>& rows) override;

  // All is copied: drops the notes, and puts the write-ahead log into the file.
  [[nodiscard]] Status end() override;

  [[nodiscard]] storage::Database& database() { return database_; }

 protected:
  // Writes a row; the default is an INSERT of its columns and of its checksum.
  [[nodiscard]] virtual Status put(const SqliteTable& table, const Row& row);

 private:
  [[nodiscard]] const SqliteTable& of(const Table& table) const;
  [[nodiscard]] Status remove(const SqliteTable& table, const Span& span);
  [[nodiscard]] Status put_all(const SqliteTable& table, const std::vector<Row>& rows);
  [[nodiscard]] Status make_notes();

  storage::Database database_;
  const std::vector<SqliteTable> all_;
  const Places places_;
  bool has_notes_ = false;
  std::uint64_t damaged_ = 0;
};

// Binds values as the columns have them.
void bind(storage::Statement& statement, const SqliteTable& table, const Row& row);

}  // namespace gridloom::transfer
