#include "history/store/stored_events.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "history/store/history_tables.h"

namespace gridloom::history {
namespace {

using journal::EventKind;
using tables::AnyText;
using tables::Row;
using tables::RowView;
using tables::TableConnection;

constexpr std::size_t kAtOnce = 256;

using FaultKey = std::pair<DeviceNumber, std::string>;  // and its field

bool is_of_fault(const journal::DeviceEvent& event) {
  return event.kind == EventKind::kFaultBegan || event.kind == EventKind::kFaultEnded;
}

StoredEvent event_of(const RowView& row) {
  return {.id = static_cast<std::uint64_t>(row.integer(0)),
          .event = {.device = row.integer(1),
                    .at_ms = row.integer(2),
                    .kind = static_cast<EventKind>(row.integer(3)),
                    .since_ms = row.integer(4),
                    .count = static_cast<std::uint64_t>(row.integer(5)),
                    .field = std::string(row.bytes(6)),
                    .text = std::string(row.bytes(7))}};
}

Result<std::vector<const StoredEvent*>> unknown_of(TableConnection& connection,
                                                   const std::vector<StoredEvent>& events) {
  std::vector<Row> ids;
  ids.reserve(events.size());
  for (const StoredEvent& each : events) ids.push_back({static_cast<std::int64_t>(each.id)});
  std::set<std::uint64_t> known;
  constexpr std::array kId{std::string_view("id")};
  GL_TRY(connection.read_keys(kEvents, kId, ids, [&known](const RowView& row) -> Result<bool> {
    known.insert(static_cast<std::uint64_t>(row.integer(0)));
    return true;
  }));
  std::vector<const StoredEvent*> unknown;
  for (const StoredEvent& each : events) {
    if (known.insert(each.id).second) unknown.push_back(&each);
  }
  return unknown;
}

// A fault has no other beginning that is open.
Status close_faults(TableConnection& connection, const std::map<FaultKey, std::uint64_t>& faults) {
  std::set<DeviceNumber> numbers;
  for (const auto& [fault, id] : faults) numbers.insert(fault.first);
  std::vector<Row> devices;
  devices.reserve(numbers.size());
  for (const DeviceNumber device : numbers) devices.push_back({device});
  std::vector<Row> closed;
  constexpr std::array kDevice{std::string_view("device")};
  constexpr std::array kOpen{std::string_view("open")};
  GL_TRY(connection.read_each(kEvents, kDevice, devices, "here.open",
                              [&](const RowView& row) -> Result<bool> {
                                if (faults.contains({row.integer(1), std::string(row.bytes(6))})) {
                                  closed.push_back({0, row.integer(0)});
                                }
                                return true;
                              }));
  return connection.update_all(kEvents, kOpen, closed);
}

}  // namespace

Status put_stored_events(TableConnection& connection, const std::vector<StoredEvent>& events) {
  if (events.empty()) return {};
  GL_TRY(const auto unknown, unknown_of(connection, events));
  // The last event of each fault: if that is its beginning, it is open.
  std::map<FaultKey, std::uint64_t> faults;
  for (const StoredEvent* each : unknown) {
    if (!is_of_fault(each->event)) continue;
    faults.insert_or_assign({each->event.device, each->event.field}, each->id);
  }
  if (!faults.empty()) {
    GL_TRY(close_faults(connection, faults));
  }
  std::vector<Row> rows;
  for (const StoredEvent* each : unknown) {
    const journal::DeviceEvent& event = each->event;
    const bool is_open =
        event.kind == EventKind::kFaultBegan && faults.at({event.device, event.field}) == each->id;
    rows.push_back({static_cast<std::int64_t>(each->id), event.device, event.at_ms,
                    std::int64_t{std::to_underlying(event.kind)}, event.since_ms,
                    static_cast<std::int64_t>(event.count), AnyText{event.field},
                    AnyText{event.text}, std::int64_t{is_open}});
  }
  return connection.insert_all(kEvents, rows);
}

Status read_events(TableConnection& connection, EventSpan span,
                   const StoreReader::OnEvent& on_event) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  while (true) {
    std::size_t read = 0;
    bool goes_on = true;
    GL_TRY(connection.read_ahead(
        kEvents,
        "WHERE device = $1 AND at_ms >= $2 AND at_ms <= $3 AND (at_ms < $3 OR id < $4) "
        "ORDER BY at_ms DESC, id DESC",
        {span.device, span.from_ms, span.before.at_ms,
         static_cast<std::int64_t>(std::min(span.before.id, kMost))},
        {.rows = kAtOnce}, [&](const RowView& row) -> Result<bool> {
          const StoredEvent stored = event_of(row);
          span.before = position_of(stored);
          ++read;
          goes_on = on_event(stored);
          return goes_on;
        }));
    if (!goes_on || !connection.reads_ahead() || read < kAtOnce) return {};
  }
}

Result<std::vector<StoredEvent>> read_events_since(TableConnection& connection, std::uint64_t id,
                                                   std::size_t most) {
  std::vector<StoredEvent> events;
  GL_TRY(connection.read_ahead(kEvents, "WHERE id > $1 ORDER BY id",
                               {static_cast<std::int64_t>(id)}, {.rows = most},
                               [&](const RowView& row) -> Result<bool> {
                                 events.push_back(event_of(row));
                                 return events.size() < most;
                               }));
  return events;
}

Result<std::vector<StoredEvent>> read_open_faults(TableConnection& connection) {
  std::vector<StoredEvent> open;
  GL_TRY(connection.read(kEvents, "WHERE open ORDER BY id", {},
                         [&open](const RowView& row) -> Result<bool> {
                           open.push_back(event_of(row));
                           return true;
                         }));
  return open;
}

}  // namespace gridloom::history
