#include "history/sqlite/row_checksum.h"

#include <string>
#include <utility>

#include "base/row_checksum.h"

namespace gridloom::history {

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

}  // namespace gridloom::history
