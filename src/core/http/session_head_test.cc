// What a session decides by the head of a request: how long its body may be, and which client it
// comes from, and how much of a turn it gets.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/test_talk.h"
#include "http/trusted_proxies.h"
#include "net/address.h"

namespace gridloom::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(HttpBodyLimit, RefusesABodyThatIsTooLargeBeforeItIsSent) {
  Talk talk;
  talk.send(fmt::format("PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
                        256 * 1024 + 1));
  EXPECT_THAT(talk.out, StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(talk.finished());
  Talk endless;
  endless.send("PUT /a HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n");
  EXPECT_THAT(endless.out, StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(endless.finished());
}

TEST(HttpBodyLimit, TakesBodiesUpToTheirLimit) {
  const std::size_t most = std::size_t{256} * 1024;
  const std::string body(most, 'x');
  Talk fits;
  fits.send(fmt::format("PUT /a HTTP/1.1\r\nContent-Length: {}\r\n\r\n", most));
  fits.send(body);
  ASSERT_EQ(fits.requests.size(), 1U);
  EXPECT_EQ(fits.requests[0].body.size(), most);
  Talk over;
  over.send(fmt::format("PUT /a HTTP/1.1\r\nContent-Length: {}\r\n\r\n", most + 1));
  EXPECT_THAT(over.out, StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(over.finished());

  Talk chunks;
  chunks.send(fmt::format("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", most));
  chunks.send(body + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunks.requests.size(), 1U);
  Talk more;
  more.send(fmt::format("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", most));
  more.send(body + "\r\n1\r\nx\r\n0\r\n\r\n");
  EXPECT_THAT(more.out, StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(more.finished());
}

TEST(HttpRefusal, HasThePathThatWasAskedFor) {
  struct Row {
    std::string bytes;
    std::string_view status;
    std::string_view path;
  };
  for (const Row& row : std::vector<Row>{
           {"hello\r\n\r\n", "400", ""},
           {"GET /a?b HTTP/3.0\r\n\r\n", "400", "/a"},
           {"GET /few HTTP/1.1\r\n\r\nGET /a HTTP/1.1\r\nno header\r\n\r\n", "400", "/a"},
           {"GET /a HTTP/1.1\r\nX: " + std::string(9000, 'x'), "431", "/a"},
           {"PUT /a HTTP/1.1\r\nContent-Length: 999999\r\n\r\n", "413", "/a"},
           {"GET /mqtt HTTP/1.1\r\nHost: h\r\n\r\n", "426", "/mqtt"},
           {"GET /a HTTP/1.1\r\n", "408", "/a"},
           {"PUT /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nx", "408", "/a"},
       }) {
    Talk talk;
    talk.refused.path = "none";
    talk.send(row.bytes);
    talk.pass(SessionLimits().request_time + Millis(1));
    EXPECT_THAT(talk.out, HasSubstr(fmt::format("HTTP/1.1 {} ", row.status))) << row.bytes;
    EXPECT_EQ(talk.refused.path, row.path) << row.bytes;
  }
}

TEST(HttpBodyLimit, AnUnwantedBodyIsSkipped) {
  for (const std::string_view body :
       {"Content-Length: 9\r\n\r\nsome body",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n5\r\n body\r\n0\r\n\r\n"}) {
    Talk talk;
    talk.allowed_body = 0;
    talk.send_in_pieces(fmt::format("PUT /a HTTP/1.1\r\n{}GET /b HTTP/1.1\r\n\r\n", body), 3);
    ASSERT_EQ(talk.requests.size(), 2U) << body;
    EXPECT_EQ(talk.requests[0].body, "");
    EXPECT_EQ(talk.requests[0].peer, "test");
    EXPECT_EQ(talk.requests[1].path, "/b");
  }
  // The limit of a body is the same.
  for (const std::string_view size :
       {"Content-Length: 11\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n5\r\n"}) {
    Talk talk(Talk::Mqtt::kEcho, {.body_bytes = 10});
    talk.allowed_body = 0;
    talk.send(fmt::format("PUT /a HTTP/1.1\r\n{}", size));
    EXPECT_THAT(talk.out, StartsWith("HTTP/1.1 413 ")) << size;
    EXPECT_TRUE(talk.finished());
  }
}

// Before any of the body has come, or has been asked for.
TEST(HttpBodyLimit, ABodyBeyondTheLimitThatItsHeadHasIsRefusedAtOnce) {
  for (const std::string_view size :
       {"Content-Length: 11\r\n\r\n", "Expect: 100-continue\r\nContent-Length: 300000\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nB\r\n",
        "Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n5\r\n"}) {
    Talk talk;
    talk.allowed_body = 10;
    talk.send(fmt::format("POST /a HTTP/1.1\r\n{}", size));
    EXPECT_THAT(talk.out, HasSubstr("the body is over 10 bytes")) << size;
    EXPECT_THAT(talk.out, StartsWith("HTTP/1.1 413 ")) << size;
    EXPECT_TRUE(talk.finished());
    EXPECT_TRUE(talk.requests.empty());
  }
  Talk talk(Talk::Mqtt::kEcho, {.body_bytes = 9});
  talk.allowed_body = 10;
  talk.send("POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nsome body");
  ASSERT_EQ(talk.requests.size(), 1U);
  EXPECT_EQ(talk.requests[0].body, "some body");
  talk.send("POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\n");
  EXPECT_THAT(talk.out, HasSubstr("the body is over 9 bytes")) << "the session's own limit";
}

class ProxiedSession : public testing::Test {
 protected:
  static std::string request(std::string_view headers, std::string_view path = "/a") {
    return fmt::format("GET {} HTTP/1.1\r\n{}\r\n", path, headers);
  }

  const TrustedProxies proxies{{*net::Network::parse("10.0.0.1")}};
};

TEST_F(ProxiedSession, EachRequestIsThatOfTheClientThatTheProxyNames) {
  Talk talk(Talk::Mqtt::kEcho, {}, &proxies, "10.0.0.1");
  talk.send(request("X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n"));
  talk.send(request("X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 2001:db8::1\r\n"));
  talk.send(request("X-Forwarded-For: unknown\r\nX-Forwarded-Proto: http\r\n"));
  talk.send(request("Forwarded: for=198.51.100.7;proto=https\r\n"));
  std::vector<std::string> said;
  for (const Request& each : talk.requests) {
    said.push_back(fmt::format("{} {}", each.peer, each.secure));
  }
  EXPECT_THAT(said, ElementsAre("198.51.100.7 true", "2001:db8::1 false", "10.0.0.1 false",
                                "10.0.0.1 false"));
}

TEST_F(ProxiedSession, NobodyElseIsBelieved) {
  Talk talk(Talk::Mqtt::kEcho, {}, &proxies, "10.0.0.2");
  talk.send(request("X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n"));
  ASSERT_EQ(talk.requests.size(), 1U);
  EXPECT_EQ(talk.requests[0].peer, "10.0.0.2");
  EXPECT_FALSE(talk.requests[0].secure);
}

TEST_F(ProxiedSession, SoIsWhatIsRefusedAndWhatIsInsideAWebSocket) {
  Talk talk(Talk::Mqtt::kEcho, {}, &proxies, "10.0.0.1");
  talk.allowed_body = 1;
  talk.send(request("X-Forwarded-For: 198.51.100.7\r\nContent-Length: 2\r\n"));
  EXPECT_EQ(talk.refused.peer, "198.51.100.7");
  Talk broken(Talk::Mqtt::kEcho, {}, &proxies, "10.0.0.1");
  broken.send(request("X-Forwarded-For: 198.51.100.7\r\n") + request("no header\r\n"));
  EXPECT_EQ(broken.refused.peer, "10.0.0.1") << "not the client of the request before";
  Talk socket(Talk::Mqtt::kEcho, {}, &proxies, "10.0.0.1");
  socket.send(request(
      "Host: h\r\nX-Forwarded-For: 198.51.100.7\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Protocol: mqtt\r\n",
      "/mqtt"));
  EXPECT_EQ(socket.inner_peer, "198.51.100.7");
}

TEST(HttpHead, ACompressedBodyIsRefusedAndNotReadAsText) {
  for (const auto& [coding, status] : {std::pair{"gzip", "415"}, std::pair{"identity", "200"},
                                       std::pair{"UTF-8", "200"}, std::pair{"x, GZIP", "415"}}) {
    Talk talk;
    talk.send(fmt::format("PUT /a HTTP/1.1\r\nContent-Encoding: {}\r\nContent-Length: 1\r\n\r\nx",
                          coding));
    EXPECT_THAT(talk.out, StartsWith(fmt::format("HTTP/1.1 {}", status))) << coding;
  }
}

TEST(HttpHead, AStrangerGetsFewerAnswersOfATurn) {
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "GET /1234567890 HTTP/1.1\r\n\r\n";
  const auto answered = [&](std::int64_t account) {
    Talk talk;
    talk.fetches = false;
    talk.send("GET /signed HTTP/1.1\r\n\r\n");
    talk.requests.at(0).waiting.lock()->signed_by(account);
    talk.send(many);
    return talk.requests.size();
  };
  EXPECT_LT(answered(0), answered(7) / 3);
}

}  // namespace
}  // namespace gridloom::http
