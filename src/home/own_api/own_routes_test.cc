// How paths of Gridloom's own interface meet the protocol, signatures and the gate.
#include "own_api/own_routes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http_service.h"
#include "http/session.h"
#include "http/test_frames.h"
#include "own_api/test_own_api.h"

namespace gridloom::api {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kHandshake =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

class OwnPathsTest : public OwnRoutesTest {
 protected:
  http::Response ask(Api& of, http::Request made, ReplayCheck check = ReplayCheck::kOff) {
    http::Response got{.status = 0};
    of.handle(std::move(made), [&got](http::Response answer) { got = std::move(answer); }, check);
    home.settle();
    return got;
  }
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

TEST_F(OwnPathsTest, TheOwnInterfaceSignsMethodAndPath) {
  const registry::AccessKey key = key_of("alice");
  const auto device_resource = [&](std::string_view sn, std::string_view signed_path,
                                   ReplayCheck check) {
    http::Request made = request(http::Method::kGet, fmt::format("/api/v1/devices/{}/energy", sn));
    made.headers[header::kAccessKey] = key.access_key;
    made.headers[header::kNonce] = "1";
    made.headers[header::kTimestamp] = "1671171709428";
    auto mac = must(wire::KeyedMac::make(key.secret_key));
    made.headers[header::kSign] = must(wire::sign({.content_type = {},
                                                   .query = {},
                                                   .body = {},
                                                   .access_key = made.headers[header::kAccessKey],
                                                   .nonce = made.headers[header::kNonce],
                                                   .timestamp = made.headers[header::kTimestamp],
                                                   .sign = {},
                                                   .method = signed_path.empty() ? "" : "GET",
                                                   .path = signed_path},
                                                  mac));
    return ask(api, std::move(made), check).body;
  };
  const std::string path = fmt::format("/api/v1/devices/{}/energy", kSn);
  const std::string other = fmt::format("/api/v1/devices/{}/energy", kOcean);
  EXPECT_THAT(device_resource(kSn, path, ReplayCheck::kOn), HasSubstr(R"("code":"0")"));
  EXPECT_THAT(device_resource(kSn, path, ReplayCheck::kOff), HasSubstr(R"("code":"0")"));
  EXPECT_THAT(device_resource(kSn, other, ReplayCheck::kOn), HasSubstr(R"("code":"8521")"));
  EXPECT_THAT(device_resource(kSn, other, ReplayCheck::kOff), HasSubstr(R"("code":"8521")"));
  EXPECT_THAT(device_resource(kSn, "", ReplayCheck::kOn),
              AllOf(HasSubstr(R"("code":"8521")"), HasSubstr("&method=GET&path=" + path)));
  EXPECT_THAT(device_resource(kSn, "", ReplayCheck::kOff), HasSubstr(R"("code":"0")"));
}

TEST_F(OwnPathsTest, RefusesTheValuesOfSetsByEitherInterface) {
  const auto own = [this](http::Method method, std::string_view path, std::string_view body) {
    http::Request made = request(method, path);
    const auto token = must(home.registry->add_token({.name = "script",
                                                      .account = "alice",
                                                      .scope = registry::Scope::kControl,
                                                      .now = home.platform.wall->now()}));
    made.authorization = fmt::format("Bearer {}", token.text.reveal());
    made.content_type = "application/json";
    made.body = body;
    const auto answer = start(std::move(made));
    return answer ? fmt::format("{} {}", answer->status, whole_body(*answer)) : "no answer yet";
  };
  home.platform.fault_injector.set({{.fault = "refused_value"}});
  EXPECT_THAT(own(http::Method::kPost, fmt::format("/api/v1/devices/{}/commands", kSn),
                  R"({"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})"),
              StartsWith(R"(400 {"code":"invalid_value")"));
  EXPECT_THAT(own(http::Method::kPut, "/api/v1/me/password", R"({"password":"correct horse"})"),
              Not(HasSubstr("invalid_value")))
      << "a password is no set";
}
// Below /api/v1 an error has one form, whoever finds it.
TEST_F(OwnPathsTest, WhatIsNoHttpBelowTheOwnPathsIsAnsweredInTheirForm) {
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

// A page cannot send the header Authorization with a WebSocket.
TEST_F(OwnPathsTest, ATokenMayStandAmongTheProtocolsOfTheLiveStream) {
  const auto made = must(home.registry->add_token(
      {.name = "card", .account = "alice", .scope = registry::Scope::kRead}));
  const std::string token(made.text.reveal());
  const auto ask = [&](std::string_view protocols, std::string_view others = {}) {
    return talk(service, fmt::format("GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n{}{}"
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

TEST_F(OwnPathsTest, TheLiveStreamIsAWebSocketOfLines) {
  EXPECT_FALSE(service.find_upgrade("/api/v1/me"));
  const auto live = service.find_upgrade("/api/v1/live");
  ASSERT_TRUE(live);
  EXPECT_EQ(live->protocol, "gridloom.live.1");
  EXPECT_EQ(live->form, http::WebSocketForm::kLines);
}

// A browser lets a page of evil.example read what evil.example answers, and its DNS may say that
// this is we.
TEST_F(OwnPathsTest, DescriptionsAreNotForNamesThatAnAttackerCanHave) {
  for (const std::string_view path : {"/openapi.json", "/asyncapi.json"}) {
    http::Request made = request(http::Method::kGet, path);
    for (const std::string_view host : {"evil.example", "local.evil.example", "internal.com"}) {
      made.host = host;
      EXPECT_EQ(ask(api, made).status, 421U) << path << ' ' << host;
    }
    for (const std::string_view host : {"localhost", "192.168.1.9", "nas.local", ""}) {
      made.host = host;
      EXPECT_EQ(ask(api, made).status, 200U) << path << ' ' << host;
    }
    EXPECT_EQ(ask(api, request(http::Method::kPost, path)).status, 404U) << path;
  }
}

}  // namespace
}  // namespace gridloom::api
