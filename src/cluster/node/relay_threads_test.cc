// The relay over real sockets and threads: two loops have the clients, one the door's links, one
// the owner.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/byte_budget.h"
#include "hubs/node_link.h"
#include "net/io_loop.h"
#include "net/listener.h"
#include "net/test_peer.h"
#include "node/relay_door.h"
#include "node/relay_owner.h"
#include "node/test_echo.h"
#include "node/test_relay.h"
#include "testing/must.h"

namespace gridloom::node {
namespace {

// Hands each frame over at once, from any thread.
class ThreadBus {
 public:
  class End final : public hub::Peers {
   public:
    End(ThreadBus& bus, std::string name) : bus_(bus), name_(std::move(name)) {}
    void use(Handler* handler) override {
      const std::lock_guard lock(bus_.mutex_);
      bus_.handlers_[name_] = handler;
    }
    [[nodiscard]] bool send(const std::string& node, const std::string& bytes) override {
      bus_.with(node, [&](Handler& to) { to.received(name_, bytes); });
      return true;
    }

   private:
    ThreadBus& bus_;
    const std::string name_;
  };
  void link(const std::string& one, const std::string& other) {
    with(one, [&](hub::Peers::Handler& handler) { handler.node_is_there(other); });
    with(other, [&](hub::Peers::Handler& handler) { handler.node_is_there(one); });
  }

  End door{*this, "relay-door-a"};
  End slot{*this, "relay-slot-3"};

 private:
  void with(const std::string& name, const std::function<void(hub::Peers::Handler&)>& act) {
    const std::lock_guard lock(mutex_);
    if (hub::Peers::Handler* const handler = handlers_[name]) act(*handler);
  }

  std::mutex mutex_;
  std::map<std::string, hub::Peers::Handler*> handlers_;
};

struct ThreadedRelay {
  ThreadedRelay() {
    for (auto& loop : loops) loop = std::make_unique<net::IoLoop>();
    door = std::make_unique<RelayDoor>(RelayDoor::Options{
        .peers = bus.door, .loop = *loops[2], .clock = clock, .run = 1, .relay_of = [](auto) {
          return "relay-slot-3";
        }});
    owner = std::make_unique<RelayOwner>(
        RelayOwner::Options{.peers = bus.slot,
                            .loop = *loops[3],
                            .clock = clock,
                            .run = 1,
                            .protocol = serve_echoes(echoes, {.account = 7})});
    listener = must(net::Listener::open({.address = {.host = "127.0.0.1", .port = 0},
                                         .tls = nullptr,
                                         .make = door->make(),
                                         .clock = &clock,
                                         .unauthenticated_bytes = unauthenticated},
                                        {loops[0].get(), loops[1].get()}));
    loops[2]->on_sweep([this] { door->tick(); });
    loops[3]->on_sweep([this] { owner->tick(); });
    for (const auto& loop : loops) loop->start();
    listener->start();
    bus.link("relay-door-a", "relay-slot-3");
  }
  ~ThreadedRelay() {
    for (const auto& loop : loops) loop->stop();
    listener.reset();
    owner.reset();
    door.reset();
  }
  ThreadedRelay(const ThreadedRelay&) = delete;
  ThreadedRelay& operator=(const ThreadedRelay&) = delete;

  // A client whose CONNECT the owner has: until the link is open, clients are refused.
  [[nodiscard]] std::unique_ptr<net::PlainPeer> connect(const std::string& connect) const {
    while (true) {
      auto client = std::make_unique<net::PlainPeer>(listener->bound().port);
      EXPECT_TRUE(client->send(connect));
      const std::string begin = client->read(4);
      if (begin.starts_with('\x10')) {
        EXPECT_EQ(begin + client->read(connect.size() - 4), connect);
        return client;
      }
    }
  }

  TestClock clock;
  ThreadBus bus;
  Echoes echoes;
  ByteBudgetPtr unauthenticated = std::make_shared<ByteBudget>(1'000'000);
  std::array<std::unique_ptr<net::IoLoop>, 4> loops;
  std::unique_ptr<RelayDoor> door;
  std::unique_ptr<RelayOwner> owner;
  std::unique_ptr<net::Listener> listener;
};

TEST(RelayThreads, ClientsOfSeveralLoopsGetTheirOwnBytesInOrder) {
  ThreadedRelay relay;
  static_cast<void>(relay.connect(connect_bytes("anna")));
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&relay, i] {
      const std::string user = "user" + std::to_string(i);
      const auto client = relay.connect(connect_bytes(user));
      for (std::size_t round = 0; round < 20; ++round) {
        const std::string piece(10'000 + (997 * round), static_cast<char>('a' + i));
        EXPECT_TRUE(client->send(piece));
        EXPECT_EQ(client->read(piece.size()), piece);
      }
    });
  }
  for (std::thread& client : clients) client.join();
}

// The account comes after the bytes that it is known by.
TEST(RelayThreads, BytesOfAClientThatHasSignedInAreNotCountedAsAStrangers) {
  ThreadedRelay relay;
  const std::string connect = connect_bytes(std::string(20'000, 'u'));
  const auto client = relay.connect(connect);
  EXPECT_EQ(relay.unauthenticated->taken(), 0U);
}

TEST(RelayThreads, ClientsAreClosedWhenTheOwnerDropsThem) {
  ThreadedRelay relay;
  const auto client = relay.connect(connect_bytes("anna"));
  relay.loops[3]->post([&relay] { relay.owner->drop(); });
  EXPECT_TRUE(client->was_reset());
}

}  // namespace
}  // namespace gridloom::node
