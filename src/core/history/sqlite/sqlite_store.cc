#include "history/sqlite/sqlite_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "history/sqlite/event_rows.h"
#include "history/sqlite/row_check.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "storage/wal.h"

namespace gridloom::history {
namespace {

using storage::Blob;
using storage::Database;
using storage::Statement;
using storage::Transaction;

// Cache of each connection. A week of one device takes 2 MiB, and SQLite's default cache is no
// larger.
constexpr int kCache_kib = 8 * 1024;

// A mark is a rowid.
constexpr std::string_view kNewestMark = "SELECT ifnull(max(rowid), 0) FROM block";

constexpr std::string_view kPartLost = "the reports in this chunk of the hour are left out";

std::int64_t key_of(std::uint64_t sequence) { return static_cast<std::int64_t>(sequence); }

// The row of `taken` that repeats the row of `applied`: no device has this number. If they differ,
// the file was written by a program that does not write `taken`.
constexpr DeviceHour kOfApplied{.device = 0, .hour = 0};

std::int64_t taken_checksum(const DeviceHour& of, std::int64_t record) {
  return row_checksum(RowTable::kTaken, {of.device, of.hour, record}, {});
}

// A block that version 1 wrote has no row checksum, only the checksum inside of the block.
bool is_good_block(const Statement& row, int checksum, std::initializer_list<std::int64_t> keys,
                   std::string_view bytes) {
  return row.is_null(checksum) ||
         row.integer(checksum) == row_checksum(RowTable::kBlock, keys, bytes);
}

// Runs `sql` for each row of `rows`.
template <typename Rows, typename Bind>
Status for_each(Database& database, std::string_view sql, const Rows& rows, Bind bind) {
  for (const auto& row : rows) {
    GL_TRY(auto statement, database.prepare(sql));
    bind(statement, row);
    GL_TRY(statement.step());
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& data,
                                                       std::shared_ptr<DamagedRows> damaged) {
  GL_TRY(auto database, open_store_database(data / "history.db"));
  GL_TRY(database.run(fmt::format("PRAGMA cache_size = -{}", kCache_kib)));
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(database), std::move(damaged)));
}

// Removes the good chunks of an hour. A damaged chunk stays, for an attempt to repair it by hand,
// and no longer counts as open.
Status SqliteStore::remove_parts(const DeviceHour& of) {
  GL_TRY(auto rows,
         database_.prepare(
             "SELECT part, over, block, checksum FROM block WHERE device = ? AND hour = ?"));
  rows.bind(of.device).bind(of.hour);
  std::vector<std::pair<std::int64_t, bool>> chunks;
  while (true) {
    GL_TRY(const auto row, rows.step());
    if (!row) break;
    const std::int64_t chunk = rows.integer(0);
    chunks.emplace_back(
        chunk, is_good_block(rows, 3, {of.device, of.hour, chunk, rows.integer(1)}, rows.bytes(2)));
  }
  for (const auto& [chunk, good] : chunks) {
    const Status done = database_.execute(
        good ? "DELETE FROM block WHERE device = ? AND hour = ? AND part = ?"
             : "UPDATE block SET over = 1 WHERE device = ? AND hour = ? AND part = ?",
        of.device, of.hour, chunk);
    if (!done) return done;
  }
  return {};
}

// Marks are given here: SQLite would give that of the last row again if its hour is stored anew.
Status SqliteStore::put_hours(const std::vector<Changes::Hour>& hours) {
  if (hours.empty()) return {};
  GL_TRY(const auto newest, database_.integer(kNewestMark));
  std::int64_t mark = newest;
  for (const Changes::Hour& hour : hours) {
    if (hour.over) {
      GL_TRY(remove_parts(hour.of));
    }
    GL_TRY(auto statement,
           database_.prepare(
               "SELECT ifnull(max(part) + 1, 0) FROM block WHERE device = ? AND hour = ?"));
    statement.bind(hour.of.device).bind(hour.of.hour);
    GL_TRY(statement.step());
    std::int64_t chunk = statement.integer(0);
    const std::int64_t over = hour.over ? 1 : 0;
    for (const std::string& bytes : hour.chunks) {
      const Status put = database_.execute(
          "INSERT INTO block (rowid, device, hour, part, over, block, checksum) "
          "VALUES (?, ?, ?, ?, ?, ?, ?)",
          ++mark, hour.of.device, hour.of.hour, chunk, over, Blob{bytes},
          row_checksum(RowTable::kBlock, {hour.of.device, hour.of.hour, chunk, over}, bytes));
      if (!put) return put;
      ++chunk;
    }
    if (hour.taken == 0) continue;
    GL_TRY(put_taken(hour.of, hour.taken));
  }
  return {};
}

Status SqliteStore::put_taken(const DeviceHour& of, std::uint64_t record) {
  return database_.execute("INSERT OR REPLACE INTO taken VALUES (?, ?, ?, ?)", of.device, of.hour,
                           key_of(record), taken_checksum(of, key_of(record)));
}

// `applied` implies the state of each hour, which is not written again.
Status SqliteStore::put_applied(std::uint64_t applied) {
  const std::int64_t record = key_of(applied);
  Status done =
      database_.execute("UPDATE applied SET sequence = ?1, checksum = ?2 WHERE sequence < ?1",
                        record, row_checksum(RowTable::kApplied, {record}, {}));
  if (!done) return done;
  GL_TRY(const auto now, database_.integer("SELECT sequence FROM applied"));
  done = database_.execute("DELETE FROM taken WHERE record <= ?", now);
  return done ? put_taken(kOfApplied, static_cast<std::uint64_t>(now)) : done;
}

Status SqliteStore::write(const Changes& changes) {
  std::optional<std::uint64_t> applied;
  if (changes.applied) {
    GL_TRY(const auto common, changes.applied->common());
    applied = common;
  }
  GL_TRY(auto transaction, Transaction::begin(database_));
  Status done =
      for_each(database_, "INSERT INTO name VALUES (?, ?, ?)", changes.names,
               [](Statement& statement, const auto& name) {
                 statement.bind(std::int64_t{name.first})
                     .bind(std::string_view(name.second))
                     .bind(row_checksum(RowTable::kName, {std::int64_t{name.first}}, name.second));
               });
  if (done) done = put_hours(changes.hours);
  if (done) {
    done = for_each(
        database_, "INSERT OR REPLACE INTO energy VALUES (?, ?, ?, ?)", changes.energies,
        [](Statement& statement, const Changes::Energies& row) {
          statement.bind(row.of.device)
              .bind(row.of.hour)
              .bind(Blob{row.bytes})
              .bind(row_checksum(RowTable::kEnergy, {row.of.device, row.of.hour}, row.bytes));
        });
  }
  if (done) {
    done = for_each(database_, "INSERT OR REPLACE INTO twin VALUES (?, ?, ?, ?)", changes.twins,
                    [](Statement& statement, const StoredTwin& twin) {
                      statement.bind(twin.device)
                          .bind(std::string_view(twin.sn))
                          .bind(std::string_view(twin.text))
                          .bind(twin_checksum(twin.device, twin.sn, twin.text));
                    });
  }
  if (done) {
    done = for_each(database_, "INSERT OR IGNORE INTO audit VALUES (?, ?, ?)", changes.audit,
                    [](Statement& statement, const AuditRow& row) {
                      const std::int64_t key = key_of(row.sequence);
                      statement.bind(key)
                          .bind(std::string_view(row.entry))
                          .bind(row_checksum(RowTable::kAudit, {key}, row.entry));
                    });
  }
  if (done) done = put_events(database_, changes.events);
  if (done && applied) done = put_applied(*applied);
  if (done) done = transaction.commit();
  if (done && applied) is_in_file_ = storage::empty_wal(database_);
  return done;
}

Result<journal::Positions> SqliteStore::applied() {
  GL_TRY(const auto record, applied_record());
  return journal::Positions::everywhere(record);
}

Result<std::uint64_t> SqliteStore::applied_record() {
  std::optional<std::int64_t> known;
  GL_TRY(
      database_.each_row("SELECT one, sequence, checksum FROM applied", [&](const Statement& row) {
        const std::int64_t sequence = row.integer(1);
        if (row.integer(0) == 1 && sequence >= 0 &&
            row.integer(2) == row_checksum(RowTable::kApplied, {sequence}, {})) {
          known = sequence;
        }
        return Status();
      }));
  if (known) return static_cast<std::uint64_t>(*known);
  damaged_->found(
      {.table = RowTable::kApplied},
      "the number of the last stored record is not known; all of the log is read again");
  // Audit entries have the numbers of their records: those are stored, and must not be stored
  // twice.
  GL_TRY(const auto least, database_.integer("SELECT max(ifnull(max(sequence), 0), 0) FROM audit"));
  GL_TRY(auto transaction, Transaction::begin(database_));
  Status done = database_.run("DELETE FROM applied");
  if (done) {
    done = database_.execute("INSERT INTO applied VALUES (1, ?, ?)", least,
                             row_checksum(RowTable::kApplied, {least}, {}));
  }
  if (done) done = transaction.commit();
  if (!done) return std::unexpected(done.error());
  return static_cast<std::uint64_t>(least);
}

Result<TakenRecords> SqliteStore::taken() {
  TakenRecords all;
  bool is_good = true;
  GL_TRY(database_.each_row(
      "SELECT device, hour, record, checksum FROM taken", [&](const Statement& row) {
        const DeviceHour of{.device = row.integer(0), .hour = row.integer(1)};
        if (row.integer(3) == taken_checksum(of, row.integer(2))) {
          all.of.emplace(of, static_cast<std::uint64_t>(row.integer(2)));
          return Status();
        }
        is_good = false;
        damaged_->found({.table = RowTable::kTaken, .key = of.device, .hour = of.hour},
                        "reports in the log are compared with the stored ones");
        return Status();
      }));
  GL_TRY(const auto known, applied_record());
  const auto repeated = all.of.extract(kOfApplied);
  all.is_known = is_good && !repeated.empty() && repeated.mapped() == known;
  return all;
}

Result<bool> SqliteStore::has_taken(const DeviceHour& of, std::uint64_t record) {
  GL_TRY(
      auto statement,
      database_.prepare("SELECT sequence, checksum, 1 FROM applied UNION ALL "
                        "SELECT record, checksum, 0 FROM taken WHERE device = ?1 AND hour = ?2"));
  statement.bind(of.device).bind(of.hour);
  while (true) {
    const auto row = statement.step();
    if (!row || !*row) return row;
    const std::int64_t taken = statement.integer(0);
    const std::int64_t checksum = statement.integer(2) != 0
                                      ? row_checksum(RowTable::kApplied, {taken}, {})
                                      : taken_checksum(of, taken);
    if (statement.integer(1) == checksum && taken >= key_of(record)) return true;
  }
}

Status SqliteStore::begin_snapshot() {
  GL_TRY(auto transaction, Transaction::begin(database_, Transaction::Kind::kReading));
  snapshot_.emplace(std::move(transaction));
  return {};
}

Result<std::vector<std::string>> SqliteStore::names() {
  std::vector<std::string> names;
  GL_TRY(database_.each_row(
      "SELECT id, name, checksum FROM name ORDER BY id", [&](const Statement& row) -> Status {
        const std::int64_t id = row.integer(0);
        if (id != static_cast<std::int64_t>(names.size())) {
          return fail(ErrorCode::kMalformed,
                      fmt::format("{}: the name of field {} is missing; restore a backup of the "
                                  "data folder, or move history.db away to begin without history",
                                  database_.path(), names.size()));
        }
        if (row.integer(2) == row_checksum(RowTable::kName, {id}, row.bytes(1))) {
          names.emplace_back(row.bytes(1));
          return {};
        }
        names.push_back(fmt::format("damaged.field.{}", id));
        damaged_->found(
            {.table = RowTable::kName, .key = id},
            fmt::format("the stored values of the field are now under {}", names.back()));
        return {};
      }));
  return names;
}

Result<std::vector<StoredTwin>> SqliteStore::twins() {
  std::vector<StoredTwin> twins;
  GL_TRY(
      database_.each_row("SELECT device, sn, state, checksum FROM twin", [&](const Statement& row) {
        const std::int64_t device = row.integer(0);
        if (row.integer(3) != twin_checksum(device, row.bytes(1), row.bytes(2))) {
          damaged_->found({.table = RowTable::kTwin, .key = device},
                          "the device's values are not known until it reports them again");
          return Status();
        }
        twins.push_back(
            {.device = device, .sn = std::string(row.bytes(1)), .text = std::string(row.bytes(2))});
        return Status();
      }));
  return twins;
}

Result<std::vector<StoredEvent>> SqliteStore::open_faults() {
  return read_open_faults(database_, *damaged_);
}

Result<std::vector<DeviceHour>> SqliteStore::open_hours() {
  std::vector<DeviceHour> hours;
  GL_TRY(database_.each_row("SELECT DISTINCT device, hour FROM block WHERE over = 0",
                            [&](const Statement& row) {
                              hours.push_back({.device = row.integer(0), .hour = row.integer(1)});
                              return Status();
                            }));
  return hours;
}

// The columns of `sql`: hour, part, over (both 0 if the table has none), bytes, checksum.
struct SqliteStore::HourRow {
  RowTable table{};
  std::string_view sql;
  std::string_view loss;  // the consequence of a damaged row
};

Status SqliteStore::each_hour(const HourRow& rows, const DeviceHour& from, std::int64_t to,
                              const OnBytes& on_bytes, const OnHour& on_damaged) {
  GL_TRY(auto statement, database_.prepare(rows.sql));
  statement.bind(from.device).bind(from.hour).bind(to);
  while (true) {
    GL_TRY(const auto row, statement.step());
    if (!row) return {};
    const std::int64_t hour = statement.integer(0);
    const std::int64_t chunk = statement.integer(1);
    const std::string_view bytes = statement.bytes(3);
    const bool good =
        rows.table == RowTable::kBlock
            ? is_good_block(statement, 4, {from.device, hour, chunk, statement.integer(2)}, bytes)
            : statement.integer(4) == row_checksum(rows.table, {from.device, hour}, bytes);
    if (good) {
      GL_TRY(on_bytes(hour, bytes));
      continue;
    }
    damaged_->found({.table = rows.table, .key = from.device, .hour = hour, .chunk = chunk},
                    rows.loss);
    if (on_damaged) on_damaged(hour);
  }
}

Status SqliteStore::each_chunk(DeviceNumber device, std::int64_t from, std::int64_t to,
                               const OnBytes& on_chunk) {
  return each_hour({.table = RowTable::kBlock,
                    .sql = "SELECT hour, part, over, block, checksum FROM block WHERE device = ? "
                           "AND hour >= ? AND hour < ? ORDER BY device, hour, part",
                    .loss = kPartLost},
                   {.device = device, .hour = from}, to, on_chunk, {});
}

Result<SqliteStore::ChunkPosition> SqliteStore::resume(DeviceNumber device,
                                                       const ChunkPosition& place) {
  if (place.chunk == 0) return place;
  GL_TRY(auto statement,
         database_.prepare("SELECT ifnull(checksum, over + 2 * length(block)) FROM block "
                           "WHERE device = ? AND hour = ? AND part = ?"));
  statement.bind(device).bind(place.hour).bind(place.chunk - 1);
  GL_TRY(const auto row, statement.step());
  if (row && statement.integer(0) == place.before) return place;
  return ChunkPosition{.hour = place.hour};
}

Result<bool> SqliteStore::chunks_from(DeviceNumber device, const ChunkPosition& place,
                                      std::int64_t to, const OnChunk& on_chunk) {
  GL_TRY(
      auto statement,
      database_.prepare("SELECT hour, part, over, block, checksum FROM block WHERE device = ?1 "
                        "AND (hour, part) >= (?2, ?3) AND hour < ?4 ORDER BY device, hour, part"));
  statement.bind(device).bind(place.hour).bind(place.chunk).bind(to);
  while (true) {
    GL_TRY(const auto row, statement.step());
    if (!row) return true;
    const std::int64_t over = statement.integer(2);
    const std::string_view bytes = statement.bytes(3);
    const ChunkPosition at{.hour = statement.integer(0),
                           .chunk = statement.integer(1),
                           .before = statement.is_null(4)
                                         ? over + 2 * static_cast<std::int64_t>(bytes.size())
                                         : statement.integer(4)};
    if (!is_good_block(statement, 4, {device, at.hour, at.chunk, over}, bytes)) {
      damaged_->found(
          {.table = RowTable::kBlock, .key = device, .hour = at.hour, .chunk = at.chunk},
          kPartLost);
      continue;
    }
    GL_TRY(const auto goes_on, on_chunk(at, bytes));
    if (!goes_on) return false;
  }
}

Status SqliteStore::each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                                const OnBytes& on_energy, const OnHour& on_damaged) {
  return each_hour({.table = RowTable::kEnergy,
                    .sql = "SELECT hour, 0, 0, quarters, checksum FROM energy WHERE device = ? "
                           "AND hour >= ? AND hour < ? ORDER BY device, hour",
                    .loss = "the energies of the hour are computed from its block if that is still "
                            "stored, and missing otherwise"},
                   {.device = device, .hour = from}, to, on_energy, on_damaged);
}

Status SqliteStore::each_rollup(DeviceNumber device, std::int64_t from, std::int64_t to,
                                const OnBytes& on_rollup) {
  return each_hour({.table = RowTable::kQuarter,
                    .sql = "SELECT hour, 0, 0, quarters, checksum FROM quarter WHERE device = ? "
                           "AND hour >= ? AND hour < ? ORDER BY device, hour",
                    .loss = "the hour's statistics are left out"},
                   {.device = device, .hour = from}, to, on_rollup, {});
}

Result<std::optional<std::int64_t>> SqliteStore::hour_before(DeviceNumber device,
                                                             std::int64_t hour) {
  return first_hour(
      "SELECT hour FROM block WHERE device = ? AND hour < ? ORDER BY hour DESC LIMIT 1", device,
      hour);
}

Result<std::optional<std::int64_t>> SqliteStore::hour_from(DeviceNumber device, std::int64_t hour) {
  const auto block = first_hour(
      "SELECT hour FROM block WHERE device = ? AND hour >= ? ORDER BY hour LIMIT 1", device, hour);
  if (!block) return block;
  const auto energy = first_hour(
      "SELECT hour FROM energy WHERE device = ? AND hour >= ? ORDER BY hour LIMIT 1", device, hour);
  if (!energy || !*block) return energy;
  return *energy ? std::min(*block, *energy) : *block;
}

Result<std::optional<std::int64_t>> SqliteStore::rollup_from(DeviceNumber device,
                                                             std::int64_t hour) {
  return first_hour("SELECT hour FROM quarter WHERE device = ? AND hour >= ? ORDER BY hour LIMIT 1",
                    device, hour);
}

Result<std::optional<std::int64_t>> SqliteStore::first_hour(std::string_view sql,
                                                            DeviceNumber device,
                                                            std::int64_t hour) {
  GL_TRY(auto statement, database_.prepare(sql));
  statement.bind(device).bind(hour);
  GL_TRY(const auto row, statement.step());
  return row ? std::optional(statement.integer(0)) : std::nullopt;
}

Result<StoredHours> SqliteStore::hours_since(DeviceNumber device, std::int64_t mark,
                                             std::size_t most) {
  StoredHours stored;
  GL_TRY(const auto numbering, database_.integer("SELECT id FROM identity"));
  stored.numbering = numbering;
  // Before the hours, which then have all up to it.
  GL_TRY(const auto newest, database_.integer(kNewestMark));
  stored.newest = newest;
  if (stored.newest <= mark) return stored;
  GL_TRY(
      auto statement,
      database_.prepare("SELECT hour, max(rowid) AS mark FROM block WHERE device = ? GROUP BY hour "
                        "HAVING mark > ? ORDER BY mark LIMIT ?"));
  statement.bind(device).bind(mark).bind(static_cast<std::int64_t>(most));
  while (true) {
    GL_TRY(const auto row, statement.step());
    if (!row) return stored;
    stored.hours.push_back({.hour = statement.integer(0), .mark = statement.integer(1)});
  }
}

Result<std::vector<std::int64_t>> SqliteStore::hours_without_energies(DeviceNumber device,
                                                                      std::int64_t from,
                                                                      std::int64_t to) {
  constexpr std::string_view kHours = R"(
    SELECT hour FROM block WHERE device = ?1 AND hour >= ?2 AND hour < ?3
    EXCEPT SELECT hour FROM energy WHERE device = ?1 AND hour >= ?2 AND hour < ?3
    UNION SELECT hour FROM block WHERE device = ?1 AND hour >= ?2 AND hour < ?3 AND over = 0)";
  GL_TRY(auto statement, database_.prepare(kHours));
  statement.bind(device).bind(from).bind(to);
  std::vector<std::int64_t> hours;
  while (true) {
    GL_TRY(const auto row, statement.step());
    if (!row) return hours;
    hours.push_back(statement.integer(0));
  }
}

Status SqliteStore::each_audit(const OnAudit& on_entry) {
  GL_TRY(auto statement,
         database_.prepare("SELECT sequence, entry, checksum FROM audit ORDER BY sequence DESC"));
  while (true) {
    GL_TRY(const auto row, statement.step());
    if (!row) return {};
    const std::int64_t key = statement.integer(0);
    const std::string_view entry = statement.bytes(1);
    const bool damaged = statement.integer(2) != row_checksum(RowTable::kAudit, {key}, entry);
    if (damaged) {
      damaged_->found({.table = RowTable::kAudit, .key = key}, "the entry is shown as damaged");
    }
    if (!on_entry({.sequence = static_cast<std::uint64_t>(key),
                   .entry = std::string(entry),
                   .damaged = damaged})) {
      return {};
    }
  }
}

Status SqliteStore::each_event(DeviceNumber device, std::int64_t from_ms,
                               const EventPosition& before, const OnEvent& on_event) {
  return read_events(database_, *damaged_, {.device = device, .from_ms = from_ms, .before = before},
                     on_event);
}

Result<std::vector<StoredEvent>> SqliteStore::events_since(std::uint64_t id, std::size_t most) {
  return read_events_since(database_, *damaged_, id, most);
}

}  // namespace gridloom::history
