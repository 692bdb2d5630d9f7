#include "database/history/months.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/blocks/hours.h"
#include "postgres/connection.h"

namespace gridloom::history {
namespace {

using postgres::Connection;
using postgres::Rows;
using postgres::Transaction;

constexpr std::int64_t kHours_a_day = 24;

struct Table {
  std::string_view name;
  enum class Key : std::uint8_t { kHour, kTime } key{};
  // The rows of each device are removed once they are old, all at the same age.
  bool are_rollups = false;
};
constexpr std::array kTables = {
    Table{.name = "block", .key = Table::Key::kHour},
    Table{.name = "energy_hour", .key = Table::Key::kHour},
    Table{.name = "rollup_hour", .key = Table::Key::kHour, .are_rollups = true},
    Table{.name = "reading_quarter", .key = Table::Key::kTime, .are_rollups = true},
    Table{.name = "energy_quarter", .key = Table::Key::kTime},
};

std::string partition_of(const Table& table, Month month) {
  return fmt::format("{}_{:04}_{:02}", table.name, static_cast<int>(month.year()),
                     static_cast<unsigned>(month.month()));
}

std::string bound_of(const Table& table, Month month) {
  if (table.key == Table::Key::kHour) return fmt::format("{}", first_hour_of(month));
  return fmt::format("to_timestamp({})", first_hour_of(month) * (kHour_ms / 1000));
}

// The month of a partition's name.
std::optional<Month> month_of_name(std::string_view partition) {
  if (partition.size() < 8) return std::nullopt;
  int year = 0;
  unsigned month = 0;
  const std::string_view text = partition.substr(partition.size() - 7);
  const auto [year_end, year_error] = std::from_chars(text.begin(), text.begin() + 4, year);
  const auto [end, error] = std::from_chars(text.begin() + 5, text.end(), month);
  const Month found = std::chrono::year(year) / std::chrono::month(month);
  if (year_error != std::errc() || error != std::errc() || !found.ok()) return std::nullopt;
  return found;
}

// A partition that is attached in this way does not hold up readers or writers of other months.
std::string making_of(const Table& table, Month month) {
  const std::string partition = partition_of(table, month);
  return fmt::format(
      "CREATE TABLE {0} (LIKE {1} INCLUDING ALL);"
      "ALTER TABLE {1} ATTACH PARTITION {0} FOR VALUES FROM ({2}) TO ({3});",
      partition, table.name, bound_of(table, month),
      bound_of(table, month + std::chrono::months(1)));
}

// to_regclass() would answer from a cache of the session, which does not hear of what another one
// made while this one waited for the lock.
Result<bool> exists(Connection& connection, std::string_view name) {
  GL_TRY(
      const auto found,
      connection.query("SELECT EXISTS (SELECT FROM pg_class WHERE relname = $1 AND relnamespace = "
                       "(SELECT oid FROM pg_namespace WHERE nspname = current_schema()))",
                       name));
  return found[0].boolean(0);
}

Result<Month> present_month(Connection& connection) {
  GL_TRY(const auto hour,
         connection.integer("SELECT CAST(floor(extract(epoch FROM now()) / 3600) AS bigint)"));
  return month_of(hour);
}

Status lock(Connection& connection) {
  GL_TRY(connection.query("SELECT pg_advisory_xact_lock(hashtext($1))",
                          fmt::format("gridloom months of {}", connection.schema())));
  return {};
}

Status make_month(Connection& connection, Month month) {
  std::optional<Transaction> own;
  if (!connection.is_in_transaction()) {
    GL_TRY(auto transaction, Transaction::begin(connection));
    own.emplace(std::move(transaction));
  }
  GL_TRY(lock(connection));
  std::string script;
  for (const Table& table : kTables) {
    GL_TRY(const auto there, exists(connection, partition_of(table, month)));
    if (!there) script += making_of(table, month);
  }
  if (script.empty()) return {};
  GL_TRY(connection.run(script));
  return own ? own->commit() : Status();
}

struct Partition {
  std::string name;
  Month month;
  bool has_rows = false;
};
// Under the lock: has_rows() fails at a partition that another session drops meanwhile.
Result<std::vector<Partition>> partitions_of(Connection& connection, const Table& table) {
  GL_TRY(const auto transaction, Transaction::begin(connection));
  GL_TRY(lock(connection));
  GL_TRY(const auto rows,
         connection.query(
             "SELECT CAST(child.relname AS text), has_rows(child.oid) FROM pg_inherits "
             "JOIN pg_class AS child ON child.oid = inhrelid WHERE inhparent = to_regclass($1)",
             table.name));
  std::vector<Partition> found;
  for (const postgres::Row row : rows) {
    if (const auto month = month_of_name(row.bytes(0)); month) {
      found.push_back(
          {.name = std::string(row.bytes(0)), .month = *month, .has_rows = row.boolean(1)});
    }
  }
  return found;
}

enum class Drop : std::uint8_t { kAlways, kIfEmpty };

// Others wait for the lock, so it is given up soon.
Result<bool> drop(Connection& connection, const Table& table, const Partition& partition,
                  Drop which, const cluster::OwnerFence* fence) {
  GL_TRY(auto transaction, Transaction::begin(connection));
  GL_TRY(fence != nullptr ? fence->check(connection) : Status());
  GL_TRY(lock(connection));
  GL_TRY(const auto there, exists(connection, partition.name));
  if (!there) return false;
  GL_TRY(connection.run(
      fmt::format("SET LOCAL lock_timeout = {}; LOCK TABLE {}, {} IN ACCESS EXCLUSIVE MODE",
                  kPatience_ms, table.name, partition.name)));
  if (which == Drop::kIfEmpty) {
    GL_TRY(const auto any, connection.query("SELECT has_rows(to_regclass($1))", partition.name));
    if (any[0].boolean(0)) return false;
  }
  GL_TRY(connection.run(fmt::format("DROP TABLE {}", partition.name)));
  GL_TRY(transaction.commit());
  return true;
}

}  // namespace

Month month_of(std::int64_t hour) {
  const std::int64_t day = hour >= 0 ? hour / kHours_a_day : (hour + 1) / kHours_a_day - 1;
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  return date.year() / date.month();
}

std::int64_t first_hour_of(Month month) {
  const std::chrono::sys_days day(month / std::chrono::day(1));
  return std::int64_t{day.time_since_epoch().count()} * kHours_a_day;
}

Status make_months(Connection& connection, const std::set<Month>& months) {
  for (const Month month : months) {
    bool is_there = true;
    for (const Table& table : kTables) {
      GL_TRY(const auto there, exists(connection, partition_of(table, month)));
      is_there = is_there && there;
    }
    if (is_there) continue;
    GL_TRY(make_month(connection, month));
  }
  return {};
}

Status keep_months(Connection& connection, const std::set<Month>& months) {
  GL_TRY(lock(connection));
  return make_months(connection, months);
}

Status make_months_ahead(Connection& connection) {
  GL_TRY(const auto month, present_month(connection));
  return make_months(connection,
                     {month, month + std::chrono::months(1), month + std::chrono::months(2)});
}

Result<bool> drop_old_month(Connection& connection, std::int64_t rollups_before,
                            const cluster::OwnerFence* fence) {
  GL_TRY(const auto present, present_month(connection));
  for (const Table& table : kTables) {
    GL_TRY(const auto partitions, partitions_of(connection, table));
    for (const Partition& each : partitions) {
      if (each.month >= present) continue;
      const bool is_old =
          table.are_rollups && first_hour_of(each.month + std::chrono::months(1)) <= rollups_before;
      if (each.has_rows && !is_old) continue;
      auto dropped = drop(connection, table, each, is_old ? Drop::kAlways : Drop::kIfEmpty, fence);
      if (!dropped || *dropped) return dropped;
    }
  }
  return false;
}

}  // namespace gridloom::history
