// Listener tests with real connections over the loopback: bytes in both directions, backpressure,
// limits, and shutdowns that lose no data.
#include "net/listener.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "net/test_peer.h"

namespace gridloom::net {
namespace {

TEST(Listener, MovesBytesBothWays) {
  TestServer server;
  ASSERT_NE(server.port(), 0);
  const PlainPeer first(server.port());
  const PlainPeer second(server.port());
  ASSERT_TRUE(first.connected() && second.connected());
  EXPECT_TRUE(first.send("echo one\nec"));
  EXPECT_EQ(first.line(), "one");
  EXPECT_TRUE(second.send("echo two\n"));
  EXPECT_EQ(second.line(), "two");
  EXPECT_TRUE(first.send("ho three\necho four\n"));
  EXPECT_EQ(first.line(), "three");
  EXPECT_EQ(first.line(), "four");
  EXPECT_EQ(server.events.count("made"), 2U);
}

TEST(Listener, CountsItsConnections) {
  TestServer server;
  {
    const PlainPeer peer(server.port());
    ASSERT_TRUE(peer.send("echo x\n"));
    EXPECT_EQ(peer.line(), "x");
    EXPECT_EQ(server.listener->connections(), 1U);
  }
  EXPECT_TRUE(server.events.await("lost"));
  EXPECT_EQ(server.events.count("after lost"), 0U);
}

// The server's first connection is on its first loop, the second on the second, and so on.
TEST(Listener, AConnectionMovesToAnotherLoop) {
  TestServer server;
  const PlainPeer first(server.port());
  const PlainPeer second(server.port());
  ASSERT_TRUE(first.send("echo 1\nmove 0\n"));
  EXPECT_EQ(first.line(), "1");
  EXPECT_EQ(first.line(), "here");
  // The lines after the command have not been read when the connection departs.
  ASSERT_TRUE(first.send("move 1\n") && first.send("echo 2\n") && first.send("known 7\necho 3\n"));
  for (const std::string_view line : {"there", "2", "3"}) EXPECT_EQ(first.line(), line);
  ASSERT_TRUE(second.send("move 0\n"));
  EXPECT_EQ(second.line(), "there");
  ASSERT_TRUE(second.send("move 1\n"));
  EXPECT_EQ(second.line(), "there");
  EXPECT_EQ(server.listener->connections(), 2U);
}

TEST(Listener, AConnectionThatEndsWhileItMovesIsLostOnce) {
  constexpr std::size_t kPeers = 40;
  TestServer server;
  for (std::size_t i = 0; i < kPeers; ++i) {
    const PlainPeer peer(server.port());
    ASSERT_TRUE(peer.send(i % 2 == 0 ? "move 0\n" : "move 1\n"));
  }
  EXPECT_TRUE(server.events.await("lost", kPeers));
  EXPECT_EQ(server.events.count("after lost"), 0U);
}

// A connection that moved may be closed for others on its new loop, and on no other.
TEST(Listener, AConnectionThatMovedMakesRoomForAnother) {
  TestServer server({.loops = 2, .limits = {.connections = 2}});
  const PlainPeer first(server.port());
  const PlainPeer second(server.port());
  ASSERT_TRUE(first.send("move 1\n") && second.send("known 1\necho here\n"));
  EXPECT_NE(first.line(), "");
  EXPECT_EQ(second.line(), "here");
  const PlainPeer third(server.port());
  ASSERT_TRUE(third.send("echo 3\n"));
  EXPECT_EQ(third.line(), "3");
  EXPECT_EQ(first.rest(), "");
  EXPECT_EQ(server.events.count("after lost"), 0U);
}

TEST(Listener, ListensOnIpv6) {
  TestServer server({.address = {.host = "::1", .port = 0}});
  EXPECT_NE(server.port(), 0);
  EXPECT_TRUE(server.listener->bound().text().starts_with("[::1]:"));
}

TEST(Listener, ATakenPortIsNamed) {
  TestServer server;
  IoLoop loop;
  const TestClock clock;
  const Address taken = server.listener->bound();
  const auto second =
      Listener::open({.address = taken, .tls = {}, .make = {}, .clock = &clock}, {&loop});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(second.error().detail.contains(taken.text())) << second.error().detail;
}

TEST(Listener, AnAddressOfAnotherMachineIsNamed) {
  IoLoop loop;
  const TestClock clock;
  const auto opened = Listener::open(
      {.address = {.host = "203.0.113.7", .port = 0}, .tls = {}, .make = {}, .clock = &clock},
      {&loop});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kIo);
  EXPECT_TRUE(opened.error().detail.contains("203.0.113.7")) << opened.error().detail;
}

TEST(Listener, APortIsFreeAgainAtOnce) {
  Address address;
  {
    TestServer server;
    address = server.listener->bound();
    const PlainPeer peer(address.port);
    ASSERT_TRUE(peer.send("bye 1\n"));
    EXPECT_EQ(peer.rest(), "x");
  }
  TestServer again({.address = address});
  const PlainPeer peer(address.port);
  ASSERT_TRUE(peer.send("echo x\n"));
  EXPECT_EQ(peer.line(), "x");
}

TEST(Listener, TakesConnectionsUpToItsLimitAndMoreWhenOneEnds) {
  TestServer server({.loops = 1, .limits = {.connections = 2}});
  auto first = std::make_unique<PlainPeer>(server.port());
  const PlainPeer second(server.port());
  for (const PlainPeer* peer : {static_cast<const PlainPeer*>(first.get()), &second}) {
    ASSERT_TRUE(peer->send("known\necho x\n"));
    EXPECT_EQ(peer->line(), "x");
  }
  const PlainPeer third(server.port());
  ASSERT_TRUE(third.send("known\n"));
  EXPECT_TRUE(third.ended());
  ASSERT_TRUE(server.events.await("lost"));
  first.reset();
  ASSERT_TRUE(server.events.await("lost", 2));
  // The connection's slot is free when the loop has counted again, some ticks later.
  std::string answer;
  for (const auto end = std::chrono::steady_clock::now() + kPatience;
       answer != "y" && std::chrono::steady_clock::now() < end;) {
    const PlainPeer later(server.port());
    if (later.send("echo y\n")) answer = later.line();
  }
  EXPECT_EQ(answer, "y");
}

// Blocks a loop until it is destroyed.
class Held {
 public:
  explicit Held(IoLoop& loop) {
    std::promise<void> begun;
    loop.post([&begun, over = over_.get_future().share()] {
      begun.set_value();
      over.wait();
    });
    begun.get_future().wait();
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { over_.set_value(); }

 private:
  std::promise<void> over_;
};

TEST(Listener, AConnectionDoesNotWaitForABusyAccountsConnections) {
  constexpr std::size_t kCrowd = 40;
  TestServer server({.loops = 1});
  std::vector<std::unique_ptr<PlainPeer>> connections;
  const auto come = [&server](std::string_view account) {
    auto peer = std::make_unique<PlainPeer>(server.port());
    EXPECT_TRUE(peer->send(fmt::format("known {}\necho in\n", account)));
    EXPECT_EQ(peer->line(), "in");
    return peer;
  };
  for (std::size_t i = 0; i < kCrowd; ++i) connections.push_back(come("1"));
  const auto other = come("2");
  auto gone = come("3");
  std::unique_ptr<PlainPeer> stranger;
  {
    const Held held(*server.loops[0]);
    for (const auto& peer : connections)
      ASSERT_TRUE(peer->send("slow 2\nnote one of the crowd\necho x\n"));
    ASSERT_TRUE(other->send("note other\necho x\n"));
    ASSERT_TRUE(gone->send("note gone\n"));
    gone->reset_at_end();
    gone.reset();
    stranger = std::make_unique<PlainPeer>(server.port());
    ASSERT_TRUE(stranger->send("note stranger\necho x\n"));
  }
  for (const auto& peer : connections) EXPECT_EQ(peer->line(), "x");
  EXPECT_EQ(other->line(), "x");
  EXPECT_EQ(stranger->line(), "x");
  ASSERT_TRUE(server.events.await("lost"));
  EXPECT_EQ(server.events.count("stranger"), 1U);
  for (const std::string_view who : {"other", "gone"}) {
    EXPECT_EQ(server.events.count(who), 1U) << who;
    EXPECT_LT(server.events.count_before("one of the crowd", who), kCrowd / 2) << who;
  }
}

TEST(Listener, AnAnswerLargerThanTheSocketsBufferComesWhole) {
  TestServer server;
  const PlainPeer peer(server.port());
  ASSERT_TRUE(peer.send("big 6000000\necho done\n"));
  EXPECT_EQ(peer.read(6'000'000).size(), 6'000'000U);
  EXPECT_EQ(peer.line(), "done");
}

TEST(Listener, AConnectionEndsAfterEverythingIsSent) {
  TestServer server;
  const PlainPeer peer(server.port());
  ASSERT_TRUE(peer.send("big 3000000\nbye 3000000\n"));
  EXPECT_EQ(peer.rest().size(), 6'000'000U);
  EXPECT_TRUE(server.events.await("lost"));
}

TEST(Listener, APeerThatSaidItSendsNoMoreStillGetsItsAnswer) {
  TestServer server;
  const PlainPeer peer(server.port());
  ASSERT_TRUE(peer.send("big 6000000\n"));
  peer.send_no_more();
  EXPECT_EQ(peer.rest().size(), 6'000'000U);
}

// A request that is refused before its body has arrived: the client must see the reason.
TEST(Listener, APeerThatIsStillSendingGetsTheLastAnswer) {
  TestServer server;
  for (int i = 0; i < 20; ++i) {
    const PlainPeer peer(server.port());
    ASSERT_TRUE(peer.send("bye 2000\n"));
    static_cast<void>(peer.send(std::string(2'000'000, 'y')));
    ASSERT_EQ(peer.rest().size(), 2000U) << i;
  }
}

TEST(Listener, AtTheLimitTheOldestUnauthenticatedConnectionIsClosed) {
  TestServer server({.loops = 2, .limits = {.connections = 3}});
  const PlainPeer known(server.port());
  ASSERT_TRUE(known.send("known\necho x\n"));
  ASSERT_EQ(known.line(), "x");
  std::vector<std::unique_ptr<PlainPeer>> strangers;
  for (int i = 0; i < 20; ++i) {
    strangers.push_back(std::make_unique<PlainPeer>(server.port()));
    ASSERT_TRUE(strangers.back()->send("echo y\n"));
    ASSERT_EQ(strangers.back()->line(), "y") << i;
  }
  EXPECT_TRUE(strangers.front()->ended());
  EXPECT_LE(server.listener->connections(), 3U);
  ASSERT_TRUE(known.send("echo z\n"));
  EXPECT_EQ(known.line(), "z");
}

TEST(Listener, AConnectionIsNotClosedForOthersBeforeWhatItSentIsRead) {
  TestServer server({.loops = 1, .limits = {.connections = 3}});
  std::optional<Held> held(std::in_place, *server.loops[0]);
  const PlainPeer known(server.port());
  const PlainPeer answered(server.port());
  ASSERT_TRUE(known.send("known\n") && answered.send("echo y\n"));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(PlainPeer(server.port()).connected());
  held.reset();
  EXPECT_EQ(answered.rest(), "y\n");
  EXPECT_TRUE(known.send("echo z\n") && known.line() == "z");
}

TEST(Listener, AnAccountThatHasAllPlacesMakesRoomForOneThatHasFewer) {
  TestServer server({.loops = 1, .limits = {.connections = 6}});
  std::vector<std::unique_ptr<PlainPeer>> connections;
  const auto come = [&](int account) {
    connections.push_back(std::make_unique<PlainPeer>(server.port()));
    return connections.back()->send(fmt::format("known {}\necho x\n", account)) &&
           connections.back()->line() == "x";
  };
  const auto stay = [&](std::size_t from, std::size_t to) {
    std::size_t count = 0;
    for (std::size_t i = from; i < to; ++i) {
      if (connections[i]->send("echo y\n") && connections[i]->line() == "y") ++count;
    }
    return count;
  };
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(come(1));
  EXPECT_FALSE(come(1)) << "its own account has the most";
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(come(2)) << i;
  EXPECT_FALSE(come(2)) << "both have three";
  EXPECT_EQ(stay(0, 6), 3U);
  EXPECT_EQ(stay(7, 10), 3U);
  ASSERT_TRUE(come(3));
  EXPECT_EQ(server.listener->connections(), 6U);

  // Unauthenticated connections come and go meanwhile; no authenticated one is closed for them.
  for (int i = 0; i < 20; ++i) {
    connections.push_back(std::make_unique<PlainPeer>(server.port()));
    ASSERT_TRUE(connections.back()->send("echo z\n"));
    ASSERT_EQ(connections.back()->line(), "z");
  }
  EXPECT_EQ(stay(0, 12), 6U);
  EXPECT_LE(server.listener->connections(), 6 + Listener::kSpareConnections);
}

TEST(Listener, AFullListenerClosesTheOldestSpareConnectionOfTheBusiestAddress) {
  TestServer server({.loops = 1, .limits = {.connections = 2}});
  std::vector<std::unique_ptr<PlainPeer>> peers;
  const auto connect = [&](std::string_view says, std::uint32_t from) -> const PlainPeer& {
    peers.push_back(std::make_unique<PlainPeer>(server.port(), from));
    EXPECT_TRUE(peers.back()->send(says));
    EXPECT_EQ(peers.back()->line(), "x");
    return *peers.back();
  };
  const auto is_open = [](const PlainPeer& peer) {
    return peer.send("echo y\n") && peer.line() == "y";
  };
  constexpr std::uint32_t kCrowd = INADDR_LOOPBACK + 1;
  for (int i = 0; i < 2; ++i) connect("known 1\necho x\n", kCrowd);
  const PlainPeer& slow = connect("echo x\n", INADDR_LOOPBACK);
  const PlainPeer& first = connect("echo x\n", kCrowd);
  for (std::size_t i = 2; i < Listener::kSpareConnections; ++i) connect("echo x\n", kCrowd);
  EXPECT_TRUE(is_open(slow) && is_open(first));
  EXPECT_EQ(server.events.count("lost"), 0U);

  for (int i = 0; i < 100; ++i) connect("echo x\n", kCrowd);
  EXPECT_TRUE(first.ended());
  EXPECT_TRUE(is_open(slow));
  EXPECT_LE(server.listener->connections(), 2 + Listener::kSpareConnections);
  ASSERT_TRUE(slow.send("known 2\necho z\n"));
  EXPECT_EQ(slow.line(), "z");
  EXPECT_TRUE(peers[1]->ended());
}

TEST(Listener, UnauthenticatedConnectionsShareALimitOfIncompleteBytes) {
  constexpr std::size_t kBudget = 100'000;
  const auto budget = std::make_shared<ByteBudget>(kBudget);
  TestServer server({.loops = 2, .unauthenticated_bytes = budget});
  const std::string much(kBudget * 3 / 5, 'x');
  const PlainPeer first(server.port());
  const PlainPeer second(server.port());
  ASSERT_TRUE(first.send("echo here\n" + much));
  EXPECT_EQ(first.line(), "here");
  // Two that exceed the limit at once are both closed.
  while (budget->taken() < kBudget / 2) std::this_thread::yield();
  static_cast<void>(second.send(much));  // it may be closed meanwhile
  // The connection that exceeds the limit is closed; those that send little are not affected.
  ASSERT_TRUE(server.events.await("lost"));
  const PlainPeer small(server.port());
  ASSERT_TRUE(small.send(std::string(4000, 'y')));
  ASSERT_TRUE(small.send("\nknown 7\necho z\n"));
  EXPECT_EQ(small.line(), "z");
  // An authenticated connection does not count, however much it sends.
  ASSERT_TRUE(small.send(much + much));
  ASSERT_TRUE(small.send("\necho w\n"));
  EXPECT_EQ(small.line(), "w");
  EXPECT_EQ(server.events.count("lost"), 1U);
}

TEST(Listener, ABusyListenerLeavesConnectionsToAnother) {
  const auto budget = std::make_shared<ConnectionBudget>(20);
  TestServer crowded({.budget = budget});
  TestServer quiet({.budget = budget});
  std::vector<std::unique_ptr<PlainPeer>> guests;
  const auto is_let_in = [&](const TestServer& server) {
    guests.push_back(std::make_unique<PlainPeer>(server.port()));
    return guests.back()->send("known\necho x\n") && guests.back()->line() == "x";
  };
  for (int i = 0; i < 18; ++i) ASSERT_TRUE(is_let_in(crowded)) << i;
  EXPECT_FALSE(is_let_in(crowded));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(is_let_in(quiet)) << i;
  EXPECT_FALSE(is_let_in(quiet));
}

TEST(Listener, UnsentBytesHaveALimit) {
  TestServer server({.loops = 1, .limits = {.unsent_bytes = 300'000, .read_on_bytes = 1'000'000}});
  const PlainPeer slow(server.port());
  const PlainPeer other(server.port());
  for (int i = 0; i < 2000 && slow.send("big 100000\n"); ++i) {
    if (server.events.count("lost") != 0) break;
  }
  EXPECT_TRUE(server.events.await("lost"));
  EXPECT_TRUE(other.send("echo x\n"));
  EXPECT_EQ(other.line(), "x");
}

// The kernel would take megabytes of it.
TEST(Listener, TheKernelKeepsLittleForAPeerThatDoesNotRead) {
  TestServer server(
      {.loops = 1, .limits = {.unsent_bytes = 1'000'000, .kernel_unsent_bytes = 16'384}});
  const PlainPeer slow(server.port());
  EXPECT_TRUE(slow.send("big 1500000\n"));
  EXPECT_TRUE(server.events.await("lost"));
  EXPECT_TRUE(slow.was_reset()) << "the kernel keeps nothing for it any more";
}

TEST(Listener, TheKernelKeepsLittleOfABoundedOutput) {
  TestServer server({.loops = 1,
                     .limits = {.unsent_bytes = 1'000'000,
                                .kernel_unsent_bytes = 10'000'000,
                                .kernel_output_bytes = 16'384}});
  const PlainPeer slow(server.port());
  EXPECT_TRUE(slow.send("bound\nbig 1500000\n"));
  EXPECT_TRUE(server.events.await("lost"));
  EXPECT_TRUE(slow.was_reset());
}

TEST(Listener, WorkOfOneConnectionLeavesTheLoopToOthers) {
  TestServer server({.loops = 1});
  const PlainPeer busy(server.port());
  const PlainPeer other(server.port());
  ASSERT_TRUE(busy.send("echo y\nwork\n"));
  EXPECT_EQ(busy.line(), "y");
  ASSERT_TRUE(server.events.await("work", 3));
  EXPECT_TRUE(other.send("echo x\n"));
  EXPECT_EQ(other.line(), "x");
  EXPECT_TRUE(server.events.await("work", server.events.count("work") + 1)) << "it goes on";
}

TEST(Listener, AReaderThatTakesNothingIsCutOffAfterAWhile) {
  TestServer server({.loops = 1, .limits = {.unsent_time = Millis(60'000)}});
  const PlainPeer slow(server.port());
  const PlainPeer other(server.port());
  // More than both sockets' buffers hold, less than the limit of unsent bytes.
  ASSERT_TRUE(slow.send("big 7000000\n"));
  const auto await_sweeps = [&server] {
    ASSERT_TRUE(server.events.await("sweep", server.events.count("sweep") + 2));
  };
  await_sweeps();
  server.clock.pass(Millis(60'000));
  await_sweeps();
  EXPECT_EQ(server.events.count("lost"), 0U);
  server.clock.pass(Millis(1));
  EXPECT_TRUE(server.events.await("lost"));
  EXPECT_TRUE(slow.was_reset());
  EXPECT_TRUE(other.send("echo x\n"));
  EXPECT_EQ(other.line(), "x");
}

TEST(Listener, ASlowReaderThatKeepsReadingIsNotClosed) {
  TestServer server({.loops = 1, .limits = {.unsent_time = Millis(1000)}});
  const PlainPeer slow(server.port());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(slow.send("big 7000000\n"));
    ASSERT_TRUE(server.events.await("sweep", server.events.count("sweep") + 2));
    server.clock.pass(Millis(900));
    ASSERT_EQ(slow.read(7'000'000).size(), 7'000'000U);
  }
  EXPECT_EQ(server.events.count("lost"), 0U);
}

TEST(Listener, AnAddressMayHaveAsManyConnectionsAsConfigured) {
  TestServer server({.limits = {.connections_per_address = 2}});
  auto first = std::make_unique<PlainPeer>(server.port());
  const PlainPeer second(server.port());
  for (const PlainPeer* peer : {static_cast<const PlainPeer*>(first.get()), &second}) {
    ASSERT_TRUE(peer->send("echo x\n"));
    EXPECT_EQ(peer->line(), "x");
  }
  EXPECT_TRUE(PlainPeer(server.port()).ended());
  first.reset();
  ASSERT_TRUE(server.events.await("lost"));
  // The permit is returned right after that.
  std::string answer;
  for (const auto end = std::chrono::steady_clock::now() + kPatience;
       answer != "y" && std::chrono::steady_clock::now() < end;) {
    const PlainPeer later(server.port());
    if (later.send("echo y\n")) answer = later.line();
  }
  EXPECT_EQ(answer, "y");
}

TEST(Listener, AnAnswerUpToTheUnsentLimitIsNotCutOff) {
  TestServer server({.limits = {.unsent_bytes = 300'000}});
  const PlainPeer peer(server.port());
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(peer.send("big 299999\n"));
    ASSERT_EQ(peer.read(299'999).size(), 299'999U);
  }
}

TEST(Listener, ReadsNothingMoreUntilALateAnswerIsOut) {
  TestServer server;
  const PlainPeer peer(server.port());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(peer.send("later " + std::to_string(i) + "\necho after\n"));
    ASSERT_EQ(peer.line(), "after");  // in the same bytes, and answered at once
    ASSERT_EQ(peer.line(), std::to_string(i));
  }
}

TEST(Listener, TellsTheTimeToIdleConnections) {
  TestServer server;
  const PlainPeer peer(server.port());
  EXPECT_TRUE(server.events.await("tick", 2));
  EXPECT_TRUE(peer.send("echo x\n"));
  EXPECT_EQ(peer.line(), "x");
}

TEST(Listener, SaysGoodbyeWhenItStopsAndTakesNobodyNew) {
  TestServer server;
  std::vector<std::unique_ptr<PlainPeer>> peers;
  for (int i = 0; i < 5; ++i) {
    peers.push_back(std::make_unique<PlainPeer>(server.port()));
    ASSERT_TRUE(peers.back()->send("echo x\n"));
    ASSERT_EQ(peers.back()->line(), "x");
  }
  server.listener->stop();
  for (const auto& peer : peers) EXPECT_EQ(peer->rest(), "goodbye\n");
  EXPECT_EQ(server.events.count("stops"), 5U);
  const PlainPeer late(server.port());
  EXPECT_TRUE(!late.connected() || late.ended());
}

TEST(Listener, WhileALoopIsBusyThoseWhoComeWaitInTheKernel) {
  TestServer server({.loops = 2});
  std::promise<void> over;
  std::promise<void> busy;
  server.loops[1]->post([&busy, done = over.get_future().share()] {
    busy.set_value();
    done.wait();
  });
  busy.get_future().wait();
  std::vector<std::unique_ptr<PlainPeer>> peers;
  for (int i = 0; i < 2500; ++i) peers.push_back(std::make_unique<PlainPeer>(server.port()));
  // The first loop has its half, and the maximum number is on the way to the other loop.
  const PlainPeer& first = *peers.front();
  ASSERT_TRUE(first.send("echo x\n"));
  EXPECT_EQ(first.line(), "x");
  EXPECT_LE(server.listener->connections(), 1100U);
  over.set_value();
  for (const auto& peer : peers) {
    ASSERT_TRUE(peer->send("echo y\n"));
    ASSERT_EQ(peer->line(), "y");
  }
}

TEST(Listener, AtItsLimitFewAreTakenBeforeOthersMadeRoom) {
  TestServer server({.loops = 2, .limits = {.connections = 3}});
  std::vector<std::unique_ptr<PlainPeer>> peers;  // alternately on the first and on the second loop
  const auto is_let_in = [&] {
    peers.push_back(std::make_unique<PlainPeer>(server.port()));
    return peers.back()->send("echo x\n") && peers.back()->line() == "x";
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(is_let_in()) << i;
  peers[0].reset();
  peers[2].reset();
  ASSERT_TRUE(server.events.await("lost", 2));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(is_let_in()) << i;

  // The second loop has more connections, so it is asked to close one.
  std::optional<Held> held(std::in_place, *server.loops[1]);
  const PlainPeer& on_first = *peers.back();
  std::vector<std::unique_ptr<PlainPeer>> connections;
  for (int i = 0; i < 100; ++i) connections.push_back(std::make_unique<PlainPeer>(server.port()));
  ASSERT_TRUE(on_first.send("echo y\n"));
  EXPECT_EQ(on_first.line(), "y");
  EXPECT_LE(server.listener->connections(), 3 + Listener::kMaxOverBudget);
  held.reset();
  // Then accepting resumes until no connection waits: each is served, or is closed for another.
  for (const auto& peer : connections) {
    const bool sent = peer->send("echo z\n");
    EXPECT_TRUE(!sent || peer->line() == "z" || peer->ended());
  }
}

TEST(Listener, ServesManyConnectionsOnAllLoopsAtOnce) {
  TestServer server({.loops = 3});
  std::vector<std::jthread> clients;
  clients.reserve(8);
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&server, &good, i] {
      for (int round = 0; round < 20; ++round) {
        const PlainPeer peer(server.port());
        const std::string text = std::to_string(i * 100 + round);
        if (peer.send("echo " + text + "\nbig 50000\n") && peer.line() == text &&
            peer.read(50'000).size() == 50'000) {
          ++good;
        }
      }
    });
  }
  clients.clear();
  EXPECT_EQ(good.load(), 160);
  EXPECT_TRUE(server.events.await("lost", 160));
  EXPECT_EQ(server.events.count("after lost"), 0U);
}

}  // namespace
}  // namespace gridloom::net
