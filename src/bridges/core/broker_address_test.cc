#include "bridges/core/broker_address.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace gridloom::bridges {
namespace {

TEST(BrokerAddress, HasAPortOfItsScheme) {
  struct Row {
    std::string_view text;
    std::string_view host_port;
    bool is_tls;
  };
  for (const Row& row : {Row{"mqtt://192.168.1.5", "192.168.1.5:1883", false},
                         Row{"mqtt://broker.lan:1884", "broker.lan:1884", false},
                         Row{"mqtts://broker.lan", "broker.lan:8883", true},
                         Row{"mqtts://broker.lan:443/", "broker.lan:443", true},
                         Row{"mqtt://[::1]", "[::1]:1883", false},
                         Row{"mqtt://[fe80::1]:9", "[fe80::1]:9", false}}) {
    const auto parsed = parse_broker(row.text);
    ASSERT_TRUE(parsed) << row.text << ": " << parsed.error().detail;
    EXPECT_EQ(parsed->host_port, row.host_port);
    EXPECT_EQ(parsed->is_tls, row.is_tls);
  }
}

TEST(BrokerAddress, OfAnotherFormIsRefusedWithTheFormThatIsValid) {
  for (const std::string_view text :
       {"", "broker", "http://broker", "mqtt://", "mqtt://:1883", "mqtt://a:0", "mqtt://a:65536",
        "mqtt://a:1x", "mqtt://a b", "mqtt://a/b", "mqtt://user@a", "mqtt://[]", "mqtt://[::1",
        "mqtt://a:", "mqtt://a:1:2"}) {
    const auto parsed = parse_broker(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kBadParams);
    EXPECT_TRUE(parsed.error().detail.contains("mqtt://HOST")) << parsed.error().detail;
  }
}

}  // namespace
}  // namespace gridloom::bridges
