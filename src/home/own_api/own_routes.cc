#include "own_api/own_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "api/gate/callers.h"
#include "api/message/headers.h"
#include "api/message/tagged_text.h"
#include "http/web_socket.h"
#include "own_api/v1/descriptions.h"
#include "own_api/v1/own_api.h"
#include "wire/signing.h"

namespace gridloom::api {
namespace {

constexpr std::string_view kDescription = "/openapi.json";
constexpr std::string_view kLiveDescription = "/asyncapi.json";
constexpr std::array kDescriptions = {kDescription, kLiveDescription};
constexpr std::string_view kLive = "/api/v1/live";

bool is_description(const http::Request& request) {
  const bool reads = request.method == http::Method::kGet || request.method == http::Method::kHead;
  return reads && std::ranges::find(kDescriptions, request.path) != kDescriptions.end();
}

}  // namespace

std::vector<std::string> OwnRoutes::endpoints() {
  std::vector<std::string> all;
  all.reserve(kDescriptions.size() + OwnApi::routes().size() + 1);
  for (const std::string_view path : kDescriptions) all.push_back(fmt::format("GET {}", path));
  for (const OwnApi::Route& route : OwnApi::routes()) {
    all.push_back(fmt::format("{} {}", name_of(route.method), route.path));
  }
  all.push_back(fmt::format("GET {}", kLive));
  return all;
}

bool OwnRoutes::answers(const http::Request& request) const {
  return wire::is_own_path(request.path) || is_description(request) ||
         services_.page.answers(request);
}

void OwnRoutes::handle(const http::Request& request, ReplayCheck replay_check,
                       Callback<http::Response> done) {
  if (wire::is_own_path(request.path)) {
    return requests_.handle(request, replay_check, std::move(done));
  }
  done(is_description(request) ? describe(request) : services_.page.answer(request));
}

// The descriptions have nothing that is not in the program.
http::Response OwnRoutes::describe(const http::Request& request) {
  // A page on an attacker's name for this address must not read them (DNS rebinding).
  if (!is_local_name(request.host)) {
    if (auto refused = gate_.callers.check_host(request, AnswerForm(AnswerForm::Style::kPlain))) {
      return std::move(*refused);
    }
  }
  static const TaggedText http = tagged(open_api());
  static const TaggedText stream = tagged(async_api());
  const TaggedText& text = request.path == kDescription ? http : stream;
  http::Response response;
  response.data = text.json;
  add_tag(response, text, request.headers[header::kIfNoneMatch], "no-cache");
  compression_.apply(response, request.headers[header::kAcceptEncoding], {});
  return response;
}

std::optional<std::size_t> OwnRoutes::body_limit(const http::Request& head) const {
  if (head.path != kSignInPath) return std::nullopt;
  // The only body that anybody may send, so it is short.
  const TimePoint now = services_.hub.platform().steady->now();
  const AnswerForm form(AnswerForm::Style::kPlain);
  const std::string credential = gate_.callers.credential_of(head);
  if (gate_.admission.check_credit(head, credential, form, now)) return 0;
  return services_.sign_in.limits().body_bytes;
}

std::optional<http::Response> OwnRoutes::refusal(const http::BadRequest& bad) const {
  if (!wire::is_own_path(bad.path)) return std::nullopt;
  return OwnRequests::refusal(bad.status, bad.why);
}

std::optional<http::Upgrade> OwnRoutes::find_upgrade(std::string_view path) const {
  if (path != kLive) return std::nullopt;
  return http::Upgrade{.protocol = "gridloom.live.1", .form = http::WebSocketForm::kLines};
}

std::expected<std::shared_ptr<net::Protocol>, http::Response> OwnRoutes::open(
    const http::Request& request, net::ConnectionContext context) {
  // A message of the stream is true for a moment only.
  const auto bound_output = context.bound_output;
  auto live = requests_.open_live(request, std::move(context));
  if (live && bound_output) bound_output();
  return live;
}

}  // namespace gridloom::api
