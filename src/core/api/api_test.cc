// Every route of the signed API: the exact text of success, and of each refusal.
#include "api/api.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/test_api.h"
#include "http/test_talk.h"
#include "testing/must.h"
#include "time/test_zone.h"

namespace gridloom::api {
namespace {

using registry::Rights;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(ApiTest, ListsTheAccountsDevices) {
  EXPECT_EQ(get("device/list"),
            golden("0", "Success",
                   R"([{"sn":"R331ZEB4ZEAL0528","deviceName":"R331ZEB4ZEAL0528","online":1,)"
                   R"("productName":"DELTA 2"},)"
                   R"({"sn":"HJ31ZDH2ZF690025","deviceName":"HJ31ZDH2ZF690025","online":0,)"
                   R"("productName":"PowerOcean"}])"));
  EXPECT_EQ(get("device/list", "", "bob"), golden("0", "Success", "[]"));
}

// As in the document, the list shows the devices that are bound to the account. Some clients know a
// product by another spelling than the documented one: the device file has a switch for it.
TEST_F(ApiTest, TheDeviceListHasTheOtherNameOfAProductWhereTheFileSaysSo) {
  auto family = std::make_shared<catalog::Family>(*home.platform.catalog->of_serial(kOcean));
  EXPECT_EQ(family->product_alias, "Power Ocean");
  family->listed_by_alias = true;
  home.platform.catalog =
      std::make_shared<const catalog::Catalog>(std::vector<catalog::FamilyPtr>{std::move(family)});
  EXPECT_THAT(get("device/list"), HasSubstr(R"("productName":"Power Ocean"})"));
}

TEST_F(ApiTest, DoesNotListWhatIsOnlySharedWithTheAccountButAnswersForIt) {
  home.share(kSn, "bob", Rights::kMonitor);
  EXPECT_EQ(get("device/list", "", "bob"), golden("0", "Success", "[]"));
  EXPECT_THAT(get("device/quota/all", "sn=R331ZEB4ZEAL0528", "bob"), HasSubstr(R"("pd.soc":5)"));
}

TEST_F(ApiTest, StrictModeRefusesOldAndRepeatedRequests) {
  wire::ReplayGuard replays;
  const Api::Options options{.hub = home.hub.get(), .loop = &home.client_loop, .replays = &replays};
  Api one(options);
  Api other(options);
  const auto asked = [&](Api& strict, TimePoint at, std::string_view nonce) {
    http::Request made = request(http::Method::kGet, "device/list");
    sign_at(made, at, nonce);
    std::string body;
    strict.handle(std::move(made),
                  [&body](http::Response answer) { body = std::move(answer.body); });
    return body;
  };
  const TimePoint now = home.clock.now();
  EXPECT_THAT(asked(one, now, "1"), HasSubstr(R"("code":"0")"));
  EXPECT_THAT(asked(one, now, "1"), AllOf(HasSubstr(R"("code":"8521")"), HasSubstr("used before")));
  EXPECT_THAT(asked(other, now, "1"), HasSubstr(R"("code":"8521")")) << "seen on another loop";
  const Millis window = std::chrono::minutes(5);
  for (const int side : {-1, 1}) {
    EXPECT_THAT(asked(one, now + side * window, "3"), HasSubstr(R"("code":"0")"));
    EXPECT_THAT(asked(one, now + side * (window + Millis(1)), "4"),
                AllOf(HasSubstr(R"("code":"8521")"), HasSubstr("300 s away")));
  }
  // A request with a bad signature does not use up its nonce.
  http::Request forged = request(http::Method::kGet, "device/list");
  sign_at(forged, now, "5");
  forged.headers[header::kSign].back() = forged.headers[header::kSign].back() == '0' ? '1' : '0';
  one.handle(std::move(forged), [](const http::Response&) {});
  EXPECT_THAT(asked(one, now, "5"), HasSubstr(R"("code":"0")"));
}

// STREAM units tell their systems by numbers, and the main unit by its role.
TEST_F(ApiTest, AnswersTheMainUnitOfASystem) {
  const auto unit = [this](std::string_view sn, std::string_view owner, std::string_view says) {
    home.add_device(sn, owner);
    if (!says.empty()) home.report(home.connect_device(sn, sn), sn, std::string(says));
  };
  constexpr std::string_view kMain = R"({"systemGroupId":7,"distributedDeviceStatus":"MASTER"})";
  constexpr std::string_view kUnit = R"({"systemGroupId":7,"distributedDeviceStatus":"SLAVE"})";
  unit("BK61A", "alice", kUnit);
  unit("BK61B", "alice", R"({"systemGroupId":8,"distributedDeviceStatus":"MASTER"})");
  unit("BK61C", "alice", kMain);
  unit("BK61D", "alice", R"({"systemGroupId":0,"distributedDeviceStatus":"SLAVE"})");
  unit("BK61E", "alice", R"({"systemGroupId":9,"distributedDeviceStatus":"SLAVE"})");
  unit("BK61F", "alice", {});
  unit("BK61G", "bob", kUnit);
  const struct {
    std::string_view asked;
    std::string_view main;
    std::string_view as = "alice";
  } rows[] = {
      {.asked = "BK61A", .main = "BK61C"},
      {.asked = "BK61C", .main = "BK61C"},
      {.asked = "BK61B", .main = "BK61B"},
      {.asked = "BK61D", .main = "BK61D"},
      {.asked = "BK61E", .main = "BK61E"},
      {.asked = "BK61F", .main = "BK61F"},
      {.asked = "BK61G", .main = "BK61G", .as = "bob"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(get("device/system/main/sn", fmt::format("sn={}", row.asked), row.as),
              golden("0", "Success", fmt::format(R"({{"sn":"{}"}})", row.main)))
        << row.asked;
  }
  home.share("BK61C", "bob", Rights::kMonitor);
  EXPECT_THAT(get("device/system/main/sn", "sn=BK61G", "bob"), HasSubstr("BK61C"));
}

TEST_F(ApiTest, CertifiesForTheHostTheRequestCameTo) {
  const registry::Account account = home.account("alice");
  const auto data = [&](std::string_view host) {
    return golden(
        "0", "Success",
        fmt::format(R"({{"certificateAccount":"{}","certificatePassword":"{}",)"
                    R"("url":"{}","port":"8883","protocol":"mqtts"}})",
                    account.certificate_account, account.certificate_password.reveal(), host));
  };
  EXPECT_EQ(get("certification"), data("here.example"));
  http::Request nameless = request(http::Method::kGet, "certification");
  nameless.host.clear();
  EXPECT_EQ(call(nameless), data("localhost"));
}

TEST_F(ApiTest, CertifiesForThePublicHostIfThereIsOne) {
  Api open({.hub = home.hub.get(),
            .loop = &home.client_loop,
            .mqtt = {.public_host = "power.example", .port = 1883, .secure = false},
            .metrics = {}});
  http::Request made = request(http::Method::kGet, "certification");
  sign_as(made, key_of("alice"));
  open.handle(std::move(made), [this](http::Response answer) { response = std::move(answer); });
  EXPECT_THAT(shown(response),
              HasSubstr(R"("url":"power.example","port":"1883","protocol":"mqtt")"));
}

// An MQTT client needs a plain address, not its bracketed form in a URL.
TEST_F(ApiTest, CertifiesAnIpv6HostWithoutBrackets) {
  http::Talk talk;
  talk.send("GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n");
  http::Request made = request(http::Method::kGet, "certification");
  made.host = talk.requests.at(0).host;
  EXPECT_THAT(call(std::move(made)), HasSubstr(R"("url":"::1")"));
}

TEST_F(ApiTest, AnswersSelectedQuotasInEveryFormOfTheRequest) {
  const std::string body =
      R"({"sn":"R331ZEB4ZEAL0528","params":{"quotas":["pd.soc","pd.nothing"]}})";
  const std::string expected = golden("0", "Success", R"({"pd.soc":5})");
  EXPECT_EQ(send(http::Method::kPost, "device/quota", body), expected);
  EXPECT_EQ(send(http::Method::kGet, "device/quota", body), expected);
  const std::string query =
      "params.quotas[0]=pd.soc&params.quotas[1]=pd.nothing&sn=R331ZEB4ZEAL0528";
  EXPECT_EQ(get("device/quota", query), expected);
  http::Request made = request(http::Method::kPost, "device/quota");
  made.query = query;
  EXPECT_EQ(call(std::move(made)), expected);
  EXPECT_EQ(send(http::Method::kPost, "device/quota",
                 R"({"params":{"quotas":["pd"]},"sn":"R331ZEB4ZEAL0528"})"),
            golden("0", "Success", R"({"pd":{"soc":5,"wattsOutSum":7}})"));
  EXPECT_EQ(send(http::Method::kPost, "device/quota",
                 R"({"params":{"quotas":[]},"sn":"R331ZEB4ZEAL0528"})"),
            golden("0", "Success", "{}"));
}

TEST_F(ApiTest, AnswersAllQuotasAlsoOfADeviceThatIsOffline) {
  const std::string expected = golden("0", "Success", R"({"pd.soc":5,"pd.wattsOutSum":7})");
  EXPECT_EQ(get("device/quota/all", "sn=R331ZEB4ZEAL0528"), expected);
  http::Request made = request(http::Method::kGet, "device/quota/all");
  made.content_type = "application/json";
  made.query = "sn=R331ZEB4ZEAL0528";  // next to a JSON type and no body, sn is still read
  EXPECT_EQ(call(std::move(made)), expected);
  home.leave(device);
  EXPECT_EQ(get("device/quota/all", "sn=R331ZEB4ZEAL0528"), expected);
  EXPECT_EQ(get("device/quota/all", "sn=HJ31ZDH2ZF690025"), golden("0", "Success", "{}"));
}

TEST_F(ApiTest, ASetIsAnsweredWhenTheDeviceHas) {
  device->take();
  const std::string body = R"({"id":9,"version":"1.0","sn":"R331ZEB4ZEAL0528","moduleType":5,)"
                           R"("operateType":"quietMode","params":{"enabled":1}})";
  EXPECT_EQ(send(http::Method::kPut, "device/quota", body), "no answer yet");
  const std::string asked = payload_of(device->take().at(0));
  home.publish(device, fmt::format("/device/{}/set_reply", kSn),
               fmt::format(R"({{"id":{},"code":"0","data":{{"ack":1}}}})", member_of(asked, "id")));
  EXPECT_EQ(shown(response), golden("0", "Success",
                                    fmt::format(R"({{"id":{},"code":"0","data":{{"ack":1}}}})",
                                                member_of(asked, "id"))));
}

TEST_F(ApiTest, ASetThatIsNotAnsweredSaysThatTheDeviceIsOffline) {
  const std::string body = R"({"sn":"R331ZEB4ZEAL0528","moduleType":5,"operateType":"quietMode",)"
                           R"("params":{"enabled":1}})";
  EXPECT_EQ(send(http::Method::kPut, "device/quota", body), "no answer yet");
  home.pass(Millis(8000));
  EXPECT_THAT(shown(response), StartsWith(R"({"code":"6012","message":"the device is offline)"));
}

// With --strict, as the vendor's cloud does.
TEST_F(ApiTest, AStrictServerHasOneErrorForADeviceOutOfReachAndAWrongSet) {
  home.platform.config.offline_requests = hub::OfflineRequests::kLikeTheVendor;
  const std::string body = R"({"sn":"R331ZEB4ZEAL0528","moduleType":5,"operateType":"quietMode",)"
                           R"("params":{"enabled":1}})";
  EXPECT_EQ(send(http::Method::kPut, "device/quota", body), "no answer yet");
  home.pass(Millis(8000));
  EXPECT_THAT(shown(response), AllOf(StartsWith(R"({"code":"1008")"), HasSubstr("did not answer")));
  home.leave(device);
  EXPECT_THAT(send(http::Method::kPut, "device/quota", body),
              AllOf(StartsWith(R"({"code":"1008")"), HasSubstr("not connected")));
}

TEST_F(ApiTest, AnswersTheSerialNumberItself) {
  EXPECT_EQ(get("device/system/main/sn", "sn=R331ZEB4ZEAL0528"),
            golden("0", "Success", R"({"sn":"R331ZEB4ZEAL0528"})"));
  EXPECT_THAT(get("device/system/main/sn", "sn=R331ZEB4ZEAL0528", "bob"), HasSubstr("8512"));
}

TEST_F(ApiTest, HealthAndMetricsNeedNoSignature) {
  const auto start = [this](http::Request made) {
    made.host = "localhost";
    return ApiTest::start(std::move(made));
  };
  const auto health = start(request(http::Method::kGet, "/healthz"));
  ASSERT_TRUE(health);
  EXPECT_EQ(health->body, R"({"status":"ok"})");
  const auto metrics = start(request(http::Method::kGet, "/metrics"));
  ASSERT_TRUE(metrics);
  EXPECT_EQ(metrics->body, "gridloom_things 1\n");
  EXPECT_THAT(metrics->content_type, StartsWith("text/plain"));
}

// A browser lets a page of evil.example read what evil.example answers, and its DNS may say that
// this is we.
TEST_F(ApiTest, WhatNeedsNoSignatureIsNotForNamesThatAnAttackerCanHave) {
  for (const std::string_view path : {"/healthz", "/metrics"}) {
    for (const std::string_view host :
         {"evil.example", "local.evil.example", "evil.local.", "internal.com"}) {
      http::Request made = request(http::Method::kGet, path);
      made.host = host;
      EXPECT_EQ(start(std::move(made))->status, 421U) << path << ' ' << host;
    }
    // As monitoring finds a server, in a home and in containers.
    for (const std::string_view host : {"localhost", "127.0.0.1", "::1", "192.168.1.9", "gridloom",
                                        "", "nas.local", "a.b.svc.cluster.local", "x.home.arpa"}) {
      http::Request made = request(http::Method::kGet, path);
      made.host = host;
      EXPECT_EQ(start(std::move(made))->status, 200U) << path << ' ' << host;
    }
  }
}

TEST_F(ApiTest, UnknownPathsAndMethodsHaveDifferentErrors) {
  struct Row {
    http::Method method;
    std::string_view path;
    unsigned status;
    std::string_view allow;
  };
  const std::vector<Row> rows = {
      {http::Method::kGet, "/", 404, ""},
      {http::Method::kGet, "/iot-open/sign/device/list/", 404, ""},
      {http::Method::kGet, "/iot-open/sign/Device/list", 404, ""},
      {http::Method::kPost, "/healthz", 404, ""},
      {http::Method::kPost, "/iot-open/sign/device/list", 405, "GET, HEAD"},
      {http::Method::kPut, "/iot-open/sign/certification", 405, "GET, HEAD"},
      {http::Method::kDelete, "/iot-open/sign/device/quota", 405, "GET, HEAD, POST, PUT"},
      {http::Method::kOther, "/iot-open/sign/device/quota", 405, "GET, HEAD, POST, PUT"},
      {http::Method::kPost, "/iot-open/sign/device/quota/all", 405, "GET, HEAD"},
      {http::Method::kGet, "/iot-open/sign/device/quota/data", 405, "POST"},
      {http::Method::kPost, "/iot-open/sign/device/system/main/sn", 405, "GET, HEAD"},
  };
  for (const Row& row : rows) {
    const auto answer = start(request(row.method, row.path));
    ASSERT_TRUE(answer) << row.path;
    EXPECT_EQ(answer->status, row.status) << row.path;
    const auto body = wire::parse_json(answer->body);
    EXPECT_TRUE(body) << answer->body;
    EXPECT_EQ(member_of(answer->body, "code"), fmt::format("\"{}\"", row.status)) << row.path;
    std::string allow;
    for (const auto& [name, value] : answer->headers) {
      if (name == "Allow") allow = value;
    }
    EXPECT_EQ(allow, row.allow) << row.path;
  }
}

TEST_F(ApiTest, APathThatIsNoTextIsStillAnsweredInJson) {
  const auto answer = start(request(http::Method::kGet, "/iot-open/\xff\xfe"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404U);
  EXPECT_TRUE(wire::parse_json(answer->body));
}

TEST_F(ApiTest, HeadIsServedLikeGet) {
  http::Request made = request(http::Method::kHead, "device/list");
  EXPECT_THAT(call(std::move(made)), StartsWith(R"({"code":"0")"));
}

TEST_F(ApiTest, RefusesAWrongKeyAndAWrongSignature) {
  const registry::AccessKey key = key_of("alice");
  http::Request good = request(http::Method::kGet, "device/quota/all");
  good.query = "sn=R331ZEB4ZEAL0528";
  sign_as(good, key);
  const auto with = [&](auto change) {
    http::Request made = good;
    change(made);
    return shown(start(std::move(made)));
  };
  EXPECT_THAT(with([](http::Request&) {}), StartsWith(R"({"code":"0")"));
  const std::string no_key = R"({"code":"8513","message":"accessKey is invalid)";
  const std::string wrong = R"({"code":"8521","message":"signature is wrong)";
  EXPECT_THAT(with([](http::Request& r) { r.headers[header::kAccessKey].clear(); }),
              StartsWith(no_key));
  EXPECT_THAT(with([](http::Request& r) { r.headers[header::kAccessKey] = "nobody"; }),
              StartsWith(no_key));
  EXPECT_THAT(with([](http::Request& r) { r.headers[header::kSign].clear(); }), StartsWith(wrong));
  EXPECT_THAT(with([](http::Request& r) {
                r.headers[header::kSign].back() =
                    r.headers[header::kSign].back() == '0' ? '1' : '0';
              }),
              StartsWith(wrong));
  EXPECT_THAT(with([](http::Request& r) { r.headers[header::kNonce] = "1"; }), StartsWith(wrong));
  EXPECT_THAT(with([](http::Request& r) { r.headers[header::kNonce].clear(); }), StartsWith(wrong));
  EXPECT_THAT(with([](http::Request& r) { r.headers[header::kTimestamp] = "1"; }),
              StartsWith(wrong));
  EXPECT_THAT(with([](http::Request& r) { r.query = "sn=HJ31ZDH2ZF690025"; }), StartsWith(wrong));
  EXPECT_THAT(
      with([&](http::Request& r) { r.headers[header::kAccessKey] = key_of("bob").access_key; }),
      StartsWith(wrong));
}

TEST_F(ApiTest, ARemovedKeyIsRefusedAtOnceAndANewOneWorks) {
  const registry::AccessKey fresh = must(home.registry->add_keys("alice"));
  const registry::AccessKey old = key_of("alice");
  http::Request made = request(http::Method::kGet, "device/list");
  sign_as(made, old);
  EXPECT_THAT(shown(start(made)), StartsWith(R"({"code":"0")"));
  must(home.registry->remove_key(old.access_key));
  EXPECT_THAT(shown(start(made)), StartsWith(R"({"code":"8513")"));
  sign_as(made, fresh);
  EXPECT_THAT(shown(start(made)), StartsWith(R"({"code":"0")"));
}

TEST_F(ApiTest, EveryAnswerHasATraceIdOfItsOwn) {
  http::Request made = request(http::Method::kGet, "device/list");
  sign_as(made, key_of("alice"));
  const auto first = start(made);
  const auto second = start(made);
  ASSERT_TRUE(first && second);
  EXPECT_NE(member_of(whole_body(*first), "eagleEyeTraceId"),
            member_of(whole_body(*second), "eagleEyeTraceId"));
}

TEST_F(ApiTest, ForeignAndUnknownDevicesAreRefusedAlike) {
  home.add_account("carol");
  for (const std::string_view sn : {kSn, std::string_view("NOSUCH1")}) {
    const std::string refusal = R"({"code":"8512","message":"no permission to do it)";
    const std::string query = fmt::format("sn={}", sn);
    EXPECT_THAT(get("device/quota/all", query, "carol"), StartsWith(refusal));
    EXPECT_THAT(get("device/system/main/sn", query, "carol"), StartsWith(refusal));
    EXPECT_THAT(send(http::Method::kPost, "device/quota",
                     fmt::format(R"({{"sn":"{}","params":{{"quotas":["pd.soc"]}}}})", sn), "carol"),
                StartsWith(refusal));
    EXPECT_THAT(send(http::Method::kPut, "device/quota",
                     fmt::format(R"({{"sn":"{}","moduleType":5,"operateType":"quietMode",)"
                                 R"("params":{{"enabled":1}}}})",
                                 sn),
                     "carol"),
                StartsWith(refusal));
  }
}

TEST_F(ApiTest, RefusalsNameTheParameterItsValueAndWhatIsValid) {
  struct Row {
    http::Method method;
    std::string_view path;
    std::string_view body;
    std::vector<std::string_view> told;
  };
  const std::vector<Row> rows = {
      {http::Method::kGet, "device/quota/all", "{}", {"sn", "missing"}},
      {http::Method::kGet, "device/quota/all", R"({"sn":5})", {"sn is 5"}},
      {http::Method::kGet, "device/quota/all", R"({"sn":""})", {"sn is"}},
      {http::Method::kGet, "device/system/main/sn", "{}", {"sn", "missing"}},
      {http::Method::kPost, "device/quota", R"({"params":{"quotas":[]}})", {"sn", "missing"}},
      {http::Method::kPost, "device/quota", R"({"sn":"R331ZEB4ZEAL0528"})", {"params", "missing"}},
      {http::Method::kPost,
       "device/quota",
       R"({"sn":"R331ZEB4ZEAL0528","params":[]})",
       {"params", "object"}},
      {http::Method::kPost,
       "device/quota",
       R"({"sn":"R331ZEB4ZEAL0528","params":{}})",
       {"params.quotas", "missing"}},
      {http::Method::kPost,
       "device/quota",
       R"({"sn":"R331ZEB4ZEAL0528","params":{"quotas":"pd.soc"}})",
       {"params.quotas", "pd.soc", "list"}},
      {http::Method::kPost,
       "device/quota",
       R"({"sn":"R331ZEB4ZEAL0528","params":{"quotas":["pd.soc",7]}})",
       {"params.quotas[1]", "7"}},
      {http::Method::kPut, "device/quota", R"({"sn":"R331ZEB4ZEAL0528"})", {"missing"}},
      {http::Method::kPut,
       "device/quota",
       R"({"sn":"R331ZEB4ZEAL0528","moduleType":5,"operateType":"quietMode",)"
       R"("params":{"enabled":2}})",
       {"enabled", "2", "0", "1"}},
      {http::Method::kPut,
       "device/quota",
       R"({"sn":"R331ZEB4ZEAL0528","operateType":"quietMode","params":{"enabled":1}})",
       {"moduleType", "missing"}},
      {http::Method::kPut,
       "device/quota",
       R"({"sn":"HJ31ZDH2ZF690025","params":{"x":1}})",
       {"PowerOcean", "read-only"}},
  };
  for (const Row& row : rows) {
    const std::string answer = send(row.method, row.path, row.body);
    EXPECT_THAT(answer,
                StartsWith(R"({"code":"1008","message":"request fail,please check your params)"))
        << row.body;
    for (const std::string_view told : row.told) EXPECT_THAT(answer, HasSubstr(told)) << row.body;
  }
}

TEST_F(ApiTest, ABodyThatIsNoJsonIsTheClientsMistake) {
  for (const std::string_view body : {"{", "[1]", "nonsense"}) {
    http::Request made = request(http::Method::kPost, "device/quota");
    made.content_type = "application/json";
    sign_as(made, key_of("alice"));
    made.body = body;
    const std::string answer = shown(start(std::move(made)));
    EXPECT_THAT(answer,
                testing::AnyOf(HasSubstr(R"("code":"1008")"), HasSubstr(R"("code":"8521")")))
        << body;
  }
}

TEST_F(ApiTest, AsManyQuotasAsTheLimitAndNotOneMore) {
  const auto body = [](int count) {
    std::string text = R"({"sn":"R331ZEB4ZEAL0528","params":{"quotas":["pd.soc")";
    for (int i = 1; i < count; ++i) text += fmt::format(R"(,"q{}")", i);
    return text + "]}}";
  };
  EXPECT_EQ(send(http::Method::kPost, "device/quota", body(1024)),
            golden("0", "Success", R"({"pd.soc":5})"));
  EXPECT_THAT(send(http::Method::kPost, "device/quota", body(1025)),
              AllOf(StartsWith(R"({"code":"1008")"), HasSubstr("1025"), HasSubstr("1024")));
}

// --- history ---

class HistoryApiTest : public ApiTest {
 protected:
  std::string ask(std::string_view begin, std::string_view end,
                  std::string_view code = "JT303_Dashboard_Overview_Summary_Week") {
    return send(
        http::Method::kPost, "device/quota/data",
        fmt::format(R"({{"sn":"{}","params":{{"code":"{}","beginTime":"{}","endTime":"{}"}}}})",
                    kOcean, code, begin, end));
  }
};

TEST_F(HistoryApiTest, NestsAWholeSecondAnswerAndCountsLocalHours) {
  home.platform.zone = time::test_zone("CET-1CEST,M3.5.0,M10.5.0/3");
  const FakePtr ocean = home.connect_device(kOcean);
  home.clock.set(TimePoint(std::chrono::seconds(1'718'575'200)));  // 2024-06-17 00:00:00 there
  for (int i = 0; i <= 15; ++i) {
    home.report(ocean, kOcean, R"({"typeCode":"energy","params":{"mpptPwr":32270}})");
    home.clock.pass(std::chrono::minutes(4));
  }
  const std::string whole = ask("2024-06-17 00:00:00", "2024-06-17 01:00:00");
  EXPECT_THAT(
      whole,
      StartsWith(
          R"({"code":"0","message":"Success","data":{"code":"0","message":"Success","data":[)"));
  EXPECT_THAT(whole, HasSubstr(R"({"indexName":"From Solar","indexValue":32.27,"unit":"kWh"})"));
  EXPECT_THAT(ask("2024-06-16 00:00:00", "2024-06-17 00:00:00"),
              HasSubstr(R"("indexName":"From Solar","indexValue":0,)"));
  EXPECT_THAT(ask("2024-06-17 02:00:00", "2024-06-18 00:00:00"),
              HasSubstr(R"("indexName":"From Solar","indexValue":0,)"));
}

TEST_F(HistoryApiTest, RefusesTimesThatAreNone) {
  for (const std::string_view bad :
       {"", "2024-06-31 00:00:00", "2023-02-29 00:00:00", "2024-13-01 00:00:00",
        "2024-00-01 00:00:00", "2024-06-17", "2024-06-17 00:00", "2024-06-17T00:00:00",
        "2024-06-17 24:00:00", "2024-06-17 00:60:00", "2024-06-17 00:00:00Z", "2024-6-17 00:00:00",
        " 2024-06-17 00:00:00", "17.06.2024 00:00:00", "1718575200000", "tomorrow",
        "1960-01-01 00:00:00"}) {
    EXPECT_THAT(ask(bad, "2024-06-18 00:00:00"),
                AllOf(StartsWith(R"({"code":"1008")"), HasSubstr("params.beginTime")))
        << bad;
    EXPECT_THAT(ask("2024-06-16 00:00:00", bad),
                AllOf(StartsWith(R"({"code":"1008")"), HasSubstr("params.endTime")))
        << bad;
  }
  EXPECT_THAT(ask("2024-02-29 00:00:00", "2024-02-29 23:59:59"), StartsWith(R"({"code":"0")"));
}

TEST_F(HistoryApiTest, TakesUpToAWeekForwards) {
  EXPECT_THAT(ask("2024-06-17 00:00:00", "2024-06-24 00:00:00"), StartsWith(R"({"code":"0")"));
  EXPECT_THAT(ask("2024-06-17 00:00:00", "2024-06-17 00:00:00"), StartsWith(R"({"code":"0")"));
  EXPECT_THAT(ask("2024-06-17 00:00:00", "2024-06-24 00:00:01"),
              AllOf(StartsWith(R"({"code":"1008")"), HasSubstr("week")));
  EXPECT_THAT(ask("2024-06-17 00:00:01", "2024-06-17 00:00:00"),
              AllOf(StartsWith(R"({"code":"1008")"), HasSubstr("params.endTime")));
}

// A calendar week has 169 hours where summer time ends.
TEST_F(HistoryApiTest, TakesAWeekAlsoWhenTheClocksChange) {
  home.platform.zone = time::test_zone("CET-1CEST,M3.5.0,M10.5.0/3");
  EXPECT_THAT(ask("2024-10-21 00:00:00", "2024-10-27 23:59:59"), StartsWith(R"({"code":"0")"));
  EXPECT_THAT(ask("2024-10-21 00:00:00", "2024-10-28 00:00:00"), StartsWith(R"({"code":"0")"));
  EXPECT_THAT(ask("2024-03-25 00:00:00", "2024-03-31 23:59:59"), StartsWith(R"({"code":"0")"));
  EXPECT_THAT(ask("2024-03-31 02:30:00", "2024-03-31 03:30:00"), StartsWith(R"({"code":"0")"));
}

TEST_F(HistoryApiTest, RefusesUnknownCodesAndFamiliesWithoutHistory) {
  const std::string refusal = R"({"code":"1006","message":"code is incorrect)";
  EXPECT_THAT(ask("2024-06-17 00:00:00", "2024-06-18 00:00:00", "NOSUCH"), StartsWith(refusal));
  EXPECT_THAT(send(http::Method::kPost, "device/quota/data",
                   R"({"sn":"R331ZEB4ZEAL0528","params":{"code":"x",)"
                   R"("beginTime":"2024-06-17 00:00:00","endTime":"2024-06-18 00:00:00"}})"),
              StartsWith(refusal));
  EXPECT_THAT(send(http::Method::kPost, "device/quota/data",
                   R"({"sn":"HJ31ZDH2ZF690025","params":{"code":"x",)"
                   R"("beginTime":"2024-06-17 00:00:00","endTime":"2024-06-18 00:00:00"}})",
                   "bob"),
              StartsWith(R"({"code":"8512")"));
}

TEST_F(HistoryApiTest, NamesWhatIsMissing) {
  const std::vector<std::pair<std::string_view, std::string_view>> rows = {
      {R"({})", "sn"},
      {R"({"sn":"HJ31ZDH2ZF690025"})", "params"},
      {R"({"sn":"HJ31ZDH2ZF690025","params":{}})", "params.code"},
      {R"({"sn":"HJ31ZDH2ZF690025","params":{"code":1}})", "params.code"},
      {R"({"sn":"HJ31ZDH2ZF690025","params":{"code":"c"}})", "params.beginTime"},
      {R"({"sn":"HJ31ZDH2ZF690025","params":{"code":"c","beginTime":"2024-06-17 00:00:00"}})",
       "params.endTime"},
  };
  for (const auto& [body, name] : rows) {
    EXPECT_THAT(send(http::Method::kPost, "device/quota/data", body),
                AllOf(StartsWith(R"({"code":"1008")"), HasSubstr(name)))
        << body;
  }
}

}  // namespace
}  // namespace gridloom::api
