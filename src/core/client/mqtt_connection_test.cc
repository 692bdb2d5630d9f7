// An MQTT connection on a socket pair whose other end the test writes and reads: signing in with
// and without a filter, refusals, a socket that accepts no more, the end of the connection.
#include "client/mqtt_connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridloom::client {
namespace {

namespace mqtt = wire::mqtt;
using Lines = std::vector<std::string>;

// Both ends of a connection.
class ConnectionTest : public testing::Test, public MqttConnection::Listener {
 protected:
  ConnectionTest() { connect_again(); }
  ~ConnectionTest() override { hang_up(); }

  void connect_again(MqttConnection::Options options = {.number = 3, .window = 2}) {
    hang_up();
    in_.clear();
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    server_ = ends[1];
    EXPECT_EQ(::fcntl(server_, F_SETFL, O_NONBLOCK), 0);
    connection.emplace(options, net::Stream(ends[0]), *this);
  }
  // With what the server has not read.
  void fill_socket() const {
    const std::string some(4096, 'x');
    while (::send(connection->fd(), some.data(), some.size(), MSG_DONTWAIT) > 0) {
    }
  }

  // The server's packet arrives.
  Status arrives(const mqtt::Packet& packet) {
    std::string bytes;
    mqtt::encode(bytes, packet, mqtt::Version::k311);
    return arrives(std::string_view(bytes));
  }
  Status arrives(std::string_view bytes) {
    EXPECT_EQ(::send(server_, bytes.data(), bytes.size(), 0), std::ssize(bytes));
    return connection->on_ready(EPOLLIN, buffer_);
  }
  void hang_up() {
    if (server_ >= 0) ::close(std::exchange(server_, -1));
  }
  // The types of the packets that reached the server since the last call.
  Lines sent() {
    in_ += received();
    Lines types;
    for (;;) {
      const auto header = mqtt::peek_header(in_).value();
      if (!header || in_.size() < header->total_bytes()) return types;
      types.emplace_back(name_of(header->type));
      in_.erase(0, header->total_bytes());
    }
  }
  std::string received() {
    std::string all;
    std::array<char, 4096> some{};
    for (ssize_t size = 0; (size = ::recv(server_, some.data(), some.size(), 0)) > 0;) {
      all.append(some.data(), static_cast<std::size_t>(size));
    }
    return all;
  }
  Lines take_events() { return std::exchange(events, {}); }

  std::optional<MqttConnection> connection;
  Lines events;
  bool closes_at_message = false;
  bool closes_at_refusal = false;
  std::size_t bytes_sent = 0;
  std::size_t bytes_received = 0;

 private:
  void on_signed_in(MqttConnection& signed_in) override {
    events.push_back(fmt::format("signed in {}", signed_in.number()));
  }
  void on_filter_refused(std::string_view filter) override {
    events.push_back(fmt::format("refused {}", filter));
    if (closes_at_refusal) connection->close();
  }
  void on_acknowledged(MqttConnection& /*connection*/, Moment due) override {
    events.push_back(fmt::format("acknowledged {}", due.time_since_epoch().count()));
  }
  void on_writable(MqttConnection& /*connection*/) override { events.emplace_back("writable"); }
  void on_message(const mqtt::Publish& message) override {
    events.push_back(fmt::format("message {}", message.payload));
    if (closes_at_message) connection->close();
  }
  void on_bytes(std::size_t sent, std::size_t received) override {
    bytes_sent += sent;
    bytes_received += received;
  }

  int server_ = -1;
  std::string in_;

 protected:
  std::array<char, 64> buffer_{};
};

TEST_F(ConnectionTest, IsSignedInByTheConnack) {
  ASSERT_TRUE(connection->sign_in({.client_id = "c", .user = "u", .password = "p"}));
  EXPECT_EQ(sent(), Lines{"CONNECT"});
  EXPECT_FALSE(connection->signed_in());
  ASSERT_TRUE(arrives(mqtt::Connack{}));
  EXPECT_TRUE(connection->signed_in());
  EXPECT_EQ(take_events(), Lines{"signed in 3"});
  EXPECT_GT(bytes_sent, 0U);
  EXPECT_EQ(bytes_received, 4U);
}

TEST_F(ConnectionTest, WithAFilterItIsSignedInByTheSuback) {
  ASSERT_TRUE(connection->sign_in(
      {.client_id = "c", .user = {}, .password = {}, .filters = {{.filter = "a/+"}}}));
  ASSERT_TRUE(arrives(mqtt::Connack{}));
  EXPECT_FALSE(connection->has_window());
  EXPECT_EQ(sent(), (Lines{"CONNECT", "SUBSCRIBE"}));
  ASSERT_TRUE(arrives(mqtt::Suback{.packet_id = 1, .reasons = {mqtt::Reason::kSuccess}}));
  EXPECT_EQ(take_events(), Lines{"signed in 3"});
  EXPECT_EQ(connection->in_flight(), 0U);
  EXPECT_TRUE(connection->may_publish());
}

TEST_F(ConnectionTest, ARefusalSaysWhatIsRefused) {
  ASSERT_TRUE(connection->sign_in(
      {.client_id = "c", .user = {}, .password = {}, .filters = {{.filter = "a"}}}));
  ASSERT_TRUE(arrives(mqtt::Connack{}));
  const Status refused =
      arrives(mqtt::Suback{.packet_id = 1, .reasons = {mqtt::Reason::kUnspecifiedError}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoPermission);
  EXPECT_EQ(refused.error().detail, "the subscription a is refused");
  EXPECT_TRUE(connection->lost());
  EXPECT_EQ(take_events(), Lines{});
}

TEST_F(ConnectionTest, AFilterThatIsRefusedIsReportedAndTheOthersAreSubscribedTo) {
  for (const bool closes : {false, true}) {
    closes_at_refusal = closes;
    ASSERT_TRUE(connection->sign_in({.client_id = "c",
                                     .user = {},
                                     .password = {},
                                     .filters = {{.filter = "a"}, {.filter = "b"}}}));
    ASSERT_TRUE(arrives(mqtt::Connack{}));
    EXPECT_EQ(sent(), (Lines{"CONNECT", "SUBSCRIBE"})) << "one packet has both filters";
    ASSERT_TRUE(arrives(mqtt::Suback{
        .packet_id = 1, .reasons = {mqtt::Reason::kUnspecifiedError, mqtt::Reason::kSuccess}}));
    EXPECT_EQ(take_events(), closes ? Lines{"refused a"} : (Lines{"refused a", "signed in 3"}));
    EXPECT_EQ(connection->signed_in(), !closes);
    connect_again();
  }
}

TEST_F(ConnectionTest, SubscribesToManyFiltersInSeveralPackets) {
  std::vector<TopicFilter> filters(19);
  for (std::size_t i = 0; i < filters.size(); ++i) filters[i].filter = fmt::format("{}", i);
  ASSERT_TRUE(
      connection->sign_in({.client_id = "c", .user = {}, .password = {}, .filters = filters}));
  ASSERT_TRUE(arrives(mqtt::Connack{}));
  std::vector<mqtt::Reason> reasons(8, mqtt::Reason::kSuccess);
  ASSERT_TRUE(arrives(mqtt::Suback{.packet_id = 1, .reasons = reasons}));
  reasons[2] = mqtt::Reason::kUnspecifiedError;
  ASSERT_TRUE(arrives(mqtt::Suback{.packet_id = 1, .reasons = reasons}));
  EXPECT_FALSE(connection->signed_in());
  reasons.assign(3, mqtt::Reason::kSuccess);
  ASSERT_TRUE(arrives(mqtt::Suback{.packet_id = 1, .reasons = reasons}));
  EXPECT_EQ(sent(), (Lines{"CONNECT", "SUBSCRIBE", "SUBSCRIBE", "SUBSCRIBE"}));
  EXPECT_EQ(take_events(), (Lines{"refused 10", "signed in 3"}));
}

TEST_F(ConnectionTest, IsNotSignedInIfAllFiltersAreRefused) {
  ASSERT_TRUE(connection->sign_in({.client_id = "c",
                                   .user = {},
                                   .password = {},
                                   .filters = {{.filter = "a"}, {.filter = "b"}}}));
  ASSERT_TRUE(arrives(mqtt::Connack{}));
  const Status refused = arrives(
      mqtt::Suback{.packet_id = 1,
                   .reasons = {mqtt::Reason::kUnspecifiedError, mqtt::Reason::kUnspecifiedError}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail, "the subscription a, b is refused");
  EXPECT_EQ(take_events(), Lines{});
}

TEST_F(ConnectionTest, ARefusedSignInEndsIt) {
  ASSERT_TRUE(connection->sign_in({.client_id = "c", .user = {}, .password = {}}));
  const Status refused = arrives(mqtt::Connack{.reason = mqtt::Reason::kNotAuthorized});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnknownKey);
  EXPECT_EQ(refused.error().detail, "the sign-in is refused: not authorized");
  EXPECT_TRUE(connection->lost());
  EXPECT_FALSE(connection->has_window());
}

TEST_F(ConnectionTest, BytesThatAreNotMqttEndIt) {
  const Status malformed = arrives("HTTP/1.1 400 Bad Request\r\n\r\n");
  ASSERT_FALSE(malformed);
  EXPECT_EQ(malformed.error().code, ErrorCode::kMalformed);
  EXPECT_TRUE(connection->lost());
}

TEST_F(ConnectionTest, PublishesWithinItsWindow) {
  ASSERT_TRUE(connection->sign_in({.client_id = "c", .user = {}, .password = {}}));
  ASSERT_TRUE(arrives(mqtt::Connack{}));
  ASSERT_TRUE(
      connection->put("t", "1", {.qos = mqtt::Qos::kAtLeastOnce}, Moment(Moment::duration(11))));
  EXPECT_FALSE(connection->may_publish()) << "until what waits is sent";
  ASSERT_TRUE(connection->publish("t", "2", {.qos = mqtt::Qos::kAtLeastOnce}, {}));
  EXPECT_FALSE(connection->has_window());
  EXPECT_EQ(sent(), (Lines{"CONNECT", "PUBLISH", "PUBLISH"}));
  take_events();
  ASSERT_TRUE(arrives(mqtt::Puback{.packet_id = 1}));
  EXPECT_EQ(take_events(), Lines{"acknowledged 11"});
  EXPECT_TRUE(connection->may_publish());
  ASSERT_TRUE(arrives(mqtt::Publish{.qos = mqtt::Qos::kAtLeastOnce,
                                    .topic = "s",
                                    .packet_id = 5,
                                    .payload = std::string_view("hello")}));
  EXPECT_EQ(take_events(), Lines{"message hello"});
  EXPECT_EQ(sent(), Lines{"PUBACK"});
}

TEST_F(ConnectionTest, ReadsMoreThanItsBufferHolds) {
  ASSERT_TRUE(arrives(mqtt::Connack{}));
  take_events();
  const std::string large(10'000, 'x');
  ASSERT_TRUE(arrives(mqtt::Publish{.topic = "t", .payload = large}));
  EXPECT_EQ(take_events(), Lines{"message " + large});
}

TEST_F(ConnectionTest, BytesThatTheSocketDoesNotAcceptAreKept) {
  ASSERT_TRUE(arrives(mqtt::Connack{}));
  take_events();
  const std::string large(std::size_t{4} * 1024 * 1024, 'x');
  ASSERT_TRUE(connection->publish("t", large, {.qos = mqtt::Qos::kAtMostOnce}, {}));
  EXPECT_FALSE(connection->may_publish());
  std::size_t arrived = 0;
  while (!connection->may_publish()) {
    arrived += received().size();
    ASSERT_TRUE(arrives(mqtt::Pingresp{}));
  }
  arrived += received().size();
  EXPECT_GT(arrived, large.size());
  EXPECT_EQ(take_events(), Lines{"writable"});
}

// It would have to keep an acknowledgement of each.
TEST_F(ConnectionTest, AServerThatSendsAndDoesNotReadIsReadNoMore) {
  constexpr std::size_t kMost = 4096;
  connect_again({.limits = {.unsent_bytes = kMost}});
  fill_socket();
  std::string many;
  for (std::size_t i = 0; i < kMost; ++i) {
    mqtt::encode(many, mqtt::Publish{.qos = mqtt::Qos::kAtLeastOnce, .topic = "t", .packet_id = 1},
                 mqtt::Version::k311);
  }
  ASSERT_TRUE(arrives(mqtt::Connack{}));
  take_events();
  ASSERT_TRUE(arrives(std::string_view(many)));
  const std::size_t before = take_events().size();
  EXPECT_LT(before, kMost);
  EXPECT_LE(connection->unsent_bytes(), kMost + 64) << "and what one reading has";
  while (connection->unsent_bytes() != 0) {
    received();
    ASSERT_TRUE(connection->on_ready(EPOLLOUT, buffer_));
  }
  std::size_t messages = before;
  for (const std::string& event : take_events()) messages += event == "message " ? 1 : 0;
  EXPECT_EQ(messages, kMost) << "the rest once it reads";
}

TEST_F(ConnectionTest, TheEndOfTheConnectionIsAnError) {
  ASSERT_TRUE(arrives(mqtt::Connack{}));
  hang_up();
  std::array<char, 64> buffer{};
  const Status ended = connection->on_ready(EPOLLIN | EPOLLRDHUP, buffer);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kIo);
  EXPECT_TRUE(connection->lost());
  EXPECT_TRUE(connection->on_ready(EPOLLIN, buffer)) << "nothing more is reported";
  EXPECT_TRUE(connection->flush());
}

TEST_F(ConnectionTest, AConnectionMayBeClosedWithinAMessage) {
  ASSERT_TRUE(arrives(mqtt::Connack{}));
  take_events();
  closes_at_message = true;
  std::string two;
  for (const char* payload : {"1", "2"}) {
    mqtt::encode(two, mqtt::Publish{.topic = "t", .payload = payload}, mqtt::Version::k311);
  }
  EXPECT_TRUE(arrives(std::string_view(two)));
  EXPECT_EQ(take_events(), Lines{"message 1"});
  EXPECT_TRUE(connection->lost());
}

}  // namespace
}  // namespace gridloom::client
