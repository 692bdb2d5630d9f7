#include "history/sqlite/damaged_rows.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace gridloom::history {

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
