// The stores of a data folder, wherever they are. app/wings/with_cluster knows PostgreSQL; a build
// without the wing knows files alone, and says so where a database is asked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/store/store_check.h"
#include "server/stores.h"
#include "transfer/copy.h"

namespace gridloom::app {

// As server::open_stores() (database/stores.h). The caller holds the folder's lock.
[[nodiscard]] Result<std::unique_ptr<server::Stores>> open_stores(
    const std::filesystem::path& folder, const std::optional<server::DatabaseChoice>& asked,
    const Clock& clock);

// Whether it can be a database; connects with nobody. kBadParams.
[[nodiscard]] Status check_database(const server::DatabaseChoice& choice);

struct DatabaseCheck {
  std::string description;      // hosts and name, without the user
  history::StoreCheck history;  // what history's tables have
  Status registry{};            // whether its rows can be read and the folder's key opens them
};

// Reads all rows, also while a server uses them, and changes nothing. kIo: the database is away, or
// has no such tables.
[[nodiscard]] Result<DatabaseCheck> check_database(const std::filesystem::path& folder,
                                                   const server::DatabasePlace& place);

// Moves what a server stores for good from the files of a data folder to a PostgreSQL database, or
// back. The log, the keys and the certificates stay in the folder. User documentation:
// docs/operate/migrate.md.
//  Promise: at each moment one side is in force and whole. The folder's database.json says which,
// and it is written, or removed, only when all rows of both sides were compared under the folder's
// lock. Rows that were copied before an interruption are not copied again.

struct MigrationProgress {
  enum class Step : std::uint8_t { kCopying, kComparing } step = Step::kCopying;
  std::string_view table;
  std::uint64_t rows = 0;   // read in this step
  std::uint64_t bytes = 0;  // of these rows
  std::uint64_t whole = 0;  // bytes of all of them, roughly
};

struct MigrationOptions {
  std::filesystem::path folder;
  server::DatabaseChoice database;
  enum class To : std::uint8_t { kDatabase, kFolder } to = To::kDatabase;
  // Decides how to end once most of the data are copied, if the server that uses them is running.
  enum class Running : std::uint8_t { kEnd, kWait } running = Running::kEnd;
  std::function<void(const MigrationProgress&)> on_progress{};
  std::function<void()> on_wait{};  // called once: the server has to be stopped
};

struct Migration {
  bool was_done = false;  // an earlier run has moved all: nothing was compared
  std::vector<transfer::Compared> tables{};
  std::uint64_t damaged = 0;        // rows of files that cannot be read and were left out
  std::vector<std::string> kept{};  // files that were renamed, and may be deleted
};

// kBadParams: the database's URL; kNotFound: the folder has no data; kConflict: the other side has
// data of its own, or a server uses the data (Running::kEnd): most of them are copied, and the next
// call copies the rest; kDamaged: the two sides differ; kIo.
[[nodiscard]] Result<Migration> migrate(const MigrationOptions& options);

}  // namespace gridloom::app
