// The protocols of a server's connections: the signed HTTP API, with MQTT inside WebSockets, and
// MQTT. Owns an api::Api per loop, and what connections share: MQTT's sessions, the budget of
// failed sign-ins, replay guards, request rates.
//
// Thread rule: the constructor and add_apis() before the loops turn; make() from any thread after
// that. A protocol belongs to the loop of its connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/api.h"
#include "api/http_service.h"
#include "base/clock.h"
#include "base/failure_budget.h"
#include "base/request_rate.h"
#include "http/service.h"
#include "http/trusted_proxies.h"
#include "hub/hub.h"
#include "mqtt/client_session.h"
#include "mqtt/session_table.h"
#include "net/address.h"
#include "net/protocol.h"
#include "server/limits.h"
#include "server/listeners.h"
#include "server/loops.h"
#include "server/service.h"
#include "sign_in/sign_in.h"
#include "wire/replay_guard.h"

namespace gridloom::server {

// Whether the vendor's cloud is imitated where it is stricter than the platform.
enum class Strictness : std::uint8_t { kRelaxed, kStrict };

class Protocols {
 public:
  struct Options {
    hub::Hub& hub;
    const Clock& clock;  // a steady one
    LoopSpan loops;
    const ServerLimits& limits;
    Strictness strictness = Strictness::kRelaxed;
  };
  // Everything that the options refer to outlives the object, and the object its protocols.
  explicit Protocols(const Options& options);
  Protocols(const Protocols&) = delete;
  Protocols& operator=(const Protocols&) = delete;
  ~Protocols() = default;

  struct ApiOptions {
    history::Reads reads;
    api::BrokerAddress mqtt;
    net::MakeProtocol mqtt_protocol{};     // inside WebSockets; empty: make(Interface::kMqtt)
    std::function<std::string()> metrics;  // the text of /metrics; any thread
    std::function<api::Health()> health;   // /healthz; any thread
    sign_in::SignIn* sign_in = nullptr;    // outlives the protocols, as the services
    std::span<const std::unique_ptr<Service>> services{};
    std::vector<net::Network> trusted_proxies{};
  };
  // Call once, before the first connection.
  void add_apis(ApiOptions options);

  // For connections to a listener of the interface.
  [[nodiscard]] net::MakeProtocol make(Interface interface, ReplayCheck replay_check) const;

  // For sessions that are restored; before the loops turn.
  [[nodiscard]] const mqtt::ServerContext& mqtt() const { return mqtt_; }
  [[nodiscard]] mqtt::SessionTable& sessions() { return sessions_; }

 private:
  [[nodiscard]] http::Service& service_of(const Loop& loop, ReplayCheck replay_check) const;
  [[nodiscard]] net::MakeProtocol make_http(ReplayCheck replay_check) const;

  Options options_;
  mqtt::SessionTable sessions_;
  std::optional<FailureBudget> failures_;
  mqtt::ServerContext mqtt_;
  wire::ReplayGuard guard_;
  std::optional<wire::ReplayGuard> replays_;
  std::optional<RequestRate> rate_;
  std::optional<http::TrustedProxies> proxies_;
  std::vector<std::unique_ptr<api::Api>> apis_;  // by loop
  // Two of each loop: for listeners without the check of replays, and with it.
  std::vector<std::unique_ptr<api::HttpService>> services_;
};

}  // namespace gridloom::server
