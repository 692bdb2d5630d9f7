// The readers of a device's changes (hub/feed/change_feed.h), as its shard last looked them up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "hub/feed/change_feed.h"

namespace gridloom::hub {

struct DeviceWatch {
  std::vector<ChangeMailboxPtr> readers;  // at least one
  bool wants_reports = false;             // one of them wants to know of each report
  bool wants_values = false;              // one of them does
  bool wants_faults = false;              // likewise
  bool needs_slots = false;               // the slots that a report changed are needed
  bool is_new = false;             // a reader of events does not know yet which faults there are
  std::set<std::size_t> faulty{};  // slots whose values are errors or warnings
  // Says of quotas of modules, behind the declared slots, whether they may report errors.
  std::vector<bool> module_errors{};
};

// Each device has one. Used by ShardChanges alone.
struct WatchState {
  std::unique_ptr<DeviceWatch> watch;  // null: nobody reads the device
  std::uint64_t as_of = 0;             // when that was looked up; 0: never
};

}  // namespace gridloom::hub
