// The MQTT standards' statements about routing, within the platform's topic space: which messages
// reach which subscriber, in which order, and with which properties. `proves` names the statements;
// see tests/conformance/table.py.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/home.h"
#include "wire/mqtt/topic.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kOther = "HJ31ZDH2ZF690025";

class RoutingConformance : public testing::TestWithParam<std::size_t> {
 protected:
  RoutingConformance() : home(GetParam()) {
    home.add_account("alice");
    home.add_device(kDelta2Sn, "alice");
    home.add_device(kOther, "alice");
  }
  [[nodiscard]] std::string open(std::string_view sn, std::string_view verb) const {
    return home.open("alice", fmt::format("{}/{}", sn, verb));
  }
  // Subscribes without retained messages.
  bool subscribe(const FakePtr& client, const std::string& filter, Qos qos = Qos::kAtLeastOnce) {
    return home.subscribe(client, {.filter = filter, .qos = qos, .send_retained = false});
  }
  // Publishes reports of both devices and a set, so that three topics have messages.
  void say_something(const FakePtr& gateway, const FakePtr& app) {
    home.report(gateway, kDelta2Sn, "{}");
    home.report(gateway, kOther, "{}");
    home.publish(app, open(kOther, "set"), R"({"id":1})");
  }

  TestHome home;
};

INSTANTIATE_TEST_SUITE_P(Shards, RoutingConformance, testing::Values(1, 4));

// The topic in a line "q1 TOPIC PAYLOAD".
std::string topic_of(const std::string& line) {
  const std::size_t from = line.find('/');
  return line.substr(from, line.find(' ', from) - from);
}

// proves v3: MQTT-3.3.2-3, MQTT-4.5.0-1
// proves v5: MQTT-3.3.2-3, MQTT-4.5.0-1
TEST_P(RoutingConformance, AFilterBringsTheTopicsThatItMatchesAndNoOthers) {
  const FakePtr gateway = home.connect_gateway("alice");
  const FakePtr app = home.connect_app("alice", "everything");
  const FakePtr everything = home.subscriber("alice", "reference");
  for (const std::string& filter :
       {open(kDelta2Sn, "quota"), open(kDelta2Sn, "+"), open(kDelta2Sn, "#"), open("+", "quota"),
        open("+", "+"), open("+", "set"), home.open("alice", "#"), home.open("alice", "+/#"),
        open(kOther, "set/#"), open("+", "quota/+"), home.open("alice", "+")}) {
    const FakePtr client = home.connect_app("alice", "client");
    ASSERT_TRUE(subscribe(client, filter)) << filter;
    everything->take();
    say_something(gateway, app);
    Lines expected;
    const Lines all = everything->take();
    ASSERT_GE(all.size(), 3U);
    for (const std::string& line : all) {
      if (wire::mqtt::filter_matches(filter, topic_of(line))) expected.push_back(line);
    }
    Lines got = client->take();
    std::ranges::sort(got);
    std::ranges::sort(expected);
    EXPECT_EQ(got, expected) << filter;
    home.leave(client);
  }
}

// proves v3: MQTT-4.6.0-5, MQTT-4.6.0-6
// proves v5: MQTT-4.6.0-5, MQTT-4.6.0-6
TEST_P(RoutingConformance, MessagesOfATopicKeepTheirOrder) {
  const FakePtr gateway = home.connect_gateway("alice");
  std::vector<FakePtr> apps;
  for (const std::string& filter : {open(kDelta2Sn, "quota"), open("+", "quota")}) {
    apps.push_back(home.connect_app("alice", filter));
    ASSERT_TRUE(subscribe(apps.back(), filter, Qos::kExactlyOnce));
  }
  std::vector<Lines> expected(apps.size());
  Hub::Batch batch(*home.hub);
  for (int i = 0; i < 300; ++i) {
    const Qos qos = static_cast<Qos>(i % 3);
    auto message = std::make_shared<wire::mqtt::Message>();
    message->topic = fmt::format("/device/{}/quota", i % 7 == 0 ? kOther : kDelta2Sn);
    message->payload = fmt::format("{}", i);
    ASSERT_TRUE(batch.add(gateway, message, {.qos = qos}));
    if (i % 5 == 0) batch.post(gateway);
    if (i % 11 == 0) home.settle();
    if (i % 7 == 0) continue;
    for (Lines& lines : expected) {
      lines.push_back(fmt::format("q{} {} {}", i % 3, open(kDelta2Sn, "quota"), i));
    }
  }
  batch.post(gateway);
  home.settle();
  for (std::size_t n = 0; n < apps.size(); ++n) {
    Lines got = apps[n]->take();
    std::erase_if(got, [](const std::string& line) { return line.contains(kOther); });
    EXPECT_EQ(got, expected[n]);
  }
}

// proves v3: MQTT-3.10.4-1
// proves v5: MQTT-3.10.4-1
TEST_P(RoutingConformance, UnsubscribingComparesFiltersCharacterByCharacter) {
  const FakePtr gateway = home.connect_gateway("alice");
  const FakePtr app = home.connect_app("alice");
  const std::string quota = open(kDelta2Sn, "quota");
  ASSERT_TRUE(subscribe(app, quota));
  for (const std::string& filter :
       {open("+", "quota"), open(kDelta2Sn, "+"), home.open("alice", "#"), std::string("#"),
        std::string("+"), quota + "/", quota + "/#", quota.substr(1), quota + " "}) {
    home.hub->unsubscribe(app, filter);
    home.settle();
    home.report(gateway, kDelta2Sn, "{}");
    EXPECT_THAT(app->take(), ElementsAre("q1 " + quota + " {}")) << filter;
  }
  ASSERT_TRUE(subscribe(app, open("+", "quota")));
  home.hub->unsubscribe(app, quota);
  home.report(gateway, kDelta2Sn, "{}");
  EXPECT_EQ(app->take().size(), 1U);
  home.hub->unsubscribe(app, open("+", "quota"));
  home.report(gateway, kDelta2Sn, "{}");
  EXPECT_THAT(app->take(), IsEmpty());
}

// proves v5: MQTT-3.3.2-4, MQTT-3.3.2-6, MQTT-3.3.2-15, MQTT-3.3.2-16, MQTT-3.3.2-17
// proves v5: MQTT-3.3.2-18, MQTT-3.3.2-20
TEST_P(RoutingConformance, AMessagesPropertiesReachEverySubscriber) {
  const FakePtr gateway = home.connect_gateway("alice");
  const FakePtr one = home.subscriber("alice", "one");
  const FakePtr two = home.subscriber("alice", "two");
  auto message = std::make_shared<wire::mqtt::Message>();
  message->topic = fmt::format("/device/{}/quota", kDelta2Sn);
  message->payload = std::string("\x00\xff", 2) + " is no JSON";
  message->payload_is_text = true;
  message->expires_at = kTestStart + Millis(60'000);
  message->content_type = "text/plain; charset=utf-8";
  message->response_topic = "anywhere/at all";
  message->correlation_data = std::string("\x00\xff", 2);
  message->user_properties = {{"b", "2"}, {"a", "1"}, {"b", "1"}, {"", ""}, {"a", "1"}};
  Hub::Batch batch(*home.hub);
  ASSERT_TRUE(batch.add(gateway, message, {.qos = Qos::kAtLeastOnce}));
  batch.post(gateway);
  home.settle();
  for (const FakePtr& app : {one, two}) {
    ASSERT_NE(app->last, nullptr);
    const wire::mqtt::Message& got = *app->last;
    EXPECT_EQ(got.payload, message->payload);
    EXPECT_EQ(got.payload_is_text, message->payload_is_text);
    EXPECT_EQ(got.expires_at, message->expires_at);
    EXPECT_EQ(got.content_type, message->content_type);
    EXPECT_EQ(got.response_topic, message->response_topic);
    EXPECT_EQ(got.correlation_data, message->correlation_data);
    EXPECT_EQ(got.user_properties, message->user_properties);
  }
}

// proves v5: MQTT-3.8.3-3
TEST_P(RoutingConformance, NoLocalIsAboutTheClientAndNotItsAccount) {
  const FakePtr app = home.connect_app("alice", "shy");
  const FakePtr other = home.connect_app("alice", "other");
  home.subscribe(app, {.filter = open(kDelta2Sn, "set"), .no_local = true, .send_retained = false});
  home.subscribe(app, {.filter = open("+", "get"), .send_retained = false});
  home.publish(app, open(kDelta2Sn, "set"), "{}");
  EXPECT_THAT(app->take(), IsEmpty());
  home.publish(app, open(kDelta2Sn, "get"), "{}");
  EXPECT_EQ(app->take().size(), 1U);  // no_local is not set for this one
  home.publish(other, open(kDelta2Sn, "set"), "{}");
  EXPECT_EQ(app->take().size(), 1U);
}

}  // namespace
}  // namespace gridloom::hub
