// The turn of a shard: what the shard has decided and not handed over yet, and the effort that it
// has spent.
//
// The parts of a shard add to the records of the journal, to the changes of the feed, to the
// traffic and to the deliveries. flush() hands over all four at the end of the turn, in this order:
// a reader of changes and a subscriber never get what is not in the journal's queue. The gate holds
// what waits for a record to be durable.
//
// Belongs to a shard and is used on its loop only; the callbacks say where they are called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "base/loop.h"
#include "hub/clients/client.h"
#include "hub/delivery/durability_gate.h"
#include "hub/delivery/fanout.h"
#include "hub/faults/fault_overlay.h"
#include "hub/feed/traffic_feed.h"
#include "hub/platform/platform.h"
#include "hub/platform/turn_writer.h"
#include "hub/shard/shard_changes.h"
#include "registry/directory.h"

namespace gridloom::hub {

// The clients that connected to one shard, so that it can end connections whose credentials ended,
// and those that an injected fault drops.
//
// Holds no client: a session that ended elsewhere is left out. Belongs to a shard and is used on
// its loop only; clients are called on their own loops.
class ShardClients {
 public:
  // Until remove(), a client whose credentials end is kicked.
  void add(const ClientPtr& client) { clients_[client.get()] = client; }
  void remove(const Client& client) { clients_.erase(&client); }

  // Kicks the clients whose credentials are no longer valid, and tells apps and gateways that
  // rights were revoked.
  void revoke(const registry::Directory& directory) const;
  // Kicks the apps that the fault of dropped connections is drawn for.
  void drop_by_chance(const FaultView& faults) const;

 private:
  std::unordered_map<const Client*, std::weak_ptr<Client>> clients_;
};

class ShardTurn {
 public:
  struct Callbacks {
    // As TurnWriter calls it: on a thread of the journal. The shard then calls gate().durable() on
    // its loop.
    std::function<void(std::uint64_t record)> durable;
    // As Router calls it: on any thread.
    std::function<void()> caught_up;
  };
  // `loop` is the shard's. `mine` tells whether a serial number is of its partitions.
  ShardTurn(Platform& platform, const Loop& loop, const std::function<bool(std::string_view)>& mine,
            Callbacks callbacks);
  ShardTurn(const ShardTurn&) = delete;
  ShardTurn& operator=(const ShardTurn&) = delete;

  // The directory that readers of changes are looked up in; comes before anything else.
  void use(const std::shared_ptr<const registry::Directory>& directory) { changes_.use(directory); }

  [[nodiscard]] TurnWriter& writer() { return writer_; }
  [[nodiscard]] Router& router() { return router_; }
  [[nodiscard]] const Router& router() const { return router_; }
  [[nodiscard]] TrafficFeed& traffic() { return traffic_; }
  [[nodiscard]] ShardChanges& changes() { return changes_; }
  [[nodiscard]] DurabilityGate& gate() { return gate_; }

  // Effort is in the units of Inbox. A delivery is one; they are counted as they are made.
  void add_effort(std::int64_t effort) { effort_ += effort; }
  // The effort of a message or request with `bytes` bytes.
  void add_effort_of_message(std::size_t bytes);
  [[nodiscard]] std::int64_t effort() const { return effort_ + router_.deliveries(); }

  [[nodiscard]] bool has_output() const {
    return !router_.empty() || !writer_.empty() || !traffic_.empty() || !changes_.empty();
  }
  void flush();

 private:
  // At once if the client is on this loop, else with its deliveries.
  void acknowledge(const ClientPtr& client, const Ack& ack);

  const Loop& loop_;
  TurnWriter writer_;
  Router router_;
  DurabilityGate gate_;
  TrafficFeed traffic_;
  ShardChanges changes_;
  std::int64_t effort_ = 0;
};

}  // namespace gridloom::hub
