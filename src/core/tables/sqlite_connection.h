// The tables of a store in SQLite. Each has a column `checksum` over all others (checksum_of()),
// which is written with each row and compared when whole rows are read.
//
// A table that is counted (Table::is_counted) has a row in the table `table_sums`: the number of
// its rows and their checksums combined by XOR. Triggers of the connection (TEMP) keep it: another
// program that changes the file has no such triggers, and its changes count as damage.
//
// Thread rule: as for TableConnection.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "storage/sqlite.h"
#include "tables/connection.h"
#include "tables/schema.h"
#include "tables/table.h"

namespace gridloom::tables {

class SqliteTableConnection final : public TableConnection {
 public:
  // `database` has the tables (open_sqlite()).
  explicit SqliteTableConnection(storage::Database database) : database_(std::move(database)) {}
  ~SqliteTableConnection() override;

  [[nodiscard]] Status begin(Access access) override;
  [[nodiscard]] Status commit() override;
  void end() override { transaction_.reset(); }
  [[nodiscard]] bool is_in_transaction() const override { return transaction_.has_value(); }
  [[nodiscard]] Status step() override;
  [[nodiscard]] bool has_steps() const override { return true; }
  // A transaction that writes excludes all others.
  [[nodiscard]] Status lock(std::string_view /*name*/) override { return {}; }
  [[nodiscard]] Status atomically(const std::function<Status()>& work) override;

  [[nodiscard]] Status each(std::string_view sql, const Parameters& parameters,
                            const OnRow& on_row) override;
  [[nodiscard]] Status read(const Table& table, std::string_view rest, const Parameters& parameters,
                            const OnRow& on_row) override;

  [[nodiscard]] Status read_each(const Table& table, Names columns, std::span<const Row> rows,
                                 std::string_view only, const OnRow& on_row) override;
  [[nodiscard]] Status read_keys(const Table& table, Names columns, std::span<const Row> rows,
                                 const OnRow& on_row) override;
  void on_damaged(OnDamaged hear) override { on_damaged_ = std::move(hear); }
  [[nodiscard]] bool has_checksums() const override { return true; }

  [[nodiscard]] Status insert_all(const Table& table, std::span<const Row> rows) override;
  [[nodiscard]] Status put_all(const Table& table, std::span<const Row> rows) override;
  [[nodiscard]] Status add_missing(const Table& table, std::span<const Row> rows) override;
  [[nodiscard]] Status update_all(const Table& table, Names columns,
                                  std::span<const Row> rows) override;
  [[nodiscard]] Status remove_all(const Table& table, Names columns, std::span<const Row> rows,
                                  std::string_view only) override;
  [[nodiscard]] Result<std::int64_t> remove_some(const Table& table, std::string_view where,
                                                 const Parameters& parameters,
                                                 std::int64_t most) override;

  [[nodiscard]] Status make(const Table& table) override;
  [[nodiscard]] Status drop(const Table& table) override;
  [[nodiscard]] Status check(std::span<const Table* const> all) override;
  bool empty_log() override;
  [[nodiscard]] std::uint64_t damaged() const override { return damaged_; }
  [[nodiscard]] std::string order_of(const Table& table) const override { return keys_of(table); }

  [[nodiscard]] storage::Database& database() { return database_; }

 private:
  // Calls `on_row` with the rows of a statement whose last column is their checksum.
  [[nodiscard]] Status read_checked(const Table& table, storage::Statement& statement,
                                    const OnRow& on_row, bool& goes_on);
  // Writes whole rows by a statement of insertion, to which `end` is added.
  [[nodiscard]] Status write(const Table& table, std::span<const Row> rows, std::string_view end);

  storage::Database database_;
  OnDamaged on_damaged_;
  std::optional<storage::Transaction> transaction_;
  std::uint64_t damaged_ = 0;
};

// For a copy from it: opens a file of the schema's format, which a server may change meanwhile, and
// changes nothing. kNotFound: there is none; kConflict: an earlier or a later program wrote it;
// kDamaged: it has damaged rows, and those are not left out.
enum class DamagedRows : std::uint8_t { kRefused, kLeftOut };
[[nodiscard]] Result<std::unique_ptr<TableConnection>> open_sqlite_to_read(
    const std::filesystem::path& file, const Schema& schema,
    DamagedRows damaged = DamagedRows::kRefused);
// For a copy into it: makes the file, or opens the one that was made before.
[[nodiscard]] Result<std::unique_ptr<TableConnection>> open_sqlite_to_write(
    const std::filesystem::path& file, const Schema& schema);

// All rows of a database of the present format.
struct RowsCheck {
  std::uint64_t rows = 0;
  std::vector<std::string> damages;  // "table message, session 7: its checksum is wrong"
};
[[nodiscard]] Result<RowsCheck> check_rows(storage::Database& database,
                                           std::span<const Table* const> all);
// Removes the rows whose checksum is wrong; returns the place of each.
[[nodiscard]] Result<std::vector<std::string>> remove_damaged_rows(
    storage::Database& database, std::span<const Table* const> all);

// The format of a file: 0, it has no tables; below kFirstFormat: it is of an earlier kind.
[[nodiscard]] Result<std::int64_t> format_of(storage::Database& database);

// Makes the tables in a file without any, or adds what one of an earlier format lacks, in one
// transaction. kConflict: the file has a later format; kMalformed: one below kFirstFormat.
[[nodiscard]] Status make_tables(SqliteTableConnection& connection, const Schema& schema);
// Makes each later change on this connection keep the sums of counted tables.
[[nodiscard]] Status keep_sums(SqliteTableConnection& connection, const Schema& schema);

}  // namespace gridloom::tables
