#include "database/history/postgres_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "database/history/audit_rows.h"
#include "database/history/event_rows.h"
#include "database/history/hour_list.h"

namespace gridloom::history {
namespace {

using postgres::Row;
using postgres::Rows;

// Chunks that are read at once: as many as a step of a BlockWalk reads, so that the next step does
// not read some of them again. The length of a value that is stored out of its row is known without
// reading it.
constexpr std::int64_t kChunksAtOnce = 128;
constexpr std::int64_t kAtOnce_bytes = std::int64_t{512} * 1024;
constexpr std::string_view kChunks =
    "SELECT hour, chunk, mark, bytes, is_last FROM (SELECT hour, chunk, mark, bytes, "
    "sum(octet_length(bytes)) OVER before AS before, "
    "count(*) OVER () < $5 AND lead(chunk) OVER (ORDER BY hour, chunk) IS NULL AS is_last "
    "FROM (SELECT hour, chunk, mark, bytes FROM block WHERE device = $1 AND hour >= $2 "
    "AND hour < $4 AND (hour, chunk) >= ($2, $3) ORDER BY hour, chunk LIMIT $5) AS ahead "
    "WINDOW before AS (ORDER BY hour, chunk ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) "
    "AS counted WHERE coalesce(before, 0) < $6 ORDER BY hour, chunk";
// hour_before() looks into this time first: partitions of months cost time, if little, each.
constexpr std::int64_t kRecent_hours = 31 * 24;

}  // namespace

template <typename... Values>
Result<Rows> PostgresStore::query(std::string_view sql, const Values&... values) {
  GL_TRY(writer_.settle());
  return connection_.query(sql, values...);
}

Status PostgresStore::begin_snapshot() {
  GL_TRY(writer_.settle());
  return connection_.begin_reading();
}

Result<std::vector<std::string>> PostgresStore::names() {
  GL_TRY(const auto rows, query("SELECT id, bytes FROM field_name ORDER BY id"));
  std::vector<std::string> names;
  names.reserve(rows.size());
  for (const Row row : rows) {
    if (row.integer(0) != static_cast<std::int64_t>(names.size())) {
      return fail(ErrorCode::kMalformed,
                  fmt::format("the name of field {} is missing in the database; restore a backup",
                              names.size()));
    }
    names.emplace_back(row.bytes(1));
  }
  return names;
}

Result<std::vector<StoredTwin>> PostgresStore::twins() {
  GL_TRY(const auto rows, query("SELECT device, sn, state FROM twin ORDER BY device"));
  std::vector<StoredTwin> twins;
  twins.reserve(rows.size());
  for (const Row row : rows) {
    twins.push_back({.device = row.integer(0),
                     .sn = std::string(row.bytes(1)),
                     .text = std::string(row.bytes(2))});
  }
  return twins;
}

Result<TakenRecords> PostgresStore::taken() {
  GL_TRY(const auto rows, query("SELECT device, hour, record FROM taken"));
  TakenRecords all;
  all.is_known = true;
  for (const Row row : rows) {
    all.of.emplace(DeviceHour{.device = row.integer(0), .hour = row.integer(1)},
                   static_cast<std::uint64_t>(row.integer(2)));
  }
  return all;
}

Result<std::vector<StoredEvent>> PostgresStore::open_faults() {
  return read_open_faults(connection_);
}

Result<std::vector<DeviceHour>> PostgresStore::open_hours() {
  GL_TRY(const auto rows, query("SELECT DISTINCT device, hour FROM block WHERE NOT over"));
  std::vector<DeviceHour> hours;
  hours.reserve(rows.size());
  for (const Row row : rows) hours.push_back({.device = row.integer(0), .hour = row.integer(1)});
  return hours;
}

Result<bool> PostgresStore::has_taken(const DeviceHour& of, std::uint64_t record) {
  GL_TRY(const auto rows,
         query("SELECT (SELECT min(position) FROM part) >= $3 OR EXISTS "
               "(SELECT FROM taken WHERE device = $1 AND hour = $2 AND record >= $3)",
               of.device, sql_hour(of.hour), static_cast<std::int64_t>(record)));
  return rows[0].boolean(0);
}

// A chunk is taken while the server sends the next.
Result<PostgresStore::Read> PostgresStore::read_some(DeviceNumber device, ChunkPosition& place,
                                                     std::int64_t to, const OnChunk& on_chunk) {
  GL_TRY(writer_.settle());
  const ChunkPosition from = place;
  Read all = Read::kAll;
  GL_TRY(connection_.each_row(
      kChunks,
      [&](const Row& row) -> Result<bool> {
        const ChunkPosition at{
            .hour = row.integer(0), .chunk = row.integer(1), .before = row.integer(2)};
        place = at.after();
        GL_TRY(const auto goes_on, on_chunk(at, row.bytes(3)));
        const Read more = row.boolean(4) ? Read::kAll : Read::kSome;
        all = goes_on ? more : Read::kStopped;
        return goes_on;
      },
      device, sql_hour(from.hour), static_cast<std::int32_t>(from.chunk), sql_hour(to),
      kChunksAtOnce, kAtOnce_bytes));
  return all;
}

Result<bool> PostgresStore::read_on(DeviceNumber device, ChunkPosition place, std::int64_t to,
                                    const OnChunk& on_chunk) {
  while (true) {
    GL_TRY(const auto read, read_some(device, place, to, on_chunk));
    if (read != Read::kSome) return read == Read::kAll;
  }
}

// All statements of the call see one moment.
Result<bool> PostgresStore::chunks_from(DeviceNumber device, const ChunkPosition& place,
                                        std::int64_t to, const OnChunk& on_chunk) {
  // One hour, which is what a writer reads, has few chunks.
  const bool is_short = to <= place.hour + 1;
  if (connection_.is_in_transaction() || !is_short) {
    std::optional<Snapshot> own;
    if (!connection_.is_in_transaction()) {
      GL_TRY(auto begun, snapshot());
      own.emplace(std::move(begun));
    }
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
    GL_TRY(const auto begun, snapshot());
    return read_on(device, place, to, on_chunk);
  }
  for (const auto& [at, bytes] : chunks) {
    GL_TRY(const auto goes_on, on_chunk(at, bytes));
    if (!goes_on) return false;
  }
  return true;
}

Status PostgresStore::each_chunk(DeviceNumber device, std::int64_t from, std::int64_t to,
                                 const OnBytes& on_chunk) {
  const auto all =
      chunks_from(device, {.hour = from}, to,
                  [&](const ChunkPosition& at, std::string_view bytes) -> Result<bool> {
                    GL_TRY(on_chunk(at.hour, bytes));
                    return true;
                  });
  return all ? Status() : std::unexpected(all.error());
}

Result<StoreReader::ChunkPosition> PostgresStore::resume(DeviceNumber device,
                                                         const ChunkPosition& place) {
  if (place.chunk == 0) return place;
  GL_TRY(const auto marks,
         query("SELECT mark FROM block WHERE device = $1 AND hour = $2 AND chunk = $3", device,
               sql_hour(place.hour), static_cast<std::int32_t>(place.chunk - 1)));
  if (marks.empty() || marks[0].integer(0) != place.before) {
    return ChunkPosition{.hour = place.hour};
  }
  return place;
}

Status PostgresStore::each_hour(std::string_view sql, DeviceNumber device, std::int64_t from,
                                std::int64_t to, const OnBytes& on_bytes) {
  GL_TRY(const auto rows, query(sql, device, sql_hour(from), sql_hour(to)));
  for (const Row row : rows) {
    GL_TRY(on_bytes(row.integer(0), row.bytes(1)));
  }
  return {};
}

Status PostgresStore::each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                                  const OnBytes& on_energy, const OnHour& /*on_damaged*/) {
  return each_hour(
      "SELECT hour, bytes FROM energy_hour WHERE device = $1 AND hour >= $2 AND hour < $3 "
      "ORDER BY hour",
      device, from, to, on_energy);
}

Status PostgresStore::each_rollup(DeviceNumber device, std::int64_t from, std::int64_t to,
                                  const OnBytes& on_rollup) {
  return each_hour(
      "SELECT hour, bytes FROM rollup_hour WHERE device = $1 AND hour >= $2 AND hour < $3 "
      "ORDER BY hour",
      device, from, to, on_rollup);
}

Result<std::optional<std::int64_t>> PostgresStore::first_hour(const Result<Rows>& rows) const {
  if (!rows) return std::unexpected(rows.error());
  return rows->empty() ? std::nullopt : std::optional((*rows)[0].integer(0));
}

Status PostgresStore::answers() {
  const auto answer = query("SELECT 1");
  return answer ? Status() : std::unexpected(answer.error());
}

Result<std::optional<std::int64_t>> PostgresStore::hour_before(DeviceNumber device,
                                                               std::int64_t hour) {
  constexpr std::string_view kLast =
      "SELECT hour FROM block WHERE device = $1 AND hour >= $2 AND hour < $3 "
      "ORDER BY hour DESC LIMIT 1";
  const std::int32_t before = sql_hour(hour);
  const std::int32_t recent = sql_hour(std::int64_t{before} - kRecent_hours);
  auto found = first_hour(query(kLast, device, recent, before));
  if (!found || *found) return found;
  return first_hour(query(kLast, device, std::numeric_limits<std::int32_t>::min(), recent));
}

Result<std::optional<std::int64_t>> PostgresStore::hour_from(DeviceNumber device,
                                                             std::int64_t hour) {
  return first_hour(
      query("SELECT hour FROM ("
            "(SELECT hour FROM block WHERE device = $1 AND hour >= $2 ORDER BY hour LIMIT 1) "
            "UNION ALL "
            "(SELECT hour FROM energy_hour WHERE device = $1 AND hour >= $2 "
            "ORDER BY hour LIMIT 1)) AS both_kinds ORDER BY hour LIMIT 1",
            device, sql_hour(hour)));
}

Result<std::optional<std::int64_t>> PostgresStore::rollup_from(DeviceNumber device,
                                                               std::int64_t hour) {
  return first_hour(
      query("SELECT hour FROM rollup_hour WHERE device = $1 AND hour >= $2 ORDER BY hour LIMIT 1",
            device, sql_hour(hour)));
}

// The tables that give marks are named by the number that PostgreSQL has given them.
Result<StoredHours> PostgresStore::hours_since(DeviceNumber device, std::int64_t mark,
                                               std::size_t most) {
  GL_TRY(
      const auto rows,
      query(
          "SELECT CAST(CAST('block' AS regclass) AS oid)::bigint, newest.number, of.hour, of.mark "
          "FROM (SELECT number FROM writer) AS newest LEFT JOIN LATERAL "
          "(SELECT hour, max(mark) AS mark FROM block WHERE newest.number > $2 AND device = $1 "
          "AND mark > $2 GROUP BY hour ORDER BY max(mark) LIMIT $3) AS of ON true ORDER BY of.mark",
          device, mark, static_cast<std::int64_t>(most)));
  StoredHours stored;
  for (const Row row : rows) {
    stored.numbering = row.integer(0);
    stored.newest = row.integer(1);
    if (!row.is_null(2)) stored.hours.push_back({.hour = row.integer(2), .mark = row.integer(3)});
  }
  return stored;
}

Result<std::vector<std::int64_t>> PostgresStore::hours_without_energies(DeviceNumber device,
                                                                        std::int64_t from,
                                                                        std::int64_t to) {
  GL_TRY(const auto rows,
         query("SELECT hour FROM block WHERE device = $1 AND hour >= $2 AND hour < $3 "
               "EXCEPT SELECT hour FROM energy_hour WHERE device = $1 AND hour >= $2 AND hour < $3 "
               "UNION SELECT hour FROM block WHERE device = $1 AND hour >= $2 AND hour < $3 AND "
               "NOT over",
               device, sql_hour(from), sql_hour(to)));
  std::vector<std::int64_t> hours;
  hours.reserve(rows.size());
  for (const Row row : rows) hours.push_back(row.integer(0));
  return hours;
}

Status PostgresStore::each_audit(const OnAudit& on_entry) {
  return read_audit(connection_, on_entry);
}

Status PostgresStore::each_event(DeviceNumber device, std::int64_t from_ms,
                                 const EventPosition& before, const OnEvent& on_event) {
  return read_events(connection_, {.device = device, .from_ms = from_ms, .before = before},
                     on_event);
}

Result<std::vector<StoredEvent>> PostgresStore::events_since(std::uint64_t id, std::size_t most) {
  return read_events_since(connection_, id, most);
}

}  // namespace gridloom::history
