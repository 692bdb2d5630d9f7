#include "history/sqlite/sqlite_store_factory.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "history/sqlite/row_check.h"
#include "history/sqlite/sqlite_retention_store.h"
#include "history/sqlite/sqlite_store.h"
#include "storage/sqlite.h"
#include "storage/wal.h"

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

namespace {

using storage::Database;
using storage::Statement;

// `part` counts from 0. An hour that is over has one block, unless one cannot hold it all.
// `checksum` is row_checksum() of the row; a block that version 1 wrote has none (NULL), only the
// check inside of it. FieldNames, which assigns the numbers, keeps names unique: a unique index
// would refuse a name whose damaged row still has its entry in the index.
constexpr std::string_view kTables = R"(
CREATE TABLE name (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE TABLE block (
  device INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  part INTEGER NOT NULL,
  over INTEGER NOT NULL,
  block BLOB NOT NULL,
  checksum INTEGER,
  PRIMARY KEY (device, hour, part)
) STRICT;
CREATE INDEX open_hour ON block (device, hour) WHERE over = 0;
CREATE TABLE energy (
  device INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  quarters BLOB NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (device, hour)
) STRICT;
CREATE TABLE quarter (
  device INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  quarters BLOB NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (device, hour)
) STRICT;
CREATE TABLE twin (
  device INTEGER PRIMARY KEY,
  sn TEXT NOT NULL,
  state TEXT NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY,
  entry TEXT NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE applied (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  sequence INTEGER NOT NULL,
  checksum INTEGER NOT NULL DEFAULT 0
) STRICT;
)";

// A program of version 2 that does not know this table may ignore it: see SqliteStore::taken().
constexpr std::string_view kTakenTable = R"(
CREATE TABLE IF NOT EXISTS taken (
  device INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  record INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (device, hour)
) STRICT;
)";

// A program of version 2 that does not know this table may ignore it. `open` is 1 for the beginning
// of a fault that has not ended.
constexpr std::string_view kEventTable = R"(
CREATE TABLE IF NOT EXISTS event (
  id INTEGER PRIMARY KEY,
  device INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  since INTEGER NOT NULL,
  count INTEGER NOT NULL,
  field TEXT NOT NULL,
  text TEXT NOT NULL,
  open INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS event_of_device ON event (device, at);
CREATE INDEX IF NOT EXISTS closed_event ON event (at) WHERE open = 0;
CREATE INDEX IF NOT EXISTS open_fault ON event (device) WHERE open = 1;
)";

// A program of version 2 that does not know this table may ignore it. A number by chance: rowids of
// blocks are those of this file.
constexpr std::string_view kIdentityTable = R"(
CREATE TABLE IF NOT EXISTS identity (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO identity VALUES (1, random());
)";

constexpr std::string_view kColumnsOfVersion2 = R"(
CREATE TABLE new_name (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
INSERT INTO new_name SELECT id, name, 0 FROM name;
DROP TABLE name;
ALTER TABLE new_name RENAME TO name;
ALTER TABLE block ADD COLUMN checksum INTEGER;
ALTER TABLE energy ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarter ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE twin ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE applied ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
)";

Status set_applied(Database& database, std::int64_t sequence) {
  return database.execute("INSERT OR REPLACE INTO applied VALUES (1, ?, ?)", sequence,
                          row_checksum(RowTable::kApplied, {sequence}, {}));
}

Status first_rows(Database& database) {
  GL_TRY(set_applied(database, 0));
  GL_TRY(database.run(std::string(kTakenTable)));
  return database.execute("INSERT INTO taken VALUES (0, 0, 0, ?)",
                          row_checksum(RowTable::kTaken, {0, 0, 0}, {}));
}

// How the rows of a table get their checksums during an upgrade.
struct Filling {
  std::string_view rows;  // SQL: selects rows from a rowid on; the rowid is the first column
  std::string_view set;   // SQL: sets the checksum of a rowid
  std::function<std::int64_t(const Statement& row)> checksum;
};

std::vector<Filling> fillings() {
  const auto hours = [](RowTable table) {
    return [table](const Statement& row) {
      return row_checksum(table, {row.integer(1), row.integer(2)}, row.bytes(3));
    };
  };
  return {
      {.rows = "SELECT id, name FROM name WHERE id > ? ORDER BY id LIMIT 1000",
       .set = "UPDATE name SET checksum = ? WHERE id = ?",
       .checksum =
           [](const Statement& row) {
             return row_checksum(RowTable::kName, {row.integer(0)}, row.bytes(1));
           }},
      {.rows = "SELECT rowid, device, hour, quarters FROM energy WHERE rowid > ? "
               "ORDER BY rowid LIMIT 1000",
       .set = "UPDATE energy SET checksum = ? WHERE rowid = ?",
       .checksum = hours(RowTable::kEnergy)},
      {.rows = "SELECT rowid, device, hour, quarters FROM quarter WHERE rowid > ? "
               "ORDER BY rowid LIMIT 1000",
       .set = "UPDATE quarter SET checksum = ? WHERE rowid = ?",
       .checksum = hours(RowTable::kQuarter)},
      {.rows = "SELECT device, sn, state FROM twin WHERE device > ? ORDER BY device LIMIT 1000",
       .set = "UPDATE twin SET checksum = ? WHERE device = ?",
       .checksum =
           [](const Statement& row) {
             return twin_checksum(row.integer(0), row.bytes(1), row.bytes(2));
           }},
      {.rows = "SELECT sequence, entry FROM audit WHERE sequence > ? ORDER BY sequence LIMIT 1000",
       .set = "UPDATE audit SET checksum = ? WHERE sequence = ?",
       .checksum =
           [](const Statement& row) {
             return row_checksum(RowTable::kAudit, {row.integer(0)}, row.bytes(1));
           }},
  };
}

Status fill(Database& database, const Filling& filling) {
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  std::vector<std::pair<std::int64_t, std::int64_t>> checksums;
  do {
    checksums.clear();
    GL_TRY(auto rows, database.prepare(filling.rows));
    rows.bind(last);
    while (true) {
      GL_TRY(const auto row, rows.step());
      if (!row) break;
      checksums.emplace_back(rows.integer(0), filling.checksum(rows));
    }
    for (const auto& [id, checksum] : checksums) {
      GL_TRY(database.execute(filling.set, checksum, id));
      last = id;
    }
  } while (!checksums.empty());
  return {};
}

// Runs in the caller's transaction. A row that is already damaged gets a checksum of its damaged
// content: only the content's own format can reveal that damage.
Status upgrade(Database& database, std::int64_t /*from*/) {
  spdlog::info("{}: upgrading to version {}, which has a checksum in each row", database.path(),
               kStoreVersion);
  GL_TRY(const auto applied, database.integer("SELECT sequence FROM applied"));
  GL_TRY(database.run(std::string(kColumnsOfVersion2)));
  for (const Filling& filling : fillings()) {
    GL_TRY(fill(database, filling));
  }
  return set_applied(database, applied);
}

}  // namespace

Result<Database> open_store_database(const std::filesystem::path& file) {
  // auto_vacuum: free space is returned slice by slice (history/store/retention.h). The pragma must
  // be set before there is any table, and again on a file that WAL mode has already initialized.
  auto database =
      storage::open_database(file, {.version = kStoreVersion,
                                    .tables = kTables,
                                    .before = "PRAGMA auto_vacuum = incremental; VACUUM;",
                                    .first_rows = first_rows,
                                    .upgrade = upgrade});
  if (!database) return database;
  for (const std::string_view tables : {kTakenTable, kEventTable, kIdentityTable}) {
    GL_TRY(database->run(std::string(tables)));
  }
  return database;
}

}  // namespace gridloom::history
