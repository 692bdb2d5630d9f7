// What the token of a card is told, over HTTP and by the live stream: what the card shows, and
// nothing else of the account.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema/test_check.h"
#include "own_api/bodies/home.h"
#include "own_api/home/home_json.h"
#include "own_api/live/live_session.h"
#include "own_api/test_own_api.h"
#include "testing/must.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

using registry::Scope;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using wire::Json;

Json shown(std::string_view home, const Card& card) {
  return must(wire::parse_json(card_text(card_members(home, card), 7)));
}

// Texts that devices report, and names, may look like the home's own.
TEST(CardJson, ADeviceIsFoundWhateverOthersSay) {
  constexpr std::string_view kFirst =
      R"({"sn":"A","name":"x\"}],{\"sn\":\"B\",","faults":[{"value":[{"sn":"B","name":"no"}]}]})";
  constexpr std::string_view kSecond = R"({"sn":"B","name":"yes"})";
  const std::string home = fmt::format(
      R"({{"now":1,"nodes":{{}},"flows":[],"today":{{}},"devices":[{},{}]}})", kFirst, kSecond);
  const auto devices_of = [&](const std::string& sn) {
    return wire::to_text(shown(home, {.device = sn}).at("devices"));
  };
  EXPECT_EQ(devices_of("A"), fmt::format("[{}]", kFirst));
  EXPECT_EQ(devices_of("B"), fmt::format("[{}]", kSecond));
  EXPECT_EQ(devices_of("C"), "[]");
}

TEST(CardJson, OnlyATokenOfACardIsForOne) {
  registry::Token token;
  token.device = "A";
  EXPECT_FALSE(card_of(nullptr));
  EXPECT_FALSE(card_of(&token));
  token.scope = Scope::kCard;
  ASSERT_TRUE(card_of(&token));
  EXPECT_EQ(card_of(&token)->device, "A");
}

class CardTest : public OwnRoutesTest {
 protected:
  registry::NewToken token(Scope scope, std::string_view sn = {}) {
    return must(home.registry->add_token({.name = "frame",
                                          .account = "alice",
                                          .scope = scope,
                                          .now = home.platform.wall->now(),
                                          .device = sn}));
  }
  // "STATUS BODY"
  std::string ask(const registry::NewToken& token, std::string_view path) {
    http::Request made = request(http::Method::kGet, path);
    made.authorization = fmt::format("Bearer {}", token.text.reveal());
    const auto got = start(std::move(made));
    return got ? fmt::format("{} {}", got->status, whole_body(*got)) : "no answer yet";
  }
  Json home_for(const registry::NewToken& token) {
    const std::string answer = ask(token, "/api/v1/home");
    EXPECT_THAT(answer, StartsWith("200 "));
    return must(wire::parse_json(answer.substr(4)));
  }
  void open(const registry::NewToken& token) {
    stream = must(LiveSession::open(
        {.context = {.loop = home.client_loop, .wake = [] {}, .secure = false, .peer = "test"},
         .caller = {.account = alice, .token = token.token.hash, .card = card_of(&token.token)},
         .feed = &feed,
         .homes = &homes,
         .now = steady.now()}));
  }
  std::vector<std::string> say(std::string_view message) {
    stream->receive(std::string(message) + '\n', steady.now());
    while (stream->has_work()) stream->work();
    home.settle();
    return take();
  }
  std::vector<std::string> take() {
    std::string out;
    if (stream->has_output()) stream->take_output(out);
    std::vector<std::string> lines;
    std::istringstream text(out);
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  // As the server's loops do it four times a second.
  void pass(Millis time) {
    for (Millis left = time; left.count() > 0; left -= Millis(250)) {
      steady.pass(Millis(250));
      home.pass(Millis(250));
      stream->tick(steady.now());
      home.settle();
    }
  }

  LiveFeed feed{{.hub = home.hub.get(), .virtual_time = nullptr, .limits = {}}};
  std::shared_ptr<LiveSession> stream;
};

TEST_F(CardTest, TheCardOfTheHomeIsToldThePictureWithoutItsDevices) {
  const Json whole = home_for(token(Scope::kRead));
  ASSERT_THAT(wire::to_text(whole.at("nodes")), HasSubstr(R"("unknown":[{"sn":)"));
  const Json card = home_for(token(Scope::kCard));
  EXPECT_THAT(schema::differences(card, schema::body_of<body::HomeBody>()), IsEmpty());
  EXPECT_THAT(wire::to_text(card),
              AllOf(Not(HasSubstr("R331")), Not(HasSubstr("HJ31")), Not(HasSubstr("reason"))));
  EXPECT_TRUE(card.at("devices").as_array().empty());
  EXPECT_TRUE(card.at("today").at("home_kwh").is_null());
  for (const char* name : {"flows", "unaccounted_w", "gridCaption"}) {
    EXPECT_EQ(card.at(name), whole.at(name)) << name;
  }
  ASSERT_EQ(card.at("nodes").as_object().size(), whole.at("nodes").as_object().size());
  for (const auto& [place, node] : whole.at("nodes").as_object()) {
    EXPECT_EQ(card.at("nodes").at(place).at("power_w"), node.at("power_w")) << place;
  }
}

TEST_F(CardTest, TheCardOfADeviceIsToldTheDeviceAndNothingOfTheHome) {
  const Json whole = home_for(token(Scope::kRead));
  const Json card = home_for(token(Scope::kCard, kSn));
  EXPECT_THAT(schema::differences(card, schema::body_of<body::HomeBody>()), IsEmpty());
  ASSERT_EQ(card.at("devices").as_array().size(), 1U);
  EXPECT_EQ(card.at("devices").at(0), whole.at("devices").at(0));
  EXPECT_EQ(card.at("devices").at(0).at("sn").as_string(), kSn);
  EXPECT_TRUE(card.at("nodes").as_object().empty());
  EXPECT_TRUE(card.at("flows").as_array().empty());
  EXPECT_EQ(card.at("gridCaption"), "none");
}

TEST_F(CardTest, ADeviceThatTheAccountHasLostIsOnNoCard) {
  const auto card = token(Scope::kCard, kSn);
  must(home.registry->remove_device(kSn));
  steady.pass(home::HomeFeed::kFresh);
  EXPECT_TRUE(home_for(card).at("devices").as_array().empty());
}

TEST_F(CardTest, NothingElseIsOpenToIt) {
  const auto card = token(Scope::kCard, kSn);
  std::size_t refused = 0;
  for (const OwnApi::Route& route : OwnApi::routes()) {
    if (route.method != http::Method::kGet || route.id == "getHome") continue;
    std::string path(route.path);
    if (const auto at = path.find("{sn}"); at != std::string::npos) path.replace(at, 4, kSn);
    EXPECT_THAT(ask(card, path), StartsWith(R"(403 {"code":"no_permission")")) << path;
    ++refused;
  }
  EXPECT_GT(refused, 10U);
  EXPECT_THAT(ask(card, "/api/v1/devices"), HasSubstr("the token's scope is card: GET "
                                                      "/api/v1/devices asks for read"));
}

TEST_F(CardTest, TheStreamTellsItNoRightsAndNoOtherTopic) {
  open(token(Scope::kCard, kSn));
  EXPECT_THAT(say(R"({"t":"hello"})"),
              ElementsAre(AllOf(HasSubstr(R"("t":"welcome")"), HasSubstr(R"("rights":{}})"))));
  EXPECT_THAT(say(fmt::format(R"({{"t":"sub","id":1,"topic":"device","sn":"{}"}})", kSn)),
              ElementsAre(AllOf(HasSubstr(R"("t":"error")"), HasSubstr(R"("no_permission")"))));
  EXPECT_EQ(feed.reads(), 0U);
}

TEST_F(CardTest, TheStreamTellsItWhenItsDeviceChangesAndOnlyThen) {
  const FakePtr other = home.connect_device(kOcean, "ocean");
  const auto reader = token(Scope::kRead);
  const auto state_of_other = [&] {
    return std::string(home_for(reader).at("devices").at(1).at("state").as_string());
  };
  EXPECT_EQ(state_of_other(), "quiet");
  open(token(Scope::kCard, kSn));
  const auto first = say(R"({"t":"sub","id":1,"topic":"home"})");
  EXPECT_THAT(first, ElementsAre(AllOf(StartsWith(R"({"t":"snap","id":1,)"),
                                       HasSubstr(R"("home":{"now":)"), HasSubstr(R"("nodes":{},)"),
                                       HasSubstr(kSn), Not(HasSubstr(kOcean)))));
  home.report(other, kOcean, R"({"params":{"mpptPwr":100}})");
  pass(home::HomeFeed::kFresh + Millis(500));
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(state_of_other(), "live");
  home.report(device, kSn, R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":6}})");
  pass(home::HomeFeed::kFresh + Millis(500));
  EXPECT_THAT(take(), ElementsAre(AllOf(StartsWith(R"({"t":"d","id":1,)"), HasSubstr(kSn),
                                        Not(HasSubstr(kOcean)))));
}

}  // namespace
}  // namespace gridloom::api
