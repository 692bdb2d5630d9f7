#include "own_api/own_service.h"

#include <utility>

#include "base/virtual_clock.h"
#include "own_api/home/home_json.h"
#include "own_api/own_routes.h"

namespace gridloom::api {
namespace {

home::HomeServices::Options home_options(const server::ServiceParts& parts,
                                         home::EventLog::Writes events) {
  return {.hub = parts.hub,
          .archive = parts.archive,
          .reads = parts.reads,
          .loop = parts.loop,
          .steady = parts.clocks.steady,
          .data = parts.data,
          .members_of = home_members,
          .german_members_of =
              [catalog = parts.hub.platform().catalog](const home::HomeState& state,
                                                       const overview::HomePicture& picture) {
                return translated_home_members(state, picture, *catalog,
                                               catalog::Language::kGerman);
              },
          .events = events,
          .battery_modes = parts.stores.states(home::kBatteryModesService)};
}

const VirtualClock* virtual_time_of(const server::ServiceParts& parts) {
  return dynamic_cast<const VirtualClock*>(&parts.clocks.devices);
}

}  // namespace

OwnService::OwnService(const server::ServiceParts& parts, Options options)
    : home_(home_options(parts, options.events)),
      page_({.files = std::move(options.page),
             .public_host = parts.sign_in.public_host(),
             .frame_origins = std::move(options.frame_origins)}),
      live_({.hub = &parts.hub,
             .virtual_time = virtual_time_of(parts),
             .limits = options.live,
             .epoch = home_.sets().epoch()}),
      services_{.hub = parts.hub,
                .reads = parts.reads,
                .home = home_,
                .live = live_,
                .sign_in = parts.sign_in,
                .page = page_,
                .failures = parts.failures,
                .series = parts.limits.series,
                .metrics_fields = options.metrics_fields,
                .bridges = std::move(options.bridges),
                .administration = options.administration,
                .virtual_time = virtual_time_of(parts)} {}

std::unique_ptr<Routes> OwnService::routes(Loop& loop, Gate& gate) {
  return std::make_unique<OwnRoutes>(services_, gate, loop);
}

}  // namespace gridloom::api
