#include "api/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "api/gate/callers.h"
#include "api/message/envelope.h"
#include "api/message/headers.h"
#include "api/message/params.h"

namespace gridloom::api {
namespace {

using wire::Json;

// Answered by the server itself, to everybody.
constexpr std::string_view kHealth = "/healthz";
constexpr std::string_view kMetrics = "/metrics";
constexpr std::array kOpenPaths = {kHealth, kMetrics};

bool is_open(const http::Request& request) {
  const bool reads = request.method == http::Method::kGet || request.method == http::Method::kHead;
  return reads && std::ranges::find(kOpenPaths, request.path) != kOpenPaths.end();
}

}  // namespace

std::vector<std::string> Api::endpoints() {
  std::vector<std::string> all;
  all.reserve(kOpenPaths.size());
  for (const std::string_view path : kOpenPaths) all.push_back(fmt::format("GET {}", path));
  for (const VendorApi::Route& route : VendorApi::routes()) {
    if (route.get != nullptr) all.push_back(fmt::format("GET {}", route.path));
    if (route.post != nullptr) all.push_back(fmt::format("POST {}", route.path));
    if (route.put != nullptr) all.push_back(fmt::format("PUT {}", route.path));
  }
  all.push_back(fmt::format("GET {}", kMqttPath));
  return all;
}

Api::Api(Options options)
    : options_(std::move(options)),
      gate_{.signatures = Signatures({.platform = &options_.hub->platform(),
                                      .signing = options_.signing,
                                      .replays = options_.replays,
                                      .guard = options_.guard,
                                      .failures = options_.failures}),
            .callers = Callers(
                {.hub = options_.hub, .failures = options_.failures, .sign_in = options_.sign_in}),
            .admission = Admission({.rate = options_.rate, .failures = options_.failures}),
            .faults = PlatformFaults(options_.hub->platform())},
      vendor_({.hub = options_.hub,
               .loop = options_.loop,
               .reads = options_.reads,
               .mqtt = options_.mqtt}) {}

http::Response Api::answer_open(const http::Request& request) const {
  // A page on an attacker's name for this address must not read them (DNS rebinding).
  if (!is_local_name(request.host)) {
    if (auto refused = gate_.callers.check_host(request, AnswerForm(AnswerForm::Style::kPlain))) {
      return std::move(*refused);
    }
  }
  http::Response response;
  if (request.path == kHealth) {
    Health health = options_.health ? options_.health() : Health{.text = R"({"status":"ok"})"};
    response.status = health.good ? 200U : 503U;
    response.body = std::move(health.text);
  } else {
    response.content_type = "text/plain; version=0.0.4";
    if (options_.metrics) response.body = options_.metrics();
  }
  return response;
}

void Api::handle(const http::Request& request, Callback<http::Response> done,
                 ReplayCheck replay_check) {
  if (is_open(request)) return done(answer_open(request));
  if (const VendorApi::Route* route = VendorApi::find(request.path)) {
    return handle_signed(*route, request, std::move(done), replay_check);
  }
  if (!request.path.starts_with(kSignedPaths)) {
    for (const auto& routes : routes_) {
      if (routes->answers(request)) return routes->handle(request, replay_check, std::move(done));
    }
  }
  done(transport_error(404, fmt::format("there is nothing at {}", shown(request.path))));
}

void Api::handle_signed(const VendorApi::Route& route, const http::Request& request,
                        Callback<http::Response> done, ReplayCheck replay_check) {
  const VendorApi::Handler handler = route.handler_of(request.method);
  if (handler == nullptr) {
    http::Response response =
        transport_error(405, fmt::format("{} takes {}", shown(request.path), route.methods));
    response.headers.emplace_back("Allow", std::string(route.methods));
    return done(std::move(response));
  }
  const AnswerForm form(AnswerForm::Style::kEnvelope);
  const wire::SignedRequest claim = claim_of(request);
  const TimePoint now = options_.hub->platform().steady->now();
  const std::string_view key = request.headers[header::kAccessKey];
  if (auto refused = gate_.admission.check_credit(request, key, form, now)) {
    return done(std::move(*refused));
  }
  auto by = gate_.signatures.verify(request, claim, replay_check, now);
  if (!by) return done(form.failure(by.error()));
  if (auto refused = gate_.admission.check_rate(request, key, by->account, form, now)) {
    return done(std::move(*refused));
  }
  auto params = wire::parameters_of(claim, options_.signing, std::move(by->read));
  if (!params) return done(form.failure(params.error()));
  const Json* asked = params->if_contains("sn");
  const std::string_view sn =
      asked != nullptr && asked->is_string() ? asked->get_string() : std::string_view();
  if (!gate_.faults.apply(request, by->account, sn, form, done)) return;
  vendor_.handle(handler, {.request = request,
                           .params = std::move(*params),
                           .account = by->account,
                           .form = form,
                           .done = std::move(done)});
}

std::size_t Api::body_limit(const http::Request& head) const {
  for (const auto& routes : routes_) {
    if (const auto limit = routes->body_limit(head)) return *limit;
  }
  const std::string credential = gate_.callers.credential_of(head);
  const TimePoint now = options_.hub->platform().steady->now();
  if (!gate_.callers.is_known(head, credential) ||
      gate_.admission.check_credit(head, credential, AnswerForm(AnswerForm::Style::kPlain), now)) {
    return 0;
  }
  return http::kAnyBody;
}

http::Response Api::refusal(const http::BadRequest& bad) const {
  for (const auto& routes : routes_) {
    if (auto refusal = routes->refusal(bad)) return std::move(*refusal);
  }
  return transport_error(bad.status, bad.why);
}

std::optional<http::Upgrade> Api::find_upgrade(std::string_view path) const {
  for (const auto& routes : routes_) {
    if (const auto found = routes->find_upgrade(path)) return found;
  }
  return std::nullopt;
}

std::expected<std::shared_ptr<net::Protocol>, http::Response> Api::open(
    const http::Request& request, net::ConnectionContext context) {
  for (const auto& routes : routes_) {
    if (routes->find_upgrade(request.path)) return routes->open(request, std::move(context));
  }
  return std::unexpected(transport_error(404, "there is nothing to open"));
}

}  // namespace gridloom::api
