// Commands over Gridloom's own interface: the same id twice, and what became of one, with a device
// that answers, does not answer, refuses, or does what was asked without a word.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/partition.h"
#include "base/secret.h"
#include "own_api/test_own_api.h"
#include "testing/must.h"

namespace gridloom::api {
namespace {

using registry::Rights;
using registry::Scope;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using wire::Json;

constexpr std::string_view kCommands = "/api/v1/devices/R331ZEB4ZEAL0528/commands";
// Shown by mppt.cfgChgWatts.
constexpr std::string_view kCharge =
    R"({"moduleType":5,"operateType":"acChgCfg","params":{"chgWatts":600,"chgPauseFlag":255}})";
// A command without a field that shows it.
constexpr std::string_view kUnknown =
    R"({"moduleType":5,"operateType":"nobodyKnows","params":{"a":1}})";

class CommandsTest : public OwnRoutesTest {
 protected:
  std::string token(std::string_view account, Scope scope) {
    const auto made = must(home.registry->add_token({.name = "script",
                                                     .account = account,
                                                     .scope = scope,
                                                     .now = home.platform.wall->now(),
                                                     .valid_for = Millis(0)}));
    return std::string(made.text.reveal());
  }
  http::Request with(std::string_view token, http::Method method, std::string_view path) {
    http::Request made = request(method, path);
    made.authorization = fmt::format("Bearer {}", token);
    return made;
  }
  // Sends a command, which may have no answer yet.
  void post(std::string_view id, std::string_view body) {
    http::Request made = with(controller, http::Method::kPost, kCommands);
    made.content_type = "application/json";
    made.body = body;
    made.headers[header::kIdempotencyKey] = id;
    device->take();
    start(std::move(made));
    for (const std::string& line : device->take()) {
      ++reached;
      sent_id = wire::to_text(must(wire::parse_json(line.substr(line.find('{')))).at("id"));
    }
  }
  // "STATUS BODY" of the last request.
  [[nodiscard]] std::string said() const {
    if (!response) return "no answer yet";
    return fmt::format("{} {}", response->status, whole_body(*response));
  }
  void reply(std::string_view data) {
    home.publish(device, fmt::format("/device/{}/set_reply", kSn),
                 fmt::format(R"({{"id":{},"data":{}}})", sent_id, data));
    home.settle();
  }
  void report(int watts) {
    home.report(device, kSn,
                fmt::format(R"({{"moduleType":5,"typeCode":"mpptStatus","params":)"
                            R"({{"cfgChgWatts":{}}}}})",
                            watts));
    home.settle();
  }
  void pass(Millis time) {
    home.pass(time);
    sets.tick();
    home.settle();
  }
  std::string get(std::string_view id, std::string_view query = {}) {
    http::Request made = with(controller, http::Method::kGet, fmt::format("{}/{}", kCommands, id));
    made.query = query;
    start(std::move(made));
    return said();
  }
  std::string state(std::string_view id) {
    get(id);
    const Json body = must(wire::parse_json(whole_body(response.value())));
    if (response->status != 200) return std::string(body.at("code").as_string());
    return fmt::format("{}{}", std::string_view(body.at("state").as_string()),
                       body.at("final").as_bool() ? "" : "...");
  }

  std::string controller = token("alice", Scope::kControl);
  std::string sent_id;
  int reached = 0;  // commands, the device
};

TEST_F(CommandsTest, ACommandIsDoneOnceTheFieldThatShowsItIsReadBack) {
  report(300);
  post("one", kCharge);
  EXPECT_EQ(said(), "no answer yet");
  EXPECT_EQ(state("one"), "sent...");
  post("one", kCharge);
  EXPECT_THAT(said(), StartsWith(R"(202 {"id":"one","sn":"R331ZEB4ZEAL0528","epoch":")"));
  reply(R"({"ack":0})");
  EXPECT_EQ(state("one"), "answered...");
  report(600);
  EXPECT_EQ(state("one"), "applied");
  EXPECT_THAT(get("one"), AllOf(HasSubstr(R"("fields":[{"field":"mppt.cfgChgWatts","asked":600,)"
                                          R"("is":600}])"),
                                HasSubstr(R"("reply":{"id":)"), HasSubstr(R"("by":"token 1")")));
}

TEST_F(CommandsTest, TheSameIdTwiceIsSentOnceAndAnsweredAlike) {
  post("one", kUnknown);
  reply(R"({"ack":0})");
  const std::string first = said();
  EXPECT_THAT(first, StartsWith(R"(200 {"id":"one")"));
  post("one", kUnknown);
  EXPECT_EQ(said(), first);
  EXPECT_EQ(reached, 1);
  post("two", kUnknown);
  EXPECT_EQ(reached, 2);
  post("one", kCharge);
  EXPECT_THAT(said(), AllOf(StartsWith(R"(409 {"code":"conflict")"), HasSubstr("new id")));
  EXPECT_EQ(reached, 2);
}

TEST_F(CommandsTest, AnAnswerSaysWhereTheStatusIs) {
  const auto place = [this] {
    const auto found = std::ranges::find(response->headers, "Location",
                                         &std::pair<std::string_view, std::string>::first);
    return found == response->headers.end() ? std::string() : found->second;
  };
  post("", kUnknown);
  reply(R"({"ack":0})");
  const Json body = must(wire::parse_json(whole_body(response.value())));
  EXPECT_EQ(place(), fmt::format("{}/{}", kCommands, std::string_view(body.at("id").as_string())));
  post("late", kUnknown);
  pass(Millis(8000));
  EXPECT_THAT(said(), StartsWith(R"(504 {"code":"no_answer")"));
  EXPECT_EQ(place(), fmt::format("{}/late", kCommands));
}

TEST_F(CommandsTest, ACommandWithoutAFieldThatShowsItEndsAsAnswered) {
  post("one", kUnknown);
  reply(R"({"ack":0})");
  EXPECT_THAT(said(), HasSubstr(R"("state":"answered","final":true)"));
}

TEST_F(CommandsTest, ADeviceThatDoesItWithoutAWordHasDoneIt) {
  report(300);
  post("one", kCharge);
  report(600);
  EXPECT_EQ(state("one"), "applied");
  post("one", kCharge);
  pass(home::SetTracker::kReplyGrace);
  EXPECT_EQ(state("one"), "applied");
  pass(Millis(8000));
  EXPECT_EQ(state("one"), "applied");
}

TEST_F(CommandsTest, TheFirstRequestIsAnsweredWithoutAReplySoonAfterTheFieldShowsIt) {
  report(300);
  post("one", kCharge);
  report(600);
  pass(Millis(0));
  EXPECT_EQ(said(), "no answer yet") << "the reply is on its way, perhaps";
  pass(home::SetTracker::kReplyGrace);
  EXPECT_THAT(said(), AllOf(StartsWith("200 "), HasSubstr(R"("state":"applied")"),
                            Not(HasSubstr("reply"))));
}

TEST_F(CommandsTest, AValueThatWasThereBeforeTellsNothingOfASilentDevice) {
  report(600);
  post("one", kCharge);
  report(600);
  pass(Millis(8000));
  EXPECT_THAT(said(), StartsWith(R"(504 {"code":"no_answer","message":"R331ZEB4ZEAL0528 did not)"));
  EXPECT_EQ(state("one"), "unanswered...");
  pass(home::SetBook::kReadBack);
  EXPECT_EQ(state("one"), "unanswered");
}

TEST_F(CommandsTest, AValueThatWasThereBeforeIsEnoughForADeviceThatAnswers) {
  report(600);
  post("one", kCharge);
  reply(R"({"ack":0})");
  EXPECT_THAT(said(), HasSubstr(R"("state":"applied","final":true)"));
}

TEST_F(CommandsTest, AnUnansweredCommandMayStillBeDone) {
  report(300);
  post("one", kCharge);
  pass(Millis(8000));
  EXPECT_EQ(state("one"), "unanswered...");
  report(600);
  EXPECT_EQ(state("one"), "applied");
}

TEST_F(CommandsTest, ADeviceThatSaysOtherwiseForTenSecondsHasNotDoneIt) {
  report(300);
  post("one", kCharge);
  reply(R"({"ack":0})");
  report(400);
  pass(home::SetBook::kReadBack - Millis(1));
  EXPECT_EQ(state("one"), "answered...");
  pass(Millis(1));
  EXPECT_EQ(state("one"), "not_applied");
  EXPECT_THAT(get("one"), HasSubstr(R"("asked":600,"is":400)"));
}

TEST_F(CommandsTest, ARefusalSaysWhyAndByWhom) {
  post("busy", kCharge);
  reply(R"({"ack":1,"message":"busy"})");
  EXPECT_THAT(said(), AllOf(StartsWith("200 "), HasSubstr(R"("state":"refused","final":true)"),
                            HasSubstr(R"("code":"device_refused","message":"busy")")));
  constexpr std::string_view kWrong =
      R"({"moduleType":5,"operateType":"acChgCfg","params":{"chgWatts":1,"chgPauseFlag":255}})";
  post("wrong", kWrong);
  EXPECT_THAT(said(), StartsWith(R"(400 {"code":"bad_params","message":"params.chgWatts is 1)"));
  EXPECT_THAT(get("wrong"), AllOf(HasSubstr(R"("state":"refused","final":true)"),
                                  HasSubstr(R"("code":"bad_params","message":"params.chgWatts)"),
                                  HasSubstr(R"("param":"chgWatts")")));
  post("wrong", kWrong);
  EXPECT_THAT(said(), StartsWith(R"(400 {"code":"bad_params")")) << "as the first";
}

TEST_F(CommandsTest, AKeyInTheWrongPlaceIsNotRepeated) {
  const std::string key = random_key(32);
  post("wrong", fmt::format(R"({{"moduleType":5,"operateType":"acChgCfg",)"
                            R"("params":{{"chgWatts":"{}","chgPauseFlag":255}}}})",
                            key));
  const auto is_without_key =
      AllOf(HasSubstr("params.chgWatts"), HasSubstr("***"), Not(HasSubstr(key)));
  EXPECT_THAT(said(), AllOf(StartsWith("400 "), is_without_key));
  EXPECT_THAT(get("wrong"), AllOf(StartsWith("200 "), is_without_key));
}

TEST_F(CommandsTest, ADeviceThatIsAwayIsNotOneThatDoesNotAnswer) {
  home.leave(device);
  post("one", kCharge);
  EXPECT_EQ(said(), R"(504 {"code":"offline","message":"R331ZEB4ZEAL0528 is not connected"})");
  EXPECT_THAT(get("one"), AllOf(HasSubstr(R"("state":"offline","final":true)"),
                                HasSubstr(R"("code":"offline")")));
}

// The vendor's cloud does not tell these from a wrong set; what became of a command is told in
// full.
TEST_F(CommandsTest, AStrictServerKnowsWhatBecameOfACommandAsWell) {
  home.platform.config.offline_requests = hub::OfflineRequests::kLikeTheVendor;
  report(300);
  post("silent", kCharge);
  pass(Millis(8000));
  EXPECT_THAT(said(), StartsWith(R"(504 {"code":"no_answer")"));
  EXPECT_EQ(state("silent"), "unanswered...");
  report(600);
  EXPECT_EQ(state("silent"), "applied");
  home.leave(device);
  post("away", kCharge);
  EXPECT_THAT(said(), StartsWith(R"(504 {"code":"offline")"));
  EXPECT_EQ(state("away"), "offline");
}

TEST_F(CommandsTest, ARequestWaitsForTheStateToBeFinal) {
  report(300);
  post("one", kCharge);
  EXPECT_EQ(get("one", "wait=20s"), "no answer yet");
  report(600);
  EXPECT_THAT(said(), HasSubstr(R"("state":"applied")"));
  post("two", kCharge);
  EXPECT_EQ(get("two", "wait=3s"), "no answer yet");
  pass(Millis(3000));
  EXPECT_THAT(said(), HasSubstr(R"("state":"sent")"));
  EXPECT_THAT(get("two", "wait=31s"), StartsWith(R"(400 {"code":"bad_params")"));
  EXPECT_THAT(get("two", "wait=soon"), StartsWith(R"(400 {"code":"bad_params")"));
}

TEST_F(CommandsTest, AnAccountHasSoManyRequestsThatWait) {
  report(300);
  post("one", kCharge);
  for (std::size_t i = 0; i < home::SetTracker::kMaxWaits; ++i) {
    ASSERT_EQ(get("one", "wait=20s"), "no answer yet") << i;
  }
  EXPECT_THAT(get("one", "wait=20s"), HasSubstr(R"("state":"sent")")) << "at once";
  pass(Millis(20'000));
  post("two", kCharge);
  EXPECT_EQ(get("two", "wait=20s"), "no answer yet") << "the others have ended";
}

TEST_F(CommandsTest, AListHasTheAccountsCommandsTheNewestFirst) {
  home.share(kSn, "bob", Rights::kFull);
  post("one", kUnknown);
  post("two", kUnknown);
  start(with(controller, http::Method::kGet, kCommands));
  const Json list = must(wire::parse_json(whole_body(response.value())));
  ASSERT_THAT(list.at("commands").as_array(), SizeIs(2));
  EXPECT_EQ(list.at("commands").at(0).at("id"), "two");
  EXPECT_EQ(list.at("epoch"), list.at("commands").at(0).at("epoch"));
  start(with(token("bob", Scope::kRead), http::Method::kGet, kCommands));
  EXPECT_THAT(said(), HasSubstr(R"("commands":[])"));
}

TEST_F(CommandsTest, ACommandIsReadBackByTheAccountThatAskedLast) {
  home.share(kSn, "bob", Rights::kFull);
  report(300);
  const std::string own = std::exchange(controller, token("bob", Scope::kControl));
  post("bobs", kCharge);
  reply(R"({"ack":0})");
  EXPECT_EQ(state("bobs"), "answered...");
  home.share(kSn, "bob", Rights::kNone);
  controller = own;
  post("own", kCharge);
  reply(R"({"ack":0})");
  report(600);
  EXPECT_EQ(state("own"), "applied");
}

TEST_F(CommandsTest, AnUnknownCommandIsNotFoundAndAStrangersIsNot) {
  EXPECT_THAT(get("none"), AllOf(StartsWith(R"(404 {"code":"not_found")"),
                                 HasSubstr("no command none to R331ZEB4ZEAL0528 is known")));
  post("one", kUnknown);
  start(with(token("bob", Scope::kRead), http::Method::kGet, fmt::format("{}/one", kCommands)));
  EXPECT_THAT(said(), StartsWith("403 "));
}

TEST_F(CommandsTest, AnIdHasAForm) {
  for (const std::string_view id : {"a/b", "a b", "\"quoted\"", "ä"}) {
    post(id, kUnknown);
    EXPECT_THAT(said(), AllOf(StartsWith(R"(400 {"code":"bad_params")"),
                              HasSubstr("Idempotency-Key must be")))
        << id;
  }
  post(std::string(65, 'a'), kUnknown);
  EXPECT_THAT(said(), StartsWith("400 "));
  EXPECT_EQ(reached, 0);
  post(std::string(64, 'a'), kUnknown);
  EXPECT_EQ(reached, 1);
}

TEST_F(CommandsTest, ACommandIsForgottenAfterAnHour) {
  post("one", kUnknown);
  reply(R"({"ack":0})");
  pass(Millis(60 * 60 * 1000 - 1));
  EXPECT_EQ(state("one"), "answered");
  pass(Millis(1));
  EXPECT_EQ(state("one"), "not_found");
}

TEST_F(CommandsTest, ADeviceWhoseCommandsAreDecidedIsWatchedNoMore) {
  report(300);
  const Partition partition = partition_of(kSn);
  EXPECT_FALSE(home.platform.changes.has_readers(partition));
  post("one", kCharge);
  EXPECT_TRUE(home.platform.changes.has_readers(partition));
  reply(R"({"ack":0})");
  report(600);
  EXPECT_FALSE(home.platform.changes.has_readers(partition));
}

}  // namespace
}  // namespace gridloom::api
