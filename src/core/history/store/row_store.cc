#include "history/store/row_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/partition.h"
#include "history/store/history_tables.h"
#include "history/store/stored_events.h"

namespace gridloom::history {
namespace {

using tables::RowView;
using tables::TableConnection;
using Access = TableConnection::Access;

// Chunks that are read at once: as many as a step of a BlockWalk reads, so that the next step does
// not read some of them again.
constexpr std::size_t kChunksAtOnce = 128;
constexpr std::size_t kAtOnce_bytes = std::size_t{512} * 1024;
// hour_before() looks into this time first: in PostgreSQL partitions of months cost time, if
// little, each.
constexpr std::int64_t kRecent_hours = 31 * 24;

// The nearest hour that a column can have: 245,000 years around 1970.
std::int64_t stored_hour(std::int64_t hour) {
  return std::clamp<std::int64_t>(hour, std::numeric_limits<std::int32_t>::min(),
                                  std::numeric_limits<std::int32_t>::max());
}

}  // namespace

// A slot that has another owner is lost for ever.
Result<tables::Transaction> StoreWriter::begin(const LogMove& move) {
  GL_TRY(auto transaction, tables::Transaction::begin(connection_));
  const Status held = companion_.begins(move);
  if (held) return transaction;
  if (held.error().code == ErrorCode::kConflict) superseded_ = held.error();
  return std::unexpected(held.error());
}

Status StoreWriter::superseded(std::int64_t number) {
  superseded_ =
      Error{.code = ErrorCode::kConflict,
            .detail = fmt::format(
                "history in {} was changed by another program, or lost changes in a failover "
                "(it is at transaction {}, and this server at {}): start this server again",
                companion_.place(), number, state_ ? state_->number : 0)};
  return std::unexpected(*superseded_);
}

// The outcome is known by the number of the writer's transactions: the lock keeps this waiting
// while a session that was lost is still about to commit.
Result<StoreWriter::Outcome> StoreWriter::outcome_of(const ChangeWriter& writer) {
  GL_TRY(const auto transaction, begin());
  GL_TRY(const auto number, lock_writer(connection_));
  if (number == writer.after().number) return Outcome::kCommitted;
  if (number == writer.after().number - 1) return Outcome::kNotCommitted;
  return std::unexpected(superseded(number).error());
}

Status StoreWriter::settle() {
  if (!unknown_) return {};
  if (superseded_) return std::unexpected(*superseded_);
  {
    GL_TRY(auto transaction, begin());
    GL_TRY(const auto number, lock_writer(connection_));
    const std::int64_t written = unknown_->after().number;
    if (number == written) {
      GL_TRY(companion_.begins(unknown_->move_back()));
      GL_TRY(unknown_->undo(connection_));
      GL_TRY(transaction.commit());
    } else if (number != written - 1 && number != written + 1) {
      return superseded(number);
    }
  }
  unknown_.reset();
  state_.reset();
  return {};
}

Status StoreWriter::commit(ChangeWriter& writer, Room room) {
  if (room == Room::kKnown && writer.derived() != nullptr) {
    GL_TRY(writer.derived()->make_room());
  }
  Status done;
  {
    GL_TRY(auto transaction, begin(writer.move_from(*state_)));
    if (room == Room::kKept && writer.derived() != nullptr) {
      GL_TRY(writer.derived()->keep_room());
    }
    GL_TRY(writer.write(connection_, *state_));
    done = transaction.commit();
  }
  if (done || !connection_.is_unanswered()) return done;
  const auto outcome = outcome_of(writer);
  if (outcome && *outcome == Outcome::kCommitted) return {};
  if (!outcome && !superseded_) unknown_ = std::move(writer);
  return done;
}

Status StoreWriter::write(const Changes& changes) {
  if (superseded_) return std::unexpected(*superseded_);
  GL_TRY(settle());
  GL_TRY(auto writer, ChangeWriter::prepare(changes, companion_));
  if (!state_) {
    GL_TRY(auto state, read_writer_state(connection_));
    state_ = std::move(state);
  }
  Status done = commit(writer, Room::kKnown);
  if (!done && done.error().code == ErrorCode::kConflict && !superseded_) {
    GL_TRY(const auto number, connection_.integer("SELECT number FROM writer"));
    if (number != state_->number) return superseded(number);
    // Retention may have dropped a month, and may do so again: a race that is lost is no sign that
    // another one owns the history.
    if (companion_.forget_room()) done = commit(writer, Room::kKept);
  }
  if (done) state_ = writer.after();
  return done;
}

// Audit entries have the numbers of their records: those are stored, and must not be stored twice.
// More of some hours is stored than the positions say now, and `taken` does not have them.
Result<WriterState> StoreWriter::repaired() {
  GL_TRY(auto transaction, begin());
  GL_TRY(const auto least,
         connection_.integer("SELECT coalesce(max(sequence), 0) FROM audit_entry"));
  GL_TRY(const auto mark, connection_.integer("SELECT coalesce(max(mark), 0) FROM block"));
  for (const tables::Table* const table : {&kParts, &kWriter}) {
    GL_TRY(connection_.remove_some(*table, "true", {}, TableConnection::kAll));
  }
  GL_TRY(forget_taken(connection_));
  GL_TRY(put_first_history(connection_));
  GL_TRY(connection_.update(kWriter, {"mark"}, {mark, 1}));
  std::vector<tables::Row> parts;
  parts.reserve(kPartitions);
  for (std::int64_t p = 0; p < std::int64_t{kPartitions}; ++p) parts.push_back({p, least});
  GL_TRY(connection_.put_all(kParts, parts));
  GL_TRY(transaction.commit());
  return read_writer_state(connection_);
}

Result<journal::Positions> StoreWriter::applied() {
  GL_TRY(settle());
  const std::uint64_t damaged = connection_.damaged();
  auto state = read_writer_state(connection_);
  if (!state && state.error().code == ErrorCode::kDamaged && connection_.has_checksums()) {
    const bool any_vanished = connection_.damaged() == damaged;
    if (any_vanished) damaged_.found(fmt::format("table {}", kParts.name), kParts.loss);
    state = repaired();
  }
  if (!state) return std::unexpected(state.error());
  // write() builds on the state that is read first.
  if (!state_) state_ = *state;
  return state->positions;
}

class RowStore::Noticing {
 public:
  Noticing(RowStore& store, OnDamaged on_damaged) : store_(store) {
    store_.on_damaged_ = std::move(on_damaged);
  }
  Noticing(const Noticing&) = delete;
  Noticing& operator=(const Noticing&) = delete;
  ~Noticing() { store_.on_damaged_ = nullptr; }

 private:
  RowStore& store_;
};

RowStore::RowStore(std::shared_ptr<TableConnection> connection,
                   std::unique_ptr<Companion> companion, std::shared_ptr<DamagedRows> damaged)
    : connection_(std::move(connection)),
      companion_(std::move(companion)),
      damaged_(std::move(damaged)),
      writer_(*connection_, *companion_, *damaged_) {
  connection_->on_damaged([this](const tables::Table& table, const RowView& row) {
    damaged_->found(table, row);
    if (on_damaged_) on_damaged_(row);
  });
}

Status RowStore::write(const Changes& changes) {
  GL_TRY(writer_.write(changes));
  if (changes.applied) is_checkpointed_ = connection_->empty_log();
  return {};
}

Status RowStore::begin_snapshot() {
  GL_TRY(writer_.settle());
  return connection_->begin(Access::kReading);
}

Status RowStore::answers() {
  GL_TRY(writer_.settle());
  GL_TRY(connection_->integer("SELECT 1"));
  return {};
}

Result<std::vector<std::string>> RowStore::names() {
  GL_TRY(writer_.settle());
  std::set<std::int64_t> damaged;
  const Noticing noticing(*this, [&](const RowView& row) { damaged.insert(row.integer(0)); });
  std::vector<std::string> names;
  const auto fill_to = [&](std::int64_t id) {
    for (std::int64_t next = std::ssize(names); next < id && damaged.contains(next); ++next) {
      names.push_back(fmt::format("damaged.field.{}", next));
    }
  };
  GL_TRY(connection_->read(kNames, "ORDER BY id", {}, [&](const RowView& row) -> Result<bool> {
    fill_to(row.integer(0));
    if (row.integer(0) != std::ssize(names)) {
      return fail(ErrorCode::kMalformed,
                  fmt::format("{}: the name of field {} is missing; restore a backup",
                              companion_->place(), names.size()));
    }
    names.emplace_back(row.bytes(1));
    return true;
  }));
  fill_to(std::numeric_limits<std::int64_t>::max());
  return names;
}

Result<std::vector<StoredTwin>> RowStore::twins() {
  GL_TRY(writer_.settle());
  std::vector<StoredTwin> twins;
  GL_TRY(connection_->read(kTwins, "ORDER BY device", {}, [&](const RowView& row) -> Result<bool> {
    twins.push_back({.device = row.integer(0),
                     .sn = std::string(row.bytes(1)),
                     .text = std::string(row.bytes(2))});
    return true;
  }));
  return twins;
}

Result<TakenRecords> RowStore::taken() {
  GL_TRY(writer_.settle());
  TakenRecords all;
  const std::uint64_t damaged = connection_->damaged();
  GL_TRY(connection_->read(kTaken, "", {}, [&](const RowView& row) -> Result<bool> {
    all.of.emplace(DeviceHour{.device = row.integer(0), .hour = row.integer(1)},
                   static_cast<std::uint64_t>(row.integer(2)));
    return true;
  }));
  const bool some_are_missing = all.of.erase(kOfNoDevice) != 0;
  all.is_known = !some_are_missing && connection_->damaged() == damaged;
  return all;
}

Result<std::vector<StoredEvent>> RowStore::open_faults() {
  GL_TRY(writer_.settle());
  return read_open_faults(*connection_);
}

// A chunk that was damaged when its hour was stored anew stays before the new ones.
Result<std::vector<DeviceHour>> RowStore::open_hours() {
  GL_TRY(writer_.settle());
  std::vector<DeviceHour> hours;
  GL_TRY(connection_->each(
      "SELECT DISTINCT device, hour FROM block AS part WHERE NOT over AND NOT EXISTS "
      "(SELECT 1 FROM block AS later WHERE later.device = part.device AND later.hour = part.hour "
      "AND later.chunk > part.chunk AND later.over)",
      {}, [&](const RowView& row) -> Result<bool> {
        hours.push_back({.device = row.integer(0), .hour = row.integer(1)});
        return true;
      }));
  return hours;
}

Result<bool> RowStore::has_taken(const DeviceHour& of, std::uint64_t record) {
  GL_TRY(writer_.settle());
  const auto wanted = static_cast<std::int64_t>(record);
  bool is_taken = false;
  GL_TRY(connection_->read(kTaken, "WHERE device = $1 AND hour = $2",
                           {of.device, stored_hour(of.hour)},
                           [&](const RowView& row) -> Result<bool> {
                             is_taken = row.integer(2) >= wanted;
                             return false;
                           }));
  if (is_taken) return true;
  std::size_t parts = 0;
  GL_TRY(connection_->read(kParts, "", {}, [&](const RowView& row) -> Result<bool> {
    if (row.integer(1) >= wanted) ++parts;
    return true;
  }));
  return parts == kPartitions;
}

// A chunk is taken while a database sends the next.
Result<RowStore::Read> RowStore::read_some(DeviceNumber device, ChunkPosition& place,
                                           std::int64_t to, const OnChunk& on_chunk) {
  GL_TRY(writer_.settle());
  const ChunkPosition from = place;
  std::size_t rows = 0;
  std::size_t bytes = 0;
  bool goes_on = true;
  GL_TRY(connection_->read_ahead(
      kChunks,
      "WHERE device = $1 AND hour >= $2 AND (hour, chunk) >= ($2, $3) AND hour < $4 "
      "ORDER BY hour, chunk",
      {device, stored_hour(from.hour), from.chunk, stored_hour(to)},
      {.rows = kChunksAtOnce, .bytes = kAtOnce_bytes, .column = "bytes"},
      [&](const RowView& row) -> Result<bool> {
        const ChunkPosition at{
            .hour = row.integer(1), .chunk = row.integer(2), .before = row.integer(5)};
        place = at.after();
        ++rows;
        bytes += row.bytes(4).size();
        GL_TRY(const auto more, on_chunk(at, row.bytes(4)));
        goes_on = more;
        return more;
      }));
  if (!goes_on) return Read::kStopped;
  const bool is_cut = rows >= kChunksAtOnce || bytes >= kAtOnce_bytes;
  return is_cut && connection_->reads_ahead() ? Read::kSome : Read::kAll;
}

Result<bool> RowStore::read_on(DeviceNumber device, ChunkPosition place, std::int64_t to,
                               const OnChunk& on_chunk) {
  while (true) {
    GL_TRY(const auto read, read_some(device, place, to, on_chunk));
    if (read != Read::kSome) return read == Read::kAll;
  }
}

// All statements of the call see one moment.
Result<bool> RowStore::chunks_from(DeviceNumber device, const ChunkPosition& place, std::int64_t to,
                                   const OnChunk& on_chunk) {
  if (!connection_->reads_ahead() || connection_->is_in_transaction()) {
    return read_on(device, place, to, on_chunk);
  }
  // One hour, which is what a writer reads, has few chunks.
  if (to > place.hour + 1) {
    GL_TRY(const auto own, snapshot());
    return read_on(device, place, to, on_chunk);
  }
  std::vector<std::pair<ChunkPosition, std::string>> chunks;
  ChunkPosition next = place;
  GL_TRY(const auto read,
         read_some(device, next, to,
                   [&](const ChunkPosition& at, std::string_view bytes) -> Result<bool> {
                     chunks.emplace_back(at, bytes);
                     return true;
                   }));
  if (read == Read::kSome) {
    GL_TRY(const auto own, snapshot());
    return read_on(device, place, to, on_chunk);
  }
  for (const auto& [at, bytes] : chunks) {
    GL_TRY(const auto goes_on, on_chunk(at, bytes));
    if (!goes_on) return false;
  }
  return true;
}

Status RowStore::each_chunk(DeviceNumber device, std::int64_t from, std::int64_t to,
                            const OnBytes& on_chunk) {
  GL_TRY(chunks_from(device, {.hour = from}, to,
                     [&](const ChunkPosition& at, std::string_view bytes) -> Result<bool> {
                       GL_TRY(on_chunk(at.hour, bytes));
                       return true;
                     }));
  return {};
}

Result<StoreReader::ChunkPosition> RowStore::resume(DeviceNumber device,
                                                    const ChunkPosition& place) {
  if (place.chunk == 0) return place;
  GL_TRY(writer_.settle());
  const auto mark =
      connection_->integer("SELECT mark FROM block WHERE device = $1 AND hour = $2 AND chunk = $3",
                           {device, stored_hour(place.hour), place.chunk - 1});
  if (!mark && mark.error().code != ErrorCode::kNotFound) return std::unexpected(mark.error());
  return mark && *mark == place.before ? place : ChunkPosition{.hour = place.hour};
}

Status RowStore::each_hour(const tables::Table& table, const DeviceHour& from, std::int64_t to,
                           const OnBytes& on_bytes) {
  GL_TRY(writer_.settle());
  return connection_->read(table, "WHERE device = $1 AND hour >= $2 AND hour < $3 ORDER BY hour",
                           {from.device, stored_hour(from.hour), stored_hour(to)},
                           [&](const RowView& row) -> Result<bool> {
                             GL_TRY(on_bytes(row.integer(1), row.bytes(2)));
                             return true;
                           });
}

Status RowStore::each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                             const OnBytes& on_energy, const OnHour& on_damaged) {
  const Noticing noticing(*this, [&](const RowView& row) {
    if (on_damaged) on_damaged(row.integer(1));
  });
  return each_hour(kEnergies, {.device = device, .hour = from}, to, on_energy);
}

Status RowStore::each_rollup(DeviceNumber device, std::int64_t from, std::int64_t to,
                             const OnBytes& on_rollup) {
  return each_hour(kRollups, {.device = device, .hour = from}, to, on_rollup);
}

Result<std::optional<std::int64_t>> RowStore::first_hour(std::string_view sql,
                                                         const tables::Parameters& parameters) {
  GL_TRY(writer_.settle());
  std::optional<std::int64_t> hour;
  GL_TRY(connection_->each(sql, parameters, [&hour](const RowView& row) -> Result<bool> {
    hour = row.integer(0);
    return false;
  }));
  return hour;
}

Result<std::optional<std::int64_t>> RowStore::hour_before(DeviceNumber device, std::int64_t hour) {
  constexpr std::string_view kLast =
      "SELECT hour FROM block WHERE device = $1 AND hour >= $2 AND hour < $3 "
      "ORDER BY hour DESC LIMIT 1";
  const std::int64_t before = stored_hour(hour);
  const std::int64_t recent = stored_hour(before - kRecent_hours);
  auto found = first_hour(kLast, {device, recent, before});
  if (!found || *found) return found;
  constexpr std::int64_t kFirst = std::numeric_limits<std::int32_t>::min();
  return first_hour(kLast, {device, kFirst, recent});
}

Result<std::optional<std::int64_t>> RowStore::hour_from(DeviceNumber device, std::int64_t hour) {
  return first_hour(
      "SELECT hour FROM (SELECT hour FROM (SELECT hour FROM block WHERE device = $1 AND hour >= $2 "
      "ORDER BY hour LIMIT 1) AS chunks UNION ALL SELECT hour FROM (SELECT hour FROM energy_hour "
      "WHERE device = $1 AND hour >= $2 ORDER BY hour LIMIT 1) AS energies) AS both_kinds "
      "ORDER BY hour LIMIT 1",
      {device, stored_hour(hour)});
}

Result<std::optional<std::int64_t>> RowStore::rollup_from(DeviceNumber device, std::int64_t hour) {
  return first_hour(
      "SELECT hour FROM rollup_hour WHERE device = $1 AND hour >= $2 ORDER BY hour LIMIT 1",
      {device, stored_hour(hour)});
}

// The newest mark is read before the hours, which then have all up to it.
Result<StoredHours> RowStore::hours_since(DeviceNumber device, std::int64_t mark,
                                          std::size_t most) {
  GL_TRY(writer_.settle());
  StoredHours stored;
  GL_TRY(connection_->read(kWriter, "", {}, [&stored](const RowView& row) -> Result<bool> {
    stored.newest = newest_mark(row);
    stored.numbering = row.integer(3);
    return false;
  }));
  if (stored.newest <= mark) return stored;
  // The sign keeps SQLite from looking through the new chunks of all devices.
  GL_TRY(connection_->each(
      "SELECT hour, max(mark) FROM block WHERE device = $1 AND +mark > $2 GROUP BY hour "
      "ORDER BY max(mark) LIMIT $3",
      {device, mark, static_cast<std::int64_t>(most)}, [&](const RowView& row) -> Result<bool> {
        stored.hours.push_back({.hour = row.integer(0), .mark = row.integer(1)});
        return true;
      }));
  return stored;
}

Result<std::vector<std::int64_t>> RowStore::hours_without_energies(DeviceNumber device,
                                                                   std::int64_t from,
                                                                   std::int64_t to) {
  GL_TRY(writer_.settle());
  std::vector<std::int64_t> hours;
  GL_TRY(connection_->each(
      "SELECT hour FROM block WHERE device = $1 AND hour >= $2 AND hour < $3 "
      "EXCEPT SELECT hour FROM energy_hour WHERE device = $1 AND hour >= $2 AND hour < $3 "
      "UNION SELECT hour FROM block WHERE device = $1 AND hour >= $2 AND hour < $3 AND NOT over",
      {device, stored_hour(from), stored_hour(to)}, [&hours](const RowView& row) -> Result<bool> {
        hours.push_back(row.integer(0));
        return true;
      }));
  return hours;
}

Status RowStore::each_audit(const OnAudit& on_entry) {
  GL_TRY(writer_.settle());
  constexpr std::size_t kAtOnce = 256;
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  bool goes_on = true;
  std::size_t read = kAtOnce;
  const auto take = [&](const RowView& row, bool damaged) {
    before = row.integer(0);
    ++read;
    if (goes_on) {
      goes_on = on_entry({.sequence = static_cast<std::uint64_t>(before),
                          .entry = std::string(row.bytes(2)),
                          .damaged = damaged});
    }
    return goes_on;
  };
  const Noticing noticing(*this, [&](const RowView& row) { take(row, true); });
  while (goes_on && read >= kAtOnce) {
    read = 0;
    GL_TRY(connection_->read_ahead(
        kAudit, "WHERE sequence < $1 ORDER BY sequence DESC", {before}, {.rows = kAtOnce},
        [&](const RowView& row) -> Result<bool> { return take(row, false); }));
    if (!connection_->reads_ahead()) return {};
  }
  return {};
}

Status RowStore::each_event(DeviceNumber device, std::int64_t from_ms, const EventPosition& before,
                            const OnEvent& on_event) {
  GL_TRY(writer_.settle());
  return read_events(*connection_, {.device = device, .from_ms = from_ms, .before = before},
                     on_event);
}

Result<std::vector<StoredEvent>> RowStore::events_since(std::uint64_t id, std::size_t most) {
  GL_TRY(writer_.settle());
  return read_events_since(*connection_, id, most);
}

}  // namespace gridloom::history
