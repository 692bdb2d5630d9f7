// One shard at work on its loop: requests wait in its inbox for the turn of their account, and what
// a piece of work has caused is flushed behind the tasks that the loop has already.
//
// Thread rules: post() and send() from any thread, all else on the loop.
#pragma once

#include <functional>
#include <string_view>

#include "base/loop.h"
#include "base/partition.h"
#include "hub/clients/client.h"
#include "hub/clients/inbound.h"
#include "hub/platform/platform.h"
#include "hub/platform/requests.h"
#include "hub/shard/inbox.h"
#include "hub/shard/shard.h"

namespace gridloom::hub {

class ShardWorker {
 public:
  // `mine` and `reply` are Shard's. None of the loop's tasks runs after this object is gone.
  ShardWorker(Platform& platform, Loop& loop, std::function<bool(std::string_view)> mine,
              std::function<void(Reply)> reply);
  ShardWorker(const ShardWorker&) = delete;
  ShardWorker& operator=(const ShardWorker&) = delete;

  [[nodiscard]] Loop& loop() const { return loop_; }

  // Runs a task of this process on the shard, which does not go through the inbox.
  void post(std::move_only_function<void(Shard&)> task);
  // The request is done behind what its account asked for before; one without an account at once.
  void send(Request request);

  // The partition goes elsewhere: does what waits, drops what the shard has of it (Shard::leave()),
  // and calls `left`, on the loop, once all of that is acknowledged. On the loop.
  void leave(Partition partition, Task left);

  // See Hub::takes_report() and Hub::report(). A report is done at once, and its effort counts in
  // the account's next turns.
  [[nodiscard]] bool takes_report(const Client& client) const;
  void report(const ClientPtr& client, std::string_view payload, const PublishOptions& options);

 private:
  void take(Request request);
  void work_later();
  void flush_later();

  Loop& loop_;
  Shard shard_;
  Inbox inbox_;
  bool works_ = false;    // a task for the inbox is posted
  bool flushes_ = false;  // a task that flushes is posted
};

}  // namespace gridloom::hub
