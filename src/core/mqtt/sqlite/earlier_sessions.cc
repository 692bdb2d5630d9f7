// Version 3 had the state in two tables, `last` and `applied`, and some columns had other names.
#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

#include "base/printable.h"
#include "mqtt/session_rows.h"
#include "mqtt/sqlite/sqlite_sessions.h"
#include "tables/convert.h"
#include "tables/sqlite_connection.h"

namespace gridloom::mqtt {
namespace {

using storage::Database;
using tables::EarlierRows;

constexpr std::int64_t kVersion = 3;

// A table of that version. `columns` are those of today's table, in their order.
struct Earlier {
  const tables::Table* table = nullptr;
  int number = 0;
  std::string_view name;
  std::string_view columns;
  std::string_view key;
};
constexpr std::array kEarlier{
    Earlier{&kSessionTable, 1, "session",
            "number, user, client_id, expiry_s, parked_at, subscriptions, received, will, "
            "will_due, will_expiry_s, signed_in_as, generation",
            "number"},
    Earlier{&kMessageTable, 2, "message", "session, sequence, stage, packet_id, expires_at, packet",
            "sequence"},
    Earlier{&kRetainedTable, 3, "retained", "topic, expires_at, packet, device", "topic"},
    Earlier{&kStreamTable, 5, "stream", "number, user, client_id, receipts", "number"},
};
constexpr std::string_view kState =
    "SELECT 1 AS one, 0 AS batch, record, number FROM "
    "(SELECT record FROM applied WHERE checksum = row_checksum(6, one, record)), "
    "(SELECT number FROM last WHERE checksum = row_checksum(4, one, number))";

// "a AS b, ...": the columns under their names of today.
std::string named(const Earlier& earlier) {
  std::string list;
  std::string_view left = earlier.columns;
  for (const tables::Column& column : earlier.table->columns) {
    const std::string_view name = left.substr(0, left.find(", "));
    list += fmt::format("{}{} AS {}", list.empty() ? "" : ", ", name, column.name);
    left.remove_prefix(std::min(left.size(), name.size() + 2));
  }
  return list;
}

std::unexpected<Error> damaged_file(std::string_view why) {
  return fail(ErrorCode::kDamaged, fmt::format("{}: {}", kSessionsFile, why));
}

}  // namespace

Result<std::unique_ptr<transfer::Source>> read_earlier_sessions(Database& database,
                                                                std::vector<std::string>& damaged) {
  GL_TRY(const auto version, tables::format_of(database));
  if (version != kVersion) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} has version {}, of a program before 24 November 2026, which this "
                            "version of Gridloom does not read",
                            database.path(), version));
  }
  GL_TRY(const auto found, database.integrity());
  if (!found.empty()) return damaged_file(found.front());
  GL_TRY(const auto states, database.integer(fmt::format("SELECT count(*) FROM ({})", kState)));
  if (states != 1) return damaged_file("the rows of its state differ from what was written");
  std::vector<EarlierRows> all;
  for (const Earlier& each : kEarlier) {
    const std::string sum = fmt::format("row_checksum({}, {})", each.number, each.columns);
    all.push_back(
        {.table = each.table,
         .sql = fmt::format("SELECT {} FROM {} WHERE checksum = {}", named(each), each.name, sum)});
    GL_TRY(database.each_row(
        fmt::format("SELECT {} FROM {} WHERE checksum <> {}", each.key, each.name, sum),
        [&](const storage::Statement& row) {
          damaged.push_back(
              fmt::format("table {}, {} {}", each.name, each.key, printable(row.bytes(0))));
          return Status();
        }));
  }
  all.push_back({.table = &kStateTable, .sql = std::string(kState)});
  return tables::read_earlier(database, all);
}

}  // namespace gridloom::mqtt
