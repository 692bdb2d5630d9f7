#include "database/history/schema.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "database/history/sql_views.h"
#include "postgres/migrate.h"

namespace gridloom::history {
namespace {

// Texts of devices are bytea: PostgreSQL's text refuses some bytes, and a row that is refused would
// keep all that comes after it from being stored.
//
// writer: the number of transactions of the one server that writes. Each of them counts it up from
// the number that the server knows, so that none is made on top of another program's, and so that
// the server can tell whether a COMMIT was carried out that was not answered. It is the `mark` of
// the rows that the transaction wrote.
// part: how far the journal was taken, by partition (base/partition.h). Both have room for their
// next versions on each page, so that an update changes no index.
// block: bytes are compressed already. The chunks of an hour count from 0.
// taken: hours of which more than `part` tells is stored.
// event: `open` is the beginning of a fault that has not ended.
// audit_entry: `at_ms` is what retention goes by: the entry's time; the least number if it has
// none; the greatest if it cannot be read.
// reading_quarter, energy_quarter: for SQL alone (see reading_rows.h); the columns of
// energy_quarter are the names of energy flows (history/energy/energy_flow.h), in Wh.
constexpr std::string_view kTables = R"(
CREATE TABLE writer (
  one smallint PRIMARY KEY CHECK (one = 1),
  number bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO writer VALUES (1, 0);
CREATE TABLE part (
  p int PRIMARY KEY CHECK (p BETWEEN 0 AND 63),
  position bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO part SELECT p, 0 FROM generate_series(0, 63) AS p;
CREATE TABLE field_name (
  id int PRIMARY KEY,
  name text NOT NULL,
  bytes bytea NOT NULL
);
CREATE TABLE block (
  device bigint NOT NULL,
  hour int NOT NULL,
  chunk int NOT NULL,
  mark bigint NOT NULL,
  over boolean NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (device, hour, chunk)
) PARTITION BY RANGE (hour);
ALTER TABLE block ALTER bytes SET STORAGE EXTERNAL;
CREATE INDEX open_hour ON block (device, hour) WHERE NOT over;
CREATE TABLE energy_hour (
  device bigint NOT NULL,
  hour int NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (device, hour)
) PARTITION BY RANGE (hour);
CREATE TABLE rollup_hour (
  device bigint NOT NULL,
  hour int NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (device, hour)
) PARTITION BY RANGE (hour);
ALTER TABLE rollup_hour ALTER bytes SET STORAGE EXTERNAL;
CREATE TABLE twin (
  device bigint PRIMARY KEY,
  sn bytea NOT NULL,
  state bytea NOT NULL
);
CREATE TABLE audit_entry (
  sequence bigint PRIMARY KEY,
  at_ms bigint NOT NULL,
  is_json boolean NOT NULL,
  entry bytea NOT NULL
);
CREATE TABLE event (
  id bigint PRIMARY KEY,
  device bigint NOT NULL,
  at_ms bigint NOT NULL,
  kind int NOT NULL,
  since_ms bigint NOT NULL,
  count bigint NOT NULL,
  field bytea NOT NULL,
  text bytea NOT NULL,
  open boolean NOT NULL
);
CREATE INDEX event_of_device ON event (device, at_ms, id);
CREATE INDEX closed_event ON event (at_ms) WHERE NOT open;
CREATE INDEX open_fault ON event (device) WHERE open;
CREATE TABLE taken (
  device bigint NOT NULL,
  hour int NOT NULL,
  record bigint NOT NULL,
  PRIMARY KEY (device, hour)
);
CREATE TABLE running_day (
  day bigint PRIMARY KEY,
  ran_ms bigint NOT NULL,
  first_mark bigint NOT NULL
);
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

constexpr std::array kSteps = {
    postgres::Migration{.version = 1, .usable_from = 1, .sql = kTables},
};

}  // namespace

Status migrate_history(postgres::Connection& connection) {
  return postgres::migrate(connection, kPostgresPart, kSteps);
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
    GL_TRY(migrate_history(connection));
    schemas.push_back(connection.schema());
  }
  GL_TRY(auto connection, Connection::open(settings, options));
  return make_sql_views_of_slots(connection, schemas);
}

}  // namespace gridloom::history
