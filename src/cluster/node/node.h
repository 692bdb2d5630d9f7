// A node of a cluster: claims slots and runs their servers (node/slot_server.h), tells the hubs of
// this process whose the others are, and gives the node's door what it needs
// (docs/internals/cluster.md).
//
// The bridges of the cluster run at the door of the node that serves kSlotOfBridges, while it does.
//
// Life: open(), the door's server::Server::open() with door_stores(), join(), the door's listen()
// with mqtt_protocol(), its start(), start(), drain(), the door's destruction, the destructor.
//
// Thread rule: these on one thread, which may block; drain(), health(), metrics(), health_of() and
// nats_servers() from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "api/api.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/worker.h"
#include "catalog/family.h"
#include "database/stores.h"
#include "hubs/cluster.h"
#include "nats/connection.h"
#include "nats/settings.h"
#include "net/protocol.h"
#include "node/carrier.h"
#include "node/node_health.h"
#include "node/relay_door.h"
#include "node/sealed_bus.h"
#include "node/shared_view.h"
#include "node/slot_history.h"
#include "node/slot_server.h"
#include "ownership/claims.h"
#include "ownership/member.h"
#include "ownership/nats/nats_bus.h"
#include "ownership/node_id.h"
#include "ownership/postgres/fence.h"
#include "postgres/holder.h"
#include "postgres/settings.h"
#include "server/server.h"
#include "time/time_zone.h"

namespace gridloom::node {

inline constexpr cluster::Slot kSlotOfBridges{0};

// The connections of a node, and the parts that are made of them. Destroyed in reverse order.
struct NodeLinks {
  std::unique_ptr<postgres::Holder> holder{};
  std::unique_ptr<cluster::Claims> claims{};
  std::unique_ptr<nats::Connection> nats{};      // of beats and frames
  std::unique_ptr<nats::Connection> log_nats{};  // of the logs
  std::unique_ptr<cluster::NatsBus> bus{};
  std::unique_ptr<SealedBus> sealed_bus{};  // of frames
  std::unique_ptr<Carrier> carrier{};
};

// The parts of a node beside the server of its door. Destroyed in reverse order.
struct DoorParts {
  std::unique_ptr<hub::Peers> hub_peers{};
  std::unique_ptr<hub::Peers> relay_peers{};
  server::Server* server = nullptr;
  hub::Cluster* cluster = nullptr;  // of the door's hub
  std::unique_ptr<RelayDoor> relay{};
  std::unique_ptr<SlotHistory> history{};
  std::unique_ptr<SharedView> shared_view{};  // from start() to end()
};

// Whether the others miss a node that gave its slots up and is not heard.
enum class Then : std::uint8_t { kStays, kLeaves };

class Node final : private cluster::SlotHost {
 public:
  struct Options {
    std::filesystem::path data;  // of the node, whose lock the caller holds
    server::DatabaseChoice database;
    nats::ConnectionSettings nats;
    std::string name;                                // check_node_name()
    std::size_t slots = cluster::kDefaultSlots;      // if this node makes the cluster
    int replicas = 3;                                // of each log
    std::int64_t log_bytes = std::int64_t{1} << 30;  // the most that each log has
    bool has_copies = false;                         // of the logs, which wait for them too
    server::Server::Clocks clocks;                   // outlive the node
    std::shared_ptr<const catalog::Catalog> catalog{};
    server::ServerLimits limits{};
    time::TimeZone zone{};
    std::string zone_name{};
    server::Strictness strictness = server::Strictness::kRelaxed;
    std::string version{};
    // The services of each slot's server; empty: none.
    std::function<std::vector<server::MakeService>()> services_of_slot{};
    // Called with the node that runs the bridges now: one at a time. On a thread of the node, after
    // join().
    std::function<void(const std::string& node, bool is_here)> on_bridges_placed =
        [](const std::string& /*node*/, bool /*is_here*/) {};
    // This node gives way to another of its name, and is to end. On a thread of the node.
    std::function<void(const Error& why)> on_refused{};
  };
  // Connects with NATS and PostgreSQL, and makes the tables. kBadParams: the name or the database.
  // kIo: one of both cannot be reached. kConflict: a server without a cluster has the database.
  [[nodiscard]] static Result<std::unique_ptr<Node>> open(Options options);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() override;  // without drain(): others claim its slots after a lease

  [[nodiscard]] std::unique_ptr<server::Stores> stores_of_door() const;
  // Queries of the history of all slots; refused before join().
  [[nodiscard]] history::Reads reads() {
    return [this](history::Query query) {
      return door_.history && door_.history->read(std::move(query));
    };
  }
  // The door's hub is of the cluster from now on. The node outlives the door.
  void join(server::Server& door);
  [[nodiscard]] net::MakeProtocol mqtt_protocol() const;
  // Takes slots from now on. `address`: for people, where the doors are. Fails as
  // cluster::Member::start().
  [[nodiscard]] Status start(const std::string& address);
  // Gives all slots up, one after another, to the other nodes. False: not in time.
  bool drain(Millis at_most, Then then);
  // Another node is gone for good. kConflict: it is heard. Fails as SharedView::remove().
  [[nodiscard]] Status remove(const std::string& node);
  // Ends the slots that are left, at once.
  void end();

  [[nodiscard]] NodeHealth health();
  // The metrics of the door, with those of the slots here and of the cluster.
  [[nodiscard]] std::string metrics(const std::string& door);

 private:
  struct Slot;

  explicit Node(Options options, postgres::ConnectionSettings database);
  [[nodiscard]] Status connect();
  [[nodiscard]] Shared shared();

  void open(const Opening& opening, Opened opened) override;
  void close(cluster::Slot slot, cluster::Revision revision, cluster::CloseReason reason,
             Closed closed) override;
  void owners_changed() override;
  void refused(const Error& why) override;

  void open_slot(Slot& slot, const Opening& opening, const std::stop_token& stop, Opened& opened);
  void place();
  [[nodiscard]] std::optional<cluster::Revision> revision_of(cluster::Slot slot);

  // Destroyed in reverse order.
  const Options options_;
  const postgres::ConnectionSettings database_;
  std::string cluster_id_;  // once it has joined
  const cluster::NodeId self_;
  cluster::Fence fence_;
  NodeLinks links_;
  DoorParts door_;
  std::mutex placing_;  // held while partitions are placed
  SlotWatch watch_;
  std::string address_;
  std::vector<std::unique_ptr<Slot>> slots_;
  // Held while the members are looked at from any thread: start() sets the member, and after end()
  // nothing is looked at any more.
  std::mutex looking_;
  bool has_ended_ = false;
  std::unique_ptr<cluster::Member> member_;
  std::unique_ptr<Worker> placer_;
};

}  // namespace gridloom::node
