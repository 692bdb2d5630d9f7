// Tests a session that outlives its connection: which messages are sent again, with which packet
// ids, order and flags; and that a client's own QoS 2 messages are not published twice.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "wire/mqtt/session.h"
#include "wire/mqtt/test_talk.h"

namespace gridloom::wire::mqtt {
namespace {

// The connection ends, and the session is resumed on another one.
struct Resumed : TestClient {
  Resumed(TestClient& before, const Connect& packet, const MqttLimits& limits = {})
      : TestClient(packet.version, limits) {
    before.session.lost("the line broke");
    send(packet);
    (void)session.take_events();
    session.accept({.session_present = true}, now, before.session.release());
  }
};

Connect keeping(Version version) {
  Connect packet = plain_connect(version);
  packet.clean_start = false;
  if (version == Version::k5) packet.properties.add(PropertyId::kSessionExpiryS, 100U);
  return packet;
}

std::string connack(Version version) {
  return version == Version::k311 ? "CONNACK success present"
                                  : "CONNACK success present 17:0 33:1000 39:262144 34:32";
}

TEST(MqttResume, UnansweredMessagesAreResentInOrderBeforeQueuedOnes) {
  for (const Version version : {Version::k311, Version::k5}) {
    MqttLimits limits;
    limits.in_flight = 3;
    TestClient first(version, limits);
    first.join(keeping(version));
    first.deliver("a", Qos::kAtLeastOnce);
    first.deliver("b", Qos::kExactlyOnce);
    first.deliver("c", Qos::kAtLeastOnce);
    first.deliver("d", Qos::kAtLeastOnce);
    EXPECT_EQ(first.said(),
              (Lines{"PUBLISH t q1 id1 a", "PUBLISH t q2 id2 b", "PUBLISH t q1 id3 c"}));
    first.send(Puback{.packet_id = 1});
    EXPECT_EQ(first.said(), Lines{"PUBLISH t q1 id4 d"});

    Resumed second(first, keeping(version), limits);
    EXPECT_EQ(second.said(), (Lines{connack(version), "PUBLISH t q2 id2 dup b",
                                    "PUBLISH t q1 id3 dup c", "PUBLISH t q1 id4 dup d"}));
    second.deliver("e", Qos::kAtLeastOnce);
    EXPECT_EQ(second.said(), Lines{}) << "the window is full";
    second.send(Puback{.packet_id = 3});
    EXPECT_EQ(second.said(), Lines{"PUBLISH t q1 id5 e"});
  }
}

TEST(MqttResume, AReleasedMessageIsReleasedAgainAndNotPublishedAgain) {
  TestClient first(Version::k311);
  first.join(keeping(Version::k311));
  first.deliver("a", Qos::kExactlyOnce);
  first.deliver("b", Qos::kExactlyOnce);
  (void)first.said();
  first.send(Pubrec{.packet_id = 2});
  first.send(Pubrec{.packet_id = 1});
  EXPECT_EQ(first.said(), (Lines{"PUBREL 2 success", "PUBREL 1 success"}));

  Resumed second(first, keeping(Version::k311));
  EXPECT_EQ(second.said(),
            (Lines{"CONNACK success present", "PUBREL 2 success", "PUBREL 1 success"}))
      << "in the order of the PUBRECs";
  second.send(Pubcomp{.packet_id = 2});
  second.send(Pubcomp{.packet_id = 1});
  EXPECT_EQ(second.session.outbox().in_flight(), 0U);
}

TEST(MqttResume, ASmallerReceiveMaximumHoldsForWhatIsSentAgain) {
  TestClient first(Version::k5);
  first.join(keeping(Version::k5));
  for (const char* payload : {"a", "b", "c"}) first.deliver(payload, Qos::kAtLeastOnce);
  (void)first.said();

  Connect narrow = keeping(Version::k5);
  narrow.properties.add(PropertyId::kReceiveMaximum, 1U);
  Resumed second(first, narrow);
  EXPECT_EQ(second.said(), (Lines{connack(Version::k5), "PUBLISH t q1 id1 dup a"}));
  second.send(Puback{.packet_id = 1});
  EXPECT_EQ(second.said(), Lines{"PUBLISH t q1 id2 dup b"});
  second.send(Puback{.packet_id = 2});
  EXPECT_EQ(second.said(), Lines{"PUBLISH t q1 id3 dup c"});
}

TEST(MqttResume, MessagesTooLargeForTheNextConnectionAreDroppedAndCounted) {
  TestClient first(Version::k5);
  first.join(keeping(Version::k5));
  first.deliver(std::string(200, 'x'), Qos::kAtLeastOnce);
  first.deliver("small", Qos::kAtLeastOnce);
  (void)first.said();

  Connect narrow = keeping(Version::k5);
  narrow.properties.add(PropertyId::kMaximumPacketSize, 100U);
  Resumed second(first, narrow);
  EXPECT_EQ(second.said(), (Lines{connack(Version::k5), "PUBLISH t q1 id2 dup small"}));
  EXPECT_EQ(second.session.outbox().dropped().too_large, 1U);
}

TEST(MqttResume, QosZeroIsOfItsConnection) {
  MqttLimits limits;
  limits.output_bytes = 1;
  TestClient first(Version::k311, limits);
  first.join(keeping(Version::k311));
  for (const char* payload : {"a", "b", "c"}) first.deliver(payload, Qos::kAtMostOnce);
  first.deliver("kept", Qos::kAtLeastOnce);
  EXPECT_EQ(first.said(), Lines{"PUBLISH t q0 a"});

  Resumed second(first, keeping(Version::k311));
  EXPECT_EQ(second.said(), (Lines{"CONNACK success present", "PUBLISH t q1 id1 kept"}));
}

TEST(MqttResume, AClientsQosTwoMessageIsPublishedOnceAcrossConnections) {
  for (const bool answered : {true, false}) {
    TestClient first(Version::k311);
    first.join(keeping(Version::k311));
    first.publish(7, Qos::kExactlyOnce, "once");
    EXPECT_EQ(first.events(), Lines{"publish t q2 id7 once"});
    const AckToken token{.packet_id = 7, .qos = Qos::kExactlyOnce};
    if (answered) first.session.acknowledge(token, {});

    Resumed second(first, keeping(Version::k311));
    (void)second.said();
    second.send(Publish{
        .dup = true, .qos = Qos::kExactlyOnce, .topic = "t", .packet_id = 7, .payload = "once"});
    EXPECT_EQ(second.events(), Lines{});
    if (!answered) second.session.acknowledge(token, {});
    EXPECT_EQ(second.said(), Lines{"PUBREC 7 success"});
    second.send(Pubrel{.packet_id = 7});
    EXPECT_EQ(second.said(), Lines{"PUBCOMP 7 success"});
    second.publish(7, Qos::kExactlyOnce, "another");
    EXPECT_EQ(second.events(), Lines{"publish t q2 id7 another"});
  }
}

// A killed server may have older state than its client: before, it had already received the PUBREL.
TEST(MqttResume, AnIdOfBeforeThatComesWithoutDupIsAnotherMessage) {
  TestClient first(Version::k311);
  first.join(keeping(Version::k311));
  first.publish(7, Qos::kExactlyOnce, "old");
  Resumed second(first, keeping(Version::k311));
  second.publish(7, Qos::kExactlyOnce, "new");
  EXPECT_EQ(second.events(), Lines{"publish t q2 id7 new"});
}

TEST(MqttResume, PubrelsOwedFromBeforeDoNotCountInTheReceiveMaximum) {
  MqttLimits limits;
  limits.receive_maximum = 1;
  TestClient first(Version::k5, limits);
  first.join(keeping(Version::k5));
  first.publish(7, Qos::kExactlyOnce);
  first.session.acknowledge({.packet_id = 7, .qos = Qos::kExactlyOnce}, {});

  Resumed second(first, keeping(Version::k5), limits);
  (void)second.said();
  second.publish(8, Qos::kExactlyOnce, "new");
  EXPECT_EQ(second.events(), Lines{"publish t q2 id8 new"});
  second.send(Pubrel{.packet_id = 7});
  EXPECT_EQ(second.said(), Lines{"PUBCOMP 7 success"});
  second.publish(9, Qos::kAtLeastOnce);
  EXPECT_EQ(second.said(), Lines{"DISCONNECT receive maximum exceeded"});
}

TEST(MqttResume, TopicAliasesGoWithTheirConnection) {
  Connect aliasing = keeping(Version::k5);
  aliasing.properties.add(PropertyId::kTopicAliasMaximum, 1U);
  TestClient first(Version::k5);
  first.join(aliasing);
  const auto deliver = [](TestClient& talk, std::string topic) {
    talk.session.deliver(message(std::move(topic), "x"), {.qos = Qos::kAtMostOnce}, talk.now);
  };
  for (const char* topic : {"t", "t", "other"}) deliver(first, topic);
  EXPECT_EQ(first.said(),
            (Lines{"PUBLISH t q0 x 35:1", "PUBLISH  q0 x 35:1", "PUBLISH other q0 x"}));

  Resumed second(first, aliasing);
  deliver(second, "t");
  EXPECT_EQ(second.said(), (Lines{connack(Version::k5), "PUBLISH t q0 x 35:1"}));
}

// The stored state of a session is enough to resume it.
TEST(MqttResume, KeptMessagesRestoreTheSameOutbox) {
  MqttLimits limits;
  limits.in_flight = 2;
  TestClient first(Version::k311, limits);
  first.join(keeping(Version::k311));
  for (const char* payload : {"a", "b", "c"}) first.deliver(payload, Qos::kExactlyOnce);
  (void)first.said();
  first.send(Pubrec{.packet_id = 1});
  first.session.lost("the power failed");

  SessionState stored;
  for (Outbox::Kept& kept : first.session.release().outbox.kept()) {
    stored.outbox.restore(std::move(kept));
  }
  TestClient second(Version::k311, limits);
  second.send(keeping(Version::k311));
  (void)second.session.take_events();
  second.session.accept({.session_present = true}, kStart, std::move(stored));
  EXPECT_EQ(second.said(),
            (Lines{"CONNACK success present", "PUBREL 1 success", "PUBLISH t q2 id2 dup b"}));
  second.send(Pubcomp{.packet_id = 1});
  EXPECT_EQ(second.said(), Lines{"PUBLISH t q2 id3 c"});
}

// [MQTT-4.4.0-1] What a killed server knows of messages of QoS 1 is that they were to be sent, and
// of those whose packet id another one had, which one they got.
TEST(MqttResume, MessagesOfAKilledServerAreSentAgainWithTheirPacketIds) {
  constexpr std::int64_t kRound = 65'535;
  TestClient first(Version::k311);
  first.join(keeping(Version::k311));
  first.deliver("a", Qos::kAtLeastOnce, 7);
  first.deliver("b", Qos::kAtLeastOnce, 900);
  first.deliver("c", Qos::kAtLeastOnce, 7 + kRound);
  first.deliver("d", Qos::kAtLeastOnce, 901 + kRound);
  EXPECT_EQ(first.said(), (Lines{"PUBLISH t q1 id7 a", "PUBLISH t q1 id900 b"}))
      << "the third waits for the log, as the first has its packet id";
  const auto steps = first.session.take_steps();
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].number, 7 + kRound);
  first.session.steps_are_logged(first.session.outbox().steps_taken());
  EXPECT_EQ(first.said(), (Lines{"PUBLISH t q1 id8 c", "PUBLISH t q1 id901 d"}));

  std::vector<Outbox::Kept> kept = first.session.outbox().kept();
  SessionState stored;
  for (Outbox::Kept& message : kept) {
    if (message.packet_id != steps[0].packet_id) message.stage = Outbox::DeliveryState::kWaiting;
    message.entry.maybe_sent = true;
    stored.outbox.restore(std::move(message));
  }
  TestClient second(Version::k311);
  second.send(keeping(Version::k311));
  (void)second.session.take_events();
  second.session.accept({.session_present = true}, kStart, std::move(stored));
  second.session.steps_are_logged(100);
  Lines again = second.said();
  std::ranges::sort(again);
  EXPECT_EQ(again,
            (Lines{"CONNACK success present", "PUBLISH t q1 id7 dup a", "PUBLISH t q1 id8 dup c",
                   "PUBLISH t q1 id900 dup b", "PUBLISH t q1 id901 dup d"}));
}

TEST(MqttReasons, ARefusalSaysWhyUnlessTheClientDoesNotWantToKnow) {
  for (const std::uint32_t wants : {1U, 0U}) {
    Connect packet = plain_connect(Version::k5);
    packet.properties.add(PropertyId::kRequestProblemInformation, wants);
    TestClient talk(Version::k5);
    talk.join(packet);
    talk.publish(1, Qos::kAtLeastOnce);
    talk.session.acknowledge({.packet_id = 1, .qos = Qos::kAtLeastOnce}, Reason::kNotAuthorized,
                             "not yours");
    const std::string bytes = talk.output(talk.now);
    EXPECT_EQ(bytes.find("not yours") != std::string::npos, wants == 1U);
    EXPECT_EQ(decoded_packets(bytes, Version::k5), Lines{"PUBACK 1 not authorized"});
  }
}

}  // namespace
}  // namespace gridloom::wire::mqtt
