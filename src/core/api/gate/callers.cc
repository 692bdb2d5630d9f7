#include "api/gate/callers.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <utility>

#include "api/message/headers.h"
#include "api/message/params.h"
#include "base/digest.h"
#include "http/head.h"
#include "net/address.h"
#include "registry/directory.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kBasic = "Basic ";

}  // namespace

std::string_view Callers::cookie_of(const http::Request& request) const {
  if (options_.sign_in == nullptr || request.headers[header::kCookie].empty()) return {};
  return cookie_in(request.headers[header::kCookie],
                   cookie_name(options_.sign_in->instance(), request.secure));
}

// A proxy in front of the server that asks for a password of its own passes it on. It is never one
// of ours, so it does not stand in the way of what is; a token does, whatever else there is.
std::string_view Callers::authorization_of(const http::Request& request) const {
  const std::string_view header = request.authorization;
  if (!http::same_name(header.substr(0, kBasic.size()), kBasic)) return header;
  const bool has_another = request.path == kSignInPath ||
                           !request.headers[header::kAccessKey].empty() ||
                           !cookie_of(request).empty();
  return has_another ? std::string_view() : header;
}

std::string Callers::credential_of(const http::Request& request) const {
  if (const std::string_view header = authorization_of(request); !header.empty()) {
    return sha256_of(header.substr(std::min(kBearer.size(), header.size())));
  }
  if (!request.headers[header::kAccessKey].empty()) return request.headers[header::kAccessKey];
  const std::string_view cookie = cookie_of(request);
  return cookie.empty() ? sha256_of({}) : sha256_of(cookie);
}

bool Callers::has_token(const http::Request& request) const {
  return http::same_name(authorization_of(request).substr(0, kBearer.size()), kBearer);
}

bool Callers::has_authorization(const http::Request& request) const {
  return !authorization_of(request).empty() || is_signed(request);
}

bool Callers::is_signed(const http::Request& request) const {
  return authorization_of(request).empty() && !request.headers[header::kAccessKey].empty();
}

bool Callers::is_known(const http::Request& request, std::string_view credential) const {
  const auto directory = options_.hub->platform().registry.directory();
  if (!authorization_of(request).empty()) return directory->find_token(credential) != nullptr;
  if (!request.headers[header::kAccessKey].empty()) {
    return directory->find_key(credential) != nullptr;
  }
  return directory->find_session(credential) != nullptr;
}

void Callers::count(const http::Request& request, std::string_view hash, bool is_good,
                    TimePoint now) const {
  if (options_.failures == nullptr) return;
  if (is_good) {
    options_.failures->succeeded(request.peer, hash, now);
  } else {
    options_.failures->failed(request.peer, hash, now);
  }
}

std::optional<http::Response> Callers::check_host(const http::Request& request,
                                                  const AnswerForm& form) const {
  if (options_.sign_in == nullptr) return std::nullopt;
  if (is_own_host(request.host, options_.sign_in->public_host())) return std::nullopt;
  return form.refusal(421,
                      "this server is not known under the name in Host: use its address, or start "
                      "it with --public-host NAME");
}

Result<Caller> Callers::find(const http::Request& request, std::string_view hash,
                             const registry::Directory& directory, TimePoint now) const {
  if (is_by_cookie(request)) {
    return session_holder(request, hash, directory, now);
  }
  return token_holder(request, hash, directory, now);
}

Result<Caller> Callers::session_holder(const http::Request& request, std::string_view hash,
                                       const registry::Directory& directory, TimePoint now) const {
  const registry::BrowserSession* session = directory.find_session(hash);
  const bool is_good =
      session != nullptr && !has_ended(*session, options_.hub->platform().wall->now());
  count(request, hash, is_good, now);
  if (!is_good) return fail(ErrorCode::kUnknownKey, "the session has ended; sign in again");
  Caller caller{.account = session->account,
                .scope = registry::Scope::kControl,
                .session = session,
                .csrf = csrf_token(cookie_of(request))};
  const bool reads = request.method == http::Method::kGet || request.method == http::Method::kHead;
  if (!reads) {
    GL_TRY(check_origin(request, true));
    if (!equal_in_constant_time(request.headers[header::kCsrf], caller.csrf)) {
      return fail(ErrorCode::kNoPermission,
                  "the header X-Gridloom-CSRF is missing or wrong: send csrf of GET /api/v1/me");
    }
  }
  options_.sign_in->note_use(*session);
  // Signing in from where it is used is an entry already: this is another address, or another day.
  if (options_.hub->is_first_use(hash, request.peer)) {
    options_.hub->record_access(session->account, {.through = "session",
                                                   .by = hub::by_session(session->number),
                                                   .client = request.headers[header::kUserAgent],
                                                   .from = request.peer});
  }
  return caller;
}

Result<Caller> Callers::token_holder(const http::Request& request, std::string_view hash,
                                     const registry::Directory& directory, TimePoint now) const {
  const std::string_view header = authorization_of(request);
  if (header.empty()) {
    return fail(ErrorCode::kUnknownKey,
                "the request has no token: send the header Authorization: Bearer TOKEN, with a "
                "token that `gridloom token add` has made");
  }
  if (!http::same_name(header.substr(0, kBearer.size()), kBearer)) {
    return fail(ErrorCode::kUnknownKey, "the header Authorization must be: Bearer TOKEN");
  }
  const registry::Token* token = directory.find_token(hash);
  const bool has_ended =
      token != nullptr && has_expired(*token, options_.hub->platform().wall->now());
  count(request, hash, token != nullptr && !has_ended, now);
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
                                 .client = request.headers[header::kUserAgent],
                                 .from = request.peer,
                                 .refused = why});
  }
  if (!why.empty()) return fail(ErrorCode::kUnknownKey, why);
  return Caller{.account = token->account, .scope = token->scope, .token = token};
}

namespace {

const std::string& machine_name() {
  static const std::string kName = [] {
    std::array<char, HOST_NAME_MAX + 1> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data())
                                                            : std::string();
  }();
  return kName;
}

}  // namespace

std::string cookie_name(std::string_view instance, bool secure) {
  // Browsers take a name with this prefix over TLS only, from this host and for all of its paths.
  return fmt::format("{}gl-{}", secure ? "__Host-" : "", instance);
}

std::string_view cookie_in(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const std::size_t end = header.find_first_of(";,");
    std::string_view pair = header.substr(0, end);
    header = end == std::string_view::npos ? std::string_view() : header.substr(end + 1);
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

std::string set_cookie(std::string_view name, std::string_view value, bool secure) {
  constexpr auto kLife_s =
      std::chrono::duration_cast<std::chrono::seconds>(registry::kSessionLife).count();
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", name, value,
                     value.empty() ? 0 : kLife_s, secure ? "; Secure" : "");
}

std::string csrf_token(std::string_view cookie_value) {
  return sha256_of(fmt::format("gridloom csrf {}", cookie_value));
}

Status check_origin(const http::Request& request, bool must_say) {
  const std::string& origin = request.headers[header::kOrigin];
  const std::string& fetch_site = request.headers[header::kFetchSite];
  const std::string& host = request.headers[header::kHostAndPort];
  if (!origin.empty()) {
    const std::string own = fmt::format("{}://{}", request.secure ? "https" : "http", host);
    if (http::same_name(origin, own)) return {};
    // A reverse proxy in front of a plain listener may speak TLS with the browser.
    const bool is_behind_proxy =
        !request.secure && http::same_name(origin, fmt::format("https://{}", host));
    if (is_behind_proxy) return {};
    return fail(ErrorCode::kNoPermission,
                fmt::format("the header Origin is another one: must be {}", shown(own)));
  }
  if (fetch_site == "same-origin") return {};
  if (fetch_site.empty() && !must_say) return {};
  return fail(ErrorCode::kNoPermission,
              "the request does not say that a page of this server made it: send the header "
              "Origin, or Sec-Fetch-Site: same-origin");
}

bool is_local_name(std::string_view host) {
  if (!host.contains('.')) return true;
  const auto ends_with = [host](std::string_view domain) {
    return host.size() > domain.size() &&
           http::same_name(host.substr(host.size() - domain.size()), domain);
  };
  return ends_with(".local") || ends_with(".internal") || ends_with(".home.arpa") ||
         ends_with(".localhost");
}

bool is_own_host(std::string_view host, std::string_view public_host) {
  if (http::same_name(host, "localhost")) return true;
  if (!public_host.empty() && http::same_name(host, public_host)) return true;
  if (const std::string& machine = machine_name(); !machine.empty()) {
    if (http::same_name(host, machine) || http::same_name(host, machine + ".local")) return true;
  }
  return net::socket_address({.host = std::string(host), .port = 0}).has_value();
}

}  // namespace gridloom::api
