#include "history/sqlite/sqlite_store_factory.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "history/sqlite/earlier_history.h"
#include "history/sqlite/sqlite_companion.h"
#include "history/store/damaged_rows.h"
#include "history/store/history_side.h"
#include "history/store/history_tables.h"
#include "history/store/row_retention.h"
#include "history/store/row_store.h"
#include "history/store/rows_check.h"
#include "storage/files.h"
#include "storage/sqlite.h"
#include "storage/wal.h"
#include "tables/convert.h"
#include "tables/sqlite_connection.h"

namespace gridloom::history {
namespace {

using storage::Database;
using tables::SqliteTableConnection;

// Cache of each connection. A week of one device takes 2 MiB, and SQLite's default cache is no
// larger.
constexpr int kCache_kib = 8 * 1024;

class SqliteStoreFactory final : public StoreFactory {
 public:
  explicit SqliteStoreFactory(const std::filesystem::path& data) : file_(data / kHistoryFile) {}

  Result<Opened> open() override;
  Result<std::unique_ptr<StoreReader>> open_reader() override { return open_store(); }
  Result<std::unique_ptr<RetentionStore>> open_retention() override {
    GL_TRY(auto connection, connect());
    auto companion = std::make_unique<SqliteCompanion>(*connection);
    return std::make_unique<RowRetention>(std::move(connection), std::move(companion), damaged_);
  }
  Result<std::vector<std::filesystem::path>> backup(const std::filesystem::path& folder,
                                                    const std::stop_token& stop) override;
  Result<StoreCheck> check(Writers writers) override;
  Result<std::string> verify(const std::stop_token& stop) override;
  [[nodiscard]] std::size_t damaged_rows() const override { return damaged_->count(); }
  [[nodiscard]] Error with_remedy(Error error) const override;

 private:
  [[nodiscard]] Result<std::shared_ptr<SqliteTableConnection>> connect() const;
  [[nodiscard]] Result<std::unique_ptr<RowStore>> open_store() const;

  const std::filesystem::path file_;
  const std::shared_ptr<DamagedRows> damaged_ = std::make_shared<DamagedRows>();
};

Result<std::shared_ptr<SqliteTableConnection>> SqliteStoreFactory::connect() const {
  GL_TRY(auto database, Database::open(file_));
  GL_TRY(database.run(fmt::format("PRAGMA cache_size = -{}", kCache_kib)));
  return std::make_shared<SqliteTableConnection>(std::move(database));
}

Result<std::unique_ptr<RowStore>> SqliteStoreFactory::open_store() const {
  GL_TRY(auto connection, connect());
  auto companion = std::make_unique<SqliteCompanion>(*connection);
  return std::make_unique<RowStore>(std::move(connection), std::move(companion), damaged_);
}

Status make_file(const std::filesystem::path& file) {
  GL_TRY(storage::make_private(file));
  GL_TRY(auto database, Database::open(file));
  GL_TRY(const auto format, tables::format_of(database));
  if (format == 0) {
    GL_TRY(database.run(std::string(kBeforeTables)));
  }
  SqliteTableConnection connection(std::move(database));
  return make_tables(connection, kHistorySchema);
}

Result<StoreFactory::Opened> SqliteStoreFactory::open() {
  GL_TRY(tables::end_conversion(file_));
  std::string lost = storage::damage_of_wal(file_);
  std::error_code error;
  if (std::filesystem::exists(file_, error)) {
    GL_TRY(const auto damaged, convert_earlier_history(file_));
    if (damaged != 0 && lost.empty()) {
      lost = fmt::format("{} of an earlier version had {} damaged rows, which were left out",
                         kHistoryFile, damaged);
    }
  }
  GL_TRY(make_file(file_));
  GL_TRY(auto store, open_store());
  return Opened{.store = std::move(store), .lost_changes = std::move(lost)};
}

Result<std::vector<std::filesystem::path>> SqliteStoreFactory::backup(
    const std::filesystem::path& folder, const std::stop_token& stop) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(file_)) return files;
  GL_TRY(auto database, Database::open(file_));
  files.push_back(file_.filename());
  GL_TRY(database.copy_to(folder / files.back(), stop));
  return files;
}

Result<StoreCheck> check_content(Database database) {
  GL_TRY(const auto format, tables::format_of(database));
  if (format < tables::kFirstFormat) return check_earlier_history(database);
  GL_TRY(tables::check_format(kHistorySchema, format, database.path()));
  SqliteTableConnection connection(std::move(database));
  return check_rows(connection);
}

Result<StoreCheck> SqliteStoreFactory::check(Writers writers) {
  // Reads include a write-ahead log that a stopped server left.
  std::error_code error;
  const std::uintmax_t log = std::filesystem::file_size(file_.string() + "-wal", error);
  const bool has_log = writers == Writers::kMaybe || (!error && log != 0);
  GL_TRY(auto database, Database::open_to_read(
                            file_, has_log ? Database::Writers::kMaybe : Database::Writers::kNone));
  GL_TRY(auto structure, database.integrity());
  auto rows = check_content(std::move(database));
  StoreCheck found;
  if (rows) {
    found = std::move(*rows);
  } else {
    found.failed = rows.error();
  }
  found.structure = std::move(structure);
  return found;
}

// A damaged row is found by its checksum when it is read, but a damaged index only returns fewer
// rows, and the missing rows would go unnoticed.
Result<std::string> SqliteStoreFactory::verify(const std::stop_token& stop) {
  std::error_code error;
  if (std::filesystem::file_size(file_, error) > kMaxVerifiedBytes || error) return std::string();
  GL_TRY(auto database, Database::open_to_read(file_, Database::Writers::kMaybe));
  const auto found = database.integrity(stop);
  if (stop.stop_requested()) return std::string();
  if (!found && found.error().code == ErrorCode::kDamaged) {
    return fmt::format("{} is damaged: a page of it cannot be read", kHistoryFile);
  }
  if (!found) return std::unexpected(found.error());
  if (found->empty()) return std::string();
  return fmt::format(
      "{} is damaged, and stored data may be missing in answers: {}{}", kHistoryFile,
      found->front(),
      found->size() == 1 ? std::string() : fmt::format("; and {} more", found->size() - 1));
}

Error SqliteStoreFactory::with_remedy(Error error) const {
  if (error.code != ErrorCode::kDamaged) return error;
  error.detail +=
      "; restore history.db from a backup. To start a new history with the data that the log still "
      "has, move history.db, history.db-wal and history.db-shm to another folder";
  return error;
}

}  // namespace

std::shared_ptr<StoreFactory> sqlite_store_factory(std::filesystem::path data) {
  return std::make_shared<SqliteStoreFactory>(data);
}

Result<std::unique_ptr<transfer::Target>> open_history_to_read(
    const std::filesystem::path& folder) {
  GL_TRY(auto connection, tables::open_sqlite_to_read(folder / kHistoryFile, kHistorySchema,
                                                      tables::DamagedRows::kLeftOut));
  return std::make_unique<HistorySide>(std::move(connection));
}

Result<std::unique_ptr<transfer::Target>> open_history_to_write(
    const std::filesystem::path& folder) {
  GL_TRY(make_file(folder / kHistoryFile));
  GL_TRY(auto connection, tables::open_sqlite_to_write(folder / kHistoryFile, kHistorySchema));
  return std::make_unique<HistorySide>(std::move(connection));
}

}  // namespace gridloom::history
