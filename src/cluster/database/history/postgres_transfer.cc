#include "database/history/postgres_transfer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "database/history/audit_rows.h"
#include "database/history/change_writer.h"
#include "database/history/hour_list.h"
#include "database/history/months.h"
#include "database/history/quarter_rows.h"
#include "database/history/schema.h"
#include "history/store/transfer_tables.h"
#include "postgres/copy.h"

namespace gridloom::history {
namespace {

using postgres::Bytes;
using postgres::Connection;
using postgres::CopyIn;
using transfer::bytes_in;
using transfer::number_in;
using transfer::PostgresColumn;
using transfer::PostgresTable;
using transfer::PostgresTables;
using transfer::PostgresType;
using transfer::Row;
using transfer::Span;

constexpr std::string_view kDayOfMark =
    "(SELECT coalesce(max(day), 0) FROM running_day WHERE first_mark <= block.mark)";

std::vector<PostgresTable> tables_of_hours() {
  const PostgresColumn device{.name = "device"};
  const PostgresColumn hour{.name = "hour", .type = PostgresType::kInt};
  const PostgresColumn bytes{.name = "bytes", .type = PostgresType::kBytea};
  return {
      {.table = kRollups, .name = "rollup_hour", .columns = {device, hour, bytes}},
      {.table = kChunks,
       .name = "block",
       .columns = {device,
                   hour,
                   {.name = "chunk", .type = PostgresType::kInt},
                   {.name = "over", .type = PostgresType::kBoolean},
                   bytes,
                   {.name = "mark", .read = kDayOfMark}}},
      {.table = kEnergies, .name = "energy_hour", .columns = {device, hour, bytes}},
  };
}

std::vector<PostgresTable> all_tables() {
  std::vector<PostgresTable> all{
      {.table = kNames,
       .name = "field_name",
       .columns = {{.name = "id", .type = PostgresType::kInt},
                   {.name = "bytes", .type = PostgresType::kBytea}}},
      {.table = kRunningDays,
       .name = "running_day",
       .columns = {{.name = "day"}, {.name = "ran_ms"}}},
  };
  std::ranges::move(tables_of_hours(), std::back_inserter(all));
  all.push_back({.table = kTwins,
                 .name = "twin",
                 .columns = {{.name = "device"},
                             {.name = "sn", .type = PostgresType::kBytea},
                             {.name = "state", .type = PostgresType::kBytea}}});
  all.push_back(
      {.table = kAudit,
       .name = "audit_entry",
       .columns = {{.name = "sequence"}, {.name = "entry", .type = PostgresType::kBytea}}});
  all.push_back({.table = kEvents,
                 .name = "event",
                 .columns = {{.name = "id"},
                             {.name = "device"},
                             {.name = "at_ms"},
                             {.name = "kind", .type = PostgresType::kInt},
                             {.name = "since_ms"},
                             {.name = "count"},
                             {.name = "field", .type = PostgresType::kBytea},
                             {.name = "text", .type = PostgresType::kBytea},
                             {.name = "open", .type = PostgresType::kBoolean}}});
  all.push_back(
      {.table = kTaken,
       .name = "taken",
       .columns = {
           {.name = "device"}, {.name = "hour", .type = PostgresType::kInt}, {.name = "record"}}});
  all.push_back({.table = kPositions,
                 .name = "part",
                 .columns = {{.name = "p", .type = PostgresType::kInt}, {.name = "position"}}});
  return all;
}

DeviceHour hour_in(const Row& row) {
  return {.device = number_in(row, 0), .hour = number_in(row, 1)};
}

Status status_of(const auto& result) { return result ? Status() : std::unexpected(result.error()); }

bool is(const PostgresTable& table, const Table& other) { return table.table.name == other.name; }

class HistoryTables final : public PostgresTables {
 public:
  explicit HistoryTables(Connection& connection) : PostgresTables(connection, all_tables()) {}

 private:
  // Makes the rows for SQL, and the partitions of all rows.
  Status prepare(const PostgresTable& table, const std::vector<Row>& rows) override {
    quarters_ = {};
    std::set<Month> months;
    if (is(table, kRollups) || is(table, kChunks) || is(table, kEnergies)) {
      for (const Row& row : rows) {
        if (sql_hour(number_in(row, 1)) != number_in(row, 1)) {
          return fail(ErrorCode::kMalformed,
                      fmt::format("no hour has the number {}", number_in(row, 1)));
        }
        months.insert(month_of(number_in(row, 1)));
      }
    }
    if (is(table, kRollups)) prepare_rollups(rows);
    if (is(table, kChunks)) prepare_chunks(rows);
    if (is(table, kEnergies)) prepare_energies(rows);
    quarters_.add_months(months);
    return make_months(connection(), months);
  }

  void prepare_rollups(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      const DeviceHour of = hour_in(row);
      quarters_.over.push_back(of);
      std::ranges::move(reading_rows(of, std::string_view(bytes_in(row, 2))),
                        std::back_inserter(quarters_.readings));
    }
  }

  // The chunks of an hour are all here (Table::group).
  void prepare_chunks(const std::vector<Row>& rows) {
    for (std::size_t i = 0; i < rows.size();) {
      const DeviceHour of = hour_in(rows[i]);
      std::vector<std::string> chunks;
      bool is_over = true;
      for (; i < rows.size() && hour_in(rows[i]) == of; ++i) {
        is_over = is_over && number_in(rows[i], 3) != 0;
        chunks.push_back(bytes_in(rows[i], 4));
      }
      if (!is_over) continue;
      quarters_.over.push_back(of);
      std::ranges::move(reading_rows(of, std::move(chunks)),
                        std::back_inserter(quarters_.readings));
    }
  }

  void prepare_energies(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      std::ranges::move(energy_rows(hour_in(row), bytes_in(row, 2)),
                        std::back_inserter(quarters_.energies));
    }
  }

  // Removes the rows that were computed from those that go.
  Status removing(const PostgresTable& table, const Span& span) override {
    if (is(table, kEnergies)) return remove_energies_of(table, span);
    if (!is(table, kChunks) && !is(table, kRollups)) return {};
    const Where where = where_of(table, span);
    return status_of(connection().query_values(
        fmt::format("DELETE FROM reading_quarter AS old USING (SELECT DISTINCT device, hour FROM "
                    "{} {}) AS gone WHERE old.device = gone.device "
                    "AND at >= to_timestamp(gone.hour * 3600.0) "
                    "AND at < to_timestamp((gone.hour + 1) * 3600.0){}",
                    table.name, where.sql,
                    is(table, kChunks) ? " AND NOT EXISTS (SELECT FROM rollup_hour AS kept WHERE "
                                         "kept.device = gone.device AND kept.hour = gone.hour)"
                                       : ""),
        where.values));
  }

  Status remove_energies_of(const PostgresTable& table, const Span& span) {
    const Where where = where_of(table, span);
    GL_TRY(const auto rows,
           connection().query_values(
               fmt::format("SELECT device, hour, bytes FROM {} {}", table.name, where.sql),
               where.values));
    for (const postgres::Row row : rows) {
      const DeviceHour of{.device = row.integer(0), .hour = row.integer(1)};
      GL_TRY(remove_energies(connection(), of, row.bytes(2)));
    }
    return {};
  }

  Status remove(const PostgresTable& table, const Span& span) override {
    if (is(table, kPositions)) return {};
    return PostgresTables::remove(table, span);
  }

  Status put(const PostgresTable& table, const std::vector<Row>& rows) override {
    if (is(table, kNames)) return put_names(rows);
    if (is(table, kRunningDays)) return put_running_days(rows);
    if (is(table, kAudit)) return put_audit_rows(rows);
    if (is(table, kPositions)) return put_positions(rows);
    // Rollups count as what an hour keeps once they are stored.
    if (is(table, kRollups)) {
      GL_TRY(put_readings(connection(), quarters_));
    }
    GL_TRY(PostgresTables::put(table, rows));
    if (is(table, kEnergies)) return put_energies(connection(), quarters_);
    if (!is(table, kChunks)) return {};
    GL_TRY(put_readings(connection(), quarters_));
    std::int64_t mark = 0;
    for (const Row& row : rows) mark = std::max(mark, number_in(row, 5));
    return raise_number(mark);
  }

  // The marks of later chunks are above.
  Status raise_number(std::int64_t mark) {
    return status_of(connection().execute("UPDATE writer SET number = $1 WHERE number < $1", mark));
  }

  Status put_names(const std::vector<Row>& rows) {
    CopyIn copy(connection());
    Status done = copy.begin("COPY field_name (id, name, bytes) FROM STDIN BINARY");
    for (const Row& row : rows) {
      if (!done) return done;
      const std::string& name = bytes_in(row, 1);
      done =
          copy.row(static_cast<std::int32_t>(number_in(row, 0)), text_of_name(name), Bytes{name});
    }
    return done ? status_of(copy.finish()) : done;
  }

  Status put_running_days(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      const Status put = status_of(connection().execute(
          "INSERT INTO running_day VALUES ($1, $2, $1)", number_in(row, 0), number_in(row, 1)));
      if (!put) return put;
    }
    return raise_number(number_in(rows.back(), 0));
  }

  Status put_audit_rows(const std::vector<Row>& rows) {
    std::vector<AuditRow> entries;
    entries.reserve(rows.size());
    for (const Row& row : rows) {
      entries.push_back(
          {.sequence = static_cast<std::uint64_t>(number_in(row, 0)), .entry = bytes_in(row, 1)});
    }
    return put_audit(connection(), entries);
  }

  Status put_positions(const std::vector<Row>& rows) {
    std::vector<std::int32_t> parts;
    std::vector<std::int64_t> positions;
    for (const Row& row : rows) {
      parts.push_back(static_cast<std::int32_t>(number_in(row, 0)));
      positions.push_back(number_in(row, 1));
    }
    return status_of(connection().execute(
        "UPDATE part SET position = of.now FROM unnest($1, $2) AS of (p, now) WHERE part.p = of.p",
        std::span<const std::int32_t>(parts), std::span<const std::int64_t>(positions)));
  }

  QuarterRows quarters_;  // of the rows that are written next
};

}  // namespace

Result<std::unique_ptr<PostgresTables>> open_postgres_tables(Connection& connection) {
  GL_TRY(migrate_history(connection));
  return std::make_unique<HistoryTables>(connection);
}

}  // namespace gridloom::history
