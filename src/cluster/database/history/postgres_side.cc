#include "database/history/postgres_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "database/history/hour_list.h"
#include "database/history/months.h"
#include "database/history/quarter_rows.h"
#include "database/history/schema.h"
#include "history/store/history_side.h"
#include "postgres/table_connection.h"

namespace gridloom::history {
namespace {

using postgres::Connection;
using tables::Table;
using transfer::bytes_in;
using transfer::number_in;
using transfer::Row;
using transfer::Span;

DeviceHour hour_in(const Row& row) {
  return {.device = number_in(row, 0), .hour = number_in(row, 1)};
}

bool has_hours(const Table& table) {
  return &table == &kRollups || &table == &kChunks || &table == &kEnergies;
}

class PostgresSide final : public HistorySide {
 public:
  explicit PostgresSide(Connection& connection)
      : HistorySide(std::make_unique<postgres::PostgresTableConnection>(connection)),
        postgres_(connection) {}

 private:
  // Makes the rows for SQL, and the partitions of all rows.
  Status prepare(const Table& table, const std::vector<Row>& rows) override {
    quarters_ = {};
    if (!has_hours(table)) return {};
    std::set<Month> months;
    for (const Row& row : rows) {
      const std::int64_t hour = number_in(row, 1);
      if (sql_hour(hour) != hour) {
        return fail(ErrorCode::kMalformed, fmt::format("no hour has the number {}", hour));
      }
      months.insert(month_of(hour));
    }
    if (&table == &kRollups) prepare_rollups(rows);
    if (&table == &kChunks) prepare_chunks(rows);
    if (&table == &kEnergies) prepare_energies(rows);
    quarters_.add_months(months);
    return make_months(postgres_, months);
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
  Status removing(const Table& table, const Span& span) override {
    if (!has_hours(table)) return {};
    const tables::SpanOfKeys keys(table, span, connection().order_of(table));
    if (&table == &kEnergies) return remove_energies_of(keys);
    return connection().each(
        fmt::format("DELETE FROM reading_quarter AS old USING (SELECT DISTINCT device, hour FROM "
                    "{} {}) AS gone WHERE old.device = gone.device "
                    "AND at >= to_timestamp(gone.hour * 3600.0) "
                    "AND at < to_timestamp((gone.hour + 1) * 3600.0){}",
                    table.name, keys.where(),
                    &table == &kChunks ? " AND NOT EXISTS (SELECT FROM rollup_hour AS kept WHERE "
                                         "kept.device = gone.device AND kept.hour = gone.hour)"
                                       : ""),
        keys.parameters(), [](const tables::RowView&) -> Result<bool> { return true; });
  }

  Status remove_energies_of(const tables::SpanOfKeys& keys) {
    std::vector<std::pair<DeviceHour, std::string>> old;
    GL_TRY(connection().read(kEnergies, keys.sql(), keys.parameters(),
                             [&old](const tables::RowView& row) -> Result<bool> {
                               old.push_back({{.device = row.integer(0), .hour = row.integer(1)},
                                              std::string(row.bytes(2))});
                               return true;
                             }));
    for (const auto& [of, bytes] : old) {
      GL_TRY(remove_energies(postgres_, of, bytes));
    }
    return {};
  }

  // Rollups count as what an hour keeps once they are stored.
  Status insert(const Table& table, const std::vector<Row>& rows) override {
    if (&table == &kRollups) {
      GL_TRY(put_readings(postgres_, quarters_));
    }
    GL_TRY(HistorySide::insert(table, rows));
    if (&table == &kChunks) return put_readings(postgres_, quarters_);
    return &table == &kEnergies ? put_energies(postgres_, quarters_) : Status();
  }

  Connection& postgres_;
  QuarterRows quarters_;  // of the rows that are written next
};

}  // namespace

Result<std::unique_ptr<transfer::Target>> open_history_in(Connection& connection) {
  GL_TRY(make_history_tables(connection));
  return std::make_unique<PostgresSide>(connection);
}

}  // namespace gridloom::history
