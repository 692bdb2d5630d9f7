// The live stream of a client: what it is told, when, and what a client that does not read costs.
#include "own_api/live/live_session.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "own_api/test_own_api.h"

namespace gridloom::api {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using Lines = std::vector<std::string>;

class LiveTest : public OwnRoutesTest {
 protected:
  LiveTest() {
    const auto made = must(home.registry->add_session({.account = alice, .now = home.clock.now()}));
    session_number = made.session.number;
    session_hash = made.session.hash;
    session = open(alice_caller());
  }
  std::shared_ptr<LiveSession> open(LiveCaller caller) { return must(try_open(std::move(caller))); }
  Result<std::shared_ptr<LiveSession>> try_open(LiveCaller caller) {
    return LiveSession::open({.context = {.loop = home.client_loop,
                                          .wake = [this] { ++woken; },
                                          .secure = false,
                                          .peer = "test"},
                              .caller = std::move(caller),
                              .feed = &feed,
                              .homes = &homes,
                              .now = steady.now()});
  }
  [[nodiscard]] LiveCaller alice_caller() const {
    return {.account = alice, .token = {}, .session = session_hash};
  }
  void send(std::string_view message) {
    session->receive(std::string(message) + '\n', steady.now());
    while (session->has_work()) session->work();
    home.settle();
  }
  Lines take() {
    std::string out;
    if (session->has_output()) session->take_output(out);
    Lines lines;
    std::istringstream text(out);
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  Lines say(std::string_view message) {
    send(message);
    return take();
  }
  // As the server's loops do it four times a second.
  void pass(Millis time) {
    for (Millis left = time; left.count() > 0; left -= Millis(250)) {
      steady.pass(Millis(250));
      home.pass(Millis(250));
      session->tick(steady.now());
      home.settle();
    }
  }
  void report(std::string_view payload) {
    home.report(device, kSn, std::string(payload));
    home.settle();
  }

  // Works on all that was received, as the turns of a loop do it; returns the output.
  std::string work() {
    std::string out;
    while (session->has_work() || session->has_output()) {
      if (session->has_work()) session->work();
      std::string some;
      if (session->has_output()) session->take_output(some);
      out += some;
      home.settle();
    }
    return out;
  }
  // A message as often as a read of the socket may hold it.
  static std::string many(std::string_view message) {
    std::string all;
    while (all.size() < std::size_t{16} * 1024) all.append(message).append(1, '\n');
    return all;
  }

  LiveFeed feed{{.hub = home.hub.get(),
                 .virtual_time = nullptr,
                 .limits = {.subscriptions = 3,
                            .clients_per_account = 3,
                            .subscriptions_per_account = 4,
                            .field_bytes_per_account = 1000}}};
  std::string session_hash;
  std::shared_ptr<LiveSession> session;
  std::int64_t session_number = 0;
  int woken = 0;
};

constexpr std::string_view kDeviceSub =
    R"({"t":"sub","id":2,"topic":"device","sn":"R331ZEB4ZEAL0528"})";

TEST_F(LiveTest, WelcomesWithTheRights) {
  home.share(kSn, "bob", registry::Rights::kMonitor);
  EXPECT_THAT(say(R"({"t":"hello"})"),
              ElementsAre(fmt::format(R"({{"t":"welcome","epoch":"{}","seq":0,"now":1700000000000,)"
                                      R"("rate":1,"rights":{{"R331ZEB4ZEAL0528":"owner",)"
                                      R"("HJ31ZDH2ZF690025":"owner"}}}})",
                                      feed.epoch())));
}

TEST_F(LiveTest, ADeviceIsSentWholeAndThenByWhatChanges) {
  const Lines first = say(kDeviceSub);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_THAT(first[0], StartsWith(R"({"t":"names","family":"delta_2","names":["pd.)"));
  EXPECT_THAT(first[1], AllOf(StartsWith(R"({"t":"snap","id":2,"seq":1,"now":1700000000000,)"
                                         R"("family":"delta_2","state":"live","last":)"),
                              HasSubstr(",5,17000000"), HasSubstr(",7,17000000")));
  pass(Millis(250));
  EXPECT_THAT(take(), IsEmpty()) << "nothing changed";
  woken = 0;
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":6,"wattsOutSum":7}})");
  pass(Millis(250));
  EXPECT_GT(woken, 0);
  const Lines second = take();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_THAT(second[0], AllOf(StartsWith(R"({"t":"d","id":2,"seq":)"), HasSubstr(",6,17000000"),
                               Not(HasSubstr(",7,17000000"))));
}

TEST_F(LiveTest, WhoDoesNotReadMissesWhatIsBetween) {
  say(kDeviceSub);
  for (int soc = 10; soc < 60; ++soc) {
    report(fmt::format(R"({{"moduleType":1,"typeCode":"pdStatus","params":{{"soc":{}}}}})", soc));
    pass(Millis(250));
  }
  const Lines lines = take();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], AllOf(HasSubstr(",59,"), Not(HasSubstr(",58,"))));
}

TEST_F(LiveTest, EveryLimitsHowOften) {
  say(R"({"t":"sub","id":2,"topic":"device","sn":"R331ZEB4ZEAL0528","every":1000})");
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":6}})");
  pass(Millis(750));
  EXPECT_THAT(take(), IsEmpty());
  pass(Millis(250));
  EXPECT_EQ(take().size(), 1U);
}

TEST_F(LiveTest, OnlyTheFieldsThatWereAskedForAreSent) {
  const Lines first = say(
      R"({"t":"sub","id":2,"topic":"device","sn":"R331ZEB4ZEAL0528","fields":["pd.wattsOutSum"]})");
  EXPECT_THAT(first.back(), AllOf(HasSubstr(",7,17000000"), Not(HasSubstr(",5,17000000"))));
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":6}})");
  pass(Millis(250));
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(LiveTest, NamesOfAFamilyAreSentOnce) {
  say(kDeviceSub);
  const Lines again = say(R"({"t":"sub","id":3,"topic":"device","sn":"R331ZEB4ZEAL0528"})");
  EXPECT_THAT(again, ElementsAre(StartsWith(R"({"t":"snap","id":3,)")));
}

TEST_F(LiveTest, AFieldThatTheFamilyDoesNotDeclareComesWithItsName) {
  say(kDeviceSub);
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"brandNew":8}})");
  pass(Millis(250));
  EXPECT_THAT(take(), ElementsAre(AllOf(StartsWith(R"({"t":"snap","id":2,)"),
                                        HasSubstr(R"("pd.brandNew"])"), HasSubstr(",8,1700"))));
}

TEST_F(LiveTest, TheStateIsTold) {
  say(kDeviceSub);
  pass(Millis(100'000));
  EXPECT_THAT(take().front(), AllOf(StartsWith(R"({"t":"hb",)"), HasSubstr(R"("rate":1)")));
  home.hub->disconnected(device);
  home.settle();
  pass(Millis(250));
  EXPECT_THAT(take(), ElementsAre(AllOf(StartsWith(R"({"t":"state","id":2,)"),
                                        HasSubstr(R"("state":"offline","since":1700000000000)"))));
}

TEST_F(LiveTest, ADeviceThatNeverReportedHasNoValues) {
  EXPECT_THAT(
      say(R"({"t":"sub","id":2,"topic":"device","sn":"HJ31ZDH2ZF690025"})"),
      ElementsAre(AllOf(HasSubstr(R"("state":"never","last":null,)"), HasSubstr(R"("f":[]})"))));
}

TEST_F(LiveTest, TheHomeIsSentWholeWhenItChanges) {
  const Lines first = say(R"({"t":"sub","id":1,"topic":"home"})");
  EXPECT_THAT(first,
              ElementsAre(AllOf(
                  StartsWith(R"({"t":"snap","id":1,"seq":0,"now":1700000000000,"home":{"now")"),
                  HasSubstr(R"("charge_percent":5)"))));
  pass(Millis(3000));
  EXPECT_THAT(take(), IsEmpty());
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":6}})");
  pass(Millis(3000));
  EXPECT_THAT(take(), ElementsAre(AllOf(StartsWith(R"({"t":"d","id":1,)"),
                                        HasSubstr(R"("charge_percent":6)"))));
}

TEST_F(LiveTest, APausedClientGetsHeartbeatsOnly) {
  say(kDeviceSub);
  send(R"({"t":"pause"})");
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":6}})");
  pass(LiveSession::kHeartbeat);
  EXPECT_THAT(take(), ElementsAre(StartsWith(R"({"t":"hb",)")));
  send(R"({"t":"play"})");
  EXPECT_THAT(take(), ElementsAre(HasSubstr(",6,17000000")));
  send(R"({"t":"unsub","id":2})");
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":7}})");
  pass(Millis(250));
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(LiveTest, WrongMessagesAreAnswered) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"x", R"("message":"a message must be a JSON object"})"},
      {R"({"t":"sub","topic":"home"})", R"("message":"id is missing: must be a number"})"},
      {R"({"t":"shout","id":1})",
       R"("message":"t is \"shout\": must be hello, sub, unsub, pause or play","id":1})"},
      {R"({"t":"sub","id":1,"topic":"fleet"})",
       R"("message":"topic is \"fleet\": must be home or device","id":1})"},
      {R"({"t":"sub","id":1,"topic":"device","sn":"NOBODY"})", R"("code":"no_permission")"},
      {R"({"t":"sub","id":1,"topic":"device","sn":"R331ZEB4ZEAL0528","fields":[1]})",
       R"("message":"fields has 1: must be names of fields","id":1})"},
  };
  for (const auto& [message, said] : cases) {
    EXPECT_THAT(say(message), ElementsAre(AllOf(StartsWith(R"({"t":"error",)"), HasSubstr(said))))
        << message;
  }
}

TEST_F(LiveTest, SubscriptionsAndMessagesAreBounded) {
  home.add_device("SN-4", "alice");
  pass(Millis(250));
  int id = 0;
  for (const std::string_view sn : {kSn, kOcean, std::string_view("SN-4")}) {
    send(fmt::format(R"({{"t":"sub","id":{},"topic":"device","sn":"{}"}})", ++id, sn));
  }
  take();
  EXPECT_THAT(
      say(R"({"t":"sub","id":5,"topic":"home"})"),
      ElementsAre(HasSubstr("a client has at most 3 subscriptions: limit live.subscriptions")));
  EXPECT_THAT(say(R"({"t":"sub","id":1,"topic":"home"})"),
              Not(ElementsAre(StartsWith(R"({"t":"error")"))))
      << "an id that is there is replaced";
  session->receive(std::string(LiveInput::kLineBytes + 1, ' '), steady.now());
  EXPECT_THAT(take(), ElementsAre(R"({"t":"bye","why":"a message has at most 16384 bytes"})"));
  EXPECT_TRUE(session->finished());
}

TEST_F(LiveTest, NothingIsSaidAfterTheBye) {
  session->receive(std::string(LiveInput::kLineBytes + 1, 'x') + "\n{\"t\":\"hello\"}\n",
                   steady.now());
  EXPECT_THAT(take(), ElementsAre(R"({"t":"bye","why":"a message has at most 16384 bytes"})"));
  EXPECT_TRUE(session->finished());
  EXPECT_EQ(session->kept_bytes(), 0U);
}

// --- what an account's clients cost ---

TEST_F(LiveTest, AClientAsksForOneHomeAtATime) {
  const auto sub = [](int id) {
    return fmt::format(R"({{"t":"sub","id":{},"topic":"home"}})", id);
  };
  std::string messages;
  for (int id = 1; id <= 100; ++id) messages += sub(id) + '\n';
  session->receive(messages, steady.now());
  while (session->has_work()) session->work();
  EXPECT_EQ(homes.waiting(alice), 1U);
  home.settle();
  EXPECT_EQ(homes.waiting(alice), 0U);
  EXPECT_THAT(take(), ElementsAre(StartsWith(R"({"t":"snap","id":100,)")))
      << "the answer is for the subscription that is there by then";
  steady.pass(home::HomeFeed::kFresh);
  send(sub(1) + "\n{\"t\":\"unsub\",\"id\":1}");
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_THAT(say(sub(2)), ElementsAre(StartsWith(R"({"t":"snap","id":2,)")));
}

TEST_F(LiveTest, ClientsOfAnAccountAreBounded) {
  std::vector<std::shared_ptr<LiveSession>> others = {open(alice_caller()), open(alice_caller())};
  const auto refused = try_open(alice_caller());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail,
            "the browsers of an account have at most 3 clients of the live stream: limit "
            "live.clients-per-account");
  others.pop_back();
  EXPECT_TRUE(try_open(alice_caller()));
  others.push_back(open(alice_caller()));
  others.back()->server_stops();
  EXPECT_TRUE(try_open(alice_caller())) << "one that has ended holds no place";
}

TEST_F(LiveTest, ATokenTakesNoPlaceOfABrowserNorOfAnotherToken) {
  std::vector<std::shared_ptr<LiveSession>> others;
  for (const registry::Scope scope : {registry::Scope::kCard, registry::Scope::kRead}) {
    LiveCaller caller{.account = alice};
    if (scope == registry::Scope::kCard) caller.card.emplace();
    const auto add = [&] {
      return must(home.registry->add_token(
                      {.name = "x", .account = "alice", .scope = scope, .now = home.clock.now()}))
          .token.hash;
    };
    caller.token = add();
    others.push_back(open(caller));
    EXPECT_FALSE(try_open(caller));
    caller.token = add();
    others.push_back(open(caller));
  }
  EXPECT_TRUE(try_open(alice_caller()));
}

TEST_F(LiveTest, SubscriptionsOfAnAccountAreBounded) {
  say(kDeviceSub);
  say(R"({"t":"sub","id":3,"topic":"device","sn":"HJ31ZDH2ZF690025"})");
  say(R"({"t":"sub","id":4,"topic":"home"})");
  auto first = std::exchange(session, open(alice_caller()));
  say(kDeviceSub);
  EXPECT_THAT(
      say(R"({"t":"sub","id":4,"topic":"home"})"),
      ElementsAre(HasSubstr("the browsers of an account have at most 4 subscriptions of the "
                            "live stream: limit live.subscriptions-per-account")));
  EXPECT_THAT(say(R"({"t":"sub","id":9,"topic":"device","sn":"R331ZEB4ZEAL0528"})"),
              ElementsAre(StartsWith(R"({"t":"snap","id":9,)")))
      << "one in the place of another needs no room";
  first.reset();
  EXPECT_THAT(say(R"({"t":"sub","id":4,"topic":"home"})"), ElementsAre(HasSubstr(R"("snap")")));
}

TEST_F(LiveTest, ADeviceIsSubscribedOnce) {
  say(kDeviceSub);
  say(R"({"t":"sub","id":7,"topic":"device","sn":"R331ZEB4ZEAL0528"})");
  say(R"({"t":"sub","id":3,"topic":"home"})");
  say(R"({"t":"sub","id":8,"topic":"home"})");
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":6}})");
  pass(Millis(3000));
  EXPECT_THAT(take(),
              ElementsAre(StartsWith(R"({"t":"d","id":7,)"), StartsWith(R"({"t":"d","id":8,)")));
  send(R"({"t":"unsub","id":2})");
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":7}})");
  pass(Millis(250));
  EXPECT_THAT(take(), ElementsAre(StartsWith(R"({"t":"d","id":7,)"))) << "2 is no subscription";
}

TEST_F(LiveTest, NamesOfFieldsAreBoundedAndEqualListsCountOnce) {
  const auto sub = [](int id, std::string_view sn, std::string_view fields) {
    return fmt::format(R"({{"t":"sub","id":{},"topic":"device","sn":"{}","fields":[{}]}})", id, sn,
                       fields);
  };
  const std::string list = fmt::format(R"("{}","pd.soc")", std::string(200, 'x'));
  EXPECT_THAT(say(sub(1, kSn, list)), Not(Contains(HasSubstr("error"))));
  EXPECT_THAT(say(sub(2, kOcean, fmt::format(R"("pd.soc","{}","pd.soc")", std::string(200, 'x')))),
              Not(Contains(HasSubstr("error"))));
  EXPECT_THAT(
      say(sub(3, kSn, fmt::format(R"("{}")", std::string(200, 'y')))),
      ElementsAre(HasSubstr("the browsers of an account have at most 1000 bytes of field names in "
                            "subscriptions of the live stream: limit "
                            "live.field-bytes-per-account")));
  send(R"({"t":"unsub","id":1})");
  send(R"({"t":"unsub","id":2})");
  EXPECT_THAT(say(sub(3, kSn, fmt::format(R"("{}")", std::string(200, 'y')))),
              Not(Contains(HasSubstr("error"))));
}

TEST_F(LiveTest, AWelcomeComesOnceASecond) {
  session->receive(many(R"({"t":"hello"})"), steady.now());
  EXPECT_THAT(work(), AllOf(StartsWith(R"({"t":"welcome")"), Not(HasSubstr("}\n{"))));
  pass(Millis(750));
  EXPECT_THAT(take(), IsEmpty());
  pass(Millis(250));
  EXPECT_THAT(take(), ElementsAre(StartsWith(R"({"t":"welcome")"))) << "one for all of them";
  pass(Millis(3000));
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(LiveTest, TheRightsAreListedOnceForAllWelcomes) {
  const LiveSharePtr share = feed.share(alice_caller());
  say(R"({"t":"hello"})");
  auto first = std::exchange(session, open(alice_caller()));
  say(R"({"t":"hello"})");
  EXPECT_EQ(share->account().rights_made(), 1U);
  home.share(kSn, "bob", registry::Rights::kMonitor);
  pass(Millis(1000));
  say(R"({"t":"hello"})");
  EXPECT_EQ(share->account().rights_made(), 2U);
}

TEST_F(LiveTest, MessagesOfOneReadTakeTheirTurns) {
  const std::string messages = many(R"({"t":"shout"})");
  // As they come in frames.
  for (const char each : messages) session->receive(std::string_view(&each, 1), steady.now());
  constexpr std::ptrdiff_t kMost = LiveSession::kEffortAtOnce / 4;
  std::string out;
  EXPECT_TRUE(session->has_work());
  EXPECT_FALSE(session->wants_input()) << "the rest of the read comes first";
  session->take_output(out);
  const auto answers = [&out] { return std::ranges::count(out, '\n'); };
  EXPECT_LE(answers(), kMost);
  for (std::ptrdiff_t before = 0; session->has_work();) {
    before = answers();
    session->work();
    session->take_output(out);
    EXPECT_GT(answers(), before);
    EXPECT_LE(answers() - before, kMost);
  }
  EXPECT_EQ(answers(), std::ranges::count(messages, '\n')) << "each was answered";
  EXPECT_TRUE(session->wants_input());
  EXPECT_EQ(session->kept_bytes(), 0U);
}

TEST_F(LiveTest, AnswersThatAreNotReadStopTheWork) {
  session->receive(many("x"), steady.now());
  while (session->has_work()) session->work();
  EXPECT_FALSE(session->wants_input());
  std::string out;
  session->take_output(out);
  EXPECT_GE(out.size(), LiveSession::kOutputBytes);
  EXPECT_LT(out.size(), LiveSession::kOutputBytes + 1000);
  EXPECT_TRUE(session->has_work()) << "they go on once they were read";
}

TEST_F(LiveTest, OnlyWhoWatchesADeviceIsTold) {
  say(R"({"t":"sub","id":2,"topic":"device","sn":"HJ31ZDH2ZF690025"})");
  std::vector<std::shared_ptr<LiveSession>> quiet = {session, open(alice_caller())};
  session = open(alice_caller());
  say(kDeviceSub);
  const std::uint64_t before = feed.notices();
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":6}})");
  EXPECT_EQ(feed.notices() - before, 1U) << "at once";
  pass(Millis(250));
  EXPECT_EQ(feed.notices() - before, 1U);
  EXPECT_TRUE(session->has_output());
  EXPECT_FALSE(quiet[0]->has_output());
  pass(Millis(1000));
  EXPECT_EQ(feed.notices() - before, 1U) << "nothing happened";
}

TEST_F(LiveTest, ATwinIsReadOnceForEachSubscription) {
  say(kDeviceSub);
  EXPECT_EQ(feed.reads(), 1U);
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":6}})");
  pass(Millis(1000));
  EXPECT_EQ(take().size(), 1U);
  EXPECT_EQ(feed.reads(), 1U) << "changes come by themselves";
  for (int i = 0; i < 10; ++i) {
    send(R"({"t":"unsub","id":2})");
    EXPECT_THAT(say(kDeviceSub), ElementsAre(HasSubstr(R"("t":"snap")")));
  }
  EXPECT_EQ(feed.reads(), 11U);
  send(R"({"t":"unsub","id":2})");
  pass(Millis(1000));
  EXPECT_EQ(feed.reads(), 11U);
}

TEST_F(LiveTest, AClientThatDoesNotReadHoldsFewTwins) {
  LiveFeed wide({.hub = home.hub.get(), .virtual_time = nullptr, .limits = {}});
  session = must(LiveSession::open(
      {.context = {.loop = home.client_loop, .wake = [] {}, .secure = false, .peer = "test"},
       .caller = alice_caller(),
       .feed = &wide,
       .homes = &homes,
       .now = steady.now()}));
  std::string messages;
  constexpr std::size_t kDevices = 3 * LiveTwinQueue::kAtOnce;
  for (std::size_t i = 0; i < kDevices; ++i) {
    const std::string sn = fmt::format("SN-{}", i);
    home.add_device(sn, "alice");
    messages += fmt::format(R"({{"t":"sub","id":{},"topic":"device","sn":"{}"}})", i, sn) + '\n';
  }
  messages.pop_back();
  session->tick(steady.now());
  send(messages);
  EXPECT_EQ(wide.reads(), std::size_t{LiveTwinQueue::kAtOnce});
  std::size_t snaps = 0;
  while (session->has_output()) {
    snaps += take().size();
    home.settle();
  }
  EXPECT_EQ(snaps, kDevices);
  EXPECT_EQ(wide.reads(), kDevices);
  session.reset();
}

TEST_F(LiveTest, AValueThatComesWhileTheTwinIsReadIsSentOnce) {
  for (const bool is_before : {true, false}) {
    session = open(alice_caller());
    const auto change = [&] {
      hub::Hub::Batch batch(*home.hub);
      static const auto kMessage = std::make_shared<const wire::mqtt::Message>(wire::mqtt::Message{
          .topic = "/device/R331ZEB4ZEAL0528/quota",
          .payload = R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":66}})"});
      ASSERT_TRUE(batch.add(device, kMessage, {}));
      batch.post(device);
    };
    report(kReport);
    if (is_before) change();
    session->receive(std::string(kDeviceSub) + '\n', steady.now());
    if (!is_before) change();
    home.settle();
    Lines lines = take();
    pass(Millis(1000));
    for (std::string& line : take()) lines.push_back(std::move(line));
    const auto has_it = [](std::string_view line) { return line.contains(",66,17000000"); };
    EXPECT_EQ(std::ranges::count_if(lines, has_it), 1) << is_before;
  }
}

TEST_F(LiveTest, WhoMissesTooMuchReadsTheTwinAgain) {
  say(kDeviceSub);
  say(R"({"t":"pause"})");
  const std::string large(LiveDevice::kMostWaiting / 2, 'x');
  report(fmt::format(R"({{"params":{{"pd.one":"{}"}}}})", large));
  report(fmt::format(R"({{"params":{{"pd.soc":6,"pd.two":"{}"}}}})", large));
  send(R"({"t":"play"})");
  std::string last;
  for (int i = 0; i < 4; ++i) {
    for (std::string& line : take()) last = std::move(line);
    pass(Millis(250));
  }
  EXPECT_THAT(last, AllOf(StartsWith(R"({"t":"snap","id":2,)"), HasSubstr(",6,17000000")));
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":7}})");
  pass(Millis(250));
  EXPECT_THAT(take(),
              ElementsAre(AllOf(StartsWith(R"({"t":"d","id":2,)"), HasSubstr(",7,17000000"))));
}

TEST_F(LiveTest, DevicesOfOneReadAreLookedAtTogether) {
  const std::uint64_t seq = feed.seq();
  session->receive(
      std::string(kDeviceSub) +
          "\n{\"t\":\"sub\",\"id\":3,\"topic\":\"device\",\"sn\":\"HJ31ZDH2ZF690025\"}\n",
      steady.now());
  home.settle();
  EXPECT_EQ(feed.seq(), seq + 1);
  EXPECT_EQ(feed.reads(), 2U);
}

TEST_F(LiveTest, ItEndsWithTheSession) {
  say(kDeviceSub);
  must(home.registry->end_session(alice, session_number));
  pass(Millis(250));
  EXPECT_THAT(take(), ElementsAre(R"({"t":"bye","why":"signed out"})"));
  EXPECT_TRUE(session->finished());
}

TEST_F(LiveTest, ItEndsWithTheToken) {
  const auto token = must(home.registry->add_token(
      {.name = "x", .account = "alice", .now = home.clock.now(), .valid_for = Millis(1000)}));
  session = open({.account = alice, .token = token.token.hash, .session = {}});
  pass(Millis(750));
  EXPECT_THAT(take(), IsEmpty());
  pass(Millis(250));
  EXPECT_THAT(take(), ElementsAre(R"({"t":"bye","why":"the token has ended"})"));
}

TEST_F(LiveTest, ADeviceThatIsNoLongerSharedIsNoLongerShown) {
  home.share(kSn, "bob", registry::Rights::kMonitor);
  const auto token =
      must(home.registry->add_token({.name = "x", .account = "bob", .now = home.clock.now()}));
  session = open({.account = home.account("bob").id, .token = token.token.hash, .session = {}});
  EXPECT_EQ(say(kDeviceSub).size(), 2U);
  home.share(kSn, "bob", registry::Rights::kNone);
  report(R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":6}})");
  pass(Millis(250));
  EXPECT_THAT(take(),
              ElementsAre(AllOf(HasSubstr(R"("code":"no_permission")"), HasSubstr(R"("id":2)"))));
}

TEST_F(LiveTest, AServerThatStopsSaysSo) {
  session->server_stops();
  EXPECT_THAT(take(), ElementsAre(R"({"t":"bye","why":"the server stops"})"));
}

}  // namespace
}  // namespace gridloom::api
