#include "net/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>
#include <utility>

#include "testing/must.h"

namespace gridloom::net {
namespace {

using testing::HasSubstr;

bool has(std::string_view network, std::string_view address) {
  return must(Network::parse(network)).contains(*ip_bytes(address));
}

TEST(IpBytes, AnAddressHasOneFormHoweverItIsWritten) {
  for (const auto& [text, form] :
       {std::pair{"198.51.100.7", "198.51.100.7"}, std::pair{"::ffff:198.51.100.7", "198.51.100.7"},
        std::pair{"2001:DB8:0:0::1", "2001:db8::1"}, std::pair{"::1", "::1"},
        std::pair{"fe80::1%eth0", "fe80::1"}}) {
    const auto bytes = ip_bytes(text);
    ASSERT_TRUE(bytes) << text;
    EXPECT_EQ(ip_text(*bytes), form);
  }
}

TEST(IpBytes, WhatIsNoAddressIsNone) {
  for (const char* text : {"", "127.1", "1", "127.0.0.1%lo", "127.0.0.01", "256.0.0.1",
                           "::1::", "localhost", "127.0.0.1:80", "[::1]", " 127.0.0.1", "%eth0"}) {
    EXPECT_FALSE(ip_bytes(text)) << text;
  }
}

TEST(Network, HasTheAddressesWithItsBits) {
  EXPECT_TRUE(has("10.1.2.3", "10.1.2.3"));
  EXPECT_FALSE(has("10.1.2.3", "10.1.2.2"));
  EXPECT_TRUE(has("10.1.2.3/8", "10.255.0.1")) << "the bits behind are not looked at";
  EXPECT_FALSE(has("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(has("172.16.0.0/12", "172.31.255.255"));
  EXPECT_FALSE(has("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(has("128.0.0.0/1", "192.0.2.1"));
  EXPECT_TRUE(has("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(has("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(has("::1", "::1"));
  EXPECT_TRUE(has("127.0.0.0/8", "::ffff:127.0.0.1")) << "of a listener for both";
}

TEST(Network, AWrongOneIsNamedWithWhatIsValid) {
  for (const char* text :
       {"", "/8", "10.0.0", "10.0.0.0/0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1",
        "::/129", "::1/0", "localhost", "fe80::%eth0/10"}) {
    const auto parsed = Network::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(parsed.error().detail, HasSubstr("is no network: ")) << text;
  }
}

}  // namespace
}  // namespace gridloom::net
