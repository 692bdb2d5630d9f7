// A link and the server at its other end: its owner may drop it within any event, it reconnects,
// and its queue is bounded. The loop is turned by the test, and pauses end by tick(), so nothing
// here waits for time.
#include "client/mqtt_link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "wire/mqtt/packet.h"

namespace gridloom::client {
namespace {

namespace mqtt = wire::mqtt;
using Lines = std::vector<std::string>;

std::string text_of(const mqtt::Packet& packet) {
  if (const auto* connect = std::get_if<mqtt::Connect>(&packet)) {
    const auto& will = connect->will;
    if (!will) return "CONNECT";
    return fmt::format("CONNECT will {} {} q{}{}", will->topic, will->payload,
                       static_cast<int>(will->qos), will->retain ? " retained" : "");
  }
  if (const auto* message = std::get_if<mqtt::Publish>(&packet)) {
    return fmt::format("{} q{}{}", message->payload, static_cast<int>(message->qos),
                       message->retain ? " retained" : "");
  }
  if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&packet)) {
    std::string text = "SUBSCRIBE";
    for (const mqtt::FilterEntry& entry : subscribe->entries) {
      text += fmt::format(" {}@{}", entry.filter, static_cast<int>(entry.qos));
    }
    return text;
  }
  return std::string(name_of(static_cast<mqtt::PacketType>(packet.index() + 1)));
}

// A listener, and the one connection that it accepted.
class Server {
 public:
  Server() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listener_, raw, size), 0);
    // Connections inherit it, so that a server that does not read is full soon.
    const int receive_bytes = 64 * 1024;
    EXPECT_EQ(::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes)),
              0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, raw, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Server() {
    hang_up();
    ::close(listener_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // Waits for the connection.
  void accept() {
    hang_up();
    in_.clear();
    connection_ = ::accept(listener_, nullptr, nullptr);
    EXPECT_EQ(::fcntl(connection_, F_SETFL, O_NONBLOCK), 0);
  }
  void hang_up() {
    if (connection_ >= 0) ::close(std::exchange(connection_, -1));
  }
  // The packets that have come since the last call, as texts.
  Lines received() {
    std::array<char, 4096> some{};
    for (ssize_t size = 0; (size = ::recv(connection_, some.data(), some.size(), 0)) > 0;) {
      in_.append(some.data(), static_cast<std::size_t>(size));
    }
    Lines packets;
    for (;;) {
      const auto header = mqtt::peek_header(in_).value();
      if (!header || in_.size() < header->total_bytes()) return packets;
      const std::string_view whole = std::string_view(in_).substr(0, header->total_bytes());
      packets.push_back(text_of(mqtt::decode(whole, mqtt::Version::k311).value()));
      in_.erase(0, header->total_bytes());
    }
  }
  void send(const std::vector<mqtt::Packet>& packets) const {
    std::string bytes;
    for (const mqtt::Packet& packet : packets) mqtt::encode(bytes, packet, mqtt::Version::k311);
    EXPECT_EQ(::send(connection_, bytes.data(), bytes.size(), 0), std::ssize(bytes));
  }

 private:
  int listener_;
  int connection_ = -1;
  std::string in_;
  std::uint16_t port_ = 0;
};

struct MqttLinkTest : testing::Test, MqttLink::Listener {
  ~MqttLinkTest() override { link->close(); }

  void on_online() override { note("online"); }
  void on_offline(const Error& why) override { note("offline: " + why.detail); }
  void on_message(std::string_view topic, std::string_view payload, bool retained) override {
    note(fmt::format("{} {}{}", topic, payload, retained ? " retained" : ""));
  }
  void on_acknowledged(std::chrono::nanoseconds /*took*/) override { note("acknowledged"); }
  void on_filter_refused(std::string_view filter) override { note(fmt::format("no {}", filter)); }

  void note(const std::string& event) {
    events.push_back(event);
    if (event != drops_at) return;
    link->drop();
    if (reopens) link->open();
  }
  [[nodiscard]] MqttLink::Options options() {
    return {.server = peer_at({.host = "127.0.0.1", .port = server.port()}),
            .loop = &loop,
            .buffer = buffer,
            .client_id = "c",
            .user = "u",
            .filters = {{.filter = "t", .qos = mqtt::Qos::kAtLeastOnce}}};
  }
  void remake(const MqttLink::Options& changed) {
    link->close();
    link = std::make_shared<MqttLink>(changed, *this);
  }

  template <typename Condition>
  void turn_until(Condition done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!done() && std::chrono::steady_clock::now() < deadline) loop.turn();
    EXPECT_TRUE(done());
  }
  // Turns the loop until there are `count` events.
  void turn_until_events(std::size_t count) {
    turn_until([&] { return events.size() >= count; });
  }
  // Turns the loop until the server has so many packets, which it returns.
  Lines take_packets(std::size_t count) {
    Lines packets;
    turn_until([&] {
      for (std::string& packet : server.received()) packets.push_back(std::move(packet));
      return packets.size() >= count;
    });
    return packets;
  }
  // A SUBACK before the SUBSCRIBE would be an error: the loop turns until that was sent.
  void turn_until_subscribed() {
    turn_until([&] { return link->unacknowledged() != 0; });
  }
  void sign_in() {
    link->open();
    server.accept();
    server.send({mqtt::Connack{}});
    turn_until_subscribed();
    server.send({mqtt::Suback{.packet_id = 1, .reasons = {mqtt::Reason::kGrantedQos1}},
                 mqtt::Publish{.topic = "t", .payload = std::string_view("1")},
                 mqtt::Publish{.topic = "t", .payload = std::string_view("2")}});
  }
  // The link has begun to connect: the server accepts it, and its packets and events are taken.
  void come_online() {
    server.accept();
    server.send({mqtt::Connack{}});
    turn_until_subscribed();
    server.send({mqtt::Suback{.packet_id = 1, .reasons = {mqtt::Reason::kGrantedQos1}}});
    turn_until([&] { return link->online(); });
    EXPECT_EQ(take_packets(2).size(), 2U);
    events.clear();
  }

  net::IoLoop loop;
  Server server;
  std::array<char, 4096> buffer{};
  std::shared_ptr<MqttLink> link = std::make_shared<MqttLink>(options(), *this);
  Lines events;
  std::string drops_at;
  bool reopens = false;
};

TEST_F(MqttLinkTest, ReportsWhatItReceives) {
  sign_in();
  turn_until_events(3);
  EXPECT_EQ(events, (Lines{"online", "t 1", "t 2"}));
  EXPECT_EQ(link->unacknowledged(), 0U);
}

TEST_F(MqttLinkTest, MayBeDroppedWithinAMessage) {
  drops_at = "t 1";
  sign_in();
  turn_until_events(3);
  EXPECT_EQ(events, (Lines{"online", "t 1", "offline: the connection is dropped"}));
  EXPECT_TRUE(link->closed());
}

TEST_F(MqttLinkTest, MayBeDroppedWhenItComesOnlineAndOpenedAgainAtOnce) {
  drops_at = "online";
  reopens = true;
  sign_in();
  turn_until_events(2);
  EXPECT_EQ(events, (Lines{"online", "offline: the connection is dropped"}));
  EXPECT_TRUE(link->opening());
  reopens = false;
  drops_at = "";
  server.hang_up();
  events.clear();
  server.accept();
  server.send({mqtt::Connack{}});
  turn_until_subscribed();
  server.send({mqtt::Suback{.packet_id = 1, .reasons = {mqtt::Reason::kGrantedQos1}}});
  turn_until_events(1);
  EXPECT_EQ(events, Lines{"online"});
}

TEST_F(MqttLinkTest, SubscribesToItsFiltersAtOnceAndReportsThoseThatAreRefused) {
  auto changed = options();
  changed.filters.push_back({.filter = "x/#"});
  remake(changed);
  link->open();
  server.accept();
  server.send({mqtt::Connack{}});
  turn_until_subscribed();
  EXPECT_EQ(take_packets(2), (Lines{"CONNECT", "SUBSCRIBE t@1 x/#@0"}));
  server.send(
      {mqtt::Suback{.packet_id = 1,
                    .reasons = {mqtt::Reason::kGrantedQos1, mqtt::Reason::kUnspecifiedError}},
       mqtt::Publish{.retain = true, .topic = "t", .payload = std::string_view("1")}});
  turn_until_events(3);
  EXPECT_EQ(events, (Lines{"no x/#", "online", "t 1 retained"}));
  EXPECT_FALSE(link->refused());
}

// Where user and filters are what another server told, they may be of any length.
TEST_F(MqttLinkTest, TextsThatMqttCannotCarryEndTheAttemptOrAreDropped) {
  const std::string long_text(mqtt::kMaxTextBytes + 1, 'x');
  auto changed = options();
  changed.user = long_text;
  remake(changed);
  link->open();
  EXPECT_THAT(events, testing::ElementsAre(testing::HasSubstr("MQTT cannot carry the sign-in")));
  EXPECT_TRUE(link->closed());
  server.accept();
  events.clear();

  changed = options();
  changed.filters.push_back({.filter = long_text});
  remake(changed);
  link->open();
  server.accept();
  server.send({mqtt::Connack{}});
  turn_until_events(1);
  EXPECT_THAT(events, testing::ElementsAre(testing::HasSubstr("MQTT cannot carry the subscript")));
  EXPECT_TRUE(link->closed());

  remake(options());
  link->open();
  come_online();
  link->send(long_text, "lost");
  link->send("t", "kept");
  EXPECT_EQ(link->dropped(), 1U);
  EXPECT_EQ(take_packets(1), Lines{"kept q1"});
}

TEST_F(MqttLinkTest, AQueueBeyondItsLimitDropsTheOldestMessagesAndCountsThem) {
  auto changed = options();
  changed.window = 2;
  changed.max_queued = 2;
  remake(changed);
  link->send("t", "while offline");
  EXPECT_EQ(link->dropped(), 1U);
  link->open();
  come_online();
  for (const char* payload : {"1", "2", "3", "4", "5", "6"}) {
    link->send("t", payload, {.retain = true});
  }
  EXPECT_EQ(link->dropped(), 3U);
  EXPECT_EQ(link->unacknowledged(), 4U);
  EXPECT_EQ(take_packets(2), (Lines{"1 q1 retained", "2 q1 retained"}));
  server.send({mqtt::Puback{.packet_id = 1}, mqtt::Puback{.packet_id = 2}});
  EXPECT_EQ(take_packets(2), (Lines{"5 q1 retained", "6 q1 retained"}));
  EXPECT_EQ(events, (Lines{"acknowledged", "acknowledged"}));
}

TEST_F(MqttLinkTest, TheQueueIsLimitedInBytesToo) {
  auto changed = options();
  changed.window = 1;
  changed.max_queued_bytes = 10;
  remake(changed);
  link->open();
  come_online();
  for (const char* payload : {"1", "222", "333", "444", "a payload of its own"}) {
    link->send("t", payload);
  }
  EXPECT_EQ(link->dropped(), 4U);
  EXPECT_EQ(take_packets(1), Lines{"1 q1"});
  EXPECT_EQ(link->unacknowledged(), 1U);
}

TEST_F(MqttLinkTest, MessagesOfQos0WaitForASocketThatAcceptsNoMore) {
  auto changed = options();
  changed.max_queued = 5;
  remake(changed);
  link->open();
  come_online();
  const std::string large(std::size_t{1024} * 1024, 'x');
  constexpr std::size_t kMessages = 40;
  for (std::size_t i = 0; i < kMessages; ++i) {
    link->send("t", large, {.qos = mqtt::Qos::kAtMostOnce});
    loop.turn();
  }
  EXPECT_GT(link->dropped(), 0U) << "the server reads nothing";
  const std::size_t left = kMessages - link->dropped();
  EXPECT_EQ(take_packets(left).size(), left);
  EXPECT_EQ(link->unacknowledged(), 0U);
}

TEST_F(MqttLinkTest, ReconnectsAfterAPauseAndSendsNothingTwice) {
  auto changed = options();
  changed.window = 1;
  changed.reconnects = true;
  remake(changed);
  link->tick(Moment::max());
  EXPECT_TRUE(link->closed()) << "it was not opened yet";
  link->open();
  come_online();
  link->send("t", "in flight");
  link->send("t", "queued");
  EXPECT_EQ(take_packets(1), Lines{"in flight q1"});
  server.hang_up();
  turn_until_events(1);
  ASSERT_TRUE(events[0].starts_with("offline: ")) << events[0];
  EXPECT_EQ(link->dropped(), 1U);
  link->tick(link->retry_at() - std::chrono::nanoseconds(1));
  EXPECT_TRUE(link->closed());
  link->tick(link->retry_at());
  EXPECT_TRUE(link->opening());
  come_online();
  link->send("t", "new");
  EXPECT_EQ(take_packets(1), Lines{"new q1"});
  EXPECT_EQ(link->unacknowledged(), 1U);
}

TEST_F(MqttLinkTest, AnOwnerReconnectsALinkThatDoesNot) {
  link->open();
  come_online();
  link->drop();
  link->tick(link->retry_at());
  EXPECT_TRUE(link->closed());
  link->open();
  come_online();
}

TEST_F(MqttLinkTest, SaysGoodbyeWhenItIsClosedSoThatTheWillIsNotPublished) {
  auto changed = options();
  changed.will = Will{.topic = "bridge", .payload = "offline", .retain = true};
  changed.reconnects = true;
  remake(changed);
  link->open();
  server.accept();
  EXPECT_EQ(take_packets(1), Lines{"CONNECT will bridge offline q1 retained"});
  server.send({mqtt::Connack{}});
  EXPECT_EQ(take_packets(1), Lines{"SUBSCRIBE t@1"});
  server.send({mqtt::Suback{.packet_id = 1, .reasons = {mqtt::Reason::kGrantedQos1}}});
  turn_until_events(1);
  link->close();
  EXPECT_EQ(take_packets(1), Lines{"DISCONNECT"});
  link->tick(Moment::max());
  EXPECT_TRUE(link->closed());
  EXPECT_EQ(events, Lines{"online"}) << "the owner is not notified";
}

TEST_F(MqttLinkTest, GivesUpOnAServerThatDoesNotAnswer) {
  link->open();
  server.accept();
  link->tick(std::chrono::steady_clock::now() + std::chrono::seconds{60});
  EXPECT_EQ(events, Lines{"offline: the server did not answer the sign-in"});
  link->open();
  come_online();
  link->tick(std::chrono::steady_clock::now() + std::chrono::seconds{20});
  EXPECT_EQ(take_packets(1), Lines{"PINGREQ"});
  link->tick(std::chrono::steady_clock::now() + std::chrono::seconds{60});
  EXPECT_EQ(events, Lines{"offline: the server did not answer a ping"});
}

TEST_F(MqttLinkTest, FindsItsServerBeforeEachAttempt) {
  std::vector<Callback<Result<Peer>>> asked;
  auto changed = options();
  const Peer found = std::exchange(changed.server, {});
  changed.resolve = [&](Callback<Result<Peer>> done) { asked.push_back(std::move(done)); };
  remake(changed);

  link->open();
  EXPECT_TRUE(link->opening());
  ASSERT_EQ(asked.size(), 1U);
  asked[0](fail(ErrorCode::kNotFound, "no such name"));
  EXPECT_EQ(std::exchange(events, {}), Lines{"offline: no such name"});
  EXPECT_TRUE(link->closed());

  link->open();
  link->tick(std::chrono::steady_clock::now() + std::chrono::seconds{60});
  EXPECT_EQ(std::exchange(events, {}),
            Lines{"offline: the server's address was not found in time"});

  link->open();
  ASSERT_EQ(asked.size(), 3U);
  asked[1](found);
  EXPECT_TRUE(link->opening()) << "that answer came too late";
  EXPECT_EQ(events, Lines{});
  asked[2](found);
  come_online();
  link->drop();
  link->open();
  EXPECT_EQ(asked.size(), 4U);
  link->close();
  asked[3](found);
  EXPECT_TRUE(link->closed());
}

TEST_F(MqttLinkTest, LooksUpNamesOnAWorker) {
  Worker worker({1, 1});
  std::optional<Result<Peer>> answer;
  const auto take = [&answer](Result<Peer> peer) { answer = std::move(peer); };
  resolve_on(worker, 1, loop, "127.0.0.1:1883")(take);
  ASSERT_TRUE(answer && *answer) << "a number needs no look-up";
  EXPECT_EQ((*answer)->address.port, 1883);
  answer.reset();
  resolve_on(worker, 1, loop, "no port")(take);
  turn_until([&] { return answer.has_value(); });
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().code, ErrorCode::kBadParams);
}

TEST(RetryPause, GrowsAndIsRandomInPart) {
  RetryPause pause(Chance(7));
  const Moment now;
  for (const double most_s : {1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0}) {
    pause.begin(now);
    const double pause_s = std::chrono::duration<double>(pause.end() - now).count();
    EXPECT_GE(pause_s, most_s / 2);
    EXPECT_LE(pause_s, most_s);
  }
  pause.reset();
  pause.begin(now);
  EXPECT_LE(pause.end() - now, std::chrono::seconds{1});
}

TEST(Keepalive, PingsOnceInHalfOfItsIntervalAndNoticesSilence) {
  const Moment begun(std::chrono::seconds{1000});
  const auto after = [&](int seconds) { return begun + std::chrono::seconds{seconds}; };
  Keepalive keepalive(std::chrono::seconds{30});
  keepalive.begin(begun);
  EXPECT_FALSE(keepalive.take_ping(after(15)));
  EXPECT_TRUE(keepalive.take_ping(after(16)));
  EXPECT_FALSE(keepalive.take_ping(after(17)));
  EXPECT_TRUE(keepalive.take_ping(after(32)));
  EXPECT_FALSE(keepalive.is_silent(after(45)));
  EXPECT_TRUE(keepalive.is_silent(after(46)));
  keepalive.received(after(40));
  EXPECT_FALSE(keepalive.is_silent(after(46)));
  Keepalive none(std::chrono::seconds{0});
  none.begin(begun);
  EXPECT_FALSE(none.take_ping(after(1'000'000)) || none.is_silent(after(1'000'000)));
}

}  // namespace
}  // namespace gridloom::client
