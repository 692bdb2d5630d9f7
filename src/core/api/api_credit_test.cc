// The cost of requests before their signature is verified, and replay protection.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "api/test_api.h"

namespace gridloom::api {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ApiCreditTest : public ApiTest {
 protected:
  http::Response ask(Api& of, http::Request made, ReplayCheck check = ReplayCheck::kOff) {
    http::Response got{.status = 0};
    of.handle(std::move(made), [&got](http::Response answer) { got = std::move(answer); }, check);
    home.settle();
    return got;
  }
  http::Request from(std::string_view peer, const registry::AccessKey& key) {
    http::Request made = request(http::Method::kGet, "device/list");
    made.peer = peer;
    sign_as(made, key);
    return made;
  }
  static http::Request forged(http::Request made) {
    made.headers[header::kSign].back() = made.headers[header::kSign].back() == '0' ? '1' : '0';
    return made;
  }
};

constexpr std::string_view kAway = "198.51.100.7";

TEST_F(ApiCreditTest, AnAddressThatFailsOftenIsRefusedUnread) {
  FailureBudget failures(3);
  Api limited({.hub = home.hub.get(), .loop = &home.client_loop, .failures = &failures});
  const registry::AccessKey bob = key_of("bob");
  // One valid request of bob, from the address that guesses alice's signature.
  EXPECT_THAT(ask(limited, from(kAway, bob)).body, HasSubstr(R"("code":"0")"));
  const http::Request wrong = forged(from(kAway, key_of("alice")));
  http::Request unknown = from(kAway, key_of("alice"));
  unknown.headers[header::kAccessKey] = "nobody";
  EXPECT_THAT(ask(limited, wrong).body, HasSubstr(R"("code":"8521")"));
  EXPECT_THAT(ask(limited, unknown).body, HasSubstr(R"("code":"8513")"));
  EXPECT_THAT(ask(limited, wrong).body, HasSubstr(R"("code":"8521")"));
  for (const http::Request& refused : {wrong, unknown, from(kAway, key_of("alice"))}) {
    const http::Response answer = ask(limited, refused);
    EXPECT_EQ(answer.status, 429U);
    EXPECT_THAT(answer.body, HasSubstr("too many requests from this address"));
    EXPECT_THAT(answer.headers, testing::Contains(std::pair("Retry-After", "20")));
    EXPECT_EQ(limited.body_limit(refused), 0U);
  }
  EXPECT_THAT(ask(limited, from(kAway, bob)).body, HasSubstr(R"("code":"0")"));
  EXPECT_THAT(ask(limited, from("198.51.100.8", key_of("alice"))).body, HasSubstr(R"("code":"0")"));
  home.clock.pass(std::chrono::seconds(20));
  EXPECT_THAT(ask(limited, from(kAway, key_of("alice"))).body, HasSubstr(R"("code":"0")"));
}

TEST_F(ApiCreditTest, AKeyWithoutCreditIsRefusedBeforeItsSignatureIsChecked) {
  RequestRate rate(2);
  FailureBudget failures(100);
  Api limited(
      {.hub = home.hub.get(), .loop = &home.client_loop, .rate = &rate, .failures = &failures});
  const http::Request right = from(kAway, key_of("alice"));
  // Requests with a wrong signature do not use up the key's rate.
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(ask(limited, forged(right)).body, HasSubstr(R"("code":"8521")"));
  }
  EXPECT_EQ(ask(limited, right).status, 200U);
  EXPECT_EQ(ask(limited, right).status, 200U);
  EXPECT_EQ(ask(limited, right).status, 429U);
  EXPECT_EQ(ask(limited, forged(right)).status, 429U);
}

TEST_F(ApiCreditTest, TheBodyOfAnUnknownKeyIsNotWanted) {
  http::Request made = request(http::Method::kPut, "device/quota");
  made.headers[header::kAccessKey] = "nobody";
  EXPECT_EQ(api.body_limit(made), 0U);
  made.headers[header::kAccessKey].clear();
  EXPECT_EQ(api.body_limit(made), 0U);
  made.headers[header::kAccessKey] = key_of("alice").access_key;
  EXPECT_EQ(api.body_limit(made), http::kAnyBody);
}

TEST_F(ApiCreditTest, AGuardedSetOrCertificationIsOfNowAndComesOnce) {
  wire::ReplayGuard guard({}, wire::ReplayRule::kPatient);
  Api guarded({.hub = home.hub.get(), .loop = &home.client_loop, .guard = &guard});
  const auto asked = [&](http::Method method, std::string_view path, TimePoint at,
                         ReplayCheck check) {
    http::Request made = request(method, path);
    sign_at(made, at, "1");
    return ask(guarded, std::move(made), check).body;
  };
  struct Row {
    http::Method method;
    std::string_view path;
    bool comes_twice;
  };
  for (const Row& row : {Row{http::Method::kGet, "certification", false},
                         Row{http::Method::kPut, "device/quota", false},
                         Row{http::Method::kGet, "device/list", true}}) {
    const auto refused = [&](TimePoint at, ReplayCheck check) {
      return asked(row.method, row.path, at, check).contains(R"("code":"8521")");
    };
    const TimePoint now = home.clock.now();
    const TimePoint early = now - std::chrono::hours(1);
    EXPECT_FALSE(refused(now, ReplayCheck::kOn)) << row.path;
    EXPECT_EQ(refused(now, ReplayCheck::kOn), !row.comes_twice) << row.path;
    EXPECT_EQ(refused(early, ReplayCheck::kOn), !row.comes_twice) << row.path;
    // From this machine, replays and old timestamps stay allowed.
    EXPECT_FALSE(refused(now, ReplayCheck::kOff)) << row.path;
    EXPECT_FALSE(refused(early, ReplayCheck::kOff)) << row.path;
    home.clock.pass(Millis(1));
  }
}

}  // namespace
}  // namespace gridloom::api
