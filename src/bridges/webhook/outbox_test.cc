#include "bridges/webhook/outbox.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gridloom::bridges::webhook {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Outbox::Moment kStart{hours(1'000)};
constexpr std::int64_t kBridge = 5;
constexpr std::int64_t kNow_ms = 1'700'000'000'000;

Outbox::Waiting event(std::size_t number, Outbox::Moment since = kStart) {
  return {.id = std::to_string(number), .body = "{}", .at_ms = kNow_ms, .since = since};
}
Outbox::Waiting logged(std::size_t number, std::size_t archive = 0) {
  Outbox::Waiting waiting = event(number);
  waiting.source = {.archive = archive, .event = number};
  return waiting;
}
// Empty: none waits.
std::string taken(Outbox& outbox, Outbox::Moment now = kStart) {
  const auto event = outbox.front(now);
  if (event) outbox.remove(event->id);
  return event ? event->id : std::string();
}
std::vector<std::string> all(Outbox& outbox) {
  std::vector<std::string> ids;
  while (outbox.size() != 0) ids.push_back(taken(outbox));
  return ids;
}

TEST(Outbox, KeepsTheOrder) {
  Outbox outbox;
  EXPECT_EQ(taken(outbox), "");
  outbox.push(event(1));
  outbox.add(0, 4, {logged(2), logged(4)});
  EXPECT_EQ(outbox.size(), 3U);
  EXPECT_EQ(outbox.front(kStart)->id, "1") << "it waits until it is taken";
  EXPECT_EQ(all(outbox), std::vector<std::string>({"1", "2", "4"}));
  EXPECT_EQ(outbox.take_dropped(), 0U);
}

TEST(Outbox, DropsTheOldestOfItsOwnForOneMoreThanItHolds) {
  Outbox outbox;
  outbox.add(0, 5'000, {logged(5'000)});
  for (std::size_t number = 0; number < Outbox::kMostWaiting; ++number) {
    outbox.push(event(number));
  }
  EXPECT_FALSE(outbox.has_room());
  EXPECT_EQ(outbox.take_dropped(), 0U);
  outbox.push(event(Outbox::kMostWaiting));
  EXPECT_EQ(outbox.take_dropped(), 1U);
  EXPECT_EQ(outbox.take_dropped(), 0U) << "each is counted once";
  EXPECT_EQ(taken(outbox), "5000") << "the log has it";
  EXPECT_EQ(taken(outbox), "1");
}

TEST(Outbox, DropsWhatHasWaitedForADay) {
  Outbox outbox;
  outbox.push(event(1));
  outbox.push(event(2));
  outbox.push(event(3, kStart + seconds(1)));
  EXPECT_EQ(taken(outbox, kStart + hours(24) - seconds(1)), "1");
  EXPECT_EQ(taken(outbox, kStart + hours(24)), "3");
  EXPECT_EQ(outbox.take_dropped(), 1U);
}

TEST(Outbox, GoesOnInTheLogBeforeTheFirstEventThatWaits) {
  Outbox before;
  before.add(0, 9, {logged(3), logged(7)});
  before.add(2, 40, {});
  before.push(event(1));
  EXPECT_EQ(taken(before), "3");
  Outbox after;
  after.restore(before.state(kBridge), kBridge, kStart, kNow_ms);
  EXPECT_EQ(after.read_through(0), 6U);
  EXPECT_EQ(after.read_through(1), std::nullopt);
  EXPECT_EQ(after.read_through(2), 40U);
  EXPECT_EQ(all(after), std::vector<std::string>({"1"})) << "the log has the others";
}

TEST(Outbox, AnEventKeepsItsAgeOverARestart) {
  Outbox before;
  before.push(event(1));
  Outbox after;
  after.restore(before.state(kBridge), kBridge, kStart, kNow_ms + 3'600'000);
  EXPECT_EQ(taken(after, kStart + hours(23)), "");
  EXPECT_EQ(after.take_dropped(), 1U);
}

TEST(Outbox, ALaterBridgeOfTheSameNameBeginsAnew) {
  Outbox before;
  before.push(event(1));
  before.add(0, 9, {});
  Outbox after;
  after.restore(before.state(kBridge), kBridge + 1, kStart, kNow_ms);
  after.restore("not JSON", kBridge + 1, kStart, kNow_ms);
  EXPECT_EQ(after.size(), 0U);
  EXPECT_EQ(after.read_through(0), std::nullopt);
}

}  // namespace
}  // namespace gridloom::bridges::webhook
