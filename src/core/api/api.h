// Answers HTTP requests: the signed API of the vendor's documents (api/vendor/vendor_api.h),
// /healthz and /metrics, and the Routes that are added (api/routes.h): requests in, responses out.
//
// There is one Api per loop. It holds no sockets and never blocks: data of a device's twin come
// back through the hub, its history from the archive.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/gate/gate.h"
#include "api/gate/signatures.h"
#include "api/routes.h"
#include "api/vendor/vendor_api.h"
#include "base/failure_budget.h"
#include "base/loop.h"
#include "base/request_rate.h"
#include "history/reader.h"
#include "http/message.h"
#include "http/service.h"
#include "hub/hub.h"
#include "net/protocol.h"
#include "sign_in/sign_in.h"
#include "wire/replay_guard.h"
#include "wire/signing.h"

namespace gridloom::api {

struct Health {
  bool good = true;
  std::string text;  // a JSON object
};

class Api {
 public:
  struct Options {
    hub::Hub* hub = nullptr;
    Loop* loop = nullptr;    // responses are delivered on it
    history::Reads reads{};  // executes history queries
    BrokerAddress mqtt{};
    std::function<std::string()> metrics{};  // the text of /metrics
    std::function<Health()> health{};        // /healthz
    wire::SigningLimits signing{};
    RequestRate* rate = nullptr;           // shared by all loops; null: any rate
    wire::ReplayGuard* replays = nullptr;  // shared by all loops; null: any timestamp, any replay
    wire::ReplayGuard* guard = nullptr;    // shared by all loops (Signatures::Options)
    FailureBudget* failures = nullptr;     // shared by all listeners; null: no limit of failures
    sign_in::SignIn* sign_in = nullptr;    // shared by all loops; null: no browser can sign in
  };
  explicit Api(Options options);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  ~Api() = default;

  // The endpoints that are its own, one method each: "GET /healthz" and so on, those where a
  // WebSocket is opened included; HEAD is allowed where GET is answered. {sn} stands for a serial
  // number.
  [[nodiscard]] static std::vector<std::string> endpoints();

  // Before the first request.
  void add(std::unique_ptr<Routes> routes) { routes_.push_back(std::move(routes)); }
  // The checks between a request and its answer, for such routes.
  [[nodiscard]] Gate& gate() { return gate_; }

  // The request is not used after the return, `done` may be.
  void handle(const http::Request& request, Callback<http::Response> done,
              ReplayCheck replay_check = ReplayCheck::kOff);
  // Decides by the head of a request that has a body how much of it handle() will use; 0: nothing
  // (http::Service::body_limit).
  [[nodiscard]] std::size_t body_limit(const http::Request& head) const;
  // The response to a request that the protocol refuses (http::Service::refusal).
  [[nodiscard]] http::Response refusal(const http::BadRequest& bad) const;
  // As those of Routes.
  [[nodiscard]] std::optional<http::Upgrade> find_upgrade(std::string_view path) const;
  [[nodiscard]] std::expected<std::shared_ptr<net::Protocol>, http::Response> open(
      const http::Request& request, net::ConnectionContext context);
  // To be called a few times a second: sends responses that an injected platform fault delays.
  void tick() { gate_.faults.tick(); }

 private:
  // Answers requests for what every program may read: health and metrics.
  [[nodiscard]] http::Response answer_open(const http::Request& request) const;
  void handle_signed(const VendorApi::Route& route, const http::Request& request,
                     Callback<http::Response> done, ReplayCheck replay_check);

  Options options_;
  Gate gate_;
  VendorApi vendor_;
  std::vector<std::unique_ptr<Routes>> routes_;
};

}  // namespace gridloom::api
