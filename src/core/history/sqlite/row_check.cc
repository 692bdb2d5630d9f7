#include "history/sqlite/row_check.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/digest.h"
#include "history/blocks/chunk.h"
#include "history/blocks/rollup.h"
#include "history/energy/energy_integrator.h"
#include "history/sqlite/sqlite_store_factory.h"

namespace gridloom::history {
namespace {

using storage::Database;
using storage::Statement;

// How the rows of a table are checked. `sql` has the columns of DamagedRows::RowKey first (key,
// hour, part), then the other columns that checksum() and content() need, and the row's checksum
// last.
struct Table {
  RowTable table{};
  std::string_view sql;
  int stored = 0;  // the column of the checksum
  std::function<std::int64_t(const Statement& row)> checksum;
  std::function<Status(const Statement& row)> content{};  // checks the bytes themselves
};

Status readable_part(const Statement& row) {
  return each_row(row.bytes(4), [](std::int64_t, std::span<const Sample>) {});
}
Status readable_energies(const Statement& row) {
  const auto energies = energies_of(row.integer(1), row.bytes(3));
  return energies ? Status() : std::unexpected(energies.error());
}
Status readable_quarters(const Statement& row) {
  const auto quarters = read_rollups(row.integer(1), row.bytes(3));
  return quarters ? Status() : std::unexpected(quarters.error());
}

// tidy: table, of how the rows of each table are checked
std::vector<Table> tables() {
  const auto hours = [](RowTable table) {
    return [table](const Statement& row) {
      return row_checksum(table, {row.integer(0), row.integer(1)}, row.bytes(3));
    };
  };
  return {
      {.table = RowTable::kName,
       .sql = "SELECT id, 0, 0, name, {} FROM name ORDER BY id",
       .stored = 4,
       .checksum =
           [](const Statement& row) {
             return row_checksum(RowTable::kName, {row.integer(0)}, row.bytes(3));
           }},
      {.table = RowTable::kBlock,
       .sql = "SELECT device, hour, part, over, block, {} FROM block",
       .stored = 5,
       .checksum =
           [](const Statement& row) {
             return row_checksum(RowTable::kBlock,
                                 {row.integer(0), row.integer(1), row.integer(2), row.integer(3)},
                                 row.bytes(4));
           },
       .content = readable_part},
      {.table = RowTable::kEnergy,
       .sql = "SELECT device, hour, 0, quarters, {} FROM energy",
       .stored = 4,
       .checksum = hours(RowTable::kEnergy),
       .content = readable_energies},
      {.table = RowTable::kQuarter,
       .sql = "SELECT device, hour, 0, quarters, {} FROM quarter",
       .stored = 4,
       .checksum = hours(RowTable::kQuarter),
       .content = readable_quarters},
      {.table = RowTable::kTwin,
       .sql = "SELECT device, 0, 0, sn, state, {} FROM twin",
       .stored = 5,
       .checksum =
           [](const Statement& row) {
             return twin_checksum(row.integer(0), row.bytes(3), row.bytes(4));
           }},
      {.table = RowTable::kAudit,
       .sql = "SELECT sequence, 0, 0, entry, {} FROM audit ORDER BY sequence",
       .stored = 4,
       .checksum =
           [](const Statement& row) {
             return row_checksum(RowTable::kAudit, {row.integer(0)}, row.bytes(3));
           }},
      {.table = RowTable::kApplied,
       .sql = "SELECT one, 0, 0, sequence, {} FROM applied",
       .stored = 4,
       .checksum =
           [](const Statement& row) {
             return row_checksum(RowTable::kApplied, {row.integer(3)}, {});
           }},
      {.table = RowTable::kRunningDay,
       .sql = "SELECT day, 0, 0, ran_ms, first_row, {} FROM running_day",
       .stored = 5,
       .checksum =
           [](const Statement& row) {
             return row_checksum(RowTable::kRunningDay,
                                 {row.integer(0), row.integer(3), row.integer(4)}, {});
           }},
      {.table = RowTable::kTaken,
       .sql = "SELECT device, hour, 0, record, {} FROM taken",
       .stored = 4,
       .checksum =
           [](const Statement& row) {
             return row_checksum(RowTable::kTaken, {row.integer(0), row.integer(1), row.integer(3)},
                                 {});
           }},
      {.table = RowTable::kEvent,
       .sql = "SELECT id, 0, 0, device, at, kind, since, count, field, text, open, {} FROM event",
       .stored = 11,
       .checksum =
           [](const Statement& row) {
             return event_checksum(
                 {.id = static_cast<std::uint64_t>(row.integer(0)),
                  .event = {.device = row.integer(3),
                            .at_ms = row.integer(4),
                            .kind = static_cast<journal::EventKind>(row.integer(5)),
                            .since_ms = row.integer(6),
                            .count = static_cast<std::uint64_t>(row.integer(7)),
                            .field = std::string(row.bytes(8)),
                            .text = std::string(row.bytes(9))}},
                 row.integer(10) != 0 ? FaultState::kOpen : FaultState::kClosed);
           }},
  };
}

class Check {
 public:
  Check(Database& database, bool has_checksums) : database_(database) {
    found_.has_checksums = has_checksums;
  }

  void look_at(const Table& table) {
    std::uint64_t rows = 0;
    const std::string sql =
        fmt::format(fmt::runtime(table.sql), found_.has_checksums ? "checksum" : "NULL");
    const Status read = database_.each_row(sql, [&](const Statement& row) {
      ++rows;
      look_at(table, row);
      return Status();
    });
    found_.rows += rows;
    if (table.table == RowTable::kBlock) found_.blocks = rows;
    if (!read && read.error().code == ErrorCode::kIo) {
      found_.unread = fmt::format("table {}: {}", name_of(table.table), read.error().detail);
    } else if (!read) {
      add(fmt::format("table {} cannot be read after {} rows: {}", name_of(table.table), rows,
                      read.error().detail));
    } else if (table.table == RowTable::kApplied && rows != 1) {
      add("the number of the last stored record is not known");
    }
  }
  StoreCheck found() { return std::move(found_); }

 private:
  void look_at(const Table& table, const Statement& row) {
    const std::int64_t key = row.integer(0);
    // Fields are identified by their number: a missing name would shift the names of all later
    // ones.
    if (table.table == RowTable::kName && key != next_name_++) {
      add(fmt::format("the name of field {} is missing", next_name_ - 1));
      next_name_ = key + 1;
    }
    std::string why;
    // A block that version 1 wrote has no checksum.
    if (!row.is_null(table.stored) && row.integer(table.stored) != table.checksum(row)) {
      why = "its checksum is wrong";
    } else if (table.content) {
      if (const Status good = table.content(row); !good) why = good.error().detail;
    }
    if (why.empty() && table.table == RowTable::kApplied) {
      found_.applied = static_cast<std::uint64_t>(row.integer(3));
    }
    if (why.empty() && table.table == RowTable::kTaken) {
      const auto record = static_cast<std::uint64_t>(row.integer(3));
      found_.some_applied = std::max(found_.some_applied, record);
    }
    if (why.empty()) return;
    const DamagedRows::RowKey at{
        .table = table.table, .key = key, .hour = row.integer(1), .chunk = row.integer(2)};
    add(fmt::format("table {}, {}: {}", name_of(table.table), DamagedRows::location_of(at), why));
  }
  void add(std::string damage) {
    ++found_.damaged;
    if (found_.damages.size() < StoreCheck::kMaxDamages) {
      found_.damages.push_back(std::move(damage));
    }
  }

  Database& database_;
  StoreCheck found_;
  std::int64_t next_name_ = 0;
};

}  // namespace

Result<StoreCheck> check_rows(Database& database) {
  GL_TRY(const auto version, database.integer("PRAGMA user_version"));
  if (version < 1 || version > kStoreVersion) {
    return fail(ErrorCode::kMalformed,
                fmt::format("the file has version {}, and this version of Gridloom reads versions "
                            "up to {}",
                            version, kStoreVersion));
  }
  Check check(database, version == kStoreVersion);
  // A server creates some tables when they are missing: the file may be of an earlier program.
  std::set<std::string, std::less<>> present;
  GL_TRY(database.each_row("SELECT name FROM sqlite_schema", [&present](const Statement& row) {
    present.emplace(row.bytes(0));
    return Status();
  }));
  for (const Table& table : tables()) {
    const bool may_miss = table.table == RowTable::kRunningDay || table.table == RowTable::kTaken ||
                          table.table == RowTable::kEvent;
    if (!may_miss || present.contains(name_of(table.table))) check.look_at(table);
  }
  return check.found();
}

std::string_view name_of(RowTable table) {
  switch (table) {
    case RowTable::kName:
      return "name";
    case RowTable::kBlock:
      return "block";
    case RowTable::kEnergy:
      return "energy";
    case RowTable::kQuarter:
      return "quarter";
    case RowTable::kTwin:
      return "twin";
    case RowTable::kAudit:
      return "audit";
    case RowTable::kApplied:
      return "applied";
    case RowTable::kRunningDay:
      return "running_day";
    case RowTable::kTaken:
      return "taken";
    case RowTable::kEvent:
      return "event";
  }
  return {};
}

std::int64_t row_checksum(RowTable table, std::initializer_list<std::int64_t> keys,
                          std::string_view content) {
  return gridloom::row_checksum(std::to_underlying(table), keys, content);
}

std::int64_t twin_checksum(std::int64_t device, std::string_view sn, std::string_view state) {
  return row_checksum(RowTable::kTwin, {device, static_cast<std::int64_t>(sn.size())},
                      std::string(sn) + std::string(state));
}

std::int64_t event_checksum(const StoredEvent& stored, FaultState state) {
  const journal::DeviceEvent& event = stored.event;
  return row_checksum(
      RowTable::kEvent,
      {static_cast<std::int64_t>(stored.id), event.device, event.at_ms,
       std::to_underlying(event.kind), event.since_ms, static_cast<std::int64_t>(event.count),
       std::to_underlying(state), static_cast<std::int64_t>(event.field.size())},
      event.field + event.text);
}

std::string DamagedRows::location_of(const RowKey& row) {
  switch (row.table) {
    case RowTable::kName:
      return fmt::format("field {}", row.key);
    case RowTable::kTwin:
      return fmt::format("device {}", row.key);
    case RowTable::kEvent:
      return fmt::format("event {}", row.key);
    case RowTable::kAudit:
      return fmt::format("entry {}", row.key);
    case RowTable::kApplied:
      return "the only row";
    case RowTable::kRunningDay:
      return fmt::format("day {}", row.key);
    case RowTable::kBlock:
      return fmt::format("device {}, hour {}, chunk {}", row.key, row.hour, row.chunk);
    case RowTable::kEnergy:
    case RowTable::kQuarter:
    case RowTable::kTaken:
      return fmt::format("device {}, hour {}", row.key, row.hour);
  }
  return {};
}

void DamagedRows::found(const RowKey& row, std::string_view why) {
  {
    const std::lock_guard lock(mutex_);
    if (rows_.contains(row)) return;
    if (rows_.size() < kMax) rows_.insert(row);
  }
  spdlog::error("history.db: damaged row in table {}, {}: {}", name_of(row.table), location_of(row),
                why);
}

std::size_t DamagedRows::count() const {
  const std::lock_guard lock(mutex_);
  return rows_.size();
}

}  // namespace gridloom::history
