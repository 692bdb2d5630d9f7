// The MQTT standards' statements about retained messages and about subscribing and unsubscribing,
// from the bytes to the hub, in both versions. `proves` names the statements; see
// tests/conformance/table.py.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mqtt/test_conformance.h"

namespace gridloom::mqtt {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using wire::mqtt::FilterEntry;
using wire::mqtt::Reason;
using wire::mqtt::RetainHandling;
using wire::mqtt::Subscribe;
using wire::mqtt::Unsubscribe;

using MessageConformance = MqttStandard;
INSTANTIATE_TEST_SUITE_P(Versions, MessageConformance, testing::Values(Version::k311, Version::k5),
                         version_name);
// Only in version 5.
using MessageConformance5 = MqttStandard;
INSTANTIATE_TEST_SUITE_P(Version5, MessageConformance5, testing::Values(Version::k5), version_name);

// proves v3: MQTT-3.1.2-7, MQTT-3.3.1-5, MQTT-3.3.1-6, MQTT-3.3.1-7, MQTT-3.3.1-8
// proves v5: MQTT-3.3.1-5, MQTT-3.3.1-9
TEST_P(MessageConformance, TheLastRetainedMessageAwaitsNewSubscribers) {
  const auto now_retained = [&] {
    auto later = app(clean("later"));
    later->subscribe({quota()}, Qos::kExactlyOnce);
    return published(*later);
  };
  EXPECT_THAT(now_retained(), IsEmpty());
  report("first", Qos::kAtLeastOnce, true);
  EXPECT_THAT(now_retained(), ElementsAre("q1 id1 retained first"));
  report("second", Qos::kExactlyOnce, true);
  EXPECT_THAT(now_retained(), ElementsAre("q2 id1 retained second"));
  report("third", Qos::kAtMostOnce, true);
  EXPECT_THAT(now_retained(), ElementsAre("q0 retained third"));
  // The end of the publisher's session does not matter.
  sender_->send(wire::mqtt::Disconnect{});
  home.settle();
  EXPECT_THAT(now_retained(), ElementsAre("q0 retained third"));
  sender_ = connected_device();
  EXPECT_THAT(now_retained(), ElementsAre("q0 retained third"));
}

// proves v3: MQTT-3.3.1-6
// proves v5: MQTT-3.3.1-9
TEST_P(MessageConformance, AWildcardBringsTheRetainedMessageOfEachTopicThatItMatches) {
  std::vector<std::string> quotas;
  std::vector<std::string> all;
  for (const std::string sn : {"R331WILD1", "R331WILD2", "R331WILD3"}) {
    home.add_device(sn, "alice");
    auto device = std::make_unique<Peer>(home, server, GetParam());
    device->join_device(sn, clean(sn));
    for (const std::string_view verb : {"quota", "status"}) {
      const std::string topic = fmt::format("/device/{}/{}", sn, verb);
      const std::string payload = fmt::format(R"({{"params":{{"of":"{}"}}}})", sn);
      device->send(Publish{.qos = Qos::kAtLeastOnce,
                           .retain = true,
                           .topic = topic,
                           .packet_id = 1,
                           .payload = payload});
      home.settle();
    }
    quotas.push_back(home.open("alice", sn + "/quota"));
    all.push_back(quotas.back());
    all.push_back(home.open("alice", sn + "/status"));
    // Its end would be retained, too.
    device->send(wire::mqtt::Disconnect{});
    home.settle();
  }
  const auto retained_topics = [&](const std::string& filter) {
    auto later = app(clean("later"));
    later->subscribe({filter}, Qos::kAtMostOnce);
    std::vector<std::string> topics;
    for (const std::string& line : later->said()) {
      if (!line.starts_with("PUBLISH ")) continue;
      EXPECT_THAT(line, HasSubstr(" q0 retained "));
      const std::string topic = line.substr(8, line.find(' ', 8) - 8);
      if (topic.contains("R331WILD")) topics.push_back(topic);
    }
    return topics;
  };
  EXPECT_THAT(retained_topics(home.open("alice", "+/quota")),
              testing::UnorderedElementsAreArray(quotas));
  EXPECT_THAT(retained_topics(home.open("alice", "#")), testing::UnorderedElementsAreArray(all));
}

// proves v3: MQTT-3.3.1-9
// proves v5: MQTT-3.3.1-12, MQTT-3.3.1-13
TEST_P(MessageConformance, AnOldSubscriptionBringsRetainOnlyAsPublishedAndIfItAsked) {
  const auto plain = watcher(quota(), Qos::kAtMostOnce, "plain");
  auto asking = app(clean("asking"));
  const std::string filter = quota();
  asking->send(
      Subscribe{.packet_id = 1, .entries = {{.filter = filter, .retain_as_published = is_5()}}});
  home.settle();
  static_cast<void>(asking->said());
  report("kept", Qos::kAtMostOnce, true);
  report("not kept", Qos::kAtMostOnce, false);
  EXPECT_THAT(published(*plain), ElementsAre("q0 kept", "q0 not kept"));
  if (is_5()) {
    EXPECT_THAT(published(*asking), ElementsAre("q0 retained kept", "q0 not kept"));
  } else {
    EXPECT_THAT(published(*asking), ElementsAre("q0 kept", "q0 not kept"));
  }
}

// proves v3: MQTT-3.3.1-10, MQTT-3.3.1-11
// proves v5: MQTT-3.3.1-6, MQTT-3.3.1-7
TEST_P(MessageConformance, AnEmptyRetainedMessageIsDeliveredAndEndsTheRetainedOne) {
  const auto old = watcher(quota());
  report("kept", Qos::kAtLeastOnce, true);
  report("", Qos::kAtLeastOnce, true);
  EXPECT_THAT(published(*old), ElementsAre("q1 id1 kept", "q1 id2 "));
  auto later = app(clean("later"));
  later->subscribe({quota()});
  EXPECT_THAT(published(*later), IsEmpty());
  report("", Qos::kAtLeastOnce, true);
  EXPECT_THAT(published(*later), ElementsAre("q1 id1 "));
  auto latest = app(clean("latest"));
  latest->subscribe({quota()});
  EXPECT_THAT(published(*latest), IsEmpty());
}

// proves v3: MQTT-3.3.1-12
// proves v5: MQTT-3.3.1-8
TEST_P(MessageConformance, AMessageWithoutRetainLeavesTheRetainedOneAlone) {
  const auto now_retained = [&] {
    auto later = app(clean("later"));
    later->subscribe({quota()});
    return published(*later);
  };
  report("passing");
  EXPECT_THAT(now_retained(), IsEmpty());
  report("kept", Qos::kAtLeastOnce, true);
  report("passing");
  report("");
  EXPECT_THAT(now_retained(), ElementsAre("q1 id1 retained kept"));
}

// proves v3: MQTT-3.8.4-3
// proves v5: MQTT-3.3.1-9, MQTT-3.8.4-3, MQTT-3.8.4-4
TEST_P(MessageConformance, SubscribingAgainReplacesResendsAndLosesNothing) {
  report("kept", Qos::kAtLeastOnce, true);
  auto peer = app(clean());
  peer->subscribe({quota()}, Qos::kAtLeastOnce);
  EXPECT_THAT(published(*peer), ElementsAre("q1 id1 retained kept"));
  const std::string filter = quota();
  for (int round = 0; round < 3; ++round) {
    // Reports directly before and after the SUBSCRIBE, with nothing settled between.
    const std::string topic = fmt::format("/device/{}/quota", kSn);
    sender_->publish(topic, "before", 0);
    peer->send(Subscribe{.packet_id = 2, .entries = {{.filter = filter}}});
    sender_->publish(topic, "behind", 0);
    home.settle();
    EXPECT_THAT(published(*peer), ElementsAre("q0 before", "q0 retained kept", "q0 behind"));
  }
  report("once, at the new QoS");
  EXPECT_THAT(published(*peer), ElementsAre("q0 once, at the new QoS"));
}

// proves v5: MQTT-3.3.1-9, MQTT-3.3.1-10, MQTT-3.3.1-11
TEST_P(MessageConformance5, RetainHandlingSaysWhenRetainedMessagesCome) {
  report("kept", Qos::kAtMostOnce, true);
  auto peer = app(keeping());
  const std::string filter = quota();
  const auto sent = [&](RetainHandling handling) {
    peer->send(
        Subscribe{.packet_id = 1, .entries = {{.filter = filter, .retain_handling = handling}}});
    home.settle();
    return published(*peer).size();
  };
  EXPECT_EQ(sent(RetainHandling::kDoNotSend), 0U);
  EXPECT_EQ(sent(RetainHandling::kSendIfNew), 0U);
  EXPECT_EQ(sent(RetainHandling::kSend), 1U);
  EXPECT_EQ(sent(RetainHandling::kSend), 1U);
  peer->send(Unsubscribe{2, {}, {filter}});
  EXPECT_EQ(sent(RetainHandling::kSendIfNew), 1U);
  EXPECT_EQ(sent(RetainHandling::kSendIfNew), 0U);
  peer->drop();
  peer = app(keeping());  // in a resumed session the subscription is not new
  EXPECT_EQ(sent(RetainHandling::kSendIfNew), 0U);
}

// proves v3: MQTT-3.8.4-4, MQTT-3.8.4-5, MQTT-3.8.4-6
// proves v5: MQTT-3.8.4-5, MQTT-3.8.4-6, MQTT-3.8.4-7, MQTT-3.8.4-8
TEST_P(MessageConformance, FiltersOfOnePacketAreTakenOneAfterTheOther) {
  auto peer = app(clean());
  static_cast<void>(peer->said());
  const std::string filter = quota();
  const std::string other = set();
  peer->send(Subscribe{.packet_id = 7,
                       .entries = {{.filter = filter, .qos = Qos::kExactlyOnce},
                                   {.filter = "/open/another/#", .qos = Qos::kExactlyOnce},
                                   {.filter = other, .qos = Qos::kAtLeastOnce},
                                   {.filter = filter, .qos = Qos::kAtMostOnce}}});
  home.settle();
  EXPECT_THAT(peer->said(),
              ElementsAre(fmt::format("SUBACK 7 granted QoS 2, {}, granted QoS 1, success",
                                      is_5() ? "not authorized" : "unspecified error")));
  report("x", Qos::kExactlyOnce);
  EXPECT_THAT(published(*peer), ElementsAre("q0 x"));  // the last of the two applies
}

// proves v5: MQTT-3.9.3-2, MQTT-3.11.3-2
TEST_P(MessageConformance5, OurReasonsAreThoseOfSubackAndUnsuback) {
  constexpr unsigned kSuback[] = {0x00, 0x01, 0x02, 0x80, 0x83, 0x87,
                                  0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2};
  constexpr unsigned kUnsuback[] = {0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91};
  SessionTable narrow(TableLimits{.subscriptions = 3});
  const ServerContext to_it{.hub = home.hub.get(), .clock = &home.clock, .sessions = &narrow};
  Peer peer(home, to_it, GetParam());
  peer.join_app("alice", clean());
  static_cast<void>(peer.said());
  const std::string filters[] = {"#", quota(), set(), home.open("alice", "#"),
                                 home.open("alice", "+/#")};
  Subscribe packet{.packet_id = 1};
  Unsubscribe ending{.packet_id = 2};
  for (const std::string& filter : filters) {
    const auto qos = static_cast<Qos>(packet.entries.size() % 3);
    packet.entries.push_back({.filter = filter, .qos = qos});
    ending.filters.emplace_back(filter);
  }
  peer.send(packet);
  peer.send(ending);
  home.settle();
  std::set<unsigned> seen;
  const std::string bytes = peer.output();
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto header = **wire::mqtt::peek_header(rest);
    const auto decoded = wire::mqtt::decode(rest.substr(0, header.total_bytes()), Version::k5);
    ASSERT_TRUE(decoded);
    rest.remove_prefix(header.total_bytes());
    if (const auto* suback = std::get_if<wire::mqtt::Suback>(&*decoded)) {
      for (const Reason reason : suback->reasons) {
        EXPECT_EQ(std::ranges::count(kSuback, static_cast<unsigned>(reason)), 1);
        seen.insert(static_cast<unsigned>(reason));
      }
    } else if (const auto* unsuback = std::get_if<wire::mqtt::Unsuback>(&*decoded)) {
      for (const Reason reason : unsuback->reasons) {
        EXPECT_EQ(std::ranges::count(kUnsuback, static_cast<unsigned>(reason)), 1);
        seen.insert(static_cast<unsigned>(reason));
      }
    }
  }
  EXPECT_THAT(seen, ElementsAre(0x00, 0x01, 0x02, 0x11, 0x87, 0x97));
}

// proves v3: MQTT-3.10.4-2, MQTT-3.10.4-4, MQTT-3.10.4-5, MQTT-3.10.4-6
// proves v5: MQTT-3.10.4-2, MQTT-3.10.4-4, MQTT-3.10.4-5, MQTT-3.10.4-6
TEST_P(MessageConformance, UnsubscribingSeveralFiltersHasOneAnswer) {
  auto peer = app(clean());
  peer->subscribe({quota(), set()});
  static_cast<void>(peer->said());
  const std::string mine = quota();
  const std::string other = set();
  peer->send(Unsubscribe{11, {}, {mine, "never/subscribed", other, mine}});
  home.settle();
  EXPECT_THAT(peer->said(),
              ElementsAre(is_5() ? "UNSUBACK 11 success, no subscription existed, success, no "
                                   "subscription existed"
                                 : "UNSUBACK 11 "));
  report("x");
  EXPECT_THAT(peer->said(), IsEmpty());
  peer->send(Unsubscribe{12, {}, {"never/subscribed"}});
  home.settle();
  EXPECT_THAT(peer->said(),
              ElementsAre(is_5() ? "UNSUBACK 12 no subscription existed" : "UNSUBACK 12 "));
}

// proves v3: MQTT-3.10.4-3
// proves v5: MQTT-3.10.4-3
TEST_P(MessageConformance, ADeliveryThatHasBegunOutlivesItsSubscription) {
  auto peer = app(keeping());
  const std::string filter = quota();
  peer->subscribe({filter}, Qos::kExactlyOnce);
  report("one", Qos::kAtLeastOnce);
  report("two", Qos::kExactlyOnce);
  EXPECT_THAT(published(*peer), ElementsAre("q1 id1 one", "q2 id2 two"));
  peer->send(Unsubscribe{3, {}, {filter}});
  home.settle();
  static_cast<void>(peer->said());
  peer->send(wire::mqtt::Pubrec{2, {}, {}});
  EXPECT_THAT(peer->said(), ElementsAre("PUBREL 2 success"));
  peer->drop();
  auto again = app(keeping());
  EXPECT_THAT(again->said(), ElementsAre(HasSubstr("present"), "PUBREL 2 success",
                                         fmt::format("PUBLISH {} q1 id1 dup one", filter)));
  again->send(wire::mqtt::Pubcomp{2, {}, {}});
  again->send(wire::mqtt::Puback{1, {}, {}});
  again->drop();
  EXPECT_THAT(app(keeping())->said(), ElementsAre(HasSubstr("present")));
}

// proves v3: MQTT-3.3.5-2
TEST_P(MessageConformance, ARefusedPublicationIsAcknowledgedAndNotDelivered) {
  const auto seen = watcher(home.open("alice", "#"));
  auto peer = app(clean());
  static_cast<void>(peer->said());
  peer->publish(quota(), "forged", 4);
  home.settle();
  EXPECT_THAT(peer->said(), ElementsAre(is_5() ? "PUBACK 4 not authorized" : "PUBACK 4 success"));
  EXPECT_FALSE(peer->connection().finished());
  EXPECT_THAT(published(*seen), IsEmpty());
}

}  // namespace
}  // namespace gridloom::mqtt
