// The shards of this process at work on their loops, and the way to those of other nodes: finds the
// place that has a device, deals requests out to the places, and keeps who waits for the replies.
// At a shard, requests wait in an inbox for the turn of their account, and what a piece of work has
// caused is flushed behind the tasks that the loop has already.
//
// A place is a shard of this process, or all other nodes together (RemoteShards), which find among
// themselves whose a request is. A process without other nodes has only the former.
//
// Thread rule: any function from any thread; takes_report() and report() on the client's loop.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "base/partition.h"
#include "hub/clients/client.h"
#include "hub/clients/inbound.h"
#include "hub/platform/pending_replies.h"
#include "hub/platform/platform.h"
#include "hub/platform/requests.h"
#include "hub/shard/inbox.h"
#include "hub/shard/shard.h"

namespace gridloom::hub {

struct StoredArrivals;
struct StoredTransit;

// The shards of other nodes (hubs/cluster.h). Any thread.
class RemoteShards {
 public:
  RemoteShards() = default;
  RemoteShards(const RemoteShards&) = delete;
  RemoteShards& operator=(const RemoteShards&) = delete;
  virtual ~RemoteShards() = default;

  // A request for devices whose shards are elsewhere: of one partition, or as the request says. It
  // is answered once, if it waits for a reply.
  virtual void send(Request request, std::optional<Partition> partition) = 0;
  // A request for all shards: this one is for those elsewhere. Likewise.
  virtual void send_to_all(Request request) = 0;
  // The request is on its way, wherever that is; `partition` is what it is for, nothing: all.
  virtual void note(const Request& request, std::optional<Partition> partition) = 0;
  // The client has no connection any more, or has one again.
  virtual void client_changed(const ClientPtr& client) = 0;
  // Call a few times a second.
  virtual void tick() = 0;
  // Restores the messages between this node and others that the log has. Before any client
  // connects.
  virtual void restore(StoredTransit stored) = 0;
  virtual void restore(const StoredArrivals& stored) = 0;
};

class ShardSet {
 public:
  // One shard per loop. The loops outlive this object; none of their tasks runs after they stop.
  ShardSet(Platform& platform, const std::vector<Loop*>& loops, RequestPath path);
  ShardSet(const ShardSet&) = delete;
  ShardSet& operator=(const ShardSet&) = delete;

  // The shards of this process.
  [[nodiscard]] std::size_t size() const { return workers_.size(); }
  // All places: the shards, and behind them the other nodes, if there may be some.
  [[nodiscard]] std::size_t places() const { return size() + (remote_ == nullptr ? 0 : 1); }
  // The place that has the device, below places().
  [[nodiscard]] std::size_t index_of(std::string_view sn) const {
    const Partition partition = partition_of(sn);
    return is_elsewhere(partition) ? size() : local_.place_of(partition);
  }
  // The loop of the shard that the device has here, or would have.
  [[nodiscard]] Loop& loop_of(std::string_view sn) const {
    return worker_of(partition_of(sn)).loop;
  }

  // The replies that are waited for: add one here, and name it in the request.
  [[nodiscard]] PendingReplies& replies() { return replies_; }
  // Sends the request to a place, behind what its account asked for before; one without an account
  // is done at once.
  void send(std::size_t index, Request request);
  // To the place that has the device, or the client of that name.
  void send_to(Partition partition, Request request);
  // If it waits for a reply, each of places() answers.
  void send_to_all(registry::AccountId account, const Request::Action& action,
                   ReplyId reply = kNoReply);

  // Runs a task of this process on a shard, or on each: before all requests that wait.
  void post(std::size_t index, std::move_only_function<void(Shard&)> task);
  void post_to_all(const std::function<void(Shard&)>& task);

  // --- for the cluster

  // From now on. Before anything else is asked of this object.
  void use(std::unique_ptr<RemoteShards> remote) { remote_ = std::move(remote); }
  // Null: there are no other nodes.
  [[nodiscard]] RemoteShards* remote() const { return remote_.get(); }
  [[nodiscard]] std::vector<Loop*> loops() const;
  // Whether requests for the partition go elsewhere. update_elsewhere() asks; when it returns, what
  // was sent before is in the queues of the loops.
  [[nodiscard]] bool is_elsewhere(Partition partition) const {
    return elsewhere_[number_of(partition)].load(std::memory_order_relaxed);
  }
  void update_elsewhere(Partition partition, const std::function<bool()>& elsewhere);
  // The partition goes elsewhere: does what waits at its shard, drops what that has of it
  // (Shard::leave()), and calls `left`, on its loop, once all of that is acknowledged. On its loop.
  void leave(Partition partition, Task left);
  [[nodiscard]] std::size_t local_index_of(Partition partition) const {
    return local_.place_of(partition);
  }
  // To a shard of this process, whatever it owns.
  void send_here(std::size_t index, Request request);

  // Whether report() may be called now: `client` is a device on the loop of its shard, requests
  // have no path to it, and neither the client's nor its account's earlier work waits. On the
  // client's loop.
  [[nodiscard]] bool takes_report(const Client& client) const;
  // The device published `payload` on its own quota topic; not retained, without properties. Only
  // while takes_report(), on the client's loop; the acknowledgement may come during the call. It is
  // done at once, and its effort counts in the account's next turns.
  void report(const ClientPtr& client, std::string_view payload, const PublishOptions& options);

 private:
  // A shard on its loop.
  struct Worker {
    Worker(Loop& of, Platform& platform, std::function<bool(std::string_view)> mine,
           const Shard::Post& post, std::function<void(Reply)> reply)
        : loop(of), shard(platform, of, std::move(mine), post, std::move(reply)) {}

    Loop& loop;
    Shard shard;
    Inbox inbox{};
    bool works = false;    // a task for the inbox is posted
    bool flushes = false;  // a task that flushes is posted
  };
  // Whether a device of the request, which is for a shard of this process, has gone elsewhere.
  [[nodiscard]] bool has_moved(const Request& request) const;
  // The worker that has the partition here, or would have it.
  [[nodiscard]] Worker& worker_of(Partition partition) const {
    return *workers_[local_.place_of(partition)];
  }
  static void post_to(Worker& worker, std::move_only_function<void(Shard&)> task);
  static void take(Worker& worker, Request request);
  static void work_later(Worker& worker);
  static void flush_later(Worker& worker);

  PartitionMap local_;  // which shard has each partition, if it is here
  std::array<std::atomic<bool>, kPartitions> elsewhere_{};
  RequestPath path_;
  // Held while a request is sent where elsewhere_ says; only if there is remote_.
  std::shared_mutex moving_;
  PendingReplies replies_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<RemoteShards> remote_;
};

}  // namespace gridloom::hub
