// Finds the caller of a request without a signature: a program by its token, a person by the cookie
// of a browser's session. Uses of a credential, and refusals, are recorded for the audit.
//
// Belongs to a loop.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/message/answer_form.h"
#include "base/clock.h"
#include "base/failure_budget.h"
#include "base/result.h"
#include "http/message.h"
#include "hub/hub.h"
#include "registry/directory.h"
#include "sign_in/sign_in.h"

namespace gridloom::api {

// Protects people who use the dashboard in a browser, which sends cookies by itself: the cookie's
// name and attributes, the token against forged requests (CSRF), and the checks of Origin and Host.
// Pure.
// Cookies ignore ports: the instance tells the cookies of two servers on one host apart.
[[nodiscard]] std::string cookie_name(std::string_view instance, bool secure);
// The value of a cookie in the header; empty: it is not there.
[[nodiscard]] std::string_view cookie_in(std::string_view header, std::string_view name);
// The header Set-Cookie. An empty value ends the cookie.
[[nodiscard]] std::string set_cookie(std::string_view name, std::string_view value, bool secure);

// The token that a request with this cookie has to send. Nobody who does not have the cookie can
// compute it, and it does not reveal the cookie.
[[nodiscard]] std::string csrf_token(std::string_view cookie_value);

// kNoPermission: another site made the browser send the request. A request that says neither Origin
// nor Sec-Fetch-Site is refused if `must_say`: no browser of today leaves both out of a request
// that changes something.
[[nodiscard]] Status check_origin(const http::Request& request, bool must_say);

// Whether the server may be asked under this host name (without a port): an IP address, localhost,
// the machine's name, also with .local, or `public_host`. Any other name may be one that an
// attacker's DNS points here, whose pages the browser would then let read our answers (DNS
// rebinding).
[[nodiscard]] bool is_own_host(std::string_view host, std::string_view public_host);
// Whether no public DNS has the name: it has no dot, or ends in a domain that is reserved for local
// networks. Monitoring finds the server by such names, and no attacker's page can have one.
[[nodiscard]] bool is_local_name(std::string_view host);

// Where a browser signs in, which everybody may ask for.
inline constexpr std::string_view kSignInPath = "/api/v1/session";

// A caller, and the account that it asks for.
struct Caller {
  registry::AccountId account{};
  registry::Scope scope = registry::Scope::kControl;
  // Valid as long as the directory that they were found in.
  const registry::Token* token = nullptr;
  const registry::BrowserSession* session = nullptr;
  std::string csrf{};  // of the session
};

class Callers {
 public:
  // The options' pointers have to outlive the object.
  struct Options {
    hub::Hub* hub = nullptr;
    FailureBudget* failures = nullptr;   // null: no limit of failures
    sign_in::SignIn* sign_in = nullptr;  // null: no browser can sign in
  };
  explicit Callers(const Options& options) : options_(options) {}

  // Whether the request has a token, which may be a wrong one.
  [[nodiscard]] bool has_token(const http::Request& request) const;
  // Whether the request has anything that says who asks and that is not a browser's cookie.
  [[nodiscard]] bool has_authorization(const http::Request& request) const;
  // Whether the request counts by its signature.
  [[nodiscard]] bool is_signed(const http::Request& request) const;
  // Whether the request counts by the cookie of a session.
  [[nodiscard]] bool is_by_cookie(const http::Request& request) const {
    return authorization_of(request).empty() && !cookie_of(request).empty();
  }
  // The name of what the request is signed or authorized with, for limits: the access key, or the
  // hash of the token or the cookie.
  [[nodiscard]] std::string credential_of(const http::Request& request) const;
  // Whether there is such a credential: a key, a token or a session.
  [[nodiscard]] bool is_known(const http::Request& request, std::string_view credential) const;

  // The caller by the token or the cookie of a request. A wrong one costs the address credit.
  [[nodiscard]] Result<Caller> find(const http::Request& request, std::string_view credential,
                                    const registry::Directory& directory, TimePoint now) const;

  // 421 if the request names a host that is not this server.
  [[nodiscard]] std::optional<http::Response> check_host(const http::Request& request,
                                                         const AnswerForm& form) const;

 private:
  // The value of our cookie in the request; empty: it has none.
  [[nodiscard]] std::string_view cookie_of(const http::Request& request) const;
  // The header Authorization; empty if there is none, or if it is a proxy's own password.
  [[nodiscard]] std::string_view authorization_of(const http::Request& request) const;
  [[nodiscard]] Result<Caller> token_holder(const http::Request& request, std::string_view hash,
                                            const registry::Directory& directory,
                                            TimePoint now) const;
  [[nodiscard]] Result<Caller> session_holder(const http::Request& request, std::string_view hash,
                                              const registry::Directory& directory,
                                              TimePoint now) const;
  // Counts a good or a wrong credential for the address.
  void count(const http::Request& request, std::string_view hash, bool is_good,
             TimePoint now) const;

  Options options_;
};

}  // namespace gridloom::api
