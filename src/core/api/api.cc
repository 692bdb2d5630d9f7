#include "api/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "api/gate/browser.h"
#include "api/message/envelope.h"
#include "api/message/headers.h"
#include "api/message/params.h"
#include "api/message/tagged_text.h"
#include "api/upgrades.h"
#include "api/v1/async_api.h"
#include "api/v1/open_api.h"

namespace gridloom::api {
namespace {

using wire::Json;

// Answered by the server itself, to everybody.
constexpr std::string_view kHealth = "/healthz";
constexpr std::string_view kMetrics = "/metrics";
constexpr std::string_view kDescription = "/openapi.json";
constexpr std::string_view kLiveDescription = "/asyncapi.json";
constexpr std::array kOpenPaths = {kHealth, kMetrics, kDescription, kLiveDescription};

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
  for (const OwnApi::Route& route : OwnApi::routes()) {
    all.push_back(fmt::format("{} {}", name_of(route.method), route.path));
  }
  for (const UpgradeRoute& route : kUpgradeRoutes) {
    all.push_back(fmt::format("GET {}", route.path));
  }
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
      history_({.platform = &options_.hub->platform(),
                .hub = options_.hub,
                .reads = options_.reads,
                .loop = options_.loop,
                .series = options_.series}),
      sessions_({.hub = options_.hub,
                 .loop = options_.loop,
                 .sign_in = options_.sign_in,
                 .virtual_time = options_.virtual_time,
                 .administration = options_.administration}),
      own_({.hub = options_.hub,
            .loop = options_.loop,
            .history = &history_,
            .sessions = &sessions_,
            .homes = options_.homes,
            .events = options_.events,
            .sets = options_.sets,
            .counters = options_.counters,
            .modes = options_.modes,
            .metrics_fields = options_.metrics_fields,
            .administration = options_.administration,
            .bridges = options_.bridges}),
      compression_(options_.loop),
      own_requests_({.platform = &options_.hub->platform(),
                     .gate = &gate_,
                     .own = &own_,
                     .compression = &compression_,
                     .failures = options_.failures,
                     .sign_in = options_.sign_in,
                     .live = options_.live,
                     .homes = options_.homes}),
      vendor_({.hub = options_.hub,
               .loop = options_.loop,
               .history = &history_,
               .mqtt = options_.mqtt}) {}

http::Response Api::answer_open(const http::Request& request) {
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
  } else if (request.path == kMetrics) {
    response.content_type = "text/plain; version=0.0.4";
    if (options_.metrics) response.body = options_.metrics();
  } else {
    response = describe(request);
  }
  return response;
}

// The descriptions have nothing that is not in the program.
http::Response Api::describe(const http::Request& request) {
  static const TaggedText http = tagged(open_api());
  static const TaggedText stream = tagged(async_api());
  const TaggedText& text = request.path == kDescription ? http : stream;
  http::Response response;
  response.data = text.json;
  add_tag(response, text, request.headers[header::kIfNoneMatch], "no-cache");
  compression_.apply(response, request.headers[header::kAcceptEncoding], {});
  return response;
}

void Api::handle(const http::Request& request, Callback<http::Response> done,
                 ReplayCheck replay_check) {
  if (is_open(request)) return done(answer_open(request));
  if (wire::is_own_path(request.path)) {
    return own_requests_.handle(request, replay_check, std::move(done));
  }
  if (const VendorApi::Route* route = VendorApi::find(request.path)) {
    return handle_signed(*route, request, std::move(done), replay_check);
  }
  const bool is_page = options_.page != nullptr && !request.path.starts_with(kSignedPaths) &&
                       options_.page->answers(request);
  if (is_page) return done(options_.page->answer(request));
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

std::expected<std::shared_ptr<net::Protocol>, http::Response> Api::open_live(
    const http::Request& request, net::ConnectionContext context) {
  return own_requests_.open_live(request, std::move(context));
}

std::size_t Api::body_limit(const http::Request& head) const {
  // The only body that anybody may send, so it is short.
  const bool signs_in = head.path == kSignInPath;
  const std::string credential = gate_.callers.credential_of(head);
  const bool is_known =
      signs_in ? options_.sign_in != nullptr : gate_.callers.is_known(head, credential);
  const TimePoint now = options_.hub->platform().steady->now();
  if (!is_known ||
      gate_.admission.check_credit(head, credential, AnswerForm(AnswerForm::Style::kPlain), now)) {
    return 0;
  }
  return signs_in ? options_.sign_in->limits().body_bytes : http::kAnyBody;
}

}  // namespace gridloom::api
