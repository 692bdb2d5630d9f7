#include "server/protocols.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/log_throttle.h"
#include "base/redacted.h"
#include "http/session.h"
#include "hub/hub.h"
#include "mqtt/connection.h"

namespace gridloom::server {
namespace {

// Any client can request the metrics with forty bytes, and they are expensive to compute. Requests
// beyond the rate limit get the last text.
std::function<std::string()> throttled(std::function<std::string()> metrics, const Clock& clock) {
  auto fresh =
      std::make_shared<LogThrottle>(LogThrottle::Options{.times = 10, .within = Millis(100)});
  return [metrics = std::move(metrics), &clock, fresh = std::move(fresh),
          text = std::string()]() mutable {
    if (fresh->admit(clock.now())) text = metrics();
    return text;
  };
}

}  // namespace

Protocols::Protocols(const Options& options)
    : options_(options), guard_(options.limits.guard, wire::ReplayRule::kPatient) {
  if (options_.strictness == Strictness::kStrict) replays_.emplace(options_.limits.replays);
  if (const std::size_t rate = options_.limits.requests_per_second; rate > 0) rate_.emplace(rate);
}

void Protocols::add_apis(ApiOptions options) {
  if (!options.trusted_proxies.empty()) proxies_.emplace(std::move(options.trusted_proxies));
  for (const auto& loop : options_.loops) {
    apis_.push_back(std::make_unique<http::Api>(
        http::Api::Options{.hub = options_.mqtt.hub,
                           .loop = loop.get(),
                           .reads = options.reads,
                           .series = options_.limits.series,
                           .mqtt = options.mqtt,
                           .metrics = throttled(options.metrics, *options_.mqtt.clock),
                           .health = options.health,
                           .signing = options_.limits.signing,
                           .rate = rate_ ? &*rate_ : nullptr,
                           .replays = replays_ ? &*replays_ : nullptr,
                           .guard = &guard_,
                           .failures = options_.mqtt.failures,
                           .page = options.page,
                           .homes = options.homes,
                           .live = options.live,
                           .sign_in = options.sign_in,
                           .administration = options.administration,
                           .virtual_time = options.virtual_time}));
    loop->on_sweep([api = apis_.back().get()] { api->tick(); });
  }
}

http::Api& Protocols::api_of(const Loop& loop) const {
  const auto found =
      std::ranges::find_if(options_.loops, [&](const auto& each) { return each.get() == &loop; });
  return *apis_.at(static_cast<std::size_t>(found - options_.loops.begin()));
}

net::MakeProtocol Protocols::make(Interface interface, ReplayCheck replay_check) const {
  return interface == Interface::kHttp ? make_http(replay_check) : mqtt::serve(options_.mqtt);
}

net::MakeProtocol Protocols::make_http(ReplayCheck replay_check) const {
  return [this, replay_check](net::ConnectionContext context) -> std::shared_ptr<net::Protocol> {
    http::Api* api = &api_of(context.loop);
    return std::make_shared<http::Session>(
        std::move(context),
        [api, replay_check](http::Request& request, Callback<http::Response> done) {
          request.guarded = replay_check == ReplayCheck::kOn;
          api->handle(request, std::move(done));
        },
        options_.limits.http, options_.mqtt.clock->now(), mqtt::serve(options_.mqtt),
        [api](const http::Request& head) { return api->body_limit(head); },
        [hub = options_.mqtt.hub](const http::Session::Refused& refused) {
          // An unknown key may be the secret one, in the wrong header.
          const auto directory = hub->platform().registry.directory();
          const bool is_known = directory->find_key(refused.access_key) != nullptr;
          hub->record_event({.kind = hub::ClientEvent::Kind::kRequestRefused,
                             .reason = refused.code,
                             .user = is_known ? std::string(refused.access_key)
                                              : redacted_name(refused.access_key),
                             .peer = refused.peer,
                             .detail = refused.why});
        },
        [api](const http::Request& request, net::ConnectionContext live) {
          return api->open_live(request, std::move(live));
        },
        proxies_ ? &*proxies_ : nullptr);
  };
}

}  // namespace gridloom::server
