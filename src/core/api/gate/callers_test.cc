// Who asks by a token or a cookie, and by which of them a request with several counts.
#include "api/gate/callers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "api/message/headers.h"
#include "base/digest.h"
#include "testing/home.h"
#include "testing/must.h"

namespace gridloom::api {
namespace {

class CallersTest : public testing::Test {
 protected:
  CallersTest() {
    home.add_account("alice");
    token = must(home.registry->add_token({.name = "script",
                                           .account = "alice",
                                           .scope = registry::Scope::kRead,
                                           .now = home.platform.wall->now()}))
                .text.reveal();
  }

  [[nodiscard]] std::string cookie(std::string_view value) const {
    return fmt::format("{}={}", cookie_name(sign_in.instance(), false), value);
  }
  // The account's name, or the error's code.
  std::string find(const http::Request& request) {
    const auto directory = home.registry->directory();
    const auto caller =
        callers.find(request, callers.credential_of(request), *directory, home.clock.now());
    if (!caller) return std::string(name_of(caller.error().code));
    return directory->find_account(caller->account)->name;
  }

  TestHome home;
  std::string token;
  FailureBudget failures{100};
  sign_in::SignIn sign_in{
      {.registry = home.registry.get(), .wall = &home.clock, .steady = &home.clock}};
  Callers callers{{.hub = home.hub.get(), .failures = &failures, .sign_in = &sign_in}};
};

TEST_F(CallersTest, ARequestCountsByOneOfItsCredentials) {
  struct Row {
    std::string_view authorization;
    std::string_view key;
    bool has_cookie;
    std::string credential;
    bool is_signed;
    bool is_by_cookie;
  };
  const std::vector<Row> rows = {
      {"Bearer t", "", false, sha256_of("t"), false, false},
      {"Bearer t", "key", true, sha256_of("t"), false, false},
      {"", "key", false, "key", true, false},
      {"", "", true, sha256_of("c"), false, true},
      {"", "", false, sha256_of({}), false, false},
      {"Basic x", "key", false, "key", true, false},
      {"Basic x", "", true, sha256_of("c"), false, true},
  };
  for (const Row& row : rows) {
    http::Request request;
    request.path = "/api/v1/me";
    request.authorization = row.authorization;
    request.headers[header::kAccessKey] = row.key;
    if (row.has_cookie) request.headers[header::kCookie] = cookie("c");
    EXPECT_EQ(callers.credential_of(request), row.credential) << row.authorization << row.key;
    EXPECT_EQ(callers.is_signed(request), row.is_signed) << row.authorization << row.key;
    EXPECT_EQ(callers.is_by_cookie(request), row.is_by_cookie) << row.authorization << row.key;
  }
}

TEST_F(CallersTest, ATokenNamesItsAccountAndAWrongOneCosts) {
  http::Request request;
  request.peer = "198.51.100.7";
  request.authorization = fmt::format("Bearer {}", token);
  EXPECT_EQ(find(request), "alice");
  EXPECT_TRUE(callers.is_known(request, callers.credential_of(request)));
  EXPECT_EQ(failures.addresses(), 0U);
  request.authorization = "Bearer none";
  EXPECT_EQ(find(request), name_of(ErrorCode::kUnknownKey));
  EXPECT_FALSE(callers.is_known(request, callers.credential_of(request)));
  request.authorization.clear();
  EXPECT_EQ(find(request), name_of(ErrorCode::kUnknownKey));
  EXPECT_EQ(failures.addresses(), 1U);
}

TEST_F(CallersTest, ACookieOfNoSessionNamesNobody) {
  http::Request request;
  request.headers[header::kCookie] = cookie("none");
  EXPECT_EQ(find(request), name_of(ErrorCode::kUnknownKey));
}

TEST_F(CallersTest, OnlyTheServersOwnNamesMayBeAsked) {
  const AnswerForm form(AnswerForm::Style::kPlain);
  http::Request request;
  request.host = "localhost";
  EXPECT_FALSE(callers.check_host(request, form));
  request.host = "evil.example";
  const auto refused = callers.check_host(request, form);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 421U);
  const Callers without({.hub = home.hub.get()});
  EXPECT_FALSE(without.check_host(request, form)) << "no browser can sign in";
}

}  // namespace
}  // namespace gridloom::api
