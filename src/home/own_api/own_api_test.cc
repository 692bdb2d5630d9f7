// Gridloom's own interface: answers to requests with a token, each refusal, and what is the same
// for signed requests. Who may do what is in tests/rights.
#include "own_api/v1/own_api.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/failure_budget.h"
#include "own_api/test_own_api.h"
#include "own_api/v1/descriptions.h"
#include "testing/catalog.h"
#include "testing/must.h"

namespace gridloom::api {
namespace {

using registry::Rights;
using registry::Scope;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using wire::Json;

constexpr std::string_view kDevice = "/api/v1/devices/R331ZEB4ZEAL0528";
constexpr std::string_view kCommands = "/api/v1/devices/R331ZEB4ZEAL0528/commands";
constexpr std::string_view kSet =
    R"({"moduleType":5,"operateType":"acChgCfg","params":{"chgWatts":600,"chgPauseFlag":255}})";

class OwnApiTest : public OwnRoutesTest {
 protected:
  std::string token(std::string_view account, Scope scope, Millis valid_for = Millis(0)) {
    const auto made = must(home.registry->add_token({.name = "script",
                                                     .account = account,
                                                     .scope = scope,
                                                     .now = home.platform.wall->now(),
                                                     .valid_for = valid_for}));
    return std::string(made.text.reveal());
  }
  http::Request with(std::string_view token, std::string_view path) {
    http::Request made = request(http::Method::kGet, path);
    made.authorization = fmt::format("Bearer {}", token);
    return made;
  }
  // "STATUS BODY"
  std::string answer(http::Request made) {
    const auto got = start(std::move(made));
    if (!got) return "no answer yet";
    return fmt::format("{} {}", got->status, whole_body(*got));
  }
  std::string ask(std::string_view token, std::string_view path, std::string_view query = {}) {
    http::Request made = with(token, path);
    made.query = query;
    return answer(std::move(made));
  }
  std::string post(std::string_view token, std::string_view path, std::string_view body,
                   std::string_view type = "application/json") {
    http::Request made = with(token, path);
    made.method = http::Method::kPost;
    made.content_type = type;
    made.body = body;
    return answer(std::move(made));
  }

  std::string reader = token("alice", Scope::kRead);
  std::string controller = token("alice", Scope::kControl);
};

TEST_F(OwnApiTest, SaysWhoAsks) {
  EXPECT_EQ(ask(reader, "/api/v1/me"),
            R"(200 {"account":"alice","scope":"read","token":{"number":1,"name":"script"}})");
  const std::string ends = token("bob", Scope::kControl, Millis(5));
  EXPECT_EQ(ask(ends, "/api/v1/me"),
            fmt::format(R"(200 {{"account":"bob","scope":"control","token":{{"number":3,)"
                        R"("name":"script","expiresAt":{}}}}})",
                        unix_ms(home.platform.wall->now()) + 5));
}

TEST_F(OwnApiTest, AnAdministratorsTokenReadsNothingOfAnyAccount) {
  const auto made =
      must(home.registry->add_token({.name = "panel", .account = {}, .scope = Scope::kAdmin}));
  const std::string text(made.text.reveal());
  for (const std::string_view path :
       {std::string_view("/api/v1/me"), std::string_view("/api/v1/home"),
        std::string_view("/api/v1/devices"), kDevice, std::string_view("/api/v1/families")}) {
    EXPECT_THAT(ask(text, path), AllOf(StartsWith("403 "), HasSubstr("the token's scope is admin")))
        << path;
  }
}

TEST_F(OwnApiTest, ListsOwnAndSharedDevices) {
  home.share(kSn, "bob", Rights::kMonitor);
  EXPECT_EQ(ask(token("bob", Scope::kRead), "/api/v1/devices"),
            R"(200 {"devices":[{"sn":"R331ZEB4ZEAL0528","name":"R331ZEB4ZEAL0528",)"
            R"("family":"delta_2","product":"DELTA 2","owner":"alice","rights":"monitor",)"
            R"("online":true}]})");
  EXPECT_THAT(ask(reader, "/api/v1/devices"),
              AllOf(HasSubstr(R"("rights":"owner","online":true})"),
                    HasSubstr(R"("rights":"owner","online":false})")));
}

TEST_F(OwnApiTest, ShowsADeviceWithItsValues) {
  EXPECT_EQ(ask(reader, kDevice),
            fmt::format(R"(200 {{"sn":"R331ZEB4ZEAL0528","name":"R331ZEB4ZEAL0528",)"
                        R"("family":"delta_2","product":"DELTA 2","owner":"alice",)"
                        R"("rights":"owner","online":true,"reportedAt":{},)"
                        R"("faults":[],"values":{{"pd.soc":5,"pd.wattsOutSum":7}}}})",
                        unix_ms(home.clock.now())));
  EXPECT_THAT(ask(reader, "/api/v1/devices/HJ31ZDH2ZF690025"),
              AllOf(StartsWith("200 "), HasSubstr(R"("online":false,"faults":[],"values":{}})")));
}

// The vendor's quota/all has 15 values of a STREAM.
TEST_F(OwnApiTest, ShowsAlsoWhatTheVendorsAnswerLeavesOut) {
  constexpr std::string_view kStream = "BK61CASE00000001";
  home.add_device(kStream, "alice");
  home.report(home.connect_device(kStream, "stream"), kStream,
              R"({"powGetPv":321.75,"accuChgEnergy":23930,"mpptPv1Fault":3})");
  home.settle();
  EXPECT_THAT(ask(reader, fmt::format("/api/v1/devices/{}", kStream)),
              HasSubstr(R"("values":{"powGetPv":321.75,"accuChgEnergy":23930,"mpptPv1Fault":3})"));
}

TEST_F(OwnApiTest, PresenceInAListIsThatOfTheMoment) {
  ASSERT_THAT(ask(reader, "/api/v1/devices"), HasSubstr(R"("online":true})"));
  home.hub->disconnected(device);
  home.settle();
  EXPECT_THAT(ask(reader, "/api/v1/devices"), testing::Not(HasSubstr(R"("online":true})")));
  home.add_device("R331NEW", "alice");
  EXPECT_THAT(ask(reader, "/api/v1/devices"), HasSubstr(R"("sn":"R331NEW")"));
}

TEST_F(OwnApiTest, RowsOfDevicesAreMadeOnceForADirectory) {
  DeviceRows rows([&](const registry::Directory& directory, registry::AccountId account) {
    std::vector<DeviceRow> made;
    for (const registry::Device* each : directory.devices_of(account)) {
      made.push_back({.sn = each->sn, .before = each->sn + "=", .after = ";"});
    }
    return made;
  });
  const auto text = [&](registry::AccountId account) {
    return rows.text(home.registry->directory(), account, {.online = "1", .offline = "0"},
                     [](std::string_view sn) { return sn == kSn; });
  };
  EXPECT_EQ(text(alice), "R331ZEB4ZEAL0528=1;,HJ31ZDH2ZF690025=0;");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(text(alice), "R331ZEB4ZEAL0528=1;,HJ31ZDH2ZF690025=0;");
  EXPECT_EQ(rows.made(), 1U);
  EXPECT_EQ(text(home.account("bob").id), "");
  EXPECT_EQ(rows.made(), 2U);
  home.share(kSn, "bob", Rights::kMonitor);
  EXPECT_EQ(text(alice), "R331ZEB4ZEAL0528=1;,HJ31ZDH2ZF690025=0;");
  EXPECT_EQ(rows.made(), 3U);
}

TEST_F(OwnApiTest, TextsOfFamiliesAreMadeOnceForEachLanguage) {
  using enum catalog::Language;
  FamilyTexts texts(translated_catalog());
  const FamilyTexts::Text* first = texts.of("smart_plug", kEnglish);
  ASSERT_NE(first, nullptr);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(texts.of("smart_plug", kEnglish), first);
  EXPECT_EQ(texts.made(), 1U);
  EXPECT_EQ(texts.of("delta_99", kEnglish), nullptr);
  EXPECT_NE(texts.all(kEnglish).tag, first->tag);
  EXPECT_EQ(&texts.all(kEnglish), &texts.all(kEnglish));
  EXPECT_EQ(texts.made(), 2U);
  const FamilyTexts::Text* german = texts.of("smart_plug", kGerman);
  ASSERT_NE(german, nullptr);
  EXPECT_NE(german->tag, first->tag);
  EXPECT_THAT(std::string(std::string_view(german->json)), HasSubstr("Steckdose"));
  EXPECT_THAT(std::string(std::string_view(texts.all(kGerman).json)), HasSubstr("Steckdose"));
  EXPECT_EQ(texts.made(), 4U);
}

TEST_F(OwnApiTest, RefusesALanguageThatThereIsNot) {
  for (const std::string_view path :
       {"/api/v1/families", "/api/v1/families/delta_2", "/api/v1/home", "/api/v1/events",
        "/api/v1/devices/R331ZEB4ZEAL0528", "/api/v1/devices/R331ZEB4ZEAL0528/events"}) {
    EXPECT_THAT(ask(reader, path, "lang=fr"),
                AllOf(StartsWith("400 "), HasSubstr("lang is"), HasSubstr("must be en or de")))
        << path;
  }
  for (const std::string_view path : {"/api/v1/families", "/api/v1/families/delta_2"}) {
    EXPECT_THAT(ask(reader, path, "lang=de"), StartsWith("200 "));
    EXPECT_EQ(ask(reader, path, "lang=en"), ask(reader, path));
  }
}

TEST_F(OwnApiTest, AFamilyThatAClientHasIsNotSentAgain) {
  for (const std::string_view path : {"/api/v1/families/delta_2", "/api/v1/families"}) {
    const auto first = start(with(reader, path));
    ASSERT_TRUE(first);
    const auto tag =
        std::ranges::find(first->headers, "ETag", &std::pair<std::string_view, std::string>::first);
    ASSERT_NE(tag, first->headers.end());
    http::Request again = with(reader, path);
    again.headers[header::kIfNoneMatch] = tag->second;
    EXPECT_EQ(answer(std::move(again)), "304 ");
    http::Request other = with(reader, path);
    other.headers[header::kIfNoneMatch] = R"("another")";
    EXPECT_THAT(answer(std::move(other)), StartsWith("200 {"));
  }
}

TEST_F(OwnApiTest, DescribesFamilies) {
  EXPECT_THAT(
      ask(reader, "/api/v1/families"),
      AllOf(StartsWith(R"(200 {"families":[)"), HasSubstr(R"("id":"delta_2","product":"DELTA 2")"),
            HasSubstr(R"("prefixes":["R331",)")));
  const std::string said = ask(reader, "/api/v1/families/delta_2");
  ASSERT_THAT(said, StartsWith("200 "));
  const Json family =
      must(wire::parse_json(said.substr(4), {.bytes = said.size(), .keys = 100'000}));
  const catalog::FamilyPtr expected = home.platform.catalog->find("delta_2");
  EXPECT_EQ(family.at("fields").as_array().size(), expected->fields.size());
  EXPECT_EQ(family.at("commands").as_array().size(), expected->commands.size());
  EXPECT_EQ(ask(reader, "/api/v1/families/delta_9"),
            R"(404 {"code":"not_found","message":"there is no family delta_9; )"
            R"(GET /api/v1/families lists them"})");
}

TEST_F(OwnApiTest, AnswersFromHistoryWithoutAnEnvelope) {
  EXPECT_THAT(ask(reader, "/api/v1/devices/R331ZEB4ZEAL0528/history", "fields=pd.soc"),
              StartsWith(R"(200 {"sn":"R331ZEB4ZEAL0528","from":)"));
  EXPECT_THAT(ask(reader, "/api/v1/devices/R331ZEB4ZEAL0528/energy", "period=day"),
              StartsWith(R"(200 {"sn":"R331ZEB4ZEAL0528","period":"day")"));
}

TEST_F(OwnApiTest, ACommandIsAnsweredWithTheDevicesReply) {
  device->take();
  EXPECT_EQ(post(controller, kCommands, kSet), "no answer yet");
  const Lines sent = device->take();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_THAT(sent.front(), HasSubstr(R"("params":{"chgWatts":600,"chgPauseFlag":255}})"));
  const Json message = must(wire::parse_json(sent.front().substr(sent.front().find('{'))));
  home.publish(device, fmt::format("/device/{}/set_reply", kSn),
               fmt::format(R"({{"id":{},"version":"1.0","data":{{"ack":0}}}})",
                           wire::to_text(message.at("id"))));
  home.settle();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200U);
  EXPECT_THAT(whole_body(*response), EndsWith(R"("version":"1.0","data":{"ack":0}}})"));
}

TEST_F(OwnApiTest, RefusesWithAStatusAndSaysWhy) {
  home.share(kSn, "bob", Rights::kMonitor);
  const std::string watcher = token("bob", Scope::kControl);
  EXPECT_EQ(ask(watcher, "/api/v1/devices/HJ31ZDH2ZF690025"),
            R"(403 {"code":"no_permission","message":"HJ31ZDH2ZF690025 is not a device that this )"
            R"(account may read"})");
  EXPECT_EQ(ask(reader, "/api/v1/devices/NONE"),
            R"(403 {"code":"no_permission","message":"NONE is not a device that this account may )"
            R"(read"})");
  EXPECT_EQ(post(watcher, kCommands, kSet),
            R"(403 {"code":"no_permission","message":"R331ZEB4ZEAL0528 is not a device that this )"
            R"(account may set"})");
  EXPECT_EQ(post(reader, kCommands, kSet),
            R"(403 {"code":"no_permission","message":"the token's scope is read: POST )"
            R"(/api/v1/devices/{sn}/commands asks for control"})");
  EXPECT_THAT(post(controller, kCommands, R"({"moduleType":5})"),
              StartsWith(R"(400 {"code":"bad_params","message":")"));
  EXPECT_EQ(post(controller, kCommands, "[]"),
            R"(400 {"code":"bad_params","message":"the body is an array: must be a JSON object"})");
  EXPECT_THAT(post(controller, kCommands, "{"), StartsWith(R"(400 {"code":"malformed")"));
  EXPECT_EQ(post(controller, kCommands, kSet, "text/plain"),
            R"(400 {"code":"bad_params","message":"Content-Type must be application/json"})");
  EXPECT_THAT(post(controller, "/api/v1/devices/HJ31ZDH2ZF690025/commands", "{}"),
              StartsWith("400 "));
}

TEST_F(OwnApiTest, EveryAnswerIsSealedAgainstOtherSites) {
  for (const std::string_view path : {"/api/v1/me", "/api/v1/nothing", "/api/v1/devices/NONE"}) {
    ask(reader, path);
    const auto has = [this](std::string_view name, std::string_view value) {
      return std::ranges::find(response->headers, std::pair(name, std::string(value))) !=
             response->headers.end();
    };
    EXPECT_TRUE(has("X-Content-Type-Options", "nosniff")) << path;
    EXPECT_TRUE(has("Cross-Origin-Resource-Policy", "same-origin")) << path;
  }
}

TEST_F(OwnApiTest, ADeviceThatIsAwayIsATimeout) {
  home.leave(device);
  EXPECT_EQ(post(controller, kCommands, kSet),
            R"(504 {"code":"offline","message":"R331ZEB4ZEAL0528 is not connected"})");
}

TEST_F(OwnApiTest, KnowsItsPathsAndMethods) {
  for (const std::string_view path :
       {"/api/v1/", "/api/v1/devices/", "/api/v1/devices//energy", "/api/v1/devices/R/energy/",
        "/api/v1/devices/R/nothing", "/api/v1/devices/R/S/energy"}) {
    EXPECT_EQ(
        ask(reader, path),
        fmt::format(R"(404 {{"code":"not_found","message":"there is nothing at {}"}})", path));
  }
  EXPECT_EQ(
      post(controller, kDevice, "{}"),
      fmt::format(R"(405 {{"code":"wrong_method","message":"{} takes GET, HEAD"}})", kDevice));
  EXPECT_EQ(response->headers.at(0).second, "GET, HEAD");
  http::Request put = with(controller, kCommands);
  put.method = http::Method::kPut;
  EXPECT_EQ(answer(std::move(put)),
            fmt::format(R"(405 {{"code":"wrong_method","message":"{} takes POST, GET, HEAD"}})",
                        kCommands));
  http::Request head = with(reader, kDevice);
  head.method = http::Method::kHead;
  EXPECT_THAT(answer(std::move(head)), StartsWith("200 "));
}

TEST_F(OwnApiTest, RefusesWithoutAGoodToken) {
  const auto refused = [this](std::string authorization) {
    http::Request made = request(http::Method::kGet, "/api/v1/me");
    made.authorization = std::move(authorization);
    std::string got = answer(std::move(made));
    const bool has_token = got.contains("no account has this token");
    EXPECT_EQ(response->headers.at(0),
              std::pair(std::string_view("WWW-Authenticate"),
                        std::string(R"(Bearer realm="gridloom")") +
                            (has_token ? R"(, error="invalid_token")" : "")))
        << got;
    return got;
  };
  EXPECT_THAT(refused(""), AllOf(StartsWith(R"(401 {"code":"unknown_key")"),
                                 HasSubstr("Authorization: Bearer TOKEN")));
  EXPECT_THAT(refused("Basic YTpi"), HasSubstr("must be: Bearer TOKEN"));
  EXPECT_THAT(refused("Bearer"), HasSubstr("must be: Bearer TOKEN"));
  EXPECT_THAT(refused("Bearer glt_none"), HasSubstr("no account has this token"));
  EXPECT_THAT(refused(fmt::format("Bearer {}x", reader)), HasSubstr("no account has this token"));
  http::Request lower = request(http::Method::kGet, "/api/v1/me");
  lower.authorization = fmt::format("bearer {}", reader);
  EXPECT_THAT(answer(std::move(lower)), StartsWith("200 ")) << "the scheme has no case";
}

TEST_F(OwnApiTest, ATokenEndsAtItsTimeAndWhenItIsRemoved) {
  const std::string brief = token("alice", Scope::kRead, Millis(1000));
  EXPECT_THAT(ask(brief, "/api/v1/me"), StartsWith("200 "));
  home.pass(Millis(1000));
  EXPECT_EQ(ask(brief, "/api/v1/me"),
            R"(401 {"code":"unknown_key","message":"the token 3, script, has expired"})");
  must(home.registry->remove_token(1));
  EXPECT_THAT(ask(reader, "/api/v1/me"), StartsWith("401 "));
}

TEST_F(OwnApiTest, GuessedTokensUseUpTheBudgetOfTheirAddressOnly) {
  FailureBudget failures(2);
  ApiWithRoutes guarded({.hub = home.hub.get(), .loop = &home.client_loop, .failures = &failures},
                        services_with(failures));
  const auto status = [&](std::string_view text, std::string_view peer) {
    http::Request made = with(text, "/api/v1/me");
    made.peer = peer;
    unsigned got = 0;
    guarded.handle(made, [&got](const http::Response& answer) { got = answer.status; });
    return got;
  };
  EXPECT_EQ(status(reader, "192.0.2.1"), 200U);
  EXPECT_EQ(status("glt_1", "192.0.2.1"), 401U);
  EXPECT_EQ(status("glt_2", "192.0.2.1"), 401U);
  EXPECT_EQ(status("glt_3", "192.0.2.1"), 429U);
  EXPECT_EQ(status(reader, "192.0.2.1"), 200U) << "it succeeded from there before";
  EXPECT_EQ(status(controller, "192.0.2.1"), 429U);
  EXPECT_EQ(status(controller, "192.0.2.2"), 200U);
}

// Where the rate is limited, each token has a rate of its own, and no token takes from the key's.
TEST_F(OwnApiTest, ATokenHasItsRate) {
  RequestRate rate(1);
  ApiWithRoutes limited({.hub = home.hub.get(), .loop = &home.client_loop, .rate = &rate},
                        parts.services);
  const auto status = [&](std::string_view text) {
    unsigned got = 0;
    limited.handle(with(text, "/api/v1/me"),
                   [&got](const http::Response& answer) { got = answer.status; });
    return got;
  };
  EXPECT_EQ(status(reader), 200U);
  EXPECT_EQ(status(reader), 429U);
  EXPECT_EQ(status(controller), 200U);
}

TEST_F(OwnApiTest, TheBodyOfAnUnknownTokenIsNotWanted) {
  EXPECT_EQ(api.body_limit(with(controller, kCommands)), http::kAnyBody);
  EXPECT_EQ(api.body_limit(with("glt_none", kCommands)), 0U);
}

// A signed request gets the same data in the vendor's envelope.
TEST_F(OwnApiTest, ASignedRequestMayAskEverything) {
  EXPECT_EQ(get("/api/v1/me"), golden("0", "Success", R"({"account":"alice","scope":"control"})"));
  EXPECT_THAT(get(kDevice), HasSubstr(R"("values":{"pd.soc":5,"pd.wattsOutSum":7}})"));
  EXPECT_EQ(send(http::Method::kPost, kCommands, kSet), "no answer yet");
  EXPECT_THAT(get("/api/v1/devices/NONE"), StartsWith(R"({"code":"8512")"));
}

TEST(OpenApi, DescribesEveryRoute) {
  const Json api = must(wire::parse_json(std::string_view(open_api()), {.keys = 100'000}));
  const auto& schemas = api.at("components").at("schemas").as_object();
  EXPECT_FALSE(schemas.empty());
  std::set<std::string> ids;
  for (const OwnApi::Route& route : OwnApi::routes()) {
    const Json& item = api.at("paths").at(route.path);
    std::string method(name_of(route.method));
    for (char& letter : method) letter = static_cast<char>(std::tolower(letter));
    const Json& described = item.at(method);
    EXPECT_TRUE(ids.insert(std::string(described.at("operationId").as_string())).second);
    EXPECT_TRUE(route.summary.ends_with('.')) << route.summary;
    if (route.answer != nullptr) EXPECT_TRUE(schemas.contains(route.answer().name)) << route.path;
    EXPECT_EQ(route.body != nullptr, described.as_object().contains("requestBody")) << route.path;
    if (route.body != nullptr) EXPECT_TRUE(schemas.contains(route.body().name)) << route.path;
  }
  EXPECT_EQ(ids.size(), OwnApi::routes().size());
}

TEST(OpenApi, NamesTheWordsThatAParameterTakes) {
  const Json api = must(wire::parse_json(std::string_view(open_api()), {.keys = 100'000}));
  struct Row {
    std::string_view path;
    std::string_view parameter;
    std::string_view words;
  };
  for (const Row& row :
       std::vector<Row>{{"/api/v1/home/energy", "period", R"(["day","week","month","year"])"},
                        {"/api/v1/home/energy", "compare", R"(["previous"])"},
                        {"/api/v1/devices/{sn}/energy", "compare", R"(["previous"])"},
                        {"/api/v1/devices/{sn}/history", "aggregate",
                         R"(["mean","min","max","sum","count","last","integral"])"},
                        {"/api/v1/devices/{sn}/history", "format", R"(["json","csv"])"}}) {
    const auto& parameters = api.at("paths").at(row.path).at("get").at("parameters").as_array();
    const auto* const found = std::ranges::find_if(parameters, [&](const Json& each) {
      return std::string_view(each.at("name").as_string()) == row.parameter;
    });
    ASSERT_NE(found, parameters.end()) << row.path << ' ' << row.parameter;
    EXPECT_EQ(wire::to_text(found->at("schema").at("enum")), row.words) << row.parameter;
  }
}

}  // namespace
}  // namespace gridloom::api
