// Answers of /api/v1, messages of the live stream, the page's types and the descriptions of the
// interface are as api/bodies describes them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/gate/callers.h"
#include "api/message/envelope.h"
#include "api/message/headers.h"
#include "api/schema/test_check.h"
#include "catalog/family_json.h"
#include "own_api/bodies/family.h"
#include "own_api/bodies/live.h"
#include "own_api/bodies/people.h"
#include "own_api/live/live_session.h"
#include "own_api/test_own_api.h"
#include "own_api/v1/descriptions.h"
#include "own_api/v1/own_api.h"
#include "testing/must.h"
#include "testing/source_path.h"

namespace gridloom::api {
namespace {

using schema::body_of;
using testing::IsEmpty;
using wire::Json;

Json parsed(std::string_view text) {
  return must(wire::parse_json(text, {.bytes = text.size(), .depth = 64, .keys = text.size()}));
}

struct Asked {
  std::string_view id;  // of the route
  std::string_view path;
  std::string_view query{};
  std::string_view body{};
};

// Each route whose answer is described member by member.
constexpr auto kAsked = std::to_array<Asked>({
    {.id = "whoAmI", .path = "/api/v1/me"},
    {.id = "whoIsSignedIn", .path = "/api/v1/session"},
    {.id = "signIn", .path = "/api/v1/session", .body = "LINK"},
    {.id = "listSessions", .path = "/api/v1/sessions"},
    {.id = "listTokens", .path = "/api/v1/tokens"},
    {.id = "listShares", .path = "/api/v1/shares"},
    {.id = "listBridges", .path = "/api/v1/bridges"},
    {.id = "getHome", .path = "/api/v1/home"},
    {.id = "listDevices", .path = "/api/v1/devices"},
    {.id = "getDevice", .path = "/api/v1/devices/R331ZEB4ZEAL0528"},
    {.id = "getDevice", .path = "/api/v1/devices/HJ31ZDH2ZF690025"},
    {.id = "listFamilies", .path = "/api/v1/families"},
    {.id = "getFamily", .path = "/api/v1/families/delta_2"},
    {.id = "getEnergy", .path = "/api/v1/devices/R331ZEB4ZEAL0528/energy", .query = "period=week"},
    {.id = "getEnergy",
     .path = "/api/v1/devices/R331ZEB4ZEAL0528/energy",
     .query = "period=day&compare=previous"},
    {.id = "getHomeEnergy", .path = "/api/v1/home/energy", .query = "period=week"},
    {.id = "getHomeEnergy", .path = "/api/v1/home/energy", .query = "compare=previous"},
    {.id = "getHomeSeries", .path = "/api/v1/home/series", .query = "from=-2h&step=30m"},
    {.id = "getHomeSeries",
     .path = "/api/v1/home/series",
     .query = "from=-2h&devices=R331ZEB4ZEAL0528"},
    {.id = "getEvcc", .path = "/api/v1/evcc"},
    {.id = "setBatteryMode", .path = "/api/v1/evcc/batterymode", .body = "MODE"},
    {.id = "getHistory",
     .path = "/api/v1/devices/R331ZEB4ZEAL0528/history",
     .query = "fields=pd.*&from=-1h"},
    {.id = "getHistory",
     .path = "/api/v1/devices/R331ZEB4ZEAL0528/history",
     .query = "fields=pd.soc&from=-1h&step=15m"},
    {.id = "listDeviceEvents",
     .path = "/api/v1/devices/R331ZEB4ZEAL0528/events",
     .query = "limit=1"},
    {.id = "listEvents", .path = "/api/v1/events"},
    {.id = "sendCommand",
     .path = "/api/v1/devices/R331ZEB4ZEAL0528/commands",
     .body = R"({"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})"},
    {.id = "listCommands", .path = "/api/v1/devices/R331ZEB4ZEAL0528/commands"},
    {.id = "getCommand", .path = "/api/v1/devices/R331ZEB4ZEAL0528/commands/one"},
});

class BodiesTest : public OwnRoutesTest {
 protected:
  BodiesTest() : session(must(home.registry->add_session({.account = alice, .now = now()}))) {}

  [[nodiscard]] TimePoint now() { return home.platform.wall->now(); }
  [[nodiscard]] std::string token() {
    const auto made = must(home.registry->add_token({.name = "script",
                                                     .account = "alice",
                                                     .scope = registry::Scope::kRead,
                                                     .now = now(),
                                                     .valid_for = Millis(60'000)}));
    return std::string(made.text.reveal());
  }
  // A request of a browser that is signed in.
  http::Request by_page(http::Method method, std::string_view path) {
    http::Request made = request(method, path);
    const std::string& cookie = session.text.reveal();
    made.host = "127.0.0.1";
    made.headers[header::kHostAndPort] = "127.0.0.1:8080";
    made.headers[header::kOrigin] = "http://127.0.0.1:8080";
    made.headers[header::kCookie] =
        fmt::format("{}={}", cookie_name(sign_in.instance(), false), cookie);
    made.headers[header::kCsrf] = csrf_token(cookie);
    return made;
  }
  Json answer(http::Request made, unsigned status = 200) {
    const auto got = start(std::move(made));
    if (!got) throw std::runtime_error("no answer yet");
    const std::string body = whole_body(*got);
    EXPECT_EQ(got->status, status) << body;
    return parsed(body);
  }
  // The device's reply to a command, which the answer has waited for.
  Json answer_to_command(const Asked& asked) {
    http::Request made = by_page(http::Method::kPost, asked.path);
    made.content_type = "application/json";
    made.body = asked.body;
    made.headers[header::kIdempotencyKey] = "one";
    device->take();
    EXPECT_FALSE(start(std::move(made)));
    const std::string sent = device->take().at(0);
    home.publish(device, fmt::format("/device/{}/set_reply", kSn),
                 fmt::format(R"({{"id":{},"data":{{"ack":1}}}})",
                             wire::to_text(parsed(sent.substr(sent.find('{'))).at("id"))));
    home.settle();
    return parsed(whole_body(response.value()));
  }
  Json answer_to(const Asked& asked) {
    if (asked.body.starts_with('{')) return answer_to_command(asked);
    const bool signs_in = asked.body == "LINK";
    http::Request made =
        by_page(asked.body.empty() ? http::Method::kGet : http::Method::kPost, asked.path);
    made.query = asked.query;
    if (asked.body == "MODE") {  // which the battery has already: no device is asked
      made.content_type = "application/json";
      made.body = fmt::format(R"({{"mode":1,"device":"{}"}})", kSn);
    }
    if (signs_in) {
      made.content_type = "application/json";
      made.body = fmt::format(R"({{"link":"{}"}})", must(sign_in.make_link("alice")).reveal());
    }
    return answer(std::move(made));
  }
  // The error message of a body in which one member is no text.
  std::string refusal_of(http::Method method, std::string_view path, std::string_view body) {
    http::Request made = by_page(method, path);
    made.content_type = "application/json";
    made.body = body;
    return std::string(answer(std::move(made), 400).at("message").as_string());
  }

  registry::NewSession session;
};

TEST_F(BodiesTest, EachAnswerIsAsItIsDescribed) {
  static_cast<void>(token());
  must(home.registry->add_token(
      {.name = "card", .account = "alice", .scope = registry::Scope::kCard, .device = kSn}));
  home.share(kSn, "bob", registry::Rights::kMonitor);
  home.add_device("R331BOB", "bob");
  home.share("R331BOB", "alice", registry::Rights::kFull);
  std::set<std::string_view> answered;
  for (const Asked& asked : kAsked) {
    for (const OwnApi::Route& route : OwnApi::routes()) {
      if (route.id != asked.id) continue;
      answered.insert(route.id);
      EXPECT_THAT(schema::differences(answer_to(asked), route.answer()), IsEmpty())
          << asked.path << '?' << asked.query;
    }
  }
  for (const OwnApi::Route& route : OwnApi::routes()) {
    // The operations are those of another room, whose test compares them with their description:
    // app/control/administration_test.cc.
    if (route.scope == registry::Scope::kAdmin) continue;
    const bool is_described = route.answer != nullptr && !route.answer().is_open;
    EXPECT_EQ(answered.contains(route.id), is_described) << route.id;
  }
}

TEST_F(BodiesTest, AnAnswerToATokenIsAsItIsDescribed) {
  http::Request made = request(http::Method::kGet, "/api/v1/me");
  made.authorization = fmt::format("Bearer {}", token());
  const Json me = answer(std::move(made));
  EXPECT_THAT(schema::differences(me, body_of<body::Me>()), IsEmpty());
  EXPECT_TRUE(me.at("token").as_object().contains("expiresAt"));
}

TEST_F(BodiesTest, ErrorsAreAsTheyAreDescribed) {
  const auto is_error = [](const Json& body) {
    return schema::differences(body, body_of<body::Error>());
  };
  EXPECT_THAT(is_error(answer(request(http::Method::kGet, "/api/v1/me"), 401)), IsEmpty());
  EXPECT_THAT(is_error(answer(by_page(http::Method::kGet, "/api/v1/none"), 404)), IsEmpty());
  EXPECT_THAT(is_error(answer(by_page(http::Method::kGet, "/api/v1/devices/NONE"), 403)),
              IsEmpty());
}

// A body with a number in the place of the member, and texts for the others that are required.
TEST_F(BodiesTest, EachMemberOfARequestIsRead) {
  EXPECT_THAT(refusal_of(http::Method::kPost, "/api/v1/session", R"({"link":1})"),
              testing::StartsWith("link is a number"));
  EXPECT_THAT(refusal_of(http::Method::kPost, "/api/v1/session", R"({"account":1})"),
              testing::StartsWith("account is a number"));
  EXPECT_THAT(refusal_of(http::Method::kPost, "/api/v1/session", R"({"account":"a"})"),
              testing::StartsWith("password is missing"));
  EXPECT_EQ(body_of<body::SignIn>().members.size(), 3U);
  EXPECT_THAT(refusal_of(http::Method::kPut, "/api/v1/me/password", "{}"),
              testing::StartsWith("password is missing"));
  EXPECT_THAT(refusal_of(http::Method::kPut, "/api/v1/me/password",
                         R"({"password":"correct horse","current":1})"),
              testing::StartsWith("current is "));
  EXPECT_EQ(body_of<body::NewPassword>().members.size(), 2U);
}

TEST(Bodies, EachFamilyIsAsItIsDescribed) {
  for (const catalog::FamilyPtr& family : shipped_catalog()->families()) {
    EXPECT_THAT(
        schema::differences(catalog::json_of(*family, *shipped_catalog()), body_of<body::Family>()),
        IsEmpty())
        << family->id;
  }
}

TEST(Bodies, ThePagesTypesAreTheCommittedOnes) {
  std::ifstream in(source_path("web/api/types.ts"), std::ios::binary);
  const std::string committed{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(page_types() == committed)
      << "web/api/types.ts is not current: build/dev/tools/gl_api_types > web/api/types.ts";
}

// All "$ref" in the value, each of which is a path in the document.
void check_references(const Json& value, const Json& document) {
  if (const auto* list = value.if_array()) {
    for (const Json& each : *list) check_references(each, document);
  }
  const auto* object = value.if_object();
  if (object == nullptr) return;
  for (const auto& [name, inner] : *object) {
    check_references(inner, document);
    if (name != "$ref") continue;
    const std::string path(inner.as_string());
    boost::system::error_code error;
    EXPECT_NE(document.find_pointer(path.substr(1), error), nullptr) << path;
  }
}

TEST(Bodies, EachReferenceOfADescriptionLeadsSomewhere) {
  for (const SharedText& text : {open_api(), async_api()}) {
    const Json document = parsed(std::string_view(text));
    check_references(document, document);
  }
}

TEST(Bodies, TheStreamsDescriptionHasEachMessage) {
  const Json document = parsed(std::string_view(async_api()));
  EXPECT_EQ(document.at("asyncapi"), "3.0.0");
  const auto messages_of = [&](std::string_view operation) {
    return document.at("operations").at(operation).at("messages").as_array().size();
  };
  EXPECT_EQ(messages_of("tell"), body::kServerMessages.size());
  EXPECT_EQ(messages_of("ask"), body::kClientMessages.size());
  EXPECT_EQ(document.at("components").at("messages").as_object().size(),
            body::kServerMessages.size() + body::kClientMessages.size());
}

// --- the live stream ---

class LiveBodiesTest : public BodiesTest {
 protected:
  LiveBodiesTest() {
    stream = must(LiveSession::open(
        {.context = {.loop = home.client_loop, .wake = [] {}, .secure = false, .peer = "test"},
         .caller = {.account = alice, .session = session.session.hash},
         .feed = &feed,
         .homes = &homes,
         .now = steady.now()}));
  }
  // Notes the kinds of all that the server says.
  void hear() {
    std::string out;
    if (stream->has_output()) stream->take_output(out);
    std::istringstream text(out);
    for (std::string line; std::getline(text, line);) {
      const std::string kind = schema::matching(parsed(line), body::kServerMessages);
      EXPECT_FALSE(kind.empty() || kind.contains(' ')) << kind << ": " << line;
      heard.insert(kind);
    }
  }
  void say(std::string_view message) {
    const std::string kind = schema::matching(parsed(message), body::kClientMessages);
    EXPECT_FALSE(kind.contains(' ')) << kind << ": " << message;
    said.insert(kind);
    stream->receive(std::string(message) + '\n', steady.now());
    while (stream->has_work()) stream->work();
    home.settle();
    hear();
  }
  void pass(Millis time) {
    for (Millis left = time; left.count() > 0; left -= Millis(250)) {
      steady.pass(Millis(250));
      home.pass(Millis(250));
      home.settle();
      stream->tick(steady.now());
      home.settle();
    }
    hear();
  }
  void report(std::string_view payload) {
    home.report(device, kSn, std::string(payload));
    home.settle();
  }

  static std::set<std::string> names_of(std::span<const schema::BodyOf> bodies) {
    std::set<std::string> names;
    for (const schema::BodyOf body : bodies) names.emplace(body().name);
    return names;
  }

  LiveFeed feed{{.hub = home.hub.get(), .virtual_time = nullptr, .limits = {}}};
  std::shared_ptr<LiveSession> stream;
  std::set<std::string> heard;
  std::set<std::string> said;
};

TEST_F(LiveBodiesTest, EachMessageIsAsItIsDescribed) {
  say(R"({"t":"hello"})");
  say(R"({"t":"sub","id":1,"topic":"home","every":1000})");
  say(R"({"t":"sub","id":2,"topic":"device","sn":"R331ZEB4ZEAL0528","fields":"*","every":250})");
  say(R"({"t":"sub","id":3,"topic":"device","sn":"HJ31ZDH2ZF690025","fields":["a"]})");
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":6,"wattsOutSum":8}})");
  pass(Millis(2000));
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"brandNew":8}})");
  pass(Millis(2000));
  say(R"({"t":"pause"})");
  pass(LiveSession::kHeartbeat);
  say(R"({"t":"play"})");
  home.hub->disconnected(device);
  home.settle();
  pass(Millis(2000));
  say(R"({"t":"unsub","id":3})");
  EXPECT_EQ(said, names_of(body::kClientMessages));
  EXPECT_FALSE(heard.contains("StreamError")) << "each message that is described was taken";
  say(R"({"t":"shout","id":4})");
  say(R"([])");
  stream->server_stops();
  hear();
  EXPECT_EQ(heard, names_of(body::kServerMessages));
}

}  // namespace
}  // namespace gridloom::api
