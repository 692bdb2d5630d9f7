// Asks the owner of a slot for what it has in memory (slot_history/head_bytes.h), wherever it is.
//
// Thread rule: any function from any thread.
#pragma once

#include <string>

#include "base/device_number.h"
#include "base/loop.h"
#include "base/result.h"
#include "ownership/node_id.h"

namespace gridloom::history {

class RemoteHeads {
 public:
  RemoteHeads() = default;
  RemoteHeads(const RemoteHeads&) = delete;
  RemoteHeads& operator=(const RemoteHeads&) = delete;
  virtual ~RemoteHeads() = default;

  // The bytes of head_bytes_of() at the slot's owner. `done` is called on any thread, at once or
  // later, or never. Any error: the owner does not answer now. Does not block.
  virtual void heads(cluster::Slot slot, DeviceNumber device,
                     Callback<Result<std::string>> done) = 0;
};

}  // namespace gridloom::history
