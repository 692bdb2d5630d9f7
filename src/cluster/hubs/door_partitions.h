// Where the publications of each partition go from this node, as a door: to the shard here, to
// another owner, or nowhere yet.
//
// While a partition goes from one owner to another, or its owner is away, its publications of QoS 1
// and 2 wait here (their clients' credit is not returned, so that they are read from no further),
// and go to the next owner in order. Sets that an owner may have taken before it went away are not
// sent again: their clients are disconnected, and decide.
//
// A partition that comes here begins once all doors have a stream for it, or four seconds have
// passed: by then each door has what the owner before had for its clients, so that nothing
// overtakes it.
//  One thread at a time. Its work without the lock of its owner is added to `effects`.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ranges>
#include <set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/partition.h"
#include "hub/platform/platform.h"
#include "hub/shard_set.h"
#include "hubs/door_clients.h"
#include "hubs/door_nodes.h"
#include "hubs/kept_publications.h"

namespace gridloom::hub {

class DoorPartitions {
 public:
  using Node = DoorNodes::Node;
  static constexpr Node kHere = SIZE_MAX;
  static constexpr Node kNobody = SIZE_MAX - 1;
  struct Owner {
    Node node = kHere;
    std::uint64_t revision = 0;
  };
  enum class Way : std::uint8_t { kHere, kStream, kHeld };

  // All outlive this object. `changed`: the way of requests for the partition has changed
  // (ShardSet::update_elsewhere()); called as an effect.
  struct Parts {
    const Platform& platform;
    ShardSet& shards;
    DoorNodes& nodes;
    DoorClients& clients;
    std::vector<Task>& effects;
    std::function<void(Partition)> changed;
  };
  explicit DoorPartitions(Parts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] Owner owner_of(Partition partition) const {
    const State& state = states_.at(number_of(partition));
    return {.node = state.owner, .revision = state.revision};
  }
  [[nodiscard]] Way way_of(Partition partition) const {
    return states_.at(number_of(partition)).way;
  }
  // Whether the partition is here, and was when it had this revision.
  [[nodiscard]] bool owns(Partition partition, std::uint64_t revision) const;
  // Whether a partition of the node has no stream there yet.
  [[nodiscard]] bool is_held_for(Node node) const {
    return std::ranges::any_of(
        states_, [&](const State& each) { return each.owner == node && each.way == Way::kHeld; });
  }
  [[nodiscard]] KeptPublications& kept() { return kept_; }

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

  // The node was opened. It was closed: before and after DoorNodes::closed(), so that the credit of
  // what waits is charged before that of all is returned.
  void opened(Node node);
  void closing(Node node);
  void closed();
  void tick(TimePoint now);

 private:
  struct State {
    Node owner = kHere;
    std::uint64_t revision = 0;
    std::uint64_t since = 0;  // the revision with which it came to the owner
    Way way = Way::kHere;
    Node waits_for = kNobody;  // to leave it
    bool has_left = false;     // the owner, before it is known whose the partition is
    std::uint64_t stream = 0;  // the last one to the owner
    std::set<Node> offers{};   // of a partition that is to come here
    std::optional<TimePoint> retry_at{};
  };
  [[nodiscard]] State& state_of(Partition partition) { return states_.at(number_of(partition)); }
  [[nodiscard]] bool is_offered_by_all(const State& state) const;
  void start(Partition partition);
  void start_here(Partition partition);
  void start_stream(Partition partition);
  void hold_again(Partition partition);

  Parts parts_;
  std::array<State, kPartitions> states_{};
  KeptPublications kept_;
  std::uint64_t last_stream_ = 0;
};

}  // namespace gridloom::hub
