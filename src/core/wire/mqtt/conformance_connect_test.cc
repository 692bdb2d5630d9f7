// The standards' statements about CONNECT, CONNACK and how a connection ends, in both versions.
// `proves` names the statements; see tests/conformance/table.py.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/mqtt/packet.h"
#include "wire/mqtt/test_conformance_talk.h"
#include "wire/mqtt/test_talk.h"

namespace gridloom::wire::mqtt {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::uint32_t kClean = 0x02;
constexpr std::uint32_t kWill = 0x04;
constexpr std::uint32_t kPassword = 0x40;
constexpr std::uint32_t kUser = 0x80;

Reason any_reason(unsigned value) { return static_cast<Reason>(value); }

Connect with_will(Version version) {
  Connect packet = plain_connect(version);
  packet.will = LastWill{.topic = "w", .payload = "gone"};
  return packet;
}

// proves v3: MQTT-3.1.2-3, MQTT-3.1.2-9, MQTT-3.1.2-11, MQTT-3.1.2-13, MQTT-3.1.2-14
// proves v3: MQTT-3.1.2-15, MQTT-3.1.2-18, MQTT-3.1.2-19, MQTT-3.1.2-20, MQTT-3.1.2-21
// proves v3: MQTT-3.1.3-3, MQTT-3.1.4-1, MQTT-3.2.2-6
// proves v5: MQTT-3.1.2-3, MQTT-3.1.2-9, MQTT-3.1.2-11, MQTT-3.1.2-12, MQTT-3.1.2-13
// proves v5: MQTT-3.1.2-16, MQTT-3.1.2-17, MQTT-3.1.2-18, MQTT-3.1.2-19, MQTT-3.1.3-3
// proves v5: MQTT-3.1.4-1, MQTT-4.13.1-1
TEST(MqttConformance, AConnectHasWhatItsFlagsSayAndNothingElse) {
  for (const Version version : kBothVersions) {
    const std::string id = raw_text("c");
    const std::string will = raw_properties(version) + raw_text("w") + raw_text("gone");
    const std::string user = raw_text("u");
    const std::string password = raw_text("p");
    const auto connect = [version](std::uint32_t flags, const std::string& payload) {
      return raw_connect(version, kClean | flags, payload);
    };
    expect_connects_refused(
        version,
        {{"reserved flag", connect(0x01, id)},
         {"no client id", connect(0, "")},
         {"half a client id", connect(0, id.substr(0, 2))},
         {"will QoS 1 without a will", connect(0x08, id)},
         {"will QoS 2 without a will", connect(0x10, id)},
         {"will retain without a will", connect(0x20, id)},
         {"a will without its flag", connect(0, id + will)},
         {"will QoS 3", connect(kWill | 0x18, id + will)},
         {"will flag without a will", connect(kWill, id)},
         {"a will without a message", connect(kWill, id + raw_properties(version) + raw_text("w"))},
         {"a user name without its flag", connect(0, id + user)},
         {"user flag without a user name", connect(kUser, id)},
         {"a password without its flag", connect(kUser, id + user + password)},
         {"password flag without a password", connect(kUser | kPassword, id + user)}});
  }
}

// proves v3: MQTT-3.1.2-22
TEST(MqttConformance, APasswordAloneIsFor5Only) {
  expect_connects_refused(Version::k311,
                          {{"password", raw_connect(Version::k311, kClean | kPassword,
                                                    raw_text("c") + raw_text("p"))}});
  TestClient five(Version::k5);
  five.bytes(raw_connect(Version::k5, kClean | kPassword, raw_text("c") + raw_text("p")));
  EXPECT_EQ(five.events(), Lines{"connect 5 id=c user=- password=p"});
}

// proves v3: MQTT-3.1.3-1, MQTT-3.1.2-9
// proves v5: MQTT-3.1.3-1, MQTT-3.1.3-10
TEST(MqttConformance, TheFieldsOfAConnectAreReadInTheirOrder) {
  for (const Version version : kBothVersions) {
    TestClient talk(version);
    const std::string second = '\x26' + raw_text("b") + raw_text("1");
    const std::string list =
        '\x26' + raw_text("b") + raw_text("2") + second + '\x26' + raw_text("a") + raw_text("3");
    talk.bytes(raw_connect(version, kClean | kWill | 0x08 | 0x20 | kUser | kPassword,
                           raw_text("first") + raw_properties(version, list) + raw_text("second") +
                               raw_text("third") + raw_text("fourth") + raw_text("fifth")));
    auto events = talk.session.take_events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(std::visit(LineFormatter{}, events[0]),
              fmt::format("connect {} id=first user=fourth password=fifth will=second",
                          static_cast<int>(version)));
    const Will& will = *std::get<ConnectRequested>(events[0]).request->will;
    EXPECT_EQ(will.message.payload, "third");
    EXPECT_EQ(will.qos, Qos::kAtLeastOnce);
    EXPECT_TRUE(will.retain);
    const UserProperties in_order = {{"b", "2"}, {"b", "1"}, {"a", "3"}};
    EXPECT_EQ(publishable(will, kStart)->user_properties,
              version == Version::k5 ? in_order : UserProperties{});
  }
}

// proves v3: MQTT-3.1.2-1, MQTT-3.1.2-2
// proves v5: MQTT-3.1.2-1, MQTT-3.1.2-2
TEST(MqttConformance, OtherProtocolsAndLevelsAreRefused) {
  const auto connect = [](std::string_view name, unsigned level) {
    return raw_packet(
        0x10, raw_text(name) + static_cast<char>(level) + '\x02' + raw_u16(0) + raw_text("c"));
  };
  for (const std::string_view name : {"", "MQT", "mqtt", "MQTTX", "MQTT ", "AMQP"}) {
    for (const unsigned level : {4U, 5U}) {
      TestClient talk(Version::k311);
      expect_ended(talk, {std::string(name), connect(name, level)}, {});
    }
  }
  for (unsigned level = 0; level < 256; ++level) {
    if (level == 4 || level == 5) continue;
    TestClient talk(level > 5 ? Version::k5 : Version::k311);
    talk.bytes(connect("MQTT", level) + raw_ping());
    const std::string said = talk.output(kStart);
    // Encoded in the nearest version: return code 1, or reason 0x84.
    ASSERT_GE(said.size(), 4U) << level;
    EXPECT_EQ(static_cast<unsigned char>(said[0]), 0x20);
    EXPECT_EQ(said[2], 0);
    EXPECT_EQ(static_cast<unsigned char>(said[3]), level > 5 ? 0x84 : 0x01) << level;
    EXPECT_TRUE(talk.session.finished());
    EXPECT_EQ(talk.events().size(), 1U);
  }
}

// proves v3: MQTT-3.1.0-1, MQTT-4.8.0-1
// proves v5: MQTT-3.1.0-1, MQTT-3.14.0-1, MQTT-4.13.1-1, MQTT-4.13.2-1
TEST(MqttConformance, TheFirstPacketIsAConnect) {
  for (unsigned type = 2; type <= 15; ++type) {
    const unsigned flags = type == 6 || type == 8 || type == 10 ? 2 : 0;
    TestClient talk(Version::k5);
    expect_ended(talk, {fmt::format("type {}", type), raw_packet(type << 4U | flags, "")}, {});
  }
}

// proves v3: MQTT-3.1.0-2
// proves v5: MQTT-3.1.0-2
TEST(MqttConformance, ASecondConnectIsABreach) {
  for (const Version version : kBothVersions) {
    const std::string again = raw_connect(version, kClean, raw_text("c"));
    expect_refused(version, {{"again", again, Reason::kProtocolError}});
    TestClient held(version);  // both arrive before the first is answered
    held.bytes(again + again + raw_ping());
    EXPECT_EQ(held.events().size(), 1U);
    held.session.accept({}, kStart);
    EXPECT_TRUE(held.session.finished());
    EXPECT_EQ(held.said().size(), version == Version::k5 ? 2U : 1U);
  }
}

// proves v3: MQTT-3.1.3-5
// proves v5: MQTT-3.1.3-5
TEST(MqttConformance, OrdinaryClientIdsAreAccepted) {
  constexpr std::string_view kLetters =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (const Version version : kBothVersions) {
    for (std::size_t size = 1; size <= 23; ++size) {
      for (std::size_t from = 0; from + size <= kLetters.size(); from += size) {
        TestClient talk(version);
        Connect packet = plain_connect(version);
        packet.client_id = kLetters.substr(from, size);
        talk.send(packet);
        EXPECT_EQ(talk.events(), Lines{fmt::format("connect {} id={} user=- password=-",
                                                   static_cast<int>(version), packet.client_id)});
      }
    }
  }
}

// proves v3: MQTT-3.1.3-7, MQTT-3.1.3-8, MQTT-3.1.3-9, MQTT-3.2.2-5
// proves v5: MQTT-3.1.3-8, MQTT-3.2.2-7
TEST(MqttConformance, AClientIdThatIsNotAcceptedIsRefused) {
  for (const Version version : kBothVersions) {
    TestClient talk(version, {.client_id_bytes = 5});
    Connect packet = plain_connect(version);
    packet.client_id = "sixsix";
    talk.send(packet);
    const std::string said = talk.output(kStart);
    ASSERT_GE(said.size(), 4U);
    EXPECT_EQ(static_cast<unsigned char>(said[3]), version == Version::k5 ? 0x85 : 0x02);
    EXPECT_TRUE(talk.session.finished());
  }
  TestClient kept(Version::k311);
  expect_ended(kept, {"empty, not clean", raw_connect(Version::k311, 0, raw_text(""))},
               {"CONNACK client id not valid"});
  TestClient five(Version::k5);  // the server may assign an id for any session
  five.bytes(raw_connect(Version::k5, 0, raw_text("")));
  EXPECT_EQ(five.events(), Lines{"connect 5 id= user=- password=-"});
}

// proves v3: MQTT-3.1.4-5, MQTT-3.2.0-1, MQTT-3.2.2-4, MQTT-3.2.2-5
// proves v5: MQTT-3.1.4-2, MQTT-3.1.4-6, MQTT-3.2.0-1, MQTT-3.2.0-2, MQTT-3.2.2-6
// proves v5: MQTT-3.2.2-7, MQTT-3.14.0-1, MQTT-4.13.2-1
TEST(MqttConformance, BehindARefusedConnectNothingIsHandled) {
  for (const Version version : kBothVersions) {
    TestClient talk(version);
    std::string bytes;
    encode(bytes, with_will(version));
    encode(bytes, Publish{.qos = Qos::kAtLeastOnce, .topic = "t", .packet_id = 1}, version);
    encode(bytes, Subscribe{.packet_id = 2, .entries = {{.filter = "#"}}}, version);
    talk.bytes(bytes);
    EXPECT_EQ(talk.events().size(), 1U);
    EXPECT_EQ(talk.said(), Lines{});
    talk.session.refuse(Reason::kNotAuthorized);
    talk.bytes(raw_ping());
    const std::string said = talk.output(kStart);
    ASSERT_GE(said.size(), 4U);
    EXPECT_EQ(said[2], 0);  // no session present
    EXPECT_EQ(static_cast<unsigned char>(said[3]), version == Version::k5 ? 0x87 : 0x05);
    EXPECT_EQ(said.size(), static_cast<std::size_t>(said[1]) + 2);  // and no other packet
    EXPECT_EQ(talk.events(), Lines{"ended (refused: not authorized)"});
    EXPECT_TRUE(talk.session.finished());
  }
}

// proves v3: MQTT-3.1.4-4, MQTT-3.2.0-1
// proves v5: MQTT-3.1.4-5, MQTT-3.2.0-1, MQTT-3.2.0-2, MQTT-3.2.2-1
TEST(MqttConformance, TheFirstPacketOfTheServerIsOneConnack) {
  for (const Version version : kBothVersions) {
    for (const bool present : {false, true}) {
      TestClient talk(version);
      talk.send(plain_connect(version));
      talk.deliver("too early", Qos::kAtMostOnce);
      talk.bytes(raw_ping());
      EXPECT_EQ(talk.said(), Lines{});
      talk.session.accept({.session_present = present}, kStart);
      talk.session.accept({.session_present = present}, kStart);
      talk.session.refuse(Reason::kServerBusy);
      const std::string said = talk.output(kStart);
      ASSERT_GE(said.size(), 4U);
      EXPECT_EQ(said.substr(0, 1), "\x20");
      EXPECT_EQ(said[2], present ? 1 : 0);  // all other flags are 0
      EXPECT_EQ(said[3], 0);
      const Lines lines = decoded_packets(said, version);
      ASSERT_EQ(lines.size(), 2U);
      EXPECT_TRUE(lines[0].starts_with("CONNACK success"));
      EXPECT_EQ(lines[1], "PINGRESP");
    }
  }
}

// The reason codes in the standard's tables, by packet.
constexpr unsigned kConnackReasons[] = {0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86,
                                        0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95, 0x97,
                                        0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F};
// 0x8C is a reason of DISCONNECT in the list of all reasons (2.4), though not in DISCONNECT's own.
constexpr unsigned kDisconnectReasons[] = {
    0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90, 0x93,
    0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2};

// proves v5: MQTT-3.2.2-8
TEST(MqttConformance, ARefusalHasAReasonOfConnack) {
  for (unsigned value = 0x80; value < 256; ++value) {
    TestClient talk(Version::k5);
    talk.send(plain_connect(Version::k5));
    talk.session.refuse(any_reason(value));
    const std::string said = talk.output(kStart);
    ASSERT_GE(said.size(), 4U);
    const auto reason = static_cast<unsigned char>(said[3]);
    EXPECT_EQ(std::ranges::count(kConnackReasons, reason), 1) << value;
    EXPECT_EQ(reason == value, std::ranges::count(kConnackReasons, value) == 1) << value;
    EXPECT_TRUE(talk.session.finished());
  }
}

// proves v5: MQTT-3.14.2-1, MQTT-3.14.2-2, MQTT-3.14.4-1, MQTT-3.14.4-2, MQTT-4.13.2-1
TEST(MqttConformance, OurDisconnectHasAReasonOfTheTableAndIsTheLastPacket) {
  for (unsigned value = 0x80; value < 256; ++value) {
    TestClient talk(Version::k5);
    Connect connect = plain_connect(Version::k5);
    connect.properties.add(PropertyId::kSessionExpiryS, 100U);
    talk.join(connect);
    talk.session.close(any_reason(value), "so it is");
    talk.deliver("late", Qos::kAtMostOnce);
    talk.bytes(raw_ping());
    EXPECT_TRUE(talk.session.finished());
    const std::string said = talk.output(kStart);
    const auto packet = decode(said, Version::k5);
    ASSERT_TRUE(packet) << value;
    const auto* disconnect = std::get_if<Disconnect>(&*packet);
    ASSERT_NE(disconnect, nullptr);
    const auto reason = static_cast<unsigned>(disconnect->reason);
    EXPECT_EQ(std::ranges::count(kDisconnectReasons, reason), 1) << value;
    EXPECT_EQ(reason == value, std::ranges::count(kDisconnectReasons, value) == 1) << value;
    EXPECT_FALSE(disconnect->properties.has(PropertyId::kSessionExpiryS));
  }
}

// proves v3: MQTT-3.14.4-1, MQTT-3.14.4-2, MQTT-3.14.4-3, MQTT-3.1.2-10
// proves v5: MQTT-3.14.4-1, MQTT-3.14.4-2, MQTT-3.14.4-3
TEST(MqttConformance, BehindADisconnectNothingIsHandledAndThereIsNoWill) {
  for (const Version version : kBothVersions) {
    TestClient talk(version);
    talk.join(with_will(version));
    std::string bytes;
    encode(bytes, Disconnect{}, version);
    encode(bytes, Publish{.topic = "t"}, version);
    talk.bytes(bytes + raw_ping());
    talk.bytes(raw_ping());
    talk.session.lost("closed");
    EXPECT_TRUE(talk.session.finished());
    EXPECT_EQ(talk.events(), Lines{"ended (the client disconnected)"});
    EXPECT_EQ(talk.said(), Lines{});
  }
}

// proves v5: MQTT-3.14.2-1, MQTT-3.15.2-1
TEST(MqttConformance, AClientsLastWordsHaveAReasonOfTheTable) {
  for (unsigned value = 0; value < 256; ++value) {
    const std::string reason(1, static_cast<char>(value));
    const Breach disconnect{fmt::format("DISCONNECT {:#x}", value), raw_packet(0xe0, reason),
                            Reason::kProtocolError};
    if (std::ranges::count(kDisconnectReasons, value) == 0) {
      expect_refused(Version::k5, {disconnect});
    } else {
      TestClient talk(Version::k5);
      talk.join();
      expect_ended(talk, disconnect, {});
    }
    const std::string method = '\x15' + raw_text("X");
    expect_refused(Version::k5, {{fmt::format("AUTH {:#x}", value),
                                  raw_packet(0xf0, reason + raw_properties(Version::k5, method)),
                                  Reason::kProtocolError}});
  }
}

// proves v5: MQTT-3.1.2-30, MQTT-4.12.0-1, MQTT-3.1.4-2, MQTT-4.13.2-1
TEST(MqttConformance, AnAuthenticationMethodIsRefusedWhateverComesBehindIt) {
  const std::string method = '\x15' + raw_text("SCRAM-SHA-256");
  const std::string connect = raw_connect(Version::k5, kClean, raw_text("c"), method);
  std::string publish;
  encode(publish, Publish{.topic = "t"}, Version::k5);
  for (const std::string& behind :
       {std::string(), publish, raw_packet(0xf0, "\x18" + raw_properties(Version::k5, method))}) {
    TestClient talk(Version::k5);
    talk.bytes(connect + behind);
    EXPECT_TRUE(talk.session.finished());
    const Lines said = talk.said();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_TRUE(said[0].starts_with("CONNACK bad authentication method"));
    EXPECT_EQ(talk.events().size(), 1U);
  }
}

// proves v5: MQTT-4.12.0-6, MQTT-4.12.0-7, MQTT-3.1.2-28
TEST(MqttConformance, WithoutAMethodThereIsNoAuthAndWithoutAskingNoResponseInformation) {
  for (const std::uint32_t asked : {0U, 1U}) {
    TestClient talk(Version::k5);
    Connect connect = plain_connect(Version::k5);
    connect.properties.add(PropertyId::kRequestResponseInformation, asked);
    talk.send(connect);
    talk.session.accept({}, kStart);
    const std::string said = talk.output(kStart);
    const auto packet = decode(said, Version::k5);
    ASSERT_TRUE(packet);
    const auto& connack = std::get<Connack>(*packet);
    EXPECT_FALSE(connack.properties.has(PropertyId::kAuthenticationMethod));
    EXPECT_FALSE(connack.properties.has(PropertyId::kAuthenticationData));
    EXPECT_FALSE(connack.properties.has(PropertyId::kResponseInformation));
  }
  expect_refused(Version::k5, {{"AUTH", raw_packet(0xf0, ""), Reason::kProtocolError}});
}

// proves v3: MQTT-3.1.2-12
TEST(MqttConformance, WithoutAWillThereIsNone) {
  for (const Version version : kBothVersions) {
    TestClient talk(version);
    talk.join();
    talk.session.lost("cut");
    EXPECT_EQ(talk.events(), Lines{"ended (cut)"});
  }
}

// proves v3: MQTT-4.8.0-2
TEST(MqttConformance, APacketOverALimitEndsTheConnection) {
  for (const Version version : kBothVersions) {
    TestClient talk(version, {.held_bytes = 100});
    talk.send(plain_connect(version));
    (void)talk.events();
    talk.bytes(std::string(101, '\0'));
    EXPECT_TRUE(talk.session.finished());
    EXPECT_EQ(talk.events().size(), 1U);
  }
}

// proves v5: MQTT-3.2.2-19
TEST(MqttConformance, AReasonStringIsLeftOutOfAConnackThatItWouldMakeTooLarge) {
  for (const std::uint32_t most : {5U, 6U, 20U, 40U, 100U}) {
    TestClient talk(Version::k5);
    Connect connect = plain_connect(Version::k5);
    connect.properties.add(PropertyId::kMaximumPacketSize, most);
    talk.send(connect);
    talk.session.refuse(Reason::kNotAuthorized);
    const std::string said = talk.output(kStart);
    EXPECT_LE(said.size(), most);
    const Lines lines = decoded_packets(said, Version::k5);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0], most < 40 ? "CONNACK not authorized"
                                  : "CONNACK not authorized 31:refused: not authorized");
  }
}

// proves v5: MQTT-3.14.2-3
TEST(MqttConformance, AReasonStringIsLeftOutOfADisconnectThatItWouldMakeTooLarge) {
  for (const std::size_t length : {100UL, 101UL}) {
    TestClient talk(Version::k5);
    Connect connect = plain_connect(Version::k5);
    connect.properties.add(PropertyId::kMaximumPacketSize, 107U);  // type, 1, reason, 1, 3, text
    talk.join(connect);
    talk.session.close(Reason::kAdministrativeAction, std::string(length, 'x'));
    const std::string said = talk.output(kStart);
    EXPECT_EQ(said.size(), length == 100 ? 107U : 3U);
    EXPECT_EQ(decoded_packets(said, Version::k5), Lines{"DISCONNECT administrative action"});
  }
}

}  // namespace
}  // namespace gridloom::wire::mqtt
