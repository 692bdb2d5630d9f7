#include "history/sqlite/sqlite_store_factory.h"

#include <fmt/format.h>

#include <string>
#include <system_error>
#include <utility>

#include "history/sqlite/damaged_rows.h"
#include "history/sqlite/row_check.h"
#include "history/sqlite/sqlite_retention_store.h"
#include "history/sqlite/sqlite_store.h"
#include "storage/sqlite.h"
#include "storage/wal_check.h"

namespace gridloom::history {
namespace {

class SqliteStoreFactory final : public StoreFactory {
 public:
  explicit SqliteStoreFactory(std::filesystem::path data)
      : data_(std::move(data)), file_(data_ / "history.db") {}

  Result<Opened> open() override {
    std::string lost = storage::damage_of_wal(file_);
    GL_TRY(auto store, SqliteStore::open(data_, damaged_));
    return Opened{.store = std::move(store), .lost_changes = std::move(lost)};
  }
  Result<std::unique_ptr<StoreReader>> open_reader() override {
    return SqliteStore::open(data_, damaged_);
  }
  Result<std::unique_ptr<RetentionStore>> open_retention() override {
    return SqliteRetentionStore::open(data_, damaged_);
  }
  Result<std::vector<std::filesystem::path>> backup(const std::filesystem::path& folder,
                                                    const std::stop_token& stop) override;
  Result<StoreCheck> check(Writers writers) override;
  Result<std::string> verify(const std::stop_token& stop) override;
  [[nodiscard]] std::size_t damaged_rows() const override { return damaged_->count(); }
  [[nodiscard]] Error with_remedy(Error error) const override;

 private:
  const std::filesystem::path data_;
  const std::filesystem::path file_;
  const std::shared_ptr<DamagedRows> damaged_ = std::make_shared<DamagedRows>();
};

Result<std::vector<std::filesystem::path>> SqliteStoreFactory::backup(
    const std::filesystem::path& folder, const std::stop_token& stop) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(file_)) return files;
  GL_TRY(auto database, storage::Database::open(file_));
  files.push_back(file_.filename());
  GL_TRY(database.copy_to(folder / files.back(), stop));
  return files;
}

Result<StoreCheck> SqliteStoreFactory::check(Writers writers) {
  using storage::Database;
  // Reads include a write-ahead log that a stopped server left.
  std::error_code error;
  const std::uintmax_t log = std::filesystem::file_size(file_.string() + "-wal", error);
  const bool has_log = writers == Writers::kMaybe || (!error && log != 0);
  GL_TRY(auto database, Database::open_to_read(
                            file_, has_log ? Database::Writers::kMaybe : Database::Writers::kNone));
  GL_TRY(auto structure, database.integrity());
  auto rows = check_rows(database);
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
  GL_TRY(auto database, storage::Database::open_to_read(file_, storage::Database::Writers::kMaybe));
  const auto found = database.integrity(stop);
  if (stop.stop_requested()) return std::string();
  const std::string name = file_.filename().string();
  if (!found && found.error().code == ErrorCode::kDamaged) {
    return fmt::format("{} is damaged: a page of it cannot be read", name);
  }
  if (!found) return std::unexpected(found.error());
  if (found->empty()) return std::string();
  return fmt::format(
      "{} is damaged, and stored data may be missing in answers: {}{}", name, found->front(),
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
  return std::make_shared<SqliteStoreFactory>(std::move(data));
}

}  // namespace gridloom::history
