// The parts of a server that the routes of Gridloom's own API use. Made once
// (own_api/own_service.h), shared by all loops; all that it refers to outlives the routes.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/account_id.h"
#include "base/failure_budget.h"
#include "base/virtual_clock.h"
#include "history/reader.h"
#include "history/series/series_request.h"
#include "home/home_services.h"
#include "hub/hub.h"
#include "own_api/bodies/bridges.h"
#include "own_api/live/live_feed.h"
#include "own_api/page/page.h"
#include "own_api/services/administration.h"
#include "sign_in/sign_in.h"

namespace gridloom::api {

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
