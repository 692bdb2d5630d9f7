#include "server/stores.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <system_error>
#include <utility>

#include "history/sqlite/sqlite_store_factory.h"
#include "server/database_place.h"

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
  void follow(registry::Registry& /*registry*/) override {}

 private:
  const std::filesystem::path data_;
};

}  // namespace

Result<std::unique_ptr<Stores>> open_stores(StoresOptions options) {
  return std::make_unique<FolderStores>(std::move(options.data));
}

}  // namespace gridloom::server
