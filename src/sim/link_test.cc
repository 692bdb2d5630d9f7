// A link's owner may drop it within any event, also while the link is receiving. The loop is turned
// by the test, so nothing here waits for time.
#include "sim/link.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/mqtt/packet.h"

namespace gridloom::sim {
namespace {

namespace mqtt = wire::mqtt;
using Lines = std::vector<std::string>;

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
  void accept() { connection_ = ::accept(listener_, nullptr, nullptr); }
  void hang_up() {
    if (connection_ >= 0) ::close(std::exchange(connection_, -1));
  }
  void send(const std::vector<mqtt::Packet>& packets) const {
    std::string bytes;
    for (const mqtt::Packet& packet : packets) mqtt::encode(bytes, packet, mqtt::Version::k311);
    EXPECT_EQ(::send(connection_, bytes.data(), bytes.size(), 0), std::ssize(bytes));
  }

 private:
  int listener_;
  int connection_ = -1;
  std::uint16_t port_ = 0;
};

struct LinkTest : testing::Test, Link::Listener {
  ~LinkTest() override { link->close(); }

  void on_online() override { note("online"); }
  void on_offline(const Error& why) override { note("offline: " + why.detail); }
  void on_message(std::string_view topic, std::string_view payload) override {
    note(std::string(topic) + " " + std::string(payload));
  }
  void on_acknowledged(std::chrono::nanoseconds /*took*/) override { note("acknowledged"); }

  void note(const std::string& event) {
    events.push_back(event);
    if (event != drops_at) return;
    link->drop();
    if (reopens) link->open();
  }
  // Turns the loop until there are `count` events.
  void turn_until(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (events.size() < count && std::chrono::steady_clock::now() < deadline) loop.turn();
  }
  void sign_in() {
    link->open();
    server.accept();
    server.send({mqtt::Connack{}});
    // A SUBACK before the SUBSCRIBE would be an error: the loop turns until that was sent.
    turn_until_subscribed();
    server.send({mqtt::Suback{.packet_id = 1, .reasons = {mqtt::Reason::kGrantedQos1}},
                 mqtt::Publish{.topic = "t", .payload = std::string_view("1")},
                 mqtt::Publish{.topic = "t", .payload = std::string_view("2")}});
  }
  void turn_until_subscribed() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (link->unacknowledged() == 0 && std::chrono::steady_clock::now() < deadline) loop.turn();
  }

  net::IoLoop loop;
  Server server;
  std::array<char, 4096> buffer{};
  std::shared_ptr<Link> link = std::make_shared<Link>(
      Link::Options{.server = client::peer_at({.host = "127.0.0.1", .port = server.port()}),
                    .tls = {},
                    .loop = &loop,
                    .buffer = buffer,
                    .client_id = "c",
                    .user = "u",
                    .password = {},
                    .filter = "t"},
      *this);
  Lines events;
  std::string drops_at;
  bool reopens = false;
};

TEST_F(LinkTest, ReportsWhatItReceives) {
  sign_in();
  turn_until(3);
  EXPECT_EQ(events, (Lines{"online", "t 1", "t 2"}));
  EXPECT_EQ(link->unacknowledged(), 0U);
}

TEST_F(LinkTest, MayBeDroppedWithinAMessage) {
  drops_at = "t 1";
  sign_in();
  turn_until(3);
  EXPECT_EQ(events, (Lines{"online", "t 1", "offline: the connection is dropped"}));
  EXPECT_TRUE(link->closed());
}

TEST_F(LinkTest, MayBeDroppedWhenItComesOnlineAndOpenedAgainAtOnce) {
  drops_at = "online";
  reopens = true;
  sign_in();
  turn_until(2);
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
  turn_until(1);
  EXPECT_EQ(events, Lines{"online"});
}

}  // namespace
}  // namespace gridloom::sim
