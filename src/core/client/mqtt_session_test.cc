// A client's MQTT session as a conversation: which bytes its calls make, which events the server's
// packets cause however their bytes are split, and what no server may send.
#include "client/mqtt_session.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gridloom::client {
namespace {

namespace mqtt = wire::mqtt;
using mqtt::PacketType;
using mqtt::Qos;
using mqtt::Reason;
using mqtt::Version;
using Lines = std::vector<std::string>;

constexpr Version kBoth[] = {Version::k311, Version::k5};

Moment at(int seconds) { return Moment(std::chrono::seconds(seconds)); }

std::string encoded(const mqtt::Packet& packet, Version version) {
  std::string bytes;
  mqtt::encode(bytes, packet, version);
  return bytes;
}

std::string text_of(const mqtt::Packet& packet) {
  if (const auto* connect = std::get_if<mqtt::Connect>(&packet)) {
    std::string text = fmt::format("CONNECT {} {} {}/{} {}s{}", static_cast<int>(connect->version),
                                   connect->client_id, connect->username.value_or("-"),
                                   connect->password.value_or("-"), connect->keepalive_s,
                                   connect->clean_start ? " clean" : "");
    if (const auto& will = connect->will) {
      text += fmt::format(" will {} {} q{}{}", will->topic, will->payload,
                          static_cast<int>(will->qos), will->retain ? " retained" : "");
    }
    return text;
  }
  if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
    return fmt::format("PUBLISH {} {} q{} id{}{}", publish->topic, publish->payload,
                       static_cast<int>(publish->qos), publish->packet_id,
                       publish->retain ? " retained" : "");
  }
  if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&packet)) {
    std::string text = fmt::format("SUBSCRIBE id{}", subscribe->packet_id);
    for (const mqtt::FilterEntry& entry : subscribe->entries) {
      text += fmt::format(" {}@{}", entry.filter, static_cast<int>(entry.qos));
    }
    return text;
  }
  if (const auto* puback = std::get_if<mqtt::Puback>(&packet)) {
    return fmt::format("PUBACK id{}", puback->packet_id);
  }
  if (const auto* pubrec = std::get_if<mqtt::Pubrec>(&packet)) {
    return fmt::format("PUBREC id{}", pubrec->packet_id);
  }
  if (const auto* pubrel = std::get_if<mqtt::Pubrel>(&packet)) {
    return fmt::format("PUBREL id{}", pubrel->packet_id);
  }
  if (const auto* pubcomp = std::get_if<mqtt::Pubcomp>(&packet)) {
    return fmt::format("PUBCOMP id{}", pubcomp->packet_id);
  }
  return std::string(name_of(static_cast<PacketType>(packet.index() + 1)));
}

// A session, its events as texts, and the server at its other end.
class Talk final : public MqttSession::Listener {
 public:
  explicit Talk(const MqttSession::Options& options = {})
      : session(options), version_(options.version) {}

  Status receive(std::string_view bytes) { return session.receive(bytes, *this); }
  Status take(const mqtt::Packet& packet) { return receive(encoded(packet, version_)); }
  // Signs in; what that sent and caused is forgotten.
  void join() {
    EXPECT_TRUE(session.sign_in({.client_id = "c", .user = {}, .password = {}}));
    ASSERT_TRUE(take(mqtt::Connack{}));
    EXPECT_EQ(sent().size(), 1U);
    EXPECT_EQ(events(), Lines{"accepted"});
  }

  Lines events() { return std::exchange(events_, {}); }
  // The packets for the server since the last call.
  Lines sent() {
    Lines packets;
    std::string_view bytes = session.output();
    while (!bytes.empty()) {
      const auto header = mqtt::peek_header(bytes).value().value();
      const std::string_view whole = bytes.substr(0, header.total_bytes());
      packets.push_back(text_of(mqtt::decode(whole, version_).value()));
      bytes.remove_prefix(whole.size());
    }
    session.sent(session.output().size());
    return packets;
  }

  MqttSession session;
  bool stops_at_message = false;
  std::string answer;  // published when a message comes

 private:
  void on_accepted() override { events_.emplace_back("accepted"); }
  void on_subscribed(std::span<const Reason> reasons) override {
    std::string text = "subscribed";
    for (const Reason reason : reasons) text += fmt::format(" {}", name_of(reason));
    events_.push_back(text);
  }
  void on_acknowledged(Moment due) override {
    events_.push_back(fmt::format(
        "acknowledged {}",
        std::chrono::duration_cast<std::chrono::seconds>(due.time_since_epoch()).count()));
  }
  void on_message(const mqtt::Publish& message) override {
    events_.push_back(fmt::format("message {} {}{}", message.topic, message.payload,
                                  message.retain ? " retained" : ""));
    if (stops_at_message) session.stop();
    if (!answer.empty())
      EXPECT_TRUE(session.publish("answer", answer, {.qos = Qos::kAtLeastOnce}, at(1)));
  }
  void on_refused(PacketType type, Reason reason) override {
    events_.push_back(fmt::format("refused {} {}", name_of(type), name_of(reason)));
  }

  Version version_;
  Lines events_;
};

TEST(ClientMqttSession, EncodesEachRequestedPacket) {
  for (const Version version : kBoth) {
    Talk talk({.version = version});
    EXPECT_TRUE(
        talk.session.sign_in({.client_id = "c", .user = "u", .password = "p", .keepalive_s = 30}));
    EXPECT_TRUE(
        talk.session.subscribe({{.filter = "a/+", .qos = Qos::kAtLeastOnce}, {.filter = "b"}}));
    EXPECT_TRUE(talk.session.publish("t", "0", {.qos = Qos::kAtMostOnce}, at(0)));
    EXPECT_TRUE(talk.session.publish("t", "1", {.qos = Qos::kAtLeastOnce}, at(0)));
    EXPECT_TRUE(talk.session.publish("t", "2", {.qos = Qos::kExactlyOnce}, at(0)));
    talk.session.ping();
    talk.session.disconnect();
    EXPECT_EQ(talk.session.in_flight(), 3U);
    EXPECT_EQ(talk.sent(),
              (Lines{fmt::format("CONNECT {} c u/p 30s clean", static_cast<int>(version)),
                     "SUBSCRIBE id1 a/+@1 b@0", "PUBLISH t 0 q0 id0", "PUBLISH t 1 q1 id2",
                     "PUBLISH t 2 q2 id3", "PINGREQ", "DISCONNECT"}));
  }
}

TEST(ClientMqttSession, WithoutAUserThereIsNoPassword) {
  Talk talk;
  EXPECT_TRUE(talk.session.sign_in({.client_id = "c", .user = {}, .password = "p"}));
  EXPECT_EQ(talk.sent(), Lines{"CONNECT 4 c -/- 0s clean"});
}

TEST(ClientMqttSession, AWillAndRetainAreSent) {
  for (const Version version : kBoth) {
    Talk talk({.version = version});
    EXPECT_TRUE(talk.session.sign_in(
        {.client_id = "c",
         .user = {},
         .password = {},
         .will = mqtt::LastWill{
             .topic = "bridge", .payload = "offline", .qos = Qos::kAtLeastOnce, .retain = true}}));
    EXPECT_TRUE(talk.session.sign_in({.client_id = "c",
                                      .user = {},
                                      .password = {},
                                      .will = mqtt::LastWill{.topic = "bridge", .payload = ""}}));
    EXPECT_TRUE(talk.session.publish("t", "1", {.retain = true}, at(0)));
    EXPECT_TRUE(talk.session.publish("t", "2", {.qos = Qos::kAtMostOnce, .retain = true}, at(0)));
    EXPECT_TRUE(talk.session.publish("t", "3", {}, at(0)));
    const std::string connect = fmt::format("CONNECT {} c -/- 0s clean", static_cast<int>(version));
    EXPECT_EQ(talk.sent(), (Lines{connect + " will bridge offline q1 retained",
                                  connect + " will bridge  q0", "PUBLISH t 1 q1 id1 retained",
                                  "PUBLISH t 2 q0 id0 retained", "PUBLISH t 3 q1 id2"}));
  }
}

TEST(ClientMqttSession, WhatMqttCannotCarryIsRefusedAndNothingIsSent) {
  const std::string most(mqtt::kMaxTextBytes, 'x');
  const std::string more = most + 'x';
  const auto with_will = [](std::string_view topic, std::string_view payload) {
    return MqttSession::SignIn{.client_id = "c",
                               .user = {},
                               .password = {},
                               .will = mqtt::LastWill{.topic = topic, .payload = payload}};
  };
  using Act = std::function<Status(MqttSession&, const std::string& text)>;
  const std::vector<std::pair<std::string_view, Act>> acts = {
      {"client id",
       [](auto& session, auto& text) {
         return session.sign_in({.client_id = text, .user = "u", .password = "p"});
       }},
      {"user",
       [](auto& session, auto& text) {
         return session.sign_in({.client_id = "c", .user = text, .password = "p"});
       }},
      {"password",
       [](auto& session, auto& text) {
         return session.sign_in({.client_id = "c", .user = "u", .password = text});
       }},
      {"topic of a will",
       [&](auto& session, auto& text) { return session.sign_in(with_will(text, "p")); }},
      {"will", [&](auto& session, auto& text) { return session.sign_in(with_will("t", text)); }},
      {"filter", [](auto& session,
                    auto& text) { return session.subscribe({{.filter = "a"}, {.filter = text}}); }},
      {"topic", [](auto& session, auto& text) { return session.publish(text, "p", {}, at(0)); }},
  };
  for (const auto& [what, act] : acts) {
    for (const Version version : kBoth) {
      MqttSession session({.version = version});
      const Status refused = act(session, more);
      ASSERT_FALSE(refused) << what;
      EXPECT_EQ(refused.error().code, ErrorCode::kBadParams) << what;
      EXPECT_EQ(session.output(), "") << what;
      EXPECT_EQ(session.in_flight(), 0U) << what;
      EXPECT_TRUE(act(session, most)) << what;
      EXPECT_GT(session.output().size(), most.size()) << what;
    }
  }
}

TEST(ClientMqttSession, TheBytesOfAWillAreThoseOfTheSpecification) {
  Talk talk;
  EXPECT_TRUE(talk.session.sign_in({.client_id = "c",
                                    .user = {},
                                    .password = {},
                                    .keepalive_s = 30,
                                    .will = mqtt::LastWill{.topic = "w",
                                                           .payload = std::string_view("no"),
                                                           .qos = Qos::kAtLeastOnce,
                                                           .retain = true}}));
  // Flags 0x2E: retain, QoS 1, will, clean session.
  EXPECT_EQ(talk.session.output(), std::string_view("\x10\x14\x00\x04MQTT\x04\x2e\x00\x1e"
                                                    "\x00\x01"
                                                    "c"
                                                    "\x00\x01w\x00\x02no",
                                                    22));
}

// All packets of a server to a client that subscribed and published, in one text.
std::string conversation(Version version) {
  std::string bytes;
  for (const mqtt::Packet& packet : std::vector<mqtt::Packet>{
           mqtt::Connack{}, mqtt::Suback{.packet_id = 1, .reasons = {Reason::kGrantedQos1}},
           mqtt::Publish{.retain = true, .topic = "a", .payload = "zero"},
           mqtt::Publish{.qos = Qos::kAtLeastOnce, .topic = "a", .packet_id = 7, .payload = ""},
           mqtt::Puback{.packet_id = 2}, mqtt::Pingresp{}, mqtt::Pubrec{.packet_id = 3},
           mqtt::Publish{.qos = Qos::kExactlyOnce,
                         .topic = "a",
                         .packet_id = 8,
                         .payload = std::string_view(R"({"two":2})")},
           mqtt::Pubrel{.packet_id = 8}, mqtt::Pubcomp{.packet_id = 3}}) {
    mqtt::encode(bytes, packet, version);
  }
  return bytes;
}

TEST(ClientMqttSession, TheSameHappensHoweverTheBytesAreSplit) {
  const Lines events = {"accepted",       "subscribed granted QoS 1", "message a zero retained",
                        "message a ",     "acknowledged 10",          "message a {\"two\":2}",
                        "acknowledged 20"};
  const Lines sent = {"PUBACK id7", "PUBREL id3", "PUBREC id8", "PUBCOMP id8"};
  for (const Version version : kBoth) {
    const std::string all = conversation(version);
    const auto play = [&](const std::vector<std::string_view>& pieces) {
      Talk talk({.version = version});
      EXPECT_TRUE(talk.session.sign_in({.client_id = "c", .user = {}, .password = {}}));
      EXPECT_TRUE(talk.session.subscribe({{.filter = "a", .qos = Qos::kAtLeastOnce}}));
      EXPECT_TRUE(talk.session.publish("t", "1", {.qos = Qos::kAtLeastOnce}, at(10)));
      EXPECT_TRUE(talk.session.publish("t", "2", {.qos = Qos::kExactlyOnce}, at(20)));
      EXPECT_EQ(talk.sent().size(), 4U);
      for (const std::string_view piece : pieces) {
        EXPECT_TRUE(talk.receive(std::string(piece)));  // a copy: the piece is not kept
      }
      EXPECT_EQ(talk.events(), events);
      EXPECT_EQ(talk.sent(), sent);
      EXPECT_EQ(talk.session.in_flight(), 0U);
    };
    play({all});
    std::vector<std::string_view> single;
    for (std::size_t i = 0; i < all.size(); ++i) {
      SCOPED_TRACE(i);
      play({std::string_view(all).substr(0, i), std::string_view(all).substr(i)});
      single.push_back(std::string_view(all).substr(i, 1));
    }
    play(single);
  }
}

TEST(ClientMqttSession, AnAnswerMadeWithinAMessageGoesOutBeforeItsAcknowledgement) {
  Talk talk;
  talk.join();
  talk.answer = "yes";
  ASSERT_TRUE(talk.take(
      mqtt::Publish{.qos = Qos::kAtLeastOnce, .topic = "a", .packet_id = 9, .payload = "x"}));
  EXPECT_EQ(talk.sent(), (Lines{"PUBLISH answer yes q1 id1", "PUBACK id9"}));
}

TEST(ClientMqttSession, ReportsWhatTheServerRefuses) {
  Talk connack;
  ASSERT_TRUE(connack.take(mqtt::Connack{.reason = Reason::kBadUserNameOrPassword}));
  EXPECT_EQ(connack.events(), Lines{"refused CONNACK bad user name or password"});
  // The session is over.
  EXPECT_TRUE(connack.receive("nonsense"));
  EXPECT_EQ(connack.events(), Lines{});

  Talk suback;
  suback.join();
  EXPECT_TRUE(suback.session.subscribe({{.filter = "a"}, {.filter = "b"}}));
  ASSERT_TRUE(suback.take(
      mqtt::Suback{.packet_id = 1, .reasons = {Reason::kSuccess, Reason::kUnspecifiedError}}));
  EXPECT_EQ(suback.events(),
            (Lines{"refused SUBACK unspecified error", "subscribed success unspecified error"}));

  Talk five({.version = Version::k5});
  five.join();
  EXPECT_TRUE(five.session.publish("t", "1", {.qos = Qos::kAtLeastOnce}, at(1)));
  EXPECT_TRUE(five.session.publish("t", "2", {.qos = Qos::kExactlyOnce}, at(2)));
  ASSERT_TRUE(five.take(mqtt::Puback{.packet_id = 1, .reason = Reason::kNotAuthorized}));
  ASSERT_TRUE(five.take(mqtt::Pubrec{.packet_id = 2, .reason = Reason::kQuotaExceeded}));
  EXPECT_EQ(five.events(), (Lines{"refused PUBACK not authorized", "acknowledged 1",
                                  "refused PUBREC quota exceeded", "acknowledged 2"}));
  EXPECT_EQ(five.session.in_flight(), 0U);
  EXPECT_EQ(five.sent().size(), 2U) << "a refused message gets no PUBREL";
  ASSERT_TRUE(five.take(mqtt::Disconnect{.reason = Reason::kServerShuttingDown}));
  EXPECT_EQ(five.events(), Lines{"refused DISCONNECT server shutting down"});
  ASSERT_TRUE(five.take(mqtt::Pingresp{}));
  EXPECT_TRUE(five.receive("nonsense")) << "the session is over";
}

TEST(ClientMqttSession, StopsInTheMiddleOfWhatItReceives) {
  Talk talk;
  talk.join();
  talk.stops_at_message = true;
  const std::string message = encoded(mqtt::Publish{.topic = "a", .payload = "x"}, Version::k311);
  ASSERT_TRUE(talk.receive(message + message));
  ASSERT_TRUE(talk.receive(message));
  EXPECT_EQ(talk.events(), Lines{"message a x"});
}

TEST(ClientMqttSession, RefusesWhatNoServerMaySend) {
  struct Row {
    std::string_view what;
    mqtt::Packet packet;
    Version version = Version::k311;
  };
  // The client waits for a SUBACK with id 1 for one filter, a PUBACK with id 2, a PUBREC with id 3.
  const std::vector<Row> rows = {
      {"a second CONNACK", mqtt::Connack{}},
      {"a packet id is 0", mqtt::Puback{.packet_id = 0}},
      {"PUBACK 1, and no packet", mqtt::Puback{.packet_id = 1}},
      {"PUBACK 3, and no packet", mqtt::Puback{.packet_id = 3}},
      {"PUBACK 4, and no packet", mqtt::Puback{.packet_id = 4}},
      {"PUBREC 2, and no packet", mqtt::Pubrec{.packet_id = 2}},
      {"PUBREC 9, and no packet", mqtt::Pubrec{.packet_id = 9, .reason = Reason::kQuotaExceeded},
       Version::k5},
      {"PUBCOMP 3, and no packet", mqtt::Pubcomp{.packet_id = 3}},
      {"SUBACK 2, and no packet", mqtt::Suback{.packet_id = 2, .reasons = {Reason::kSuccess}}},
      {"2 reasons for 1 filters",
       mqtt::Suback{.packet_id = 1, .reasons = {Reason::kSuccess, Reason::kSuccess}}},
      {"UNSUBACK, which", mqtt::Unsuback{.packet_id = 1}},
      {"DISCONNECT, which", mqtt::Disconnect{}},
      {"PINGREQ, which", mqtt::Pingreq{}},
      {"CONNECT, which", mqtt::Connect{.client_id = "x"}},
      {"SUBSCRIBE, which", mqtt::Subscribe{.packet_id = 1, .entries = {{.filter = "a"}}}},
      {"AUTH, which", mqtt::Auth{.reason = Reason::kContinueAuthentication}, Version::k5},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    Talk talk({.version = row.version});
    talk.join();
    EXPECT_TRUE(talk.session.subscribe({{.filter = "a"}}));
    EXPECT_TRUE(talk.session.publish("t", "1", {.qos = Qos::kAtLeastOnce}, at(1)));
    EXPECT_TRUE(talk.session.publish("t", "2", {.qos = Qos::kExactlyOnce}, at(2)));
    const Status taken = talk.take(row.packet);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::kMalformed);
    EXPECT_TRUE(taken.error().detail.contains(row.what)) << taken.error().detail;
    EXPECT_EQ(talk.events(), Lines{});
    EXPECT_TRUE(talk.take(mqtt::Puback{.packet_id = 2})) << "the session is over";
    EXPECT_EQ(talk.events(), Lines{});
  }
}

TEST(ClientMqttSession, AnAnswerThatComesTwiceFreesItsIdOnce) {
  Talk talk({.window = 2});
  talk.join();
  EXPECT_TRUE(talk.session.publish("t", "1", {.qos = Qos::kAtLeastOnce}, at(1)));
  EXPECT_TRUE(talk.session.publish("t", "2", {.qos = Qos::kAtLeastOnce}, at(2)));
  ASSERT_TRUE(talk.take(mqtt::Puback{.packet_id = 1}));
  EXPECT_FALSE(talk.take(mqtt::Puback{.packet_id = 1}));
  EXPECT_EQ(talk.session.in_flight(), 1U);
}

TEST(ClientMqttSession, RefusesPacketsBeforeTheConnack) {
  for (const mqtt::Packet& packet :
       std::vector<mqtt::Packet>{mqtt::Pingresp{}, mqtt::Publish{.topic = "a", .payload = ""},
                                 mqtt::Puback{.packet_id = 1}, mqtt::Disconnect{}}) {
    Talk talk;
    EXPECT_TRUE(talk.session.sign_in({.client_id = "c", .user = {}, .password = {}}));
    const Status taken = talk.take(packet);
    ASSERT_FALSE(taken);
    EXPECT_TRUE(taken.error().detail.contains("before the CONNACK")) << taken.error().detail;
  }
}

TEST(ClientMqttSession, RefusesBytesThatAreNoPacket) {
  for (const std::string& bytes :
       {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string("\x00\x00", 2),
        std::string("\x20\x02\x00\xff", 4), std::string("\x20\xff\xff\xff\xff\x01", 6)}) {
    Talk talk;
    const Status taken = talk.receive(bytes);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(talk.events(), Lines{});
  }
  Talk five({.version = Version::k5});
  five.join();
  mqtt::Publish alias{.topic = "", .payload = "x"};
  alias.properties.add(mqtt::PropertyId::kTopicAlias, 1U);
  const Status taken = five.take(alias);
  ASSERT_FALSE(taken);
  EXPECT_TRUE(taken.error().detail.contains("without a topic")) << taken.error().detail;
}

TEST(ClientMqttSession, RefusesAPacketThatIsTooLarge) {
  const std::string message =
      encoded(mqtt::Publish{.topic = "a", .payload = std::string_view("12345678")}, Version::k311);
  for (const std::size_t most : {message.size(), message.size() - 1}) {
    Talk talk({.packet_bytes = most});
    talk.join();
    // The header alone says how large the packet is.
    const Status begun = talk.receive(std::string_view(message).substr(0, 2));
    EXPECT_EQ(begun.has_value(), most == message.size());
    if (!begun) {
      EXPECT_TRUE(begun.error().detail.contains("at most 12")) << begun.error().detail;
    }
    EXPECT_TRUE(talk.receive(std::string_view(message).substr(2)));
    EXPECT_EQ(talk.events().size(), begun ? 1U : 0U);
  }
}

TEST(ClientMqttSession, TheWindowIsFullAndHasSpaceAgain) {
  Talk talk({.window = 2});
  talk.join();
  EXPECT_TRUE(talk.session.has_window());
  EXPECT_TRUE(talk.session.publish("t", "1", {.qos = Qos::kAtLeastOnce}, at(1)));
  EXPECT_TRUE(talk.session.publish("t", "2", {.qos = Qos::kExactlyOnce}, at(2)));
  EXPECT_FALSE(talk.session.has_window());
  ASSERT_TRUE(talk.take(mqtt::Pubrec{.packet_id = 2}));
  EXPECT_FALSE(talk.session.has_window()) << "until its PUBCOMP";
  ASSERT_TRUE(talk.take(mqtt::Puback{.packet_id = 1}));
  EXPECT_TRUE(talk.session.has_window());
  EXPECT_TRUE(talk.session.publish("t", "3", {.qos = Qos::kAtLeastOnce}, at(3)));
  EXPECT_EQ(talk.sent(), (Lines{"PUBLISH t 1 q1 id1", "PUBLISH t 2 q2 id2", "PUBREL id2",
                                "PUBLISH t 3 q1 id1"}));
  EXPECT_FALSE(talk.session.has_window());
}

TEST(ClientMqttSession, AVersion5ServerMayMakeTheWindowSmaller) {
  for (const auto [most, in_flight] : {std::pair{1U, 1U}, std::pair{2U, 2U}, std::pair{200U, 2U}}) {
    Talk talk({.version = Version::k5, .window = 2});
    mqtt::Connack connack;
    connack.properties.add(mqtt::PropertyId::kReceiveMaximum, most);
    ASSERT_TRUE(talk.take(connack));
    while (talk.session.has_window())
      EXPECT_TRUE(talk.session.publish("t", "", {.qos = Qos::kAtLeastOnce}, at(1)));
    EXPECT_EQ(talk.session.in_flight(), in_flight);
  }
}

TEST(ClientMqttSession, EveryPacketIdIsUsedOnceAtATime) {
  Talk talk;
  talk.join();
  for (std::size_t i = 0; i < MqttSession::kMaxWindow; ++i) {
    ASSERT_TRUE(talk.session.has_window());
    EXPECT_TRUE(talk.session.publish("t", "", {.qos = Qos::kAtLeastOnce}, at(1)));
  }
  EXPECT_FALSE(talk.session.has_window());
  const Lines sent = talk.sent();
  EXPECT_EQ(sent.front(), "PUBLISH t  q1 id1");
  EXPECT_EQ(sent.back(), "PUBLISH t  q1 id65535");
}

}  // namespace
}  // namespace gridloom::client
