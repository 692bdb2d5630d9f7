#include "server/stores.h"

#include <utility>

#include "history/sqlite/sqlite_store_factory.h"

namespace gridloom::server {
namespace {

class FolderStores final : public Stores {
 public:
  explicit FolderStores(std::filesystem::path data) : data_(std::move(data)) {}

  Result<std::unique_ptr<registry::Registry>> open_registry() override {
    return registry::Registry::open(data_);
  }
  Result<std::unique_ptr<mqtt::SessionStore>> open_sessions() override {
    return mqtt::SessionStore::open(data_);
  }
  std::shared_ptr<history::StoreFactory> history() override {
    return history::sqlite_store_factory(data_);
  }

 private:
  const std::filesystem::path data_;
};

}  // namespace

std::unique_ptr<Stores> folder_stores(std::filesystem::path data) {
  return std::make_unique<FolderStores>(std::move(data));
}

}  // namespace gridloom::server
