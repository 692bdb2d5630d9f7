// Tests the codec with bytes taken from the standards, against itself (encode, decode, encode) and
// with malformed packets, each with the reason code that version 5 requires.
#include "wire/mqtt/packet.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "wire/mqtt/topic.h"

namespace gridloom::wire::mqtt {
namespace {

using std::string_view_literals::operator""sv;

constexpr Version kBoth[] = {Version::k311, Version::k5};

std::string encoded(const Packet& packet, Version version) {
  std::string bytes;
  encode(bytes, packet, version);
  return bytes;
}

Properties user_properties() {
  Properties properties;
  properties.add_user("a", "1");
  properties.add_user("a", "2");
  return properties;
}

Properties message_properties() {
  Properties properties = user_properties();
  properties.add(PropertyId::kPayloadFormat, 1U);
  properties.add(PropertyId::kMessageExpiryS, 0xFFFFFFFFU);
  properties.add(PropertyId::kContentType, "application/json");
  properties.add(PropertyId::kResponseTopic, "/open/a/reply");
  properties.add(PropertyId::kCorrelationData, "\x00\xff\x80"sv);
  return properties;
}

Properties answer_properties() {
  Properties properties = user_properties();
  properties.add(PropertyId::kReasonString, "so it is");
  return properties;
}

Connect full_connect() {
  Connect packet{.version = Version::k5,
                 .clean_start = false,
                 .keepalive_s = 15,
                 .client_id = "client",
                 .will = LastWill{.topic = "w/t",
                                  .payload = "gone\0!"sv,
                                  .qos = Qos::kExactlyOnce,
                                  .retain = true,
                                  .properties = message_properties()},
                 .username = "open-0123",
                 .password = "\x01\x02",
                 .properties = user_properties()};
  packet.will->properties.add(PropertyId::kWillDelayS, 30U);
  packet.properties.add(PropertyId::kSessionExpiryS, 3600U);
  packet.properties.add(PropertyId::kReceiveMaximum, 20U);
  packet.properties.add(PropertyId::kMaximumPacketSize, 70000U);
  packet.properties.add(PropertyId::kTopicAliasMaximum, 0U);
  packet.properties.add(PropertyId::kRequestResponseInformation, 1U);
  packet.properties.add(PropertyId::kRequestProblemInformation, 0U);
  packet.properties.add(PropertyId::kAuthenticationMethod, "SCRAM");
  packet.properties.add(PropertyId::kAuthenticationData, "\x00x"sv);
  return packet;
}

Connack full_connack() {
  Connack packet{.session_present = true, .reason = Reason::kSuccess};
  Properties& told = packet.properties;
  told = answer_properties();
  told.add(PropertyId::kSessionExpiryS, 1U);
  told.add(PropertyId::kReceiveMaximum, 1000U);
  told.add(PropertyId::kMaximumQos, 1U);
  told.add(PropertyId::kRetainAvailable, 0U);
  told.add(PropertyId::kMaximumPacketSize, 262144U);
  told.add(PropertyId::kAssignedClientId, "auto-1");
  told.add(PropertyId::kTopicAliasMaximum, 32U);
  told.add(PropertyId::kWildcardAvailable, 1U);
  told.add(PropertyId::kSubscriptionIdAvailable, 1U);
  told.add(PropertyId::kSharedAvailable, 0U);
  told.add(PropertyId::kServerKeepAliveS, 60U);
  told.add(PropertyId::kResponseInformation, "r/");
  told.add(PropertyId::kServerReference, "other:1883");
  told.add(PropertyId::kAuthenticationMethod, "SCRAM");
  told.add(PropertyId::kAuthenticationData, "d");
  return packet;
}

std::vector<Packet> version_5_packets() {
  Publish publish{.dup = true,
                  .qos = Qos::kExactlyOnce,
                  .retain = true,
                  .topic = "a/b",
                  .packet_id = 0xFFFF,
                  .properties = message_properties(),
                  .payload = "payload"};
  publish.properties.add(PropertyId::kTopicAlias, 7U);
  publish.properties.add(PropertyId::kSubscriptionId, 1U);
  publish.properties.add(PropertyId::kSubscriptionId, 268'435'455U);
  Publish alias_only{.topic = {}};
  alias_only.properties.add(PropertyId::kTopicAlias, 7U);
  Subscribe subscribe{.packet_id = 9, .properties = user_properties(), .entries = {}};
  subscribe.properties.add(PropertyId::kSubscriptionId, 300U);
  subscribe.entries = {{.filter = "a/+/#", .qos = Qos::kExactlyOnce},
                       {.filter = "b",
                        .qos = Qos::kAtLeastOnce,
                        .no_local = true,
                        .retain_as_published = true,
                        .retain_handling = RetainHandling::kDoNotSend},
                       {.filter = "$share/g/#", .retain_handling = RetainHandling::kSendIfNew}};
  Disconnect disconnect{.reason = Reason::kServerMoved, .properties = answer_properties()};
  disconnect.properties.add(PropertyId::kSessionExpiryS, 0U);
  disconnect.properties.add(PropertyId::kServerReference, "other:1883");
  Auth auth{.reason = Reason::kContinueAuthentication, .properties = answer_properties()};
  auth.properties.add(PropertyId::kAuthenticationMethod, "SCRAM");
  auth.properties.add(PropertyId::kAuthenticationData, "x");
  return {full_connect(),
          full_connack(),
          Connack{.reason = Reason::kBadUserNameOrPassword},
          publish,
          alias_only,
          Puback{1, Reason::kSuccess, {}},
          Puback{1, Reason::kNotAuthorized, {}},
          Puback{1, Reason::kSuccess, answer_properties()},
          Pubrec{2, Reason::kQuotaExceeded, answer_properties()},
          Pubrel{3, Reason::kPacketIdNotFound, answer_properties()},
          Pubcomp{4, Reason::kPacketIdNotFound, answer_properties()},
          subscribe,
          Suback{9, answer_properties(), {Reason::kGrantedQos2, Reason::kNotAuthorized}},
          Unsubscribe{10, user_properties(), {"a/+/#", "b"}},
          Unsuback{10, answer_properties(), {Reason::kSuccess, Reason::kNoSubscriptionExisted}},
          Pingreq{},
          Pingresp{},
          Disconnect{},
          Disconnect{.reason = Reason::kDisconnectWithWill},
          disconnect,
          Auth{},
          auth};
}

std::vector<Packet> version_311_packets() {
  Connect connect = full_connect();
  connect.version = Version::k311;
  connect.properties = {};
  connect.will->properties = {};
  return {connect,
          Connect{.client_id = ""},
          Connack{.session_present = true},
          Connack{.reason = Reason::kUnsupportedProtocolVersion},
          Connack{.reason = Reason::kNotAuthorized},
          Publish{.retain = true, .topic = "t"},
          Publish{.dup = true,
                  .qos = Qos::kAtLeastOnce,
                  .topic = "t",
                  .packet_id = 1,
                  .payload = "\0\xff"sv},
          Puback{1, Reason::kSuccess, {}},
          Pubrec{2, Reason::kSuccess, {}},
          Pubrel{3, Reason::kSuccess, {}},
          Pubcomp{4, Reason::kSuccess, {}},
          Subscribe{5, {}, {{.filter = "#", .qos = Qos::kExactlyOnce}, {.filter = "/+"}}},
          Suback{5, {}, {Reason::kGrantedQos1, Reason::kUnspecifiedError}},
          Unsubscribe{6, {}, {"#"}},
          Unsuback{6, {}, {}},
          Pingreq{},
          Pingresp{},
          Disconnect{}};
}

TEST(MqttPacket, EveryPacketOfBothVersionsSurvivesEncodingAndDecoding) {
  for (const Version version : kBoth) {
    for (const Packet& packet :
         version == Version::k5 ? version_5_packets() : version_311_packets()) {
      SCOPED_TRACE(packet.index());
      const std::string bytes = encoded(packet, version);
      const auto decoded = decode(bytes, version);
      ASSERT_TRUE(decoded) << decoded.error().detail;
      EXPECT_EQ(*decoded, packet);
      EXPECT_EQ(encoded(*decoded, version), bytes);
    }
  }
}

TEST(MqttPacket, EveryPrefixOfAPacketWaitsForMoreAndNoShorterBodyIsReadBeyondItsEnd) {
  for (const Packet& packet : version_5_packets()) {
    const std::string bytes = encoded(packet, Version::k5);
    const auto header = peek_header(bytes);
    ASSERT_TRUE(header && *header);
    EXPECT_EQ((*header)->total_bytes(), bytes.size());
    for (std::size_t n = 0; n < (*header)->header_bytes; ++n) {
      const auto part = peek_header(std::string_view(bytes).substr(0, n));
      ASSERT_TRUE(part);
      EXPECT_FALSE(*part);
    }
    const std::string_view body = std::string_view(bytes).substr((*header)->header_bytes);
    for (std::size_t n = 0; n < body.size(); ++n) {
      // Some prefixes are valid packets; decoding must not read beyond them (ASan checks this).
      const std::string shorter(body.substr(0, n));
      (void)decode(**header, shorter, Version::k5);
    }
  }
}

struct Golden {
  std::string_view name;
  Version version;
  Packet packet;
  std::string_view bytes;
};

TEST(MqttPacket, BytesAreThoseOfTheStandards) {
  Publish aliased{.topic = "a/b", .payload = "hi"};
  aliased.properties.add(PropertyId::kTopicAlias, 258U);
  const Golden rows[] = {
      {"connect", Version::k311,
       Connect{.keepalive_s = 60, .client_id = "ab", .username = "u", .password = "p"},
       "\x10\x14\x00\x04MQTT\x04\xc2\x00\x3c\x00\x02"
       "ab\x00\x01u\x00\x01p"sv},
      {"connect 5", Version::k5,
       Connect{.version = Version::k5, .clean_start = false, .client_id = ""},
       "\x10\x0d\x00\x04MQTT\x05\x00\x00\x00\x00\x00\x00"sv},
      {"connack bad password", Version::k311, Connack{.reason = Reason::kBadUserNameOrPassword},
       "\x20\x02\x00\x04"sv},
      {"connack not authorized", Version::k311, Connack{.reason = Reason::kNotAuthorized},
       "\x20\x02\x00\x05"sv},
      {"connack 5", Version::k5, Connack{.reason = Reason::kBadUserNameOrPassword},
       "\x20\x03\x00\x86\x00"sv},
      {"publish QoS 0", Version::k311, Publish{.topic = "a/b", .payload = "hi"},
       "\x30\x07\x00\x03"
       "a/bhi"sv},
      {"publish with an alias", Version::k5, aliased,
       "\x30\x0b\x00\x03"
       "a/b\x03\x23\x01\x02hi"sv},
      {"puback", Version::k5, Puback{10, Reason::kSuccess, {}}, "\x40\x02\x00\x0a"sv},
      {"puback refused", Version::k5, Puback{10, Reason::kNotAuthorized, {}},
       "\x40\x03\x00\x0a\x87"sv},
      {"puback refused, unsayable", Version::k311, Puback{10, Reason::kNotAuthorized, {}},
       "\x40\x02\x00\x0a"sv},
      {"pubrel", Version::k311, Pubrel{10, Reason::kSuccess, {}}, "\x62\x02\x00\x0a"sv},
      {"subscribe", Version::k311, Subscribe{10, {}, {{.filter = "a", .qos = Qos::kAtLeastOnce}}},
       "\x82\x06\x00\x0a\x00\x01"
       "a\x01"sv},
      {"suback", Version::k311, Suback{10, {}, {Reason::kGrantedQos1, Reason::kNotAuthorized}},
       "\x90\x04\x00\x0a\x01\x80"sv},
      {"suback 5", Version::k5, Suback{10, {}, {Reason::kGrantedQos1, Reason::kNotAuthorized}},
       "\x90\x05\x00\x0a\x00\x01\x87"sv},
      {"unsuback", Version::k311, Unsuback{10, {}, {Reason::kSuccess}}, "\xb0\x02\x00\x0a"sv},
      {"pingresp", Version::k311, Pingresp{}, "\xd0\x00"sv},
      {"disconnect", Version::k311, Disconnect{}, "\xe0\x00"sv},
      {"disconnect 5", Version::k5, Disconnect{.reason = Reason::kKeepAliveTimeout},
       "\xe0\x01\x8d"sv},
  };
  for (const Golden& row : rows) {
    EXPECT_EQ(encoded(row.packet, row.version), row.bytes) << row.name;
  }
}

TEST(MqttPacket, LengthsOfOneToFourBytesAreWrittenAndRead) {
  for (const std::size_t size : {0UL, 124UL, 125UL, 16'380UL, 16'381UL, 2'097'148UL, 2'097'149UL}) {
    const std::string payload(size, 'x');
    const Publish packet{.topic = "t", .payload = payload};
    const std::string bytes = encoded(packet, Version::k311);
    EXPECT_EQ(bytes.size(), encoded_size(packet, Version::k311));
    const auto decoded = decode(bytes, Version::k311);
    ASSERT_TRUE(decoded) << size;
    EXPECT_EQ(std::get<Publish>(*decoded).payload.size(), size);
  }
}

struct Bad {
  std::string_view name;
  Version version;
  std::string_view bytes;
  Reason reason;
};

constexpr Bad kBad[] = {
    {"type 0", Version::k311, "\x00\x00"sv, Reason::kMalformedPacket},
    {"length of five bytes", Version::k311, "\xc0\x80\x80\x80\x80\x01"sv, Reason::kMalformedPacket},
    {"flags of PINGREQ", Version::k311, "\xc1\x00"sv, Reason::kMalformedPacket},
    {"flags of SUBSCRIBE", Version::k311,
     "\x80\x06\x00\x0a\x00\x01"
     "a\x01"sv,
     Reason::kMalformedPacket},
    {"PINGREQ with a body", Version::k311, "\xc0\x01x"sv, Reason::kMalformedPacket},
    {"AUTH in 3.1.1", Version::k311, "\xf0\x00"sv, Reason::kMalformedPacket},
    {"another protocol", Version::k311, "\x10\x0c\x00\x04HTTP\x04\x02\x00\x00\x00\x00"sv,
     Reason::kMalformedPacket},
    {"MQTT 3.1", Version::k311, "\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x00\x00\x00"sv,
     Reason::kUnsupportedProtocolVersion},
    {"MQTT 6", Version::k311, "\x10\x0c\x00\x04MQTT\x06\x02\x00\x00\x00\x00"sv,
     Reason::kUnsupportedProtocolVersion},
    {"reserved connect flag", Version::k311, "\x10\x0c\x00\x04MQTT\x04\x03\x00\x00\x00\x00"sv,
     Reason::kMalformedPacket},
    {"will QoS without a will", Version::k311, "\x10\x0c\x00\x04MQTT\x04\x0a\x00\x00\x00\x00"sv,
     Reason::kMalformedPacket},
    {"will QoS 3", Version::k311, "\x10\x11\x00\x04MQTT\x04\x1e\x00\x00\x00\x00\x00\x01t\x00\x00"sv,
     Reason::kMalformedPacket},
    {"will topic with a wildcard", Version::k311,
     "\x10\x11\x00\x04MQTT\x04\x06\x00\x00\x00\x00\x00\x01#\x00\x00"sv, Reason::kMalformedPacket},
    {"password without user", Version::k311,
     "\x10\x0f\x00\x04MQTT\x04\x42\x00\x00\x00\x00\x00\x01p"sv, Reason::kMalformedPacket},
    {"CONNECT goes on", Version::k311, "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x00x"sv,
     Reason::kMalformedPacket},
    {"client id with U+0000", Version::k311, "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01\x00"sv,
     Reason::kMalformedPacket},
    {"client id not UTF-8", Version::k311, "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01\xff"sv,
     Reason::kMalformedPacket},
    {"receive maximum 0", Version::k5,
     "\x10\x10\x00\x04MQTT\x05\x02\x00\x00\x03\x21\x00\x00\x00\x00"sv, Reason::kProtocolError},
    {"property twice", Version::k5,
     "\x10\x13\x00\x04MQTT\x05\x02\x00\x00\x06\x21\x00\x01\x21\x00\x01\x00\x00"sv,
     Reason::kProtocolError},
    {"property of another packet", Version::k5,
     "\x10\x10\x00\x04MQTT\x05\x02\x00\x00\x03\x13\x00\x01\x00\x00"sv, Reason::kMalformedPacket},
    {"unknown property", Version::k5, "\x10\x0f\x00\x04MQTT\x05\x02\x00\x00\x02\x7e\x00\x00\x00"sv,
     Reason::kMalformedPacket},
    {"authentication data alone", Version::k5,
     "\x10\x10\x00\x04MQTT\x05\x02\x00\x00\x03\x16\x00\x00\x00\x00"sv, Reason::kProtocolError},
    {"properties longer than the packet", Version::k5, "\x30\x05\x00\x01t\x7fx"sv,
     Reason::kMalformedPacket},
    {"QoS 3", Version::k311, "\x36\x05\x00\x01t\x00\x01"sv, Reason::kMalformedPacket},
    {"DUP with QoS 0", Version::k311, "\x38\x03\x00\x01t"sv, Reason::kMalformedPacket},
    {"topic with a wildcard", Version::k5,
     "\x30\x06\x00\x03"
     "a/+\x00"sv,
     Reason::kMalformedPacket},
    {"no topic", Version::k311, "\x30\x02\x00\x00"sv, Reason::kMalformedPacket},
    {"no topic and no alias", Version::k5, "\x30\x03\x00\x00\x00"sv, Reason::kProtocolError},
    {"alias 0", Version::k5, "\x30\x07\x00\x01t\x03\x23\x00\x00"sv, Reason::kTopicAliasInvalid},
    {"response topic with a wildcard", Version::k5, "\x30\x08\x00\x01t\x04\x08\x00\x01#"sv,
     Reason::kProtocolError},
    {"payload format 2", Version::k5, "\x30\x06\x00\x01t\x02\x01\x02"sv, Reason::kProtocolError},
    {"packet id 0", Version::k311, "\x32\x05\x00\x01t\x00\x00"sv, Reason::kProtocolError},
    {"no packet id", Version::k311, "\x32\x03\x00\x01t"sv, Reason::kMalformedPacket},
    {"PUBACK too short", Version::k311, "\x40\x01\x00"sv, Reason::kMalformedPacket},
    {"PUBACK too long", Version::k311, "\x40\x03\x00\x01\x00"sv, Reason::kMalformedPacket},
    {"reason of another packet", Version::k5, "\x40\x03\x00\x01\x92"sv, Reason::kProtocolError},
    {"SUBSCRIBE of nothing", Version::k311, "\x82\x02\x00\x01"sv, Reason::kProtocolError},
    {"filter a#", Version::k311,
     "\x82\x07\x00\x01\x00\x02"
     "a#\x00"sv,
     Reason::kMalformedPacket},
    {"empty filter", Version::k311, "\x82\x05\x00\x01\x00\x00\x00"sv, Reason::kMalformedPacket},
    {"requested QoS 3", Version::k311,
     "\x82\x06\x00\x01\x00\x01"
     "a\x03"sv,
     Reason::kMalformedPacket},
    {"version 5 options in 3.1.1", Version::k311,
     "\x82\x06\x00\x01\x00\x01"
     "a\x04"sv,
     Reason::kMalformedPacket},
    {"retain handling 3", Version::k5,
     "\x82\x07\x00\x01\x00\x00\x01"
     "a\x30"sv,
     Reason::kProtocolError},
    {"no-local on a shared subscription", Version::k5,
     "\x82\x10\x00\x01\x00\x00\x0a$share/g/a\x04"sv, Reason::kProtocolError},
    {"subscription identifier 0", Version::k5,
     "\x82\x09\x00\x01\x02\x0b\x00\x00\x01"
     "a\x00"sv,
     Reason::kProtocolError},
    {"UNSUBSCRIBE of nothing", Version::k5, "\xa2\x03\x00\x01\x00"sv, Reason::kProtocolError},
    {"DISCONNECT with a body", Version::k311, "\xe0\x01\x00"sv, Reason::kMalformedPacket},
};

TEST(MqttPacket, MalformedPacketsAreRefusedWithTheirReason) {
  for (const Bad& row : kBad) {
    const auto decoded = decode(row.bytes, row.version);
    ASSERT_FALSE(decoded) << row.name;
    EXPECT_EQ(name_of(decoded.error().reason), name_of(row.reason))
        << row.name << ": " << decoded.error().detail;
  }
}

TEST(MqttPacket, TheNumberOfPropertiesIsLimited) {
  for (const std::size_t extra : {0UL, 1UL}) {
    Publish packet{.topic = "t"};
    for (std::size_t i = 0; i < kMaxProperties + extra; ++i) packet.properties.add_user("", "");
    const std::string bytes = encoded(packet, Version::k5);
    const auto decoded = decode(bytes, Version::k5);
    EXPECT_EQ(decoded.has_value(), extra == 0);
    if (!decoded) {
      EXPECT_EQ(decoded.error().reason, Reason::kQuotaExceeded);
    }
    const auto header = peek_header(bytes);
    ASSERT_TRUE(header && *header);
    const std::string_view body = std::string_view(bytes).substr((*header)->header_bytes);
    EXPECT_TRUE(decode(**header, body, Version::k5, kMaxProperties + 1)) << extra;
    EXPECT_FALSE(decode(**header, body, Version::k5, 10)) << extra;
  }
}

TEST(MqttPacket, TheLevelOfAConnectIsKnownEvenIfTheRestIsUnreadable) {
  EXPECT_EQ(connect_level("\x00\x04MQTT\x05garbage"sv), 5);
  EXPECT_EQ(connect_level("\x00\x06MQIsdp\x03"sv), 3);
  EXPECT_EQ(connect_level("\x00\x04MQTT"sv), std::nullopt);
  EXPECT_EQ(connect_level("\x00\x04HTTP\x05"sv), std::nullopt);
}

TEST(MqttTopic, TextIsUtf8WithoutNul) {
  constexpr std::string_view kGood[] = {""sv,
                                        "plain ascii, long enough"sv,
                                        "\x01"sv,
                                        "\xc3\xa9"sv,
                                        "\xe2\x82\xac"sv,
                                        "\xed\x9f\xbf"sv,
                                        "\xef\xbb\xbf"sv,
                                        "\xf0\x90\x80\x80"sv,
                                        "\xf4\x8f\xbf\xbf"sv};
  constexpr std::string_view kWrong[] = {
      "\0"sv,           "12345678\0"sv,       "1234567\0"sv,        "\x80"sv,
      "\xc3"sv,         "\xc0\x80"sv,         "\xc1\xbf"sv,         "\xe0\x9f\xbf"sv,
      "\xed\xa0\x80"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv,
      "\xe2\x82"sv,     "abc\xffgarbage"sv};
  for (const std::string_view text : kGood) EXPECT_TRUE(valid_text(text)) << text;
  for (const std::string_view text : kWrong) EXPECT_FALSE(valid_text(text)) << text;
}

TEST(MqttTopic, FiltersAreCheckedAndTopicsHoldNoWildcard) {
  for (const std::string_view filter : {"a", "/", "#", "+", "+/+", "a/#", "/+/b", "a//b", "$SYS/#",
                                        "$share/g/a/#", "$share", "a b", "/open/+/+/quota"}) {
    EXPECT_TRUE(valid_filter(filter)) << filter;
  }
  for (const std::string_view filter :
       {"", "a#", "#/a", "a+/b", "a/+b", "##", "a/#/b", "$share/", "$share/g", "$share/g/",
        "$share//a", "$share/+/a", "$share/g/a#"}) {
    EXPECT_FALSE(valid_filter(filter)) << filter;
  }
  EXPECT_TRUE(valid_topic("/open/a/sn/quota"));
  EXPECT_FALSE(valid_topic(""));
  EXPECT_FALSE(valid_topic("a/+"));
  EXPECT_FALSE(valid_topic("a#"));
  EXPECT_FALSE(valid_topic(std::string(65'536, 'a')));
  EXPECT_EQ(levels("a"), 1U);
  EXPECT_EQ(levels("/a/b"), 3U);
}

// proves v3: MQTT-4.7.2-1
// proves v5: MQTT-4.7.2-1
TEST(MqttTopic, FiltersMatchTheTopicsTheyShould) {
  struct Row {
    std::string_view filter;
    std::string_view topic;
    bool matches;
  };
  constexpr Row kRows[] = {
      {"a/b", "a/b", true},       {"a/b", "a/c", false},
      {"a/b", "a", false},        {"a", "a/b", false},
      {"#", "a/b/c", true},       {"a/#", "a", true},
      {"a/#", "a/b/c", true},     {"a/#", "ab", false},
      {"+", "a", true},           {"+", "/a", false},
      {"/+", "/a", true},         {"+/+", "/a", true},
      {"a/+", "a", false},        {"a/+", "a/", true},
      {"a/+/c", "a/b/c", true},   {"a/+/c", "a/b/d", false},
      {"+/b/#", "a/b", true},     {"#", "$SYS/x", false},
      {"+/x", "$SYS/x", false},   {"$SYS/#", "$SYS/x", true},
      {"$SYS/+", "$SYS/x", true}, {"a/#", "a/$x", true},
      {"/#", "/", true},          {"a//c", "a//c", true},
      {"a/+/+/#", "a/b", false},  {"/open/acc/+/quota", "/open/acc/R331/quota", true},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(filter_matches(row.filter, row.topic), row.matches) << row.filter << " " << row.topic;
  }
}

TEST(MqttTopic, SharedFiltersComeApart) {
  const auto parts = shared_parts("$share/group/a/#");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->group, "group");
  EXPECT_EQ(parts->filter, "a/#");
  EXPECT_FALSE(shared_parts("a/$share/b"));
}

TEST(MqttProtocol, ReturnCodesOf311TranslateBothWays) {
  for (std::uint8_t code = 0; code <= 5; ++code) {
    EXPECT_EQ(return_code_311(reason_of_return_code_311(code)), code);
  }
  EXPECT_EQ(return_code_311(Reason::kServerBusy), 3);
  EXPECT_EQ(return_code_311(Reason::kBanned), 5);
}

}  // namespace
}  // namespace gridloom::wire::mqtt
