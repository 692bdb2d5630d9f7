// Signing in on the dashboard, its sessions, and what protects them from other sites. Who may do
// what is in tests/rights.
#include "own_api/v1/session_api.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/gate/callers.h"
#include "base/digest.h"
#include "base/failure_budget.h"
#include "hub/clients/test_journal.h"
#include "own_api/test_own_api.h"
#include "registry/password.h"
#include "testing/must.h"

namespace gridloom::api {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kPassword = "correct horse";

class SessionApiTest : public OwnRoutesTest {
 protected:
  http::Request browser_request(http::Method method, std::string_view path,
                                std::string_view body = {}) {
    http::Request made = request(method, path);
    made.host = "127.0.0.1";
    made.peer = "10.1.2.3";
    made.headers[header::kHostAndPort] = "127.0.0.1:8080";
    made.headers[header::kOrigin] = "http://127.0.0.1:8080";
    made.headers[header::kUserAgent] = "Firefox";
    if (!cookie.empty()) {
      made.headers[header::kCookie] =
          fmt::format("a=b; {}={}", cookie_name(sign_in.instance(), false), cookie);
      made.headers[header::kCsrf] = csrf_token(cookie);
    }
    if (!body.empty()) {
      made.content_type = "application/json";
      made.body = body;
    }
    return made;
  }
  // "STATUS BODY"; keeps the cookie that the answer sets.
  std::string ask(http::Request made) {
    const auto got = start(std::move(made));
    if (!got) return "no answer yet";
    for (const auto& [name, value] : got->headers) {
      if (name == "Set-Cookie") set = value;
    }
    return fmt::format("{} {}", got->status, whole_body(*got));
  }
  std::string ask(http::Method method, std::string_view path, std::string_view body = {}) {
    return ask(browser_request(method, path, body));
  }
  std::string sign_in_with(std::string_view body) {
    set.clear();
    const std::string answer = ask(http::Method::kPost, "/api/v1/session", body);
    const std::size_t begin = set.find('=') + 1;
    if (answer.starts_with("200")) cookie = set.substr(begin, set.find(';') - begin);
    return answer;
  }
  std::string by_link(std::string_view account = "alice") {
    const Secret token = must(sign_in.make_link(account));
    return sign_in_with(fmt::format(R"({{"link":"{}"}})", token.reveal()));
  }
  std::string by_password(std::string_view password, std::string_view account = "alice") {
    return sign_in_with(fmt::format(R"({{"account":"{}","password":"{}"}})", account, password));
  }
  void give_password() {
    must(home.registry->set_password(
        {.account = alice, .hash = must(registry::hash_password(kPassword))}));
  }

  std::string cookie;
  std::string set;  // the last Set-Cookie
};

TEST_F(SessionApiTest, ALinkSignsInOnce) {
  const Secret token = must(sign_in.make_link("alice"));
  const std::string body = fmt::format(R"({{"link":"{}"}})", token.reveal());
  const std::string said = sign_in_with(body);
  EXPECT_THAT(said, AllOf(StartsWith(R"(200 {"account":"alice","scope":"control","csrf":")"),
                          HasSubstr(R"("zone":"UTC","now":1700000000000,"rate":1)"),
                          HasSubstr(R"("virtualTime":false,"passwordSet":false,"admin":false})")));
  EXPECT_EQ(set, fmt::format("gl-{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age=15552000",
                             sign_in.instance(), cookie));
  EXPECT_EQ(ask(http::Method::kGet, "/api/v1/me"), said);
  EXPECT_THAT(ask(http::Method::kGet, "/api/v1/devices"), HasSubstr(kSn));
  EXPECT_THAT(sign_in_with(body),
              StartsWith(R"(401 {"code":"unknown_key","message":"the link was)"));
}

TEST_F(SessionApiTest, ThatNobodyIsSignedInIsNoError) {
  const auto who = [&](std::string_view authorization = {}) {
    http::Request made = browser_request(http::Method::kGet, "/api/v1/session");
    made.authorization = authorization;
    return ask(std::move(made));
  };
  EXPECT_EQ(who(), "204 ");
  EXPECT_EQ(who("Basic dTpw"), "204 ") << "a proxy's own password";
  EXPECT_THAT(who("Bearer glt_none"), StartsWith("401 "));
  by_link();
  EXPECT_EQ(who(), ask(http::Method::kGet, "/api/v1/me"));
  http::Request elsewhere = browser_request(http::Method::kGet, "/api/v1/session");
  elsewhere.host = "evil.example";
  EXPECT_THAT(ask(std::move(elsewhere)), StartsWith("421 "));
  ask(http::Method::kDelete, "/api/v1/session");
  EXPECT_EQ(who(), "204 ") << "the session has ended";
  EXPECT_THAT(ask(http::Method::kGet, "/api/v1/me"), StartsWith("401 "));
}

// Guessing a cookie costs the address as much as by any other route; having none costs nothing.
TEST_F(SessionApiTest, ACookieThatNobodyHasCostsTheAddress) {
  FailureBudget failures(2);
  ApiWithRoutes guarded({.hub = home.hub.get(),
                         .loop = &home.client_loop,
                         .failures = &failures,
                         .sign_in = &sign_in},
                        services_with(failures));
  const auto status_with = [&](std::string_view guessed) {
    cookie = guessed;
    unsigned status = 0;
    guarded.handle(browser_request(http::Method::kGet, "/api/v1/session"),
                   [&status](const http::Response& got) { status = got.status; });
    return status;
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status_with(""), 204U);
  EXPECT_EQ(status_with("guessed"), 204U);
  EXPECT_EQ(status_with("another"), 204U);
  EXPECT_EQ(status_with("a third"), 429U);
}

TEST_F(SessionApiTest, ALinkEndsAfterTenMinutes) {
  const auto link_after = [this](Millis time) {
    const Secret token = must(sign_in.make_link("alice"));
    steady.pass(time);
    return sign_in_with(fmt::format(R"({{"link":"{}"}})", token.reveal())).substr(0, 3);
  };
  EXPECT_EQ(link_after(sign_in::SignIn::kLinkLife - Millis(1)), "200");
  EXPECT_EQ(link_after(sign_in::SignIn::kLinkLife), "401");
  EXPECT_FALSE(sign_in.make_link("nobody"));
}

TEST_F(SessionApiTest, OfTooManyLinksTheOldestGoes) {
  const Secret oldest = must(sign_in.make_link("alice"));
  steady.pass(Millis(1));
  for (std::size_t i = 0; i < sign_in::SignIn::kMaxLinks; ++i)
    static_cast<void>(must(sign_in.make_link("bob")));
  EXPECT_THAT(sign_in_with(fmt::format(R"({{"link":"{}"}})", oldest.reveal())), StartsWith("401 "));
  EXPECT_THAT(by_link("bob"), StartsWith("200 "));
}

TEST_F(SessionApiTest, OverTlsTheCookieBelongsToTheHostAlone) {
  http::Request made = browser_request(http::Method::kPost, "/api/v1/session");
  made.secure = true;
  made.headers[header::kOrigin] = "https://127.0.0.1:8080";
  made.content_type = "application/json";
  made.body = fmt::format(R"({{"link":"{}"}})", must(sign_in.make_link("alice")).reveal());
  EXPECT_THAT(ask(std::move(made)), StartsWith("200 "));
  EXPECT_THAT(set, AllOf(StartsWith(fmt::format("__Host-gl-{}=", sign_in.instance())),
                         EndsWith("; Secure")));
}

TEST_F(SessionApiTest, AWrongPasswordAndAnUnknownAccountGetOneAnswer) {
  give_password();
  const std::string wrong = by_password("correct horsf");
  EXPECT_EQ(wrong,
            R"(401 {"code":"unknown_key","message":"the account or the password is wrong"})");
  EXPECT_EQ(by_password(kPassword, "nobody"), wrong);
  EXPECT_EQ(by_password(kPassword, "bob"), wrong) << "bob has no password";
  EXPECT_THAT(by_password(kPassword),
              AllOf(StartsWith("200 "), HasSubstr(R"("passwordSet":true)")));
}

TEST_F(SessionApiTest, AttemptsForOneAccountAreLimited) {
  give_password();
  for (std::size_t i = 0; i < sign_in::SignIn::kPasswordFailures; ++i) {
    EXPECT_THAT(by_password("wrong horses"), StartsWith("401 ")) << i;
  }
  EXPECT_THAT(by_password(kPassword), StartsWith(R"(429 {"code":"too_many_requests")"));
  EXPECT_THAT(by_password(kPassword, "bob"), StartsWith("401 ")) << "another account";
  EXPECT_THAT(by_link(), StartsWith("200 ")) << "the owner gets in nevertheless";
  steady.pass(std::chrono::minutes(1));
  EXPECT_THAT(by_password(kPassword), StartsWith("200 "));
}

TEST_F(SessionApiTest, AWrongCurrentIsLimitedAndKeepsNobodyFromSigningIn) {
  give_password();
  by_password(kPassword);
  const auto change = [&](std::string_view current) {
    return ask(http::Method::kPut, "/api/v1/me/password",
               fmt::format(R"({{"password":"another horse","current":"{}"}})", current));
  };
  for (std::size_t i = 0; i < sign_in::SignIn::kPasswordFailures; ++i) {
    EXPECT_THAT(change("wrong horses"), StartsWith("403 ")) << i;
  }
  EXPECT_THAT(change(kPassword), StartsWith(R"(429 {"code":"too_many_requests")"));
  EXPECT_THAT(response->headers, testing::Contains(testing::Pair("Retry-After", "6")));
  EXPECT_THAT(by_password(kPassword), StartsWith("200 "));
  steady.pass(std::chrono::seconds(6));
  EXPECT_THAT(change(kPassword), StartsWith("204 "));
}

TEST_F(SessionApiTest, WhatIsNoAttemptToSignInCostsTheAddressAsMuch) {
  FailureBudget failures(3);
  ApiWithRoutes limited({.hub = home.hub.get(),
                         .loop = &home.client_loop,
                         .failures = &failures,
                         .sign_in = &sign_in},
                        services_with(failures));
  const auto ask = [&](std::string_view body, std::string_view type,
                       std::string_view origin = "http://127.0.0.1:8080") {
    http::Request made = browser_request(http::Method::kPost, "/api/v1/session", body);
    made.content_type = type;
    made.headers[header::kOrigin] = origin;
    EXPECT_EQ(limited.body_limit(made),
              failures.wait(made.peer, {}, steady.now()) ? 0 : sign_in.limits().body_bytes);
    unsigned status = 0;
    limited.handle(made, [&](const http::Response& answer) { status = answer.status; });
    home.settle();
    return status;
  };
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(ask("x", "text/plain", "http://evil.example"), 403U)
        << "another site's page costs its visitor's address nothing";
  }
  EXPECT_EQ(ask("[1,1", "application/json"), 400U);
  EXPECT_EQ(ask("{}", "text/plain"), 400U);
  EXPECT_EQ(ask(R"({"link":5})", "application/json"), 400U);
  EXPECT_EQ(ask(R"({"link":"x"})", "application/json"), 429U);
}

// Whatever else the request has: a token would otherwise make the body as long as that of a set.
TEST_F(SessionApiTest, TheBodyOfASignInIsShort) {
  http::Request made = browser_request(http::Method::kPost, "/api/v1/session");
  EXPECT_EQ(api.body_limit(made), 2048U);
  made.headers[header::kAccessKey] = key_of("alice").access_key;
  EXPECT_EQ(api.body_limit(made), 2048U);
  made.authorization = "Bearer glt_none";
  EXPECT_EQ(api.body_limit(made), 2048U);
}

// A proxy that asks for a password of its own passes it on.
TEST_F(SessionApiTest, TheHeaderOfAProxysOwnPasswordIsIgnored) {
  const auto with = [&](http::Method method, std::string_view path, std::string_view authorization,
                        std::string_view body = {}) {
    http::Request made = browser_request(method, path, body);
    made.authorization = authorization;
    EXPECT_TRUE(body.empty() || api.body_limit(made) > 0);
    return ask(std::move(made)).substr(0, 3);
  };
  const std::string body =
      fmt::format(R"({{"link":"{}"}})", must(sign_in.make_link("alice")).reveal());
  EXPECT_EQ(with(http::Method::kPost, "/api/v1/session", "Basic dTpw", body), "200");
  by_link();
  for (const char* basic : {"Basic dTpw", "basic dTpw", "BASIC "}) {
    EXPECT_EQ(with(http::Method::kGet, "/api/v1/me", basic), "200") << basic;
  }
  EXPECT_EQ(with(http::Method::kPut, "/api/v1/me/password", "Basic dTpw",
                 R"({"password":"correct horse"})"),
            "204");
  // A token decides, and anything else is wrong.
  for (const char* other : {"Bearer glt_none", "Basic", "Basicx y", "Digest x"}) {
    EXPECT_EQ(with(http::Method::kGet, "/api/v1/me", other), "401") << other;
  }
  cookie.clear();
  EXPECT_EQ(with(http::Method::kGet, "/api/v1/me", "Basic dTpw"), "401");
}

TEST_F(SessionApiTest, AChangeNeedsTheTokenAndThisOrigin) {
  by_link();
  const auto changed = [&](auto&& change) {
    http::Request made = browser_request(http::Method::kPut, "/api/v1/me/password",
                                         R"({"password":"correct horse"})");
    change(made);
    return ask(std::move(made)).substr(0, 3);
  };
  EXPECT_EQ(changed([](http::Request& r) { r.headers[header::kCsrf].clear(); }), "403");
  EXPECT_EQ(changed([](http::Request& r) { r.headers[header::kCsrf].back() ^= 1; }), "403");
  EXPECT_EQ(changed([](http::Request& r) { r.headers[header::kOrigin] = "http://evil.example"; }),
            "403");
  EXPECT_EQ(changed([](http::Request& r) { r.headers[header::kOrigin] = "http://127.0.0.1:8081"; }),
            "403");
  EXPECT_EQ(changed([](http::Request& r) { r.headers[header::kOrigin] = "null"; }), "403");
  EXPECT_EQ(changed([](http::Request& r) { r.headers[header::kOrigin].clear(); }), "403");
  EXPECT_EQ(changed([](http::Request& r) {
              r.headers[header::kOrigin].clear();
              r.headers[header::kFetchSite] = "same-site";
            }),
            "403");
  EXPECT_EQ(changed([](http::Request& r) { r.host = "evil.example"; }), "421");
  EXPECT_EQ(changed([](http::Request& r) { r.content_type = "text/plain"; }), "400");
  EXPECT_EQ(changed([](http::Request& r) {
              r.headers[header::kOrigin].clear();
              r.headers[header::kFetchSite] = "same-origin";
            }),
            "204");
}

TEST_F(SessionApiTest, AProxyMaySpeakTlsWithTheBrowser) {
  by_link();
  const auto ended = [&](bool secure, std::string_view origin) {
    http::Request made = browser_request(http::Method::kDelete, "/api/v1/sessions/999");
    made.secure = secure;
    made.headers[header::kCookie] =
        fmt::format("{}={}", cookie_name(sign_in.instance(), secure), cookie);
    made.headers[header::kOrigin] = origin;
    return ask(std::move(made)).substr(0, 3);
  };
  EXPECT_EQ(ended(false, "https://127.0.0.1:8080"), "404") << "it was let in";
  EXPECT_EQ(ended(true, "https://127.0.0.1:8080"), "404");
  EXPECT_EQ(ended(true, "http://127.0.0.1:8080"), "403") << "from TLS down to none";
}

TEST_F(SessionApiTest, AnotherSiteCannotSignABrowserIn) {
  http::Request made = browser_request(http::Method::kPost, "/api/v1/session");
  made.content_type = "application/json";
  made.body = fmt::format(R"({{"link":"{}"}})", must(sign_in.make_link("alice")).reveal());
  made.headers[header::kOrigin] = "http://evil.example";
  EXPECT_THAT(ask(std::move(made)), StartsWith("403 "));
}

TEST_F(SessionApiTest, SessionsAreListedAndEnded) {
  by_link();
  const std::string first = cookie;
  by_link();
  EXPECT_THAT(ask(http::Method::kGet, "/api/v1/sessions"),
              AllOf(HasSubstr(R"({"id":1,"current":false,"by":"link","made":1700000000000,)"
                              R"("lastUsed":1700000000000,"client":"Firefox"})"),
                    HasSubstr(R"({"id":2,"current":true,)")));
  EXPECT_EQ(ask(http::Method::kDelete, "/api/v1/sessions/1"), "204 ");
  EXPECT_THAT(ask(http::Method::kDelete, "/api/v1/sessions/1"), StartsWith("404 "));
  EXPECT_THAT(ask(http::Method::kDelete, "/api/v1/sessions/one"), StartsWith("404 "));
  const std::string second = std::exchange(cookie, first);
  EXPECT_THAT(ask(http::Method::kGet, "/api/v1/me"),
              StartsWith(R"(401 {"code":"unknown_key","message":"the session has ended)"));
  cookie = second;
  EXPECT_EQ(ask(http::Method::kDelete, "/api/v1/session"), "204 ");
  EXPECT_THAT(set, HasSubstr("=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"));
  EXPECT_THAT(ask(http::Method::kGet, "/api/v1/me"), StartsWith("401 "));
}

TEST_F(SessionApiTest, OfAnotherAccountCannotBeEnded) {
  by_link("bob");
  by_link("alice");
  EXPECT_THAT(ask(http::Method::kDelete, "/api/v1/sessions/1"), StartsWith("404 "));
  EXPECT_THAT(ask(http::Method::kGet, "/api/v1/sessions"), Not(HasSubstr(R"("id":1,)")));
}

TEST_F(SessionApiTest, TheUseOfASessionIsStoredNowAndThen) {
  by_link();
  const auto used_ms = [&] {
    return home.registry->directory()->find_session(sha256_of(cookie))->used_ms;
  };
  const std::int64_t made = used_ms();
  home.clock.pass(registry::kSessionUseStep - Millis(1));
  ask(http::Method::kGet, "/api/v1/me");
  EXPECT_EQ(used_ms(), made);
  home.clock.pass(Millis(1));
  ask(http::Method::kGet, "/api/v1/me");
  EXPECT_EQ(used_ms(), unix_ms(home.clock.now()));
  home.clock.pass(registry::kSessionIdle);
  EXPECT_THAT(ask(http::Method::kGet, "/api/v1/me"), StartsWith("401 "));
}

TEST_F(SessionApiTest, APasswordIsChangedByWhoKnowsItOrHasANewLink) {
  give_password();
  const auto change = [&](std::string_view body) {
    return ask(http::Method::kPut, "/api/v1/me/password", body).substr(0, 3);
  };
  by_password(kPassword);
  const std::string other = cookie;
  by_password(kPassword);
  EXPECT_EQ(change(R"({"password":"another horse"})"), "403");
  EXPECT_EQ(change(R"({"password":"another horse","current":"wrong horses"})"), "403");
  EXPECT_EQ(change(R"({"password":"short","current":"correct horse"})"), "400");
  EXPECT_EQ(change(R"({"password":"another horse","current":"correct horse"})"), "204");
  EXPECT_THAT(ask(http::Method::kGet, "/api/v1/me"), StartsWith("200 "));
  cookie = other;
  EXPECT_THAT(ask(http::Method::kGet, "/api/v1/me"), StartsWith("401 "))
      << "other sessions have ended";
  by_link();
  EXPECT_EQ(change(R"({"password":"forgotten one"})"), "204");
  home.clock.pass(sign_in::SignIn::kLinkLife);
  EXPECT_EQ(change(R"({"password":"a third horse"})"), "403");
}

// The change waits for its turn, and the account's sessions change meanwhile.
TEST_F(SessionApiTest, TheAuditNamesTheSessionsThatANewPasswordEnded) {
  std::vector<Task> waiting;
  sign_in::SignIn busy({.registry = home.registry.get(),
                        .wall = &home.clock,
                        .steady = &steady,
                        .public_host = {},
                        .work = [&](sign_in::SignIn::Lane, Task task) {
                          waiting.push_back(std::move(task));
                          return true;
                        }});
  ApiWithRoutes slow({.hub = home.hub.get(), .loop = &home.client_loop, .sign_in = &busy},
                     services_with(busy));
  by_link();
  by_link();
  unsigned status = 0;
  slow.handle(
      browser_request(http::Method::kPut, "/api/v1/me/password", R"({"password":"another horse"})"),
      [&](const http::Response& answer) { status = answer.status; });
  must(home.registry->end_session(alice, 1));
  by_link();
  hub::FakeJournal audit;
  home.platform.journal = &audit;
  for (Task& task : waiting) task();
  home.settle();
  home.platform.journal = &journal;
  EXPECT_EQ(status, 204U);
  std::vector<std::string> ended;
  for (const auto& record : audit.records) {
    if (member_of(record.payload, "what") != R"("session.end")") continue;
    ended.push_back(member_of(record.payload, "session"));
  }
  EXPECT_THAT(ended, testing::ElementsAre("3"));
}

TEST_F(SessionApiTest, AnswersToABrowserAreNotStored) {
  by_link();
  const auto got = start(browser_request(http::Method::kGet, "/api/v1/devices"));
  ASSERT_TRUE(got);
  EXPECT_THAT(got->headers, testing::Contains(testing::Pair("Cache-Control", "no-store")));
}

TEST_F(SessionApiTest, WorkThatIsRefusedIsAnswered) {
  sign_in::SignIn busy({.registry = home.registry.get(),
                        .wall = &home.clock,
                        .steady = &steady,
                        .public_host = {},
                        .work = [](sign_in::SignIn::Lane, Task) { return false; }});
  std::optional<Result<registry::NewSession>> answer;
  busy.by_password({.account = "alice", .password = Secret("x"), .peer = "1.2.3.4", .client = {}},
                   {.loop = &home.client_loop,
                    .done = [&](Result<registry::NewSession> got) { answer = std::move(got); }});
  home.settle();
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().code, ErrorCode::kIo);
}

TEST(Browser, FindsItsCookieAmongOthers) {
  EXPECT_EQ(cookie_in("gl-1=abc", "gl-1"), "abc");
  EXPECT_EQ(cookie_in("a=b; gl-1=abc; c=d", "gl-1"), "abc");
  EXPECT_EQ(cookie_in("xgl-1=no; gl-12=no;gl-1=abc", "gl-1"), "abc");
  EXPECT_EQ(cookie_in("a=b, gl-1=abc", "gl-1"), "abc") << "of two headers";
  EXPECT_EQ(cookie_in("gl-1", "gl-1"), "");
  EXPECT_EQ(cookie_in("", "gl-1"), "");
}

TEST(Browser, KnowsItsOwnHosts) {
  for (const char* host :
       {"localhost", "LOCALHOST", "127.0.0.1", "::1", "192.168.1.5", "fe80::1", "home.example"}) {
    EXPECT_TRUE(is_own_host(host, "home.example")) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.nip.io", ""}) {
    EXPECT_FALSE(is_own_host(host, "home.example")) << host;
    EXPECT_FALSE(is_own_host(host, "")) << host;
  }
}

}  // namespace
}  // namespace gridloom::api
