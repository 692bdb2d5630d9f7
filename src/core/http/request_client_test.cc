// Which client the requests of a connection come from.
#include "http/trusted_proxies.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/loop.h"
#include "http/head.h"
#include "net/address.h"

namespace gridloom::http {
namespace {

class RequestClientTest : public testing::Test {
 protected:
  net::ConnectionContext context_of(std::string peer) {
    return {.loop = loop, .wake = [] {}, .secure = false, .peer = std::move(peer)};
  }

  ImmediateLoop loop;
  const TrustedProxies proxies{{*net::Network::parse("10.0.0.1")}};
  const std::string text =
      "GET / HTTP/1.1\r\nX-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n\r\n";
};

TEST_F(RequestClientTest, ATrustedProxySpeaksForTheClientUntilItsNextRequest) {
  net::ConnectionContext context = context_of("10.0.0.1");
  const RequestClient client(context, &proxies);
  Head head;
  ASSERT_TRUE(parse_head(text, head));
  client.find(head, context, TimePoint());
  EXPECT_EQ(context.peer, "198.51.100.7");
  EXPECT_TRUE(context.secure);
  client.forget(context);
  EXPECT_EQ(context.peer, "10.0.0.1");
  EXPECT_FALSE(context.secure);
}

TEST_F(RequestClientTest, NobodyElseSpeaksForAClient) {
  Head head;
  ASSERT_TRUE(parse_head(text, head));
  for (const TrustedProxies* const trusted :
       {&proxies, static_cast<const TrustedProxies*>(nullptr)}) {
    net::ConnectionContext context = context_of(trusted == nullptr ? "10.0.0.1" : "10.0.0.2");
    const std::string peer = context.peer;
    const RequestClient client(context, trusted);
    client.find(head, context, TimePoint());
    EXPECT_EQ(context.peer, peer);
    EXPECT_FALSE(context.secure);
    client.forget(context);
    EXPECT_EQ(context.peer, peer);
  }
}

}  // namespace
}  // namespace gridloom::http
