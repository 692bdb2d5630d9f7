// Tests messages through a session in both directions: acknowledgement, order, window, queue
// limits, properties.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/mqtt/session.h"
#include "wire/mqtt/test_talk.h"

namespace gridloom::wire::mqtt {
namespace {

using std::chrono::seconds;

// proves v3: MQTT-3.3.5-2, MQTT-4.3.2-2
// proves v5: MQTT-4.3.2-4, MQTT-4.3.3-8
TEST(MqttSession, AnAckLeavesOnlyWhenTheHubSaysSo) {
  for (const Version version : {Version::k311, Version::k5}) {
    TestClient talk(version);
    talk.join();
    talk.publish(7, Qos::kAtLeastOnce);
    talk.publish(8, Qos::kExactlyOnce);
    talk.publish(0, Qos::kAtMostOnce);
    EXPECT_EQ(talk.events(),
              (Lines{"publish t q1 id7 x", "publish t q2 id8 x", "publish t q0 id0 x"}));
    EXPECT_EQ(talk.said(), Lines{});
    talk.session.acknowledge({.packet_id = 8, .qos = Qos::kExactlyOnce}, Reason::kSuccess);
    talk.session.acknowledge({.packet_id = 0, .qos = Qos::kAtMostOnce}, Reason::kNotAuthorized);
    talk.session.acknowledge({.packet_id = 7, .qos = Qos::kAtLeastOnce}, Reason::kNotAuthorized);
    const std::string refusal = version == Version::k5 ? "not authorized" : "success";
    EXPECT_EQ(talk.said(), (Lines{"PUBREC 8 success", "PUBACK 7 " + refusal}));
    // A repeated or unexpected answer has no effect.
    talk.session.acknowledge({.packet_id = 7, .qos = Qos::kAtLeastOnce}, Reason::kSuccess);
    talk.session.acknowledge({.packet_id = 8, .qos = Qos::kExactlyOnce}, Reason::kSuccess);
    talk.session.acknowledge({.packet_id = 9, .qos = Qos::kExactlyOnce}, Reason::kSuccess);
    EXPECT_EQ(talk.said(), Lines{});
  }
}

class Taker final : public PlainPublicationTaker {
 public:
  bool take(const PlainPublication& publication) override {
    offered.push_back(fmt::format("{}{} q{} {}", publication.dup ? "dup " : "", publication.topic,
                                  static_cast<int>(publication.qos), publication.payload));
    if (takes) tokens.push_back(publication.token);
    return takes;
  }
  bool takes = true;
  Lines offered;
  std::vector<AckToken> tokens;
};

TEST(MqttSession, APlainPublicationIsOfferedBeforeItBecomesAnEvent) {
  TestClient talk(Version::k5);
  talk.join();
  Taker taker;
  const auto receive = [&](const std::vector<Packet>& packets) {
    std::string bytes;
    for (const Packet& packet : packets) encode(bytes, packet, Version::k5);
    talk.session.receive(bytes, talk.now, &taker);
    return std::exchange(taker.offered, {});
  };
  Properties alias;
  alias.add(PropertyId::kTopicAlias, 1U);
  Publish named{.topic = "t", .properties = alias, .payload = "1"};
  Publish short_one{.qos = Qos::kAtLeastOnce, .packet_id = 2, .properties = alias, .payload = "2"};
  Publish twice{
      .dup = true, .qos = Qos::kExactlyOnce, .topic = "t", .packet_id = 3, .payload = "3"};
  EXPECT_EQ(receive({named, short_one, twice}), (Lines{"t q0 1", "t q1 2", "dup t q2 3"}));
  EXPECT_EQ(talk.events(), Lines{});
  for (const AckToken& token : taker.tokens) talk.session.acknowledge(token, Reason::kSuccess);
  EXPECT_EQ(talk.said(), (Lines{"PUBACK 2 success", "PUBREC 3 success"}));
  EXPECT_EQ(receive({twice}), Lines{}) << "a retransmission";
  EXPECT_EQ(talk.said(), Lines{"PUBREC 3 success"});

  // A message with more than a payload is an event, and so are those behind an event.
  Properties typed;
  typed.add(PropertyId::kContentType, "text");
  const Publish retained{.retain = true, .topic = "t", .payload = "4"};
  const Publish with_type{.topic = "t", .properties = typed, .payload = "5"};
  const Publish plain{.topic = "t", .payload = "6"};
  EXPECT_EQ(receive({retained}), Lines{});
  EXPECT_EQ(talk.events(), Lines{"publish t q0 id0 retain 4"});
  EXPECT_EQ(receive({with_type, plain}), Lines{});
  EXPECT_EQ(talk.events().size(), 2U);
  taker.takes = false;
  EXPECT_EQ(receive({plain, plain}), Lines{"t q0 6"}) << "the second one is behind an event";
  EXPECT_EQ(talk.events(), (Lines{"publish t q0 id0 6", "publish t q0 id0 6"}));
  talk.publish(0, Qos::kAtMostOnce);
  EXPECT_EQ(talk.events(), Lines{"publish t q0 id0 x"}) << "without a taker";
}

TEST(MqttSession, PubcompWaitsForTheHubIfReleasesAreReported) {
  TestClient talk(Version::k311);
  talk.send(plain_connect(Version::k311));
  (void)talk.session.take_events();
  talk.session.accept({.emits_releases = true}, talk.now);
  (void)talk.said();
  talk.publish(3, Qos::kExactlyOnce);
  talk.session.acknowledge({.packet_id = 3, .qos = Qos::kExactlyOnce}, Reason::kSuccess);
  talk.send(Pubrel{3, {}, {}});
  EXPECT_EQ(talk.events(), (Lines{"publish t q2 id3 x", "released 3"}));
  EXPECT_EQ(talk.said(), Lines{"PUBREC 3 success"});
  talk.session.completed(3);
  EXPECT_EQ(talk.said(), Lines{"PUBCOMP 3 success"});
  talk.session.completed(3);
  EXPECT_EQ(talk.said(), Lines{}) << "nothing is owed";
}

TEST(MqttSession, AMessageOfQos2ArrivesOnceHoweverOftenItIsSent) {
  TestClient talk(Version::k5);
  talk.join();
  const AckToken token{.packet_id = 3, .qos = Qos::kExactlyOnce};
  talk.publish(3, Qos::kExactlyOnce);
  talk.publish(3, Qos::kExactlyOnce);
  EXPECT_EQ(talk.events(), Lines{"publish t q2 id3 x"});
  talk.session.acknowledge(token, Reason::kSuccess);
  talk.publish(3, Qos::kExactlyOnce);
  talk.send(Pubrel{3, {}, {}});
  talk.send(Pubrel{3, {}, {}});
  EXPECT_EQ(talk.said(), (Lines{"PUBREC 3 success", "PUBREC 3 success", "PUBCOMP 3 success",
                                "PUBCOMP 3 packet id not found"}));
  EXPECT_EQ(talk.events(), Lines{});
  talk.publish(3, Qos::kExactlyOnce, "new");
  EXPECT_EQ(talk.events(), Lines{"publish t q2 id3 new"});
  talk.session.acknowledge(token, Reason::kNotAuthorized);
  talk.publish(3, Qos::kExactlyOnce, "the refusal ended it");
  EXPECT_EQ(talk.events(), Lines{"publish t q2 id3 the refusal ended it"});
  talk.send(Pubrel{3, {}, {}});
  EXPECT_EQ(talk.said(), (Lines{"PUBREC 3 not authorized", "DISCONNECT protocol error"}));
}

TEST(MqttSession, MessagesAreDeliveredInEveryQosAndAnswered) {
  TestClient talk(Version::k311);
  talk.join();
  talk.session.deliver(message("a", "zero"), {.retain = true}, kStart);
  talk.deliver("one", Qos::kAtLeastOnce);
  talk.deliver("two", Qos::kExactlyOnce);
  EXPECT_EQ(talk.said(),
            (Lines{"PUBLISH a q0 retained zero", "PUBLISH t q1 id1 one", "PUBLISH t q2 id2 two"}));
  talk.send(Puback{1, {}, {}});
  talk.send(Pubrec{2, {}, {}});
  talk.send(Pubrec{2, {}, {}});
  talk.send(Pubcomp{2, {}, {}});
  talk.send(Puback{77, {}, {}});
  talk.send(Pubrec{78, {}, {}});
  EXPECT_EQ(talk.said(), (Lines{"PUBREL 2 success", "PUBREL 2 success", "PUBREL 78 success"}));
  EXPECT_FALSE(talk.session.finished());
}

TEST(MqttSession, AnAnswerOfTheWrongKindIsAProtocolError) {
  const Packet rows[] = {Pubrec{1, {}, {}}, Pubcomp{1, {}, {}}, Puback{2, {}, {}},
                         Pubcomp{2, {}, {}}};
  for (const Packet& packet : rows) {
    TestClient talk(Version::k5);
    talk.join();
    talk.deliver("one", Qos::kAtLeastOnce);
    talk.deliver("two", Qos::kExactlyOnce);
    (void)talk.said();
    talk.send(packet);
    EXPECT_EQ(talk.said(), Lines{"DISCONNECT protocol error"});
  }
}

TEST(MqttSession, TheClientsReceiveMaximumIsTheWindow) {
  TestClient talk(Version::k5);
  Connect packet = plain_connect(Version::k5);
  packet.properties.add(PropertyId::kReceiveMaximum, 2U);
  talk.join(packet);
  for (const char* payload : {"1", "2", "3", "4"}) talk.deliver(payload, Qos::kAtLeastOnce);
  talk.deliver("overtakes", Qos::kAtMostOnce);
  EXPECT_EQ(talk.said(),
            (Lines{"PUBLISH t q1 id1 1", "PUBLISH t q1 id2 2", "PUBLISH t q0 overtakes"}));
  EXPECT_EQ(talk.session.outbox().waiting(), 2U);
  talk.send(Puback{2, {}, {}});
  EXPECT_EQ(talk.said(), Lines{"PUBLISH t q1 id3 3"});
  talk.send(Puback{1, {}, {}});
  talk.send(Puback{3, {}, {}});
  EXPECT_EQ(talk.said(), Lines{"PUBLISH t q1 id4 4"});
  EXPECT_EQ(talk.session.outbox().waiting(), 0U);
}

TEST(MqttSession, AFullQueueDropsItsOldestQos0MessageFirst) {
  TestClient talk(Version::k311, {.output_bytes = 1, .queue_messages = 3});
  talk.join();
  talk.deliver("in the output", Qos::kAtMostOnce);
  talk.deliver("a", Qos::kAtLeastOnce);
  talk.deliver("b", Qos::kAtMostOnce);
  talk.deliver("c", Qos::kAtMostOnce);
  EXPECT_EQ(talk.session.outbox().dropped(), Dropped{});
  talk.deliver("d", Qos::kAtLeastOnce);  // drops b
  talk.deliver("e", Qos::kAtLeastOnce);  // drops c
  talk.deliver("f", Qos::kAtLeastOnce);  // drops a: no QoS 0 is left
  EXPECT_EQ(talk.session.outbox().dropped().queue_full, 3U);
  EXPECT_EQ(talk.session.outbox().waiting(), 3U);
  Lines all;
  while (talk.session.has_output()) {
    for (std::string& line : talk.said()) all.push_back(std::move(line));
  }
  EXPECT_EQ(all, (Lines{"PUBLISH t q0 in the output", "PUBLISH t q1 id1 d", "PUBLISH t q1 id2 e",
                        "PUBLISH t q1 id3 f"}));
}

TEST(MqttSession, TheQueueIsLimitedInBytesToo) {
  TestClient talk(Version::k311, {.output_bytes = 1, .queue_bytes = 2 * 11});
  talk.join();
  for (int i = 0; i < 3; ++i) talk.deliver("0123456789", Qos::kAtMostOnce);
  EXPECT_EQ(talk.session.outbox().waiting(), 2U);
  EXPECT_EQ(talk.session.outbox().dropped().queue_full, 0U);
  talk.deliver("0123456789", Qos::kAtMostOnce);
  EXPECT_EQ(talk.session.outbox().waiting(), 2U);
  EXPECT_EQ(talk.session.outbox().dropped().queue_full, 1U);
}

TEST(MqttSession, PropertiesCountInTheQueue) {
  TestClient talk(Version::k5, {.output_bytes = 1, .queue_bytes = 4000});
  talk.join();
  auto large = std::make_shared<Message>();
  large->topic = "t";
  large->user_properties = {{"name", std::string(1500, 'v')}, {"", ""}};
  const std::size_t each = bytes_of(*large);
  EXPECT_GT(each, 1500U + 2 * sizeof(UserProperties::value_type));
  for (int i = 0; i < 10; ++i) talk.session.deliver(large, {}, talk.now);
  EXPECT_LE(talk.session.outbox().waiting_bytes(), 4000U);
  EXPECT_EQ(talk.session.outbox().waiting(), 4000 / each);
}

TEST(MqttSession, UnacknowledgedMessagesHaveALimitInBytes) {
  TestClient talk(Version::k311, {.queue_bytes = 2 * 11});
  talk.join();
  for (int i = 0; i < 3; ++i) talk.deliver("0123456789", Qos::kAtLeastOnce);
  EXPECT_THAT(talk.said(), testing::SizeIs(2));
  EXPECT_EQ(talk.session.outbox().waiting(), 1U);
  talk.send(Puback{.packet_id = 1});
  EXPECT_THAT(talk.said(), testing::SizeIs(1));
  // A message larger than the limit in flight is sent alone.
  TestClient narrow(Version::k311, {.queue_bytes = 22});
  narrow.join();
  narrow.deliver(std::string(20, 'x'), Qos::kAtLeastOnce);
  EXPECT_THAT(narrow.said(), testing::SizeIs(1));
}

TEST(Outbox, TakesOfItsBudgetAndGivesAllBack) {
  const auto budget = std::make_shared<ByteBudget>(100);
  const auto push = [](Outbox& outbox, Qos qos) {
    outbox.push(message("t", "0123456789"), {.qos = qos});  // 11 bytes
  };
  {
    Outbox outbox(budget);
    outbox.open({.window = 2});
    for (const Qos qos : {Qos::kAtLeastOnce, Qos::kExactlyOnce, Qos::kAtLeastOnce}) {
      push(outbox, qos);
    }
    EXPECT_EQ(budget->taken(), 33U);
    std::string out;
    outbox.pump(out, 1000, kStart);
    EXPECT_EQ(budget->taken(), 33U) << "what is on its way is still held";
    ASSERT_TRUE(outbox.on_puback(1));
    EXPECT_EQ(budget->taken(), 22U);
    ASSERT_TRUE(outbox.on_pubrec(2, Reason::kSuccess));
    EXPECT_EQ(budget->taken(), 11U) << "of a released message there is no copy";
    // Another holder takes the rest: new messages displace older ones or are dropped.
    ASSERT_TRUE(budget->take(89));
    push(outbox, Qos::kAtLeastOnce);
    EXPECT_EQ(outbox.waiting(), 1U);
    EXPECT_EQ(outbox.dropped().queue_full, 1U);
    budget->release(89);
    push(outbox, Qos::kAtMostOnce);
    outbox.close();
    Outbox next = std::move(outbox);
    EXPECT_EQ(budget->taken(), 11U);
    next.remove_if([](const Message&) { return true; }, Outbox::Sending::kNo);
    EXPECT_EQ(budget->taken(), 0U);
    ASSERT_TRUE(budget->take(95));
    push(next, Qos::kAtLeastOnce);
    EXPECT_EQ(next.waiting(), 0U);
    EXPECT_EQ(next.dropped().queue_full, 2U);
    budget->release(95);
    next.restore({.entry = {.message = message("t", "x"), .qos = Qos::kAtLeastOnce}});
    EXPECT_EQ(budget->taken(), 2U);
  }
  EXPECT_EQ(budget->taken(), 0U);
}

// proves v5: MQTT-3.3.2-4, MQTT-3.3.2-5, MQTT-3.3.2-6, MQTT-3.3.2-15, MQTT-3.3.2-16, MQTT-3.3.2-17
// proves v5: MQTT-3.3.2-20, MQTT-3.3.4-4
TEST(MqttSession, MessagePropertiesPassThroughAndAnExpiredMessageDoesNot) {
  TestClient from(Version::k5);
  from.join();
  Publish packet{.topic = "t", .payload = "x"};
  packet.properties.add(PropertyId::kPayloadFormat, 1U);
  packet.properties.add(PropertyId::kMessageExpiryS, 10U);
  packet.properties.add(PropertyId::kContentType, "text");
  packet.properties.add(PropertyId::kResponseTopic, "r");
  packet.properties.add(PropertyId::kCorrelationData, "c");
  packet.properties.add_user("k", "v");
  from.send(packet);
  const auto events = from.session.take_events();
  ASSERT_EQ(events.size(), 1U);
  const MessagePtr sent = std::get<PublishReceived>(events[0]).message;

  TestClient to(Version::k5);
  to.join();
  constexpr std::uint32_t kIds[] = {5, 300};
  to.session.deliver(sent, {.subscription_ids = kIds}, kStart + Millis(3'500));
  to.session.deliver(sent, {}, kStart + seconds(10));
  EXPECT_EQ(to.said(), Lines{"PUBLISH t q0 x 1:1 2:7 3:text 8:r 9:c 38:kv 11:5 11:300"});
  EXPECT_EQ(to.session.outbox().dropped().expired, 1U);

  TestClient old(Version::k311);
  old.join();
  old.session.deliver(sent, {.subscription_ids = kIds}, kStart);
  EXPECT_EQ(old.said(), Lines{"PUBLISH t q0 x"});
}

// proves v5: MQTT-3.1.2-24
TEST(MqttSession, APacketLargerThanTheClientTakesIsNotSent) {
  // Type, length, topic 3, properties 1, payload: exactly 100 bytes, and one above it.
  for (const std::size_t size : {94UL, 95UL}) {
    TestClient talk(Version::k5);
    Connect packet = plain_connect(Version::k5);
    packet.properties.add(PropertyId::kMaximumPacketSize, 100U);
    talk.join(packet);
    talk.deliver(std::string(size, 'x'), Qos::kAtMostOnce);
    EXPECT_EQ(talk.said().size(), size == 94 ? 1U : 0U);
    EXPECT_EQ(talk.session.outbox().dropped().too_large, size == 94 ? 0U : 1U);
  }
  TestClient tiny(Version::k5);
  Connect packet = plain_connect(Version::k5);
  packet.properties.add(PropertyId::kMaximumPacketSize, 4U);
  tiny.join(packet);
  EXPECT_TRUE(tiny.session.finished());  // not even CONNACK fits
}

TEST(MqttSession, ATopicAliasStandsForItsTopic) {
  TestClient talk(Version::k5);
  talk.join();
  const auto aliased = [](std::string_view topic, std::uint32_t alias) {
    Publish packet{.topic = topic, .payload = "x"};
    packet.properties.add(PropertyId::kTopicAlias, alias);
    return packet;
  };
  talk.send(aliased("first", 32));
  talk.send(aliased("", 32));
  talk.send(aliased("second", 32));
  talk.send(aliased("", 32));
  EXPECT_EQ(talk.events(), (Lines{"publish first q0 id0 x", "publish first q0 id0 x",
                                  "publish second q0 id0 x", "publish second q0 id0 x"}));
  talk.send(aliased("", 31));
  EXPECT_EQ(talk.said(), Lines{"DISCONNECT protocol error"});
  TestClient other(Version::k5);
  other.join();
  other.send(aliased("t", 33));
  EXPECT_EQ(other.said(), Lines{"DISCONNECT topic alias invalid"});
}

// proves v5: MQTT-3.3.4-7
TEST(MqttSession, TheReceiveMaximumBindsVersion5AndBrakes311) {
  for (const Version version : {Version::k5, Version::k311}) {
    TestClient talk(version, {.receive_maximum = 2});
    talk.join();
    talk.publish(1, Qos::kAtLeastOnce);
    EXPECT_TRUE(talk.session.wants_input());
    talk.publish(2, Qos::kExactlyOnce);
    EXPECT_FALSE(talk.session.wants_input());
    talk.session.acknowledge({.packet_id = 1, .qos = Qos::kAtLeastOnce}, Reason::kSuccess);
    EXPECT_TRUE(talk.session.wants_input());
    talk.publish(3, Qos::kAtLeastOnce);
    EXPECT_FALSE(talk.session.finished());
    talk.publish(4, Qos::kAtLeastOnce);
    EXPECT_EQ(talk.session.finished(), version == Version::k5);
    EXPECT_EQ(talk.said().back(),
              version == Version::k5 ? "DISCONNECT receive maximum exceeded" : "PUBACK 1 success");
  }
}

TEST(MqttSession, APeerThatDoesNotReadIsNotReadFromEither) {
  TestClient talk(Version::k311, {.output_bytes = 10});
  talk.join();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(talk.session.wants_input());
    talk.send(Pingreq{});
  }
  EXPECT_FALSE(talk.session.wants_input());
  EXPECT_EQ(talk.said().size(), 5U);
  EXPECT_TRUE(talk.session.wants_input());
}

TEST(MqttSession, PacketIdsRunOnAndSkipThoseOnTheirWay) {
  TestClient talk(Version::k311, {.in_flight = 2});
  talk.join();
  talk.deliver("stays", Qos::kAtLeastOnce);  // id 1, never answered
  (void)talk.said();
  for (std::uint32_t id = 2; id <= 65'535; ++id) {
    talk.deliver("", Qos::kAtLeastOnce);
    talk.send(Puback{static_cast<std::uint16_t>(id), {}, {}});
    (void)talk.output(kStart);
  }
  talk.deliver("wraps", Qos::kAtLeastOnce);
  EXPECT_EQ(talk.said(), Lines{"PUBLISH t q1 id2 wraps"});
}

}  // namespace
}  // namespace gridloom::wire::mqtt
