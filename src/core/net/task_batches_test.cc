#include "net/task_batches.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

namespace gridloom::net {
namespace {

// A steady clock that the test moves.
struct TestSteady : std::chrono::steady_clock {
  static time_point now() { return at(); }
  static void pass(std::chrono::microseconds time) { at() += time; }

 private:
  static time_point& at() {
    static time_point moment{std::chrono::hours(1)};
    return moment;
  }
};

class TaskBatchesTest : public testing::Test {
 protected:
  void add(const std::shared_ptr<Mailbox>& to, Handover handover) {
    batches.add(to, [] {}, handover);
  }
  // How many tasks have arrived there since the last call.
  static std::size_t arrived(const std::shared_ptr<Mailbox>& at) {
    Tasks tasks;
    at->take(tasks);
    return tasks.size();
  }
  // Lets the sleeping loop be woken now, so that what may wait has to wait for it.
  void wake() {
    mailbox->fall_asleep();
    add(mailbox, Handover::kMayWait);
    EXPECT_FALSE(batches.send(Handover::kMayWait));
    EXPECT_EQ(arrived(mailbox), 1U);
    mailbox->fall_asleep();
  }

  TaskBatches<TestSteady> batches;
  std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>();
};

TEST_F(TaskBatchesTest, GoToALoopThatIsAwakeAtOnce) {
  const auto other = std::make_shared<Mailbox>();
  for (int i = 0; i < 3; ++i) add(mailbox, Handover::kMayWait);
  add(other, Handover::kMayWait);
  EXPECT_EQ(arrived(mailbox), 0U) << "before they are sent";
  EXPECT_FALSE(batches.send(Handover::kMayWait));
  EXPECT_EQ(arrived(mailbox), 3U);
  EXPECT_EQ(arrived(other), 1U);
  EXPECT_FALSE(batches.send(Handover::kMayWait));
  EXPECT_EQ(arrived(mailbox), 0U) << "they are sent once";
}

TEST_F(TaskBatchesTest, WaitForALoopThatHasJustBeenWokenAndSleepsAgain) {
  wake();
  add(mailbox, Handover::kMayWait);
  EXPECT_TRUE(batches.send(Handover::kMayWait));
  TestSteady::pass(kWakePeriod - std::chrono::microseconds(1));
  EXPECT_TRUE(batches.send(Handover::kMayWait));
  EXPECT_EQ(arrived(mailbox), 0U);
  TestSteady::pass(std::chrono::microseconds(1));
  EXPECT_FALSE(batches.send(Handover::kMayWait));
  EXPECT_EQ(arrived(mailbox), 1U);
}

TEST_F(TaskBatchesTest, DoNotWaitIfOneOfTheirTasksMustNotOrTheCallerCannot) {
  for (const Handover of_task : {Handover::kNow, Handover::kMayWait}) {
    wake();
    add(mailbox, Handover::kMayWait);
    add(mailbox, of_task);
    add(mailbox, Handover::kMayWait);
    const Handover of_call = of_task == Handover::kNow ? Handover::kMayWait : Handover::kNow;
    EXPECT_FALSE(batches.send(of_call));
    EXPECT_EQ(arrived(mailbox), 3U);
    // The haste is that of the batch, not of the next one.
    mailbox->fall_asleep();
    add(mailbox, Handover::kMayWait);
    EXPECT_TRUE(batches.send(Handover::kMayWait));
    TestSteady::pass(kWakePeriod);
    EXPECT_FALSE(batches.send(Handover::kMayWait));
    EXPECT_EQ(arrived(mailbox), 1U);
    TestSteady::pass(kWakePeriod);
  }
}

// A loop in whose batches there are tasks for another one that has ended meanwhile.
TEST_F(TaskBatchesTest, AreDroppedIfTheirLoopHasEnded) {
  const auto object = std::make_shared<int>();
  batches.add(mailbox, [object] {}, Handover::kMayWait);
  mailbox->close();
  const std::weak_ptr<Mailbox> ended = std::exchange(mailbox, std::make_shared<Mailbox>());
  EXPECT_FALSE(batches.send(Handover::kNow));
  EXPECT_EQ(object.use_count(), 1);
  EXPECT_FALSE(ended.expired());
  add(mailbox, Handover::kNow);
  EXPECT_TRUE(ended.expired()) << "it is forgotten when another one is met";
  EXPECT_FALSE(batches.send(Handover::kNow));
  EXPECT_EQ(arrived(mailbox), 1U);
}

}  // namespace
}  // namespace gridloom::net
