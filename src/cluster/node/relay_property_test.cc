// Whatever the bus does: a client gets the beginning of what the protocol says, in order and each
// byte once; all of it, unless its connection has ended.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "node/relay_messages.h"
#include "node/test_echo.h"
#include "node/test_relay.h"
#include "testing/dice.h"

namespace gridloom::node {
namespace {

using hub::MemoryBus;

struct History {
  explicit History(std::uint64_t run)
      : seed(run),
        dice(run),
        relay(clock, owner_loop,
              serve_echoes(
                  echoes, {.output_bytes = 1 + dice.below(100'000),
                           .ends_after = dice.once_in(3) ? 1'000 + dice.below(200'000) : SIZE_MAX}),
              {.seed = run,
               .link = {.window_bytes = 400'000 + dice.below(4'000'000),
                        .frame_bytes = 1'000 + dice.below(100'000)}}) {
    relay.bus.chances = {.lost = 2 + dice.below(20),
                         .repeated = 2 + dice.below(20),
                         .delayed = 2 + dice.below(20),
                         .refused = 2 + dice.below(20)};
    for (std::size_t i = 1 + dice.below(4); i != 0; --i) {
      relay.connect();
      sent.push_back(connect_bytes("anna"));
      relay.sockets.back()->send(sent.back());
    }
  }
  void act() {
    const std::size_t which = dice.below(relay.sockets.size());
    TestSocket& client = *relay.sockets.at(which);
    if (client.closed) return;
    switch (dice.below(8)) {
      case 0:
        client.reads = false;
        break;
      case 1:
        client.read_on();
        break;
      case 2:
        for (const auto& echo : echoes) {
          echo->wants_input = dice.once_in(2);
          echo->works += static_cast<int>(dice.below(3));
          echo->context->wake();
        }
        break;
      default: {
        std::string bytes(dice.below(30'000), ' ');
        for (char& each : bytes) each = static_cast<char>(dice.below(256));
        client.send(bytes);
        sent.at(which) += bytes;
      }
    }
  }
  // Something that connections may end by.
  void cut() {
    was_cut = true;
    switch (dice.below(5)) {
      case 0:
        relay.cut(MemoryBus::Told::kYes);
        break;
      case 1:
        relay.cut(MemoryBus::Told::kNo);
        break;
      case 2:
        relay.door->end_all("relay-slot-3");
        break;
      case 3:
        relay.owner->drop();
        break;
      default:
        relay.owner.reset();
        relay.start_owner();
    }
  }
  // All that is certain at any time.
  void check() const {
    for (std::size_t i = 0; i < sent.size(); ++i) {
      const std::string& said = relay.sockets.at(i)->said;
      if (said.size() == 4 && said.starts_with('\x20')) continue;  // refused
      ASSERT_TRUE(sent.at(i).starts_with(said)) << seed;
      ASSERT_LE(relay.sockets.at(i)->protocol().kept_bytes(),
                kInputCredit_bytes + std::size_t{16} * 1024);
    }
  }
  // The bus is good again, and all read.
  void end() {
    relay.bus.chances = {};
    if (was_cut) relay.link();
    for (int i = 0; i < 20; ++i) {
      for (const auto& echo : echoes) {
        echo->wants_input = true;
        echo->context->wake();
      }
      for (const auto& socket : relay.sockets) {
        if (!socket->closed) socket->read_on();
      }
      relay.pass(Millis(600));
    }
  }

  const std::uint64_t seed;
  Dice dice;
  TestClock clock;
  ManualLoop owner_loop;
  Echoes echoes;
  TestRelay relay;
  std::vector<std::string> sent;
  bool was_cut = false;
};

TEST(RelayProperty, AnyFaultsOfTheBusGiveTheClientTheProtocolsBytesInOrderOrAnEnd) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    History run(seed);
    const std::size_t cut_at = run.dice.once_in(2) ? run.dice.below(120) : SIZE_MAX;
    for (std::size_t step = 0; step < 120; ++step) {
      run.act();
      if (step == cut_at) run.cut();
      for (std::size_t i = run.dice.below(6); i != 0; --i) static_cast<void>(run.relay.step());
      if (run.dice.once_in(4)) {
        run.clock.pass(Millis(300));
        run.relay.door->tick();
        run.relay.owner->tick();
      }
      ASSERT_NO_FATAL_FAILURE(run.check());
    }
    run.end();
    ASSERT_NO_FATAL_FAILURE(run.check());
    std::size_t open = 0;
    for (std::size_t i = 0; i < run.sent.size(); ++i) {
      const TestSocket& socket = *run.relay.sockets.at(i);
      if (!socket.closed) {
        EXPECT_EQ(socket.said, run.sent.at(i)) << seed;
        ++open;
      }
    }
    EXPECT_EQ(run.relay.door->connections(), open) << seed;
    EXPECT_EQ(run.relay.owner->connections(), open) << seed;
  }
}

}  // namespace
}  // namespace gridloom::node
