// Parsing of addresses as the command line takes them.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "net/listener.h"

namespace gridloom::net {
namespace {

TEST(Address, IsReadAsAddressAndPort) {
  struct Row {
    std::string_view text;
    std::string_view host;
    std::uint16_t port;
    std::string_view shown;
    bool loopback;
  };
  const std::vector<Row> rows = {
      {"127.0.0.1:8080", "127.0.0.1", 8080, "127.0.0.1:8080", true},
      {"127.0.0.1:0", "127.0.0.1", 0, "127.0.0.1:0", true},
      {"127.1.2.3:65535", "127.1.2.3", 65535, "127.1.2.3:65535", true},
      {"localhost:80", "127.0.0.1", 80, "127.0.0.1:80", true},
      {"0.0.0.0:1883", "0.0.0.0", 1883, "0.0.0.0:1883", false},
      {"192.168.1.20:1", "192.168.1.20", 1, "192.168.1.20:1", false},
      {"[::1]:8443", "::1", 8443, "[::1]:8443", true},
      {"[::]:0", "::", 0, "[::]:0", false},
      {"[fd00::12]:9", "fd00::12", 9, "[fd00::12]:9", false},
  };
  for (const Row& row : rows) {
    const auto address = parse_address(row.text);
    ASSERT_TRUE(address) << row.text << ": " << address.error().detail;
    EXPECT_EQ(address->host, row.host) << row.text;
    EXPECT_EQ(address->port, row.port) << row.text;
    EXPECT_EQ(address->text(), row.shown);
    EXPECT_EQ(address->loopback(), row.loopback) << row.text;
  }
}

TEST(Address, SaysWhatIsWrongAndWhatWouldBeRight) {
  for (const std::string_view text : {"",
                                      "8080",
                                      ":8080",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:x",
                                      "127.0.0.1:-1",
                                      "127.0.0.1:+1",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:99999999999",
                                      "127.0.0.1:80 ",
                                      "127.0.0.1: 80",
                                      "127.0.0.1:0x50",
                                      "127.0.0:80",
                                      "256.0.0.1:80",
                                      "example.com:80",
                                      "[::1]",
                                      "[::1:80",
                                      "[]:80",
                                      "http://127.0.0.1:80",
                                      "*:80"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::kBadParams);
    EXPECT_TRUE(address.error().detail.contains("ADDR:PORT")) << address.error().detail;
    EXPECT_TRUE(address.error().detail.contains(text)) << address.error().detail;
  }
}

}  // namespace
}  // namespace gridloom::net
