// What the protocol asks this room: headers, WebSockets, refusals and who is named in them.
#include "api/http_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/message/headers.h"
#include "api/test_api.h"
#include "http/session.h"
#include "http/test_frames.h"

namespace gridloom::api {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HttpServiceTest : public ApiTest {
 protected:
  // The output of a session that has received these bytes.
  std::string talk(HttpService& of, std::string_view bytes) {
    const auto session = std::make_shared<http::Session>(
        net::ConnectionContext{
            .loop = home.client_loop, .wake = [] {}, .secure = false, .peer = "192.0.2.7"},
        of, http::SessionLimits{}, home.clock.now());
    session->receive(bytes, home.clock.now());
    home.settle();
    std::string out;
    session->take_output(out);
    return out;
  }

  HttpService service{{.api = &api, .hub = home.hub.get()}};
};

constexpr std::string_view kHandshake =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

TEST_F(HttpServiceTest, BrowsersHeadersAreNotReadForTheSignedInterface) {
  EXPECT_EQ(service.headers().size(), kHeaders.size());
  EXPECT_EQ(service.headers()[header::kSign].name, "sign");
  EXPECT_EQ(service.headers()[header::kCsrf].name, "X-Gridloom-CSRF");
  EXPECT_EQ(service.headers()[header::kIfNoneMatch].name, "If-None-Match");
  EXPECT_EQ(service.headers_for("/iot-open/sign/device/list"), header::kSign + 1);
  EXPECT_EQ(service.headers_for("/api/v1/me"), kHeaders.size());
  EXPECT_EQ(service.headers_for("/"), kHeaders.size());
}

TEST_F(HttpServiceTest, WhatIsNoHttpIsAnsweredInTheEnvelope) {
  const std::string out = talk(service, "GET\r\n\r\n");
  EXPECT_THAT(out, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(without_trace(out), AllOf(HasSubstr(R"({"code":"400","message":"Bad Request: )"),
                                        HasSubstr(R"("eagleEyeTraceId":"<trace>","tid":""})")));
}

// Below /api/v1 an error has one form, whoever finds it.
TEST_F(HttpServiceTest, WhatIsNoHttpBelowTheOwnPathsIsAnsweredInTheirForm) {
  struct Row {
    std::string bytes;
    std::string_view status;
    std::string_view code;
  };
  const std::string_view path = "/api/v1/devices/R331ZEB4ZEAL0528/commands";
  for (const Row& row : std::vector<Row>{
           {fmt::format("GET {} HTTP/1.1\r\nHost: a\r\nnonce: a\r\nnonce: a\r\n\r\n", path), "400",
            "malformed"},
           {fmt::format("GET {} HTTP/3.0\r\n\r\n", path), "400", "malformed"},
           {fmt::format("GET {} HTTP/1.1\r\nX: {}", path, std::string(9000, 'x')), "431",
            "header_too_large"},
           {fmt::format("POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n", path),
            "413", "body_too_large"},
           {fmt::format("POST {} HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n\r\n", path),
            "415", "wrong_encoding"},
           {fmt::format("POST {} HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n", path), "417",
            "wrong_expectation"},
           {"GET /api/v1/live HTTP/1.1\r\nHost: a\r\n\r\n", "426", "upgrade_required"},
           {fmt::format("PATCH {} HTTP/1.1\r\nHost: a\r\n\r\n", path), "405", "wrong_method"},
       }) {
    const std::string out = talk(service, row.bytes);
    EXPECT_THAT(out,
                AllOf(StartsWith(fmt::format("HTTP/1.1 {} ", row.status)),
                      HasSubstr(fmt::format(R"({{"code":"{}","message":")", row.code)),
                      HasSubstr("Cache-Control: no-store\r\n"), Not(HasSubstr("eagleEyeTraceId"))))
        << row.bytes.substr(0, 80);
  }
}

TEST_F(HttpServiceTest, HeadersThatASignatureNeedsComeOnce) {
  for (const std::string_view name : {"accessKey", "nonce", "timestamp", "sign"}) {
    EXPECT_THAT(talk(service, fmt::format("GET / HTTP/1.1\r\n{0}: a\r\n{0}: a\r\n\r\n", name)),
                AllOf(StartsWith("HTTP/1.1 400 "),
                      HasSubstr(fmt::format("the header {} stands twice", name))));
  }
}

TEST_F(HttpServiceTest, ASignedRequestIsAnswered) {
  http::Request made = request(http::Method::kGet, "device/list");
  sign_as(made, key_of("alice"));
  EXPECT_THAT(
      talk(service,
           fmt::format("GET {} HTTP/1.1\r\nHost: a\r\naccessKey: {}\r\nnonce: {}\r\n"
                       "timestamp: {}\r\nsign: {}\r\n\r\n",
                       made.path, made.headers[header::kAccessKey], made.headers[header::kNonce],
                       made.headers[header::kTimestamp], made.headers[header::kSign])),
      AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr(kSn)));
  EXPECT_EQ(service.user_of(made), key_of("alice").access_key);
}

TEST_F(HttpServiceTest, WebSocketsAreWhereTheTableOfUpgradesSays) {
  EXPECT_FALSE(service.find_upgrade("/mqtt")) << "this service has no MQTT";
  EXPECT_FALSE(service.find_upgrade("/api/v1/me"));
  const auto live = service.find_upgrade("/api/v1/live");
  ASSERT_TRUE(live);
  EXPECT_EQ(live->protocol, "gridloom.live.1");
  EXPECT_EQ(live->form, http::WebSocketForm::kLines);
  HttpService with_mqtt({.api = &api,
                         .hub = home.hub.get(),
                         .mqtt = [](net::ConnectionContext) -> std::shared_ptr<net::Protocol> {
                           return std::make_shared<http::Echo>();
                         }});
  EXPECT_THAT(talk(with_mqtt, fmt::format("GET /mqtt HTTP/1.1\r\nHost: a\r\n{}"
                                          "Sec-WebSocket-Protocol: mqtt\r\n\r\n",
                                          kHandshake)),
              StartsWith("HTTP/1.1 101 "));
}

// A page cannot send the header Authorization with a WebSocket.
TEST_F(HttpServiceTest, ATokenMayStandAmongTheProtocolsOfTheLiveStream) {
  LiveFeed feed({.hub = home.hub.get(), .virtual_time = nullptr, .limits = {}});
  Api with_live({.hub = home.hub.get(),
                 .loop = &home.client_loop,
                 .homes = &homes,
                 .live = &feed,
                 .sign_in = &sign_in});
  HttpService of({.api = &with_live, .hub = home.hub.get()});
  const auto made = must(home.registry->add_token(
      {.name = "card", .account = "alice", .scope = registry::Scope::kRead}));
  const std::string token(made.text.reveal());
  const auto ask = [&](std::string_view protocols, std::string_view others = {}) {
    return talk(of, fmt::format("GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n{}{}"
                                "Sec-WebSocket-Protocol: {}\r\n\r\n",
                                kHandshake, others, protocols));
  };
  EXPECT_THAT(
      ask(fmt::format("gridloom.live.1, gridloom.token.{}", token)),
      AllOf(StartsWith("HTTP/1.1 101 "), HasSubstr("Sec-WebSocket-Protocol: gridloom.live.1\r\n"),
            testing::Not(HasSubstr(token))));
  EXPECT_THAT(ask(fmt::format("gridloom.live.1, gridloom.token.{}", token),
                  "Authorization: Basic cHJveHk6cHJveHk=\r\n"),
              StartsWith("HTTP/1.1 101 "))
      << "of a reverse proxy";
  EXPECT_THAT(ask("gridloom.live.1, gridloom.token.glt_none"),
              AllOf(StartsWith("HTTP/1.1 401 "), HasSubstr(R"(error="invalid_token")")));
  EXPECT_THAT(ask("gridloom.live.1"), StartsWith("HTTP/1.1 401 "));
}

TEST_F(HttpServiceTest, AServerWithoutALiveStreamSaysSo) {
  EXPECT_THAT(talk(service, fmt::format("GET /api/v1/live HTTP/1.1\r\nHost: a\r\n{}"
                                        "Sec-WebSocket-Protocol: gridloom.live.1\r\n\r\n",
                                        kHandshake)),
              AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("this server has no live stream")));
}

}  // namespace
}  // namespace gridloom::api
