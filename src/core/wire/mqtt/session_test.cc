// Tests a connection from CONNECT to its end: which clients are accepted, what ends a connection,
// and that every split of the bytes has the same effects. session_delivery_test.cc tests messages.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/chance.h"
#include "wire/mqtt/session.h"
#include "wire/mqtt/test_talk.h"

namespace gridloom::wire::mqtt {
namespace {

using std::chrono::seconds;

TEST(MqttSession, AConnectIsAskedAndItsAnswerSaysWhatHolds) {
  TestClient old(Version::k311);
  Connect packet = plain_connect(Version::k311);
  packet.username = "u";
  packet.password = "p";
  packet.will = LastWill{.topic = "w"};
  old.send(packet);
  EXPECT_EQ(old.events(), Lines{"connect 4 id=c user=u password=p will=w"});
  EXPECT_EQ(old.said(), Lines{});
  old.session.accept({.session_present = true}, kStart);
  EXPECT_EQ(old.said(), Lines{"CONNACK success present"});

  TestClient five(Version::k5);
  packet = plain_connect(Version::k5);
  packet.client_id = "";
  packet.properties.add(PropertyId::kSessionExpiryS, 100U);
  five.send(packet);
  EXPECT_EQ(five.events(), Lines{"connect 5 id= user=- password=-"});
  five.session.accept({.assigned_client_id = "auto", .server_keepalive_s = 30}, kStart);
  EXPECT_EQ(five.said(), Lines{"CONNACK success 17:0 33:1000 39:262144 18:auto 34:32 19:30"});
  EXPECT_EQ(five.session.next_deadline(), kStart + seconds(45));
}

// proves v3: MQTT-3.2.2-4, MQTT-3.2.2-5
// proves v5: MQTT-3.2.2-6, MQTT-3.2.2-7, MQTT-4.13.2-1
TEST(MqttSession, ARefusalIsSaidInTheClientsVersionAndEndsTheConnection) {
  struct Row {
    Version version;
    Reason reason;
    std::string_view bytes;
  };
  constexpr Row kRows[] = {
      {Version::k311, Reason::kBadUserNameOrPassword, {"\x20\x02\x00\x04", 4}},
      {Version::k311, Reason::kNotAuthorized, {"\x20\x02\x00\x05", 4}},
      {Version::k311, Reason::kServerUnavailable, {"\x20\x02\x00\x03", 4}},
      {Version::k311, Reason::kQuotaExceeded, {"\x20\x02\x00\x03", 4}},
      {Version::k5, Reason::kBadUserNameOrPassword, {"\x20\x28\x00\x86\x25\x1f", 6}},
      {Version::k5, Reason::kNotAuthorized, {"\x20\x1d\x00\x87\x1a\x1f", 6}},
  };
  for (const Row& row : kRows) {
    TestClient talk(row.version);
    talk.send(plain_connect(row.version));
    (void)talk.events();
    talk.session.refuse(row.reason);
    EXPECT_TRUE(talk.session.finished());
    EXPECT_EQ(talk.output(kStart).substr(0, row.bytes.size()), row.bytes);
    EXPECT_EQ(talk.events(), Lines{fmt::format("ended (refused: {})", name_of(row.reason))});
    talk.session.accept({}, kStart);
    talk.session.close(Reason::kServerBusy, "again");
    EXPECT_EQ(talk.said(), Lines{});
    EXPECT_EQ(talk.events(), Lines{});
  }
}

struct FirstPacket {
  std::string_view name;
  std::string_view bytes;
  Version answer_version;
  Lines said;
};

TEST(MqttSession, AnUnacceptableConnectIsRefusedWithoutAskingAnyone) {
  using std::string_view_literals::operator""sv;
  const FirstPacket rows[] = {
      {"MQTT 3.1",
       "\x10\x0f\0\x06MQIsdp\x03\x02\0\0\0\x01i"sv,
       Version::k311,
       {"CONNACK unsupported protocol version"}},
      {"level 6",
       "\x10\x0c\0\x04MQTT\x06\x02\0\0\0\0"sv,
       Version::k5,
       {"CONNACK unsupported protocol version 31:CONNECT: the protocol level is neither 4 nor 5"}},
      {"empty id, kept session",
       "\x10\x0c\0\x04MQTT\x04\x00\0\0\0\0"sv,
       Version::k311,
       {"CONNACK client id not valid"}},
      {"authentication method",
       "\x10\x11\0\x04MQTT\x05\x02\0\0\x04\x15\0\x01X\0\0"sv,
       Version::k5,
       {"CONNACK bad authentication method 31:CONNECT: no authentication method other than user "
        "name and password is supported"}},
      {"malformed 5",
       "\x10\x0d\0\x04MQTT\x05\x03\0\0\0\0\0"sv,
       Version::k5,
       {"CONNACK malformed packet 31:CONNECT: CONNECT's reserved flag is set"}},
      {"malformed 3.1.1", "\x10\x0c\0\x04MQTT\x04\x03\0\0\0\0"sv, Version::k311, {}},
      {"TLS", "\x16\x03\x01"sv, Version::k311, {}},
      {"HTTP", "GET / HTTP/1.1\r\n"sv, Version::k311, {}},
      {"PINGREQ", "\xc0\x00"sv, Version::k311, {}},
  };
  for (const FirstPacket& row : rows) {
    TestClient talk(row.answer_version);
    talk.bytes(row.bytes);
    EXPECT_TRUE(talk.session.finished()) << row.name;
    EXPECT_EQ(talk.said(), row.said) << row.name;
    const Lines events = talk.events();
    ASSERT_EQ(events.size(), 1U) << row.name;
    EXPECT_TRUE(events[0].starts_with("ended (")) << events[0];
  }
}

TEST(MqttSession, ClientIdsOfTheLimitAreTakenAndOneMoreIsNot) {
  for (const std::size_t size : {101UL, 1024UL, 1025UL}) {
    TestClient talk(Version::k311);
    const std::string id(size, 'i');
    Connect packet = plain_connect(Version::k311);
    packet.client_id = id;
    talk.send(packet);
    EXPECT_EQ(talk.session.finished(), size > 1024) << size;
  }
}

TEST(MqttSession, PacketsAfterAConnectWaitForItsAnswer) {
  TestClient talk(Version::k311);
  std::string all;
  encode(all, Packet(plain_connect(Version::k311)), Version::k311);
  encode(all, Subscribe{1, {}, {{.filter = "a/#"}}}, Version::k311);
  encode(all, Pingreq{}, Version::k311);
  talk.bytes(all);
  talk.bytes(std::string_view("\xc0", 1));
  EXPECT_FALSE(talk.session.wants_input());
  EXPECT_EQ(talk.events(), Lines{"connect 4 id=c user=- password=-"});
  talk.session.accept({}, kStart);
  EXPECT_EQ(talk.events(), Lines{"subscribe 1 a/#@0"});
  EXPECT_EQ(talk.said(), (Lines{"CONNACK success", "PINGRESP"}));
  talk.bytes(std::string_view("\x00", 1));
  EXPECT_EQ(talk.said(), Lines{"PINGRESP"});
}

TEST(MqttSession, BytesHeldAfterAConnectHaveALimit) {
  for (const std::size_t size : {256UL * 1024, 256UL * 1024 + 1}) {
    TestClient talk(Version::k5);
    talk.send(plain_connect(Version::k5));
    talk.bytes(std::string(size, '\0'));
    EXPECT_EQ(talk.session.finished(), size > 256UL * 1024);
  }
}

TEST(MqttSession, SubscribingAndUnsubscribingAreAskedAndAnswered) {
  TestClient talk(Version::k5);
  talk.join();
  Subscribe packet{.packet_id = 4,
                   .entries = {{.filter = "a/#", .qos = Qos::kAtLeastOnce}, {.filter = "b"}}};
  packet.properties.add(PropertyId::kSubscriptionId, 9U);
  talk.send(packet);
  auto events = talk.session.take_events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(std::visit(LineFormatter{}, events[0]), "subscribe 4 a/#@1 b@0 #9");
  talk.session.subscribed(std::get<SubscribeRequested>(events[0]).token,
                          std::vector{Reason::kGrantedQos1, Reason::kNotAuthorized});
  talk.send(Unsubscribe{5, {}, {"a/#", "never"}});
  events = talk.session.take_events();
  EXPECT_EQ(std::visit(LineFormatter{}, events[0]), "unsubscribe 5 a/# never");
  talk.session.unsubscribed(std::get<UnsubscribeRequested>(events[0]).token,
                            std::vector{Reason::kSuccess, Reason::kNoSubscriptionExisted});
  EXPECT_EQ(talk.said(), (Lines{"SUBACK 4 granted QoS 1, not authorized",
                                "UNSUBACK 5 success, no subscription existed"}));
}

TEST(MqttSession, FiltersInOnePacketAreLimited) {
  for (const std::size_t count : {64UL, 65UL}) {
    TestClient talk(Version::k311);
    talk.join();
    Subscribe packet{.packet_id = 1};
    packet.entries.resize(count, {.filter = "a"});
    talk.send(packet);
    EXPECT_EQ(talk.events().size(), count == 64 ? 1U : 0U);
    const Lines said = talk.said();
    ASSERT_EQ(said.size(), count == 64 ? 0U : 1U);
    if (said.size() == 1) {
      EXPECT_TRUE(said[0].starts_with("SUBACK 1 unspecified error, "));
    }
  }
}

TEST(MqttSession, TopicsAreLimitedInLengthAndDepth) {
  const std::string longest(1024, 'a');
  const std::string deepest(31, '/');
  for (const std::string& topic : {longest, deepest}) {
    TestClient talk(Version::k5);
    talk.join();
    talk.send(Publish{.topic = topic});
    talk.send(Subscribe{1, {}, {{.filter = topic}}});
    EXPECT_EQ(talk.events().size(), 2U);
    const std::string beyond = topic + topic.substr(0, 1);
    talk.send(Publish{.topic = beyond});
    EXPECT_EQ(talk.said(), Lines{"DISCONNECT topic name invalid"});
    TestClient other(Version::k5);
    other.join();
    other.send(Subscribe{1, {}, {{.filter = beyond}}});
    EXPECT_EQ(other.said(), Lines{"DISCONNECT topic filter invalid"});
  }
}

// proves v5: MQTT-3.2.2-15
TEST(MqttSession, PacketsOfTheLimitAreTakenAndOneByteMoreIsNot) {
  for (const std::size_t total : {200UL, 201UL}) {
    TestClient talk(Version::k5, {.packet_bytes = 200});
    talk.join();
    const std::string payload(total - 7, 'x');  // 1 type, 2 length, 3 topic, 1 properties
    talk.send(Publish{.topic = "t", .payload = payload});
    EXPECT_EQ(talk.events().size(), 1U);
    EXPECT_EQ(talk.said(), total == 200 ? Lines{} : Lines{"DISCONNECT packet too large"});
  }
}

// proves v3: MQTT-3.1.2-24
// proves v5: MQTT-3.1.2-22, MQTT-3.2.2-22
TEST(MqttSession, SilenceForOneAndAHalfTimesTheKeepaliveEndsIt) {
  for (const Version version : {Version::k311, Version::k5}) {
    TestClient talk(version);
    Connect packet = plain_connect(version);
    packet.keepalive_s = 15;
    packet.will = LastWill{.topic = "w"};
    talk.join(packet);
    EXPECT_EQ(talk.session.next_deadline(), kStart + Millis(22'500));
    talk.now = kStart + seconds(20);
    talk.send(Pingreq{});
    EXPECT_EQ(talk.said(), Lines{"PINGRESP"});
    EXPECT_EQ(talk.session.next_deadline(), kStart + Millis(42'500));
    talk.bytes(std::string_view("\xc0", 1));  // half a packet does not count
    talk.session.tick(kStart + Millis(42'499));
    EXPECT_FALSE(talk.session.finished());
    talk.session.tick(kStart + Millis(42'500));
    EXPECT_EQ(talk.said(),
              version == Version::k5 ? Lines{"DISCONNECT keep alive timeout"} : Lines{});
    EXPECT_EQ(talk.events(), Lines{"ended (no packet within one and a half times 15 s) will"});
    EXPECT_EQ(talk.session.next_deadline(), std::nullopt);
  }
}

TEST(MqttSession, AClientThatIsNotReadFromDoesNotTimeOut) {
  MqttLimits limits;
  limits.receive_maximum = 1;
  TestClient talk(Version::k311, limits);
  Connect packet = plain_connect(Version::k311);
  packet.keepalive_s = 10;
  talk.join(packet);
  talk.publish(1, Qos::kAtLeastOnce);
  (void)talk.events();
  talk.session.tick(kStart + seconds(15));
  EXPECT_FALSE(talk.session.finished()) << "an answer is owed";
  talk.session.acknowledge({.packet_id = 1, .qos = Qos::kAtLeastOnce}, Reason::kSuccess);
  EXPECT_EQ(talk.session.next_deadline(), kStart + seconds(30));
  talk.session.excuse(kStart + seconds(30));
  talk.session.tick(kStart + seconds(30));
  EXPECT_FALSE(talk.session.finished());
  talk.session.tick(kStart + seconds(45));
  EXPECT_TRUE(talk.session.finished());
}

TEST(MqttSession, WithoutAKeepaliveThereIsNoDeadlineAndWithoutAConnectThereIsOne) {
  TestClient talk(Version::k311);
  Connect packet = plain_connect(Version::k311);
  packet.keepalive_s = 0;
  EXPECT_EQ(talk.session.next_deadline(), kStart + seconds(10));
  talk.join(packet);
  EXPECT_EQ(talk.session.next_deadline(), std::nullopt);

  TestClient mute(Version::k311);
  mute.bytes(std::string_view("\x10", 1));
  mute.session.tick(kStart + Millis(9'999));
  EXPECT_FALSE(mute.session.finished());
  mute.session.tick(kStart + seconds(10));
  EXPECT_EQ(mute.events(), Lines{"ended (no CONNECT within 10 s)"});
  EXPECT_EQ(mute.said(), Lines{});
}

TEST(MqttSession, Version5GetsAShorterKeepalive) {
  struct Row {
    Version version;
    std::uint16_t asked_s;
    std::uint16_t longest_s;
    std::uint16_t granted_s;  // 0: none
  };
  constexpr Row kRows[] = {
      {Version::k5, 59, 60, 59},   {Version::k5, 60, 60, 60}, {Version::k5, 61, 60, 60},
      {Version::k5, 0, 60, 60},    {Version::k5, 0, 0, 0},    {Version::k5, 61, 0, 61},
      {Version::k311, 61, 60, 61},  // 3.1.1 has no server keep alive
      {Version::k311, 0, 60, 0},
  };
  for (const Row& row : kRows) {
    TestClient talk(row.version, {.keepalive_s = row.longest_s});
    Connect packet = plain_connect(row.version);
    packet.keepalive_s = row.asked_s;
    talk.send(packet);
    talk.session.accept({}, kStart);
    const bool told = talk.said().front().contains("19:60");
    EXPECT_EQ(told, row.granted_s != row.asked_s) << row.asked_s << " of " << row.longest_s;
    const auto deadline = talk.session.next_deadline();
    EXPECT_EQ(deadline.has_value(), row.granted_s != 0);
    if (deadline) {
      EXPECT_EQ(*deadline, kStart + Millis(1500) * row.granted_s);
    }
  }
}

TEST(MqttSession, TheWillIsForEveryEndButAContentedOne) {
  const auto end_of = [](Version version, auto how) {
    TestClient talk(version);
    Connect packet = plain_connect(version);
    packet.will = LastWill{.topic = "w"};
    talk.join(packet);
    how(talk);
    EXPECT_TRUE(talk.session.finished());
    return talk.events().back();
  };
  const auto content = [](TestClient& talk) { talk.send(Disconnect{}); };
  const auto with_will = [](TestClient& talk) {
    talk.send(Disconnect{.reason = Reason::kDisconnectWithWill});
  };
  const auto cut = [](TestClient& talk) { talk.session.lost("connection reset"); };
  const auto closed = [](TestClient& talk) {
    talk.session.close(Reason::kSessionTakenOver, "taken over");
    EXPECT_EQ(talk.said(), Lines{"DISCONNECT session taken over"});
  };
  const auto broken = [](TestClient& talk) { talk.bytes(std::string_view("\0", 1)); };
  EXPECT_EQ(end_of(Version::k311, content), "ended (the client disconnected)");
  EXPECT_EQ(end_of(Version::k5, content), "ended (the client disconnected)");
  EXPECT_EQ(end_of(Version::k5, with_will),
            "ended (the client disconnected: disconnect with will message) will");
  EXPECT_EQ(end_of(Version::k311, cut), "ended (connection reset) will");
  EXPECT_EQ(end_of(Version::k5, closed), "ended (taken over) will");
  EXPECT_EQ(end_of(Version::k5, broken), "ended (reserved: there is no packet type 0) will");

  TestClient early(Version::k311);
  Connect packet = plain_connect(Version::k311);
  packet.will = LastWill{.topic = "w"};
  early.send(packet);
  early.session.lost("gone");
  EXPECT_EQ(early.events().back(), "ended (gone)");
}

TEST(MqttSession, AWillExpiresFromTheDayItIsPublished) {
  TestClient talk(Version::k5);
  Connect packet = plain_connect(Version::k5);
  packet.will = LastWill{.topic = "w", .payload = "gone", .qos = Qos::kAtLeastOnce};
  packet.will->properties.add(PropertyId::kMessageExpiryS, 60U);
  packet.will->properties.add(PropertyId::kWillDelayS, 5U);
  talk.send(packet);
  const auto events = talk.session.take_events();
  const Will& will = *std::get<ConnectRequested>(events.at(0)).request->will;
  EXPECT_EQ(will.delay_s, 5U);
  EXPECT_EQ(publishable(will, kStart + seconds(1000))->expires_at, kStart + seconds(1060));
}

// proves v5: MQTT-3.1.0-2, MQTT-3.3.4-6, MQTT-4.12.0-7, MQTT-4.13.1-1
TEST(MqttSession, PacketsThatAClientMayNotSendEndIt) {
  Publish with_id{.topic = "t"};
  with_id.properties.add(PropertyId::kSubscriptionId, 1U);
  Auth auth{.reason = Reason::kReauthenticate};
  auth.properties.add(PropertyId::kAuthenticationMethod, "X");
  Disconnect revived{};
  revived.properties.add(PropertyId::kSessionExpiryS, 60U);
  const Packet rows[] = {plain_connect(Version::k5),
                         Connack{},
                         Suback{1, {}, {Reason::kSuccess}},
                         Unsuback{1, {}, {Reason::kSuccess}},
                         Pingresp{},
                         with_id,
                         auth,
                         revived};
  for (const Packet& packet : rows) {
    TestClient talk(Version::k5);
    talk.join();
    talk.send(packet);
    EXPECT_EQ(talk.said(), Lines{"DISCONNECT protocol error"}) << packet.index();
    EXPECT_EQ(talk.events().size(), 1U);
    talk.send(Pingreq{});
    talk.deliver("late", Qos::kAtMostOnce);
    EXPECT_EQ(talk.said(), Lines{});
  }
}

// A long conversation with every packet type, passed to a session in pieces.
std::string conversation(Version version) {
  std::string bytes;
  const std::string big(3000, 'b');
  encode(bytes, Packet(plain_connect(version)), version);
  for (std::uint16_t round = 1; round < 20; ++round) {
    Publish publish{.qos = static_cast<Qos>(round % 3), .topic = "t/u"};
    if (publish.qos != Qos::kAtMostOnce) publish.packet_id = round;
    publish.payload = round % 4 == 0 ? std::string_view(big) : "small";
    if (version == Version::k5) {
      publish.properties.add(PropertyId::kTopicAlias, 1U);
      publish.properties.add_user("k", "v");
    }
    encode(bytes, publish, version);
    encode(bytes, Puback{3, {}, {}}, version);
    encode(bytes, Pubrec{4, {}, {}}, version);
    encode(bytes, Subscribe{round, {}, {{.filter = "a/+"}, {.filter = "#"}}}, version);
    encode(bytes, Unsubscribe{round, {}, {"a/+"}}, version);
    encode(bytes, Pubrel{1000, {}, {}}, version);
    encode(bytes, Pingreq{}, version);
  }
  encode(bytes, Disconnect{}, version);
  return bytes;
}

// Accepts the CONNECT at once and answers nothing else; returns all effects as text.
Lines effects_of(std::string_view bytes, Version version, const Chance& chance,
                 std::uint64_t most) {
  TestClient talk(version);
  Lines events;
  for (std::uint64_t i = 0; !bytes.empty(); ++i) {
    const auto size = static_cast<std::size_t>(1 + chance.bits(i) % most);
    const std::string piece(bytes.substr(0, size));  // a copy, so that ASan detects overruns
    talk.bytes(piece);
    bytes.remove_prefix(piece.size());
    for (Event& event : talk.session.take_events()) {
      events.push_back(std::visit(LineFormatter{}, event));
      if (std::holds_alternative<ConnectRequested>(event)) talk.session.accept({}, kStart);
    }
  }
  Lines all = talk.events();
  all.insert(all.begin(), events.begin(), events.end());
  const Lines said = talk.said();
  all.insert(all.end(), said.begin(), said.end());
  return all;
}

TEST(MqttSession, AnySplitOfTheBytesHasTheSameEffects) {
  for (const Version version : {Version::k311, Version::k5}) {
    const std::string bytes = conversation(version);
    const Lines whole = effects_of(bytes, version, Chance(0), 1U << 30U);
    EXPECT_GT(whole.size(), 80U);
    EXPECT_TRUE(std::ranges::count(whole, "ended (the client disconnected)") == 1);
    EXPECT_EQ(effects_of(bytes, version, Chance(0), 1), whole);
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      const std::uint64_t most = 2 + Chance(seed).bits(0) % 700;
      EXPECT_EQ(effects_of(bytes, version, Chance(seed), most), whole) << "seed " << seed;
    }
  }
}

TEST(MqttSession, AnySplitOfDamagedBytesHasTheSameEffects) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Chance chance(seed);
    const Version version = seed % 2 == 0 ? Version::k311 : Version::k5;
    std::string bytes = conversation(version);
    for (std::uint64_t i = 0; i < 3; ++i) {
      bytes[chance.bits(2 * i) % bytes.size()] = static_cast<char>(chance.bits(2 * i + 1));
    }
    const Lines whole = effects_of(bytes, version, chance, 1U << 30U);
    EXPECT_EQ(effects_of(bytes, version, chance, 50), whole) << "seed " << seed;
  }
}

}  // namespace
}  // namespace gridloom::wire::mqtt
