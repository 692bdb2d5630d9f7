#include "own_api/own_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/gate/callers.h"
#include "api/message/headers.h"
#include "api/message/params.h"
#include "http/head.h"
#include "own_api/live/live_session.h"

namespace gridloom::api {
namespace {

using wire::JsonObject;

// The parameters of a request that is not signed are those of its query, whatever its type.
wire::SignedRequest query_of(const http::Request& request) {
  wire::SignedRequest only{};
  only.query = request.query;
  return only;
}

Result<JsonObject> body_of(const http::Request& request, const wire::JsonLimits& limits) {
  if (!wire::is_json_type(request.content_type)) {
    return fail(ErrorCode::kBadParams, "Content-Type must be application/json");
  }
  GL_TRY(auto body, wire::parse_json(request.body, limits));
  if (!body.is_object()) {
    return fail(ErrorCode::kBadParams,
                fmt::format("the body is {}: must be a JSON object", wire::kind_name(body)));
  }
  return std::move(body.get_object());
}

// Data are no script and no page, no other site's page may have them in itself, and they are about
// the moment and about one person, unless they say otherwise.
void seal(http::Response& response) {
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  const bool says = std::ranges::any_of(
      response.headers, [](const auto& header) { return header.first == "Cache-Control"; });
  if (!says) response.headers.emplace_back("Cache-Control", "no-store");
}

// A response with 401 says how to ask, and whether the token that was sent is the reason (RFC 6750,
// 3). Browsers open no dialog for this scheme.
void add_challenge(http::Response& response, bool has_token) {
  if (response.status != 401) return;
  response.headers.emplace_back("WWW-Authenticate",
                                has_token ? R"(Bearer realm="gridloom", error="invalid_token")"
                                          : R"(Bearer realm="gridloom")");
}

// Whether the route answers that nobody asks: there is no credential, or the session has ended.
bool is_nobody(const OwnApi::Route& route, const http::Request& request, const Callers& callers,
               const Error& why) {
  return route.access == Access::kVisitors && why.code == ErrorCode::kUnknownKey &&
         !callers.has_authorization(request);
}

http::Response no_route(const http::Request& request, const AnswerForm& form, const Error& why) {
  if (why.code == ErrorCode::kNotFound) return form.refusal(404, why.detail);
  http::Response response =
      form.refusal(405, fmt::format("{} takes {}", shown(request.path), why.detail));
  response.headers.emplace_back("Allow", why.detail);
  return response;
}

// A page puts its token behind this word, among the protocols that it offers: it cannot send the
// header Authorization with a WebSocket.
constexpr std::string_view kOfferedToken = "gridloom.token.";

http::Request with_offered_token(http::Request request) {
  std::string token;
  const bool is_offered =
      http::lists(request.headers[header::kWebSocketProtocols], [&token](std::string_view each) {
        if (!each.starts_with(kOfferedToken)) return false;
        token = each.substr(kOfferedToken.size());
        return true;
      });
  if (is_offered) request.authorization = fmt::format("Bearer {}", token);
  return request;
}

}  // namespace

OwnRequests::Asked OwnRequests::asked_by(const http::Request& request,
                                         ReplayCheck replay_check) const {
  const Callers& callers = gate_.callers;
  const auto by = callers.is_signed(request)      ? By::kSignature
                  : callers.is_by_cookie(request) ? By::kCookie
                                                  : By::kToken;
  return {.request = request,
          .credential = callers.credential_of(request),
          .form = AnswerForm(by == By::kSignature ? AnswerForm::Style::kEnvelope
                                                  : AnswerForm::Style::kPlain),
          .now = services_.hub.platform().steady->now(),
          .replay_check = replay_check,
          .by = by};
}

Result<OwnRequests::Verified> OwnRequests::find_caller(const Asked& asked,
                                                       const wire::SignedRequest& claim,
                                                       const registry::Directory& directory) const {
  Verified verified;
  if (asked.by == By::kSignature) {
    GL_TRY(auto by, gate_.signatures.verify(asked.request, claim, asked.replay_check, asked.now));
    verified.caller.account = by.account;
    verified.read = std::move(by.read);
    return verified;
  }
  GL_TRY(auto caller, gate_.callers.find(asked.request, asked.credential, directory, asked.now));
  verified.caller = std::move(caller);
  return verified;
}

Result<OwnRequests::Parameters> OwnRequests::parameters_of(const OwnApi::Route& route,
                                                           const Asked& asked,
                                                           const wire::SignedRequest& claim,
                                                           wire::ReadParameters read) const {
  const wire::SigningLimits& limits = gate_.signatures.limits();
  Parameters parameters;
  const bool has_body = route.body != nullptr;
  if (asked.by == By::kSignature) {
    GL_TRY(auto all, wire::parameters_of(claim, limits, std::move(read)));
    (has_body ? parameters.body : parameters.query) = std::move(all);
    return parameters;
  }
  GL_TRY(auto query, wire::parameters_of(query_of(asked.request), limits));
  parameters.query = std::move(query);
  if (!has_body) return parameters;
  GL_TRY(auto body, body_of(asked.request, limits.json));
  parameters.body = std::move(body);
  return parameters;
}

Callback<http::Response> OwnRequests::sealed(const Asked& asked,
                                             Callback<http::Response> done) const {
  const bool has_token = gate_.callers.has_token(asked.request);
  return [has_token, done = std::move(done)](http::Response response) mutable {
    add_challenge(response, has_token);
    seal(response);
    done(std::move(response));
  };
}

Callback<http::Response> OwnRequests::compressed(const http::Request& request,
                                                 registry::AccountId account,
                                                 Callback<http::Response> done) const {
  return [compression = &compression_, account, accepted = request.headers[header::kAcceptEncoding],
          done = std::move(done)](http::Response response) mutable {
    compression->apply(response, accepted, account);
    done(std::move(response));
  };
}

http::Response OwnRequests::refusal(unsigned status, std::string_view why) {
  http::Response response = AnswerForm(AnswerForm::Style::kPlain).refusal(status, why);
  seal(response);
  return response;
}

void OwnRequests::handle(const http::Request& request, ReplayCheck replay_check,
                         Callback<http::Response> done) const {
  const Asked asked = asked_by(request, replay_check);
  done = sealed(asked, std::move(done));
  const AnswerForm& form = asked.form;
  const auto found = OwnApi::find(request.method, request.path);
  if (!found) return done(no_route(request, form, found.error()));
  const OwnApi::Route& route = *found->route;
  const Admission& admission = gate_.admission;
  if (auto refused = admission.check_credit(request, asked.credential, form, asked.now)) {
    return done(std::move(*refused));
  }
  if (route.access == Access::kEverybody) {
    return handle_without_caller(route, request, AnswerForm(AnswerForm::Style::kPlain),
                                 std::move(done));
  }
  if (asked.by == By::kCookie) {
    if (auto refused = gate_.callers.check_host(request, form)) {
      return done(std::move(*refused));
    }
  }
  const auto directory = services_.hub.platform().registry.directory();
  const wire::SignedRequest claim = claim_of(request);
  auto verified = find_caller(asked, claim, *directory);
  if (!verified) {
    const Error& why = verified.error();
    const bool nobody = is_nobody(route, request, gate_.callers, why);
    return done(nobody ? http::Response{.status = 204} : form.failure(why));
  }
  const registry::AccountId account = verified->caller.account;
  if (auto refused = admission.check_rate(request, asked.credential, account, form, asked.now)) {
    return done(std::move(*refused));
  }
  if (may_compress(route)) done = compressed(request, account, std::move(done));
  auto given = parameters_of(route, asked, claim, std::move(verified->read));
  if (!given) return done(form.failure(given.error()));
  if (!gate_.faults.apply(request, account, found->named, form, done)) return;
  own_.handle(route, {.request = request,
                      .caller = std::move(verified->caller),
                      .named = std::string(found->named),
                      .inner = std::string(found->inner),
                      .params = std::move(given->query),
                      .body = std::move(given->body),
                      .form = form,
                      .done = std::move(done)});
}

void OwnRequests::handle_without_caller(const OwnApi::Route& route, const http::Request& request,
                                        const AnswerForm& form,
                                        Callback<http::Response> done) const {
  if (auto refused = gate_.callers.check_host(request, form)) return done(std::move(*refused));
  // This comes before what costs the address: another site's page could otherwise lock its visitors
  // out of signing in.
  if (Status ours = check_origin(request, false); !ours) return done(form.failure(ours.error()));
  // Failed attempts count for the address too, and so does what is no attempt at all: reading it
  // costs the server as much.
  done = [failures = services_.failures, peer = request.peer,
          at = services_.hub.platform().steady->now(),
          done = std::move(done)](http::Response response) mutable {
    const bool has_failed = response.status == 400 || response.status == 401;
    if (failures != nullptr && has_failed) failures->failed(peer, {}, at);
    done(std::move(response));
  };
  const wire::SigningLimits& limits = gate_.signatures.limits();
  auto query = wire::parameters_of(query_of(request), limits);
  if (!query) return done(form.failure(query.error()));
  auto body = body_of(request, limits.json);
  if (!body) return done(form.failure(body.error()));
  const wire::Json* account = body->if_contains("account");
  if (account != nullptr && account->is_string()) {
    if (const auto wait = services_.sign_in.wait(account->get_string(), request.peer)) {
      return done(form.too_many(*wait, "too many attempts to sign in to this account failed"));
    }
  }
  own_.handle(route, {.request = request,
                      .caller = {},
                      .named = {},
                      .params = std::move(*query),
                      .body = std::move(*body),
                      .form = form,
                      .done = std::move(done)});
}

std::expected<std::shared_ptr<net::Protocol>, http::Response> OwnRequests::open_live(
    const http::Request& request, net::ConnectionContext context) const {
  const Callers& callers = gate_.callers;
  // Another header Authorization is that of a reverse proxy.
  const http::Request asked = callers.has_token(request) ? request : with_offered_token(request);
  auto opened = find_live(asked, std::move(context));
  if (!opened) {
    add_challenge(opened.error(), callers.has_token(asked));
    seal(opened.error());
  }
  return opened;
}

// The Origin is checked as for a change: another site's page must not read the home by the cookie
// that the browser sends along.
std::expected<std::shared_ptr<net::Protocol>, http::Response> OwnRequests::find_live(
    const http::Request& request, net::ConnectionContext context) const {
  const AnswerForm form(AnswerForm::Style::kPlain);
  const Callers& callers = gate_.callers;
  const Admission& admission = gate_.admission;
  const TimePoint now = services_.hub.platform().steady->now();
  const std::string credential = callers.credential_of(request);
  if (auto refused = admission.check_credit(request, credential, form, now)) {
    return std::unexpected(std::move(*refused));
  }
  const bool is_browser = callers.is_by_cookie(request);
  if (is_browser) {
    if (auto refused = callers.check_host(request, form)) {
      return std::unexpected(std::move(*refused));
    }
    if (Status ours = check_origin(request, true); !ours) {
      return std::unexpected(form.failure(ours.error()));
    }
  }
  const auto directory = services_.hub.platform().registry.directory();
  const auto caller = callers.find(request, credential, *directory, now);
  if (!caller) return std::unexpected(form.failure(caller.error()));
  if (!registry::permits(caller->scope, registry::Scope::kCard)) {
    return std::unexpected(form.failure(
        {.code = ErrorCode::kNoPermission,
         .detail = "the token is an administrator's, and belongs to no account with devices"}));
  }
  if (auto refused = admission.check_rate(request, credential, caller->account, form, now)) {
    return std::unexpected(std::move(*refused));
  }
  auto session = LiveSession::open({.context = std::move(context),
                                    .caller = {.account = caller->account,
                                               .token = is_browser ? std::string() : credential,
                                               .session = is_browser ? credential : std::string(),
                                               .card = card_of(caller->token)},
                                    .feed = &services_.live,
                                    .homes = &services_.home.homes(),
                                    .now = now});
  if (!session) return std::unexpected(form.refusal(429, session.error().detail));
  return std::move(*session);
}

}  // namespace gridloom::api
