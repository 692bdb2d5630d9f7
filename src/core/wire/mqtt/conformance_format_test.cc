// The standards' statements about the form of packets, in both versions: what a client must not
// send, and that it ends the connection. `proves` names the statements; see
// tests/conformance/table.py.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "wire/mqtt/packet.h"
#include "wire/mqtt/test_conformance_talk.h"
#include "wire/mqtt/test_talk.h"
#include "wire/mqtt/topic.h"

namespace gridloom::wire::mqtt {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kNotText[] = {
    "a\xed\xa0\x80"sv,  // a surrogate
    "a\xed\xbf\xbf"sv,
    "a\xc0\x80"sv,          // U+0000 in two bytes
    "a\x80"sv,              // a continuation of nothing
    "a\xe2\x82"sv,          // cut short
    "a\xf4\x90\x80\x80"sv,  // above U+10FFFF
    "\0"sv,
    "a\0b"sv,
};

// proves v3: MQTT-1.5.3-1, MQTT-1.5.3-2, MQTT-3.1.3-4, MQTT-3.1.3-10, MQTT-3.1.3-11
// proves v5: MQTT-1.5.4-1, MQTT-1.5.4-2, MQTT-3.1.3-4, MQTT-3.1.3-11, MQTT-3.1.3-12
TEST(MqttConformance, TextThatIsNoneEndsTheConnectionOfAConnect) {
  for (const Version version : kBothVersions) {
    for (const std::string_view bad : kNotText) {
      const std::string text = raw_text(bad);
      expect_connects_refused(
          version,
          {{"client id", raw_connect(version, 2, text)},
           {"will topic",
            raw_connect(version, 6, raw_text("c") + raw_properties(version) + text + raw_text(""))},
           {"user name", raw_connect(version, 0x82, raw_text("c") + text)}});
    }
  }
}

// proves v3: MQTT-1.5.3-1, MQTT-1.5.3-2, MQTT-3.3.2-1, MQTT-3.8.3-1, MQTT-3.10.3-1, MQTT-4.7.3-2
// proves v3: MQTT-4.8.0-1
// proves v5: MQTT-1.5.4-1, MQTT-1.5.4-2, MQTT-3.3.2-1, MQTT-3.8.3-1, MQTT-3.10.3-1, MQTT-4.7.3-2
// proves v5: MQTT-4.13.1-1
TEST(MqttConformance, TextThatIsNoneEndsTheConnection) {
  for (const Version version : kBothVersions) {
    const std::string none = raw_properties(version);
    for (const std::string_view bad : kNotText) {
      const std::string text = raw_text(bad);
      expect_refused(version,
                     {{"topic", raw_packet(0x30, text + none)},
                      {"filter", raw_packet(0x82, raw_u16(1) + none + text + '\0')},
                      {"second filter",
                       raw_packet(0x82, raw_u16(1) + none + raw_text("a") + '\0' + text + '\0')},
                      {"filter to end", raw_packet(0xa2, raw_u16(1) + none + text)}});
    }
  }
}

// proves v5: MQTT-1.5.7-1, MQTT-3.3.2-13, MQTT-3.3.2-19
TEST(MqttConformance, PropertiesThatAreNoTextEndTheConnection) {
  const auto publish = [](const std::string& list) {
    return raw_packet(0x30, raw_text("t") + raw_properties(Version::k5, list));
  };
  for (const std::string_view bad : kNotText) {
    const std::string text = raw_text(bad);
    expect_refused(Version::k5, {{"name", publish('\x26' + text + raw_text("v"))},
                                 {"value", publish('\x26' + raw_text("k") + text)},
                                 {"response topic", publish('\x08' + text)},
                                 {"content type", publish('\x03' + text)}});
  }
}

// proves v3: MQTT-1.5.3-3, MQTT-4.7.3-4
// proves v5: MQTT-1.5.4-3, MQTT-4.7.3-4
TEST(MqttConformance, TopicsAreTakenAndComparedAsTheyAre) {
  constexpr std::string_view kMarked = "\xef\xbb\xbft";
  for (const Version version : kBothVersions) {
    TestClient talk(version);
    talk.join();
    talk.send(Publish{.topic = kMarked});
    EXPECT_EQ(talk.events(), Lines{fmt::format("publish {} q0 id0 ", kMarked)});
    talk.session.deliver(message(std::string(kMarked), "x"), {}, kStart);
    const Lines said = talk.said();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_TRUE(said[0].starts_with(fmt::format("PUBLISH {} q0", kMarked)));
  }
  struct Pair {
    std::string_view filter;
    std::string_view topic;
  };
  constexpr Pair kAlike[] = {
      {kMarked, "t"},       {"\xc3\xa9", "e\xcc\x81"},  // é as one character and as two
      {"A", "a"},           {"a", "a "},
      {" a", "a"},          {"a/b", "a//b"},
      {"a/b", "/a/b"},      {"a", "a/"},
      {"%61", "a"},         {"a/./b", "a/b"},
      {"\xef\xbf\xbd", "?"}};
  for (const Pair& pair : kAlike) {
    EXPECT_FALSE(filter_matches(pair.filter, pair.topic)) << pair.filter;
    EXPECT_FALSE(filter_matches(pair.topic, pair.filter)) << pair.filter;
    EXPECT_TRUE(filter_matches(pair.filter, pair.filter)) << pair.filter;
  }
}

bool flags_of_the_table(std::uint32_t type, std::uint32_t flags) {
  switch (type) {
    case 3:
      return (flags & 6U) != 6U;
    case 6:
    case 8:
    case 10:
      return flags == 2;
    default:
      return flags == 0;
  }
}

// proves v3: MQTT-2.2.2-1, MQTT-2.2.2-2, MQTT-3.3.1-4, MQTT-3.6.1-1, MQTT-3.8.1-1, MQTT-3.10.1-1
// proves v3: MQTT-3.14.1-1
// proves v5: MQTT-2.1.3-1, MQTT-3.3.1-4, MQTT-3.6.1-1, MQTT-3.8.1-1, MQTT-3.10.1-1
// proves v5: MQTT-3.14.1-1, MQTT-3.15.1-1
TEST(MqttConformance, FlagsThatAPacketMayNotHaveEndTheConnection) {
  for (const Version version : kBothVersions) {
    for (std::uint32_t type = 1; type <= 15; ++type) {
      for (std::uint32_t flags = 0; flags < 16; ++flags) {
        if (flags_of_the_table(type, flags)) continue;
        const std::string name = fmt::format("{} with {:04b}", type, flags);
        // The first byte decides: the session does not wait for the rest of the packet.
        expect_refused(version, {{name, std::string(1, static_cast<char>(type << 4U | flags))}});
      }
    }
  }
}

// proves v3: MQTT-2.2.2-1
// proves v5: MQTT-2.1.3-1
TEST(MqttConformance, OurOwnPacketsHaveTheFlagsOfTheTable) {
  const Packet packets[] = {Connack{},
                            Publish{.topic = "t"},
                            Publish{.qos = Qos::kExactlyOnce, .topic = "t", .packet_id = 1},
                            Puback{1, {}, {}},
                            Pubrec{1, {}, {}},
                            Pubrel{1, {}, {}},
                            Pubcomp{1, {}, {}},
                            Suback{1, {}, {Reason::kSuccess}},
                            Unsuback{1, {}, {Reason::kSuccess}},
                            Pingresp{},
                            Disconnect{}};
  for (const Version version : kBothVersions) {
    for (const Packet& packet : packets) {
      std::string bytes;
      encode(bytes, packet, version);
      const auto first = static_cast<unsigned char>(bytes[0]);
      EXPECT_TRUE(flags_of_the_table(first >> 4U, first & 0x0FU)) << packet.index();
    }
  }
}

// proves v5: MQTT-1.5.5-1
TEST(MqttConformance, NumbersAreAsShortAsTheyCanBe) {
  expect_refused(
      Version::k5,
      {{"packet length", std::string("\xc0\x80\x00", 3)},
       {"packet length of four bytes", std::string("\xc0\x80\x80\x80\x00", 5)},
       {"property length", raw_packet(0x30, raw_text("t") + "\x80" + '\0')},
       {"property identifier", raw_packet(0x30, raw_text("t") + "\x03\x81" + '\0' + "\x01")},
       {"subscription identifier",
        raw_packet(0x82, raw_u16(1) + "\x03\x0b\x81" + '\0' + raw_text("a") + '\0')}});
  expect_connects_refused(
      Version::k5, {{"packet length",
                     "\x10\x8d" + ('\0' + raw_connect(Version::k5, 2, raw_text("")).substr(2))}});
  for (const std::size_t size : {0UL, 127UL, 128UL, 16'383UL, 16'384UL, 2'097'151UL, 2'097'152UL}) {
    std::string bytes;
    Writer(bytes).variable(size);
    EXPECT_EQ(bytes.size(), size < 128 ? 1U : size < 16'384 ? 2U : size < 2'097'152 ? 3U : 4U);
  }
  // 3.1.1 does not require the shortest form, and some clients always write four bytes.
  TestClient talk(Version::k311);
  talk.join();
  talk.bytes(std::string_view("\xc0\x80\x80\x80\x00", 5));
  EXPECT_EQ(talk.said(), Lines{"PINGRESP"});
}

// proves v3: MQTT-2.3.1-1
// proves v5: MQTT-2.2.1-3
TEST(MqttConformance, APacketIdIsThereAndNotZero) {
  for (const Version version : kBothVersions) {
    const std::string none = raw_properties(version);
    const auto with = [&](const std::string& id, Reason reason) {
      expect_refused(
          version,
          {{"publish 1", raw_packet(0x32, raw_text("t") + id + none), reason},
           {"publish 2", raw_packet(0x34, raw_text("t") + id + none), reason},
           {"subscribe", raw_packet(0x82, id.empty() ? id : id + none + raw_text("a") + '\0'),
            reason},
           {"unsubscribe", raw_packet(0xa2, id.empty() ? id : id + none + raw_text("a")), reason}});
    };
    with(raw_u16(0), Reason::kProtocolError);
    with("", Reason::kMalformedPacket);
  }
}

// proves v3: MQTT-2.3.1-5
// proves v5: MQTT-2.2.1-2
TEST(MqttConformance, APublishOfQos0HasNoPacketId) {
  for (const Version version : kBothVersions) {
    TestClient talk(version);
    talk.join();
    // The bytes in the place of a packet id belong to the payload.
    talk.bytes(raw_packet(0x30, raw_text("t") + raw_properties(version) + "id"));
    EXPECT_EQ(talk.events(), Lines{"publish t q0 id0 id"});
    talk.deliver("x", Qos::kAtMostOnce);
    EXPECT_EQ(talk.output(kStart), raw_packet(0x30, raw_text("t") + raw_properties(version) + "x"));
  }
}

// proves v5: MQTT-2.2.2-1
TEST(MqttConformance, NoPropertiesAreSaidByALengthOfZero) {
  struct Row {
    Packet packet;
    std::string bytes;
  };
  const Row rows[] = {{Connack{}, std::string("\x20\x03\0\0\0", 5)},
                      {Publish{.topic = "t"}, std::string("\x30\x04\0\1t\0", 6)},
                      {Suback{1, {}, {Reason::kSuccess}}, std::string("\x90\x04\0\1\0\0", 6)},
                      {Unsuback{1, {}, {Reason::kSuccess}}, std::string("\xb0\x04\0\1\0\0", 6)}};
  for (const Row& row : rows) {
    std::string bytes;
    encode(bytes, row.packet, Version::k5);
    EXPECT_EQ(bytes, row.bytes);
  }
  expect_refused(Version::k5, {{"PUBLISH", raw_packet(0x30, raw_text("t"))},
                               {"SUBSCRIBE", raw_packet(0x82, raw_u16(1))},
                               {"UNSUBSCRIBE", raw_packet(0xa2, raw_u16(1))}});
}

// Every property of the standard, with a value.
std::map<unsigned, std::string> all_properties() {
  const std::string one(1, '\x01');
  const std::string four("\0\0\0\x01", 4);
  return {{1, one},
          {2, four},
          {3, raw_text("x")},
          {8, raw_text("x")},
          {9, raw_text("x")},
          {11, one},
          {17, four},
          {18, raw_text("x")},
          {19, raw_u16(1)},
          {21, raw_text("x")},
          {22, raw_text("x")},
          {23, one},
          {24, four},
          {25, one},
          {26, raw_text("x")},
          {28, raw_text("x")},
          {31, raw_text("x")},
          {33, raw_u16(1)},
          {34, raw_u16(1)},
          {35, raw_u16(1)},
          {36, one},
          {37, one},
          {38, raw_text("x") + raw_text("y")},
          {39, four},
          {40, one},
          {41, one},
          {42, one}};
}

// Section 2.2.2.2: a property that its packet may not carry makes it malformed.
TEST(MqttConformance, APropertyOfAnotherPacketIsMalformed) {
  struct Place {
    const char* name;
    std::set<unsigned> may_carry;
    std::function<std::string(const std::string&)> with;  // a list of properties
  };
  const auto behind = [](std::uint32_t first, std::string head, std::string tail = {}) {
    return [=](const std::string& list) {
      return raw_packet(first, head + raw_properties(Version::k5, list) + tail);
    };
  };
  const std::vector<Place> places = {
      {"PUBLISH", {1, 2, 3, 8, 9, 11, 35, 38}, behind(0x30, raw_text("t"))},
      {"PUBACK", {31, 38}, behind(0x40, raw_u16(1) + '\0')},
      {"PUBREC", {31, 38}, behind(0x50, raw_u16(1) + '\0')},
      {"PUBREL", {31, 38}, behind(0x62, raw_u16(1) + '\0')},
      {"PUBCOMP", {31, 38}, behind(0x70, raw_u16(1) + '\0')},
      {"SUBSCRIBE", {11, 38}, behind(0x82, raw_u16(1), raw_text("a") + '\0')},
      {"UNSUBSCRIBE", {38}, behind(0xa2, raw_u16(1), raw_text("a"))},
      {"DISCONNECT", {17, 28, 31, 38}, behind(0xe0, std::string(1, '\0'))},
      {"AUTH", {21, 22, 31, 38}, behind(0xf0, std::string(1, '\x18'))},
      {"CONNECT",
       {17, 21, 22, 23, 25, 33, 34, 38, 39},
       [](const std::string& list) { return raw_connect(Version::k5, 2, raw_text("c"), list); }},
      {"will",
       {1, 2, 3, 8, 9, 24, 38},
       [](const std::string& list) {
         return raw_connect(
             Version::k5, 6,
             raw_text("c") + raw_properties(Version::k5, list) + raw_text("w") + raw_text(""));
       }},
  };
  const std::map<unsigned, std::string> properties = all_properties();
  for (const Place& place : places) {
    for (const auto& [id, value] : properties) {
      if (place.may_carry.contains(id)) continue;
      const Breach breach{fmt::format("{} with property {}", place.name, id),
                          place.with(static_cast<char>(id) + value)};
      if (place.name == "CONNECT"sv || place.name == "will"sv) {
        expect_connects_refused(Version::k5, {breach});
      } else {
        expect_refused(Version::k5, {breach});
      }
    }
  }
}

TEST(MqttConformance, TheLimitOfPropertiesIsTheSessions) {
  for (const std::size_t most : {16UL, 1000UL}) {
    for (const std::size_t extra : {0UL, 1UL}) {
      Publish packet{.topic = "t"};
      for (std::size_t i = 0; i < most + extra; ++i) packet.properties.add_user("", "");
      TestClient talk(Version::k5, {.properties = most});
      talk.join();
      talk.send(packet);
      EXPECT_EQ(talk.session.finished(), extra != 0) << most;
      const Lines events = talk.events();
      ASSERT_EQ(events.size(), 1U);
      if (extra != 0) {
        EXPECT_EQ(talk.said(), Lines{"DISCONNECT quota exceeded"});
        EXPECT_TRUE(events[0].contains(fmt::format("({} at most)", most))) << events[0];
      }
    }
  }
}

// proves v3: MQTT-3.3.2-2, MQTT-4.7.1-1, MQTT-4.7.3-1, MQTT-3.3.1-2
// proves v5: MQTT-3.3.2-2, MQTT-4.7.0-1, MQTT-4.7.3-1, MQTT-3.3.1-2
TEST(MqttConformance, APublishThatMayNotBeEndsTheConnection) {
  for (const Version version : kBothVersions) {
    const std::string none = raw_properties(version);
    for (const std::string_view topic : {"#", "+", "a/#", "a/+/b", "a#b", "a+"}) {
      const std::string text = raw_text(topic);
      expect_refused(version,
                     {{"wildcard", raw_packet(0x30, text + none), Reason::kMalformedPacket}});
      const std::string will = raw_connect(version, 6, raw_text("c") + none + text + raw_text(""));
      if (version == Version::k5) {
        expect_connects_refused(version, {{"will", will, Reason::kMalformedPacket}});
      } else {
        expect_connects_refused(version, {{"will", will}});
      }
    }
    expect_refused(version,
                   {{"no topic", raw_packet(0x30, raw_text("") + none), Reason::kProtocolError},
                    {"DUP at QoS 0", raw_packet(0x38, raw_text("t") + none)}});
  }
}

// proves v3: MQTT-4.7.1-2, MQTT-4.7.1-3, MQTT-4.7.3-1
// proves v5: MQTT-4.7.1-1, MQTT-4.7.1-2, MQTT-4.7.3-1, MQTT-4.8.2-1, MQTT-4.8.2-2
TEST(MqttConformance, AFilterIsNotEmptyAndHasWildcardsAsWholeLevels) {
  for (const Version version : kBothVersions) {
    const std::string none = raw_properties(version);
    for (const std::string_view filter :
         {"",          "a#",         "#a",         "a/#/b",       "#/",
          "##",        "a/b#",       "a+",         "+a",          "a/+b/c",
          "++",        "a/b+",       "$share/",    "$share//a",   "$share/g",
          "$share/g/", "$share/+/a", "$share/#/a", "$share/g+/a", "$share/g/a#"}) {
      const std::string text = raw_text(filter);
      expect_refused(version,
                     {{std::string(filter), raw_packet(0x82, raw_u16(1) + none + text + '\0'),
                       Reason::kMalformedPacket},
                      {std::string(filter), raw_packet(0xa2, raw_u16(1) + none + text),
                       Reason::kMalformedPacket}});
    }
    TestClient talk(version);
    talk.join();
    for (const char* filter : {"#", "+", "/", "/#", "+/+", "a/+/b/#", "/+", "a//b", "$share/g/#"}) {
      talk.send(Subscribe{.packet_id = 1, .entries = {{.filter = filter}}});
      EXPECT_EQ(talk.events().size(), 1U) << filter;
    }
    EXPECT_FALSE(talk.session.finished());
  }
}

// proves v3: MQTT-4.7.3-3
// proves v5: MQTT-4.7.3-3
TEST(MqttConformance, TheLongestTopicThatTheFormatHoldsIsUnderstood) {
  for (const Version version : kBothVersions) {
    TestClient talk(version, {.topic_bytes = 65'535});
    talk.join();
    const std::string topic(65'535, 't');
    talk.send(Publish{.topic = topic});
    talk.send(Subscribe{.packet_id = 1, .entries = {{.filter = topic}}});
    EXPECT_EQ(talk.events().size(), 2U);
    EXPECT_FALSE(talk.session.finished());
  }
  const std::string beyond(65'536, 't');
  EXPECT_FALSE(valid_topic(beyond));
  EXPECT_FALSE(valid_filter(beyond));
}

// proves v3: MQTT-3.8.3-3, MQTT-3.8.3-4, MQTT-3.10.3-2
// proves v5: MQTT-3.8.3-2, MQTT-3.8.3-4, MQTT-3.8.3-5, MQTT-3.10.3-2
TEST(MqttConformance, ASubscribeNamesFiltersAndKnownOptions) {
  for (const Version version : kBothVersions) {
    const std::string head = raw_u16(1) + raw_properties(version);
    expect_refused(version, {{"no filter", raw_packet(0x82, head), Reason::kProtocolError},
                             {"none to end", raw_packet(0xa2, head), Reason::kProtocolError},
                             {"no options", raw_packet(0x82, head + raw_text("a"))}});
    const std::uint32_t reserved = version == Version::k5 ? 0xC0U : 0xFCU;
    for (std::uint32_t options = 0; options < 256; ++options) {
      const bool bad = (options & reserved) != 0 || (options & 3U) == 3;
      if (!bad) continue;
      expect_refused(version,
                     {{fmt::format("options {:#x}", options),
                       raw_packet(0x82, head + raw_text("a") + static_cast<char>(options))}});
    }
  }
  expect_refused(
      Version::k5,
      {{"retain handling 3", raw_packet(0x82, raw_u16(1) + '\0' + raw_text("a") + '\x30'),
        Reason::kProtocolError},
       {"no-local, shared", raw_packet(0x82, raw_u16(1) + '\0' + raw_text("$share/g/a") + '\x04'),
        Reason::kProtocolError}});
}

// proves v5: MQTT-3.3.2-8, MQTT-3.3.2-14, MQTT-3.3.4-6
TEST(MqttConformance, PropertiesOfAPublishKeepToTheirRules) {
  const auto publish = [](const std::string& list) {
    return raw_packet(0x30, raw_text("t") + raw_properties(Version::k5, list));
  };
  expect_refused(Version::k5,
                 {{"alias 0", publish('\x23' + raw_u16(0)), Reason::kTopicAliasInvalid},
                  {"response to +", publish('\x08' + raw_text("a/+")), Reason::kProtocolError},
                  {"response to #", publish('\x08' + raw_text("#")), Reason::kProtocolError},
                  {"subscription identifier", publish("\x0b\x01"), Reason::kProtocolError}});
  for (const char* topic : {"a/+", "#"}) {
    expect_connects_refused(
        Version::k5,
        {{"response to a will",
          raw_connect(Version::k5, 6,
                      raw_text("c") + raw_properties(Version::k5, '\x08' + raw_text(topic)) +
                          raw_text("w") + raw_text("")),
          Reason::kProtocolError}});
  }
}

}  // namespace
}  // namespace gridloom::wire::mqtt
