// How a node sees its cluster, and what is said of that: to operators (`gridloom cluster status`),
// in /metrics and in /healthz.
//
// A problem is that something does not work now: a slot that nobody serves, a node that is missing,
// NATS or PostgreSQL that is away, a log or a store that cannot be written. A warning is that less
// can fail than should.
//
// Thread rules: SlotWatch any thread; the others are values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/api.h"
#include "base/clock.h"
#include "nats/connection.h"
#include "node/carrier.h"
#include "ownership/member.h"
#include "ownership/node_id.h"
#include "server/server.h"
#include "wire/json.h"

namespace gridloom::node {

// Notes since when slots are served by nobody, and how often they got another owner.
class SlotWatch {
 public:
  SlotWatch(std::size_t slots, TimePoint now)
      : begun_(now), slots_(slots, Seen{.unserved_since = now}) {}
  void note(const std::vector<cluster::SlotOwner>& owners, TimePoint now);

  // By slot; nothing: it is served.
  [[nodiscard]] std::vector<std::optional<TimePoint>> unserved_since() const;
  // Counts those of all slots, as this node has seen them.
  [[nodiscard]] std::uint64_t owner_changes() const;
  [[nodiscard]] TimePoint begun() const { return begun_; }

 private:
  struct Seen {
    std::optional<TimePoint> unserved_since{};
    std::optional<cluster::NodeId> owner{};  // the last one
  };
  const TimePoint begun_;
  mutable std::mutex mutex_;  // guards the members below
  std::vector<Seen> slots_;
  std::uint64_t owner_changes_ = 0;
};

struct SlotHealth {
  cluster::SlotOwner owner{};
  std::optional<TimePoint> unserved_since{};
  std::optional<server::StoreHealth> here{};  // of a slot that this node serves
};

// Times are of the steady clock, as of `now`.
struct NodeHealth {
  TimePoint now{};
  TimePoint started{};
  cluster::NodeId self{};
  std::string version{};
  std::string address{};
  cluster::Member::Health member{};
  std::vector<SlotHealth> slots{};    // by slot
  std::vector<std::string> nodes{};   // that have not left the cluster, by name
  std::vector<std::string> damage{};  // known in the cluster and not accepted
  std::uint64_t owner_changes = 0;
  nats::Health nats{};      // of beats and frames
  nats::Health log_nats{};  // of the logs
  std::vector<std::string> nats_urls{};
  int replicas = 0;  // of each log
  Carrier::Counts frames{};
  std::size_t relayed = 0;  // MQTT connections of clients
  std::uint64_t refused_transactions = 0;
};

// The state that a server of NATS reports; without a version, why it does not.
struct NatsServer {
  std::string url;
  std::string version{};
  std::string failing{};
};

// Asks each server; blocks, up to two seconds for each.
[[nodiscard]] std::vector<NatsServer> ask_nats_servers(const std::vector<std::string>& urls);

// Whether the node has just started, and does not know yet what others serve.
[[nodiscard]] bool looks_around(const NodeHealth& health);

// Nothing: the node is there, or nobody is heard, as NATS is away.
[[nodiscard]] std::optional<Millis> unheard_for(const NodeHealth& health, std::string_view node);

// In words, for people; empty: all is well.
[[nodiscard]] std::vector<std::string> problems_of(const NodeHealth& health);
[[nodiscard]] std::vector<std::string> warnings_of(const NodeHealth& health,
                                                   const std::vector<NatsServer>& servers);
// As docs/operate/cluster-status.md has it.
[[nodiscard]] wire::JsonObject status_of(const NodeHealth& health,
                                         const std::vector<NatsServer>& servers);

// The families of /metrics that are of the cluster.
[[nodiscard]] std::string cluster_metrics(const NodeHealth& health);
// Adds the slots' metrics to those of the door, with the label "slot": a family of all of them
// stands together. Families that count the connections or the devices of a whole node are the
// door's alone. The texts are those of server::Server::metrics().
[[nodiscard]] std::string with_slots(std::string_view door,
                                     const std::vector<std::pair<std::size_t, std::string>>& slots);

// The answer of /healthz, of the one of the door itself: "failing" while NATS or PostgreSQL is away
// or a slot here cannot be stored, "draining" once no slot is taken any more, and "degraded", which
// is no failure of this node, while a slot is served by nobody.
[[nodiscard]] api::Health health_with_cluster(const api::Health& door, const NodeHealth& health);

}  // namespace gridloom::node
