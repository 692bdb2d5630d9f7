// The relay with a protocol that says what it hears: ends, credits, turns, and owners that go away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "node/relay_door.h"
#include "node/relay_messages.h"
#include "node/relay_owner.h"
#include "node/test_echo.h"
#include "node/test_relay.h"

namespace gridloom::node {
namespace {

using hub::MemoryBus;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kRead_bytes = std::size_t{16} * 1024;
constexpr std::string_view kUnavailable("\x20\x02\x00\x03", 4);  // CONNACK of 3.1.1

struct EchoRelay {
  explicit EchoRelay(const EchoState& begin = {}, const TestRelay::Options& options = {})
      : relay(clock, owner_loop, serve_echoes(echoes, begin), options) {}
  // A client that has sent its CONNECT.
  TestSocket& connect() {
    TestSocket& client = relay.connect();
    client.send(connect_bytes("anna"));
    relay.settle();
    return client;
  }
  [[nodiscard]] EchoState& echo(std::size_t index = 0) { return *echoes.at(index); }

  TestClock clock;
  ManualLoop owner_loop;
  Echoes echoes;
  TestRelay relay;
};

TEST(Relay, BytesGoBothWaysFromTheConnectOn) {
  EchoRelay test;
  TestSocket& client = test.connect();
  client.send("and more");
  test.relay.settle();
  EXPECT_EQ(test.relay.asked_for, "anna");
  EXPECT_EQ(test.echo().got, connect_bytes("anna") + "and more");
  EXPECT_EQ(client.said, test.echo().got);
  EXPECT_EQ(test.echo().context->peer, "192.0.2.1");
  EXPECT_TRUE(test.echo().context->secure);
  EXPECT_EQ(test.relay.door->connections(), 1U);
  EXPECT_EQ(test.relay.owner->connections(), 1U);
}

TEST(Relay, AConnectInSingleBytesIsOneConnect) {
  EchoRelay test;
  TestSocket& client = test.relay.connect();
  for (const char byte : connect_bytes("anna")) {
    EXPECT_THAT(test.echoes, IsEmpty());
    client.send({&byte, 1});
    test.relay.settle();
  }
  EXPECT_EQ(test.echo().got, connect_bytes("anna"));
}

TEST(Relay, OutputThatTheProtocolHasLaterIsSentWhenItWakes) {
  EchoRelay test;
  TestSocket& client = test.connect();
  client.said.clear();
  test.echo().out = "news";
  test.echo().context->wake();
  test.relay.settle();
  EXPECT_EQ(client.said, "news");
}

TEST(Relay, TheAccountIsKnownAtTheDoor) {
  EchoRelay test;
  TestSocket& client = test.connect();
  EXPECT_EQ(client.protocol().account(), 0);
  test.echo().account = 7;
  test.echo().context->wake();
  test.relay.settle();
  EXPECT_EQ(client.protocol().account(), 7);
}

TEST(Relay, EachEndHasItsMeaningAtTheOtherSide) {
  struct Row {
    std::string_view name;
    void (*act)(EchoRelay& test, TestSocket& client);
    std::vector<std::string> calls;
    bool was_reset = false;
  };
  const std::vector<Row> rows = {
      {"the client ends",
       [](EchoRelay& /*test*/, TestSocket& client) { client.end(); },
       {"peer ends", "lost"}},
      {"the client's connection breaks",
       [](EchoRelay& /*test*/, TestSocket& client) { client.close(); },
       {"lost"}},
      {"the door's server stops",
       [](EchoRelay& /*test*/, TestSocket& client) { client.server_stops(); },
       {"stops", "lost"}},
      {"the protocol ends",
       [](EchoRelay& test, TestSocket& /*client*/) {
         test.echo().ends = true;
         test.echo().context->wake();
       },
       {"lost"}},
      {"the protocol resets",
       [](EchoRelay& test, TestSocket& /*client*/) {
         test.echo().ends = test.echo().resets = true;
         test.echo().context->wake();
       },
       {"lost"},
       true},
      {"the slot's server stops",
       [](EchoRelay& test, TestSocket& /*client*/) { test.relay.owner->stop(); },
       {"stops", "lost"}},
      {"the slot is dropped",
       [](EchoRelay& test, TestSocket& /*client*/) { test.relay.owner->drop(); },
       {"lost"},
       true},
      {"the door ends all",
       [](EchoRelay& test, TestSocket& /*client*/) { test.relay.door->end_all("relay-slot-3"); },
       {"lost"}},
      {"the owner is away",
       [](EchoRelay& test, TestSocket& /*client*/) { test.relay.cut(MemoryBus::Told::kYes); },
       {"lost"}},
  };
  for (const Row& row : rows) {
    EchoRelay test;
    TestSocket& client = test.connect();
    row.act(test, client);
    test.relay.settle();
    EXPECT_EQ(test.echo().calls, row.calls) << row.name;
    EXPECT_TRUE(client.closed) << row.name;
    EXPECT_EQ(client.was_reset, row.was_reset) << row.name;
    EXPECT_EQ(client.said.ends_with("goodbye"), row.calls.front() == "stops") << row.name;
    EXPECT_EQ(test.relay.door->connections(), 0U) << row.name;
    EXPECT_EQ(test.relay.owner->connections(), 0U) << row.name;
  }
}

TEST(Relay, OutputOfBeforeTheEndIsAllSent) {
  EchoRelay test({.ends_after = 600'000});
  TestSocket& client = test.connect();
  client.send(std::string(700'000, 'x'));
  test.relay.settle();
  EXPECT_EQ(client.said.size(), 600'000U);
  EXPECT_TRUE(client.closed);
}

TEST(Relay, InputOfBeforeTheEndIsAllWorkedOn) {
  EchoRelay test;
  TestSocket& client = test.connect();
  test.echo().got.clear();
  client.send(std::string(40'000, 'x'));
  while (client.unread() != 0) EXPECT_TRUE(client.pump());
  client.close();
  test.relay.settle();
  EXPECT_EQ(test.echo().got.size(), 40'000U);
  EXPECT_EQ(test.echo().calls.back(), "lost");
}

// As with a socket: a client that ends behind its request gets the answer to it.
TEST(Relay, AClientThatHasEndedGetsItsAnswersFirst) {
  EchoRelay test({.is_silent = true, .wants_input = false});
  TestSocket& client = test.relay.connect();
  client.send(connect_bytes("anna") + "last words");
  client.end();
  test.relay.settle();
  EXPECT_FALSE(client.closed);
  test.echo().wants_input = true;
  test.echo().out = "answer";
  test.echo().context->wake();
  test.relay.settle();
  EXPECT_EQ(client.said, "answer");
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(test.echo().got, connect_bytes("anna") + "last words");
  EXPECT_THAT(test.echo().calls, ElementsAre("peer ends", "lost"));
}

TEST(Relay, ADoorReadsNoMoreThanTheCreditOfAProtocolThatTakesNothing) {
  EchoRelay test({.is_silent = true});
  TestSocket& client = test.connect();
  test.echo().wants_input = false;
  client.send(std::string(1'000'000, 'x'));
  test.relay.settle();
  const std::size_t read = 1'000'000 - client.unread();
  EXPECT_GE(read, kInputCredit_bytes - connect_bytes("anna").size());
  EXPECT_LT(read, kInputCredit_bytes + kRead_bytes);
  test.echo().wants_input = true;
  test.echo().context->wake();
  test.relay.settle();
  EXPECT_EQ(test.echo().got.size(), connect_bytes("anna").size() + 1'000'000);
  EXPECT_LE(test.echo().largest, kRead_bytes);
}

TEST(Relay, AnOwnerIsNoMoreThanTheCreditAheadOfAClientThatDoesNotRead) {
  EchoRelay test;
  TestSocket& client = test.connect();
  client.reads = false;
  test.echo().out = std::string(1'000'000, 'y');
  test.echo().context->wake();
  test.relay.settle();
  const std::size_t kept = test.echo().out.size();
  EXPECT_GE(kept, 1'000'000 - kOutputCredit_bytes - test.echo().output_bytes);
  EXPECT_LE(kept, 1'000'000 - kOutputCredit_bytes + kRead_bytes);
  client.read_on();
  test.relay.settle();
  EXPECT_TRUE(client.said.ends_with(std::string(1'000'000, 'y')));
  EXPECT_LE(client.most_at_once, std::size_t{64} * 1024);
}

TEST(Relay, NoInputIsTakenOfAClientThatDoesNotReadItsAnswers) {
  EchoRelay test;
  TestSocket& client = test.connect();
  client.reads = false;
  client.send(std::string(4'000'000, 'x'));
  test.relay.settle();
  EXPECT_LT(test.echo().got.size(), 2 * kOutputCredit_bytes);
  client.read_on();
  test.relay.settle();
  EXPECT_EQ(client.said.size(), connect_bytes("anna").size() + 4'000'000);
}

TEST(Relay, ConnectionsTakeTurns) {
  EchoRelay test({.is_silent = true});
  TestSocket& busy = test.connect();
  TestSocket& other = test.connect();
  test.echo(0).works = 1'000'000;
  busy.send("x");
  other.send("hello");
  for (int i = 0; i < 1000 && !test.echo(1).got.ends_with("hello"); ++i) {
    static_cast<void>(test.relay.step_once());
  }
  EXPECT_TRUE(test.echo(1).got.ends_with("hello"));
  EXPECT_LT(test.echo(0).calls.size(), 1000U);
  test.echo(0).works = 0;
}

TEST(Relay, AProtocolThatHasWorkGetsNoInput) {
  EchoRelay test({.is_silent = true});
  TestSocket& client = test.connect();
  test.echo().got.clear();
  test.echo().works = 5;
  client.send("x");
  test.relay.settle();
  EXPECT_EQ(std::ranges::count(test.echo().calls, "work"), 5);
  EXPECT_EQ(test.echo().got, "x");
}

TEST(Relay, TicksReachTheProtocols) {
  EchoRelay test;
  test.connect();
  test.relay.pass(Millis(250));
  EXPECT_THAT(test.echo().calls, ElementsAre("tick"));
}

TEST(Relay, AClientIsToldThatNobodyServesItsSlot) {
  EchoRelay test;
  test.relay.is_served = false;
  const TestSocket& client = test.connect();
  EXPECT_EQ(client.said, kUnavailable);
  EXPECT_TRUE(client.closed);
  TestSocket& newer = test.relay.connect();
  newer.send(connect_bytes("anna", wire::mqtt::Version::k5));
  test.relay.settle();
  ASSERT_GT(newer.said.size(), 4U);
  EXPECT_EQ(newer.said.front(), '\x20');
  EXPECT_EQ(newer.said.at(3), '\x88');
  EXPECT_THAT(test.relay.events, ElementsAre("server unavailable", "server unavailable"));
  EXPECT_TRUE(newer.closed);
  EXPECT_THAT(test.echoes, IsEmpty());
}

TEST(Relay, AClientIsToldThatItsOwnerIsAwayOrHasNoPlace) {
  EchoRelay test({}, {.connections = 2});
  test.connect();
  test.connect();
  const TestSocket& third = test.connect();
  EXPECT_EQ(third.said, kUnavailable);
  EXPECT_TRUE(third.closed);
  EXPECT_EQ(test.relay.owner->connections(), 2U);
  test.relay.cut(MemoryBus::Told::kYes);
  test.relay.settle();
  EXPECT_EQ(test.connect().said, kUnavailable);
  test.relay.link();
  EXPECT_EQ(test.connect().said, connect_bytes("anna"));
}

TEST(Relay, AnOwnerThatGoesAwayBeforeItsAnswerIsUnavailable) {
  EchoRelay test({.is_silent = true});
  const TestSocket& client = test.connect();
  test.relay.cut(MemoryBus::Told::kYes);
  test.relay.settle();
  EXPECT_EQ(client.said, kUnavailable);
  EXPECT_TRUE(client.closed);
}

TEST(Relay, AnOwnerThatIsStartedAnewTakesClientsAgainAndKnowsNoneOfBefore) {
  EchoRelay test;
  TestSocket& before = test.connect();
  test.relay.cut(MemoryBus::Told::kYes);
  test.relay.owner.reset();
  test.relay.settle();
  EXPECT_TRUE(before.closed);
  test.relay.start_owner();
  test.relay.link();
  EXPECT_EQ(test.relay.owner->connections(), 0U);
  TestSocket& after = test.connect();
  after.send("hello");
  test.relay.settle();
  EXPECT_EQ(after.said, connect_bytes("anna") + "hello");
}

TEST(Relay, AnOwnerThatStopsTakesNoFurtherClients) {
  EchoRelay test;
  test.relay.owner->stop();
  EXPECT_EQ(test.connect().said, kUnavailable);
  EXPECT_THAT(test.echoes, IsEmpty());
}

TEST(Relay, AFloodOfConnectsOfClientsThatBreakLeavesNothing) {
  EchoRelay test;
  for (int i = 0; i < 300; ++i) {
    TestSocket& client = test.relay.connect();
    client.send(connect_bytes("anna"));
    if (i % 3 == 0) client.end();
    static_cast<void>(test.relay.step());
    if (i % 3 == 1 && !client.closed) client.close();
  }
  test.relay.settle();
  EXPECT_EQ(test.relay.owner->connections(), 100U);
  EXPECT_EQ(test.relay.door->connections(), 100U);
  for (const auto& socket : test.relay.sockets) {
    if (!socket->closed) socket->close();
  }
  test.relay.settle();
  EXPECT_EQ(test.relay.owner->connections(), 0U);
  EXPECT_EQ(test.relay.door->connections(), 0U);
}

// One link is for all connections of a door: they wait before it overflows.
TEST(Relay, ALinkThatIsFullIsWaitedFor) {
  EchoRelay test({.is_silent = true}, {.link = {.window_bytes = 2'000'000}});
  for (int i = 0; i < 40; ++i) test.connect();
  for (const auto& state : test.echoes) {
    state->out = std::string(300'000, 'y');
    state->context->wake();
  }
  for (const auto& socket : test.relay.sockets) socket->send(std::string(100'000, 'x'));
  test.relay.settle();
  for (int i = 0; i < 40; ++i) test.relay.pass(Millis(250));
  for (const auto& socket : test.relay.sockets) {
    EXPECT_FALSE(socket->closed);
    EXPECT_EQ(socket->said.size(), 300'000U);
  }
  for (const auto& state : test.echoes) EXPECT_GT(state->got.size(), 100'000U);
}

}  // namespace
}  // namespace gridloom::node
