// The devices of an account with their values at this moment, for what a bridge would send first.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "bridges/core/bridge.h"
#include "catalog/family.h"
#include "hub/feed/twin_snapshot.h"
#include "registry/directory.h"

namespace gridloom::bridges {

struct DeviceNow {
  std::string sn;
  std::string name;
  catalog::FamilyPtr family;
  hub::TwinSnapshot twin{};  // without values: the device has not reported
};

// Sorted by serial number. Blocks until the shards have answered, five seconds at most: kIo.
// Thread rule: any thread but a loop's.
[[nodiscard]] Result<std::vector<DeviceNow>> devices_now(const Parts& parts,
                                                         registry::AccountId account);

}  // namespace gridloom::bridges
