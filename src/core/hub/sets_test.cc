// Sets on their way to the device and their replies back, over HTTP and over MQTT; reads over MQTT;
// and all refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using registry::Rights;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kOcean = "HJ31ZDH2ZF690025";
constexpr std::string_view kUnknown = "XYZ0001";

std::string quiet(std::string_view id) {
  return fmt::format(
      R"({{"id":{},"moduleType":5,"operateType":"quietMode","params":{{"enabled":1}}}})", id);
}
constexpr std::string_view kQuiet =
    R"({"sn":"R331ZEB4ZEAL0528","moduleType":5,"operateType":"quietMode","params":{"enabled":1}})";

class Sets : public testing::Test {
 protected:
  Sets() {
    alice = home.add_account("alice");
    bob = home.add_account("bob");
    for (const std::string_view sn : {std::string_view(kDelta2Sn), kOcean, kUnknown})
      home.add_device(sn, "alice");
    device = home.connect_device(kDelta2Sn);
  }
  // The payloads that the device received since the last call.
  Lines asked() {
    Lines payloads;
    for (const std::string& line : device->take()) payloads.push_back(payload_of(line));
    return payloads;
  }
  void reply(std::string_view id, std::string_view rest = R"("data":{"ack":0})") {
    home.publish(device, fmt::format("/device/{}/set_reply", kDelta2Sn),
                 fmt::format(R"({{"id":{},{}}})", id, rest));
  }
  void mqtt_set(const FakePtr& app, std::string_view name, std::string payload) {
    home.publish(app, home.open(name, fmt::format("{}/set", kDelta2Sn)), std::move(payload));
  }
  FakePtr replies_to(std::string_view name, std::string_view client_id = "app") {
    FakePtr app = home.connect_app(name, client_id);
    home.subscribe(app, {.filter = home.open(name, "+/set_reply"), .qos = Qos::kAtLeastOnce});
    return app;
  }

  TestHome home;
  registry::AccountId alice{};
  registry::AccountId bob{};
  FakePtr device;
};

TEST_F(Sets, Version5PropertiesAreForwardedBothWays) {
  const FakePtr app = replies_to("alice");
  wire::mqtt::Message set{.topic = home.open("alice", fmt::format("{}/set", kDelta2Sn)),
                          .payload = quiet("7"),
                          .response_topic = "/where",
                          .correlation_data = "which",
                          .user_properties = {{"a", "1"}, {"a", "2"}}};
  home.publish(app, set);
  EXPECT_EQ(device->last->response_topic, "/where");
  EXPECT_EQ(device->last->correlation_data, "which");
  EXPECT_EQ(device->last->user_properties, set.user_properties);
  home.publish(device, {.topic = fmt::format("/device/{}/set_reply", kDelta2Sn),
                        .payload = R"({"id":7,"data":{"ack":0}})",
                        .content_type = "application/json",
                        .correlation_data = "its own"});
  EXPECT_EQ(app->last->content_type, "application/json");
  EXPECT_EQ(app->last->correlation_data, "its own");
}

TEST_F(Sets, EveryReplyHasTheCorrelationDataOfItsRequest) {
  const FakePtr app = home.subscriber("alice");
  const auto request = [&](std::string_view verb, std::string payload) {
    app->take();
    home.publish(app, {.topic = home.open("alice", fmt::format("{}/{}", kDelta2Sn, verb)),
                       .payload = std::move(payload),
                       .correlation_data = std::string(verb)});
  };
  request("set", quiet("7"));
  reply("7");
  EXPECT_THAT(std::string(app->last->topic), testing::EndsWith("/set_reply"));
  EXPECT_EQ(app->last->correlation_data, "set");
  request("set", "no JSON");
  EXPECT_THAT(std::string(app->last->topic), testing::EndsWith("/set_reply"));
  EXPECT_EQ(app->last->correlation_data, "set");
  for (const std::string_view payload : {R"({"operateType":"latestQuotas"})", "no JSON"}) {
    request("get", std::string(payload));
    EXPECT_THAT(std::string(app->last->topic), testing::EndsWith("/get_reply"));
    EXPECT_EQ(app->last->correlation_data, "get");
  }
}

TEST_F(Sets, AnHttpSetGoesToTheDeviceWithAnIdAndIsAnsweredByItsReply) {
  const auto answer = home.set(alice, kDelta2Sn, kQuiet);
  EXPECT_FALSE(answer.here());
  const Lines payloads = asked();
  ASSERT_EQ(payloads.size(), 1U);
  const std::string id = member_of(payloads[0], "id");
  EXPECT_NE(id, "");
  EXPECT_EQ(member_of(payloads[0], "sn"), "");
  EXPECT_EQ(member_of(payloads[0], "version"), R"("1.0")");
  EXPECT_EQ(member_of(payloads[0], "moduleType"), "5");
  EXPECT_EQ(member_of(payloads[0], "params"), R"({"enabled":1})");
  reply(id);
  EXPECT_EQ(answer.text(), fmt::format(R"({{"id":{},"data":{{"ack":0}}}})", id));
}

TEST_F(Sets, AnAckThatIsNotZeroIsAnAnswerToo) {
  const auto answer = home.set(alice, kDelta2Sn, kQuiet);
  reply(member_of(asked().at(0), "id"), R"("data":{"ack":1})");
  EXPECT_THAT(answer.text(), HasSubstr(R"("ack":1)"));
}

TEST_F(Sets, TwoHttpSetsHaveIdsOfTheirOwnAndMayBeAnsweredInAnyOrder) {
  const auto first = home.set(alice, kDelta2Sn, kQuiet);
  const auto second = home.set(alice, kDelta2Sn, kQuiet);
  const Lines payloads = asked();
  ASSERT_EQ(payloads.size(), 2U);
  const std::string one = member_of(payloads[0], "id");
  const std::string two = member_of(payloads[1], "id");
  EXPECT_NE(one, two);
  reply(two, R"("n":2)");
  EXPECT_FALSE(first.here());
  EXPECT_THAT(second.text(), HasSubstr(R"("n":2)"));
  reply(one, R"("n":1)");
  EXPECT_THAT(first.text(), HasSubstr(R"("n":1)"));
}

TEST_F(Sets, AReplyToAnHttpSetIsSeenByWhoListens) {
  const FakePtr app = replies_to("alice");
  static_cast<void>(home.set(alice, kDelta2Sn, kQuiet));
  reply(member_of(asked().at(0), "id"));
  EXPECT_EQ(app->take().size(), 1U);
}

TEST_F(Sets, AnMqttSetIsAnsweredOnItsOwnAccountsTopicOnly) {
  home.share(kDelta2Sn, "bob", Rights::kFull);
  const FakePtr owner = replies_to("alice");
  const FakePtr guest = replies_to("bob");
  mqtt_set(guest, "bob", quiet("77"));
  EXPECT_EQ(asked(), Lines{quiet("77")});
  reply("77");
  EXPECT_THAT(guest->take(),
              ElementsAre("q1 " + home.open("bob", fmt::format("{}/set_reply ", kDelta2Sn)) +
                          R"({"id":77,"data":{"ack":0}})"));
  EXPECT_THAT(owner->take(), IsEmpty());
}

TEST_F(Sets, ANumericTextAsIdIsFoundWhenTheDeviceAnswersANumber) {
  const FakePtr app = replies_to("alice");
  mqtt_set(app, "alice", quiet(R"("123456789")"));
  EXPECT_EQ(member_of(asked().at(0), "id"), R"("123456789")");
  reply("123456789");
  EXPECT_EQ(member_of(payload_of(app->take().at(0)), "id"), "123456789");
  mqtt_set(app, "alice", quiet(R"("a-1")"));
  reply(R"("a-1")");
  EXPECT_EQ(member_of(payload_of(app->take().at(0)), "id"), R"("a-1")");
}

TEST_F(Sets, TwoAppsThatUseOneIdBothGetTheirOwnReply) {
  home.share(kDelta2Sn, "bob", Rights::kFull);
  const FakePtr owner = replies_to("alice");
  const FakePtr guest = replies_to("bob");
  mqtt_set(owner, "alice", quiet("5"));
  mqtt_set(guest, "bob", quiet(R"("5")"));
  const Lines payloads = asked();
  ASSERT_EQ(payloads.size(), 2U);
  const std::string other = member_of(payloads[1], "id");
  EXPECT_EQ(member_of(payloads[0], "id"), "5");
  EXPECT_NE(other, "5");
  EXPECT_NE(other, R"("5")");
  reply(other, R"("n":2)");
  EXPECT_THAT(guest->take(), ElementsAre(HasSubstr(R"({"id":5,"n":2})")));
  EXPECT_THAT(owner->take(), IsEmpty());
  reply("5", R"("n":1)");
  EXPECT_THAT(owner->take(), ElementsAre(HasSubstr(R"({"id":5,"n":1})")));
}

TEST_F(Sets, ASetWithoutAnIdGetsOneAndItsReply) {
  const FakePtr app = replies_to("alice");
  mqtt_set(app, "alice", R"({"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})");
  const std::string id = member_of(asked().at(0), "id");
  EXPECT_NE(id, "");
  EXPECT_NE(id, R"("")");
  reply(id);
  EXPECT_THAT(app->take(), ElementsAre(HasSubstr(R"("ack":0)")));
}

TEST_F(Sets, AnUnrequestedReplyReachesAllWhoMayReadTheDevice) {
  home.share(kDelta2Sn, "bob", Rights::kMonitor);
  const FakePtr owner = replies_to("alice");
  const FakePtr guest = replies_to("bob");
  reply("99");
  EXPECT_EQ(owner->take().size(), 1U);
  EXPECT_EQ(guest->take().size(), 1U);
  home.publish(device, fmt::format("/device/{}/set_reply", kDelta2Sn), "no JSON");
  EXPECT_EQ(owner->take().size(), 1U);
}

TEST_F(Sets, ASetThatIsNotAnsweredFailsAtItsDeadline) {
  const FakePtr app = replies_to("alice");
  const auto answer = home.set(alice, kDelta2Sn, kQuiet);
  const std::string id = member_of(asked().at(0), "id");
  mqtt_set(app, "alice", quiet("5"));
  home.pass(Millis(7999));
  EXPECT_FALSE(answer.here());
  EXPECT_THAT(app->take(), IsEmpty());
  home.pass(Millis(1));
  EXPECT_THAT(answer.text(), AllOf(StartsWith("6012 "), HasSubstr("8 s")));
  EXPECT_THAT(app->take(), ElementsAre(AllOf(HasSubstr(R"("id":5)"), HasSubstr(R"("code":"-2")"))));
  reply(id);  // too late for the requester, but apps still see the reply
  EXPECT_EQ(app->take().size(), 1U);
  EXPECT_EQ(home.platform.counters.sets_failed.load(), 2U);
}

// The documents' examples use the same id everywhere, and so do apps modelled on them.
TEST_F(Sets, ASetThatReusesAnIdHasADeadlineOfItsOwn) {
  const FakePtr app = replies_to("alice");
  mqtt_set(app, "alice", quiet("123456789"));
  reply("123456789");
  EXPECT_EQ(app->take().size(), 1U);
  home.pass(Millis(7500));
  mqtt_set(app, "alice", quiet("123456789"));
  home.pass(Millis(1000));
  EXPECT_THAT(app->take(), IsEmpty());
  reply("123456789");
  EXPECT_THAT(app->take(), ElementsAre(HasSubstr(R"("ack":0)")));
  home.pass(Millis(60'000));
  EXPECT_THAT(app->take(), IsEmpty());
}

TEST_F(Sets, ADeviceHasSixtyFourSetsWaitingAndNotOneMore) {
  std::vector<TestHome::Answer> answers;
  answers.reserve(64);
  for (int i = 0; i < 64; ++i) answers.push_back(home.set(alice, kDelta2Sn, kQuiet));
  EXPECT_EQ(asked().size(), 64U);
  const auto refused = home.set(alice, kDelta2Sn, kQuiet);
  EXPECT_THAT(refused.text(), StartsWith("6012 "));
  EXPECT_THAT(asked(), IsEmpty());
  home.pass(Millis(8000));
  for (const auto& answer : answers) EXPECT_THAT(answer.text(), StartsWith("6012 "));
  EXPECT_FALSE(home.set(alice, kDelta2Sn, kQuiet).here());
}

TEST_F(Sets, SharedAccountsLeaveTheOwnerHalfOfThePendingSets) {
  home.share(kDelta2Sn, "bob", registry::Rights::kFull);
  std::vector<TestHome::Answer> answers;
  answers.reserve(64);
  for (int i = 0; i < 32; ++i) answers.push_back(home.set(bob, kDelta2Sn, kQuiet));
  EXPECT_EQ(asked().size(), 32U);
  EXPECT_EQ(
      home.set(bob, kDelta2Sn, kQuiet).text(),
      fmt::format("6012 {} has 32 sets unanswered of those whom it is shared with", kDelta2Sn));
  for (int i = 0; i < 32; ++i) answers.push_back(home.set(alice, kDelta2Sn, kQuiet));
  EXPECT_EQ(asked().size(), 32U);
  EXPECT_THAT(home.set(alice, kDelta2Sn, kQuiet).text(), StartsWith("6012 "));
}

TEST_F(Sets, AnOfflineDeviceAndABadSetHaveDifferentErrors) {
  home.leave(device);
  EXPECT_THAT(home.set(alice, kDelta2Sn, kQuiet).text(), StartsWith("6012 "));
  EXPECT_THAT(home.set(alice, kDelta2Sn,
                       R"({"moduleType":5,"operateType":"quietMode","params":{"enabled":7}})")
                  .text(),
              AllOf(StartsWith("1008 "), HasSubstr("enabled"), HasSubstr("7")));
  const FakePtr app = replies_to("alice");
  mqtt_set(app, "alice", quiet("5"));
  EXPECT_THAT(app->take(), ElementsAre(AllOf(HasSubstr(R"("code":"-2")"), HasSubstr(R"("id":5)"))));
}

// With --strict: silence over MQTT, as the vendor's cloud does. Requests over HTTP get the truth,
// of which the vendor's interface makes 1008 (api/api_test.cc).
TEST(StrictSets, AnAppOverMqttHearsNothingOfADeviceThatIsOffline) {
  TestHome home(2, {.offline_requests = OfflineRequests::kLikeTheVendor});
  const registry::AccountId alice = home.add_account("alice");
  home.add_device(kDelta2Sn, "alice");
  const auto never = home.set(alice, kDelta2Sn, kQuiet);
  EXPECT_THAT(never.text(), AllOf(StartsWith("6012 "), HasSubstr("not connected")));

  const FakePtr app = home.connect_app("alice");
  home.subscribe(app, {.filter = home.open("alice", "+/set_reply"), .qos = Qos::kAtLeastOnce});
  home.subscribe(app, {.filter = home.open("alice", "+/get_reply"), .qos = Qos::kAtLeastOnce});
  home.publish(app, home.open("alice", fmt::format("{}/set", kDelta2Sn)), quiet("5"));
  home.publish(app, home.open("alice", fmt::format("{}/get", kDelta2Sn)),
               R"({"id":6,"operateType":"latestQuotas"})");
  home.pass(Millis(60'000));
  EXPECT_THAT(app->take(), IsEmpty());

  // A device that is connected but does not answer gets the same treatment.
  const FakePtr device = home.connect_device(kDelta2Sn);
  const auto late = home.set(alice, kDelta2Sn, kQuiet);
  home.publish(app, home.open("alice", fmt::format("{}/set", kDelta2Sn)), quiet("7"));
  home.pass(Millis(8000));
  EXPECT_THAT(late.text(), AllOf(StartsWith("6012 "), HasSubstr("did not answer within")));
  EXPECT_THAT(app->take(), IsEmpty());

  // Malformed and forbidden requests are still answered.
  home.publish(app, home.open("alice", fmt::format("{}/set", kDelta2Sn)), "{}");
  home.publish(app, home.open("alice", "NOSUCH1/set"), quiet("8"));
  EXPECT_THAT(app->take(), ElementsAre(HasSubstr(R"("code":"1008")"), HasSubstr(R"("code":"-1")")));
}

TEST_F(Sets, SetsOfForeignAndMonitoredDevicesAreRefused) {
  const std::string foreign = home.set(bob, kDelta2Sn, kQuiet).text();
  const std::string unknown = home.set(bob, "NOSUCH1", kQuiet).text();
  EXPECT_THAT(foreign, StartsWith("8512 "));
  EXPECT_THAT(unknown, StartsWith("8512 "));
  home.share(kDelta2Sn, "bob", Rights::kMonitor);
  EXPECT_THAT(home.set(bob, kDelta2Sn, kQuiet).text(), StartsWith("8512 "));
  const FakePtr app = replies_to("bob");
  mqtt_set(app, "bob", quiet("6"));
  EXPECT_THAT(app->take(),
              ElementsAre(AllOf(
                  StartsWith("q1 " + home.open("bob", fmt::format("{}/set_reply", kDelta2Sn))),
                  HasSubstr(R"("code":"-1")"), HasSubstr(R"("id":6)"))));
  EXPECT_THAT(asked(), IsEmpty());
  home.share(kDelta2Sn, "bob", Rights::kFull);
  EXPECT_FALSE(home.set(bob, kDelta2Sn, kQuiet).here());
  EXPECT_EQ(asked().size(), 1U);
}

TEST_F(Sets, AReadOnlyFamilySaysSo) {
  const FakePtr ocean = home.connect_device(kOcean);
  EXPECT_THAT(home.set(alice, kOcean, R"({"params":{"x":1}})").text(),
              AllOf(StartsWith("1008 "), HasSubstr("read-only")));
  const FakePtr app = replies_to("alice");
  home.publish(app, home.open("alice", fmt::format("{}/set", kOcean)), R"({"id":3,"params":{}})");
  EXPECT_THAT(app->take(),
              ElementsAre(AllOf(HasSubstr(R"("code":"1008")"), HasSubstr("read-only"))));
  EXPECT_THAT(ocean->take(), IsEmpty());
}

TEST_F(Sets, ADeviceThatDoesNotKnowASelectorAnswers1008) {
  const auto answer =
      home.set(alice, kDelta2Sn, R"({"moduleType":5,"operateType":"fly","params":{}})");
  const std::string id = member_of(asked().at(0), "id");
  reply(id, R"("code":"1008","message":"there is no fly")");
  EXPECT_THAT(answer.text(), AllOf(StartsWith("1008 "), HasSubstr("there is no fly")));
  const auto number =
      home.set(alice, kDelta2Sn, R"({"moduleType":5,"operateType":"fly","params":{}})");
  reply(member_of(asked().at(0), "id"), R"("code":1008)");
  EXPECT_THAT(number.text(), StartsWith("1008 "));
}

TEST_F(Sets, AnUnknownFamilyTakesEverySetAsItIs) {
  const FakePtr thing = home.connect_device(kUnknown);
  const auto answer = home.set(
      alice, kUnknown, R"({"sn":"XYZ0001","cmdSet":32,"params":{"id":66,"a":[1.5,{"b":null}]}})");
  EXPECT_FALSE(answer.here());
  const Lines got = thing->take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(member_of(payload_of(got[0]), "cmdSet"), "32");
  EXPECT_EQ(member_of(payload_of(got[0]), "params"), R"({"id":66,"a":[1.5,{"b":null}]})");
}

TEST_F(Sets, AnMqttSetThatIsNoObjectIsRefusedOnItsReplyTopic) {
  const FakePtr app = replies_to("alice");
  for (const char* payload : {"", "no JSON", "[1]", "5", R"({"id":1)"}) {
    mqtt_set(app, "alice", payload);
    EXPECT_THAT(app->take(), ElementsAre(HasSubstr(R"("code":"1008")"))) << payload;
  }
  EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(Sets, AGatewayGetsTheSetsOfItsDevices) {
  home.leave(device);
  const FakePtr gateway = home.connect_gateway("alice");
  home.report(gateway, kDelta2Sn, "{}");
  const auto answer = home.set(alice, kDelta2Sn, kQuiet);
  const Lines got = gateway->take();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_THAT(got[0], StartsWith(fmt::format("q1 /device/{}/set ", kDelta2Sn)));
  home.publish(gateway, fmt::format("/device/{}/set_reply", kDelta2Sn),
               fmt::format(R"({{"id":{},"ok":1}})", member_of(payload_of(got[0]), "id")));
  EXPECT_THAT(answer.text(), HasSubstr(R"("ok":1)"));
}

TEST_F(Sets, ASetIsAnsweredEvenIfTheDeviceIsRemovedMeanwhile) {
  const auto answer = home.set(alice, kDelta2Sn, kQuiet);
  home.leave(device);
  must(home.registry->remove_device(kDelta2Sn));
  home.settle();
  home.pass(Millis(250));
  home.pass(Millis(8000));
  EXPECT_TRUE(answer.here());
}

TEST_F(Sets, AFormerOwnerDoesNotGetTheReply) {
  home.share(kDelta2Sn, "bob", registry::Rights::kFull);
  const auto answer = home.set(bob, kDelta2Sn, kQuiet);
  const std::string id = member_of(payload_of(device->take().at(0)), "id");
  home.share(kDelta2Sn, "bob", registry::Rights::kMonitor);
  EXPECT_THAT(answer.text(), StartsWith("8512 "));
  home.publish(device, fmt::format("/device/{}/set_reply", kDelta2Sn),
               fmt::format(R"({{"id":{},"secret":1}})", id));
  EXPECT_THAT(answer.text(), StartsWith("8512 "));
}

TEST_F(Sets, AGetAnswersTheQuotasUnderTheFamilysEnvelope) {
  home.report(device, kDelta2Sn,
              R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":5,"wattsOutSum":7}})");
  const FakePtr app = home.connect_app("alice");
  home.subscribe(app, {.filter = home.open("alice", "+/get_reply"), .qos = Qos::kAtLeastOnce});
  const std::string topic = home.open("alice", fmt::format("{}/get", kDelta2Sn));
  home.publish(app, topic, R"({"id":"12","version":"1.1","params":{"quotas":["pd.soc","none"]}})");
  const std::string reply = payload_of(app->take().at(0));
  EXPECT_EQ(member_of(reply, "id"), "12");
  EXPECT_EQ(member_of(reply, "data"), R"({"pd.soc":5})");

  home.publish(app, topic, R"({"id":13,"operateType":"latestQuotas"})");
  const std::string latest = member_of(payload_of(app->take().at(0)), "data");
  EXPECT_EQ(member_of(latest, "sn"), fmt::format("\"{}\"", kDelta2Sn));
  EXPECT_EQ(member_of(latest, "online"), "1");
  EXPECT_EQ(member_of(latest, "quotaMap"), R"({"pd.soc":5,"pd.wattsOutSum":7})");
}

TEST_F(Sets, AGetIsRefusedForTheSameReasonsAsASet) {
  const FakePtr app = home.connect_app("alice");
  home.subscribe(app, {.filter = home.open("alice", "+/get_reply"), .qos = Qos::kAtLeastOnce});
  const auto get = [&](std::string_view sn, std::string payload) {
    home.publish(app, home.open("alice", fmt::format("{}/get", sn)), std::move(payload));
    const Lines lines = app->take();
    return lines.size() == 1 ? member_of(payload_of(lines[0]), "code") : "not one answer";
  };
  const std::string good = R"({"id":1,"params":{"quotas":["pd.soc"]}})";
  EXPECT_EQ(get(kDelta2Sn, good), R"("0")");
  EXPECT_EQ(get("NOSUCH1", good), R"("-1")");
  EXPECT_EQ(get(kOcean, good), R"("-2")");  // not connected
  EXPECT_EQ(get(kDelta2Sn, "no JSON"), R"("1008")");
  EXPECT_EQ(get(kDelta2Sn, R"({"id":1})"), R"("1008")");
  EXPECT_EQ(get(kDelta2Sn, R"({"id":1,"params":{"quotas":[]}})"), R"("1008")");
}

TEST_F(Sets, ReadsAreAnsweredFromTheLastValuesAlsoWhenTheDeviceIsOffline) {
  EXPECT_EQ(home.read_all(alice, kDelta2Sn), "{}");
  home.report(device, kDelta2Sn, R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":5}})");
  home.leave(device);
  EXPECT_EQ(home.read_all(alice, kDelta2Sn), R"({"pd.soc":5})");
  EXPECT_EQ(home.read(alice, kDelta2Sn, {"pd.soc", "pd.none"}), R"({"pd.soc":5})");
  EXPECT_THAT(home.read_all(bob, kDelta2Sn), StartsWith("8512 "));
  EXPECT_THAT(home.read(bob, kDelta2Sn, {"pd.soc"}), StartsWith("8512 "));
  EXPECT_THAT(home.read(alice, "NOSUCH1", {"pd.soc"}), StartsWith("8512 "));
  home.share(kDelta2Sn, "bob", Rights::kMonitor);
  EXPECT_EQ(home.read(bob, kDelta2Sn, {"pd.soc"}), R"({"pd.soc":5})");
}

}  // namespace
}  // namespace gridloom::hub
