// A whole server, composed of its parts in the only order that is right: registry, stored sessions,
// archive, hub, MQTT sessions, protocols, listeners. It restores the state of its data folder at
// the start, notes what was lost or damaged meanwhile, and enforces all limits.
//  Clocks, loops, catalogue and limits are passed in. `gridloom serve` gives it the system's
// clocks, threads and sockets; transcripts give it a clock that they move and loops that they turn.
// The parts of a process are not here: signals, the log's form, the lock of the data folder, the
// admin socket, virtual devices.
//
// Life: open(), listen(), start(), stop(), each once. The destructor may follow any of them; it
// stores everything received so far. Thread rule: these on the owner's thread, which is not a
// loop's. The accessors from any thread; what they return has rules of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/api.h"
#include "base/clock.h"
#include "base/fault_rule.h"
#include "base/result.h"
#include "base/worker.h"
#include "catalog/family.h"
#include "history/archive.h"
#include "history/instant_journal.h"
#include "hub/hub.h"
#include "mqtt/session_store.h"
#include "net/address.h"
#include "net/protocol.h"
#include "registry/registry.h"
#include "server/limits.h"
#include "server/listeners.h"
#include "server/loops.h"
#include "server/protocols.h"
#include "server/service.h"
#include "server/stores.h"
#include "sign_in/sign_in.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::server {

// When a record counts as durable, so that what waits for it may proceed.
enum class Journaling : std::uint8_t {
  kDurable,  // once the log has it on disk
  kInstant,  // at once (history/instant_journal.h); records still go to the log
  kOff       // reports and sets are not recorded, and nothing waits
};

// Signing in, and its thread, whose tasks end first.
struct SignInParts {
  std::optional<sign_in::SignIn> sign_in{};
  std::optional<Worker> worker{};
};

struct StoreHealth {
  history::ArchiveHealth archive{};
  mqtt::SessionStore::Health sessions{};
};

class Server {
 public:
  using Clocks = server::Clocks;
  struct Options {
    std::filesystem::path data;  // created if it does not exist
    Clocks clocks;               // outlive the server
    std::shared_ptr<const catalog::Catalog> catalog;
    Loops loops;  // at least one; a shard each
    // How the server waits for its loops (server/loops.h). Empty: start() gives each loop a thread.
    // Otherwise the caller turns and sweeps the loops, except during the server's own calls.
    std::function<void(LoopSpan loops, const std::function<void()>& work)> turn_loops_during{};
    ServerLimits limits{};
    time::TimeZone zone{};
    std::string zone_name{};  // "Europe/Berlin"; empty: not known
    Journaling journaling = Journaling::kDurable;
    Strictness strictness = Strictness::kRelaxed;
    bool clock_is_driven = false;  // clocks.devices is set on purpose: trust its time
    hub::RequestPath request_path{};
    std::unique_ptr<Stores> stores{};  // null: folder_stores()
    // Composes the archive, as that of a slot of a cluster (slot_history/slot_archive.h); empty:
    // history::Archive::open().
    std::function<Result<std::shared_ptr<history::Archive>>(history::Archive::Options)>
        open_archive{};
    // Queries of history, if the archive does not have all of it (slot_history/slot_reads.h);
    // empty: it has.
    history::Reads reads{};
    // Called before what is stored is restored: a hub that joins a cluster (hubs/cluster.h) must
    // know of sessions that are restored, to tell other nodes of their subscriptions.
    std::function<void(hub::Hub&)> join{};
    // A name under which clients find the server; empty: the one that a request was sent to.
    std::string public_host{};
    std::vector<MakeService> services{};  // of wings
    // The store lost what it had, as a database does in a failover: the log has it, and the next
    // start stores it again. Called once, on a thread of the server, which must not end it.
    std::function<void(const Error& why)> on_superseded{};
  };
  // Opens the data folder and restores the state in it. Errors are those of its files.
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(Options options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  struct ListenOptions {
    std::vector<ListenerOptions> listeners{};
    std::optional<std::size_t> connections{};  // of all listeners together; none: any number
    // The port of MQTT in /certification. 0: that of the MQTT listener with TLS.
    std::uint16_t mqtt_port = 0;
    // Reverse proxies, whose word is taken for which client a request comes from.
    std::vector<net::Network> trusted_proxies{};
    // The protocol of MQTT connections, also inside WebSockets, if their sessions are elsewhere
    // (node/relay_door.h); empty: the sessions are this server's.
    net::MakeProtocol mqtt_protocol{};
    // Adds the cluster's part to the answers of /metrics and /healthz, which it is given; any
    // thread. Empty: nothing.
    std::function<std::string(std::string own)> metrics{};
    std::function<api::Health(const api::Health& own)> health{};
    // Wraps the protocol of each connection to a listener, for a caller that observes the bytes;
    // empty: none is wrapped.
    std::function<std::shared_ptr<net::Protocol>(std::shared_ptr<net::Protocol>)> wrap{};
  };
  // Binds the listeners; nothing is accepted before start(). Also needed without listeners, before
  // protocol() is used. kConflict: another program has a port.
  [[nodiscard]] Status listen(ListenOptions options);
  // Serves from now on, and writes into the audit that it does, together with `facts`.
  void start(const wire::JsonObject& facts);
  // Ends all connections, stores what their last messages changed in sessions, and writes into the
  // audit that the server stops. The loops run until the server is destroyed.
  void stop(const wire::JsonObject& facts);

  // For a connection that the caller makes without a listener; after listen().
  [[nodiscard]] net::MakeProtocol protocol(Interface interface) const;

  // Injects these faults of the platform from now on (hub/platform/fault_injector.h), and no
  // others. Rules for other faults are left out. Any thread.
  void set_faults(const std::vector<FaultRule>& rules);

  // The text of /metrics, and how the sessions and the archive are; after listen(). Any thread.
  [[nodiscard]] std::string metrics();
  [[nodiscard]] StoreHealth store_health() const;

  [[nodiscard]] registry::Registry& registry() { return *registry_; }
  [[nodiscard]] const catalog::Catalog& catalog() const { return *options_.catalog; }
  [[nodiscard]] history::Archive& archive() { return *archive_; }
  [[nodiscard]] mqtt::SessionStore& session_store() { return *store_; }
  [[nodiscard]] hub::Hub& hub() { return *hub_; }
  [[nodiscard]] sign_in::SignIn& sign_in() { return *sign_in_.sign_in; }
  [[nodiscard]] hub::Platform& platform() const { return *platform_; }
  [[nodiscard]] const ServerLimits& limits() const { return options_.limits; }
  [[nodiscard]] const Listeners& listeners() const { return listeners_; }
  [[nodiscard]] LoopSpan loops() const { return loops_; }

 private:
  explicit Server(Options options);
  [[nodiscard]] Status open_data();
  void make_hub();
  void make_services();

  // Destroyed in reverse order.
  Options options_;  // without the loops
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<mqtt::SessionStore> store_;
  std::unique_ptr<hub::Platform> platform_;
  Loops loops_;
  std::shared_ptr<history::Archive> archive_;
  std::optional<history::InstantJournal> instant_journal_;
  std::unique_ptr<hub::Hub> hub_;
  SignInParts sign_in_;
  std::vector<std::unique_ptr<Service>> services_;
  std::optional<Protocols> protocols_;
  Listeners listeners_;
};

}  // namespace gridloom::server
