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

TEST_F(HttpServiceTest, MqttIsSpokenInsideAWebSocketWhereThereIsMqtt) {
  EXPECT_FALSE(service.find_upgrade("/mqtt")) << "this service has no MQTT";
  EXPECT_FALSE(service.find_upgrade("/healthz"));
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

}  // namespace
}  // namespace gridloom::api
