// The interface through which the hub writes what must not be lost (reports, sets, sign-ins) before
// it acknowledges it. A log on disk implements the interface; a test does with a list.
//
// Thread rule: any function from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/loop.h"

namespace gridloom::journal {

// The content of a record's payload; 5 is an entry of a copy of a log (jetstream/slot_copy.h).
enum class RecordKind : std::uint8_t {
  kReports = 1,  // a batch (journal/batch.h)
  kAudit = 2,    // a JSON object
  kTurn = 3,     // a batch and the changes of MQTT sessions that are atomic with it (turn.h)
  kEvents = 4,   // events of devices (device_event.h)
};

struct Record {
  std::uint64_t sequence = 0;
  RecordKind kind{};
  std::string_view payload{};
};

// Names of values that the platform itself writes among a device's values. They begin with '$',
// which no field's name does: kPresence says whether the device is connected ("1", "0"), kResent
// that a report may have been received before.
inline constexpr std::string_view kPresence = "$online";
inline constexpr std::string_view kResent = "$resent";
[[nodiscard]] constexpr bool is_own(std::string_view name) { return name.starts_with('$'); }

// The last value that a device reported for one field.
struct LastValue {
  std::string name;
  std::string text;  // JSON
};

class Journal {
 public:
  Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  virtual ~Journal() = default;

  // `durable` is called once the record survives a loss of power, in the order of the records, on
  // a thread of the journal: it must not block. It may be empty. Returns the record's sequence
  // number: numbers grow in the order of the calls and are never reused, across restarts too.
  // `waiters` says about how many clients wait for the record before they send more: the log
  // decides by it when to sync (journal/local/commit_rule.h).
  std::uint64_t append(RecordKind kind, std::string payload, Task durable,
                       std::size_t waiters = 1) {
    return append_record(kind, std::move(payload), std::move(durable), waiters);
  }
  // Backpressure: more records wait for the disk than the limit allows, and callers that can wait
  // should append nothing now.
  [[nodiscard]] virtual bool behind() const = 0;
  // Why nothing becomes durable at present, in words; empty: records do become durable.
  [[nodiscard]] virtual std::string failing() const = 0;

 private:
  virtual std::uint64_t append_record(RecordKind kind, std::string payload, Task durable,
                                      std::size_t waiters) = 0;
};

}  // namespace gridloom::journal
