// What a server speaks on its connections: the signed HTTP API, with MQTT inside WebSockets, and
// MQTT. Owns an http::Api per loop, and what these share: replay guards and request rates.
//
// Thread rule: the constructor and add_apis() before the loops turn; make() from any thread after
// that. A protocol belongs to the loop of its connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/api.h"
#include "http/request_rate.h"
#include "http/trusted_proxies.h"
#include "mqtt/client_session.h"
#include "net/network.h"
#include "net/protocol.h"
#include "server/interface.h"
#include "server/limits.h"
#include "server/listeners.h"
#include "server/loops.h"
#include "wire/replay_guard.h"

namespace gridloom::server {

// Whether the vendor's cloud is imitated where it is stricter than the platform.
enum class Strictness : std::uint8_t { kRelaxed, kStrict };

class Protocols {
 public:
  struct Options {
    const mqtt::ServerContext& mqtt;  // also names the hub, the clock and the failure budget
    LoopSpan loops;
    const Limits& limits;
    Strictness strictness = Strictness::kRelaxed;
  };
  // Everything that the options refer to outlives the object, and the object its protocols.
  explicit Protocols(const Options& options);
  Protocols(const Protocols&) = delete;
  Protocols& operator=(const Protocols&) = delete;
  ~Protocols() = default;

  struct ApiOptions {
    history::Reads reads;
    http::BrokerAddress mqtt;
    std::function<std::string()> metrics;  // the text of /metrics; any thread
    std::function<http::Health()> health;  // /healthz; any thread
    const http::Page* page = nullptr;      // outlives the protocols, as the next ones
    http::HomeFeed* homes = nullptr;
    http::LiveFeed* live = nullptr;
    http::SignIn* sign_in = nullptr;
    http::Administration* administration = nullptr;  // null: none over HTTP
    const VirtualClock* virtual_time = nullptr;
    std::vector<net::Network> trusted_proxies{};
  };
  // Call once, before the first connection.
  void add_apis(ApiOptions options);

  // For connections to a listener of the interface.
  [[nodiscard]] net::MakeProtocol make(Interface interface, ReplayCheck replay_check) const;

 private:
  [[nodiscard]] http::Api& api_of(const Loop& loop) const;
  [[nodiscard]] net::MakeProtocol make_http(ReplayCheck replay_check) const;

  Options options_;
  wire::ReplayGuard guard_;
  std::optional<wire::ReplayGuard> replays_;
  std::optional<http::RequestRate> rate_;
  std::optional<http::TrustedProxies> proxies_;
  std::vector<std::unique_ptr<http::Api>> apis_;  // by loop
};

}  // namespace gridloom::server
