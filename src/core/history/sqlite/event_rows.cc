#include "history/sqlite/event_rows.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "history/sqlite/row_check.h"

namespace gridloom::history {
namespace {

using journal::EventKind;
using storage::Database;
using storage::Statement;

struct EventRow {
  StoredEvent stored;
  FaultState state = FaultState::kClosed;
};

// The columns: id, device, at, kind, since, count, field, text, open, checksum. Nothing: the row is
// damaged.
std::optional<EventRow> row_of(const Statement& row) {
  EventRow read{.stored = {.id = static_cast<std::uint64_t>(row.integer(0)),
                           .event = {.device = row.integer(1),
                                     .at_ms = row.integer(2),
                                     .kind = static_cast<EventKind>(row.integer(3)),
                                     .since_ms = row.integer(4),
                                     .count = static_cast<std::uint64_t>(row.integer(5)),
                                     .field = std::string(row.bytes(6)),
                                     .text = std::string(row.bytes(7))}},
                .state = row.integer(8) != 0 ? FaultState::kOpen : FaultState::kClosed};
  if (row.integer(9) != event_checksum(read.stored, read.state)) return std::nullopt;
  return read;
}

void note_damaged(DamagedRows& damaged, const Statement& row) {
  damaged.found({.table = RowTable::kEvent, .key = row.integer(0)}, "the event is left out");
}

// The fault of the event has no other beginning that is open.
Status close_fault(Database& database, const journal::DeviceEvent& event) {
  std::vector<StoredEvent> open;
  GL_TRY(auto rows, database.prepare("SELECT * FROM event WHERE device = ? AND open = 1"));
  rows.bind(event.device);
  while (true) {
    GL_TRY(const auto stepped, rows.step());
    if (!stepped) break;
    auto row = row_of(rows);
    if (row && row->stored.event.field == event.field) open.push_back(std::move(row->stored));
  }
  for (const StoredEvent& each : open) {
    const Status closed = database.execute("UPDATE event SET open = 0, checksum = ? WHERE id = ?",
                                           event_checksum(each, FaultState::kClosed),
                                           static_cast<std::int64_t>(each.id));
    if (!closed) return closed;
  }
  return {};
}

Result<bool> is_stored(Database& database, std::int64_t id) {
  GL_TRY(auto row, database.prepare("SELECT 1 FROM event WHERE id = ?"));
  row.bind(id);
  return row.step();
}

}  // namespace

Status put_events(Database& database, const std::vector<StoredEvent>& events) {
  for (const StoredEvent& stored : events) {
    const journal::DeviceEvent& event = stored.event;
    const auto id = static_cast<std::int64_t>(stored.id);
    GL_TRY(const auto known, is_stored(database, id));
    if (known) continue;
    const bool begins = event.kind == EventKind::kFaultBegan;
    if (begins || event.kind == EventKind::kFaultEnded) {
      GL_TRY(close_fault(database, event));
    }
    const FaultState state = begins ? FaultState::kOpen : FaultState::kClosed;
    const Status put =
        database.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", id,
                         event.device, event.at_ms, std::int64_t{std::to_underlying(event.kind)},
                         event.since_ms, static_cast<std::int64_t>(event.count),
                         std::string_view(event.field), std::string_view(event.text),
                         std::int64_t{std::to_underlying(state)}, event_checksum(stored, state));
    if (!put) return put;
  }
  return {};
}

Status read_events(Database& database, DamagedRows& damaged, const EventSpan& span,
                   const StoreReader::OnEvent& on_event) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  GL_TRY(auto rows, database.prepare("SELECT * FROM event WHERE device = ?1 AND at >= ?2 AND at <= "
                                     "?3 AND (at < ?3 OR id < ?4) "
                                     "ORDER BY at DESC, id DESC"));
  rows.bind(span.device)
      .bind(span.from_ms)
      .bind(span.before.at_ms)
      .bind(static_cast<std::int64_t>(std::min(span.before.id, kMost)));
  while (true) {
    GL_TRY(const auto stepped, rows.step());
    if (!stepped) return {};
    const auto row = row_of(rows);
    if (!row) {
      note_damaged(damaged, rows);
    } else if (!on_event(row->stored)) {
      return {};
    }
  }
}

Result<std::vector<StoredEvent>> read_events_since(Database& database, DamagedRows& damaged,
                                                   std::uint64_t id, std::size_t most) {
  std::vector<StoredEvent> events;
  GL_TRY(auto rows, database.prepare("SELECT * FROM event WHERE id > ? ORDER BY id"));
  rows.bind(static_cast<std::int64_t>(id));
  while (events.size() < most) {
    GL_TRY(const auto stepped, rows.step());
    if (!stepped) break;
    if (auto row = row_of(rows)) {
      events.push_back(std::move(row->stored));
    } else {
      note_damaged(damaged, rows);
    }
  }
  return events;
}

Result<std::vector<StoredEvent>> read_open_faults(Database& database, DamagedRows& damaged) {
  std::vector<StoredEvent> open;
  GL_TRY(database.each_row("SELECT * FROM event WHERE open = 1 ORDER BY id",
                           [&](const Statement& row) {
                             if (auto known = row_of(row)) {
                               open.push_back(std::move(known->stored));
                             } else {
                               note_damaged(damaged, row);
                             }
                             return Status();
                           }));
  return open;
}

}  // namespace gridloom::history
