// The vendor's API with a TestHome behind it, called without a socket. Test-only.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <utility>

#include "api/api.h"
#include "api/message/headers.h"
#include "history/test_archive.h"
#include "testing/home.h"

namespace gridloom::api {

inline constexpr std::string_view kSn = "R331ZEB4ZEAL0528";
inline constexpr std::string_view kOcean = "HJ31ZDH2ZF690025";
inline constexpr std::string_view kBase = "/iot-open/sign/";
inline constexpr std::string_view kReport =
    R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":5,"wattsOutSum":7}})";

// Replaces the trace ids, which are new each time.
inline std::string without_trace(const std::string& text) {
  static const std::regex kTrace("\"eagleEyeTraceId\":\"[0-9a-f]{32}\"");
  return std::regex_replace(text, kTrace, "\"eagleEyeTraceId\":\"<trace>\"");
}

inline std::string golden(std::string_view code, std::string_view message,
                          std::string_view data = {}) {
  return fmt::format(R"({{"code":"{}","message":"{}"{}{},"eagleEyeTraceId":"<trace>","tid":""}})",
                     code, message, data.empty() ? "" : R"(,"data":)", data);
}

class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    home.platform.journal = &journal;
    alice = home.add_account("alice");
    home.add_account("bob");
    home.add_device(kSn, "alice");
    home.add_device(kOcean, "alice");
    device = home.connect_device(kSn);
    home.report(device, kSn, std::string(kReport));
  }

  [[nodiscard]] registry::AccessKey key_of(std::string_view name) const {
    return *home.registry->directory()->keys_of(home.account(name).id).at(0);
  }
  http::Request request(http::Method method, std::string_view path) {
    http::Request made;
    made.method = method;
    made.path = path.starts_with('/') ? std::string(path) : std::string(kBase).append(path);
    made.host = "here.example";
    return made;
  }
  void sign_as(http::Request& made, const registry::AccessKey& key) {
    made.headers[header::kNonce] = "345164";
    made.headers[header::kTimestamp] = "1671171709428";
    sign_with(made, key);
  }
  static void sign_with(http::Request& made, const registry::AccessKey& key) {
    made.headers[header::kAccessKey] = key.access_key;
    auto mac = must(wire::KeyedMac::make(key.secret_key));
    made.headers[header::kSign] = must(wire::sign({.content_type = made.content_type,
                                                   .query = made.query,
                                                   .body = made.body,
                                                   .access_key = made.headers[header::kAccessKey],
                                                   .nonce = made.headers[header::kNonce],
                                                   .timestamp = made.headers[header::kTimestamp],
                                                   .sign = {}},
                                                  mac));
  }
  void sign_at(http::Request& made, TimePoint at, std::string_view nonce) {
    made.headers[header::kNonce] = nonce;
    made.headers[header::kTimestamp] = std::to_string(unix_ms(at));
    sign_with(made, key_of("alice"));
  }
  std::optional<http::Response> start(http::Request made) {
    response.reset();
    api.handle(std::move(made), [this](http::Response answer) { response = std::move(answer); });
    home.settle();
    return response;
  }
  // The body of a response with status 200; otherwise the status.
  std::string call(http::Request made, std::string_view as = "alice") {
    sign_as(made, key_of(as));
    return shown(start(std::move(made)));
  }
  static std::string shown(const std::optional<http::Response>& answer) {
    if (!answer) return "no answer yet";
    if (answer->status != 200) return fmt::format("status {}", answer->status);
    EXPECT_EQ(answer->content_type, "application/json");
    const std::string body = whole_body(*answer);
    EXPECT_TRUE(wire::parse_json(body)) << body;
    return without_trace(body);
  }
  std::string get(std::string_view path, std::string_view query = {},
                  std::string_view as = "alice") {
    http::Request made = request(http::Method::kGet, path);
    made.query = query;
    return call(std::move(made), as);
  }
  std::string send(http::Method method, std::string_view path, std::string_view body,
                   std::string_view as = "alice") {
    http::Request made = request(method, path);
    made.content_type = "application/json;charset=UTF-8";
    made.body = body;
    return call(std::move(made), as);
  }

  TestHome home;
  TestClock archive_clock{kTestStart};
  std::unique_ptr<history::Archive> archive =
      history::open_archive(home.folder.data(), archive_clock, {});
  history::InstantJournal journal{*archive};
  registry::AccountId alice{};
  FakePtr device;
  std::optional<http::Response> response;
  TestClock steady{kTestStart};
  sign_in::SignIn sign_in{
      {.registry = home.registry.get(), .wall = &home.clock, .steady = &steady}};
  Api api{{.hub = home.hub.get(),
           .loop = &home.client_loop,
           .reads =
               [this](auto task) {
                 history::read_now(*archive, std::move(task));
                 return true;
               },
           .mqtt = {.public_host = {}, .port = 8883, .secure = true},
           .metrics = [] { return std::string("gridloom_things 1\n"); },
           .sign_in = &sign_in}};
};

}  // namespace gridloom::api
