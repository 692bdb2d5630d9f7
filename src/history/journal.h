// Where the hub writes what must not be lost, before it says that it has it: reports, sets, who
// signed in. A log on disk implements it; a test does with a list.
//
// Thread rule: any function from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/loop.h"

namespace gridloom::history {

// What a record holds.
enum class RecordKind : std::uint8_t {
  kReports = 1,  // a batch (history/batch.h)
  kAudit = 2,    // a JSON object
  kTurn = 3,  // a batch, and changes of MQTT sessions that stand or fall with it (history/turn.h)
};

// What the platform itself writes among a device's values begins with '$', which no field's name
// does: whether the device is connected ("1", "0"), and that a report may have come before.
inline constexpr std::string_view kPresence = "$online";
inline constexpr std::string_view kResent = "$resent";
[[nodiscard]] constexpr bool is_own(std::string_view name) { return name.starts_with('$'); }

// What a device said last of one field.
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
  // a thread of the journal's: it must not block. May be empty. Returns the record's sequence
  // number: numbers grow in the order of the calls, and never come twice, over restarts too.
  virtual std::uint64_t append(RecordKind kind, std::string payload, Task durable) = 0;
  // More waits for the disk than may: whoever can wait appends nothing now.
  [[nodiscard]] virtual bool behind() const = 0;
  // Why nothing becomes durable now, in words; empty: it does.
  [[nodiscard]] virtual std::string failing() const = 0;
};

}  // namespace gridloom::history
