// The relay with MQTT at the owner: sessions, messages, and what clients send that is no CONNECT.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt/connection.h"
#include "mqtt/test_peer.h"
#include "mqtt/test_server.h"
#include "node/relay_messages.h"
#include "node/test_relay.h"
#include "wire/mqtt/packet.h"
#include "wire/mqtt/test_talk.h"

namespace gridloom::node {
namespace {

using hub::MemoryBus;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using wire::mqtt::Version;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";

struct MqttRelay {
  explicit MqttRelay(const wire::mqtt::MqttLimits& limits = {}) {
    server.wire_limits = limits;
    server.server->limits = limits;
    relay.emplace(server.home.clock, server.home.client_loop, mqtt::serve(*server.server),
                  TestRelay::Options{.mqtt = limits});
    relay->more = [this] { return run_shards(); };
  }
  bool run_shards() {
    bool again = false;
    for (const auto& loop : server.home.shard_loops) again = loop->run() || again;
    return again;
  }

  mqtt::Server server;
  std::optional<TestRelay> relay;
};

// An MQTT client behind a socket at the door.
class Client {
 public:
  Client(MqttRelay& test, Version version)
      : test_(test), version_(version), socket_(test.relay->connect()) {}

  void send(const wire::mqtt::Packet& packet) {
    std::string bytes;
    encode(bytes, packet, version_);
    socket_.send(bytes);
    test_.relay->settle();
  }
  void join(std::string_view user, const Secret& password, wire::mqtt::Connect connect = {}) {
    connect.version = version_;
    if (connect.client_id.empty()) connect.client_id = "c";
    connect.username = user;
    connect.password = password.reveal();
    send(connect);
  }
  void join_app(const wire::mqtt::Connect& connect = {}) {
    const registry::Account of = test_.server.home.account("alice");
    join(of.certificate_account, of.certificate_password, connect);
  }
  void join_device() { join(kSn, test_.server.home.device(kSn).key); }
  void subscribe(wire::mqtt::Qos qos) {
    const std::string filter = test_.server.home.open("alice", "+/quota");
    wire::mqtt::Subscribe packet{.packet_id = 9};
    packet.entries.push_back({.filter = filter, .qos = qos});
    send(packet);
  }
  void publish(std::string_view payload, wire::mqtt::Qos qos, std::uint16_t id) {
    send(wire::mqtt::Publish{.qos = qos, .topic = topic(), .packet_id = id, .payload = payload});
  }
  [[nodiscard]] static std::string topic() { return "/device/" + std::string(kSn) + "/quota"; }
  Lines said() { return wire::mqtt::decoded_packets(std::exchange(socket_.said, {}), version_); }
  [[nodiscard]] TestSocket& socket() { return socket_; }

 private:
  MqttRelay& test_;
  const Version version_;
  TestSocket& socket_;
};

std::string report(std::string_view text) {
  return R"({"params":{"pd.soc":1,"x":")" + std::string(text) + R"("}})";
}

TEST(RelayMqtt, ADeviceAndAnAppSignInPublishAndSubscribe) {
  for (const Version version : {Version::k311, Version::k5}) {
    MqttRelay test;
    Client app(test, version);
    app.join_app();
    EXPECT_EQ(app.said().at(0).substr(0, 15), "CONNACK success");
    EXPECT_EQ(app.socket().protocol().account(),
              static_cast<std::int64_t>(test.server.home.account("alice").id));
    app.subscribe(Qos::kExactlyOnce);
    EXPECT_THAT(app.said(), IsSupersetOf({std::string("SUBACK 9 granted QoS 2")}));
    Client device(test, version);
    device.join_device();
    EXPECT_EQ(test.relay->asked_for, kSn);
    device.said();
    device.publish(report("one"), Qos::kAtLeastOnce, 1);
    EXPECT_THAT(device.said(), ElementsAre("PUBACK 1 success"));
    const Lines first = app.said();
    ASSERT_EQ(first.size(), 1U);
    EXPECT_NE(first.front().find(" q1 id1 "), std::string::npos) << first.front();

    device.publish(report("two"), Qos::kExactlyOnce, 2);
    EXPECT_THAT(device.said(), ElementsAre("PUBREC 2 success"));
    device.send(wire::mqtt::Pubrel{.packet_id = 2});
    EXPECT_THAT(device.said(), ElementsAre("PUBCOMP 2 success"));
    const Lines second = app.said();
    ASSERT_EQ(second.size(), 1U);
    EXPECT_NE(second.front().find(" q2 id2 "), std::string::npos) << second.front();
    app.send(wire::mqtt::Pubrec{.packet_id = 2});
    EXPECT_THAT(app.said(), ElementsAre("PUBREL 2 success"));
  }
}

TEST(RelayMqtt, WrongCredentialsAreRefusedByTheOwner) {
  MqttRelay test;
  Client client(test, Version::k311);
  client.join("nobody", Secret("wrong"));
  EXPECT_THAT(client.said(), ElementsAre("CONNACK bad user name or password"));
  EXPECT_TRUE(client.socket().closed);
  EXPECT_EQ(test.relay->owner->connections(), 0U);
}

TEST(RelayMqtt, AMessageOfAMegabyteGoesThroughWhole) {
  MqttRelay test({.packet_bytes = 2'000'000, .queue_bytes = 8'000'000});
  Client app(test, Version::k5);
  app.join_app();
  app.subscribe(Qos::kAtLeastOnce);
  app.said();
  Client device(test, Version::k5);
  device.join_device();
  device.said();
  const std::string large = report(std::string(1'000'000, 'x'));
  device.publish(large, Qos::kAtLeastOnce, 1);
  EXPECT_THAT(device.said(), ElementsAre("PUBACK 1 success"));
  const Lines got = app.said();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_NE(got.front().find(large), std::string::npos);
}

TEST(RelayMqtt, AClientThatNeverReadsCostsABoundedAmountAndHoldsUpNobody) {
  MqttRelay test;
  Client app(test, Version::k311);
  app.join_app();
  app.subscribe(Qos::kAtMostOnce);
  app.said();
  app.socket().reads = false;
  Client other(test, Version::k311);
  other.join_app({.client_id = "other"});
  other.subscribe(Qos::kAtMostOnce);
  Client device(test, Version::k311);
  device.join_device();
  for (int i = 0; i < 300; ++i) {
    device.publish(report(std::string(30'000, 'x')), Qos::kAtMostOnce, 0);
  }
  EXPECT_GE(other.socket().said.size(), 300U * 30'000);
  EXPECT_FALSE(app.socket().closed);
  // What is ahead of its socket, and what its session queues.
  app.socket().read_on();
  test.relay->settle();
  const std::size_t most = kOutputCredit_bytes + 2 * test.server.wire_limits.output_bytes +
                           test.server.wire_limits.queue_bytes + 100'000;
  EXPECT_LE(app.socket().said.size(), most);
  EXPECT_GT(app.socket().said.size(), kOutputCredit_bytes);
}

TEST(RelayMqtt, ASessionGoesOnAtTheOwnerAfterTheLinkHasClosed) {
  MqttRelay test;
  Client app(test, Version::k311);
  app.join_app({.clean_start = false, .client_id = "kept"});
  app.subscribe(Qos::kAtLeastOnce);
  test.relay->cut(MemoryBus::Told::kYes);
  test.relay->settle();
  EXPECT_TRUE(app.socket().closed);
  test.relay->link();
  Client device(test, Version::k311);
  device.join_device();
  device.publish(report("meanwhile"), Qos::kAtLeastOnce, 1);
  Client again(test, Version::k311);
  again.join_app({.clean_start = false, .client_id = "kept"});
  const Lines said = again.said();
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said.front(), "CONNACK success present");
  EXPECT_NE(said.back().find("meanwhile"), std::string::npos);
}

TEST(RelayMqtt, AClientThatIsTakenOverIsClosed) {
  MqttRelay test;
  Client first(test, Version::k5);
  first.join_app({.client_id = "same"});
  first.said();
  Client second(test, Version::k5);
  second.join_app({.client_id = "same"});
  EXPECT_TRUE(first.socket().closed);
  EXPECT_THAT(first.said(), testing::Contains(testing::HasSubstr("taken over")));
  EXPECT_EQ(second.said().at(0).substr(0, 15), "CONNACK success");
}

// The same bytes, at a server that the client is connected to itself.
struct Direct {
  std::string said;
  bool is_finished = false;
};
Direct direct(MqttRelay& test, const std::string& bytes) {
  mqtt::Peer peer(test.server.home, *test.server.server, Version::k311);
  peer.bytes(bytes);
  test.server.home.settle();
  return {.said = peer.output(), .is_finished = peer.connection().finished()};
}

TEST(RelayMqtt, FirstBytesThatAreNoConnectAreAnsweredAsByAServerItself) {
  std::string wrong_version = connect_bytes("anna");
  wrong_version.at(8) = 9;
  std::string will_flag = connect_bytes("anna", Version::k5);
  will_flag.at(9) = '\x01';  // the reserved flag
  std::string too_large("\x10\xff\xff\xff\x7f", 5);
  std::string ping("\xc0\x00", 2);
  const std::vector<std::pair<std::string_view, std::string>> rows = {
      {"another version", wrong_version},
      {"a reserved flag", will_flag},
      {"larger than allowed", too_large},
      {"a ping", ping},
      {"a length of five bytes", std::string("\x10\xff\xff\xff\xff\x01", 6)},
      {"wrong flags of the header", std::string("\x11\x00", 2)},
      {"packet type 0", std::string("\x00\x00", 2)},
      {"an HTTP request", "GET / HTTP/1.1\r\n\r\n"},
      {"a TLS handshake", std::string("\x16\x03\x01\x02\x00\x01\x00", 7)},
      {"an empty CONNECT", std::string("\x10\x00", 2)},
      {"text behind a CONNECT's header", std::string("\x10\x04xyzw", 6)},
      {"no client id without a clean session",
       std::string("\x10\x0c\x00\x04MQTT\x04\x00\x00\x00\x00\x00", 14)},
      {"the beginning of a CONNECT", connect_bytes("anna").substr(0, 10)},
      {"nothing", ""},
  };
  for (const auto& [name, bytes] : rows) {
    MqttRelay test;
    const Direct expected = direct(test, bytes);
    TestSocket& client = test.relay->connect();
    client.send(bytes);
    test.relay->settle();
    EXPECT_EQ(client.said, expected.said) << name;
    EXPECT_EQ(client.closed, expected.is_finished) << name;
    EXPECT_EQ(test.relay->events.size(), expected.is_finished ? 1U : 0U) << name;
    EXPECT_EQ(test.relay->owner->connections(), 0U) << name;
  }
}

TEST(RelayMqtt, AClientThatSendsNoConnectInTimeIsClosed) {
  for (const std::string_view begin : {"", "\x10"}) {
    MqttRelay test;
    TestSocket& client = test.relay->connect();
    client.send(begin);
    test.relay->settle();
    const Millis limit = test.server.wire_limits.connect_timeout;
    test.relay->pass(limit - Millis(1));
    EXPECT_FALSE(client.closed);
    EXPECT_EQ(client.protocol().kept_bytes(), begin.size());
    test.relay->pass(Millis(1));
    EXPECT_TRUE(client.closed);
    EXPECT_THAT(client.said, IsEmpty());
    EXPECT_THAT(test.relay->events, ElementsAre("keep alive timeout"));
  }
}

TEST(RelayMqtt, KeepAliveIsTheOwners) {
  MqttRelay test;
  Client client(test, Version::k311);
  client.join_app({.keepalive_s = 10});
  for (int i = 0; i < 14; ++i) test.relay->pass(Millis(1'000));
  EXPECT_FALSE(client.socket().closed);
  test.relay->pass(Millis(2'000));
  EXPECT_TRUE(client.socket().closed);
}

TEST(RelayMqtt, AServerThatStopsSaysGoodbye) {
  for (const bool at_the_door : {true, false}) {
    MqttRelay test;
    Client client(test, Version::k5);
    client.join_app();
    client.said();
    if (at_the_door) {
      client.socket().server_stops();
    } else {
      test.relay->owner->stop();
    }
    test.relay->settle();
    EXPECT_THAT(client.said(), ElementsAre(testing::StartsWith("DISCONNECT server shutting down")));
    EXPECT_TRUE(client.socket().closed);
  }
}

}  // namespace
}  // namespace gridloom::node
