#include "history/store.h"

#include <fmt/format.h>

#include <algorithm>

namespace gridloom::history {
namespace {

using registry::Blob;
using registry::Database;
using registry::Statement;
using registry::Transaction;

constexpr std::int64_t kVersion = 1;
// Of each connection. A week of one device takes 2 MiB, and SQLite's own cache is no larger.
constexpr int kCache_kib = 8 * 1024;

// `part` counts from 0. An hour that is over has one block, unless one cannot hold it all.
constexpr std::string_view kTables = R"(
CREATE TABLE name (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE block (
  device INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  part INTEGER NOT NULL,
  over INTEGER NOT NULL,
  block BLOB NOT NULL,
  PRIMARY KEY (device, hour, part)
) STRICT;
CREATE INDEX open_hour ON block (device, hour) WHERE over = 0;
CREATE TABLE energy (
  device INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  quarters BLOB NOT NULL,
  PRIMARY KEY (device, hour)
) STRICT;
CREATE TABLE quarter (
  device INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  quarters BLOB NOT NULL,
  PRIMARY KEY (device, hour)
) STRICT;
CREATE TABLE twin (
  device INTEGER PRIMARY KEY,
  sn TEXT NOT NULL,
  state TEXT NOT NULL
) STRICT;
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY,
  entry TEXT NOT NULL
) STRICT;
CREATE TABLE applied (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  sequence INTEGER NOT NULL
) STRICT;
INSERT INTO applied VALUES (1, 0);
)";

// Runs `statement` for each row of `rows`, prepared once.
template <typename Rows, typename Bind>
Status for_each(Database& database, std::string_view sql, const Rows& rows, Bind bind) {
  if (rows.empty()) return {};
  for (const auto& row : rows) {
    auto statement = database.prepare(sql);
    if (!statement) return std::unexpected(statement.error());
    bind(*statement, row);
    if (const auto stepped = statement->step(); !stepped) {
      return std::unexpected(stepped.error());
    }
  }
  return {};
}

Status put_hours(Database& database, const std::vector<Changes::Hour>& hours) {
  for (const Changes::Hour& hour : hours) {
    if (hour.over) {
      const Status cleared = database.execute("DELETE FROM block WHERE device = ? AND hour = ?",
                                              hour.of.device, hour.of.hour);
      if (!cleared) return cleared;
    }
    for (const std::string& part : hour.parts) {
      const Status put = database.execute(
          "INSERT INTO block SELECT ?1, ?2, ifnull(max(part) + 1, 0), ?3, ?4 FROM block "
          "WHERE device = ?1 AND hour = ?2",
          hour.of.device, hour.of.hour, std::int64_t{hour.over ? 1 : 0}, Blob{part});
      if (!put) return put;
    }
  }
  return {};
}

}  // namespace

Result<Store> Store::open(const std::filesystem::path& data) {
  // So that room is given back piece by piece (history/retention.h). It must be said before there
  // is any table, and again to a file that WAL has made its own.
  auto database = registry::open_database(data / "history.db",
                                          {.version = kVersion,
                                           .tables = kTables,
                                           .before = "PRAGMA auto_vacuum = incremental; VACUUM;"});
  if (!database) return std::unexpected(database.error());
  if (Status sized = database->run(fmt::format("PRAGMA cache_size = -{}", kCache_kib)); !sized) {
    return std::unexpected(sized.error());
  }
  return Store(std::move(*database));
}

Status Store::write(const Changes& changes) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return std::unexpected(transaction.error());
  Status done =
      for_each(database_, "INSERT INTO name VALUES (?, ?)", changes.names,
               [](Statement& statement, const auto& name) {
                 statement.bind(std::int64_t{name.first}).bind(std::string_view(name.second));
               });
  if (done) done = put_hours(database_, changes.hours);
  if (done) {
    done = for_each(database_, "INSERT OR REPLACE INTO energy VALUES (?, ?, ?)", changes.energies,
                    [](Statement& statement, const Changes::Energies& row) {
                      statement.bind(row.of.device).bind(row.of.hour).bind(Blob{row.bytes});
                    });
  }
  if (done) {
    done = for_each(database_, "INSERT OR REPLACE INTO twin VALUES (?, ?, ?)", changes.twins,
                    [](Statement& statement, const StoredTwin& twin) {
                      statement.bind(twin.device)
                          .bind(std::string_view(twin.sn))
                          .bind(std::string_view(twin.text));
                    });
  }
  if (done) {
    done = for_each(
        database_, "INSERT OR IGNORE INTO audit VALUES (?, ?)", changes.audit,
        [](Statement& statement, const AuditRow& row) {
          statement.bind(static_cast<std::int64_t>(row.sequence)).bind(std::string_view(row.entry));
        });
  }
  if (done && changes.applied) {
    done = database_.execute("UPDATE applied SET sequence = max(sequence, ?)",
                             static_cast<std::int64_t>(*changes.applied));
  }
  if (!done) return done;
  return transaction->commit();
}

Result<std::uint64_t> Store::applied() {
  const auto sequence = database_.integer("SELECT sequence FROM applied");
  if (!sequence) return std::unexpected(sequence.error());
  return static_cast<std::uint64_t>(*sequence);
}

Result<std::vector<std::string>> Store::names() {
  std::vector<std::string> names;
  const Status read =
      database_.each_row("SELECT id, name FROM name ORDER BY id", [&](const Statement& row) {
        if (row.integer(0) != static_cast<std::int64_t>(names.size())) {
          return Status(fail(FaultKind::kMalformed, "history.db: a field's name is missing"));
        }
        names.emplace_back(row.bytes(1));
        return Status();
      });
  if (!read) return std::unexpected(read.error());
  return names;
}

Result<std::vector<StoredTwin>> Store::twins() {
  std::vector<StoredTwin> twins;
  const Status read =
      database_.each_row("SELECT device, sn, state FROM twin", [&](const Statement& row) {
        twins.push_back({.device = row.integer(0),
                         .sn = std::string(row.bytes(1)),
                         .text = std::string(row.bytes(2))});
        return Status();
      });
  if (!read) return std::unexpected(read.error());
  return twins;
}

Result<std::vector<DeviceHour>> Store::open_hours() {
  std::vector<DeviceHour> hours;
  const Status read = database_.each_row(
      "SELECT DISTINCT device, hour FROM block WHERE over = 0", [&](const Statement& row) {
        hours.push_back({.device = row.integer(0), .hour = row.integer(1)});
        return Status();
      });
  if (!read) return std::unexpected(read.error());
  return hours;
}

namespace {

Status each_hour(Database& database, std::string_view sql, const DeviceHour& from, std::int64_t to,
                 const Store::OnBytes& on_bytes) {
  auto statement = database.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  statement->bind(from.device).bind(from.hour).bind(to);
  while (true) {
    const auto row = statement->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
    if (Status taken = on_bytes(statement->integer(0), statement->bytes(1)); !taken) return taken;
  }
}

}  // namespace

Status Store::each_part(DeviceNumber device, std::int64_t from, std::int64_t to,
                        const OnBytes& on_part) {
  return each_hour(database_,
                   "SELECT hour, block FROM block WHERE device = ? AND hour >= ? AND hour < ? "
                   "ORDER BY device, hour, part",
                   {.device = device, .hour = from}, to, on_part);
}

// The part that is next, or the first if the one before it is another than it was.
Result<std::int64_t> Store::unchanged_part(DeviceNumber device, const Place& place) {
  if (place.part == 0) return 0;
  auto statement = database_.prepare(
      "SELECT over + 2 * length(block) FROM block WHERE device = ? AND hour = ? AND part = ?");
  if (!statement) return std::unexpected(statement.error());
  statement->bind(device).bind(place.hour).bind(place.part - 1);
  const auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row && statement->integer(0) == place.before ? place.part : 0;
}

Result<bool> Store::parts_from(DeviceNumber device, const Place& place, std::int64_t to,
                               const OnPart& on_part) {
  const auto part = unchanged_part(device, place);
  if (!part) return std::unexpected(part.error());
  auto statement = database_.prepare(
      "SELECT hour, part, block, over + 2 * length(block) FROM block WHERE device = ?1 "
      "AND (hour, part) >= (?2, ?3) AND hour < ?4 ORDER BY device, hour, part");
  if (!statement) return std::unexpected(statement.error());
  statement->bind(device).bind(place.hour).bind(*part).bind(to);
  while (true) {
    const auto row = statement->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return true;
    const auto goes_on = on_part({.hour = statement->integer(0),
                                  .part = statement->integer(1),
                                  .before = statement->integer(3)},
                                 statement->bytes(2));
    if (!goes_on) return std::unexpected(goes_on.error());
    if (!*goes_on) return false;
  }
}

Status Store::each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                          const OnBytes& on_energy) {
  return each_hour(database_,
                   "SELECT hour, quarters FROM energy WHERE device = ? AND hour >= ? AND hour < ? "
                   "ORDER BY device, hour",
                   {.device = device, .hour = from}, to, on_energy);
}

Status Store::each_quarters(DeviceNumber device, std::int64_t from, std::int64_t to,
                            const OnBytes& on_quarters) {
  return each_hour(database_,
                   "SELECT hour, quarters FROM quarter WHERE device = ? AND hour >= ? AND hour < ? "
                   "ORDER BY device, hour",
                   {.device = device, .hour = from}, to, on_quarters);
}

Result<std::optional<std::int64_t>> Store::hour_before(DeviceNumber device, std::int64_t hour) {
  return first_hour(
      "SELECT hour FROM block WHERE device = ? AND hour < ? ORDER BY hour DESC LIMIT 1", device,
      hour);
}

Result<std::optional<std::int64_t>> Store::hour_from(DeviceNumber device, std::int64_t hour) {
  const auto block = first_hour(
      "SELECT hour FROM block WHERE device = ? AND hour >= ? ORDER BY hour LIMIT 1", device, hour);
  if (!block) return block;
  const auto energy = first_hour(
      "SELECT hour FROM energy WHERE device = ? AND hour >= ? ORDER BY hour LIMIT 1", device, hour);
  if (!energy || !*block) return energy;
  return *energy ? std::min(*block, *energy) : *block;
}

Result<std::optional<std::int64_t>> Store::first_hour(std::string_view sql, DeviceNumber device,
                                                      std::int64_t hour) {
  auto statement = database_.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  statement->bind(device).bind(hour);
  const auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? std::optional(statement->integer(0)) : std::nullopt;
}

Result<std::vector<std::int64_t>> Store::unaccounted(DeviceNumber device, std::int64_t from,
                                                     std::int64_t to) {
  constexpr std::string_view kHours = R"(
    SELECT hour FROM block WHERE device = ?1 AND hour >= ?2 AND hour < ?3
    EXCEPT SELECT hour FROM energy WHERE device = ?1 AND hour >= ?2 AND hour < ?3
    UNION SELECT hour FROM block WHERE device = ?1 AND hour >= ?2 AND hour < ?3 AND over = 0)";
  auto statement = database_.prepare(kHours);
  if (!statement) return std::unexpected(statement.error());
  statement->bind(device).bind(from).bind(to);
  std::vector<std::int64_t> hours;
  while (true) {
    const auto row = statement->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return hours;
    hours.push_back(statement->integer(0));
  }
}

Status Store::each_audit(const OnAudit& on_entry) {
  auto statement = database_.prepare("SELECT sequence, entry FROM audit ORDER BY sequence DESC");
  if (!statement) return std::unexpected(statement.error());
  while (true) {
    const auto row = statement->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
    if (!on_entry({.sequence = static_cast<std::uint64_t>(statement->integer(0)),
                   .entry = std::string(statement->bytes(1))})) {
      return {};
    }
  }
}

}  // namespace gridloom::history
