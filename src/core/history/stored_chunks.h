// The chunks of an hour that a store has, and the blocks that they make.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "history/store/store.h"

namespace gridloom::history {

// The stored chunks of an hour.
[[nodiscard]] Result<std::vector<std::string>> chunks_of(StoreReader& store, const DeviceHour& of);

// Merges chunks into blocks. If a chunk is damaged, all are returned unchanged, so that no data are
// lost.
[[nodiscard]] std::vector<std::string> merged(std::vector<std::string> chunks);

}  // namespace gridloom::history
