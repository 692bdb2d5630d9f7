// The records that one shard writes to the journal: reports, changes of sessions and audit entries
// are collected, and appended at the end of the shard's turn.
//
// The reports and changes of a turn are one record, so that a crash keeps all of them or none.
// Audit entries are records of their own in front of it: a crash in between must not leave a set
// for a device that no entry names. Without a journal only the changes are kept, by
// SessionKeeper::take.
//
// Belongs to a shard and is used on its loop only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "hub/clients/session_changes.h"
#include "hub/platform/platform.h"
#include "journal/batch.h"
#include "twin/twin.h"
#include "wire/json.h"

namespace gridloom::hub {

class TurnWriter {
 public:
  // `durable` is called on a thread of the journal with the number of a record that is durable: it
  // and all before it survive a crash. Numbers are the shard's own and begin with 1.
  TurnWriter(Platform& platform, std::function<void(std::uint64_t record)> durable);
  TurnWriter(const TurnWriter&) = delete;
  TurnWriter& operator=(const TurnWriter&) = delete;

  struct Report {
    DeviceNumber device = 0;
    TimePoint at;
    const twin::Twin& twin;
    std::span<journal::NameRef> refs;  // by slot, for the quotas that the family declares
    std::span<const twin::AcceptedValue> values;  // as Twin::apply() returned them
    bool may_repeat = false;  // may have been received before (journal::kResent)
  };
  // The functions below that return a number name a record with which, or before which, what was
  // added is written; 0: there is no journal, and nothing is to be waited for.
  std::uint64_t add_report(const Report& report);
  void add_presence(DeviceNumber device, TimePoint at, bool online);
  void add_change(const SessionChange& change);
  // The entry gets the time of the devices' clock as "at".
  std::uint64_t add_audit(wire::JsonObject entry);
  // The same with a member "message" before "at": JSON text that is written as it is. The entry is
  // not empty.
  std::uint64_t add_audit(const wire::JsonObject& entry, std::string_view message);

  // The record that will hold everything that was added so far.
  [[nodiscard]] std::uint64_t last_record() const;

  // The last record that was appended; 0: none, or there is no journal.
  [[nodiscard]] std::uint64_t last_appended() const { return appended_; }

  // Bytes of reports and changes that were added and not yet appended.
  [[nodiscard]] std::size_t bytes() const { return reports_.size() + changes_.size(); }
  // They have reached the size at which a record ends: append() is due. So whatever comes in, no
  // record grows beyond what a log takes.
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] bool empty() const { return !has_turn() && audit_.empty(); }
  void append();

 private:
  [[nodiscard]] bool has_turn() const { return !reports_.empty() || !changes_.empty(); }
  void append_turn(Task durable);

  Platform& platform_;
  std::function<void(std::uint64_t record)> durable_;
  journal::BatchWriter reports_;
  std::string changes_;
  std::vector<std::string> audit_;
  // Reports and receipts since the last record: about as many clients wait for the next. Reports of
  // QoS 0 count as well, because a number that is too high costs at most the rest of a window.
  std::size_t waiters_ = 0;
  std::uint64_t appended_ = 0;
};

}  // namespace gridloom::hub
