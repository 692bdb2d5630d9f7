// Both ends of the relay in one thread: a door with clients whose sockets the test reads, a bus
// that loses what it is told to, and an owner with any protocol. Test-only.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hubs/test_memory_bus.h"
#include "node/relay_door.h"
#include "node/relay_owner.h"
#include "testing/clock.h"
#include "testing/loop.h"
#include "wire/mqtt/packet.h"

namespace gridloom::node {

// A client's socket at the door. It calls the protocol as net::ConnectionIo does, and only when
// there is a reason: bytes of the client, a tick, or the protocol's wake().
class TestSocket {
 public:
  TestSocket(const net::MakeProtocol& make, Loop& loop, const Clock& clock) : clock_(clock) {
    protocol_ = make(
        {.loop = loop, .wake = [this] { is_due_ = true; }, .secure = true, .peer = "192.0.2.1"});
  }
  ~TestSocket() {
    if (!closed) close();
  }
  TestSocket(const TestSocket&) = delete;
  TestSocket& operator=(const TestSocket&) = delete;

  void send(std::string_view bytes) {
    unread_.append(bytes);
    is_due_ = true;
  }
  // The client has closed its sending side.
  void end() {
    if (closed) return;
    peer_ended_ = true;
    protocol_->peer_ends();
    is_due_ = true;
  }
  // The connection breaks.
  void close() {
    closed = true;
    protocol_->lost();
  }
  void tick() {
    if (closed) return;
    protocol_->tick(clock_.now());
    is_due_ = is_due_ || protocol_->has_output();
  }
  void server_stops() {
    protocol_->server_stops();
    is_due_ = true;
  }
  void read_on() { is_due_ = reads = true; }
  // False: there was nothing to do.
  bool pump() {
    if (closed || !std::exchange(is_due_, false)) return false;
    if (reads) {
      const std::size_t before = said.size();
      protocol_->take_output(said);
      most_at_once = std::max(most_at_once, said.size() - before);
      is_due_ = said.size() != before;
      if (!is_due_ && protocol_->finished()) {
        was_reset = protocol_->resets();
        close();
        return true;
      }
    }
    if (peer_ended_ && unread_.empty() && !is_due_ && protocol_->wants_input()) {
      close();
      return true;
    }
    if (!unread_.empty() && protocol_->wants_input()) {
      const std::size_t size = std::min(unread_.size(), std::size_t{16} * 1024);
      protocol_->receive(std::string_view(unread_).substr(0, size), clock_.now());
      unread_.erase(0, size);
      is_due_ = true;
    }
    return true;
  }
  [[nodiscard]] net::Protocol& protocol() { return *protocol_; }
  [[nodiscard]] std::size_t unread() const { return unread_.size(); }

  bool reads = true;
  bool closed = false;
  bool was_reset = false;
  std::string said;  // to the client
  std::size_t most_at_once = 0;

 private:
  const Clock& clock_;
  std::shared_ptr<net::Protocol> protocol_;
  std::string unread_;  // by the door
  bool is_due_ = true;
  bool peer_ended_ = false;
};

struct TestRelayOptions {
  std::uint64_t seed = 1;
  hub::NodeLink::Limits link{};
  wire::mqtt::MqttLimits mqtt{};
  std::size_t connections = 20'000;
};

class TestRelay {
 public:
  using Options = TestRelayOptions;
  // `clock` and `owner_loop` are the served protocol's.
  TestRelay(TestClock& clock, ManualLoop& owner_loop, net::MakeProtocol protocol,
            Options options = {})
      : bus(options.seed),
        clock_(clock),
        owner_loop_(owner_loop),
        protocol_(std::move(protocol)),
        options_(options) {
    door.emplace(RelayDoor::Options{
        .peers = bus.end("relay-door-a"),
        .loop = links_loop_,
        .clock = clock,
        .run = 1,
        .link = options_.link,
        .relay_of = [this](std::string_view user) -> std::optional<std::string> {
          asked_for = user;
          if (!is_served) return std::nullopt;
          return "relay-slot-3";
        },
        .mqtt = options_.mqtt,
        .record = [this](const hub::ClientEvent& event) { events.emplace_back(event.reason); }});
    start_owner();
    link();
  }
  ~TestRelay() {
    sockets.clear();
    owner.reset();
    settle();
    links_loop_.drop();
    owner_loop_.drop();
  }
  TestRelay(const TestRelay&) = delete;
  TestRelay& operator=(const TestRelay&) = delete;

  void start_owner() {
    owner.emplace(RelayOwner::Options{.peers = bus.end("relay-slot-3"),
                                      .loop = owner_loop_,
                                      .clock = clock_,
                                      .run = ++runs_,
                                      .link = options_.link,
                                      .protocol = protocol_,
                                      .connections = options_.connections});
  }
  void link() {
    bus.link("relay-door-a", "relay-slot-3");
    settle();
  }
  void cut(hub::MemoryBus::Told told) { bus.cut("relay-door-a", "relay-slot-3", told); }

  // Connections have one of two loops.
  TestSocket& connect() {
    sockets.push_back(std::make_unique<TestSocket>(
        door->make(), client_loops_.at(sockets.size() % client_loops_.size()), clock_));
    return *sockets.back();
  }
  // One round of everything that has work. False: there was none.
  bool step() {
    return step([](ManualLoop& loop) { return loop.run(); });
  }
  // The same, of which each loop runs one task.
  bool step_once() {
    return step([](ManualLoop& loop) { return loop.step(); });
  }
  void settle() {
    while (step()) {
    }
  }
  void pass(Millis time) {
    clock_.pass(time);
    if (door) door->tick();
    if (owner) owner->tick();
    for (const auto& socket : sockets) socket->tick();
    settle();
  }

  hub::MemoryBus bus;
  std::optional<RelayDoor> door;
  std::optional<RelayOwner> owner;
  std::vector<std::unique_ptr<TestSocket>> sockets;
  bool is_served = true;
  std::string asked_for;            // the user name that the door asked about last
  std::vector<std::string> events;  // the reasons of those that the door has recorded
  std::function<bool()> more;       // work of others, in each step

 private:
  bool step(bool (*run)(ManualLoop& loop)) {
    bool again = bus.turn();
    again = run(links_loop_) || again;
    for (ManualLoop& loop : client_loops_) again = run(loop) || again;
    again = run(owner_loop_) || again;
    for (const auto& socket : sockets) again = socket->pump() || again;
    if (more) again = more() || again;
    return again;
  }

  TestClock& clock_;
  ManualLoop& owner_loop_;
  ManualLoop links_loop_;
  std::array<ManualLoop, 2> client_loops_;
  const net::MakeProtocol protocol_;
  const Options options_;
  std::uint64_t runs_ = 0;
};

// A CONNECT of this user.
inline std::string connect_bytes(std::string_view user,
                                 wire::mqtt::Version version = wire::mqtt::Version::k311) {
  std::string bytes;
  encode(bytes, wire::mqtt::Connect{
                    .version = version, .client_id = "c", .username = user, .password = "secret"});
  return bytes;
}

}  // namespace gridloom::node
