#include "hubs/node_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/clock.h"
#include "testing/dice.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Lines = std::vector<std::string>;

std::string framed(std::string_view message) {
  std::string messages;
  NodeLink::append(messages, message);
  return messages;
}

// Both ends of a link, over a bus that the test delivers.
struct Pair {
  struct End {
    std::unique_ptr<NodeLink> link;
    Lines got;
    std::deque<std::string> out;  // on their way to the other end
    int opened = 0;
    int closed = 0;
    bool refuses = false;  // its bus
  };

  explicit Pair(const NodeLink::Limits& with = {}) : limits(with) {
    make(a, 1);
    make(b, 1);
  }
  void make(End& end, std::uint64_t run) {
    end.link = std::make_unique<NodeLink>(
        run, limits,
        NodeLink::Events{
            .opened = [&end] { ++end.opened; },
            .closed = [&end] { ++end.closed; },
            .received = [&end](std::string_view message) { end.got.emplace_back(message); },
            .send =
                [&end](const std::string& frame) {
                  if (!end.refuses) end.out.push_back(frame);
                  return !end.refuses;
                }});
  }
  void join() {
    a.link->node_is_there(clock.now());
    b.link->node_is_there(clock.now());
    settle();
  }
  void settle() {
    while (!a.out.empty() || !b.out.empty()) {
      carry(a, b);
      carry(b, a);
    }
  }
  void carry(End& from, End& to) {
    for (std::string& frame : std::exchange(from.out, {})) to.link->receive(frame, clock.now());
  }
  void send(End& from, std::string_view message) {
    from.link->send(framed(message), clock.now());
    from.link->flush(clock.now());
  }
  void tick(Millis time = Millis(1000)) {
    clock.pass(time);
    a.link->tick(clock.now());
    b.link->tick(clock.now());
    settle();
  }

  NodeLink::Limits limits;
  TestClock clock;
  End a;
  End b;
};

TEST(NodeLink, OpensOnceBothKnowEachOther) {
  Pair pair;
  pair.a.link->node_is_there(pair.clock.now());
  pair.settle();
  EXPECT_FALSE(pair.a.link->is_open());
  pair.b.link->node_is_there(pair.clock.now());
  pair.settle();
  EXPECT_TRUE(pair.a.link->is_open());
  EXPECT_TRUE(pair.b.link->is_open());
  EXPECT_EQ(pair.a.opened, 1);
  EXPECT_EQ(pair.b.opened, 1);
}

TEST(NodeLink, OpensAlthoughTheFirstFramesAreLost) {
  Pair pair;
  pair.a.link->node_is_there(pair.clock.now());
  pair.b.link->node_is_there(pair.clock.now());
  pair.a.out.clear();
  pair.b.out.clear();
  pair.tick();
  EXPECT_TRUE(pair.a.link->is_open());
  EXPECT_TRUE(pair.b.link->is_open());
}

TEST(NodeLink, MessagesOfAnySizeArriveWholeAndInOrder) {
  Pair pair({.frame_bytes = 10});
  pair.join();
  const Lines sent = {"", "short", std::string(100, 'x'), "and another"};
  for (const std::string& each : sent) pair.a.link->send(framed(each), pair.clock.now());
  pair.a.link->flush(pair.clock.now());
  pair.settle();
  EXPECT_EQ(pair.b.got, sent);
}

TEST(NodeLink, WhatIsLostOrRefusedIsSentAgain) {
  Pair pair;
  pair.join();
  pair.send(pair.a, "lost");
  pair.a.out.clear();
  pair.a.refuses = true;
  pair.send(pair.a, "refused");
  pair.a.refuses = false;
  pair.send(pair.a, "arrives out of order");
  pair.settle();
  EXPECT_THAT(pair.b.got, IsEmpty());
  pair.tick();
  EXPECT_THAT(pair.b.got, ElementsAre("lost", "refused", "arrives out of order"));
}

TEST(NodeLink, WhatComesTwiceIsTakenOnce) {
  Pair pair;
  pair.join();
  pair.send(pair.a, "once");
  pair.a.out.push_back(pair.a.out.back());
  pair.settle();
  EXPECT_THAT(pair.b.got, ElementsAre("once"));
}

TEST(NodeLink, ConfirmedMessagesAreNotKept) {
  Pair pair;
  pair.join();
  pair.send(pair.a, "some bytes");
  EXPECT_GT(pair.a.link->unconfirmed_bytes(), 0U);
  pair.settle();
  pair.tick();
  EXPECT_EQ(pair.a.link->unconfirmed_bytes(), 0U);
}

TEST(NodeLink, ClosesWhenTheWindowIsFullAndOpensAgain) {
  Pair pair({.window_bytes = 100});
  pair.join();
  pair.b.link->node_is_away();
  pair.send(pair.a, std::string(60, 'x'));
  EXPECT_EQ(pair.a.closed, 0);
  pair.send(pair.a, std::string(60, 'x'));
  EXPECT_EQ(pair.a.closed, 1);
  EXPECT_FALSE(pair.a.link->is_open());
  EXPECT_EQ(pair.a.link->unconfirmed_bytes(), 0U);
  pair.b.link->node_is_there(pair.clock.now());
  pair.tick();
  pair.send(pair.a, "fresh");
  pair.settle();
  EXPECT_THAT(pair.b.got, ElementsAre("fresh"));
}

TEST(NodeLink, BothCloseWhenOneHeardTheOtherGoAway) {
  Pair pair;
  pair.join();
  pair.a.link->node_is_away();
  EXPECT_EQ(pair.a.closed, 1);
  pair.a.link->node_is_there(pair.clock.now());
  pair.settle();
  EXPECT_EQ(pair.b.closed, 1);
  EXPECT_EQ(pair.a.opened, 2);
  EXPECT_EQ(pair.b.opened, 2);
}

TEST(NodeLink, ANodeThatWasStartedAnewGetsNothingOfBefore) {
  Pair pair;
  pair.join();
  pair.send(pair.a, "to the first run");
  const std::string late = pair.a.out.front();
  pair.a.out.clear();
  pair.make(pair.b, 2);
  pair.b.link->node_is_there(pair.clock.now());
  pair.settle();
  EXPECT_EQ(pair.a.closed, 1);
  pair.b.link->receive(late, pair.clock.now());
  pair.tick();
  EXPECT_THAT(pair.b.got, IsEmpty());
  pair.send(pair.a, "to the second");
  pair.settle();
  EXPECT_THAT(pair.b.got, ElementsAre("to the second"));
}

TEST(NodeLink, FramesThatAreDamagedOrOfAnotherVersionAreLeftOut) {
  Pair pair;
  pair.join();
  for (const std::string& frame : {std::string(), std::string("\x02\x01\x01\x01\x01", 5),
                                   std::string("\x01\xff", 2), std::string(200, '\xff')}) {
    pair.b.link->receive(frame, pair.clock.now());
  }
  pair.send(pair.a, "good");
  pair.settle();
  EXPECT_THAT(pair.b.got, ElementsAre("good"));
}

TEST(NodeLink, AMessageThatIsTooLongClosesTheLink) {
  Pair pair({.message_bytes = 50});
  pair.join();
  pair.send(pair.a, std::string(60, 'x'));
  pair.settle();
  EXPECT_GE(pair.b.closed, 1);
  EXPECT_THAT(pair.b.got, IsEmpty());
}

// Whatever the bus does: what arrives is the beginning of what was sent, each message once, and all
// of it once the bus is good again.
TEST(NodeLink, AnyLossRepetitionAndOrderGiveTheSameStream) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Dice dice(seed);
    Pair pair({.frame_bytes = 40});
    pair.join();
    Lines sent;
    for (int step = 0; step < 200; ++step) {
      sent.push_back(std::to_string(step) + std::string(dice.below(60), '.'));
      pair.send(pair.a, sent.back());
      for (Pair::End* from : {&pair.a, &pair.b}) {
        Pair::End& to = from == &pair.a ? pair.b : pair.a;
        for (std::size_t left = from->out.size(); left != 0; --left) {
          std::string frame = std::move(from->out.front());
          from->out.pop_front();
          if (dice.once_in(4)) continue;
          if (dice.once_in(4)) from->out.push_back(frame);
          to.link->receive(frame, pair.clock.now());
        }
      }
      if (dice.once_in(8)) {
        pair.clock.pass(Millis(300));
        pair.a.link->tick(pair.clock.now());
        pair.b.link->tick(pair.clock.now());
      }
      ASSERT_LE(pair.b.got.size(), sent.size());
      ASSERT_TRUE(std::equal(pair.b.got.begin(), pair.b.got.end(), sent.begin())) << seed;
    }
    for (int i = 0; i < 20; ++i) pair.tick();
    EXPECT_EQ(pair.b.got, sent) << seed;
    EXPECT_EQ(pair.a.closed + pair.b.closed, 0) << seed;
  }
}

}  // namespace
}  // namespace gridloom::hub
