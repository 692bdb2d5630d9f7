#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "bridges/core/peer.h"
#include "testing/must.h"

namespace gridloom::bridges {
namespace {

TEST(BrokerAddress, HasAHostAPortAndPerhapsTls) {
  struct Case {
    std::string_view text;
    std::string_view host_port;
    bool uses_tls = false;
  };
  for (const Case& each :
       {Case{"mqtt://broker.lan:1884", "broker.lan:1884"},
        Case{"mqtt://broker.lan", "broker.lan:1883"},
        Case{"mqtts://broker.lan", "broker.lan:8883", true},
        Case{"mqtts://[::1]:8884", "[::1]:8884", true}, Case{"mqtt://[fe80::1]", "[fe80::1]:1883"},
        Case{"mqtt://127.0.0.1:1883/", "127.0.0.1:1883"}}) {
    const BrokerAddress parsed = must(parse_broker_address("broker", each.text));
    EXPECT_EQ(parsed.host_port, each.host_port) << each.text;
    EXPECT_EQ(parsed.uses_tls, each.uses_tls) << each.text;
  }
}

TEST(BrokerAddress, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "broker.lan", "http://broker.lan", "mqtt://", "mqtt://:1883", "mqtt://a:0",
        "mqtt://a:99999", "mqtt://a:1883/topic", "mqtt://user:pw@a:1883", "mqtt://a b"}) {
    const auto parsed = parse_broker_address("broker", text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kBadParams);
    EXPECT_TRUE(parsed.error().detail.starts_with("broker is "));
  }
}

using testing::HasSubstr;

TEST(WebAddress, IsAServerAndATarget) {
  struct Case {
    std::string_view text;
    std::string_view server;
    std::string_view target;
  };
  for (const Case& each :
       {Case{"http://db:8086", "http://db:8086", "/"}, Case{"https://db/", "https://db", "/"},
        Case{"http://127.0.0.1:80/a/b?c=d", "http://127.0.0.1:80", "/a/b?c=d"},
        Case{"https://db?c=d", "https://db", "/?c=d"}}) {
    const WebAddress address = must(parse_web_address("url", each.text));
    EXPECT_EQ(address.server, each.server);
    EXPECT_EQ(address.target, each.target);
  }
}

TEST(WebAddress, OneThatCannotBeAskedIsRefused) {
  for (const std::string_view text :
       {"db:8086", "ftp://db", "http://", "http:///path", "http://u:p@db", "http://db/#part",
        "http://db:99999", "http://db/a b", "http://db/a\nb", "http://d b/"}) {
    const auto address = parse_web_address("url", text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(address.error().detail, HasSubstr("url is \""));
  }
}

std::string reason(unsigned status, std::string body = {}) {
  return reason_of({.status = status, .body = std::move(body)});
}

TEST(ReplyReason, HasTheServersWords) {
  EXPECT_EQ(reason(400, R"({"error":"partial write: dropped=1"})"),
            "HTTP 400: partial write: dropped=1");
  EXPECT_EQ(reason(401, R"({"code":"unauthorized","message":"no access"})"), "HTTP 401: no access");
  EXPECT_EQ(reason(502, "Bad\x1b Gateway\n"), "HTTP 502: Bad? Gateway");
  EXPECT_EQ(reason(503), "HTTP 503");
  EXPECT_LT(reason(500, std::string(10'000, 'x')).size(), 400U);
}

}  // namespace

}  // namespace gridloom::bridges
