// The server of one slot of a cluster, for as long as this node owns the slot: a server::Server
// whose log is the slot's stream in NATS, whose history and MQTT sessions are in the slot's schema
// in PostgreSQL, behind the fence, and which has no listeners: doors relay connections to it
// (node/relay_owner.h), and its hub answers the hubs of other slots and of doors (hubs/cluster.h).
//
// To another node, a slot that moves is a server that was killed and started again on the same
// stores.
//
// Thread rule: abandon() from any thread, the others on one thread at a time, which may block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/family.h"
#include "hubs/cluster.h"
#include "nats/connection.h"
#include "node/carrier.h"
#include "node/relay_owner.h"
#include "ownership/member.h"
#include "ownership/node_id.h"
#include "ownership/postgres/fence.h"
#include "postgres/settings.h"
#include "server/limits.h"
#include "server/server.h"
#include "slot_history/slot_archive.h"
#include "time/time_zone.h"

namespace gridloom::node {

// The parts that all servers of a node have in common; all of it outlives them.
struct Shared {
  std::filesystem::path data;             // of the node
  postgres::ConnectionSettings database;  // of the cluster's schema
  nats::Connection& nats;                 // of the logs
  Carrier& carrier;
  cluster::Fence& fence;
  server::Server::Clocks clocks;
  std::shared_ptr<const catalog::Catalog> catalog;
  server::ServerLimits limits{};
  time::TimeZone zone{};
  std::string zone_name{};
  server::Strictness strictness = server::Strictness::kRelaxed;
  std::string node;  // its name
  int replicas = 3;  // of the logs
  std::int64_t log_bytes = 0;
  bool has_copies = false;                                       // of the logs, in `data`
  std::string cluster{};                                         // its id
  std::function<std::vector<server::MakeService>()> services{};  // of each; empty: none
};

// Below the data folder of a node.
[[nodiscard]] std::filesystem::path folder_of_slot(const std::filesystem::path& data,
                                                   cluster::Slot slot);

// Says in `cluster` whose the partitions of each slot are. `slots`: of the cluster, by slot.
void place_partitions(hub::Cluster& cluster, const std::vector<cluster::SlotOwner>& slots);

// Clients are admitted once the servers of the other slots that are served now have sent which of
// their sessions want messages from here, or after two seconds: what the log says of those sessions
// may be some milliseconds old. For slots that nobody serves now it is true.
class SlotServer {
 public:
  struct Options {
    cluster::Slot slot{};
    cluster::Revision revision = 0;
    std::int64_t position = 0;
    std::size_t slots = 0;  // of the cluster
    // As SlotArchive::Options::on_lost: abandon() has happened.
    std::function<void(const Error& why)> on_lost{};
    // Within open(): the log has a later owner, with this revision.
    std::function<void(cluster::Revision revision)> on_later_owner{};
    std::stop_token stop{};  // ends open()
  };
  // Fails as SlotArchive::open() and server::Server::open() do.
  [[nodiscard]] static Result<std::unique_ptr<SlotServer>> open(const Shared& shared,
                                                                Options options);
  SlotServer(const SlotServer&) = delete;
  SlotServer& operator=(const SlotServer&) = delete;
  // Ends the connections and waits for the threads. Without stop(), nothing more is stored.
  ~SlotServer();

  // The owners have changed.
  void place(const std::vector<cluster::SlotOwner>& slots);
  // A stop by plan: connections end, what is received is acknowledged and stored.
  void stop();
  // Nothing is acknowledged or stored any more. Does not wait.
  void abandon();

  [[nodiscard]] server::Server& server() { return *server_; }

 private:
  SlotServer() = default;
  [[nodiscard]] Status open_server(const Shared& shared, const Options& options);
  // Runs it on the server's loop, and waits for that.
  void on_loop(const std::function<void()>& work);
  void prepare_admission(const Clock& clock, const Options& options);
  // These are for the loop.
  void tick();
  void introduced(const std::string& server);
  void admit();

  // Destroyed in reverse order.
  std::shared_ptr<history::SlotArchive> archive_;
  std::unique_ptr<hub::Peers> hub_peers_;
  std::unique_ptr<hub::Peers> relay_peers_;
  // Used on the server's loop, as the next two.
  struct Admission {
    std::set<std::string> awaited;  // servers of other slots
    const Clock* clock = nullptr;
    TimePoint at_latest{};
    bool is_open = false;  // the server runs
    std::uint64_t run = 0;
  };
  Admission admission_;
  std::unique_ptr<RelayOwner> relay_;            // null until clients are admitted
  std::shared_ptr<std::promise<void>> emptied_;  // stop() waits for it
  std::unique_ptr<server::Server> server_;
  hub::Cluster* cluster_ = nullptr;  // of the server's hub
  bool is_started_ = false;
  bool is_stopped_ = false;
};

}  // namespace gridloom::node
