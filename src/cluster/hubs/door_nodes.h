// The other nodes as a door has them: which of its clients they know, the requests that wait for
// their replies, and the credit that they will return.
//  One thread at a time. Its work without the lock of its owner is added to `effects`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/partition.h"
#include "hub/platform/platform.h"
#include "hub/platform/requests.h"
#include "hub/shard_set.h"
#include "hubs/link_channel.h"
#include "hubs/node_messages.h"
#include "hubs/request_bytes.h"

namespace gridloom::hub {

// A request of this node, which one or more places answer.
struct Gathering {
  std::size_t missing = 0;
  ReplyId to{};
  DeviceAnswer answer{};
  std::optional<Error> error{};
  ClientPtr charged{};  // gets its credit for the request back at the end; null: has it
};
using GatheringPtr = std::shared_ptr<Gathering>;

class DoorNodes {
 public:
  using Node = std::size_t;  // from 0, in the order of add()

  DoorNodes(const Platform& platform, ShardSet& shards, ClientBook& book,
            std::vector<Task>& effects)
      : platform_(platform), shards_(shards), book_(book), effects_(effects) {}

  Node add(std::shared_ptr<NodeChannel> channel);
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] bool is_open(Node node) const { return nodes_[node].session != 0; }
  void opened(Node node, std::uint64_t session) { nodes_[node].session = session; }
  // Nothing more comes: answers what waits for the node, and returns the credit that it owes.
  void closed(Node node);

  void tell(Node node, const NodeMessage& message);
  // For so many places that answer the request.
  [[nodiscard]] GatheringPtr gather(const Request& request, std::size_t places);
  // Asks an open node; null: nobody waits for an answer. The node learns of the clients first.
  void ask(Node node, const Request& request, std::optional<Partition> partition,
           const GatheringPtr& gathering);
  // The same of all open nodes that know its clients, and answers for those that do not.
  void ask_all(const Request& request);
  // A place has answered.
  void answered(Gathering& gathering, Result<DeviceAnswer> answer);
  // Nobody can answer the request now.
  void refuse(const Request& request);
  void tick(TimePoint now);

  // The client's credit for publications, which the node will return.
  void owe(Node node, const ClientPtr& client, std::size_t bytes) {
    nodes_[node].clients[book_.number_of(client)].owed_bytes += bytes;
  }
  void consume(const ClientPtr& client, std::size_t bytes);

  // The client that the node knows by the number; null: it knows none.
  [[nodiscard]] ClientPtr client_of(Node node, ClientNumber number) const;
  // Tells nodes what has changed of the client.
  void client_changed(const ClientPtr& client);

  void take(Node node, const RemoteReply& reply);
  void take(Node node, const CreditReturned& returned);
  void take(Node node, const ClientGone& gone);

 private:
  struct Waiting {
    GatheringPtr gathering;
    TimePoint deadline;
  };
  struct Known {
    ClientPtr client{};
    ClientState told{};
    std::size_t owed_bytes = 0;
    std::size_t stand_ins = 0;  // that the node has made, and not said to be gone
    bool is_met = false;        // the node knows the number
  };
  struct State {
    std::shared_ptr<NodeChannel> channel;
    std::uint64_t session = 0;  // 0: not open
    std::unordered_map<ClientNumber, Known> clients{};
    std::unordered_map<std::uint64_t, Waiting> waiting{};
  };
  void meet(Node node, const ClientPtr& client);
  void meet_clients_of(Node node, const Request& request);
  void forget(Node node, const ClientPtr& client);
  [[nodiscard]] bool knows(Node node, const ClientPtr& client) const;
  // Whether the node has nothing to do for the request, as it does not know its client.
  [[nodiscard]] bool is_strange(Node node, const Request& request) const;

  const Platform& platform_;
  ShardSet& shards_;
  ClientBook& book_;
  std::vector<Task>& effects_;
  std::vector<State> nodes_;
  std::uint64_t last_request_ = 0;
};

}  // namespace gridloom::hub
