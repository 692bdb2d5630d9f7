// The server that `gridloom serve` runs (server/server.h), without threads or real time, for
// transcripts to be played on. (The archive has its own threads; drain() waits for their answers.)
//
// Loops are queues that drain() empties in turn; only advance() moves the clock. Clients connect as
// ClientEnds, whose bytes are moved by drain() too, either directly or through real sockets.
// Therefore each run is the same, and no work is pending when drain() returns.
// Ownership: a TestServer owns the server and its data folder; a ClientEnd belongs to its creator
// and must be destroyed before the TestServer.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fault_rule.h"
#include "base/result.h"
#include "catalog/family.h"
#include "hub/platform/requests.h"
#include "net/protocol.h"
#include "registry/registry.h"
#include "server/listeners.h"
#include "server/server.h"
#include "transcripts/nodes.h"
#include "transcripts/quick_folder.h"
#include "wire/mqtt/protocol.h"

namespace gridloom::transcripts {

using server::Interface;

// A clock that stands still until advance(), which one thread may call.
class SteppedClock final : public Clock {
 public:
  explicit SteppedClock(TimePoint start) : now_ms_(unix_ms(start)) {}
  [[nodiscard]] TimePoint now() const override { return TimePoint(Millis(now_ms_.load())); }
  void advance(Millis span) { now_ms_ += span.count(); }

 private:
  std::atomic<std::int64_t> now_ms_;
};

enum class Transport : std::uint8_t { kDirect, kSocket };

// The ways in which runs of the same transcript may differ. None of them may affect the results.
struct Variant {
  std::size_t shards = 1;
  wire::mqtt::Version version = wire::mqtt::Version::k311;
  std::size_t piece_bytes = 65'536;  // largest write of a client
  Transport wire = Transport::kDirect;
  // Restart the server before each request when no answer is awaited, or before every n-th of
  // them; 0: never.
  std::size_t restart_every = 0;
  // The path that requests to shards and their replies take (hub/platform/requests.h); empty: the
  // direct one.
  std::function<hub::RequestPath()> request_path{};
  // The server is a node of a cluster, and each connection is at any of its nodes; empty: it is
  // alone. Without restarts and sockets, and not with kDurable: the archive may outlive the nodes'
  // shards.
  MakeNodes nodes{};
  // The services of the server; empty: none.
  std::function<std::vector<server::MakeService>()> services{};
  // kDurable is what `gridloom serve` does; then each drain() waits for the disk.
  server::Journaling journaling = server::Journaling::kInstant;
};

class TestServer;

// Whether the fault of that name is a fault of the platform, not of virtual devices.
[[nodiscard]] bool is_platform_fault(std::string_view name);

// The client's end of a connection to a listener.
class ClientEnd {
 public:
  explicit ClientEnd(TestServer& server);
  ClientEnd(const ClientEnd&) = delete;
  ClientEnd& operator=(const ClientEnd&) = delete;
  virtual ~ClientEnd();

  // Handles the bytes that the server has sent, if there are any. False: there were none.
  bool pump();
  void tick(TimePoint now);
  [[nodiscard]] int socket() const { return socket_; }
  // The server closed the connection.
  [[nodiscard]] bool is_over() const { return is_over_; }

 protected:
  void connect(Interface interface);
  void send(std::string_view bytes);
  virtual void received(std::string_view bytes) = 0;

  [[nodiscard]] TestServer& server() { return server_; }

 private:
  void hang_up();

  TestServer& server_;
  std::size_t loop_;
  std::shared_ptr<net::Protocol> protocol_;  // kDirect
  int socket_ = -1;                          // kSocket
  bool is_over_ = false;
};

class TestServer {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TestServer>> open(
      std::shared_ptr<const catalog::Catalog> catalog, const Variant& variant, TimePoint start);
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer();

  // Stops the server and starts it again from the data on disk. No ClientEnd may exist meanwhile.
  [[nodiscard]] Status restart();

  // Runs until no more work is pending.
  void drain();
  // Advances time in steps: in each, the sweeps of the loops and the connections' timers run, then
  // `on_step`.
  struct Steps {
    Millis span{0};
    Millis step{1000};
  };
  void advance(const Steps& steps, const std::function<void()>& on_step);

  // Sets the faults of the platform itself (hub/platform/fault_injector.h), replacing the previous
  // ones; they stay in force through restarts. Only rules for platform faults are used
  // (is_platform_fault).
  void set_faults(const std::vector<FaultRule>& rules);
  // Whether any platform fault is in force.
  [[nodiscard]] bool injects_faults() const { return server_->platform().fault_injector.any(); }

  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] const Variant& variant() const { return variant_; }
  [[nodiscard]] registry::Registry& registry() { return server_->registry(); }
  [[nodiscard]] const catalog::Catalog& catalog() const { return *catalog_; }

 private:
  friend class ClientEnd;
  // The bytes and connections in transit between the sockets of both sides; all zero when idle.
  struct Traffic {
    std::size_t to_server = 0;
    std::size_t from_server = 0;
    std::size_t open = 0;  // on the server's side
  };
  class Counted;

  TestServer(std::shared_ptr<const catalog::Catalog> catalog, Variant variant, TimePoint start);
  [[nodiscard]] Status start();
  [[nodiscard]] bool quiet() const;
  [[nodiscard]] bool waits_for_log();
  [[nodiscard]] bool waits_for_archive();
  // Returns once everything is on disk that was recorded so far.
  void settle_log();
  bool pump_ends();

  Variant variant_;
  SteppedClock clock_;
  std::shared_ptr<const catalog::Catalog> catalog_;
  QuickFolder folder_;
  std::vector<FaultRule> faults_;
  std::vector<ClientEnd*> ends_;
  std::size_t next_loop_ = 0;
  Traffic server_traffic_;  // as counted by its protocols
  Traffic ends_traffic_;
  std::shared_ptr<void> network_;  // of the nodes
  std::unique_ptr<server::Server> server_;
  std::unique_ptr<Nodes> nodes_;  // null: the server is alone
};

}  // namespace gridloom::transcripts
