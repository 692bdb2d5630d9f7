// What a start says about records that the log should have and has not.
//
// Why so: SQLite ends its write-ahead log silently at the first frame that is damaged, and a file
// that is not there looks like a new one. The numbers of the records tell: history.db and
// sessions.db each know up to which record they were stored, and the log goes on without a gap.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "history/log.h"

namespace gridloom::history {

// The last record that was stored; 0: none.
struct StoredUpTo {
  std::uint64_t history = 0;   // in history.db
  std::uint64_t sessions = 0;  // in sessions.db
};

// A line for each loss, for DamageNotes. Records that the log lacks and history.db has are no loss.
[[nodiscard]] std::vector<std::string> loss_notes(const LogLoss& loss, const StoredUpTo& stored);

}  // namespace gridloom::history
