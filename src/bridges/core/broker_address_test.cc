#include "bridges/core/broker_address.h"

#include <gtest/gtest.h>

#include <string_view>

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

}  // namespace
}  // namespace gridloom::bridges
