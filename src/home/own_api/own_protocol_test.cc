// HTTP clients rely on these at /api/v1: compression, tags, names that are checked, and the pages
// of the list of devices.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "own_api/test_own_api.h"
#include "own_api/v1/descriptions.h"
#include "own_api/v1/own_queries.h"
#include "testing/must.h"
#include "time/grammar.h"

namespace gridloom::api {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using wire::Json;

std::string header_of(const http::Response& response, std::string_view name) {
  const auto found =
      std::ranges::find(response.headers, name, &std::pair<std::string_view, std::string>::first);
  return found == response.headers.end() ? std::string() : found->second;
}

class OwnProtocolTest : public OwnRoutesTest {
 protected:
  std::string token(registry::Scope scope) {
    const auto made = must(home.registry->add_token(
        {.name = "script", .account = "alice", .scope = scope, .now = home.platform.wall->now()}));
    return std::string(made.text.reveal());
  }
  http::Request with(std::string_view path, std::string_view query = {}) {
    http::Request made = request(http::Method::kGet, path);
    made.host = "127.0.0.1";
    made.authorization = fmt::format("Bearer {}", controller);
    made.query = query;
    return made;
  }
  // "STATUS BODY"
  std::string answer(http::Request made) {
    const auto got = start(std::move(made));
    return got ? fmt::format("{} {}", got->status, whole_body(*got)) : "no answer yet";
  }
  std::string ask(std::string_view path, std::string_view query = {}) {
    return answer(with(path, query));
  }
  // The serial numbers of a list of devices and its `next`, or the answer if it is another.
  Lines listed(std::string_view query) {
    const std::string got = ask("/api/v1/devices", query);
    if (!got.starts_with("200 ")) return {got};
    const Json body = must(wire::parse_json(std::string_view(got).substr(4)));
    Lines lines;
    for (const Json& each : body.at("devices").as_array()) {
      lines.emplace_back(each.at("sn").as_string());
    }
    if (const Json* next = wire::member(body, "next")) {
      lines.push_back(fmt::format("next {}", std::string_view(next->as_string())));
    }
    return lines;
  }

  std::string controller = token(registry::Scope::kControl);
};

TEST_F(OwnProtocolTest, AnswersWithoutSecretsAreCompressed) {
  struct Row {
    std::string_view path;
    std::string_view query;
    std::string_view coding;
  };
  for (int i = 0; i < 20; ++i) home.add_device(fmt::format("R331MANY{:02}", i), "alice");
  for (const Row& row : std::vector<Row>{{"/api/v1/devices", "", "zstd"},
                                         {"/api/v1/home", "", "zstd"},
                                         {"/api/v1/families", "", "zstd"},
                                         {"/api/v1/families/delta_2", "", "zstd"},
                                         {"/openapi.json", "", "zstd"},
                                         {"/asyncapi.json", "", "zstd"},
                                         {"/api/v1/me", "", ""},
                                         {"/api/v1/nothing", "", ""}}) {
    http::Request made = with(row.path, row.query);
    made.headers[header::kAcceptEncoding] = "gzip, zstd";
    const auto got = start(std::move(made));
    ASSERT_TRUE(got) << row.path;
    EXPECT_EQ(header_of(*got, "Content-Encoding"), row.coding) << row.path;
    EXPECT_EQ(header_of(*got, "Vary"), row.coding.empty() ? "" : "Accept-Encoding") << row.path;
  }
}

// BREACH: where a secret and a text of somebody else stand in one body, its length tells of both.
TEST(OwnRoutes, ThoseWithSecretsAreNeverCompressed) {
  for (const OwnApi::Route& route : OwnApi::routes()) {
    const bool may_have_secret =
        route.path.starts_with("/api/v1/me") || route.path.starts_with("/api/v1/session") ||
        route.path.starts_with("/api/v1/tokens") || route.path.starts_with("/api/v1/shares") ||
        route.path.starts_with("/api/v1/admin") || route.method != http::Method::kGet;
    EXPECT_EQ(may_compress(route), !may_have_secret) << route.path;
  }
}

TEST_F(OwnProtocolTest, WhatAClientHasIsNotSentAgain) {
  for (const std::string_view path :
       {"/api/v1/families", "/api/v1/families/delta_2", "/openapi.json", "/asyncapi.json"}) {
    const auto first = start(with(path));
    ASSERT_TRUE(first) << path;
    const std::string tag = header_of(*first, "ETag");
    EXPECT_THAT(tag, StartsWith("W/\"")) << path;
    EXPECT_THAT(header_of(*first, "Cache-Control"), HasSubstr("no-cache")) << path;
    for (const std::string_view coding : {"", "gzip", "zstd"}) {
      http::Request again = with(path);
      again.headers[header::kIfNoneMatch] = tag;
      again.headers[header::kAcceptEncoding] = coding;
      EXPECT_EQ(answer(std::move(again)), "304 ") << path << ' ' << coding;
      EXPECT_EQ(header_of(*response, "ETag"), tag) << path;
      EXPECT_EQ(header_of(*response, "Vary"), "Accept-Encoding") << path;
    }
    http::Request other = with(path);
    other.headers[header::kIfNoneMatch] = R"("another")";
    EXPECT_THAT(answer(std::move(other)), StartsWith("200 {")) << path;
  }
}

TEST_F(OwnProtocolTest, NoCacheKeepsAnythingElse) {
  for (const std::string_view path :
       {"/api/v1/me", "/api/v1/home", "/api/v1/devices", "/api/v1/events", "/api/v1/nothing",
        "/api/v1/devices/NONE"}) {
    ask(path);
    ASSERT_TRUE(response) << path;
    EXPECT_EQ(header_of(*response, "Cache-Control"), "no-store") << path;
  }
}

TEST_F(OwnProtocolTest, ANameThatIsNotKnownIsRefused) {
  struct Row {
    std::string_view path;
    std::string_view query;
    std::string_view said;
  };
  const std::vector<Row> rows = {
      {"/api/v1/me", "x=1", "x is no parameter of GET /api/v1/me: it has none"},
      {"/api/v1/home", "period=day", "period is no parameter of GET /api/v1/home: must be lang"},
      {"/api/v1/devices", "limits=2",
       "limits is no parameter of GET /api/v1/devices: must be limit, after, state, family or q; "
       "did you mean limit"},
      {"/api/v1/devices/R331ZEB4ZEAL0528", "fields=a",
       "fields is no parameter of GET /api/v1/devices/{sn}: must be lang"},
      {"/api/v1/devices/R331ZEB4ZEAL0528/energy", "perod=day",
       "must be period, from, to or compare; did you mean period"},
      {"/api/v1/devices/R331ZEB4ZEAL0528/history", "field=pd.soc",
       "must be fields, from, to, step, aggregate, points or format; did you mean fields"},
      {"/api/v1/events", "form=-1d",
       "must be from, to, kind, limit, cursor or lang; did you mean from"},
      {"/api/v1/devices/R331ZEB4ZEAL0528/history", "fields=pd.soc,pd.sok",
       "fields is pd.sok: R331ZEB4ZEAL0528 has no such field, and has not reported one; GET "
       "/api/v1/families/delta_2 lists those of its family; did you mean pd.soc"},
  };
  for (const Row& row : rows) {
    EXPECT_THAT(ask(row.path, row.query),
                AllOf(StartsWith(R"(400 {"code":"bad_params","message":")"),
                      HasSubstr(std::string(row.said))))
        << row.path << '?' << row.query;
  }
  http::Request set = with("/api/v1/devices/R331ZEB4ZEAL0528/commands", "dry=1");
  set.method = http::Method::kPost;
  set.content_type = "application/json";
  set.body = R"({"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})";
  EXPECT_THAT(answer(std::move(set)),
              AllOf(StartsWith("400 "), HasSubstr("dry is no parameter of POST ")));
}

TEST_F(OwnProtocolTest, AMemberThatIsNotKnownIsRefused) {
  http::Request made = request(http::Method::kPost, "/api/v1/session");
  made.host = "127.0.0.1";
  made.headers[header::kHostAndPort] = "127.0.0.1:8080";
  made.headers[header::kOrigin] = "http://127.0.0.1:8080";
  made.content_type = "application/json";
  for (const std::string_view body :
       {R"({"correct horse":1})", R"({"account":["correct horse"],"password":"x"})",
        R"({"account":{"correct horse":1}})", R"({"link":["correct horse"]})"}) {
    made.body = body;
    EXPECT_THAT(answer(made), AllOf(StartsWith("400 "), Not(HasSubstr("horse")))) << body;
  }
  made.body = R"({"account":"alice","pasword":"correct horse"})";
  const std::string said = answer(std::move(made));
  EXPECT_THAT(said, AllOf(StartsWith("400 "),
                          HasSubstr("a name is no member of the body: must be link, account or "
                                    "password; did you mean password"),
                          Not(HasSubstr("horse"))));
}

// A field that is declared and has no data is no mistake, and neither is one that the device
// reports although its family does not declare it.
TEST_F(OwnProtocolTest, AFieldWithoutDataIsNoMistake) {
  const std::string_view path = "/api/v1/devices/R331ZEB4ZEAL0528/history";
  EXPECT_THAT(ask(path, "fields=pd.wattsInSum"),
              HasSubstr(R"({"field":"pd.wattsInSum","unit":"W","points":[]})"));
  EXPECT_THAT(ask(path, "fields=pd.brandNew"), StartsWith("400 "));
  home.report(device, kSn, R"({"moduleType":1,"typeCode":"pdStatus","params":{"brandNew":1}})");
  EXPECT_THAT(ask(path, "fields=pd.brandNew&from=2000-01-01&to=2000-01-02"),
              AllOf(StartsWith("200 "), HasSubstr(R"({"field":"pd.brandNew","points":[]})")));
  EXPECT_THAT(ask(path, "fields=pd.none*"), StartsWith("200 "));
}

// A family without a device file declares no field: what the device has reported is what there is.
TEST_F(OwnProtocolTest, AMistypedFieldIsRefusedInEveryFamily) {
  constexpr std::string_view kUnknownKind = "ZZ98ANYTHING";
  home.add_device(kUnknownKind, "alice");
  const std::string path = fmt::format("/api/v1/devices/{}/history", kUnknownKind);
  EXPECT_THAT(ask(path, "fields=soc"),
              AllOf(StartsWith("400 "),
                    HasSubstr("fields is soc: ZZ98ANYTHING has not reported such a field\"")));
  const auto other = home.connect_device(kUnknownKind, "other");
  home.report(other, kUnknownKind, R"({"params":{"soc":5,"power":7}})");
  for (const std::string_view fields : {"soc", "soc,power", "soc,none*", "$online"}) {
    EXPECT_THAT(ask(path, fmt::format("fields={}", fields)), StartsWith("200 ")) << fields;
  }
  EXPECT_THAT(ask(path, "fields=soc&from=2000-01-01&to=2000-01-02"),
              HasSubstr(R"({"field":"soc","points":[]})"));
  EXPECT_THAT(ask(path, "fields=soc,powr"),
              AllOf(StartsWith("400 "),
                    HasSubstr("fields is powr: ZZ98ANYTHING has not reported such a field; did you "
                              "mean power?")));
}

TEST_F(OwnProtocolTest, DevicesAreListedInPages) {
  const std::string sn(kSn);
  const std::string ocean(kOcean);
  home.add_device("R331THIRD", "alice");
  EXPECT_THAT(listed(""), ElementsAre(sn, ocean, "R331THIRD"));
  EXPECT_THAT(listed("limit=2"), ElementsAre(sn, ocean, "next " + ocean));
  EXPECT_THAT(listed("limit=2&after=" + ocean), ElementsAre("R331THIRD"));
  EXPECT_THAT(listed("limit=3"), ElementsAre(sn, ocean, "R331THIRD"));
  EXPECT_THAT(listed("after=R331THIRD"), IsEmpty());
  EXPECT_THAT(listed("family=delta_2"), ElementsAre(sn, "R331THIRD"));
  EXPECT_THAT(listed("family=delta_2&limit=1"), ElementsAre(sn, "next " + sn));
  EXPECT_THAT(listed("q=THIRD"), ElementsAre("R331THIRD"));
  EXPECT_THAT(listed("q=ocean"), ElementsAre(ocean)) << "in the product";
  EXPECT_THAT(listed("q=nowhere"), IsEmpty());
  EXPECT_THAT(listed("state=live"), ElementsAre(sn));
  EXPECT_THAT(listed("state=never"), ElementsAre(ocean, "R331THIRD"));
  EXPECT_THAT(listed("state=live,never&limit=1&after=" + sn), ElementsAre(ocean, "next " + ocean));
  EXPECT_THAT(listed("state=offline"), IsEmpty());
}

TEST_F(OwnProtocolTest, AWrongChoiceOfDevicesIsNamed) {
  struct Row {
    std::string_view query;
    std::string_view said;
  };
  for (const Row& row : std::vector<Row>{
           {"limit=0", "limit is 0: must be 1 to 1000"},
           {"limit=1001", "limit is 1001: must be 1 to 1000"},
           {"limit=some", "limit is some: must be 1 to 1000"},
           {"state=online", "state is online: must be some of live, quiet, offline or never"},
           {"family=delta_3",
            "family is delta_3: must be one of GET /api/v1/families; did you "
            "mean delta_3_max or delta_2"},
           {"after=NONE", "after is NONE: must be `next` of the page before"},
       }) {
    EXPECT_THAT(ask("/api/v1/devices", row.query),
                AllOf(StartsWith("400 "), HasSubstr(std::string(row.said))))
        << row.query;
  }
}

TEST(OpenApi, SaysOfEachParameterHowItIsWritten) {
  const Json api = must(wire::parse_json(std::string_view(open_api()), {.keys = 100'000}));
  for (const auto& [path, item] : api.at("paths").as_object()) {
    for (const auto& [method, operation] : item.as_object()) {
      EXPECT_FALSE(operation.at("tags").as_array().at(0).as_string().empty()) << path;
      const Json* parameters = wire::member(operation, "parameters");
      if (parameters == nullptr) continue;
      for (const Json& each : parameters->as_array()) {
        const bool is_list = each.at("schema").at("type") == "array";
        const Json& schema = is_list ? each.at("schema").at("items") : each.at("schema");
        const auto& facts = schema.as_object();
        EXPECT_TRUE(facts.contains("enum") || facts.contains("pattern") ||
                    facts.contains("minimum"))
            << path << ' ' << each.at("name");
        EXPECT_TRUE(each.as_object().contains("example")) << path << ' ' << each.at("name");
      }
    }
  }
}

TEST(OpenApi, SaysOfATimeHowItIsWritten) {
  const std::regex pattern{std::string(kTimeForm.pattern)};
  for (const std::string& text : std::vector<std::string>{
           "now", "today", "yesterday", "-7d", "-90min", "1700000000000", "2026-11-01",
           "2026-11-01 14:05", "2026-11-01T00:00:00Z", "01.11.2026", "01.11.2026 14:05", "lately",
           "", "+7d", "-7", "1.11.2026", "2026-11-1", "now "}) {
    const bool is_time =
        time::parse_time(text, {.name = "from",
                                .now = {.at = TimePoint(Millis(1'764'144'005'000)), .zone = {}},
                                .takes_unix_ms = true})
            .has_value();
    EXPECT_EQ(std::regex_match(text, pattern), is_time) << text;
  }
}

// "METHOD PATH: the statuses that are declared"
TEST(OpenApi, DeclaresTheErrorsThatARouteCanGive) {
  const Json api = must(wire::parse_json(std::string_view(open_api()), {.keys = 100'000}));
  struct Row {
    std::string_view path;
    std::string_view method;
    std::string_view statuses;
  };
  for (const Row& row : std::vector<Row>{
           {"/api/v1/me", "get", "200 400 401 403 408 421 429 431 500"},
           {"/api/v1/families/{family}", "get", "200 304 400 401 403 404 408 421 429 431 500"},
           {"/api/v1/devices/{sn}", "get", "200 400 401 403 408 421 429 431 500"},
           {"/api/v1/devices/{sn}/history", "get", "200 400 401 403 408 421 429 431 500 503"},
           {"/api/v1/session", "get", "200 204 400 401 403 408 421 429 431 500"},
           {"/api/v1/session", "post", "200 400 401 403 404 408 413 421 429 431 500 503"},
           {"/api/v1/session", "delete", "204 400 401 403 408 421 429 431 500 503"},
           {"/api/v1/admin/operations", "get", "200 400 401 403 404 408 409 429 431 500"},
           {"/api/v1/live", "get", "101 400 401 403 408 421 426 429 431"},
       }) {
    Lines statuses;
    for (const auto& [status, response] :
         api.at("paths").at(row.path).at(row.method).at("responses").as_object()) {
      statuses.emplace_back(status);
    }
    std::ranges::sort(statuses);
    EXPECT_EQ(fmt::format("{}", fmt::join(statuses, " ")), row.statuses) << row.path;
  }
  const Json& history = api.at("paths").at("/api/v1/devices/{sn}/history").at("get");
  EXPECT_TRUE(history.at("responses").at("200").at("content").as_object().contains("text/csv"));
}

}  // namespace
}  // namespace gridloom::api
