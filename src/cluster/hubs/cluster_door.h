// This node as a door: what its clients ask for goes to the owner of the partition that it
// is about (DoorPartitions), or to all nodes (DoorNodes).
//
// A request for a partition that has no owner now is answered with kNoAnswer, and a publication of
// QoS 0 for it is dropped.
//
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/partition.h"
#include "hub/platform/platform.h"
#include "hub/platform/requests.h"
#include "hub/shard_set.h"
#include "hubs/arrivals.h"
#include "hubs/door_clients.h"
#include "hubs/door_nodes.h"
#include "hubs/door_partitions.h"
#include "hubs/link_channel.h"
#include "hubs/node_messages.h"
#include "hubs/request_bytes.h"

namespace gridloom::hub {

class ClusterDoor {
 public:
  using Node = DoorNodes::Node;

  // `changed` is DoorPartitions', called without the lock.
  ClusterDoor(Platform& platform, ShardSet& shards, std::function<void(Partition)> changed);
  ClusterDoor(const ClusterDoor&) = delete;
  ClusterDoor& operator=(const ClusterDoor&) = delete;

  // Restores the messages that came from the node before this process. Before any client connects.
  void restore(const StoredArrivals& stored);

  Node add_node(const std::string& name, std::shared_ptr<NodeChannel> channel);
  void opened(Node node, std::uint64_t session);
  void closed(Node node);

  // Calls with the partitions, with the lock held.
  template <typename Act>
  auto with_partitions(const Act& act) {
    const Locked locked(*this);
    return act(partitions_);
  }
  // Whether requests for the partition must come here instead of going to the shard at once.
  [[nodiscard]] bool is_elsewhere(Partition partition) {
    return with_partitions([&](const DoorPartitions& partitions) {
      return partitions.way_of(partition) != DoorPartitions::Way::kHere;
    });
  }
  [[nodiscard]] DoorPartitions::Owner owner_of(Partition partition) {
    return with_partitions(
        [&](const DoorPartitions& partitions) { return partitions.owner_of(partition); });
  }

  // --- what owners tell
  void take(Node node, const ClientDelivered& delivered);
  void take(Node node, const ClientKicked& kicked);
  void take(Node node, const ClientRightsChanged& changed);
  template <typename Message>
  void take(Node node, const Message& message) {
    const Locked locked(*this);
    nodes_.take(node, message);
  }

  // --- see RemoteShards
  void send(Request request, std::optional<Partition> partition);
  void send_to_all(const Request& request);
  void note(const Request& request, std::optional<Partition> partition);

  // The owners learn whether the client has a connection.
  void client_changed(const ClientPtr& client);
  void tick(TimePoint now);

 private:
  // Holds the lock, and runs the effects when it has let it go.
  class Locked {
   public:
    explicit Locked(ClusterDoor& door) : door_(door), lock_(door.mutex_) {}
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;
    ~Locked();

   private:
    ClusterDoor& door_;
    std::unique_lock<std::mutex> lock_;
  };

  void publish(Publish publish, registry::AccountId account);
  void to_partition(Request request, Partition partition);
  void send_split(const Request& request);
  void ask_here(std::size_t shard, Request request, const GatheringPtr& gathering);
  void introduce();
  void durable(Node node, const Arrivals::Part& part);
  [[nodiscard]] std::vector<Ack> settle(ClientNumber client, std::vector<Ack> acks);

  Platform& platform_;
  ShardSet& shards_;
  ClientBook book_;

  std::mutex mutex_;           // guards the members below
  std::vector<Task> effects_;  // to be run without the lock
  DoorNodes nodes_;
  std::vector<std::string> names_;  // of the nodes
  Arrivals arrivals_{platform_};
  std::set<Node> strangers_;  // that are open, and to which this door is not introduced yet
  DoorClients clients_{book_};
  DoorPartitions partitions_;
};

}  // namespace gridloom::hub
