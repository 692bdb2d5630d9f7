// The events of a device that StoreReader::each_event() reads.
#pragma once

#include <cstdint>

#include "base/device_number.h"
#include "history/store/store.h"

namespace gridloom::history {

struct EventSpan {
  DeviceNumber device = 0;
  std::int64_t from_ms = 0;
  EventPosition before;
};

}  // namespace gridloom::history
