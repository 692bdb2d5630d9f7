// The routes of /api/v1 that are for people who use the dashboard: they sign in, set a password,
// end sessions and tokens of their account, and see its shares. The routes are in the table of
// own_api/v1/own_api.h, the rules of signing in in api/gate/sign_in.h. One per loop.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/message/answer_form.h"
#include "base/loop.h"
#include "base/virtual_clock.h"
#include "http/message.h"
#include "hub/hub.h"
#include "own_api/bodies/people.h"
#include "own_api/services/services.h"
#include "sign_in/sign_in.h"
#include "wire/json.h"

namespace gridloom::api {

class SessionApi {
 public:
  SessionApi(const Services& services, Loop& loop) : services_(services), loop_(loop) {}

  // Without a session: {"link"} or {"account","password"}. Another site's page did not make the
  // request: check_origin() was asked.
  void sign_in(const http::Request& request, const wire::JsonObject& body, AnswerForm form,
               Callback<http::Response> done) const;

  // With a session.
  struct Call {
    registry::BrowserSession session;
    std::string csrf;
    std::string peer;   // the client's address
    std::string named;  // the number that stands in the path; empty: none does
    AnswerForm form;
    Callback<http::Response> done;
  };
  void sign_out(Call call, bool secure) const;
  void list(Call call) const;
  void end(Call call) const;
  void tokens(Call call) const;
  void remove_token(Call call) const;
  void shares(Call call) const;
  void set_password(Call call, const wire::JsonObject& body) const;

  // The answer of /me to a browser: views of the arguments and of the server's parts.
  [[nodiscard]] body::Me facts(const registry::Account& account, std::string_view csrf) const;

 private:
  // The browser that asks to sign in, for the audit.
  struct Visitor {
    std::string_view through;  // "link" or "password"
    std::string account{};     // that was named; empty: none
    std::string peer;
    std::string client;
  };
  void record(const Visitor& visitor, const Result<registry::NewSession>& made) const;
  // Something that a session did.
  struct SessionAction {
    std::string_view what;
    registry::BrowserSession session;
    std::string peer;
  };
  // `ended`: the number of the session that ended by it; 0: none did.
  void record(const SessionAction& act, std::int64_t ended, std::string_view refused = {}) const;
  [[nodiscard]] http::Response welcome(const registry::NewSession& made, bool secure,
                                       const AnswerForm& form) const;

  const Services& services_;
  Loop& loop_;  // answers are delivered on it
};

}  // namespace gridloom::api
