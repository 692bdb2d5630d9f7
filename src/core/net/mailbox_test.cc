#include "net/mailbox.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace gridloom::net {
namespace {

// Tasks that write their numbers into `seen`.
Tasks tasks_of(std::vector<int>& seen, const std::vector<int>& numbers) {
  Tasks tasks;
  for (const int number : numbers) tasks.emplace_back([&seen, number] { seen.push_back(number); });
  return tasks;
}

// How often the mailbox has woken its loop since the last call.
std::uint64_t wakes(const Mailbox& mailbox) {
  std::uint64_t count = 0;
  return ::read(mailbox.wake_descriptor(), &count, sizeof(count)) < 0 ? 0 : count;
}

TEST(Mailbox, GivesTasksInTheOrderInWhichTheyCame) {
  Mailbox mailbox;
  EXPECT_TRUE(mailbox.empty());
  std::vector<int> seen;
  for (const std::vector<int>& numbers : {std::vector{1, 2}, std::vector{3}, std::vector{4, 5}}) {
    Tasks tasks = tasks_of(seen, numbers);
    mailbox.add(tasks);
    EXPECT_TRUE(tasks.empty());
    EXPECT_FALSE(mailbox.empty());
  }
  Tasks taken;
  mailbox.take(taken);
  EXPECT_TRUE(mailbox.empty());
  for (Task& task : taken) task();
  EXPECT_EQ(seen, (std::vector{1, 2, 3, 4, 5}));
}

TEST(Mailbox, WakesItsLoopOnceForAllThatComesWhileItSleeps) {
  Mailbox mailbox;
  std::vector<int> seen;
  const auto add = [&] {
    Tasks tasks = tasks_of(seen, {1});
    mailbox.add(tasks);
  };
  add();
  EXPECT_EQ(wakes(mailbox), 0U) << "it was awake";
  mailbox.fall_asleep();
  EXPECT_TRUE(mailbox.is_asleep());
  add();
  EXPECT_FALSE(mailbox.is_asleep());
  add();
  EXPECT_EQ(wakes(mailbox), 1U);
  mailbox.fall_asleep();
  mailbox.stay_awake();
  add();
  EXPECT_EQ(wakes(mailbox), 0U);
}

TEST(Mailbox, DropsTasksOfALoopThatEnds) {
  Mailbox mailbox;
  std::vector<int> seen;
  Tasks tasks = tasks_of(seen, {1, 2});
  mailbox.add(tasks);
  mailbox.close();
  Tasks late = tasks_of(seen, {3});
  mailbox.add(late);
  EXPECT_TRUE(late.empty());
  EXPECT_TRUE(mailbox.empty());
  Tasks taken;
  mailbox.take(taken);
  EXPECT_TRUE(taken.empty());
}

}  // namespace
}  // namespace gridloom::net
