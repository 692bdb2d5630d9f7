#include "database/history/event_rows.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace gridloom::history {
namespace {

using journal::EventKind;
using postgres::Bytes;
using postgres::Connection;
using postgres::Row;

constexpr std::int32_t kAtOnce = 256;

using FaultKey = std::pair<DeviceNumber, std::string_view>;  // and its field

bool is_of_fault(const journal::DeviceEvent& event) {
  return event.kind == EventKind::kFaultBegan || event.kind == EventKind::kFaultEnded;
}

// The columns: id, device, at_ms, kind, since_ms, count, field, text.
StoredEvent event_of(const Row& row) {
  return {.id = static_cast<std::uint64_t>(row.integer(0)),
          .event = {.device = row.integer(1),
                    .at_ms = row.integer(2),
                    .kind = static_cast<EventKind>(row.integer(3)),
                    .since_ms = row.integer(4),
                    .count = static_cast<std::uint64_t>(row.integer(5)),
                    .field = std::string(row.bytes(6)),
                    .text = std::string(row.bytes(7))}};
}

Result<std::vector<StoredEvent>> events_of(const Result<postgres::Rows>& rows) {
  if (!rows) return std::unexpected(rows.error());
  std::vector<StoredEvent> events;
  events.reserve(rows->size());
  for (const Row row : *rows) events.push_back(event_of(row));
  return events;
}

Result<std::vector<const StoredEvent*>> unknown_of(Connection& connection,
                                                   const std::vector<StoredEvent>& events) {
  std::vector<std::int64_t> ids;
  ids.reserve(events.size());
  for (const StoredEvent& each : events) ids.push_back(static_cast<std::int64_t>(each.id));
  GL_TRY(const auto rows, connection.query("SELECT id FROM event WHERE id = ANY ($1)",
                                           std::span<const std::int64_t>(ids)));
  std::set<std::uint64_t> known;
  for (const Row row : rows) known.insert(static_cast<std::uint64_t>(row.integer(0)));
  std::vector<const StoredEvent*> unknown;
  for (const StoredEvent& each : events) {
    if (known.insert(each.id).second) unknown.push_back(&each);
  }
  return unknown;
}

Status close_faults(Connection& connection, const std::map<FaultKey, std::uint64_t>& faults) {
  std::vector<std::int64_t> devices;
  std::vector<Bytes> fields;
  for (const auto& [fault, id] : faults) {
    devices.push_back(fault.first);
    fields.push_back({fault.second});
  }
  const auto closed = connection.execute(
      "UPDATE event SET open = false FROM unnest($1, $2) AS of (device, field) "
      "WHERE open AND event.device = of.device AND event.field = of.field",
      std::span<const std::int64_t>(devices), std::span<const Bytes>(fields));
  return closed ? Status() : std::unexpected(closed.error());
}

}  // namespace

Status put_events(Connection& connection, const std::vector<StoredEvent>& events) {
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
  std::vector<std::vector<std::int64_t>> numbers(7);
  std::vector<Bytes> fields;
  std::vector<Bytes> texts;
  for (const StoredEvent* each : unknown) {
    const journal::DeviceEvent& event = each->event;
    const bool is_open =
        event.kind == EventKind::kFaultBegan && faults.at({event.device, event.field}) == each->id;
    const std::array values = {static_cast<std::int64_t>(each->id),
                               event.device,
                               event.at_ms,
                               std::int64_t{std::to_underlying(event.kind)},
                               event.since_ms,
                               static_cast<std::int64_t>(event.count),
                               std::int64_t{is_open}};
    for (std::size_t i = 0; i < values.size(); ++i) numbers[i].push_back(values.at(i));
    fields.push_back({event.field});
    texts.push_back({event.text});
  }
  const auto column = [&numbers](std::size_t i) {
    return std::span<const std::int64_t>(numbers[i]);
  };
  const auto put = connection.execute(
      "INSERT INTO event SELECT id, device, at_ms, kind, since_ms, count, field, text, open <> 0 "
      "FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) "
      "AS of (id, device, at_ms, kind, since_ms, count, open, field, text)",
      column(0), column(1), column(2), column(3), column(4), column(5), column(6),
      std::span<const Bytes>(fields), std::span<const Bytes>(texts));
  return put ? Status() : std::unexpected(put.error());
}

Status read_events(StoreConnection& connection, EventSpan span,
                   const StoreReader::OnEvent& on_event) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  while (true) {
    GL_TRY(const auto rows,
           connection.query(
               "SELECT id, device, at_ms, kind, since_ms, count, field, text FROM event "
               "WHERE device = $1 AND at_ms >= $2 AND (at_ms, id) < ($3, $4) "
               "ORDER BY at_ms DESC, id DESC LIMIT $5",
               span.device, span.from_ms, span.before.at_ms,
               static_cast<std::int64_t>(std::min(span.before.id, kMost)), std::int64_t{kAtOnce}));
    for (const Row row : rows) {
      const StoredEvent stored = event_of(row);
      span.before = position_of(stored);
      if (!on_event(stored)) return {};
    }
    if (rows.size() < kAtOnce) return {};
  }
}

Result<std::vector<StoredEvent>> read_events_since(StoreConnection& connection, std::uint64_t id,
                                                   std::size_t most) {
  return events_of(connection.query(
      "SELECT id, device, at_ms, kind, since_ms, count, field, text FROM event WHERE id > $1 "
      "ORDER BY id LIMIT $2",
      static_cast<std::int64_t>(id), static_cast<std::int64_t>(most)));
}

Result<std::vector<StoredEvent>> read_open_faults(StoreConnection& connection) {
  return events_of(connection.query(
      "SELECT id, device, at_ms, kind, since_ms, count, field, text FROM event WHERE open "
      "ORDER BY id"));
}

}  // namespace gridloom::history
