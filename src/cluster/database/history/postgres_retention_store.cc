#include "database/history/postgres_retention_store.h"

#include <limits>

#include "base/clock.h"
#include "database/history/audit_rows.h"
#include "database/history/change_writer.h"
#include "database/history/hour_list.h"
#include "database/history/months.h"
#include "history/blocks/hours.h"

namespace gridloom::history {
namespace {

using postgres::Bytes;
using postgres::Row;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
// Rows of quarters that a row of an hour has at least; a removal of one takes so many of them.
constexpr std::int64_t kQuarterRowsAtOnce = 64;

std::string_view devices_of(RetentionStore::Kind kind) {
  switch (kind) {
    case RetentionStore::Kind::kChunks:
      return "SELECT device FROM block WHERE device > $1 ORDER BY device LIMIT 1";
    case RetentionStore::Kind::kRollups:
      return "SELECT device FROM rollup_hour WHERE device > $1 ORDER BY device LIMIT 1";
    case RetentionStore::Kind::kEnergies:
      return "SELECT device FROM energy_hour WHERE device > $1 ORDER BY device LIMIT 1";
    case RetentionStore::Kind::kTwin:
      return "SELECT device FROM twin WHERE device > $1 ORDER BY device LIMIT 1";
    case RetentionStore::Kind::kEvents:
      return "SELECT device FROM event WHERE device > $1 ORDER BY device LIMIT 1";
  }
  return {};
}

std::string_view removal_of(RetentionStore::Kind kind) {
  switch (kind) {
    case RetentionStore::Kind::kChunks:
      return "WITH chosen AS (SELECT hour, chunk FROM block WHERE device = $1 "
             "ORDER BY hour, chunk LIMIT $2) DELETE FROM block USING chosen "
             "WHERE device = $1 AND block.hour = chosen.hour AND block.chunk = chosen.chunk";
    case RetentionStore::Kind::kRollups:
      return "WITH chosen AS (SELECT hour FROM rollup_hour WHERE device = $1 ORDER BY hour LIMIT "
             "$2) "
             "DELETE FROM rollup_hour USING chosen WHERE device = $1 AND rollup_hour.hour = "
             "chosen.hour";
    case RetentionStore::Kind::kEnergies:
      return "WITH chosen AS (SELECT hour FROM energy_hour WHERE device = $1 ORDER BY hour LIMIT "
             "$2) "
             "DELETE FROM energy_hour USING chosen WHERE device = $1 AND energy_hour.hour = "
             "chosen.hour";
    case RetentionStore::Kind::kTwin:
      return "DELETE FROM twin WHERE device = $1 AND $2 > 0";
    case RetentionStore::Kind::kEvents:
      return "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE device = $1 LIMIT $2)";
  }
  return {};
}

constexpr std::string_view kRemoveReadings =
    "WITH chosen AS (SELECT at FROM reading_quarter WHERE device = $1 AND at < $2 ORDER BY at "
    "LIMIT $3) DELETE FROM reading_quarter AS old USING chosen WHERE device = $1 AND old.at = "
    "chosen.at";
constexpr std::string_view kRemoveEnergies =
    "WITH chosen AS (SELECT at, hour FROM energy_quarter WHERE device = $1 ORDER BY at, hour "
    "LIMIT $2) DELETE FROM energy_quarter AS old USING chosen "
    "WHERE device = $1 AND old.at = chosen.at AND old.hour = chosen.hour";

TimePoint begin_of(std::int64_t hour) { return TimePoint(Millis(sql_hour(hour) * kHour_ms)); }

}  // namespace

template <typename Work>
Status PostgresRetentionStore::in_transaction(const Work& work) {
  if (connection_.is_in_transaction()) return work();
  const auto done = commit([&]() -> Result<bool> {
    GL_TRY(work());
    return true;
  });
  return done ? Status() : std::unexpected(done.error());
}

template <typename... Values>
Result<std::size_t> PostgresRetentionStore::removed_by(std::string_view sql,
                                                       const Values&... values) {
  GL_TRY(const auto rows, connection_.query(sql, values...));
  return static_cast<std::size_t>(rows.changed());
}

template <typename... Values>
Result<std::optional<std::int64_t>> PostgresRetentionStore::first_of(std::string_view sql,
                                                                     const Values&... values) {
  GL_TRY(const auto rows, connection_.query(sql, values...));
  return rows.empty() ? std::nullopt : std::optional(rows[0].integer(0));
}

Result<bool> PostgresRetentionStore::commit(const Work& slice) {
  GL_TRY(connection_.begin());
  const auto connection = connection_.get();
  auto result = [&]() -> Result<bool> {
    GL_TRY(lock_writer(**connection));
    return slice();
  }();
  if (!result) {
    connection_.end();
    return result;
  }
  GL_TRY(connection_.commit());
  return result;
}

Result<std::optional<DeviceNumber>> PostgresRetentionStore::next_device(
    Kind kind, std::optional<DeviceNumber> after) {
  return first_of(devices_of(kind), after.value_or(std::numeric_limits<std::int64_t>::min()));
}

// The rows of quarters go first: devices are found by the others.
Result<std::size_t> PostgresRetentionStore::remove(Kind kind, DeviceNumber device,
                                                   std::size_t most) {
  if (kind == Kind::kRollups || kind == Kind::kEnergies) {
    const auto quarters =
        kind == Kind::kRollups
            ? removed_by(kRemoveReadings, device,
                         begin_of(std::numeric_limits<std::int64_t>::max()), kQuarterRowsAtOnce)
            : removed_by(kRemoveEnergies, device, kQuarterRowsAtOnce);
    if (!quarters || *quarters != 0) return quarters;
  }
  return removed_by(removal_of(kind), device, static_cast<std::int64_t>(most));
}

Result<std::int64_t> PostgresRetentionStore::next_mark() {
  GL_TRY(const auto mark, first_of("SELECT number + 1 FROM writer"));
  return mark.value_or(0);
}

Result<std::optional<std::int64_t>> PostgresRetentionStore::next_hour(DeviceNumber device,
                                                                      std::int64_t from,
                                                                      std::int64_t to,
                                                                      std::int64_t below) {
  return first_of(
      "SELECT hour FROM block AS old WHERE device = $1 AND hour >= $2 AND hour < $3 "
      "AND NOT EXISTS (SELECT FROM block AS young WHERE young.device = old.device "
      "AND young.hour = old.hour AND young.hour >= $2 AND young.hour < $3 AND young.mark >= $4) "
      "ORDER BY hour LIMIT 1",
      device, sql_hour(from), sql_hour(to), below);
}

Result<std::vector<std::string>> PostgresRetentionStore::chunks(const DeviceHour& of) {
  GL_TRY(const auto rows,
         connection_.query("SELECT bytes FROM block WHERE device = $1 AND hour = $2 ORDER BY chunk",
                           of.device, sql_hour(of.hour)));
  std::vector<std::string> chunks;
  chunks.reserve(rows.size());
  for (const Row row : rows) chunks.emplace_back(row.bytes(0));
  return chunks;
}

Status PostgresRetentionStore::replace_by_rollups(const DeviceHour& of, std::string_view rollups) {
  constexpr std::string_view kPut =
      "INSERT INTO rollup_hour (device, hour, bytes) VALUES ($1, $2, $3) "
      "ON CONFLICT (device, hour) DO NOTHING";
  return in_transaction([&]() -> Status {
    GL_TRY(const auto connection, connection_.get());
    GL_TRY(make_months(*connection, {month_of(sql_hour(of.hour))}));
    GL_TRY(connection_.query(kPut, of.device, sql_hour(of.hour), Bytes{rollups}));
    const auto removed = removed_by("DELETE FROM block WHERE device = $1 AND hour = $2", of.device,
                                    sql_hour(of.hour));
    return removed ? Status() : std::unexpected(removed.error());
  });
}

Result<std::size_t> PostgresRetentionStore::remove_rollups(DeviceNumber device, std::int64_t before,
                                                           std::size_t most) {
  const auto quarters =
      removed_by(kRemoveReadings, device, begin_of(before), static_cast<std::int64_t>(4 * most));
  if (!quarters) return quarters;
  return removed_by(
      "WITH chosen AS (SELECT hour FROM rollup_hour WHERE device = $1 AND hour < $2 ORDER BY hour "
      "LIMIT $3) DELETE FROM rollup_hour AS old USING chosen WHERE device = $1 "
      "AND old.hour = chosen.hour",
      device, sql_hour(before), static_cast<std::int64_t>(most));
}

Result<bool> PostgresRetentionStore::remove_all_rollups(std::int64_t before) {
  GL_TRY(const auto connection, connection_.get());
  return drop_old_month(*connection, before, connection_.fence());
}

Result<std::size_t> PostgresRetentionStore::remove_audit(std::int64_t before_ms, std::size_t most) {
  return remove_old_audit(connection_, before_ms, most);
}

Result<std::size_t> PostgresRetentionStore::remove_events(std::int64_t before_ms,
                                                          std::size_t most) {
  return removed_by(
      "DELETE FROM event WHERE id IN "
      "(SELECT id FROM event WHERE NOT open AND at_ms < $1 ORDER BY at_ms LIMIT $2)",
      before_ms, static_cast<std::int64_t>(most));
}

Result<bool> PostgresRetentionStore::return_space() {
  GL_TRY(const auto connection, connection_.get());
  GL_TRY(make_months_ahead(*connection));
  return drop_old_month(*connection, kNever, connection_.fence());
}

Result<std::vector<RunningDay>> PostgresRetentionStore::running_days() {
  GL_TRY(const auto rows,
         connection_.query("SELECT day, ran_ms, first_mark FROM running_day ORDER BY day"));
  std::vector<RunningDay> days;
  days.reserve(rows.size());
  for (const Row row : rows) {
    days.push_back({.day = row.integer(0), .ran_ms = row.integer(1), .first_mark = row.integer(2)});
  }
  return days;
}

Status PostgresRetentionStore::put_running_day(const RunningDay& day) {
  return in_transaction([&]() -> Status {
    const auto put = connection_.query(
        "INSERT INTO running_day VALUES ($1, $2, $3) ON CONFLICT (day) DO UPDATE "
        "SET ran_ms = excluded.ran_ms, first_mark = excluded.first_mark",
        day.day, day.ran_ms, day.first_mark);
    return put ? Status() : std::unexpected(put.error());
  });
}

Status PostgresRetentionStore::remove_running_day(std::int64_t day) {
  return in_transaction([&]() -> Status {
    const auto removed = removed_by("DELETE FROM running_day WHERE day = $1", day);
    return removed ? Status() : std::unexpected(removed.error());
  });
}

}  // namespace gridloom::history
