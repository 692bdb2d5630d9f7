// Messages about records that a start found missing from the log.
//
// Why: SQLite ends its write-ahead log silently at the first damaged frame, and a missing file
// looks like a new one. Sequence numbers reveal the loss: history.db and sessions.db each know up
// to which record they were stored, and the log must continue from there without a gap.
#pragma once

#include <cstdint>
#include <vector>

#include "journal/local/log.h"
#include "journal/loss_note.h"

namespace gridloom::journal {

// The last record that each database has stored; 0: none.
struct StoredUpTo {
  std::uint64_t history = 0;          // in history.db, with all before it
  std::uint64_t some_of_history = 0;  // in history.db: some of its rows
  std::uint64_t sessions = 0;         // in sessions.db
};

// One line for each loss, for DamageNotes. Records missing from the log but stored in history.db
// are not a loss.
[[nodiscard]] std::vector<LossNote> loss_notes(const LogLoss& loss, const StoredUpTo& stored);

}  // namespace gridloom::journal
