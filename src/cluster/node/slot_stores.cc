#include "node/slot_stores.h"

#include <utility>

#include "database/history/schema.h"
#include "database/mqtt/session_store.h"
#include "database/registry/store.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "node/database_states.h"
#include "server/stores.h"

namespace gridloom::node {
namespace {

Result<std::unique_ptr<registry::Registry>> open_cluster_registry(
    const RegistryPlace& place, const std::filesystem::path& folder) {
  GL_TRY(auto opened, registry::open_in_postgres({.settings = place.database,
                                                  .data_folder = folder,
                                                  .key_folder = place.data,
                                                  .clock = place.clock}));
  return std::move(opened.registry);
}

class DoorStores final : public server::Stores {
 public:
  explicit DoorStores(RegistryPlace place) : place_(std::move(place)) {}

  Result<std::unique_ptr<registry::Registry>> open_registry() override {
    auto opened = open_cluster_registry(place_, place_.data);
    if (!opened) return opened;
    // The folder's commands find the registry by it.
    const server::DatabasePlace place{
        .url = place_.choice.url, .password_file = place_.choice.password_file, .database = {}};
    GL_TRY(server::set_database(place_.data, place));
    return opened;
  }
  Result<std::unique_ptr<mqtt::SessionStore>> open_sessions() override {
    return mqtt::SessionStore::open(place_.data);
  }
  std::shared_ptr<history::StoreFactory> history() override {
    return history::sqlite_store_factory(place_.data);
  }
  std::shared_ptr<storage::States> states(std::string_view service) override {
    if (service != "bridges") return nullptr;
    return database_states(
        {.database = place_.database, .folder = place_.data / "bridges", .clock = place_.clock});
  }

 private:
  const RegistryPlace place_;
};

class SlotStores final : public server::Stores {
 public:
  SlotStores(RegistryPlace place, std::filesystem::path folder, cluster::OwnerFence::Options fence)
      : place_(std::move(place)),
        folder_(std::move(folder)),
        slot_(fence.slot),
        fence_(std::make_shared<cluster::OwnerFence>(std::move(fence))) {}

  Result<std::unique_ptr<registry::Registry>> open_registry() override {
    return open_cluster_registry(place_, folder_);
  }
  Result<std::unique_ptr<mqtt::SessionStore>> open_sessions() override {
    return mqtt::open_in_postgres(
        history::slot_settings(place_.database, slot_), folder_,
        [fence = fence_](postgres::Connection& connection) { return fence->check(connection); });
  }
  std::shared_ptr<history::StoreFactory> history() override { return nullptr; }
  std::shared_ptr<storage::States> states(std::string_view service) override {
    if (service != "battery-modes" || cluster::number_of(slot_) != 0) return nullptr;
    return database_states({.database = place_.database,
                            .folder = folder_,
                            .clock = place_.clock,
                            .fence = [fence = fence_](postgres::Connection& connection) {
                              return fence->check(connection);
                            }});
  }

 private:
  const RegistryPlace place_;
  const std::filesystem::path folder_;
  const cluster::Slot slot_;
  const std::shared_ptr<cluster::OwnerFence> fence_;
};

}  // namespace

std::unique_ptr<server::Stores> door_stores(RegistryPlace place) {
  return std::make_unique<DoorStores>(std::move(place));
}

std::unique_ptr<server::Stores> slot_stores(RegistryPlace place, std::filesystem::path folder,
                                            cluster::OwnerFence::Options fence) {
  return std::make_unique<SlotStores>(std::move(place), std::move(folder), std::move(fence));
}

}  // namespace gridloom::node
