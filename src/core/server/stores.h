// The permanent stores of a server: in files of its data folder, or elsewhere (database/stores.h).
// The log, the keys and the certificates are in the data folder either way.
//  Thread rule: one thread, which may block. Opened stores may outlive this object, unless the
// function says otherwise.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "history/store/store_factory.h"
#include "mqtt/session_store.h"
#include "registry/registry.h"
#include "storage/states.h"

namespace gridloom::server {

class Stores {
 public:
  Stores() = default;
  Stores(const Stores&) = delete;
  Stores& operator=(const Stores&) = delete;
  virtual ~Stores() = default;

  // Each once, in this order. Errors are those of the files, or of the database.
  [[nodiscard]] virtual Result<std::unique_ptr<registry::Registry>> open_registry() = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<mqtt::SessionStore>> open_sessions() = 0;
  [[nodiscard]] virtual std::shared_ptr<history::StoreFactory> history() = 0;
  // Where a service of that name keeps what it must not forget; null: in files of the data folder.
  [[nodiscard]] virtual std::shared_ptr<storage::States> states(std::string_view /*service*/) {
    return nullptr;
  }
};

// Files of the folder, whose lock the caller holds.
[[nodiscard]] std::unique_ptr<Stores> folder_stores(std::filesystem::path data);

}  // namespace gridloom::server
