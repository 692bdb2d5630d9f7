#include "hub/shard/app_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/clients/test_log.h"
#include "hub/platform/pending_replies.h"
#include "hub/shard/shard_changes.h"
#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr std::string_view kQuiet =
    R"({"sn":"R331ZEB4ZEAL0528","moduleType":5,"operateType":"quietMode","params":{"enabled":1}})";

class AppRequestsTest : public testing::Test {
 protected:
  AppRequestsTest() {
    alice = home.add_account("alice");
    bob = home.add_account("bob");
    home.add_device(kDelta2Sn, "alice");
    home.platform.presence.set(kDelta2Sn, true);
    refresh();
    device = subscriber({.role = Role::kDevice, .name = kDelta2Sn}, "/device/+/set");
    app = subscriber(identity_of("alice"), home.open("alice", "#"));
  }
  ~AppRequestsTest() override { home.platform.journal = nullptr; }

  Identity identity_of(std::string_view name) const {
    return {.account = home.account(name).id, .name = home.account(name).certificate_account};
  }
  FakePtr subscriber(Identity who, std::string filter) {
    auto client = std::make_shared<FakeClient>(home.client_loop, std::move(who), "c");
    router.subscriptions().subscribe(client,
                                     {.filter = std::move(filter), .qos = Qos::kAtLeastOnce});
    return client;
  }
  void refresh() {
    const auto directory = home.registry->directory();
    faults.use(directory);
    twins.use(directory);
    changes.use(directory);
    fanout.use(directory);
    requests.use(directory);
  }
  void end_turn() {
    writer.append();
    traffic.flush();
    router.flush();
    home.settle();
  }
  // The log makes everything durable that it got.
  void commit() {
    for (TestLog::Record& record : std::exchange(log.waiting, {})) {
      if (record.durable) record.durable();
    }
    home.settle();
  }

  ReplyId reply_into(TestHome::Answer& answer) { return replies.add(home.reply_into(answer)); }
  TestHome::Answer set(registry::AccountId by, std::string_view body = kQuiet,
                       RequestOrigin origin = {}) {
    TestHome::Answer answer;
    requests.set(by,
                 {.sn = kDelta2Sn,
                  .message = must(wire::parse_json(body)).as_object(),
                  .origin = std::move(origin)},
                 reply_into(answer));
    end_turn();
    return answer;
  }
  static Inbound inbound(Verb verb, std::string payload) {
    return {.sn = kDelta2Sn,
            .verb = verb,
            .message = std::make_shared<const Message>(Message{.payload = std::move(payload)}),
            .options = {}};
  }
  // The id of the set that the device got last.
  [[nodiscard]] std::string last_id() const { return member_of(device->last->payload, "id"); }
  // Returns the payload that the device sent.
  SharedText reply(std::string_view id, std::string_view rest = R"("data":{"ack":0})") {
    const Inbound sent = inbound(Verb::kSetReply, fmt::format(R"({{"id":{},{}}})", id, rest));
    requests.on_reply(home.device(kDelta2Sn), sent);
    end_turn();
    return sent.message->payload;
  }
  std::uint64_t set_over_mqtt(std::string payload) {
    const std::uint64_t record =
        requests.set(identity_of("alice"), {}, inbound(Verb::kSet, std::move(payload)));
    end_turn();
    return record;
  }

  TestHome home{1};
  TestLog log;
  TurnWriter writer{home.platform, [this](std::uint64_t record) { gate.durable(record); }};
  Router router{home.platform, writer, [] {}};
  DurabilityGate gate{home.platform, [](const ClientPtr&, const Ack&) {}};
  FaultOverlay faults{home.platform};
  TrafficFeed traffic{home.clock};
  TwinTable twins{home.platform, [](const registry::Device&) {}};
  Fanout fanout{router, faults, traffic};
  ShardChanges changes{home.platform, [](std::string_view) { return true; }};
  PendingReplies replies;
  AppRequests requests{{.platform = home.platform,
                        .twins = twins,
                        .faults = faults,
                        .traffic = traffic,
                        .changes = changes,
                        .writer = writer,
                        .gate = gate,
                        .fanout = fanout,
                        .reply = [this](Reply reply) { replies.take(std::move(reply)); }}};
  registry::AccountId alice{};
  registry::AccountId bob{};
  FakePtr device;
  FakePtr app;
};

TEST_F(AppRequestsTest, ASetIsAnsweredOnceWithTheBytesOfItsReply) {
  const auto answer = set(alice);
  EXPECT_THAT(device->got, SizeIs(1));
  EXPECT_TRUE(requests.waits_for(kDelta2Sn));
  EXPECT_FALSE(answer.here());
  const SharedText sent = reply(last_id());
  ASSERT_TRUE(answer.here());
  EXPECT_EQ((**answer.slot)->data(), sent.data()) << "no copy";
  EXPECT_FALSE(requests.waits_for(kDelta2Sn));
  answer.slot->reset();
  reply(last_id());
  requests.tick(home.clock.now() + Millis(60'000));
  end_turn();
  EXPECT_FALSE(answer.here()) << "neither a second reply nor the deadline answers again";
  EXPECT_EQ(home.platform.counters.sets_failed.load(), 0U);
}

TEST_F(AppRequestsTest, TheDeviceTheAuditAndTheTapHaveOneText) {
  class Tap final : public TrafficTap {
   public:
    void on_traffic(std::vector<TrafficEvent> events) override {
      for (TrafficEvent& event : events) all.push_back(std::move(event));
    }
    std::vector<TrafficEvent> all;
  };
  const auto tap = std::make_shared<Tap>();
  traffic.add({.tap = tap, .sns = {kDelta2Sn}}, {});
  home.platform.journal = &log;
  set(alice);
  const SharedText& text = device->last->payload;
  ASSERT_THAT(tap->all, SizeIs(2));
  EXPECT_EQ(tap->all[0].text, kQuiet);
  EXPECT_EQ(tap->all[1].text.data(), text.data());
  ASSERT_THAT(log.waiting, SizeIs(1));
  EXPECT_THAT(log.waiting[0].payload, HasSubstr(fmt::format(R"("message":{},"at":)", text)));
}

TEST_F(AppRequestsTest, ALongSetIsShortenedInTheAudit) {
  home.platform.journal = &log;
  const std::string body = fmt::format(
      R"({{"moduleType":5,"operateType":"fly","params":{{"a":"{}"}}}})", std::string(5000, 'x'));
  set(alice, body);
  ASSERT_THAT(log.waiting, SizeIs(1));
  EXPECT_EQ(member_of(log.waiting[0].payload, "messageBytes"),
            fmt::format("{}", device->last->payload.size()));
  EXPECT_LT(log.waiting[0].payload.size(), 4500U);
}

TEST_F(AppRequestsTest, AReplyWaitsForTheRecordOfItsSet) {
  home.platform.journal = &log;
  const auto answer = set(alice);
  reply(last_id(), R"("code":"0")");
  EXPECT_FALSE(answer.here());
  ASSERT_THAT(log.waiting, SizeIs(2));
  EXPECT_EQ(member_of(log.waiting[1].payload, "what"), R"("set_reply")");
  EXPECT_EQ(member_of(log.waiting[1].payload, "outcome"), R"("answered")");
  EXPECT_EQ(member_of(log.waiting[1].payload, "code"), R"("0")");
  commit();
  EXPECT_THAT(answer.text(), HasSubstr(R"("code":"0")"));
}

// Otherwise whoever goes on with the log would send it again.
TEST_F(AppRequestsTest, ASetWithAnIdLeavesOnceTheLogHasItAndItsEnd) {
  home.platform.journal = &log;
  set(alice, kQuiet, {.by = "token 7", .command = "one", .digest = "d1"});
  EXPECT_THAT(device->got, IsEmpty());
  ASSERT_THAT(log.waiting, SizeIs(1));
  EXPECT_EQ(member_of(log.waiting[0].payload, "command"), R"("one")");
  EXPECT_EQ(member_of(log.waiting[0].payload, "digest"), R"("d1")");
  EXPECT_EQ(member_of(log.waiting[0].payload, "accountId"),
            std::to_string(std::to_underlying(alice)));
  commit();
  end_turn();
  EXPECT_THAT(device->got, SizeIs(1));
  reply(last_id(), R"("code":"0")");
  ASSERT_THAT(log.waiting, SizeIs(1));
  EXPECT_EQ(member_of(log.waiting[0].payload, "command"), R"("one")");
  EXPECT_THAT(member_of(log.waiting[0].payload, "reply"), HasSubstr("code"));
}

TEST_F(AppRequestsTest, ASetWithAnIdIsNotSentAfterItsDeadline) {
  home.platform.journal = &log;
  const TestHome::Answer answer = set(alice, kQuiet, {.command = "one", .digest = "d1"});
  requests.tick(home.clock.now() + Millis(8000));
  end_turn();
  commit();
  end_turn();
  EXPECT_THAT(device->got, IsEmpty());
  EXPECT_THAT(answer.text(), StartsWith("6012 "));
}

TEST_F(AppRequestsTest, ACallIsAnsweredByTheServiceOfItsName) {
  home.platform.services["echo"] = [](registry::AccountId account, std::string text,
                                      Callback<Result<std::string>> done) {
    done(fmt::format("{} {}", std::to_underlying(account), text));
  };
  TestHome::Answer answer;
  requests.call(alice, {.service = "echo", .text = "hello"}, reply_into(answer));
  TestHome::Answer missing;
  requests.call(alice, {.service = "other", .text = ""}, reply_into(missing));
  end_turn();
  EXPECT_EQ(answer.text(), fmt::format("{} hello", std::to_underlying(alice)));
  EXPECT_THAT(missing.text(), HasSubstr("there is no service other"));
}

TEST_F(AppRequestsTest, ARefusalSaysTheFirstReason) {
  const auto refused = [this](registry::AccountId by, std::string_view body) {
    const auto answer = set(by, body);
    EXPECT_THAT(device->take(), IsEmpty());
    return answer.text();
  };
  constexpr std::string_view kWrong =
      R"({"moduleType":5,"operateType":"quietMode","params":{"enabled":7}})";
  home.platform.presence.set(kDelta2Sn, false);
  EXPECT_THAT(refused(bob, kWrong), StartsWith("8512 "));
  EXPECT_THAT(refused(alice, kWrong), StartsWith("1008 "));
  EXPECT_THAT(refused(alice, kQuiet), StartsWith("6012 "));
  EXPECT_EQ(home.platform.counters.sets.load(), 2U);
  EXPECT_EQ(home.platform.counters.sets_failed.load(), 2U);
}

TEST_F(AppRequestsTest, NoReplyUntilTheDeadlineIsAnAnswerToo) {
  const auto answer = set(alice);
  requests.tick(home.clock.now() + Millis(7999));
  end_turn();
  EXPECT_FALSE(answer.here());
  requests.tick(home.clock.now() + Millis(8000));
  end_turn();
  EXPECT_THAT(answer.text(), StartsWith("6012 "));
}

TEST_F(AppRequestsTest, ADeviceThatIsAnotherOneNowOwesNothing) {
  const auto answer = set(alice);
  requests.device_replaced(kDelta2Sn);
  end_turn();
  EXPECT_THAT(answer.text(), HasSubstr("was removed meanwhile"));
}

TEST_F(AppRequestsTest, AnAccountThatMayNoLongerSetIsRefusedWhilePending) {
  home.share(kDelta2Sn, "bob", registry::Rights::kFull);
  refresh();
  const auto guest = set(bob);
  const auto owner = set(alice);
  home.share(kDelta2Sn, "bob", registry::Rights::kMonitor);
  refresh();
  requests.drop_forbidden(home.device(kDelta2Sn));
  end_turn();
  EXPECT_THAT(guest.text(), StartsWith("8512 "));
  EXPECT_FALSE(owner.here());
}

TEST_F(AppRequestsTest, OverMqttTheReplyHasTheIdAndTheCorrelationOfItsRequest) {
  Inbound sent = inbound(Verb::kSet, {});
  sent.message = std::make_shared<const Message>(
      Message{.payload = R"({"id":"5","moduleType":5,"operateType":"quietMode",)"
                         R"("params":{"enabled":1}})",
              .correlation_data = "which"});
  static_cast<void>(requests.set(identity_of("alice"), {}, sent));
  end_turn();
  static_cast<void>(requests.set(identity_of("alice"), {}, sent));
  end_turn();
  EXPECT_THAT(device->got, SizeIs(2));
  EXPECT_NE(last_id(), R"("5")") << "one id is pending already";
  reply(last_id());
  EXPECT_EQ(app->last->topic, home.open("alice", kDelta2Sn + "/set_reply"));
  EXPECT_EQ(app->last->payload, R"({"id":5,"data":{"ack":0}})");
  EXPECT_EQ(app->last->correlation_data, "which");
}

TEST_F(AppRequestsTest, TheAcknowledgementOfASetWaitsForItsRecord) {
  EXPECT_EQ(set_over_mqtt(std::string(kQuiet)), 0U) << "without a journal";
  home.platform.journal = &log;
  const std::uint64_t record = set_over_mqtt(std::string(kQuiet));
  EXPECT_NE(record, 0U);
  EXPECT_EQ(set_over_mqtt("no JSON"), 0U);
  EXPECT_THAT(app->got.back(), HasSubstr(R"("code":"1008")"));
}

TEST_F(AppRequestsTest, AReplyToNobodyGoesToAllWhoMayRead) {
  const SharedText unasked = reply("99");
  EXPECT_EQ(app->last->payload.data(), unasked.data());
  const auto answer = set(alice);
  app->take();
  reply("98");
  reply("[1", "");
  EXPECT_THAT(app->take(), SizeIs(2));
  EXPECT_FALSE(answer.here());
}

TEST_F(AppRequestsTest, ReadsSayHowLongTheirAnswersAre) {
  TestHome::Answer all;
  EXPECT_EQ(requests.read_all(alice, {kDelta2Sn}, reply_into(all)), 2U);
  home.settle();
  EXPECT_EQ(all.text(), "{}");
  twins.at(kDelta2Sn).twin.replay_value("pd.soc", "50");
  const std::string soc = R"({"pd.soc":50})";
  EXPECT_EQ(requests.read_all(alice, {kDelta2Sn}, reply_into(all)), soc.size());
  TestHome::Answer some;
  EXPECT_EQ(requests.read(alice, {kDelta2Sn, {"pd.soc"}}, reply_into(some)), soc.size());
  TestHome::Answer none;
  EXPECT_EQ(requests.read(bob, {kDelta2Sn, {"pd.soc"}}, reply_into(none)), 0U);
  home.settle();
  EXPECT_EQ(all.text(), soc);
  EXPECT_EQ((**all.slot)->data(), twins.at(kDelta2Sn).twin.all()->data()) << "the twin's own text";
  EXPECT_EQ(some.text(), soc);
  EXPECT_THAT(none.text(), StartsWith("8512 "));
}

TEST_F(AppRequestsTest, AGetIsAnsweredFromTheTwin) {
  twins.at(kDelta2Sn).twin.replay_value("pd.soc", "50");
  requests.get(identity_of("alice"),
               inbound(Verb::kGet, R"({"id":"12","params":{"quotas":["pd.soc"]}})"));
  end_turn();
  EXPECT_EQ(app->last->topic, home.open("alice", kDelta2Sn + "/get_reply"));
  EXPECT_EQ(member_of(app->last->payload, "id"), "12");
  EXPECT_EQ(member_of(app->last->payload, "data"), R"({"pd.soc":50})");
}

}  // namespace
}  // namespace gridloom::hub
