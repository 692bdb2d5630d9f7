// The permanent stores of a server: in files of its data folder, or elsewhere (database/stores.h).
// The log, the keys and the certificates are in the data folder either way.
//  Thread rule: one thread, which may block. Opened stores may outlive this object, unless the
// function says otherwise.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/store/store_factory.h"
#include "mqtt/session_store.h"
#include "registry/registry.h"
#include "storage/states.h"

namespace gridloom::server {

// Names the database that has the data of a data folder: DIR/database.json, written by the first
// server that was given one. The folder keeps what is not in the database: the log, the keys and
// the certificates.
// A database, as the command line and the configuration name it.
struct DatabaseChoice {
  std::string url;                      // postgres://…; docs/operate/postgres.md
  std::filesystem::path password_file;  // empty: none
};

struct DatabasePlace {
  std::string url;                      // postgres://…, without a password
  std::filesystem::path password_file;  // absolute; empty: PGPASSFILE, ~/.pgpass, or no password
  // The beginning of registry::PostgresStore::database: the log of the folder belongs to that
  // database. Empty: not known.
  std::string database{};
  friend bool operator==(const DatabasePlace&, const DatabasePlace&) = default;
};

// Nothing: the folder has its data in files of its own. kMalformed, kIo: the file cannot be read.
[[nodiscard]] Result<std::optional<DatabasePlace>> database_of(const std::filesystem::path& data);
[[nodiscard]] Status set_database(const std::filesystem::path& data, const DatabasePlace& place);

// Whether there is such a file, whatever is in it.
[[nodiscard]] bool names_database(const std::filesystem::path& data);

// A folder whose registry or history is in files of its own.
[[nodiscard]] bool has_own_data(const std::filesystem::path& data);

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
