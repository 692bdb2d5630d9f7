#include "database/history/postgres_companion.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "base/clock.h"
#include "database/history/hour_list.h"
#include "database/history/quarter_rows.h"
#include "history/blocks/hours.h"
#include "postgres/connection.h"

namespace gridloom::history {
namespace {

using postgres::Connection;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
// Rows of quarters that are removed at once, at least: a row of an hour has some of them.
constexpr std::size_t kQuarterRowsAtOnce = 64;

constexpr std::string_view kRemoveReadings =
    "WITH chosen AS (SELECT at FROM reading_quarter WHERE device = $1 AND at < $2 ORDER BY at "
    "LIMIT $3) DELETE FROM reading_quarter AS old USING chosen WHERE device = $1 AND old.at = "
    "chosen.at";
constexpr std::string_view kRemoveEnergies =
    "WITH chosen AS (SELECT at, hour FROM energy_quarter WHERE device = $1 ORDER BY at, hour "
    "LIMIT $2) DELETE FROM energy_quarter AS old USING chosen "
    "WHERE device = $1 AND old.at = chosen.at AND old.hour = chosen.hour";

TimePoint begin_of(std::int64_t hour) { return TimePoint(Millis(sql_hour(hour) * kHour_ms)); }

class Quarters final : public DerivedRows {
 public:
  Quarters(PostgresCompanion& companion, const std::vector<DeviceHour>& hours,
           const std::vector<Companion::Over>& over,
           const std::vector<const Changes::Energies*>& energies)
      : companion_(companion) {
    for (const DeviceHour& of : hours) months_.insert(month_of(of.hour));
    for (const Companion::Over& each : over) {
      rows_.over.push_back(each.of);
      std::ranges::move(reading_rows(each.of, *each.chunks), std::back_inserter(rows_.readings));
    }
    for (const Changes::Energies* each : energies) {
      months_.insert(month_of(each->of.hour));
      replaced_.add(each->of);
      std::ranges::move(energy_rows(each->of, each->bytes), std::back_inserter(rows_.energies));
    }
    rows_.add_months(months_);
  }

  Status make_room() override { return companion_.make_sure_of_months(months_); }
  Status keep_room() override {
    GL_TRY(const auto connection, companion_.connection().connection());
    return keep_months(*connection, months_);
  }
  Status put_hours() override {
    GL_TRY(const auto connection, companion_.connection().connection());
    return put_readings(*connection, rows_);
  }
  Status put_energies() override {
    if (replaced_.empty()) return {};
    GL_TRY(const auto connection, companion_.connection().connection());
    GL_TRY(remove_replaced(*connection));
    return history::put_energies(*connection, rows_);
  }

 private:
  Status remove_replaced(Connection& connection) const {
    GL_TRY(const auto old,
           connection.query(
               "SELECT old.* FROM unnest($1, $2) AS of (device, hour) CROSS JOIN LATERAL "
               "(SELECT device, hour, bytes FROM energy_hour WHERE energy_hour.device = of.device "
               "AND energy_hour.hour = of.hour OFFSET 0) AS old",
               replaced_.devices(), replaced_.hours()));
    for (const postgres::Row row : old) {
      GL_TRY(remove_energies(connection, {.device = row.integer(0), .hour = row.integer(1)},
                             row.bytes(2)));
    }
    return {};
  }

  PostgresCompanion& companion_;
  std::set<Month> months_;  // of all rows
  HourList replaced_;       // whose energies are
  QuarterRows rows_;
};

}  // namespace

Status PostgresCompanion::begins(const LogMove& move) {
  if (!fence_) return {};
  GL_TRY(const auto connection, connection_.connection());
  return fence_->check_and_move(*connection, {.from = move.from, .to = move.to});
}

Status PostgresCompanion::make_sure_of_months(const std::set<Month>& months) {
  std::set<Month> missing;
  std::ranges::set_difference(months, months_, std::inserter(missing, missing.end()));
  if (missing.empty()) return {};
  GL_TRY(const auto connection, connection_.connection());
  GL_TRY(make_months(*connection, missing));
  months_.merge(missing);
  return {};
}

std::unique_ptr<DerivedRows> PostgresCompanion::derive(
    const std::vector<DeviceHour>& hours, const std::vector<Over>& over,
    const std::vector<const Changes::Energies*>& energies) {
  if (hours.empty() && energies.empty()) return nullptr;
  return std::make_unique<Quarters>(*this, hours, over, energies);
}

Result<std::size_t> PostgresCompanion::remove_derived(RetentionStore::Kind kind,
                                                      DeviceNumber device, std::int64_t before,
                                                      std::size_t most) {
  using Kind = RetentionStore::Kind;
  if (kind != Kind::kRollups && kind != Kind::kEnergies) return std::size_t{0};
  const auto limit = static_cast<std::int64_t>(std::max(most, kQuarterRowsAtOnce));
  GL_TRY(const auto connection, connection_.connection());
  GL_TRY(const auto removed,
         kind == Kind::kRollups
             ? connection->query(kRemoveReadings, device, begin_of(before), limit)
             : connection->query(kRemoveEnergies, device, limit));
  return static_cast<std::size_t>(removed.changed());
}

Status PostgresCompanion::make_room(std::int64_t hour) {
  GL_TRY(const auto connection, connection_.connection());
  return make_months(*connection, {month_of(sql_hour(hour))});
}

Result<bool> PostgresCompanion::remove_all_rollups(std::int64_t before) {
  GL_TRY(const auto connection, connection_.connection());
  return drop_old_month(*connection, before, fence_.get());
}

Result<bool> PostgresCompanion::return_space() {
  GL_TRY(const auto connection, connection_.connection());
  GL_TRY(make_months_ahead(*connection));
  return drop_old_month(*connection, kNever, fence_.get());
}

}  // namespace gridloom::history
