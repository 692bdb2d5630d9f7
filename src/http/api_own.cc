// Requests of Gridloom's own API on their way to its routes: who asks, by which credential, and
// whether it may ask now. The signed API is in api.cc.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/sha256.h"
#include "http/api.h"
#include "http/browser.h"
#include "http/head.h"
#include "http/live_session.h"
#include "http/params.h"

namespace gridloom::http {
namespace {

using wire::JsonObject;

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kBasic = "Basic ";
constexpr std::string_view kSignInPath = "/api/v1/session";

// The parameters of a request that is not signed are those of its query, whatever its type.
wire::SignedRequest query_of(const Request& request) {
  wire::SignedRequest only{};
  only.query = request.query;
  return only;
}

Result<JsonObject> body_of(const Request& request, const wire::JsonLimits& limits) {
  if (!wire::is_json_type(request.content_type)) {
    return fail(ErrorCode::kBadParams, "Content-Type must be application/json");
  }
  auto body = wire::parse_json(request.body, limits);
  if (!body) return std::unexpected(body.error());
  if (!body->is_object()) {
    return fail(ErrorCode::kBadParams,
                fmt::format("the body is {}: must be a JSON object", wire::kind_name(*body)));
  }
  return std::move(body->get_object());
}

bool is_reading(Method method) { return method == Method::kGet || method == Method::kHead; }

// Data are no script and no page, and no other site's page may have them in itself.
Callback<Response> sealed(Callback<Response> done) {
  return [done = std::move(done)](Response response) mutable {
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
    done(std::move(response));
  };
}

// Answers to a browser are about the moment and about one person, unless they say otherwise.
Callback<Response> unstored(Callback<Response> done) {
  return [done = std::move(done)](Response response) mutable {
    const bool says = std::ranges::any_of(
        response.headers, [](const auto& header) { return header.first == "Cache-Control"; });
    if (!says) response.headers.emplace_back("Cache-Control", "no-store");
    done(std::move(response));
  };
}

}  // namespace

std::string_view Api::cookie_of(const Request& request) const {
  if (options_.sign_in == nullptr || request.browser.cookie.empty()) return {};
  return cookie_in(request.browser.cookie,
                   cookie_name(options_.sign_in->instance(), request.secure));
}

// A proxy in front of the server that asks for a password of its own passes it on. It is never one
// of ours, so it does not stand in the way of what is; a token does, whatever else there is.
std::string_view Api::authorization_of(const Request& request) const {
  const std::string_view header = request.authorization;
  if (!same_name(header.substr(0, kBasic.size()), kBasic)) return header;
  const bool has_another =
      request.path == kSignInPath || !request.access_key.empty() || !cookie_of(request).empty();
  return has_another ? std::string_view() : header;
}

std::string Api::credential_of(const Request& request) const {
  if (const std::string_view header = authorization_of(request); !header.empty()) {
    return sha256_of(header.substr(std::min(kBearer.size(), header.size())));
  }
  if (!request.access_key.empty()) return request.access_key;
  const std::string_view cookie = cookie_of(request);
  return cookie.empty() ? sha256_of({}) : sha256_of(cookie);
}

std::size_t Api::body_limit(const Request& head) const {
  const auto directory = options_.hub->platform().registry.directory();
  const std::string credential = credential_of(head);
  // The only body that anybody may send, so it is short.
  const bool signs_in = head.path == kSignInPath;
  const bool is_known = signs_in ? options_.sign_in != nullptr
                        : !authorization_of(head).empty()
                            ? directory->find_token(credential) != nullptr
                        : !head.access_key.empty() ? directory->find_key(credential) != nullptr
                                                   : directory->find_session(credential) != nullptr;
  if (!is_known || without_credit(head, credential, AnswerForm(AnswerForm::Style::kPlain), now())) {
    return 0;
  }
  return signs_in ? options_.sign_in->limits().body_bytes : kAnyBody;
}

std::optional<Response> Api::of_wrong_host(const Request& request, const AnswerForm& form) const {
  if (options_.sign_in == nullptr) return std::nullopt;
  if (is_own_host(request.host, options_.sign_in->public_host())) return std::nullopt;
  return form.refusal(421,
                      "this server is not known under the name in Host: use its address, or start "
                      "it with --public-host NAME");
}

void Api::handle_own(const Request& request, Callback<Response> done) {
  done = sealed(std::move(done));
  const bool is_signed = authorization_of(request).empty() && !request.access_key.empty();
  const AnswerForm form(is_signed ? AnswerForm::Style::kEnvelope : AnswerForm::Style::kPlain);
  const auto found = OwnApi::find(request.method, request.path);
  if (!found && found.error().code == ErrorCode::kNotFound) {
    return done(form.refusal(404, found.error().detail));
  }
  if (!found) {
    Response response =
        form.refusal(405, fmt::format("{} takes {}", shown(request.path), found.error().detail));
    response.headers.emplace_back("Allow", found.error().detail);
    return done(std::move(response));
  }
  const TimePoint now = this->now();
  const std::string credential = credential_of(request);
  if (auto refused = without_credit(request, credential, form, now)) {
    return done(std::move(*refused));
  }
  if (found->route->access == Access::kEverybody) {
    return handle_without_caller(*found->route, request, AnswerForm(AnswerForm::Style::kPlain),
                                 unstored(std::move(done)));
  }
  const auto directory = options_.hub->platform().registry.directory();
  OwnApi::Caller caller;
  wire::ReadParameters read;
  const wire::SignedRequest claim = claim_of(request);
  if (is_signed) {
    auto by = signed_by(request, claim, now);
    if (!by) return done(form.failure(by.error()));
    caller.account = by->account;
    read = std::move(by->read);
  } else {
    const bool is_browser = is_by_cookie(request);
    if (is_browser) {
      if (auto refused = of_wrong_host(request, form)) return done(std::move(*refused));
      done = unstored(std::move(done));
    }
    auto who = holder(request, credential, *directory, now);
    if (!who) {
      Response response = form.failure(who.error());
      if (!is_browser) response.headers.emplace_back("WWW-Authenticate", "Bearer");
      return done(std::move(response));
    }
    caller = std::move(*who);
  }
  if (auto refused = without_rate(request, credential, caller.account, form, now)) {
    return done(std::move(*refused));
  }
  const bool has_body = !found->route->body.empty();
  auto params = is_signed  ? wire::parameters_of(claim, options_.signing, std::move(read))
                : has_body ? body_of(request, options_.signing.json)
                           : wire::parameters_of(query_of(request), options_.signing);
  if (!params) return done(form.failure(params.error()));
  if (!apply_faults(request, caller.account, found->named, form, done)) return;
  OwnApi::Call call{.request = request,
                    .caller = std::move(caller),
                    .named = std::string(found->named),
                    .params = {},
                    .body = {},
                    .form = form,
                    .done = std::move(done)};
  (has_body ? call.body : call.params) = std::move(*params);
  own_.handle(*found->route, std::move(call));
}

void Api::handle_without_caller(const OwnApi::Route& route, const Request& request,
                                const AnswerForm& form, Callback<Response> done) {
  if (options_.sign_in == nullptr) {
    return done(form.refusal(404, "nobody can sign in at this server"));
  }
  if (auto refused = of_wrong_host(request, form)) return done(std::move(*refused));
  // This comes before what costs the address: another site's page could otherwise lock its visitors
  // out of signing in.
  if (Status ours = check_origin(request, false); !ours) return done(form.failure(ours.error()));
  // Failed attempts count for the address too, and so does what is no attempt at all: reading it
  // costs the server as much.
  done = [failures = options_.failures, peer = request.peer, at = now(),
          done = std::move(done)](Response response) mutable {
    const bool has_failed = response.status == 400 || response.status == 401;
    if (failures != nullptr && has_failed) failures->failed(peer, {}, at);
    done(std::move(response));
  };
  auto body = body_of(request, options_.signing.json);
  if (!body) return done(form.failure(body.error()));
  const wire::Json* account = body->if_contains("account");
  if (account != nullptr && account->is_string()) {
    if (const auto wait = options_.sign_in->wait(account->get_string(), request.peer)) {
      return done(form.too_many(*wait, "too many attempts to sign in to this account failed"));
    }
  }
  own_.handle(route, {.request = request,
                      .caller = {},
                      .named = {},
                      .params = {},
                      .body = std::move(*body),
                      .form = form,
                      .done = std::move(done)});
}

// The Origin is checked as for a change: another site's page must not read the home by the cookie
// that the browser sends along.
std::expected<std::shared_ptr<net::Protocol>, Response> Api::open_live(
    const Request& request, net::ConnectionContext context) {
  const AnswerForm form(AnswerForm::Style::kPlain);
  if (options_.live == nullptr) {
    return std::unexpected(form.refusal(404, "this server has no live stream"));
  }
  const TimePoint now = this->now();
  const std::string credential = credential_of(request);
  if (auto refused = without_credit(request, credential, form, now)) {
    return std::unexpected(std::move(*refused));
  }
  const bool is_browser = is_by_cookie(request);
  if (is_browser) {
    if (auto refused = of_wrong_host(request, form)) return std::unexpected(std::move(*refused));
    if (Status ours = check_origin(request, true); !ours) {
      return std::unexpected(form.failure(ours.error()));
    }
  }
  const auto directory = options_.hub->platform().registry.directory();
  const auto caller = holder(request, credential, *directory, now);
  if (!caller) {
    Response response = form.failure(caller.error());
    if (!is_browser) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return std::unexpected(std::move(response));
  }
  if (!registry::permits(caller->scope, registry::Scope::kRead)) {
    return std::unexpected(form.failure(
        {.code = ErrorCode::kNoPermission,
         .detail = "the token is an administrator's, and belongs to no account with devices"}));
  }
  if (auto refused = without_rate(request, credential, caller->account, form, now)) {
    return std::unexpected(std::move(*refused));
  }
  auto session = LiveSession::open({.context = std::move(context),
                                    .caller = {.account = caller->account,
                                               .token = is_browser ? std::string() : credential,
                                               .session = is_browser ? credential : std::string()},
                                    .feed = options_.live,
                                    .homes = options_.homes,
                                    .now = now});
  if (!session) return std::unexpected(form.refusal(429, session.error().detail));
  return std::move(*session);
}

Result<OwnApi::Caller> Api::holder(const Request& request, std::string_view hash,
                                   const registry::Directory& directory, TimePoint now) const {
  if (is_by_cookie(request)) {
    return session_holder(request, hash, directory, now);
  }
  return token_holder(request, hash, directory, now);
}

Result<OwnApi::Caller> Api::session_holder(const Request& request, std::string_view hash,
                                           const registry::Directory& directory,
                                           TimePoint now) const {
  const registry::BrowserSession* session = directory.find_session(hash);
  const bool is_good =
      session != nullptr && !has_ended(*session, options_.hub->platform().wall->now());
  if (options_.failures != nullptr) {
    if (is_good) {
      options_.failures->succeeded(request.peer, hash, now);
    } else {
      options_.failures->failed(request.peer, hash, now);
    }
  }
  if (!is_good) return fail(ErrorCode::kUnknownKey, "the session has ended; sign in again");
  OwnApi::Caller caller{.account = session->account,
                        .scope = registry::Scope::kControl,
                        .session = session,
                        .csrf = csrf_token(cookie_of(request))};
  if (!is_reading(request.method)) {
    if (Status ours = check_origin(request, true); !ours) return std::unexpected(ours.error());
    if (!equal_in_constant_time(request.browser.csrf, caller.csrf)) {
      return fail(ErrorCode::kNoPermission,
                  "the header X-Gridloom-CSRF is missing or wrong: send csrf of GET /api/v1/me");
    }
  }
  options_.sign_in->note_use(*session);
  // Signing in from where it is used is an entry already: this is another address, or another day.
  if (options_.hub->is_first_use(hash, request.peer)) {
    options_.hub->record_access(session->account, {.through = "session",
                                                   .by = hub::by_session(session->number),
                                                   .client = request.browser.user_agent,
                                                   .from = request.peer});
  }
  return caller;
}

Result<OwnApi::Caller> Api::token_holder(const Request& request, std::string_view hash,
                                         const registry::Directory& directory,
                                         TimePoint now) const {
  const std::string_view header = authorization_of(request);
  if (header.empty()) {
    return fail(ErrorCode::kUnknownKey,
                "the request has no token: send the header Authorization: Bearer TOKEN, with a "
                "token that `gridloom token add` has made");
  }
  if (!same_name(header.substr(0, kBearer.size()), kBearer)) {
    return fail(ErrorCode::kUnknownKey, "the header Authorization must be: Bearer TOKEN");
  }
  const registry::Token* token = directory.find_token(hash);
  const bool has_ended =
      token != nullptr && has_expired(*token, options_.hub->platform().wall->now());
  if (options_.failures != nullptr) {
    if (token != nullptr && !has_ended) {
      options_.failures->succeeded(request.peer, hash, now);
    } else {
      options_.failures->failed(request.peer, hash, now);
    }
  }
  std::string why;
  if (token == nullptr) {
    why = "no account has this token";
  } else if (has_ended) {
    why = fmt::format("the token {}, {}, has expired", token->number, token->name);
  }
  if (!why.empty() || options_.hub->is_first_use(hash, request.peer)) {
    const bool is_known = token != nullptr;
    const bool is_admin = is_known && token->scope == registry::Scope::kAdmin;
    const std::string who = is_admin ? administrator_name(*token) : std::string();
    options_.hub->record_access(is_known ? token->account : registry::AccountId{},
                                {.who = who,
                                 .through = "token",
                                 .by = is_known ? hub::by_token(token->number) : std::string(),
                                 .client = request.browser.user_agent,
                                 .from = request.peer,
                                 .refused = why});
  }
  if (!why.empty()) return fail(ErrorCode::kUnknownKey, why);
  return OwnApi::Caller{.account = token->account, .scope = token->scope, .token = token};
}

}  // namespace gridloom::http
