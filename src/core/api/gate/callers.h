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
