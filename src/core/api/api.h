// All that is asked over HTTP: the signed API of the vendor's documents (api/vendor/vendor_api.h),
// Gridloom's own (api/v1/own_api.h), /openapi.json, /asyncapi.json, /healthz and /metrics, and the
// dashboard's page: requests in, responses out.
//
// There is one Api per loop. It holds no sockets and never blocks: data of a device's twin come
// back through the hub, its history from the archive.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/gate/gate.h"
#include "api/gate/replay_check.h"
#include "api/gate/sign_in.h"
#include "api/history/history_api.h"
#include "api/live/live_feed.h"
#include "api/message/compression.h"
#include "api/own_requests.h"
#include "api/page/page.h"
#include "api/v1/own_api.h"
#include "api/v1/session_api.h"
#include "api/vendor/vendor_api.h"
#include "base/failure_budget.h"
#include "base/loop.h"
#include "base/request_rate.h"
#include "base/virtual_clock.h"
#include "bridges/bridges.h"
#include "home/home_feed.h"
#include "home/set_tracker.h"
#include "http/message.h"
#include "hub/hub.h"
#include "net/protocol.h"
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
    history::SeriesLimits series{};
    BrokerAddress mqtt{};
    std::function<std::string()> metrics{};  // the text of /metrics
    std::function<Health()> health{};        // /healthz
    wire::SigningLimits signing{};
    RequestRate* rate = nullptr;             // shared by all loops; null: any rate
    wire::ReplayGuard* replays = nullptr;    // shared by all loops; null: any timestamp, any replay
    wire::ReplayGuard* guard = nullptr;      // shared by all loops (Signatures::Options)
    FailureBudget* failures = nullptr;       // shared by all listeners; null: no limit of failures
    const Page* page = nullptr;              // shared by all loops; null: there are no pages
    home::HomeFeed* homes = nullptr;         // shared by all loops
    const home::EventLog* events = nullptr;  // shared by all loops; null: see OwnApi::Options
    home::SetTracker* sets = nullptr;        // shared by all loops; null: no command is taken
    home::EnergyCounters* counters = nullptr;  // shared by all loops; null: no energy counters
    home::BatteryModes* modes = nullptr;       // shared by all loops; null: no mode is taken
    std::size_t metrics_fields = kHomeMetricsFields;
    LiveFeed* live = nullptr;                  // shared by all loops; null: there is no live stream
    SignIn* sign_in = nullptr;                 // shared by all loops; null: no browser can sign in
    Administration* administration = nullptr;  // shared by all loops; null: none over HTTP
    const bridges::Bridges* bridges = nullptr;   // shared by all loops; null: there are none
    const VirtualClock* virtual_time = nullptr;  // the devices' clock, if it is one
  };
  explicit Api(Options options);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  ~Api() = default;

  // All endpoints, one method each: "GET /healthz" and so on, those where a WebSocket is opened
  // included; HEAD is allowed where GET is answered. {sn} stands for a serial number.
  [[nodiscard]] static std::vector<std::string> endpoints();

  // The request is not used after the return, `done` may be.
  void handle(const http::Request& request, Callback<http::Response> done,
              ReplayCheck replay_check = ReplayCheck::kOff);
  // The protocol of the live stream for a request that may open it, or the refusal.
  [[nodiscard]] std::expected<std::shared_ptr<net::Protocol>, http::Response> open_live(
      const http::Request& request, net::ConnectionContext context);
  // Decides by the head of a request that has a body how much of it handle() will use; 0: nothing
  // (http::Service::body_limit).
  [[nodiscard]] std::size_t body_limit(const http::Request& head) const;
  // To be called a few times a second: sends responses that an injected platform fault delays.
  void tick() { gate_.faults.tick(); }

 private:
  // Answers requests for what every program may read: health, metrics, the descriptions.
  [[nodiscard]] http::Response answer_open(const http::Request& request);
  [[nodiscard]] http::Response describe(const http::Request& request);
  void handle_signed(const VendorApi::Route& route, const http::Request& request,
                     Callback<http::Response> done, ReplayCheck replay_check);

  Options options_;
  Gate gate_;
  HistoryApi history_;
  SessionApi sessions_;
  OwnApi own_;
  Compression compression_;
  OwnRequests own_requests_;
  VendorApi vendor_;
};

}  // namespace gridloom::api
