#include "database/history/quarter_rows.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "base/clock.h"
#include "database/history/hour_list.h"
#include "history/blocks/hours.h"
#include "history/blocks/rollup.h"
#include "history/energy/energy_integrator.h"
#include "postgres/copy.h"

namespace gridloom::history {
namespace {

using postgres::Connection;
using postgres::CopyIn;

// A counter that was silent for longer is spread over this part of the time alone.
constexpr std::int64_t kLongest_ms = std::int64_t{400} * 24 * kHour_ms;

TimePoint time_of(std::int64_t at_ms) { return TimePoint(Millis(at_ms)); }

std::optional<double> mean_of(const RollupField& field) {
  if (field.held_ms > 0) return field.integral / static_cast<double>(field.held_ms);
  if (field.count > 0) return field.sum / static_cast<double>(field.count);
  return std::nullopt;
}

using ByQuarter = std::map<std::int64_t, Energies>;

void spread(const HourEnergies::Stretch& stretch, ByQuarter& quarters) {
  const std::int64_t length_ms = stretch.to_ms - stretch.from_ms;
  if (length_ms <= 0) return;
  const std::int64_t begin_ms = std::max(stretch.from_ms, stretch.to_ms - kLongest_ms);
  for (std::int64_t quarter = begin_ms / kQuarter_ms; quarter * kQuarter_ms < stretch.to_ms;
       ++quarter) {
    const std::int64_t from_ms = std::max(begin_ms, quarter * kQuarter_ms);
    const std::int64_t to_ms = std::min(stretch.to_ms, (quarter + 1) * kQuarter_ms);
    quarters[quarter].of(stretch.flow) +=
        stretch.wh * static_cast<double>(to_ms - from_ms) / static_cast<double>(length_ms);
  }
}

ByQuarter quarters_of(const DeviceHour& of, std::string_view bytes) {
  const auto energies = energies_of(of.hour, bytes);
  if (!energies) return {};
  ByQuarter quarters = energies->quarters;
  for (const HourEnergies::Stretch& stretch : energies->stretches) spread(stretch, quarters);
  return quarters;
}

std::vector<ReadingRow> rows_of(DeviceNumber device, const HourOfRollups& quarters) {
  std::vector<ReadingRow> rows;
  for (const Rollup& quarter : quarters) {
    ReadingRow row{.device = device, .at_ms = quarter.begin_ms};
    for (const RollupField& field : quarter.fields) {
      const auto mean = mean_of(field);
      if (!mean) continue;
      row.fields.push_back(static_cast<std::int32_t>(field.field));
      row.means.push_back(*mean);
    }
    if (!row.fields.empty()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::vector<ReadingRow> reading_rows(const DeviceHour& of, std::vector<std::string> chunks) {
  if (chunks.empty()) return {};
  const auto quarters = rollups_of_chunks(of.hour, std::move(chunks));
  return quarters ? rows_of(of.device, *quarters) : std::vector<ReadingRow>();
}

std::vector<ReadingRow> reading_rows(const DeviceHour& of, std::string_view rollups) {
  const auto quarters = read_rollups(of.hour, rollups);
  return quarters ? rows_of(of.device, *quarters) : std::vector<ReadingRow>();
}

std::vector<EnergyRow> energy_rows(const DeviceHour& of, std::string_view energies) {
  std::vector<EnergyRow> rows;
  for (const auto& [quarter, sums] : quarters_of(of, energies)) {
    EnergyRow row{.of = of, .at_ms = quarter * kQuarter_ms};
    for (std::size_t flow = 0; flow < kEnergyFlows; ++flow) {
      if (sums.wh.at(flow) != 0) row.wh.at(flow) = sums.wh.at(flow);
    }
    if (std::ranges::any_of(row.wh, [](const auto& wh) { return wh.has_value(); })) {
      rows.push_back(row);
    }
  }
  return rows;
}

void QuarterRows::add_months(std::set<Month>& months) const {
  for (const ReadingRow& row : readings) months.insert(month_of(hour_of(row.at_ms)));
  for (const EnergyRow& row : energies) months.insert(month_of(hour_of(row.at_ms)));
}

// An hour that has rollups keeps the rows that it has: what comes later is a small part of it.
Status put_readings(Connection& connection, const QuarterRows& rows) {
  if (rows.over.empty()) return {};
  const HourList over(rows.over);
  // OFFSET 0 keeps the planner from looking at the whole tables once instead of once for each hour.
  GL_TRY(
      const auto kept,
      connection.query(
          "SELECT kept.* FROM unnest($1, $2) AS of (device, hour) CROSS JOIN LATERAL "
          "(SELECT device, hour FROM rollup_hour "
          "WHERE rollup_hour.device = of.device AND rollup_hour.hour = of.hour OFFSET 0) AS kept",
          over.devices(), over.hours()));
  std::set<DeviceHour> with_rollups;
  for (const postgres::Row row : kept) {
    with_rollups.insert({.device = row.integer(0), .hour = row.integer(1)});
  }
  GL_TRY(
      const auto old,
      connection.query(
          "SELECT old.* FROM unnest($1, $2) AS of (device, hour) CROSS JOIN LATERAL "
          "(SELECT device, at FROM reading_quarter WHERE reading_quarter.device = of.device "
          "AND at >= to_timestamp(of.hour * 3600.0) AND at < to_timestamp((of.hour + 1) * 3600.0) "
          "OFFSET 0) AS old",
          over.devices(), over.hours()));
  for (const postgres::Row row : old) {
    const TimePoint at = row.time(1);
    if (with_rollups.contains({.device = row.integer(0), .hour = hour_of(unix_ms(at))})) continue;
    GL_TRY(connection.execute("DELETE FROM reading_quarter WHERE device = $1 AND at = $2",
                              row.integer(0), at));
  }
  CopyIn copy(connection);
  Status done = copy.begin("COPY reading_quarter (device, at, fields, means) FROM STDIN BINARY");
  for (const ReadingRow& row : rows.readings) {
    if (!done) return done;
    if (with_rollups.contains({.device = row.device, .hour = hour_of(row.at_ms)})) continue;
    done = copy.row(row.device, time_of(row.at_ms), std::span<const std::int32_t>(row.fields),
                    std::span<const double>(row.means));
  }
  if (!done) return done;
  const auto copied = copy.finish();
  return copied ? Status() : std::unexpected(copied.error());
}

Status put_energies(Connection& connection, const QuarterRows& rows) {
  if (rows.energies.empty()) return {};
  CopyIn copy(connection);
  Status done = copy.begin(
      "COPY energy_quarter (device, at, hour, pv, battery_in, battery_out, grid_in, grid_out, "
      "load, ev, heater, heatpump, pv_to_ev, pv_to_heater, pv_to_heatpump) FROM STDIN BINARY");
  for (const EnergyRow& row : rows.energies) {
    if (!done) return done;
    done = std::apply(
        [&](const auto&... wh) {
          return copy.row(row.of.device, time_of(row.at_ms), static_cast<std::int32_t>(row.of.hour),
                          wh...);
        },
        row.wh);
  }
  if (!done) return done;
  const auto copied = copy.finish();
  return copied ? Status() : std::unexpected(copied.error());
}

Status remove_energies(Connection& connection, const DeviceHour& of, std::string_view energies) {
  const ByQuarter quarters = quarters_of(of, energies);
  if (quarters.empty()) return {};
  const auto removed = connection.execute(
      "DELETE FROM energy_quarter WHERE device = $1 AND hour = $2 AND at >= $3 AND at <= $4",
      of.device, static_cast<std::int32_t>(of.hour), time_of(quarters.begin()->first * kQuarter_ms),
      time_of(quarters.rbegin()->first * kQuarter_ms));
  return removed ? Status() : std::unexpected(removed.error());
}

}  // namespace gridloom::history
