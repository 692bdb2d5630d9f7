// The move of a data folder into PostgreSQL, and back.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "app/data_folder/stores.h"
#include "database/history/postgres_side.h"
#include "database/mqtt/session_store.h"
#include "database/registry/schema.h"
#include "database/transfer/notes.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "mqtt/sqlite/sqlite_sessions.h"
#include "postgres/connection.h"
#include "postgres/holder.h"
#include "postgres/settings.h"
#include "postgres/table_connection.h"
#include "registry/registry_tables.h"
#include "registry/sqlite/store.h"
#include "server/stores.h"
#include "storage/data_lock.h"
#include "storage/files.h"
#include "storage/sqlite.h"
#include "storage/wal.h"
#include "tables/side.h"
#include "tables/sqlite_connection.h"
#include "transfer/copy.h"

namespace gridloom::app {
namespace {

namespace fs = std::filesystem;
using postgres::Connection;
using postgres::ConnectionSettings;
using postgres::Holder;
using storage::DataLock;
using transfer::Compared;
using Step = MigrationProgress::Step;

constexpr std::string_view kDescription = "database.json";
constexpr const char* kUnfinished = "migrating";  // the folder in which files are made
constexpr std::string_view kMoved = ".migrated";
constexpr int kBetweenTries_ms = 250;
// A statement moves some megabytes; an index of a large table may have to be read once.
constexpr Millis kCall{600'000};
constexpr Millis kLock{30'000};

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::uint64_t size_of(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  return error ? 0 : size;
}

std::string whole_path(const fs::path& path) {
  std::error_code unknown;
  const fs::path whole = fs::absolute(path, unknown);
  return (unknown ? path : whole).lexically_normal().string();
}

using Opened = Result<std::unique_ptr<transfer::Target>>;

// A store that is copied; only the registry is in each data folder. The registry is first, so that
// a database that has any data says whose they are.
struct Store {
  std::string_view file;
  const postgres::TableSchema* schema = nullptr;  // null: of history, which copies in its own way
};
constexpr std::array kStores = {
    Store{.file = registry::kRegistryFile, .schema = &registry::kPostgresSchema},
    Store{.file = "history.db"},
    Store{.file = mqtt::kSessionsFile, .schema = &mqtt::kPostgresSessionSchema},
};

Opened side_of(Result<std::unique_ptr<tables::TableConnection>> opened,
               const tables::Schema& schema) {
  GL_TRY(auto connection, std::move(opened));
  return std::make_unique<tables::Side>(std::move(connection), schema);
}

Opened open_to_read(const Store& store, const fs::path& folder) {
  if (store.schema == nullptr) return history::open_history_to_read(folder);
  const tables::Schema& schema = store.schema->tables;
  return side_of(tables::open_sqlite_to_read(folder / store.file, schema), schema);
}

Opened open_to_write(const Store& store, const fs::path& folder) {
  if (store.schema == nullptr) return history::open_history_to_write(folder);
  const tables::Schema& schema = store.schema->tables;
  return side_of(tables::open_sqlite_to_write(folder / store.file, schema), schema);
}

Opened open_in(const Store& store, Connection& connection) {
  if (store.schema == nullptr) return history::open_history_in(connection);
  GL_TRY(make_tables(connection, *store.schema));
  return side_of(std::make_unique<postgres::PostgresTableConnection>(connection),
                 store.schema->tables);
}

// The two sides of one store.
struct Pair {
  std::unique_ptr<transfer::Target> from;
  std::unique_ptr<transfer::Target> to;
};

class Mover {
 public:
  Mover(const MigrationOptions& options, ConnectionSettings settings, Connection connection)
      : options_(options), settings_(std::move(settings)), connection_(std::move(connection)) {}

  Result<Migration> to_database() {
    if (const auto place = server::database_of(options_.folder); !place || *place) {
      return place ? already_in(**place) : std::unexpected(place.error());
    }
    if (!is_there(file_of(kStores.front()))) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("{} has no data that could be moved: it has no {}",
                              options_.folder.string(), kStores.front().file));
    }
    for (const Store& each : kStores) whole_ += size_of(file_of(each));
    GL_TRY(const auto holder, Holder::take(settings_));
    GL_TRY(open_files_and_database());
    GL_TRY(const auto lock, copy_and_lock());
    auto migration = compare();
    if (!migration) return migration;
    GL_TRY(server::set_database(options_.folder, place_of(id_)));
    return finish_to_database(std::move(*migration));
  }

  Result<Migration> to_folder() {
    GL_TRY(const auto place, server::database_of(options_.folder));
    if (!place) return not_in_a_database();
    GL_TRY(check_same(*place));
    GL_TRY(open_database_and_files());
    GL_TRY(const auto lock, copy_and_lock());
    GL_TRY(const auto holder, Holder::take(settings_));
    auto migration = compare();
    if (!migration) return migration;
    GL_TRY(finish_to_folder());
    return migration;
  }

 private:
  [[nodiscard]] fs::path file_of(const Store& store) const { return options_.folder / store.file; }
  [[nodiscard]] fs::path unfinished() const { return options_.folder / kUnfinished; }
  [[nodiscard]] server::DatabasePlace place_of(std::string_view id) const {
    const fs::path& password = options_.database.password_file;
    return {.url = options_.database.url,
            .password_file = password.empty() ? fs::path() : fs::path(whole_path(password)),
            .database = std::string(id)};
  }

  [[nodiscard]] Status check_same(const server::DatabasePlace& place) const {
    const auto known = ConnectionSettings::parse({.url = place.url});
    if (known && known->description() == settings_.description()) return {};
    return fail(ErrorCode::kConflict,
                fmt::format("the data of {} are in the database {}", options_.folder.string(),
                            known ? known->description() : place.url));
  }

  Result<Migration> already_in(const server::DatabasePlace& place) {
    GL_TRY(check_same(place));
    GL_TRY(const auto open, transfer::has_notes(connection_));
    if (!open) return Migration{.was_done = true};
    GL_TRY(const auto lock, DataLock::take(options_.folder, DataLock::Holder::kCommand));
    return finish_to_database({.was_done = true});
  }

  [[nodiscard]] std::unexpected<Error> not_in_a_database() const {
    if (server::has_own_data(options_.folder)) {
      return fail(ErrorCode::kConflict,
                  fmt::format("{} has its data in files already", options_.folder.string()));
    }
    return fail(ErrorCode::kNotFound,
                fmt::format("{} is not the data folder of a server whose data are in a database: "
                            "it has no {}",
                            options_.folder.string(), kDescription));
  }

  // Notes whose data come before anything else is made in the database.
  Status claim() {
    GL_TRY(const auto used, transfer::has_tables(connection_));
    if (!used) {
      const std::string schema = connection_.schema();
      GL_TRY(connection_.run(fmt::format("CREATE SCHEMA IF NOT EXISTS {}", schema)));
      GL_TRY(transfer::make_notes(connection_));
      return transfer::set_note(connection_, transfer::kSourceNote, id_);
    }
    GL_TRY(transfer::make_notes(connection_));
    GL_TRY(const auto source, transfer::note(connection_, transfer::kSourceNote));
    if (source != id_) {
      return fail(ErrorCode::kConflict,
                  fmt::format("the database {0} has data of its own in the schema {1}: name "
                              "another database, or remove them with DROP SCHEMA {1} CASCADE",
                              settings_.description(), connection_.schema()));
    }
    const auto moved = transfer::note(connection_, transfer::kMovedNote);
    if (!moved || moved->empty()) return moved ? Status() : std::unexpected(moved.error());
    GL_TRY(transfer::remove_notes(connection_));
    return transfer::set_note(connection_, transfer::kSourceNote, id_);
  }

  Status open_files_and_database() {
    for (const Store& each : kStores) {
      auto from = open_to_read(each, options_.folder);
      const bool is_absent = !from && from.error().code == ErrorCode::kNotFound;
      if (!from && !is_absent) return std::unexpected(from.error());
      if (pairs_.empty()) {
        if (!from) return std::unexpected(from.error());
        GL_TRY(read_id(**from));
        GL_TRY(claim());
      }
      GL_TRY(auto to, open_in(each, connection_));
      if (!is_absent) pairs_.push_back({.from = std::move(*from), .to = std::move(to)});
    }
    return {};
  }

  Status read_id(transfer::Source& registry) {
    return registry.each_row(tables::copied(registry::kRevision), {},
                             [this](const transfer::Row& row) -> Result<bool> {
                               id_ = transfer::bytes_in(row, 4);
                               return true;
                             });
  }

  // Files that a run left before it removed database.json may be older than the database.
  Status take_back() {
    GL_TRY(storage::make_data_folder(unfinished()));
    for (const Store& each : kStores) {
      if (!is_there(file_of(each))) continue;
      GL_TRY(rename(file_of(each), unfinished() / each.file));
    }
    return {};
  }

  Status open_database_and_files() {
    GL_TRY(transfer::make_notes(connection_));
    GL_TRY(take_back());
    for (const Store& each : kStores) {
      GL_TRY(auto from, open_in(each, connection_));
      if (pairs_.empty()) {
        GL_TRY(read_id(*from));
      }
      GL_TRY(auto to, open_to_write(each, unfinished()));
      pairs_.push_back({.from = std::move(from), .to = std::move(to)});
    }
    GL_TRY(const auto bytes,
           connection_.integer(
               "SELECT CAST(coalesce(sum(pg_table_size(oid)), 0) AS bigint) FROM pg_class "
               "WHERE relnamespace = to_regnamespace($1) AND relkind = 'r' "
               "AND relname NOT LIKE '%quarter%'",
               connection_.schema()));
    whole_ = static_cast<std::uint64_t>(bytes);
    return {};
  }

  // Copies most of the data while a server may run, and waits for its end.
  Result<DataLock> copy_and_lock() {
    auto lock = DataLock::take(options_.folder, DataLock::Holder::kCommand, Millis(0));
    GL_TRY(run(Step::kCopying));
    bool has_told = false;
    while (!lock) {
      if (lock.error().code != ErrorCode::kConflict) return lock;
      if (options_.running == MigrationOptions::Running::kEnd) {
        return fail(ErrorCode::kConflict,
                    fmt::format("{}: most of the data are copied; stop it and run the same "
                                "command again, which copies the rest, or run it with --wait",
                                lock.error().detail));
      }
      if (!std::exchange(has_told, true) && options_.on_wait) options_.on_wait();
      ::poll(nullptr, 0, kBetweenTries_ms);
      lock = DataLock::take(options_.folder, DataLock::Holder::kCommand, Millis(0));
    }
    return lock;
  }

  Result<Migration> compare() {
    const std::uint64_t before = damaged();
    GL_TRY(run(Step::kComparing));
    for (const Compared& each : compared_) {
      if (each.from == each.to) continue;
      return fail(ErrorCode::kDamaged,
                  fmt::format("the {} differ after the copy: {} rows here, {} there; nothing was "
                              "switched",
                              each.table, each.from.rows, each.to.rows));
    }
    return Migration{.tables = std::move(compared_), .damaged = damaged() - before};
  }

  Status run(Step step) {
    MigrationProgress progress{.step = step, .table = {}, .whole = whole_};
    const auto on_span = [&](const transfer::Table& table, std::uint64_t rows,
                             std::uint64_t bytes) {
      progress.table = table.name;
      progress.rows += rows;
      progress.bytes += bytes;
      if (options_.on_progress) options_.on_progress(progress);
      return Status();
    };
    compared_.clear();
    for (const Pair& pair : pairs_) {
      GL_TRY(auto copied,
             transfer::copy(*pair.from, *pair.to,
                            {.from = step == Step::kCopying ? transfer::Options::From::kPlace
                                                            : transfer::Options::From::kFirst,
                             .on_span = on_span}));
      std::ranges::move(copied, std::back_inserter(compared_));
    }
    return {};
  }

  // Rows that were left out so far, in both steps.
  [[nodiscard]] std::uint64_t damaged() const {
    std::uint64_t rows = 0;
    for (const Pair& pair : pairs_) rows += pair.from->damaged();
    return rows;
  }

  static Status rename(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::rename(from, to, error);
    if (!error) return {};
    return fail(ErrorCode::kIo, fmt::format("cannot rename {} to {}: {}", from.string(),
                                            to.string(), error.message()));
  }

  // The database is in force. The files get names under which nothing reads them.
  Result<Migration> finish_to_database(Migration migration) {
    pairs_.clear();
    for (const Store& each : kStores) {
      const fs::path file = file_of(each);
      if (!is_there(file)) continue;
      {
        // The last connection to close a database puts its write-ahead log into it.
        GL_TRY(auto database, storage::Database::open(file));
        storage::empty_wal(database);
      }
      const std::string name = std::string(each.file).append(kMoved);
      GL_TRY(rename(file, options_.folder / name));
      migration.kept.push_back(name);
    }
    GL_TRY(transfer::remove_notes(connection_));
    return migration;
  }

  // The database stays as it is, and no server uses it any more.
  Status finish_to_folder() {
    for (const Pair& each : pairs_) {
      GL_TRY(each.to->end());
    }
    pairs_.clear();
    GL_TRY(transfer::set_note(connection_, transfer::kMovedNote, whole_path(options_.folder)));
    GL_TRY(transfer::set_note(connection_, transfer::kSourceNote, id_));
    for (const Store& each : kStores) {
      GL_TRY(rename(unfinished() / each.file, file_of(each)));
    }
    std::error_code error;
    fs::remove(options_.folder / kDescription, error);
    if (error) {
      return fail(ErrorCode::kIo,
                  fmt::format("cannot remove {}: {}", (options_.folder / kDescription).string(),
                              error.message()));
    }
    fs::remove_all(unfinished(), error);
    return {};
  }

  const MigrationOptions& options_;
  const ConnectionSettings settings_;
  Connection connection_;
  std::string id_;  // under which a database keeps the registry
  std::vector<Pair> pairs_;
  std::vector<Compared> compared_;
  std::uint64_t whole_ = 0;
};

}  // namespace

Result<Migration> migrate(const MigrationOptions& options) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  const std::string application =
      fmt::format("gridloom migrate {}:{}", host.data(), whole_path(options.folder));
  fs::path password_file = options.database.password_file;
  if (const auto place = server::database_of(options.folder);
      password_file.empty() && place && *place) {
    password_file = (*place)->password_file;
  }
  GL_TRY(auto settings, ConnectionSettings::parse({.url = options.database.url,
                                                   .password_file = password_file,
                                                   .application_name = application}));
  GL_TRY(auto connection,
         Connection::open(settings, {.call_timeout = kCall, .lock_timeout = kLock}));
  Mover mover(options, std::move(settings), std::move(connection));
  return options.to == MigrationOptions::To::kDatabase ? mover.to_database() : mover.to_folder();
}

}  // namespace gridloom::app
