// What this node is as a door: it knows who owns each partition, and sends what its clients ask for
// to the owner.
//
// While a partition goes from one owner to another, or its owner is away, its publications of QoS 1
// and 2 wait here (their clients' credit is not returned, so that they are read from no further),
// and go to the next owner in order; those of QoS 0 are dropped, and reads and sets are answered
// with kNoAnswer. Sets that an owner may have taken before it went away are not sent again: their
// clients are disconnected, and decide.
//
// A partition that comes here begins once all doors have a stream for it, or a second has passed:
// by then each door has what the owner before had for its clients, so that nothing overtakes it.
//
// Thread rule: any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/partition.h"
#include "hub/client_book.h"
#include "hub/door_clients.h"
#include "hub/door_nodes.h"
#include "hub/kept_publications.h"
#include "hub/node_channel.h"
#include "hub/node_messages.h"
#include "hub/platform.h"
#include "hub/requests.h"
#include "hub/shard_set.h"

namespace gridloom::hub {

class ClusterDoor {
 public:
  using Node = DoorNodes::Node;
  static constexpr Node kHere = SIZE_MAX;
  static constexpr Node kNobody = SIZE_MAX - 1;

  // `changed`: the way of requests for the partition has changed (ShardSet::update_elsewhere());
  // called without the lock.
  ClusterDoor(Platform& platform, ShardSet& shards, std::function<void(Partition)> changed);
  ClusterDoor(const ClusterDoor&) = delete;
  ClusterDoor& operator=(const ClusterDoor&) = delete;

  // --- nodes, and what they own
  Node add_node(std::shared_ptr<NodeChannel> channel);
  void opened(Node node, std::uint64_t session);
  void closed(Node node);
  struct Owner {
    Node node = kHere;
    std::uint64_t revision = 0;
  };
  // The partition is the owner's from now on, for the `revision`-th time that it has one. True: it
  // was at work here until now.
  bool place(Partition partition, Owner owner);
  // The node has acknowledged all that it took of the partition, which it had with this revision
  // and owns no more.
  void left(Partition partition, Owner owner);
  // The node does not own the partition as this node thinks: what it refused is sent again later.
  void moved(Partition partition, Node node, std::uint64_t stream);
  // The door at the node has a stream for the partition, which is to come here: nothing of the
  // owner before is on the way there any more.
  void offered(Partition partition, Node node, std::uint64_t revision);
  // The node has what it needs to own the partition: it is asked again at once.
  void is_ready(Partition partition, Node node);
  // Whether requests for the partition must come here instead of going to the shard at once.
  [[nodiscard]] bool is_elsewhere(Partition partition) const;
  // Whether the partition is here, and was when it had this revision.
  [[nodiscard]] bool owns(Partition partition, std::uint64_t revision) const;
  [[nodiscard]] Owner owner_of(Partition partition) const;

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
  // Where publications of a partition go.
  enum class Way : std::uint8_t { kHere, kStream, kHeld };
  struct Part {
    Node owner = kHere;
    std::uint64_t revision = 0;
    std::uint64_t since = 0;  // the revision with which it came to the owner
    Way way = Way::kHere;
    Node waits_for = kNobody;  // to leave it
    std::uint64_t stream = 0;  // the last one to the owner
    std::set<Node> offers{};   // of a partition that is to come here
    std::optional<TimePoint> retry_at{};
  };
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

  [[nodiscard]] Part& part_of(Partition partition) { return parts_.at(number_of(partition)); }
  [[nodiscard]] bool is_offered_by_all(const Part& part) const;
  void start(Partition partition);
  void start_here(Partition partition);
  void start_stream(Partition partition);
  void hold_again(Partition partition);
  void publish(Publish publish, registry::AccountId account);
  void to_partition(Request request, Partition partition);
  void send_split(const Request& request);
  void ask_here(std::size_t shard, Request request, const GatheringPtr& gathering);
  [[nodiscard]] std::vector<Ack> settle(ClientNumber client, std::vector<Ack> acks);

  Platform& platform_;
  ShardSet& shards_;
  const std::function<void(Partition)> changed_;
  ClientBook book_;

  mutable std::mutex mutex_;   // guards the members below
  std::vector<Task> effects_;  // to be run without the lock
  DoorNodes nodes_;
  DoorClients clients_{book_};
  std::array<Part, kPartitions> parts_{};
  KeptPublications kept_;
  std::uint64_t last_stream_ = 0;
};

}  // namespace gridloom::hub
