// Finds in the audit which sets with an id were sent during the last while, and what became of
// them: so their ids are known to the next run of a server, and to the next owner of a slot.
//  The entry of a set is in the log before the set leaves for its device (AppRequests::start_set).
// The values of the device's fields are not in the log; they are read back again.
//
// Pure. Thread rule: one thread at a time.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/shared_text.h"
#include "home/set_book.h"
#include "wire/json.h"

namespace gridloom::home {

struct RecoveredSet {
  SetRecord record;          // without fields
  wire::JsonObject message;  // empty: it was too long for the audit
  // The reply, which is empty if it was too long, or why there was none.
  Result<SharedText> outcome;
  std::int64_t ended_ms = 0;  // by the devices' clock
};

class SetRecovery {
 public:
  // Entries that are looked at: a server that is busier than that knows its last ones only.
  static constexpr std::size_t kMostEntries = 500'000;
  // So many older ones in a row end the search: a clock may have been behind for a while.
  static constexpr std::size_t kOlderInARow = 4'096;

  // Sets that were sent from `since_ms` on, at most `most`.
  SetRecovery(std::int64_t since_ms, std::size_t most) : since_ms_(since_ms), most_(most) {}

  // Takes an entry of the audit, the newest first. False: no older one is needed.
  [[nodiscard]] bool take(std::string_view entry);
  // The oldest first.
  [[nodiscard]] std::vector<RecoveredSet> take_sets();

 private:
  struct End {
    Result<SharedText> outcome;
    std::int64_t at_ms = 0;
  };
  void take_set(const SetId& id, const wire::Json& entry, std::int64_t at_ms);
  void take_end(const SetId& id, const wire::Json& entry, std::int64_t at_ms);

  const std::int64_t since_ms_;
  const std::size_t most_;
  std::size_t entries_ = 0;
  std::size_t older_ = 0;            // in a row
  std::map<SetId, End> ends_;        // of sets whose entries are older
  std::vector<RecoveredSet> found_;  // the newest first
};

}  // namespace gridloom::home
