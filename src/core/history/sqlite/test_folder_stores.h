// For tests: history's storage in a folder that goes with it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "history/sqlite/sqlite_companion.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "history/store/row_store.h"
#include "storage/files.h"
#include "tables/test_faulty_connection.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {

class FolderStores final : public StoreFactory {
 public:
  explicit FolderStores(std::function<Status()> on_write) {
    faults_->on_write = std::move(on_write);
    must(storage::make_data_folder(folder_.data()));
    stores_ = sqlite_store_factory(folder_.data());
  }

  Result<Opened> open() override {
    GL_TRY(auto opened, stores_->open());
    GL_TRY(auto database, storage::Database::open(folder_.data() / kHistoryFile));
    auto connection = std::make_shared<tables::SqliteTableConnection>(std::move(database));
    auto companion = std::make_unique<SqliteCompanion>(*connection);
    auto faulty = std::make_shared<tables::FaultyTableConnection>(connection, *faults_);
    opened.store = std::make_unique<RowStore>(std::move(faulty), std::move(companion),
                                              std::make_shared<DamagedRows>());
    return opened;
  }
  Result<std::unique_ptr<StoreReader>> open_reader() override { return stores_->open_reader(); }
  Result<std::unique_ptr<RetentionStore>> open_retention() override {
    return stores_->open_retention();
  }
  Result<std::vector<std::filesystem::path>> backup(const std::filesystem::path& folder,
                                                    const std::stop_token& stop) override {
    return stores_->backup(folder, stop);
  }
  Result<StoreCheck> check(Writers writers) override { return stores_->check(writers); }
  Result<std::string> verify(const std::stop_token& stop) override { return stores_->verify(stop); }
  [[nodiscard]] std::size_t damaged_rows() const override { return stores_->damaged_rows(); }
  [[nodiscard]] Error with_remedy(Error error) const override {
    return stores_->with_remedy(std::move(error));
  }

 private:
  const TemporaryFolder folder_;
  const std::unique_ptr<tables::Faults> faults_ = std::make_unique<tables::Faults>();
  std::shared_ptr<StoreFactory> stores_;
};

// `on_write` is called before each Store::write() changes something; if it returns an error, that
// is the result: a storage that is away for a while. Empty: none ever is. Stores do not outlive it.
[[nodiscard]] inline std::shared_ptr<StoreFactory> folder_store_factory(
    std::function<Status()> on_write = {}) {
  return std::make_shared<FolderStores>(std::move(on_write));
}

}  // namespace gridloom::history
