// What this node, as a door, has at the owners of partitions elsewhere: which of its clients they
// know, the requests that wait for their replies, and the publications that are not acknowledged.
//
// It knows who owns each partition. While a partition goes from one owner to another, or its owner
// is away, its publications of QoS 1 and 2 wait here (their clients' credit is not returned, so
// that they are read from no further), and go to the next owner in order; those of QoS 0 are
// dropped, and reads and sets are answered with kNoAnswer. Sets that an owner may have taken before
// it went away are not sent again: their clients are disconnected, and decide.
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
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/partition.h"
#include "hub/client_book.h"
#include "hub/kept_publications.h"
#include "hub/node_channel.h"
#include "hub/node_messages.h"
#include "hub/platform.h"
#include "hub/requests.h"
#include "hub/shard_set.h"

namespace gridloom::hub {

class ClusterDoor {
 public:
  // Numbers of nodes, from 0 in the order of add_node().
  using Node = std::size_t;
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
  // The partition is the owner's from now on, for the `revision`-th time that it has one. Returns
  // the owner before.
  Owner place(Partition partition, Owner owner);
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
  [[nodiscard]] bool owns(Partition partition, std::uint64_t revision) const;
  [[nodiscard]] Owner owner_of(Partition partition) const;

  // --- what owners tell
  void take(Node node, const RemoteReply& reply);
  void take(Node node, const ClientDelivered& delivered);
  void take(Node node, const ClientKicked& kicked);
  void take(Node node, const ClientRightsChanged& changed);
  void take(Node node, const CreditReturned& returned);
  void take(Node node, const ClientGone& gone);

  // --- see RemoteShards
  void send(Request request, std::optional<Partition> partition);
  void send_to_all(const Request& request);
  void note(const Request& request, std::optional<Partition> partition);

  // The owners learn whether the client has a connection.
  void client_changed(const ClientPtr& client);
  void tick(TimePoint now);

 private:
  // A request of this node, which one or more nodes answer.
  struct Gathering {
    std::size_t missing = 0;
    ReplyId to{};
    DeviceAnswer answer{};
    std::optional<Error> error{};
  };
  struct Waiting {
    std::shared_ptr<Gathering> gathering;
    TimePoint deadline;
  };
  struct Known {
    ClientPtr client;
    ClientState told{};
    std::size_t owed_bytes = 0;  // credit that the node will return
    std::size_t stand_ins = 0;   // that the node has made, and not said to be gone
    bool is_met = false;         // the node knows the number
  };
  struct NodeState {
    std::shared_ptr<NodeChannel> channel;
    std::uint64_t session = 0;  // 0: not open
    std::unordered_map<ClientNumber, Known> clients{};
    std::unordered_map<std::uint64_t, Waiting> waiting{};
  };
  // Where publications of a partition go.
  enum class Way : std::uint8_t { kHere, kStream, kHeld };
  struct Part {
    Node owner = kHere;
    std::uint64_t revision = 0;
    Way way = Way::kHere;
    Node waits_for = kNobody;  // to leave it
    std::uint64_t stream = 0;  // the last one to the owner
    std::set<Node> offers{};   // of a partition that is to come here
    std::optional<TimePoint> retry_at{};
  };
  struct Subscribed {
    Subscription subscription;
    std::optional<Partition> partition;  // nothing: of all
  };
  struct DoorClient {
    ClientPtr client;
    bool connected = false;
    std::map<std::string, Subscribed> subscriptions{};
    ClientNumber other = 0;  // of the session's client before, or after
  };
  class Locked;

  [[nodiscard]] bool is_open(Node node) const { return nodes_[node].session != 0; }
  [[nodiscard]] bool is_offered_by_all(const Part& part) const;
  void tell(Node node, const NodeMessage& message);
  ClientNumber meet(Node node, const ClientPtr& client);
  void meet_clients_of(Node node, const Request& request);
  void ask(Node node, const Request& request, std::optional<Partition> partition,
           const std::shared_ptr<Gathering>& gathering);
  void answered(Gathering& gathering, Result<DeviceAnswer> answer);
  void fail_request(const Request& request);
  // The credit of a request that owners do not return.
  void return_credit(const Request& request);
  void consume(const ClientPtr& client, std::size_t bytes);

  void publish(Publish publish, registry::AccountId account);
  void send_split(const Request& request);
  void ask_here(std::size_t shard, Request request, const std::shared_ptr<Gathering>& gathering);
  void forget(Node node, const ClientPtr& client);
  // Whether the node has nothing to do for the request, as it does not know its client.
  [[nodiscard]] bool is_strange(Node node, const Request& request);
  void to_partition(Request request, Partition partition);
  void start(Partition partition);
  void start_here(Partition partition);
  void start_stream(Partition partition);
  void hold_again(Partition partition);
  void subscribe_again(Node node, const DoorClient& client, std::optional<Partition> partition);
  [[nodiscard]] std::vector<Ack> settle(ClientNumber client, std::vector<Ack> acks);
  void rebound(const Rebind& rebind);

  Platform& platform_;
  ShardSet& shards_;
  const std::function<void(Partition)> changed_;
  ClientBook book_;

  mutable std::mutex mutex_;  // guards the members below
  std::vector<NodeState> nodes_;
  std::array<Part, kPartitions> parts_{};
  KeptPublications kept_;
  std::map<ClientNumber, DoorClient> clients_;
  std::uint64_t last_request_ = 0;
  std::uint64_t last_stream_ = 0;
  std::vector<Task> effects_;  // to be run without the lock
};

}  // namespace gridloom::hub
