// A connection between its bytes and the hub: sign-in, rights, acknowledgements that wait for the
// shard, wills, and the causes that end it.
#include "mqtt/connection.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "mqtt/session_table.h"
#include "mqtt/test_peer.h"
#include "testing/home.h"

namespace gridloom::mqtt {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using wire::mqtt::Connect;
using wire::mqtt::Publish;
using wire::mqtt::Qos;
using wire::mqtt::Version;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";
constexpr std::string_view kOther = "HJ31ZDH2ZF690025";
constexpr std::string_view kReport = R"({"moduleType":1,"typeCode":"pdStatus","params":{"soc":5}})";

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    home.add_account("alice");
    home.add_account("bob");
    home.add_device(kSn, "alice");
    home.add_device(kOther, "alice");
  }
  [[nodiscard]] static std::string device_topic(std::string_view sn, std::string_view verb) {
    return fmt::format("/device/{}/{}", sn, verb);
  }
  [[nodiscard]] std::string open_topic(std::string_view name, std::string_view verb) const {
    return home.open(name, fmt::format("{}/{}", kSn, verb));
  }

  TestHome home;
  SessionTable sessions;
  ServerContext server{
      .hub = home.hub.get(), .clock = &home.clock, .sessions = &sessions, .limits = {}};
};

TEST_F(ConnectionTest, AnAddressThatFailsOftenIsRefusedUnread) {
  const registry::Account alice = home.account("alice");
  for (const Version version : {Version::k311, Version::k5}) {
    FailureBudget failures(2);
    server.failures = &failures;
    // One successful sign-in of the device, from the address that fails.
    Peer(home, server, version).join_device(kSn);
    for (int i = 0; i < 2; ++i) {
      Peer wrong(home, server, version);
      wrong.join(alice.certificate_account, Secret(std::string("wrong")));
      EXPECT_THAT(wrong.said(), ElementsAre(HasSubstr("bad user name or password")));
    }
    Peer right(home, server, version);
    right.join_app("alice");
    EXPECT_THAT(right.said(),
                ElementsAre(HasSubstr(version == Version::k5 ? "connection rate exceeded"
                                                             : "server unavailable")));
    EXPECT_TRUE(right.connection().finished());
    Peer device(home, server, version);
    device.join_device(kSn);
    EXPECT_THAT(device.said(), ElementsAre(StartsWith("CONNACK success")));
    home.clock.pass(std::chrono::minutes(1));
    Peer later(home, server, version);
    later.join_app("alice");
    EXPECT_THAT(later.said(), ElementsAre(StartsWith("CONNACK success")));
  }
}

TEST_F(ConnectionTest, AccountsDevicesAndGatewaysSignIn) {
  for (const Version version : {Version::k311, Version::k5}) {
    Peer app(home, server, version);
    app.join_app("alice");
    EXPECT_THAT(app.said(), ElementsAre(StartsWith("CONNACK success")));
    Peer device(home, server, version);
    device.join_device(kSn);
    EXPECT_THAT(device.said(), ElementsAre(StartsWith("CONNACK success")));
    Peer gateway(home, server, version);
    gateway.join("gateway:alice", home.account("alice").gateway_key);
    EXPECT_THAT(gateway.said(), ElementsAre(StartsWith("CONNACK success")));
    EXPECT_FALSE(gateway.connection().finished());
  }
}

// Clients fetch a new certificate when they see code 4 or 5 (version 5: 134 or 135).
TEST_F(ConnectionTest, AWrongPasswordHasTheCodeThatClientsReactTo) {
  for (const Version version : {Version::k311, Version::k5}) {
    Peer wrong(home, server, version);
    wrong.join(home.account("alice").certificate_account, Secret("wrong"));
    const std::string bytes = wrong.output();
    ASSERT_GE(bytes.size(), 4U);
    EXPECT_EQ(bytes[0], '\x20');
    const int code = static_cast<unsigned char>(bytes[3]);
    EXPECT_TRUE(version == Version::k311 ? code == 4 || code == 5 : code == 134 || code == 135)
        << code;
    EXPECT_TRUE(wrong.connection().finished());
    EXPECT_FALSE(wrong.connection().wants_input());
  }
  Peer nobody(home, server, Version::k311);
  nobody.send(Connect{.client_id = "c"});
  const std::string bytes = nobody.output();
  ASSERT_EQ(bytes.size(), 4U);
  EXPECT_TRUE(bytes[3] == 4 || bytes[3] == 5);
}

TEST_F(ConnectionTest, AClientWithoutAnIdGetsOne) {
  Peer app(home, server, Version::k5);
  const registry::Account of = home.account("alice");
  app.send(Connect{.version = Version::k5,
                   .client_id = "",
                   .username = of.certificate_account,
                   .password = of.certificate_password.reveal()});
  home.settle();
  EXPECT_THAT(app.said(), ElementsAre(AllOf(StartsWith("CONNACK success"), HasSubstr(" 18:gl-"))));
}

TEST_F(ConnectionTest, LongClientIdsAndOnesEqualToTheUserNameAreFine) {
  const std::string certificate = home.account("alice").certificate_account;
  Peer first(home, server, Version::k311);
  const std::string long_id(150, 'x');
  first.join_app("alice", {.client_id = long_id});
  EXPECT_THAT(first.said(), ElementsAre("CONNACK success"));
  Peer second(home, server, Version::k311);
  second.join_app("alice", {.client_id = certificate});
  EXPECT_THAT(second.said(), ElementsAre("CONNACK success"));
  EXPECT_FALSE(first.connection().finished());
}

// With --strict: ten client ids a day per certificate; those of devices are not counted.
TEST_F(ConnectionTest, ACertificateMayUseAsManyClientIdsADayAsConfigured) {
  home.platform.config.client_ids_a_day = 10;
  const auto code_for = [&](Version version, std::string_view client_id) {
    Peer app(home, server, version);
    app.join_app("alice", {.client_id = client_id});
    return static_cast<unsigned char>(app.output().at(3));
  };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(code_for(Version::k5, fmt::format("id {}", i)), 0) << i;
  EXPECT_EQ(code_for(Version::k5, "id 10"), 135);
  EXPECT_EQ(code_for(Version::k311, "id 10"), 5);
  EXPECT_EQ(code_for(Version::k311, "id 0"), 0);
  Peer device(home, server, Version::k5);
  device.join_device(kSn, {.client_id = "id 10"});
  EXPECT_THAT(device.said(), ElementsAre(StartsWith("CONNACK success")));
  home.pass(std::chrono::hours(24));
  EXPECT_EQ(code_for(Version::k311, "id 10"), 0);
}

TEST_F(ConnectionTest, PacketsAfterAConnectInTheSameBytesAreHandledAfterIt) {
  Peer device(home, server, Version::k311);
  const Secret key = home.device(kSn).key;
  const std::string bytes =
      device.encoded(Connect{.client_id = "c", .username = kSn, .password = key.reveal()}) +
      device.encoded(Publish{.qos = Qos::kAtLeastOnce,
                             .topic = device_topic(kSn, "quota"),
                             .packet_id = 3,
                             .payload = kReport});
  device.bytes(bytes);
  home.settle();
  EXPECT_THAT(device.said(), ElementsAre("CONNACK success", "PUBACK 3 success"));
  EXPECT_EQ(home.read_all(home.account("alice").id, kSn), R"({"pd.soc":5})");
}

TEST_F(ConnectionTest, AReportIsAcknowledgedOnlyAfterTheShardHasIt) {
  Peer device(home, server, Version::k311);
  device.join_device(kSn);
  static_cast<void>(device.said());
  device.publish(device_topic(kSn, "quota"), kReport, 7);
  EXPECT_THAT(device.said(), IsEmpty());
  const int wakes = device.wakes;
  home.settle();
  EXPECT_GT(device.wakes, wakes);
  EXPECT_THAT(device.said(), ElementsAre("PUBACK 7 success"));
}

// proves v3: MQTT-3.3.5-2
TEST_F(ConnectionTest, ARefusedPublicationChangesNothing) {
  Peer device(home, server, Version::k5);
  device.join_device(kSn);
  static_cast<void>(device.said());
  const std::vector<std::string> topics = {device_topic(kOther, "quota"), device_topic(kSn, "set"),
                                           device_topic(kSn, "get"), open_topic("alice", "quota"),
                                           "anything"};
  for (const std::string& topic : topics) {
    device.publish(topic, kReport, 4);
    home.settle();
    EXPECT_THAT(device.said(), ElementsAre("PUBACK 4 not authorized")) << topic;
  }
  EXPECT_EQ(home.read_all(home.account("alice").id, kOther), "{}");
  // Version 3.1.1 has no refusal; the connection stays open, so that its valid messages still
  // arrive.
  Peer app(home, server, Version::k311);
  app.join_app("alice");
  static_cast<void>(app.said());
  app.publish(open_topic("alice", "quota"), kReport, 5);
  home.settle();
  EXPECT_THAT(app.said(), ElementsAre("PUBACK 5 success"));
  EXPECT_FALSE(app.connection().finished());
  EXPECT_EQ(home.read_all(home.account("alice").id, kSn), "{}");
}

// proves v3: MQTT-3.8.4-4, MQTT-3.8.4-5
// proves v5: MQTT-3.8.4-5, MQTT-3.9.3-2
TEST_F(ConnectionTest, SubscriptionsAreGrantedOneByOne) {
  Peer app(home, server, Version::k5);
  app.join_app("alice");
  static_cast<void>(app.said());
  app.subscribe({open_topic("alice", "quota"), open_topic("bob", "quota"),
                 home.open("alice", "NOSUCH1/set_reply"), "$share/g/" + home.open("alice", "#"),
                 home.open("alice", "+/quota"), "#", "$share/g/" + home.open("bob", "#")});
  EXPECT_THAT(app.said(),
              ElementsAre("SUBACK 9 granted QoS 1, not authorized, granted QoS 1, granted QoS 1, "
                          "granted QoS 1, not authorized, not authorized"));
  Peer old(home, server, Version::k311);
  old.join_app("alice", {.client_id = "old"});
  static_cast<void>(old.output());
  old.subscribe({open_topic("alice", "quota"), "#", "$share/g/" + home.open("alice", "#")});
  EXPECT_EQ(old.output(), std::string("\x90\x05\x00\x09\x01\x80\x01", 7));
}

TEST_F(ConnectionTest, TheStatusComesAfterTheSubscriptionIsGranted) {
  Peer device(home, server, Version::k311);
  device.join_device(kSn);
  Peer app(home, server, Version::k311);
  app.join_app("alice");
  static_cast<void>(app.said());
  app.subscribe({open_topic("alice", "status")});
  EXPECT_THAT(app.said(), ElementsAre("SUBACK 9 granted QoS 1",
                                      AllOf(StartsWith("PUBLISH " + open_topic("alice", "status")),
                                            HasSubstr(" retained "), HasSubstr(R"("status":1)"))));
}

TEST_F(ConnectionTest, TheStatusIsSentAsOftenAsTheSubscriptionAsks) {
  using wire::mqtt::RetainHandling;
  Peer app(home, server, Version::k5);
  app.join_app("alice");
  const std::string topic = open_topic("alice", "status");
  const auto sent = [&](RetainHandling handling) {
    static_cast<void>(app.said());
    app.send(wire::mqtt::Subscribe{.packet_id = 9,
                                   .entries = {{.filter = topic, .retain_handling = handling}}});
    home.settle();
    return app.said().size() - 1;  // without the SUBACK
  };
  EXPECT_EQ(sent(RetainHandling::kDoNotSend), 0U);
  EXPECT_EQ(sent(RetainHandling::kSendIfNew), 0U);
  EXPECT_EQ(sent(RetainHandling::kSend), 1U);
  app.send(wire::mqtt::Unsubscribe{.packet_id = 10, .filters = {topic}});
  EXPECT_EQ(sent(RetainHandling::kSendIfNew), 1U);
}

TEST_F(ConnectionTest, ReportsReachASubscriberAndStopWhenItUnsubscribes) {
  Peer device(home, server, Version::k311);
  device.join_device(kSn);
  Peer app(home, server, Version::k311);
  app.join_app("alice");
  app.subscribe({open_topic("alice", "quota")}, Qos::kAtMostOnce);
  static_cast<void>(app.said());
  device.publish(device_topic(kSn, "quota"), kReport);
  home.settle();
  EXPECT_THAT(app.said(),
              ElementsAre(fmt::format("PUBLISH {} q0 {}", open_topic("alice", "quota"), kReport)));
  const std::string never = home.open("alice", "never/subscribed");
  const std::string quota = open_topic("alice", "quota");
  app.send(wire::mqtt::Unsubscribe{.packet_id = 11, .filters = {never, quota}});
  home.settle();
  EXPECT_THAT(app.said(), ElementsAre(StartsWith("UNSUBACK 11")));
  device.publish(device_topic(kSn, "quota"), kReport);
  home.settle();
  EXPECT_THAT(app.said(), IsEmpty());
}

TEST_F(ConnectionTest, ASetTravelsThereAndItsReplyBack) {
  Peer device(home, server, Version::k5);
  device.join_device(kSn);
  device.subscribe({device_topic(kSn, "set")});
  Peer app(home, server, Version::k311);
  app.join_app("alice");
  app.subscribe({open_topic("alice", "set_reply")});
  static_cast<void>(device.said());
  static_cast<void>(app.said());
  app.publish(open_topic("alice", "set"),
              R"({"id":5,"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})", 2);
  home.settle();
  EXPECT_THAT(app.said(), ElementsAre("PUBACK 2 success"));
  EXPECT_THAT(device.said(),
              ElementsAre(AllOf(StartsWith("PUBLISH " + device_topic(kSn, "set") + " q1"),
                                HasSubstr(R"("id":5)"))));
  device.publish(device_topic(kSn, "set_reply"), R"({"id":5,"data":{"ack":0}})", 3);
  home.settle();
  EXPECT_THAT(app.said(),
              ElementsAre(AllOf(StartsWith("PUBLISH " + open_topic("alice", "set_reply")),
                                HasSubstr(R"({"id":5,"data":{"ack":0}})"))));
}

// proves v3: MQTT-3.1.4-2
// proves v5: MQTT-3.1.4-3
TEST_F(ConnectionTest, ASecondSignInWithAClientIdEndsTheFirst) {
  for (const Version version : {Version::k311, Version::k5}) {
    Peer first(home, server, version);
    first.join_app("alice", {.client_id = "phone"});
    static_cast<void>(first.said());
    Peer second(home, server, version);
    second.join_app("alice", {.client_id = "phone"});
    EXPECT_GT(first.wakes, 0);
    const Lines last = first.said();
    if (version == Version::k5) {
      EXPECT_THAT(last, ElementsAre("DISCONNECT session taken over"));
    } else {
      EXPECT_THAT(last, IsEmpty());
    }
    EXPECT_TRUE(first.connection().finished());
    EXPECT_FALSE(second.connection().finished());
  }
}

TEST_F(ConnectionTest, ARotatedCertificateEndsTheConnection) {
  Peer app(home, server, Version::k5);
  app.join_app("alice");
  static_cast<void>(app.said());
  ASSERT_TRUE(home.registry->rotate_certificate("alice"));
  home.settle();
  home.pass(Millis(1000));
  EXPECT_THAT(app.said(), ElementsAre("DISCONNECT not authorized"));
  EXPECT_TRUE(app.connection().finished());
}

TEST_F(ConnectionTest, PresenceFollowsTheConnection) {
  {
    Peer device(home, server, Version::k311);
    device.join_device(kSn);
    EXPECT_TRUE(home.platform.presence.online(kSn));
  }
  EXPECT_FALSE(home.platform.presence.online(kSn));
  {
    Peer device(home, server, Version::k311);
    device.join_device(kSn);
    device.send(wire::mqtt::Disconnect{});
    home.settle();
    EXPECT_TRUE(device.connection().finished());
    EXPECT_FALSE(home.platform.presence.online(kSn));
  }
}

TEST_F(ConnectionTest, ASilentDeviceGoesOfflineAfterOneAndAHalfKeepalives) {
  Peer device(home, server, Version::k311);
  device.join_device(kSn, {.keepalive_s = 15});
  home.clock.pass(Millis(15'000));
  device.send(wire::mqtt::Pingreq{});
  EXPECT_THAT(device.said(), Contains("PINGRESP"));
  home.clock.pass(Millis(22'400));
  device.connection().tick(home.clock.now());
  home.settle();
  EXPECT_TRUE(home.platform.presence.online(kSn));
  home.clock.pass(Millis(200));
  device.connection().tick(home.clock.now());
  home.settle();
  EXPECT_TRUE(device.connection().finished());
  EXPECT_FALSE(home.platform.presence.online(kSn));
}

TEST_F(ConnectionTest, AConnectionThatDoesNotSignInIsGivenUp) {
  Peer idle(home, server, Version::k311);
  home.clock.pass(Millis(9'999));
  idle.connection().tick(home.clock.now());
  EXPECT_FALSE(idle.connection().finished());
  home.clock.pass(Millis(2));
  idle.connection().tick(home.clock.now());
  EXPECT_TRUE(idle.connection().finished());
}

TEST_F(ConnectionTest, AWillIsPublishedWhenTheConnectionIsLostAndItsOwnerMight) {
  const FakePtr app = home.subscriber("alice");
  const std::string own = device_topic(kSn, "quota");
  const std::string foreign = device_topic(kOther, "quota");
  struct Row {
    std::string_view topic;
    bool says_goodbye;
    bool published;
  };
  const std::vector<Row> rows = {{own, false, true}, {own, true, false}, {foreign, false, false}};
  for (const Row& row : rows) {
    {
      Peer device(home, server, Version::k311);
      device.join_device(
          kSn, {.will = wire::mqtt::LastWill{.topic = row.topic, .payload = R"({"will":1})"}});
      app->take();
      if (row.says_goodbye) device.send(wire::mqtt::Disconnect{});
    }
    const Lines got = app->take();
    const bool seen = std::ranges::any_of(
        got, [](const std::string& line) { return line.contains(R"({"will":1})"); });
    EXPECT_EQ(seen, row.published) << row.topic;
    EXPECT_THAT(got, Contains(HasSubstr(R"("status":0)"))) << row.topic;
  }
  EXPECT_EQ(home.read_all(home.account("alice").id, kOther), "{}");
}

TEST_F(ConnectionTest, AClientThatIsOwedTooManyAnswersIsNotReadFurther) {
  server.limits.receive_maximum = 3;
  Peer device(home, server, Version::k311);
  device.join_device(kSn);
  for (std::uint16_t id = 1; id <= 3; ++id) {
    EXPECT_TRUE(device.connection().wants_input());
    device.publish(device_topic(kSn, "quota"), kReport, id);
  }
  EXPECT_FALSE(device.connection().wants_input());
  home.settle();
  EXPECT_TRUE(device.connection().wants_input());
}

TEST_F(ConnectionTest, ASubscriberThatDoesNotReadCostsALimitedAmount) {
  Peer device(home, server, Version::k311);
  device.join_device(kSn);
  Peer app(home, server, Version::k311);
  app.join_app("alice");
  app.subscribe({open_topic("alice", "quota")}, Qos::kAtMostOnce);
  const std::string large = fmt::format(R"({{"params":{{"x":"{}"}}}})", std::string(20'000, 'x'));
  for (int i = 0; i < 2000; ++i) device.publish(device_topic(kSn, "quota"), large, 0);
  home.settle();
  // The output that a socket which accepts nothing would be given.
  std::string unsent;
  for (int i = 0; i < 100; ++i) app.connection().take_output(unsent);
  EXPECT_LT(unsent.size(), 3 * server.limits.output_bytes);
  // The remaining output is bounded by the queue.
  std::size_t sum = 0;
  for (std::string out = app.output(); !out.empty(); out = app.output()) sum += out.size();
  EXPECT_LE(sum, server.limits.queue_bytes + 2 * server.limits.output_bytes);
}

TEST_F(ConnectionTest, AnySplitOfTheBytesSaysTheSame) {
  const std::string quota = open_topic("alice", "quota");
  const std::string topic = device_topic(kSn, "quota");
  const auto conversation = [&](const Peer& peer) {
    return peer.encoded(Connect{.version = Version::k5,
                                .client_id = "c",
                                .username = kSn,
                                .password = home.device(kSn).key.reveal()}) +
           peer.encoded(Publish{
               .qos = Qos::kAtLeastOnce, .topic = topic, .packet_id = 1, .payload = kReport}) +
           peer.encoded(wire::mqtt::Subscribe{
               .packet_id = 2,
               .entries = {{.filter = quota}, {.filter = device_topic(kSn, "set")}}}) +
           peer.encoded(Publish{.qos = Qos::kAtLeastOnce, .topic = quota, .packet_id = 4}) +
           peer.encoded(wire::mqtt::Unsubscribe{.packet_id = 5, .filters = {quota}}) +
           peer.encoded(wire::mqtt::Pingreq{});
  };
  // The order of responses from the shard and from the session itself may differ; their content may
  // not.
  const auto talk = [&](const Chance& chance, std::uint64_t pieces) {
    Peer peer(home, server, Version::k5);
    const std::string bytes = conversation(peer);
    std::string said;
    std::uint64_t draw = 0;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = 1 + chance.bits(draw++) % pieces;
      peer.bytes(std::string_view(bytes).substr(at, size));
      at += size;
      home.settle();
      said += peer.output();
    }
    home.settle();
    said += peer.output();
    Lines lines = wire::mqtt::decoded_packets(said, Version::k5);
    std::ranges::sort(lines);
    return lines;
  };
  const Lines whole = talk(Chance(0), 1);
  EXPECT_THAT(whole, Contains("PUBACK 4 not authorized"));
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    EXPECT_EQ(talk(Chance(seed), seed % 2 == 0 ? 7 : 60), whole) << "seed " << seed;
  }
}

}  // namespace
}  // namespace gridloom::mqtt
