#include "database/history/sql_views.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "postgres/migrate.h"

namespace gridloom::history {
namespace {

constexpr std::string_view kPart = "views";

// Every view is a security barrier: no function of a reader sees a row before its rights were
// looked at. `{readings}` and `{names}` have a column `slot` in a cluster, as the numbers of fields
// are those of a slot.
constexpr std::string_view kViews = R"(
CREATE TABLE sql_reader (
  role name NOT NULL,
  account text,
  UNIQUE (role, account)
);
CREATE VIEW device WITH (security_barrier) AS
SELECT d.id AS number, d.sn AS device, d.name, a.name AS account
FROM devices AS d JOIN accounts AS a ON a.id = d.owner
WHERE pg_has_role(current_user,
        (SELECT relowner FROM pg_class WHERE oid = CAST('sql_reader' AS regclass)), 'MEMBER')
  OR EXISTS (
    SELECT FROM sql_reader AS r WHERE r.role = current_user AND (r.account IS NULL
      OR r.account = a.name
      OR EXISTS (SELECT FROM shares AS s JOIN accounts AS other ON other.id = s.account
        WHERE s.device = d.id AND other.name = r.account)));
CREATE VIEW reading WITH (security_barrier) AS
SELECT d.device, n.name AS field, q.at, q.means[f.i] AS value
FROM device AS d
JOIN {readings} AS q ON q.device = d.number
CROSS JOIN LATERAL unnest(q.fields) WITH ORDINALITY AS f (id, i)
JOIN {names} AS n ON {same_slot}n.id = f.id;
CREATE VIEW energy WITH (security_barrier) AS
SELECT d.device, q.at, flow.name AS flow, sum(flow.wh) AS wh
FROM device AS d
JOIN {energies} AS q ON q.device = d.number
CROSS JOIN LATERAL (VALUES
  ('pv', q.pv), ('battery_in', q.battery_in), ('battery_out', q.battery_out),
  ('grid_in', q.grid_in), ('grid_out', q.grid_out), ('load', q.load), ('ev', q.ev),
  ('heater', q.heater), ('heatpump', q.heatpump), ('pv_to_ev', q.pv_to_ev),
  ('pv_to_heater', q.pv_to_heater), ('pv_to_heatpump', q.pv_to_heatpump)) AS flow (name, wh)
WHERE flow.wh IS NOT NULL
GROUP BY d.device, q.at, flow.name;
)";

// Actions of others on a device are visible to its owner of that time alone: an account that was
// given the device later does not see those of before. Since when that is, the audit says.
constexpr std::string_view kAudit = R"(
CREATE OR REPLACE VIEW audit WITH (security_barrier) AS
WITH e AS NOT MATERIALIZED (
  SELECT sequence, at_ms,
    CASE WHEN at_ms BETWEEN 0 AND 253402300799000 THEN to_timestamp(at_ms / 1000.0) END AS at,
    CASE WHEN is_json THEN CAST(convert_from(entry, 'UTF8') AS jsonb) END AS entry
  FROM {audit})
SELECT e.sequence, e.at, e.entry ->> 'what' AS what, e.entry ->> 'who' AS who,
  e.entry ->> 'sn' AS device, e.entry
FROM e LEFT JOIN (
  SELECT entry ->> 'sn' AS sn, max(at_ms) AS at_ms FROM e
  WHERE entry ->> 'what' IN ('device.add', 'device.move') GROUP BY 1) AS owned
  ON owned.sn = e.entry ->> 'sn'
WHERE pg_has_role(current_user,
        (SELECT relowner FROM pg_class WHERE oid = CAST('sql_reader' AS regclass)), 'MEMBER')
  OR EXISTS (SELECT FROM sql_reader AS r WHERE r.role = current_user
    AND (r.account IS NULL OR r.account = e.entry ->> 'who'))
  OR (e.at_ms >= coalesce(owned.at_ms, e.at_ms)
    AND EXISTS (SELECT FROM device AS d JOIN sql_reader AS r ON r.account = d.account
      WHERE r.role = current_user AND d.device = e.entry ->> 'sn'));
)";

struct Views {
  std::string all;
  std::string audit;  // replaces the one of an earlier version
};

Views views_of_one_server() {
  return {.all = fmt::format(kViews, fmt::arg("readings", "reading_quarter"),
                             fmt::arg("names", "field_name"), fmt::arg("same_slot", ""),
                             fmt::arg("energies", "energy_quarter")),
          .audit = fmt::format(kAudit, fmt::arg("audit", "audit_entry"))};
}

// The rows of a table of all slots.
std::string united(std::span<const std::string> schemas, std::string_view table) {
  std::string all;
  for (std::size_t slot = 0; slot < schemas.size(); ++slot) {
    fmt::format_to(std::back_inserter(all), "{}SELECT {} AS slot, * FROM {}.{}",
                   all.empty() ? "(" : "\n  UNION ALL ", slot, schemas[slot], table);
  }
  return all + ")";
}

Views views_of_slots(std::span<const std::string> schemas) {
  return {.all = fmt::format(kViews, fmt::arg("readings", united(schemas, "reading_quarter")),
                             fmt::arg("names", united(schemas, "field_name")),
                             fmt::arg("same_slot", "n.slot = q.slot AND "),
                             fmt::arg("energies", united(schemas, "energy_quarter"))),
          .audit = fmt::format(kAudit,
                               fmt::arg("audit", united(schemas, "audit_entry") + " AS entries"))};
}

Status make(postgres::Connection& connection, const Views& views) {
  GL_TRY(const auto has_registry,
         connection.query(
             "SELECT to_regclass('devices') IS NOT NULL AND to_regclass('shares') IS NOT NULL"));
  if (!has_registry[0].boolean(0)) return {};
  const std::array steps = {
      postgres::Migration{.version = 1, .usable_from = 1, .sql = views.all},
      postgres::Migration{.version = 2, .usable_from = 1, .sql = views.audit},
  };
  return postgres::migrate(connection, kPart, steps);
}

}  // namespace

Status make_sql_views(postgres::Connection& connection) {
  return make(connection, views_of_one_server());
}

Status make_sql_views_of_slots(postgres::Connection& connection,
                               std::span<const std::string> schemas) {
  return make(connection, views_of_slots(schemas));
}

}  // namespace gridloom::history
