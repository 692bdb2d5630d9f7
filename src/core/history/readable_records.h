// The audit rows and events of records, from the moment when they are durable until they are
// stored: they can be read from memory meanwhile.
//
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "history/store/store.h"
#include "journal/journal.h"

namespace gridloom::history {

// Whether what a record of the kind has can be read as soon as it is durable.
[[nodiscard]] constexpr bool is_readable_at_once(journal::RecordKind kind) {
  return kind == journal::RecordKind::kAudit || kind == journal::RecordKind::kEvents;
}

class ReadableRecords {
 public:
  ReadableRecords() = default;
  // The rows and events that another process has.
  ReadableRecords(std::vector<AuditRow> audit, std::vector<StoredEvent> events)
      : audit_(std::move(audit)), events_(std::move(events)) {}

  // A record that is_readable_at_once(); in log order. kMalformed: it has no events.
  [[nodiscard]] Status add(std::uint64_t sequence, journal::RecordKind kind,
                           std::string_view payload);

  // In order.
  [[nodiscard]] std::vector<AuditRow> audit() const;
  [[nodiscard]] std::vector<StoredEvent> events() const;
  [[nodiscard]] std::vector<StoredEvent> events_of(DeviceNumber device) const;
  // The beginnings of faults that have not ended; `stored`: those that are open in the store.
  [[nodiscard]] std::vector<StoredEvent> open_faults(std::vector<StoredEvent> stored) const;
  // Much of it waits to be stored.
  [[nodiscard]] bool is_much() const;

  // The first of them are stored.
  void drop(std::size_t audit, std::size_t events);
  // The device was removed.
  void purge(DeviceNumber device);

 private:
  mutable std::mutex mutex_;  // guards the members below
  std::vector<AuditRow> audit_;
  std::vector<StoredEvent> events_;
};

}  // namespace gridloom::history
