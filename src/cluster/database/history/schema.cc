#include "database/history/schema.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "database/history/sql_views.h"
#include "history/energy/earlier_energies.h"
#include "history/energy/energy_integrator.h"
#include "history/store/history_tables.h"
#include "postgres/table_connection.h"

namespace gridloom::history {
namespace {

// block: bytes are compressed already.
// reading_quarter, energy_quarter: for SQL alone (quarter_rows.h); the columns of energy_quarter
// are the names of energy flows (history/energy/energy_flow.h), in Wh.
constexpr std::string_view kBesides = R"(
ALTER TABLE block ALTER bytes SET STORAGE EXTERNAL;
ALTER TABLE rollup_hour ALTER bytes SET STORAGE EXTERNAL;
CREATE TABLE reading_quarter (
  device bigint NOT NULL,
  at timestamptz NOT NULL,
  fields int[] NOT NULL,
  means float8[] NOT NULL,
  PRIMARY KEY (device, at)
) PARTITION BY RANGE (at);
CREATE TABLE energy_quarter (
  device bigint NOT NULL,
  at timestamptz NOT NULL,
  hour int NOT NULL,
  pv float8,
  battery_in float8,
  battery_out float8,
  grid_in float8,
  grid_out float8,
  load float8,
  ev float8,
  heater float8,
  heatpump float8,
  pv_to_ev float8,
  pv_to_heater float8,
  pv_to_heatpump float8,
  PRIMARY KEY (device, at, hour)
) PARTITION BY RANGE (at);
CREATE FUNCTION has_rows(partition regclass) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE found boolean;
BEGIN
  EXECUTE 'SELECT EXISTS (SELECT FROM ' || partition || ')' INTO found;
  RETURN found;
END $$;
)";

// The mark of a row was the number of the transaction that wrote it. Energies of before stay in
// earlier_energy_hour, for the way back, after which this may be run again.
constexpr std::string_view kConversion = R"(
ALTER TABLE writer ADD COLUMN IF NOT EXISTS mark bigint NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS numbering bigint NOT NULL DEFAULT 0;
UPDATE writer
SET mark = number, numbering = CAST(CAST(CAST('block' AS regclass) AS oid) AS bigint);
DROP TABLE IF EXISTS earlier_energy_hour;
CREATE TABLE earlier_energy_hour (LIKE energy_hour);
)";
// Takes some rows that were not converted, each statement within the limit of a call.
constexpr std::string_view kNextEnergies =
    "INSERT INTO earlier_energy_hour SELECT device, hour, bytes FROM energy_hour "
    "WHERE (device, hour) > ($1, $2) AND substr(bytes, 1, 1) < $3 ORDER BY device, hour LIMIT 1000 "
    "RETURNING device, hour, bytes";

Status convert(postgres::Connection& connection) {
  constexpr std::array kBytes{std::string_view("bytes")};
  const std::string version(1, static_cast<char>(kEnergiesVersion));
  GL_TRY(connection.run(std::string(kConversion)));
  postgres::PostgresTableConnection in_tables(connection);
  DeviceHour last{.device = std::numeric_limits<std::int64_t>::min()};
  std::uint64_t done = 0;
  while (true) {
    GL_TRY(const auto rows,
           connection.query(kNextEnergies, last.device, last.hour, postgres::Bytes{version}));
    if (rows.empty()) return {};
    std::vector<std::string> energies;
    std::vector<tables::Row> changed;
    changed.reserve(rows.size());
    for (const postgres::Row row : rows) {
      last = std::max(last, {.device = row.integer(0), .hour = row.integer(1)});
      energies.push_back(energies_of_today(row.integer(1), row.bytes(2)));
    }
    for (std::size_t i = 0; i < energies.size(); ++i) {
      changed.push_back({tables::Bytes{energies[i]}, rows[i].integer(0), rows[i].integer(1)});
    }
    GL_TRY(in_tables.update_all(kEnergies, kBytes, changed));
    done += energies.size();
    spdlog::info("history in the database: the energies of {} hours are converted", done);
  }
}

constexpr postgres::TableSchema kSchema{
    .tables = kHistorySchema, .besides = kBesides, .earlier = 1, .convert = convert};

}  // namespace

Status make_history_tables(postgres::Connection& connection) {
  return postgres::make_tables(connection, kSchema);
}

using postgres::Connection;
using postgres::ConnectionSettings;

std::string slot_schema(std::string_view cluster_schema, cluster::Slot slot) {
  return fmt::format("{}_slot_{}", cluster_schema, cluster::number_of(slot));
}

ConnectionSettings slot_settings(const ConnectionSettings& settings, cluster::Slot slot) {
  return settings.with_schema(slot_schema(settings.schema(), slot));
}

Status make_slot_schemas(const ConnectionSettings& settings, const Connection::Options& options,
                         std::size_t slots) {
  std::vector<std::string> schemas;
  for (std::size_t i = 0; i < slots; ++i) {
    const auto slot = static_cast<cluster::Slot>(i);
    GL_TRY(auto connection, Connection::open(slot_settings(settings, slot), options));
    GL_TRY(make_history_tables(connection));
    schemas.push_back(connection.schema());
  }
  GL_TRY(auto connection, Connection::open(settings, options));
  return make_sql_views_of_slots(connection, schemas);
}

}  // namespace gridloom::history
