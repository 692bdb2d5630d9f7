#include "bridges/webhook/event_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace gridloom::bridges::webhook {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr EventQueue::Moment kStart{hours(1'000)};

EventQueue::Waiting event(std::size_t number, EventQueue::Moment since = kStart) {
  return {.id = std::to_string(number), .body = "{}", .since = since};
}
// Empty: none waits.
std::string taken(EventQueue& queue, EventQueue::Moment now = kStart) {
  const auto event = queue.take(now);
  return event ? event->id : std::string();
}

TEST(EventQueue, KeepsTheOrder) {
  EventQueue queue;
  EXPECT_EQ(taken(queue), "");
  queue.push(event(1));
  queue.push(event(2));
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(taken(queue), "1");
  queue.push(event(3));
  EXPECT_EQ(taken(queue), "2");
  EXPECT_EQ(taken(queue), "3");
  EXPECT_EQ(taken(queue), "");
  EXPECT_EQ(queue.take_dropped(), 0U);
}

TEST(EventQueue, DropsTheOldestForOneMoreThanItHolds) {
  EventQueue queue;
  for (std::size_t number = 0; number < EventQueue::kMostWaiting; ++number) {
    queue.push(event(number));
  }
  EXPECT_EQ(queue.take_dropped(), 0U);
  queue.push(event(EventQueue::kMostWaiting));
  EXPECT_EQ(queue.size(), EventQueue::kMostWaiting);
  EXPECT_EQ(queue.take_dropped(), 1U);
  EXPECT_EQ(queue.take_dropped(), 0U) << "each is counted once";
  EXPECT_EQ(taken(queue), "1");
}

TEST(EventQueue, DropsWhatHasWaitedForADay) {
  EventQueue queue;
  queue.push(event(1));
  queue.push(event(2));
  queue.push(event(3, kStart + seconds(1)));
  EXPECT_EQ(taken(queue, kStart + hours(24) - seconds(1)), "1");
  EXPECT_EQ(taken(queue, kStart + hours(24)), "3");
  EXPECT_EQ(queue.take_dropped(), 1U);
}

}  // namespace
}  // namespace gridloom::bridges::webhook
