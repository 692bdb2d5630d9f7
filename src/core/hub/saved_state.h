// Saves and restores what the shards know and the server keeps over a restart: twins and retained
// messages.
//  Thread rule: any thread. Restored states come before anything that clients ask for.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hub/platform/pending_replies.h"
#include "hub/platform/platform.h"
#include "hub/platform/requests.h"
#include "hub/shard/twin_table.h"
#include "hub/shard_set.h"

namespace gridloom::hub {

class SavedState {
 public:
  // Both outlive this object.
  SavedState(const Platform& platform, ShardSet& shards) : platform_(platform), shards_(shards) {}

  // Restores a message that was retained when the server stopped. False: its publisher no longer
  // exists or may no longer read the device (hub/platform/credentials.h).
  [[nodiscard]] bool restore_retained(const RetainedChange& retained);
  // False: this process is no node of a cluster.
  [[nodiscard]] bool restore_transit(StoredTransit stored);
  [[nodiscard]] bool restore_arrivals(const StoredArrivals& stored);

  // `taken` is called on each shard's thread with its twins that changed since the last call.
  void save_twins(std::function<void(std::vector<SavedTwin>)> taken);
  // Asks for the device's SavedTwin::text of now; empty: the device has not reported.
  void save_twin(std::string sn, ReplyTo<DeviceAnswer> reply_to);
  void restore_twin(SavedTwin saved);

 private:
  const Platform& platform_;
  ShardSet& shards_;
};

}  // namespace gridloom::hub
