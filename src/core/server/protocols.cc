#include "server/protocols.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/log_throttle.h"
#include "http/session.h"
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
    : options_(options),
      sessions_(options.limits.sessions),
      guard_(options.limits.guard, wire::ReplayRule::kPatient) {
  if (const std::size_t most = options_.limits.failures_per_minute; most > 0) {
    failures_.emplace(most);
  }
  mqtt_ = {.hub = &options_.hub,
           .clock = &options_.clock,
           .sessions = &sessions_,
           .limits = options_.limits.mqtt,
           .failures = failures_ ? &*failures_ : nullptr};
  for (const auto& loop : options_.loops) {
    loop->on_sweep([this, loop = loop.get()] { sessions_.sweep(*loop, options_.clock.now()); });
  }
  if (options_.strictness == Strictness::kStrict) replays_.emplace(options_.limits.replays);
  if (const std::size_t rate = options_.limits.requests_per_second; rate > 0) rate_.emplace(rate);
}

void Protocols::add_apis(ApiOptions options) {
  if (!options.trusted_proxies.empty()) proxies_.emplace(std::move(options.trusted_proxies));
  for (const auto& loop : options_.loops) {
    apis_.push_back(std::make_unique<api::Api>(
        api::Api::Options{.hub = &options_.hub,
                          .loop = loop.get(),
                          .reads = options.reads,
                          .mqtt = options.mqtt,
                          .metrics = throttled(options.metrics, options_.clock),
                          .health = options.health,
                          .signing = options_.limits.signing,
                          .rate = rate_ ? &*rate_ : nullptr,
                          .replays = replays_ ? &*replays_ : nullptr,
                          .guard = &guard_,
                          .failures = mqtt_.failures,
                          .sign_in = options.sign_in}));
    api::Api* api = apis_.back().get();
    for (const auto& service : options.services) {
      if (auto routes = service->routes(*loop, api->gate())) api->add(std::move(routes));
    }
    loop->on_sweep([api] { api->tick(); });
    for (const ReplayCheck check : {ReplayCheck::kOff, ReplayCheck::kOn}) {
      services_.push_back(std::make_unique<api::HttpService>(api::HttpService::Options{
          .api = api,
          .hub = &options_.hub,
          .mqtt = options.mqtt_protocol ? options.mqtt_protocol : mqtt::serve(mqtt_),
          .replay_check = check}));
    }
  }
}

http::Service& Protocols::service_of(const Loop& loop, ReplayCheck replay_check) const {
  const auto found =
      std::ranges::find_if(options_.loops, [&](const auto& each) { return each.get() == &loop; });
  const auto at = static_cast<std::size_t>(found - options_.loops.begin());
  return *services_.at(2 * at + (replay_check == ReplayCheck::kOn ? 1 : 0));
}

net::MakeProtocol Protocols::make(Interface interface, ReplayCheck replay_check) const {
  return interface == Interface::kHttp ? make_http(replay_check) : mqtt::serve(mqtt_);
}

net::MakeProtocol Protocols::make_http(ReplayCheck replay_check) const {
  return [this, replay_check](net::ConnectionContext context) -> std::shared_ptr<net::Protocol> {
    http::Service& service = service_of(context.loop, replay_check);
    return std::make_shared<http::Session>(std::move(context), service, options_.limits.http,
                                           options_.clock.now(), proxies_ ? &*proxies_ : nullptr);
  };
}

}  // namespace gridloom::server
