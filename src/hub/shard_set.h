// The shards of this process: finds the shard that holds a device, deals requests out to them, and
// keeps who waits for the replies.
//
// Thread rule: any function from any thread; takes_report() and report() on the client's loop.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/loop.h"
#include "base/partition.h"
#include "hub/client.h"
#include "hub/inbound.h"
#include "hub/pending_replies.h"
#include "hub/platform.h"
#include "hub/requests.h"
#include "hub/shard.h"
#include "hub/shard_worker.h"

namespace gridloom::hub {

class ShardSet {
 public:
  // One shard per loop. The loops outlive this object; none of their tasks runs after they stop.
  ShardSet(Platform& platform, const std::vector<Loop*>& loops, RequestPath path);
  ShardSet(const ShardSet&) = delete;
  ShardSet& operator=(const ShardSet&) = delete;

  [[nodiscard]] std::size_t size() const { return workers_.size(); }
  // The shard of the device's partition, below size().
  [[nodiscard]] std::size_t index_of(std::string_view sn) const { return places_.place_of(sn); }
  [[nodiscard]] Loop& loop_of(std::string_view sn) const { return worker_of(sn).loop(); }

  // The replies that are waited for: add one here, and name it in the request.
  [[nodiscard]] PendingReplies& replies() { return replies_; }
  // Sends the request to a shard, behind what its account asked for before.
  void send(std::size_t index, Request request);
  void send_to_all(registry::AccountId account, const Request::Action& action,
                   ReplyId reply = kNoReply);

  // Runs a task of this process on a shard, or on each: before all requests that wait.
  void post(std::size_t index, std::move_only_function<void(Shard&)> task);
  void post_to_all(const std::function<void(Shard&)>& task);

  // See Hub::takes_report() and Hub::report().
  [[nodiscard]] bool takes_report(const Client& client) const;
  void report(const ClientPtr& client, std::string_view payload, const PublishOptions& options) {
    worker_of(client->identity().name).report(client, payload, options);
  }

 private:
  [[nodiscard]] ShardWorker& worker_of(std::string_view sn) const {
    return *workers_[index_of(sn)];
  }

  PartitionMap places_;  // which shard has each partition
  RequestPath path_;
  PendingReplies replies_;
  std::vector<std::unique_ptr<ShardWorker>> workers_;
};

}  // namespace gridloom::hub
