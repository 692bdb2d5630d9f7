// The parts of a server that the routes of Gridloom's own API use. Made once
// (own_api/own_service.h), shared by all loops; all that it refers to outlives the routes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/failure_budget.h"
#include "base/ids.h"
#include "base/shared_text.h"
#include "base/virtual_clock.h"
#include "history/reader.h"
#include "history/series/series_request.h"
#include "home/home_services.h"
#include "hub/hub.h"
#include "hub/platform/pending_replies.h"
#include "own_api/bodies/bridges.h"
#include "own_api/live/live_feed.h"
#include "own_api/page/page.h"
#include "sign_in/sign_in.h"
#include "wire/json.h"

namespace gridloom::api {

// Administration over HTTP: /api/v1/admin asks it of the process that the server runs in. Any
// thread.
class Administration {
 public:
  struct Request {
    std::string operation;
    wire::JsonObject parameters{};
    std::string who;   // asks, as the audit names it: "admin:panel"
    std::string by;    // by which credential: "token 7"
    std::string from;  // the client's address
  };

  Administration() = default;
  Administration(const Administration&) = delete;
  Administration& operator=(const Administration&) = delete;
  virtual ~Administration() = default;

  // {"operations": [...]}: each with its parameters and their limits.
  [[nodiscard]] virtual SharedText operations() const = 0;
  // Does not block. kBadParams: there is no such operation for HTTP, or a parameter is wrong;
  // kConflict: too many run, or the server starts or stops; otherwise the operation's own errors.
  virtual void run(Request request, hub::ReplyTo<wire::Json> reply) = 0;
};

// Series of fields in one answer of /metrics/home; further devices are left out.
inline constexpr std::size_t kHomeMetricsFields = 20'000;

// The bridges of an account. Any thread.
using ListBridges = std::function<std::vector<body::Bridge>(AccountId account)>;

struct Services {
  hub::Hub& hub;
  history::Reads reads;
  home::HomeServices& home;
  LiveFeed& live;
  sign_in::SignIn& sign_in;
  const Page& page;
  FailureBudget* failures = nullptr;  // null: addresses may fail as often as they like
  history::SeriesLimits series{};
  std::size_t metrics_fields = kHomeMetricsFields;
  ListBridges bridges{};                       // empty: there are none
  Administration* administration = nullptr;    // null: none over HTTP
  const VirtualClock* virtual_time = nullptr;  // the devices' clock, if it is one
};

}  // namespace gridloom::api
