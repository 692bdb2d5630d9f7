// The standards' statements about what a session repeats on its next connection, and what it does
// not, in both versions. `proves` names the statements; see tests/conformance/table.py.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "wire/mqtt/packet.h"
#include "wire/mqtt/test_conformance_talk.h"
#include "wire/mqtt/test_talk.h"

namespace gridloom::wire::mqtt {
namespace {

using std::chrono::seconds;

Connect keeping(Version version) {
  Connect packet = plain_connect(version);
  packet.clean_start = false;
  if (version == Version::k5) packet.properties.add(PropertyId::kSessionExpiryS, 1000U);
  return packet;
}

// The next connection of the session; its CONNACK has been read.
std::unique_ptr<TestClient> resumed(TestClient& before, Version version, Millis later = Millis(0)) {
  before.session.lost("cut");
  auto talk = std::make_unique<TestClient>(version);
  talk->now = kStart + later;
  talk->send(keeping(version));
  (void)talk->events();
  talk->session.accept({.session_present = true, .session_expiry_s = 1000}, talk->now,
                       before.session.release());
  return talk;
}

// The output of a resumed session, without the CONNACK.
Lines repeated(TestClient& talk) {
  Lines lines = talk.said();
  EXPECT_TRUE(lines.at(0).starts_with("CONNACK success present"));
  lines.erase(lines.begin());
  return lines;
}

// proves v3: MQTT-2.3.1-4, MQTT-3.3.1-1, MQTT-4.4.0-1, MQTT-4.6.0-1
// proves v5: MQTT-3.3.1-1, MQTT-4.3.2-3, MQTT-4.3.3-3, MQTT-4.4.0-1
TEST(MqttConformance, UnansweredMessagesAreRepeatedWithTheirIdAndDup) {
  for (const Version version : kBothVersions) {
    TestClient first(version);
    first.join(keeping(version));
    first.deliver("a", Qos::kAtLeastOnce);
    first.deliver("b", Qos::kExactlyOnce);
    first.deliver("answered", Qos::kAtLeastOnce);
    first.deliver("c", Qos::kAtLeastOnce);
    first.deliver("d", Qos::kExactlyOnce);
    first.deliver("once", Qos::kAtMostOnce);
    first.send(Puback{3, {}, {}});
    (void)first.said();
    const auto second = resumed(first, version);
    const Lines again = {"PUBLISH t q1 id1 dup a", "PUBLISH t q2 id2 dup b",
                         "PUBLISH t q1 id4 dup c", "PUBLISH t q2 id5 dup d"};
    EXPECT_EQ(repeated(*second), again);
    const auto third = resumed(*second, version);
    EXPECT_EQ(repeated(*third), again);
    third->send(Puback{1, {}, {}});
    third->send(Pubrec{2, {}, {}});
    third->send(Pubcomp{2, {}, {}});
    third->send(Puback{4, {}, {}});
    third->deliver("new", Qos::kAtLeastOnce);
    EXPECT_EQ(third->said(), (Lines{"PUBREL 2 success", "PUBLISH t q1 id6 new"}));
  }
}

// A PUBREC confirms that the hub has the message. A message the hub had not answered when the
// connection ended is not acknowledged on the next connection before the hub answers, is not
// published twice, and is not stored on disk.
TEST(MqttConformance, AMessageOfAnEarlierConnectionIsAnsweredOnceTheHubHasIt) {
  const AckToken token{.packet_id = 7, .qos = Qos::kExactlyOnce};
  for (const Version version : kBothVersions) {
    for (const bool asked_first : {true, false}) {
      TestClient first(version);
      first.join(keeping(version));
      Publish publish;
      publish.topic = "t";
      publish.qos = Qos::kExactlyOnce;
      publish.packet_id = 7;
      first.send(publish);
      ASSERT_EQ(first.events().size(), 1);
      EXPECT_TRUE(first.session.received().empty());
      const auto second = resumed(first, version);
      (void)second->said();
      publish.dup = true;
      if (asked_first) second->send(publish);
      EXPECT_TRUE(second->said().empty());
      second->session.acknowledge(token, Reason::kSuccess);
      if (!asked_first) second->send(publish);
      EXPECT_EQ(second->said(), (Lines{"PUBREC 7 success"}));
      EXPECT_TRUE(second->events().empty());
      EXPECT_EQ(second->session.received(), (std::vector<std::uint16_t>{7}));
      second->send(Pubrel{7, {}, {}});
      EXPECT_EQ(second->said(), (Lines{"PUBCOMP 7 success"}));
    }
  }
}

// proves v3: MQTT-4.3.3-1, MQTT-4.4.0-1, MQTT-4.6.0-4
// proves v5: MQTT-4.3.3-5, MQTT-4.3.3-6, MQTT-4.4.0-1
TEST(MqttConformance, AReleasedMessageIsReleasedAgainAndNotPublished) {
  for (const Version version : kBothVersions) {
    TestClient first(version);
    first.join(keeping(version));
    for (int i = 0; i < 3; ++i) first.deliver("x", Qos::kExactlyOnce);
    for (const std::uint16_t id : {std::uint16_t{3}, std::uint16_t{1}}) {
      first.send(Pubrec{id, {}, {}});
    }
    (void)first.said();
    const auto second = resumed(first, version);
    EXPECT_EQ(repeated(*second),
              (Lines{"PUBREL 3 success", "PUBREL 1 success", "PUBLISH t q2 id2 dup x"}));
    second->send(Pubcomp{3, {}, {}});
    const auto third = resumed(*second, version);
    EXPECT_EQ(repeated(*third), (Lines{"PUBREL 1 success", "PUBLISH t q2 id2 dup x"}));
  }
}

// proves v5: MQTT-4.4.0-1
TEST(MqttConformance, NothingIsRepeatedWhileAConnectionLasts) {
  for (const Version version : kBothVersions) {
    TestClient talk(version);
    Connect connect = keeping(version);
    connect.keepalive_s = 0;
    talk.join(connect);
    talk.deliver("a", Qos::kAtLeastOnce);
    talk.deliver("b", Qos::kExactlyOnce);
    talk.send(Pubrec{2, {}, {}});
    (void)talk.said();
    for (int hour = 1; hour <= 24; ++hour) {
      talk.now = kStart + std::chrono::hours(hour);
      talk.session.tick(talk.now);
      talk.send(Pingreq{});
      EXPECT_EQ(talk.said(), Lines{"PINGRESP"});
    }
  }
}

// proves v5: MQTT-4.4.0-2
TEST(MqttConformance, ARefusedMessageIsNotRepeated) {
  TestClient first(Version::k5);
  first.join(keeping(Version::k5));
  first.deliver("a", Qos::kAtLeastOnce);
  first.deliver("b", Qos::kExactlyOnce);
  first.send(Puback{1, Reason::kQuotaExceeded, {}});
  first.send(Pubrec{2, Reason::kUnspecifiedError, {}});
  (void)first.said();
  const auto second = resumed(first, Version::k5);
  EXPECT_EQ(repeated(*second), Lines{});
}

// proves v5: MQTT-4.3.3-7, MQTT-3.3.2-5
TEST(MqttConformance, ASentMessageNoLongerExpires) {
  TestClient first(Version::k5, {.in_flight = 2});
  first.join(keeping(Version::k5));
  auto expiring = std::make_shared<Message>();
  expiring->topic = "t";
  expiring->payload = "x";
  expiring->expires_at = kStart + seconds(10);
  for (const Qos qos : {Qos::kExactlyOnce, Qos::kAtLeastOnce, Qos::kExactlyOnce}) {
    first.session.deliver(expiring, {.qos = qos}, kStart);
  }
  EXPECT_EQ(first.said(), (Lines{"PUBLISH t q2 id1 x 2:10", "PUBLISH t q1 id2 x 2:10"}));
  const auto second = resumed(first, Version::k5, seconds(60));
  EXPECT_EQ(repeated(*second), (Lines{"PUBLISH t q2 id1 dup x 2:0", "PUBLISH t q1 id2 dup x 2:0"}));
  second->send(Pubrec{1, {}, {}});
  second->send(Pubcomp{1, {}, {}});
  EXPECT_EQ(second->said(), Lines{"PUBREL 1 success"});
  EXPECT_EQ(second->session.outbox().dropped().expired, 1U);  // the message that was never sent
}

// proves v3: MQTT-4.3.3-2
// proves v5: MQTT-4.3.3-10, MQTT-4.3.3-12
TEST(MqttConformance, AClientsRepetitionOnItsNextConnectionIsTheSameMessage) {
  for (const Version version : kBothVersions) {
    TestClient first(version);
    first.join(keeping(version));
    first.publish(5, Qos::kExactlyOnce);
    first.session.acknowledge({.packet_id = 5, .qos = Qos::kExactlyOnce}, Reason::kSuccess);
    const auto second = resumed(first, version);
    (void)second->said();
    second->send(Publish{.dup = true, .qos = Qos::kExactlyOnce, .topic = "t", .packet_id = 5});
    EXPECT_EQ(second->events(), Lines{});
    second->send(Pubrel{5, {}, {}});
    EXPECT_EQ(second->said(), (Lines{"PUBREC 5 success", "PUBCOMP 5 success"}));
    second->publish(5, Qos::kExactlyOnce);
    EXPECT_EQ(second->events(), Lines{"publish t q2 id5 x"});
  }
}

// proves v5: MQTT-3.1.2-26, MQTT-3.1.2-27, MQTT-3.3.2-7, MQTT-3.3.2-8, MQTT-3.3.2-11
TEST(MqttConformance, OurAliasesStayWithinTheClientsMaximum) {
  for (const std::uint32_t maximum : {0U, 1U, 3U, 1000U}) {
    Connect connect = keeping(Version::k5);
    if (maximum != 0) connect.properties.add(PropertyId::kTopicAliasMaximum, maximum);
    TestClient talk(Version::k5);
    talk.join(connect);
    std::uint32_t highest = 0;
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 50; ++i) {
        talk.session.deliver(message(fmt::format("t/{}", i), "x"), {}, kStart);
        const std::string bytes = talk.output(kStart);
        const auto packet = decode(bytes, Version::k5);
        ASSERT_TRUE(packet);
        const auto& publish = std::get<Publish>(*packet);
        const auto alias = publish.properties.number(PropertyId::kTopicAlias);
        if (alias) {
          EXPECT_GE(*alias, 1U);
          highest = std::max(highest, *alias);
        }
        EXPECT_EQ(publish.topic.empty(), round == 1 && alias.has_value());
      }
    }
    EXPECT_LE(highest, maximum);
    EXPECT_EQ(highest != 0, maximum != 0);
  }
  TestClient zero(Version::k5);
  Connect none = plain_connect(Version::k5);
  none.properties.add(PropertyId::kTopicAliasMaximum, 0U);
  zero.join(none);
  zero.deliver("x", Qos::kAtMostOnce);
  zero.deliver("x", Qos::kAtMostOnce);
  EXPECT_EQ(zero.said(), (Lines{"PUBLISH t q0 x", "PUBLISH t q0 x"}));
}

}  // namespace
}  // namespace gridloom::wire::mqtt
