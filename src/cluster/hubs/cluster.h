// This process as a node of a cluster: some partitions (base/partition.h) have their shards here,
// others at other nodes, and each may go from one node to another while clients are connected.
//  For each other node there is a channel (NodeChannel); what this node does there as a door is in
// ClusterDoor, and what it does for the node as an owner is in NodeOwner. The owner of a partition
// is decided elsewhere: place() receives it. docs/internals/cluster-requests.md has the whole
// protocol.
//
// Thread rule: any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "base/partition.h"
#include "hub/hub.h"
#include "hub/platform/platform.h"
#include "hub/platform/requests.h"
#include "hub/shard_set.h"
#include "hubs/arrivals.h"
#include "hubs/cluster_door.h"
#include "hubs/link_channel.h"
#include "hubs/node_link.h"
#include "hubs/node_messages.h"
#include "hubs/node_owner.h"
#include "hubs/transit.h"

namespace gridloom::hub {

struct ClusterOptions {
  Peers* peers = nullptr;  // outlives the cluster
  std::string self{};      // this node's name
  std::uint64_t run = 0;   // NodeLink
  NodeLink::Limits link{};
  std::size_t congested_bytes = std::size_t{16} * 1024 * 1024;  // NodeChannel
  // Another process may continue the log while this one runs (Platform::log_is_shared).
  bool log_is_shared = false;
  // The node has reported its clients and subscriptions, for the first time or again
  // (DoorIntroduced). Called on any loop; may be empty.
  std::function<void(const std::string& node)> on_introduced{};
};

class Cluster final : public RemoteShards, public Peers::Handler {
 public:
  // The hub's process is a node of a cluster from now on; the cluster ends with the hub. Before any
  // client connects. At first all partitions are this node's, with revision 0.
  static Cluster& join(Hub& hub, const ClusterOptions& options);
  Cluster(Platform& platform, ShardSet& shards, ClusterOptions options);
  ~Cluster() override;

  // The partition is `owner`'s from now on (empty: nobody's), for the `revision`-th time that it
  // has one; a lower revision than the present one changes nothing. Call from one thread at a time.
  // Twins and retained messages of a partition that comes are restored before.
  void place(Partition partition, const std::string& owner, std::uint64_t revision);
  // The name of the partition's owner; empty: nobody.
  [[nodiscard]] std::string owner_of(Partition partition);

  void send(Request request, std::optional<Partition> partition) override {
    door_.send(std::move(request), partition);
  }
  void send_to_all(Request request) override { door_.send_to_all(request); }
  void note(const Request& request, std::optional<Partition> partition) override {
    door_.note(request, partition);
  }
  void client_changed(const ClientPtr& client) override { door_.client_changed(client); }
  void tick() override;
  void restore(StoredTransit stored) override;
  void restore(const StoredArrivals& stored) override { door_.restore(stored); }

  void received(const std::string& from, std::string bytes) override;
  void node_is_there(const std::string& node) override;
  void node_is_away(const std::string& node) override;

 private:
  struct Node {
    std::string name;
    ClusterDoor::Node number = 0;
    std::shared_ptr<NodeChannel> channel;
    std::unique_ptr<NodeOwner> owner;
    std::atomic<std::uint64_t> session{0};  // 0: not open
  };
  [[nodiscard]] Node* find(const std::string& name) const;
  Node& find_or_add(const std::string& name);
  void opened(Node& node, std::uint64_t session);
  void closed(Node& node);
  void take(Node& node, const NodeMessage& message);
  void take_presence(const Node& node, const PresenceOfPartition& told);
  void take_changes(const ChangesTold& told);
  void broadcast(const NodeMessage& message) const;
  [[nodiscard]] PresenceOfPartition presence_of(Partition partition) const;
  void leave(Partition partition, std::uint64_t revision);
  void tell_left(Partition partition, std::uint64_t revision);

  Platform& platform_;
  ShardSet& shards_;
  const std::vector<Loop*> loops_;
  const ClusterOptions options_;
  ClusterDoor door_;
  mutable std::shared_mutex mutex_;  // guards the list of nodes, which only grows
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace gridloom::hub
