// The readers of a device's changes (hub/change_feed.h), as its shard last looked them up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "hub/change_feed.h"

namespace gridloom::hub {

struct DeviceWatch {
  std::vector<ChangeMailboxPtr> readers;  // at least one
  bool wants_values = false;              // one of them does
  std::set<std::size_t> faulty{};         // slots whose values are errors or warnings
};

// Each device has one. Used by ShardChanges alone.
struct WatchState {
  std::unique_ptr<DeviceWatch> watch;  // null: nobody reads the device
  std::uint64_t as_of = 0;             // when that was looked up; 0: never
};

}  // namespace gridloom::hub
