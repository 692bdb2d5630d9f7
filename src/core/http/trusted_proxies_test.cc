#include "http/trusted_proxies.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/must.h"

namespace gridloom::http {
namespace {

constexpr std::string_view kProxy = "127.0.0.1";

TrustedProxies trusting(std::initializer_list<std::string_view> networks) {
  std::vector<net::Network> all;
  for (const std::string_view each : networks) all.push_back(must(net::Network::parse(each)));
  return TrustedProxies(std::move(all));
}

// The client's address, and "!" if a header was wrong.
std::string address(std::string_view forwarded_for) {
  const TrustedProxies proxies = trusting({"127.0.0.1", "10.0.0.0/8", "fd00::/8"});
  const auto client = proxies.client_of({.addresses = std::string(forwarded_for), .schemes = {}},
                                        {.address = std::string(kProxy)});
  return client.address + (client.wrong.empty() ? "" : "!");
}

std::string scheme(std::string_view forwarded_proto, bool secure) {
  const TrustedProxies proxies = trusting({"127.0.0.1"});
  const auto client = proxies.client_of({.addresses = {}, .schemes = std::string(forwarded_proto)},
                                        {.address = std::string(kProxy), .secure = secure});
  EXPECT_EQ(client.address, kProxy);
  return fmt::format("{}{}", client.secure ? "https" : "http", client.wrong.empty() ? "" : "!");
}

TEST(TrustedProxies, TrustTheirNetworksOnly) {
  const TrustedProxies proxies = trusting({"127.0.0.1", "10.0.0.0/8", "fd00::/8"});
  for (const char* address :
       {"127.0.0.1", "::ffff:127.0.0.1", "10.9.8.7", "fd12::1", "fd12::1%eth0"})
    EXPECT_TRUE(proxies.trusts(address)) << address;
  for (const char* address : {"127.0.0.2", "11.0.0.1", "::1", "fe80::1%eth0", "", "test"})
    EXPECT_FALSE(proxies.trusts(address)) << address;
}

TEST(TrustedProxies, TheClientIsTheLastAddressThatIsNoProxys) {
  EXPECT_EQ(address("198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(address("192.0.2.1, 198.51.100.7"), "198.51.100.7") << "the client wrote the first";
  EXPECT_EQ(address("192.0.2.1,198.51.100.7, 10.1.2.3 ,10.0.0.1"), "198.51.100.7");
  EXPECT_EQ(address("127.0.0.1, 198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(address("10.1.2.3, 10.0.0.1"), "10.1.2.3") << "all are proxies: the outermost";
  EXPECT_EQ(address(",198.51.100.7,,"), "198.51.100.7") << "empty elements";
}

TEST(TrustedProxies, AnAddressHasOneFormHoweverItIsWritten) {
  EXPECT_EQ(address("198.51.100.7:4711"), "198.51.100.7");
  EXPECT_EQ(address("::ffff:198.51.100.7"), "198.51.100.7");
  EXPECT_EQ(address("2001:DB8::1"), "2001:db8::1");
  EXPECT_EQ(address("[2001:db8::1]"), "2001:db8::1");
  EXPECT_EQ(address("[2001:db8::1]:443"), "2001:db8::1");
  EXPECT_EQ(address("2001:db8::1, fd00::2"), "2001:db8::1");
}

TEST(TrustedProxies, WithoutAHeaderTheClientIsTheProxy) {
  for (const char* nothing : {"", " ", ",", " , "}) EXPECT_EQ(address(nothing), kProxy) << nothing;
}

TEST(TrustedProxies, AWrongElementLeavesTheProxysAddress) {
  for (const char* wrong :
       {"unknown", "_hidden", "198.51.100.7x", "198.51.100", "198.51.100.7:", "198.51.100.7:x",
        "198.51.100.7:123456", "[198.51.100.7]", "[2001:db8::1", "[2001:db8::1]443", "[]",
        "\"::1\"", "for=198.51.100.7", "unknown, 10.0.0.1", "198.51.100.7, unknown"}) {
    EXPECT_EQ(address(wrong), "127.0.0.1!") << wrong;
  }
  EXPECT_EQ(address("unknown, 198.51.100.7"), "198.51.100.7") << "the client wrote that one";
}

TEST(TrustedProxies, TheSchemeIsThatOfTheLastProxy) {
  EXPECT_EQ(scheme("https", false), "https");
  EXPECT_EQ(scheme("HTTPS", false), "https");
  EXPECT_EQ(scheme("http", true), "http");
  EXPECT_EQ(scheme("http, https", false), "https");
  EXPECT_EQ(scheme("", false), "http");
  EXPECT_EQ(scheme("", true), "https");
  EXPECT_EQ(scheme("wss", false), "http!");
  EXPECT_EQ(scheme("wss", true), "https!");
}

}  // namespace
}  // namespace gridloom::http
