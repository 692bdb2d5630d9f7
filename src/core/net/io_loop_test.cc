// IoLoop: tasks of one poster run in their order, whichever thread posts, and no loop sleeps while
// it has tasks.
#include "net/io_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "net/test_peer.h"

namespace gridloom::net {
namespace {

constexpr int kMany = 2000;

std::vector<int> counted() {
  std::vector<int> numbers;
  for (int number = 0; number < kMany; ++number) numbers.push_back(number);
  return numbers;
}

TEST(IoLoop, RunsAThreadsTasksInTheirOrder) {
  IoLoop loop;
  loop.start();
  std::vector<int> seen;
  std::promise<void> done;
  for (int i = 0; i < kMany; ++i) loop.post([&seen, i] { seen.push_back(i); });
  loop.post([&done] { done.set_value(); });
  ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(seen, counted());
}

TEST(IoLoop, RunsAnotherLoopsTasksInTheirOrder) {
  IoLoop from;
  IoLoop to;
  from.start();
  to.start();
  std::vector<int> seen;
  std::promise<void> done;
  const auto pass_on = [&](int i) {
    auto task = [&seen, i] { seen.push_back(i); };
    i % 7 == 0 ? to.post(task) : to.post_lazily(task);
  };
  // Half of them are posted by one task, the others each by a task of its own.
  from.post([&] {
    for (int i = 0; i < kMany / 2; ++i) pass_on(i);
  });
  for (int i = kMany / 2; i < kMany; ++i) from.post([&pass_on, i] { pass_on(i); });
  from.post([&] { to.post([&done] { done.set_value(); }); });
  ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(seen, counted());
  from.stop();
  to.stop();
}

TEST(IoLoop, IsWokenForEveryTaskOfAnother) {
  IoLoop one;
  IoLoop other;
  one.start();
  other.start();
  std::promise<void> done;
  // Each loop is mostly asleep when the other's task arrives.
  std::function<void(int)> hop = [&](int left) {
    if (left == 0) return done.set_value();
    IoLoop& next = left % 2 == 0 ? one : other;
    auto task = [&hop, left] { hop(left - 1); };
    left % 100 == 0 ? next.post_lazily(task) : next.post(task);
  };
  one.post([&hop] { hop(kMany); });
  EXPECT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  one.stop();
  other.stop();
}

TEST(IoLoop, ATaskThatPostsItselfForEverHoldsNobodyUp) {
  IoLoop loop;
  std::atomic<int> sweeps = 0;
  std::promise<void> swept;
  loop.on_sweep([&] {
    if (++sweeps == 2) swept.set_value();
  });
  loop.start();
  std::function<void()> again = [&] { loop.post([&again] { again(); }); };
  loop.post([&again] { again(); });
  std::promise<void> done;
  loop.post([&done] { done.set_value(); });
  EXPECT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(swept.get_future().wait_for(kPatience), std::future_status::ready);
  loop.stop();
}

TEST(IoLoop, TurnsByHandUntilThereIsNothingToDo) {
  IoLoop one;
  IoLoop other;
  std::vector<int> seen;
  one.post([&] {
    seen.push_back(1);
    other.post([&] {
      seen.push_back(2);
      one.post([&seen] { seen.push_back(3); });
    });
  });
  for (bool busy = true; busy;) {
    busy = one.turn();
    busy = other.turn() || busy;
  }
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
  EXPECT_FALSE(one.turn());
}

// Requests turn ends, each of which takes a millisecond, and records their accounts.
class Ending final : public IoLoop::Watched {
 public:
  Ending(std::int64_t account, std::vector<std::int64_t>& seen) : account_(account), seen_(seen) {}
  void on_ready(std::uint32_t /*events*/) override {}
  void on_turn_end() override {
    seen_.push_back(account_);
    take(std::chrono::milliseconds(1));
  }
  [[nodiscard]] std::int64_t account() const override { return account_; }

 private:
  std::int64_t account_;
  std::vector<std::int64_t>& seen_;
};

TEST(IoLoop, TurnEndsServeAccountsInTurnWithinATimeLimit) {
  constexpr std::size_t kCrowd = 60;
  IoLoop loop;
  std::vector<std::int64_t> seen;
  for (std::size_t i = 0; i < kCrowd; ++i) loop.at_turn_end(std::make_shared<Ending>(1, seen));
  for (int i = 0; i < 2; ++i) loop.at_turn_end(std::make_shared<Ending>(2, seen));
  EXPECT_TRUE(loop.turn());
  ASSERT_GE(seen.size(), 4U);
  EXPECT_EQ(std::vector(seen.begin(), seen.begin() + 4), (std::vector<std::int64_t>{1, 2, 1, 2}));
  EXPECT_LT(seen.size(), kCrowd / 2);
  // A later account does not wait for the crowd either.
  const std::size_t before = seen.size();
  loop.at_turn_end(std::make_shared<Ending>(3, seen));
  EXPECT_TRUE(loop.turn());
  EXPECT_EQ(seen.at(before + 1), 3);
  while (loop.turn()) {
  }
  EXPECT_EQ(seen.size(), kCrowd + 3);
}

TEST(IoLoop, DropsWhatWasPostedAfterItStopped) {
  const auto alive = std::make_shared<int>(0);
  {
    IoLoop loop;
    loop.start();
    loop.stop();
    loop.post([alive] { ++*alive; });
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_EQ(*alive, 0);
}

TEST(IoLoop, SaysHowLongItIsHeldUp) {
  IoLoop loop;
  EXPECT_EQ(loop.since_sweep(), Millis(0));
  std::atomic<int> sweeps{0};
  loop.on_sweep([&] {
    ++sweeps;
    sweeps.notify_all();
  });
  loop.start();
  sweeps.wait(0);
  std::promise<void> over;
  loop.post([&over] { over.get_future().wait(); });
  while (loop.since_sweep() < Millis(1000)) std::this_thread::yield();
  over.set_value();
  while (loop.since_sweep() >= Millis(1000)) std::this_thread::yield();
  loop.stop();
}

}  // namespace
}  // namespace gridloom::net
