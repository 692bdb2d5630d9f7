// What a server stores for good: in files of its data folder, or in a PostgreSQL database. The log,
// the keys and the certificates are in the data folder either way.
//
// Thread rule: one thread, which may block. What is opened may outlive this object, unless its
// function says otherwise.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "history/store/store_factory.h"
#include "mqtt/session_store.h"
#include "registry/registry.h"
#include "storage/states.h"

namespace gridloom::server {

// A database, as the command line and the configuration name it.
struct DatabaseChoice {
  std::string url;                      // postgres://…; src/cluster/postgres/settings.h
  std::filesystem::path password_file;  // empty: none
};

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

// Opens those of a data folder whose lock the caller holds: files in it, unless the folder
// or `asked` names a database. The folder remembers the database that is asked for, once its
// registry was opened. kConflict: the folder has data of its own, or of another database; another
// server has the database, or a migration to it or from it has not ended. kBadParams: not a
// database. kIo: the database is away.
struct StoresOptions {
  std::filesystem::path data;
  std::optional<DatabaseChoice> asked{};
  const Clock& clock;  // of wall time; outlives the stores
};
[[nodiscard]] Result<std::unique_ptr<Stores>> open_stores(StoresOptions options);

}  // namespace gridloom::server
