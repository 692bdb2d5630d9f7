// Gridloom's own interface beside the vendor's, with a TestHome behind both. Test-only.
#pragma once

#include <memory>
#include <utility>

#include "api/test_api.h"
#include "home/home_services.h"
#include "own_api/home/home_json.h"
#include "own_api/live/live_feed.h"
#include "own_api/own_routes.h"
#include "own_api/page/page.h"
#include "own_api/services/services.h"

namespace gridloom::api {

// What the routes of a TestHome need. Its parts may be replaced before routes are made.
struct OwnParts {
  OwnParts(TestHome& of, history::Archive& archive, const Clock& steady, history::Reads given,
           sign_in::SignIn& sign_in)
      : reads(std::move(given)),
        home({.hub = *of.hub,
              .archive = archive,
              .reads = reads,
              .loop = of.client_loop,
              .steady = steady,
              .data = of.folder.data(),
              .members_of = home_members}),
        feed({.hub = of.hub.get()}),
        services{.hub = *of.hub,
                 .reads = reads,
                 .home = home,
                 .live = feed,
                 .sign_in = sign_in,
                 .page = page} {}

  history::Reads reads;
  home::HomeServices home;
  LiveFeed feed;
  Page page{{}};
  Services services;
};

// An Api that has routes of these services, of which it keeps a copy.
class ApiWithRoutes : public Api {
 public:
  ApiWithRoutes(const Api::Options& options, Services services)
      : Api(options), services_(std::move(services)) {
    add(std::make_unique<OwnRoutes>(services_, gate(), *options.loop));
  }

 private:
  const Services services_;
};

class OwnRoutesTest : public ApiTest {
 protected:
  OwnRoutesTest() {
    api.add(std::make_unique<OwnRoutes>(parts.services, api.gate(), home.client_loop));
  }
  // Those of `parts` with others in their place.
  [[nodiscard]] Services services_with(sign_in::SignIn& other) {
    return {.hub = *home.hub,
            .reads = parts.reads,
            .home = parts.home,
            .live = parts.feed,
            .sign_in = other,
            .page = parts.page};
  }
  [[nodiscard]] Services services_with(FailureBudget& failures) const {
    Services services = parts.services;
    services.failures = &failures;
    return services;
  }

  OwnParts parts{home, *archive, steady,
                 [this](auto task) {
                   history::read_now(*archive, std::move(task));
                   return true;
                 },
                 sign_in};
  home::HomeFeed& homes = parts.home.homes();
  home::SetTracker& sets = parts.home.sets();
  home::EnergyCounters& counters = parts.home.counters();
  home::BatteryModes& modes = parts.home.modes();
};

}  // namespace gridloom::api
