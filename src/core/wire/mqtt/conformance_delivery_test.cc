// The standards' statements about messages in flight and their answers, in both versions:
// QoS 0 to 2 in both directions, windows, sizes, aliases. `proves` names the statements; see
// tests/conformance/table.py.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/mqtt/packet.h"
#include "wire/mqtt/test_conformance_talk.h"
#include "wire/mqtt/test_talk.h"

namespace gridloom::wire::mqtt {
namespace {

using std::chrono::seconds;

AckToken token_of(std::uint16_t id, Qos qos) { return {.packet_id = id, .qos = qos}; }

// The CONNECT of a version 5 client with one additional property.
Connect connect_with(PropertyId id, std::uint32_t number) {
  Connect packet = plain_connect(Version::k5);
  packet.properties.add(id, number);
  return packet;
}

Publish aliased(std::string_view topic, std::uint32_t alias) {
  Publish packet{.topic = topic, .payload = "x"};
  packet.properties.add(PropertyId::kTopicAlias, alias);
  return packet;
}

// proves v3: MQTT-2.3.1-6, MQTT-3.3.4-1, MQTT-4.3.2-2
// proves v5: MQTT-2.2.1-5, MQTT-3.3.4-1, MQTT-4.3.2-4, MQTT-4.3.2-5
TEST(MqttConformance, Qos1IsTakenAcknowledgedAndThenForgotten) {
  for (const Version version : kBothVersions) {
    TestClient talk(version);
    talk.join();
    talk.publish(0, Qos::kAtMostOnce);
    talk.publish(0xFFFF, Qos::kAtLeastOnce);
    EXPECT_EQ(talk.events(), (Lines{"publish t q0 id0 x", "publish t q1 id65535 x"}));
    talk.session.acknowledge(token_of(0, Qos::kAtMostOnce), Reason::kSuccess);
    EXPECT_EQ(talk.said(), Lines{});
    talk.session.acknowledge(token_of(0xFFFF, Qos::kAtLeastOnce), Reason::kSuccess);
    EXPECT_EQ(talk.said(), Lines{"PUBACK 65535 success"});
    for (const bool dup : {false, true}) {
      talk.send(Publish{.dup = dup,
                        .qos = Qos::kAtLeastOnce,
                        .topic = "t",
                        .packet_id = 0xFFFF,
                        .payload = "new"});
      EXPECT_EQ(talk.events(), Lines{fmt::format("publish t q1 id65535{} new", dup ? " dup" : "")});
      talk.session.acknowledge(token_of(0xFFFF, Qos::kAtLeastOnce), Reason::kSuccess);
      EXPECT_EQ(talk.said(), Lines{"PUBACK 65535 success"});
    }
  }
}

// proves v3: MQTT-2.3.1-6, MQTT-3.3.4-1, MQTT-4.3.3-2
// proves v5: MQTT-2.2.1-5, MQTT-3.3.4-1, MQTT-4.3.3-8, MQTT-4.3.3-10, MQTT-4.3.3-11
// proves v5: MQTT-4.3.3-12
TEST(MqttConformance, Qos2IsTakenOnceReleasedAndThenForgotten) {
  for (const Version version : kBothVersions) {
    TestClient talk(version);
    talk.join();
    for (const char* round : {"first", "second"}) {
      talk.publish(9, Qos::kExactlyOnce, round);
      EXPECT_EQ(talk.events(), Lines{fmt::format("publish t q2 id9 {}", round)});
      EXPECT_EQ(talk.said(), Lines{});
      talk.session.acknowledge(token_of(9, Qos::kExactlyOnce), Reason::kSuccess);
      EXPECT_EQ(talk.said(), Lines{"PUBREC 9 success"});
      for (const bool dup : {true, false}) {
        talk.send(Publish{.dup = dup, .qos = Qos::kExactlyOnce, .topic = "t", .packet_id = 9});
        EXPECT_EQ(talk.events(), Lines{});
        EXPECT_EQ(talk.said(), Lines{"PUBREC 9 success"});
      }
      talk.send(Pubrel{9, {}, {}});
      EXPECT_EQ(talk.said(), Lines{"PUBCOMP 9 success"});
      EXPECT_EQ(talk.events(), Lines{});
    }
  }
}

// proves v3: MQTT-4.3.3-2
// proves v5: MQTT-4.3.3-10, MQTT-4.3.3-11
TEST(MqttConformance, ARepetitionBeforeItsPubrecIsNoSecondMessage) {
  for (const Version version : kBothVersions) {
    TestClient talk(version);
    talk.join();
    talk.publish(9, Qos::kExactlyOnce, "once");
    EXPECT_EQ(talk.events(), Lines{"publish t q2 id9 once"});
    for (const bool dup : {true, false}) {
      talk.send(Publish{
          .dup = dup, .qos = Qos::kExactlyOnce, .topic = "t", .packet_id = 9, .payload = "once"});
      EXPECT_EQ(talk.events(), Lines{});
      EXPECT_EQ(talk.said(), Lines{}) << "it is not safe yet";
    }
    talk.session.acknowledge(token_of(9, Qos::kExactlyOnce), Reason::kSuccess);
    const Lines said = talk.said();
    ASSERT_FALSE(said.empty());
    for (const std::string& line : said) EXPECT_EQ(line, "PUBREC 9 success");
    talk.send(Pubrel{9, {}, {}});
    EXPECT_EQ(talk.said(), Lines{"PUBCOMP 9 success"});
    EXPECT_EQ(talk.events(), Lines{});
  }
}

// proves v5: MQTT-4.3.3-9
TEST(MqttConformance, BehindARefusalAnIdOfQos2IsANewMessage) {
  TestClient talk(Version::k5);
  talk.join();
  for (int round = 0; round < 2; ++round) {
    talk.publish(9, Qos::kExactlyOnce);
    EXPECT_EQ(talk.events(), Lines{"publish t q2 id9 x"});
    talk.session.acknowledge(token_of(9, Qos::kExactlyOnce), Reason::kQuotaExceeded);
    EXPECT_EQ(talk.said(), Lines{"PUBREC 9 quota exceeded"});
  }
}

// proves v5: MQTT-4.3.3-13
TEST(MqttConformance, TheExchangeOfAnExpiredMessageIsCompleted) {
  TestClient talk(Version::k5);
  talk.join();
  Publish packet{.qos = Qos::kExactlyOnce, .topic = "t", .packet_id = 3};
  packet.properties.add(PropertyId::kMessageExpiryS, 1U);
  talk.send(packet);
  (void)talk.events();
  talk.now = kStart + seconds(5);
  talk.session.acknowledge(token_of(3, Qos::kExactlyOnce), Reason::kSuccess);
  talk.send(Pubrel{3, {}, {}});
  EXPECT_EQ(talk.said(), (Lines{"PUBREC 3 success", "PUBCOMP 3 success"}));
}

// proves v3: MQTT-3.3.1-2, MQTT-3.3.1-3, MQTT-4.3.1-1, MQTT-4.3.2-1
// proves v5: MQTT-3.3.1-2, MQTT-3.3.1-3, MQTT-4.3.1-1, MQTT-4.3.2-2, MQTT-4.3.3-2
TEST(MqttConformance, AFirstTransmissionHasItsQosAndNoDup) {
  for (const Version version : kBothVersions) {
    TestClient from(version);
    from.join();
    from.send(Publish{.dup = true, .qos = Qos::kExactlyOnce, .topic = "t", .packet_id = 1});
    const auto events = from.session.take_events();
    ASSERT_EQ(events.size(), 1U);
    const auto& received = std::get<PublishReceived>(events[0]);
    EXPECT_TRUE(received.dup);
    TestClient to(version);
    to.join();
    for (const Qos qos : {Qos::kAtMostOnce, Qos::kAtLeastOnce, Qos::kExactlyOnce}) {
      to.session.deliver(received.message, {.qos = qos}, kStart);
    }
    EXPECT_EQ(to.said(), (Lines{"PUBLISH t q0 ", "PUBLISH t q1 id1 ", "PUBLISH t q2 id2 "}));
  }
}

// proves v5: MQTT-2.2.1-4, MQTT-4.3.2-1, MQTT-4.3.3-1
TEST(MqttConformance, AnIdIsNotUsedAgainBeforeItsLastAnswer) {
  for (const Version version : kBothVersions) {
    TestClient talk(version, {.in_flight = 4});
    talk.join();
    talk.deliver("waits for PUBACK", Qos::kAtLeastOnce);   // 1
    talk.deliver("waits for PUBREC", Qos::kExactlyOnce);   // 2
    talk.deliver("waits for PUBCOMP", Qos::kExactlyOnce);  // 3
    talk.send(Pubrec{3, {}, {}});
    (void)talk.output(kStart);
    std::uint32_t used = 0;
    for (std::uint32_t n = 4; n <= 65'535; ++n) {
      talk.deliver("", Qos::kAtLeastOnce);
      const auto id = static_cast<std::uint16_t>(n);
      talk.send(Puback{id, {}, {}});
      const std::string said = talk.output(kStart);
      used += said.substr(5, 2) == raw_u16(id) ? 1U : 0U;
    }
    EXPECT_EQ(used, 65'532U);
    talk.deliver("after the last", Qos::kAtLeastOnce);
    EXPECT_EQ(talk.said(), Lines{"PUBLISH t q1 id4 after the last"});
  }
}

// proves v3: MQTT-4.3.2-1
// proves v5: MQTT-4.3.2-3, MQTT-4.9.0-1, MQTT-4.9.0-2, MQTT-3.3.4-9
TEST(MqttConformance, AMessageOfQos1IsOnItsWayUntilItsPuback) {
  TestClient talk(Version::k5);
  talk.join(connect_with(PropertyId::kReceiveMaximum, 1));
  talk.deliver("first", Qos::kAtLeastOnce);
  talk.deliver("second", Qos::kAtLeastOnce);
  EXPECT_EQ(talk.said(), Lines{"PUBLISH t q1 id1 first"});
  talk.send(Puback{2, {}, {}});  // of another message
  EXPECT_EQ(talk.said(), Lines{});
  talk.send(Puback{1, {}, {}});
  EXPECT_EQ(talk.said(), Lines{"PUBLISH t q1 id2 second"});
  TestClient old(Version::k311, {.in_flight = 1});
  old.join();
  old.deliver("first", Qos::kAtLeastOnce);
  old.deliver("second", Qos::kAtLeastOnce);
  EXPECT_EQ(old.said(), Lines{"PUBLISH t q1 id1 first"});
  old.send(Puback{1, {}, {}});
  EXPECT_EQ(old.said(), Lines{"PUBLISH t q1 id2 second"});
}

// proves v3: MQTT-2.3.1-6
// proves v5: MQTT-4.3.3-3, MQTT-4.3.3-4, MQTT-4.3.3-5, MQTT-4.9.0-2, MQTT-3.3.4-9
TEST(MqttConformance, AMessageOfQos2IsOnItsWayUntilItsPubcomp) {
  for (const Version version : kBothVersions) {
    TestClient talk(version, {.in_flight = 1});
    talk.join();
    talk.deliver("first", Qos::kExactlyOnce);
    talk.deliver("second", Qos::kExactlyOnce);
    EXPECT_EQ(talk.said(), Lines{"PUBLISH t q2 id1 first"});
    talk.send(Pubrec{1, {}, {}});
    EXPECT_EQ(talk.said(), Lines{"PUBREL 1 success"});
    talk.send(Pubrec{1, {}, {}});
    EXPECT_EQ(talk.said(), Lines{"PUBREL 1 success"});
    talk.send(Pubcomp{1, {}, {}});
    EXPECT_EQ(talk.said(), Lines{"PUBLISH t q2 id2 second"});
  }
  TestClient refused(Version::k5, {.in_flight = 1});
  refused.join();
  refused.deliver("first", Qos::kExactlyOnce);
  refused.deliver("second", Qos::kExactlyOnce);
  (void)refused.said();
  refused.send(Pubrec{1, Reason::kPayloadFormatInvalid, {}});
  EXPECT_EQ(refused.said(), Lines{"PUBLISH t q2 id2 second"});
}

// proves v3: MQTT-4.6.0-4
TEST(MqttConformance, PubrelsComeInTheOrderOfThePubrecs) {
  for (const Version version : kBothVersions) {
    TestClient talk(version);
    talk.join();
    for (int i = 0; i < 4; ++i) talk.deliver("", Qos::kExactlyOnce);
    (void)talk.said();
    Lines expected;
    for (const std::uint16_t id : std::initializer_list<std::uint16_t>{3, 1, 4, 2}) {
      talk.send(Pubrec{id, {}, {}});
      expected.push_back(fmt::format("PUBREL {} success", id));
    }
    EXPECT_EQ(talk.said(), expected);
  }
}

// proves v3: MQTT-4.6.0-5, MQTT-4.6.0-6
// proves v5: MQTT-4.6.0-5, MQTT-4.6.0-6
TEST(MqttConformance, MessagesOfAQosLeaveInTheOrderInWhichTheyCame) {
  for (const Version version : kBothVersions) {
    for (const Qos qos : {Qos::kAtMostOnce, Qos::kAtLeastOnce, Qos::kExactlyOnce}) {
      TestClient talk(version, {.output_bytes = 50, .in_flight = 3});
      talk.join();
      Lines expected;
      for (int i = 0; i < 40; ++i) {
        talk.deliver(fmt::format("{}", i), qos);
        expected.push_back(fmt::format("{}", i));
      }
      Lines got;
      while (talk.session.has_output()) {
        const std::string bytes = talk.output(kStart);
        for (std::string_view rest = bytes; !rest.empty();) {
          const auto header = **peek_header(rest);
          const auto packet = *decode(rest.substr(0, header.total_bytes()), version);
          rest.remove_prefix(header.total_bytes());
          if (const auto* publish = std::get_if<Publish>(&packet)) {
            got.emplace_back(publish->payload);
            if (qos == Qos::kAtLeastOnce) talk.send(Puback{publish->packet_id, {}, {}});
            if (qos == Qos::kExactlyOnce) talk.send(Pubrec{publish->packet_id, {}, {}});
          } else {
            talk.send(Pubcomp{std::get<Pubrel>(packet).packet_id, {}, {}});
          }
        }
      }
      EXPECT_EQ(got, expected);
    }
  }
}

// proves v5: MQTT-3.3.4-10, MQTT-4.9.0-3
TEST(MqttConformance, AFullWindowHoldsNothingBackButMessages) {
  TestClient talk(Version::k5);
  talk.join(connect_with(PropertyId::kReceiveMaximum, 1));
  talk.deliver("on its way", Qos::kExactlyOnce);
  talk.deliver("waits", Qos::kAtLeastOnce);
  EXPECT_EQ(talk.said(), Lines{"PUBLISH t q2 id1 on its way"});
  talk.publish(5, Qos::kAtLeastOnce);
  talk.publish(6, Qos::kExactlyOnce);
  talk.session.acknowledge(token_of(5, Qos::kAtLeastOnce), Reason::kSuccess);
  talk.session.acknowledge(token_of(6, Qos::kExactlyOnce), Reason::kSuccess);
  talk.send(Pubrel{6, {}, {}});
  talk.send(Subscribe{.packet_id = 7, .entries = {{.filter = "a"}}});
  talk.send(Unsubscribe{8, {}, {"a"}});
  talk.session.subscribed({.packet_id = 7, .filters = 1}, std::vector{Reason::kSuccess});
  talk.session.unsubscribed({.packet_id = 8, .filters = 1}, std::vector{Reason::kSuccess});
  talk.send(Pingreq{});
  talk.send(Pubrec{1, {}, {}});
  EXPECT_EQ(talk.said(),
            (Lines{"PUBACK 5 success", "PUBREC 6 success", "PUBCOMP 6 success", "SUBACK 7 success",
                   "UNSUBACK 8 success", "PINGRESP", "PUBREL 1 success"}));
}

// proves v5: MQTT-3.3.2-4
TEST(MqttConformance, ThePayloadFormatIsPassedOnAsItCame) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view said : {""sv, "\x01\x00"sv, "\x01\x01"sv}) {
    const std::string packet =
        raw_packet(0x30, raw_text("t") + raw_properties(Version::k5, said) + "x");
    TestClient from(Version::k5);
    from.join();
    from.bytes(packet);
    const auto events = from.session.take_events();
    ASSERT_EQ(events.size(), 1U);
    TestClient to(Version::k5);
    to.join();
    to.session.deliver(std::get<PublishReceived>(events[0]).message, {}, kStart);
    EXPECT_EQ(to.output(kStart), packet);
  }
}

// proves v5: MQTT-3.1.2-24, MQTT-3.1.2-25
TEST(MqttConformance, AMessageThatIsTooLargeIsAsGoodAsDelivered) {
  for (const Qos qos : {Qos::kAtMostOnce, Qos::kAtLeastOnce, Qos::kExactlyOnce}) {
    TestClient talk(Version::k5, {.in_flight = 1});
    talk.join(connect_with(PropertyId::kMaximumPacketSize, 50));
    talk.deliver(std::string(60, 'x'), qos);
    talk.deliver(std::string(60, 'y'), qos);
    talk.deliver("fits", qos);
    const Lines said = talk.said();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_TRUE(said[0].ends_with("fits"));
    EXPECT_EQ(talk.session.outbox().waiting(), 0U);
    EXPECT_FALSE(talk.session.finished());
  }
}

// The answers to refused requests as a client gets them, including their reason strings.
std::string refusals(const Connect& connect) {
  const std::string why(30, 'y');
  TestClient talk(Version::k5);
  talk.join(connect);
  talk.publish(1, Qos::kAtLeastOnce);
  talk.publish(2, Qos::kExactlyOnce);
  talk.send(Subscribe{.packet_id = 3, .entries = {{.filter = "a"}}});
  talk.send(Unsubscribe{4, {}, {"a"}});
  const std::vector refused = {Reason::kNotAuthorized};
  talk.session.acknowledge(token_of(1, Qos::kAtLeastOnce), Reason::kNotAuthorized, why);
  talk.session.acknowledge(token_of(2, Qos::kExactlyOnce), Reason::kNotAuthorized, why);
  talk.session.subscribed({.packet_id = 3, .filters = 1}, refused, why);
  talk.session.unsubscribed({.packet_id = 4, .filters = 1}, refused);
  talk.send(Pubrel{5, {}, {}});
  return talk.output(kStart);
}

// proves v5: MQTT-3.1.2-24, MQTT-3.1.2-29, MQTT-3.4.2-2, MQTT-3.5.2-2, MQTT-3.9.2-1
// proves v5: MQTT-3.11.2-1
TEST(MqttConformance, RefusalsAreShortForClientsThatWantThemSo) {
  const auto answers = [](const std::string& ack_why, const std::string& suback_why) {
    const std::string rest =
        raw_packet(0xb0, raw_u16(4) + '\0' + "\x87") + raw_packet(0x70, raw_u16(5) + "\x92");
    return raw_packet(0x40, raw_u16(1) + "\x87" + ack_why) +
           raw_packet(0x50, raw_u16(2) + "\x87" + ack_why) +
           raw_packet(0x90, raw_u16(3) + suback_why + "\x87") + rest;
  };
  const std::string none(1, '\0');
  const std::string why = raw_properties(Version::k5, '\x1f' + raw_text(std::string(30, 'y')));
  EXPECT_EQ(refusals(plain_connect(Version::k5)), answers(why, why));
  EXPECT_EQ(refusals(connect_with(PropertyId::kRequestProblemInformation, 1)), answers(why, why));
  EXPECT_EQ(refusals(connect_with(PropertyId::kRequestProblemInformation, 0)), answers("", none));
  EXPECT_EQ(refusals(connect_with(PropertyId::kMaximumPacketSize, 39)), answers(why, why));
  EXPECT_EQ(refusals(connect_with(PropertyId::kMaximumPacketSize, 38)), answers("", none));
}

// proves v5: MQTT-3.4.2-1, MQTT-3.5.2-1, MQTT-3.6.2-1, MQTT-3.7.2-1
TEST(MqttConformance, AnAnswersReasonIsOneOfItsTable) {
  constexpr unsigned kAcks[] = {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
  constexpr unsigned kReleases[] = {0x00, 0x92};
  for (const std::uint32_t first : {0x40U, 0x50U, 0x62U, 0x70U}) {
    for (unsigned value = 0; value < 256; ++value) {
      const bool known = first < 0x60 ? std::ranges::count(kAcks, value) == 1
                                      : std::ranges::count(kReleases, value) == 1;
      const Breach breach{fmt::format("{:#x} with {:#x}", first, value),
                          raw_packet(first, raw_u16(1) + static_cast<char>(value)),
                          Reason::kProtocolError};
      if (!known) {
        expect_refused(Version::k5, {breach});
        continue;
      }
      TestClient talk(Version::k5);
      talk.join();
      talk.bytes(breach.bytes);
      EXPECT_FALSE(talk.session.finished()) << breach.name;
    }
  }
}

// proves v5: MQTT-3.3.2-12
TEST(MqttConformance, EveryAliasUpToOurMaximumIsUnderstood) {
  TestClient talk(Version::k5);
  talk.join();
  for (std::uint32_t alias = 1; alias <= 32; ++alias) {
    talk.send(aliased(fmt::format("t/{}", alias), alias));
  }
  (void)talk.events();
  for (std::uint32_t alias = 32; alias >= 1; --alias) {
    talk.send(aliased("", alias));
    EXPECT_EQ(talk.events(), Lines{fmt::format("publish t/{} q0 id0 x", alias)});
  }
  EXPECT_FALSE(talk.session.finished());
}

// proves v5: MQTT-3.2.2-17, MQTT-3.2.2-18, MQTT-3.3.2-9
TEST(MqttConformance, AnAliasAboveOurMaximumEndsTheConnection) {
  for (const std::uint16_t maximum : std::initializer_list<std::uint16_t>{0, 1, 7}) {
    TestClient talk(Version::k5, {.topic_alias_maximum = maximum});
    talk.send(plain_connect(Version::k5));
    talk.session.accept({}, kStart);
    EXPECT_TRUE(talk.said().at(0).contains(fmt::format(" 34:{}", maximum)));
    (void)talk.events();
    talk.send(aliased("t", maximum + 1U));
    EXPECT_EQ(talk.said(), Lines{"DISCONNECT topic alias invalid"});
    EXPECT_EQ(talk.events().size(), 1U);
  }
}

// proves v5: MQTT-3.3.2-7
TEST(MqttConformance, AnAliasIsUnknownToTheNextConnection) {
  TestClient first(Version::k5);
  first.join();
  first.send(aliased("t", 3));
  TestClient second(Version::k5);
  Connect again = plain_connect(Version::k5);
  again.clean_start = false;
  second.join(again);
  second.send(aliased("", 3));
  EXPECT_EQ(second.said(), Lines{"DISCONNECT protocol error"});
}

// proves v3: MQTT-2.3.1-7, MQTT-3.8.4-1, MQTT-3.8.4-2, MQTT-3.8.4-5, MQTT-3.9.3-1
// proves v3: MQTT-3.9.3-2, MQTT-3.10.4-4
// proves v5: MQTT-2.2.1-6, MQTT-3.8.4-1, MQTT-3.8.4-2, MQTT-3.8.4-6, MQTT-3.8.4-7
// proves v5: MQTT-3.9.3-1, MQTT-3.10.4-4, MQTT-3.10.4-5, MQTT-3.11.3-1
TEST(MqttConformance, SubackAndUnsubackAnswerEachFilterInOrder) {
  const std::vector<Reason> reasons = {Reason::kGrantedQos2, Reason::kNotAuthorized,
                                       Reason::kSuccess, Reason::kQuotaExceeded,
                                       Reason::kGrantedQos1};
  for (const Version version : kBothVersions) {
    TestClient talk(version);
    talk.join();
    Subscribe subscribe{.packet_id = 0x1234};
    Unsubscribe unsubscribe{.packet_id = 0x4321};
    for (const char* filter : {"a", "b", "c", "d", "e"}) {
      subscribe.entries.push_back({.filter = filter, .qos = Qos::kExactlyOnce});
      unsubscribe.filters.emplace_back(filter);
    }
    talk.send(subscribe);
    talk.send(unsubscribe);
    const auto events = talk.session.take_events();
    ASSERT_EQ(events.size(), 2U);
    talk.session.subscribed(std::get<SubscribeRequested>(events[0]).token, reasons);
    talk.session.unsubscribed(
        std::get<UnsubscribeRequested>(events[1]).token,
        std::vector{Reason::kSuccess, Reason::kNoSubscriptionExisted, Reason::kNotAuthorized,
                    Reason::kSuccess, Reason::kSuccess});
    const std::string id = raw_u16(0x1234);
    const std::string said = talk.output(kStart);
    using std::string_literals::operator""s;
    EXPECT_EQ(said, version == Version::k5 ? raw_packet(0x90, id + "\0\x02\x87\x00\x97\x01"s) +
                                                 raw_packet(0xb0, "\x43\x21\0\x00\x11\x87\x00\x00"s)
                                           : raw_packet(0x90, id + "\x02\x80\x00\x80\x01"s) +
                                                 raw_packet(0xb0, "\x43\x21"s));
  }
}

// proves v3: MQTT-3.12.4-1
// proves v5: MQTT-3.12.4-1
TEST(MqttConformance, APingIsAnswered) {
  for (const Version version : kBothVersions) {
    TestClient talk(version);
    talk.join();
    talk.bytes(raw_ping() + raw_ping());
    EXPECT_EQ(talk.output(kStart), std::string("\xd0\x00\xd0\x00", 4));
  }
}

}  // namespace
}  // namespace gridloom::wire::mqtt
