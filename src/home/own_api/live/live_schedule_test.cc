#include "own_api/live/live_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "testing/clock.h"

namespace gridloom::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TimePoint at(int ms) { return kTestStart + Millis(ms); }

std::vector<std::int64_t> take_all(LiveSchedule& schedule) {
  std::vector<std::int64_t> taken;
  while (const auto id = schedule.take()) taken.push_back(*id);
  return taken;
}

TEST(LiveSchedule, NewsAreSentWhenTheyAreDue) {
  LiveSchedule schedule;
  schedule.add(1, at(0), at(0));
  schedule.add(2, at(250), at(0));
  schedule.add(2, at(0), at(0));  // it has news already
  EXPECT_TRUE(schedule.has_news(2));
  EXPECT_THAT(take_all(schedule), ElementsAre(1));
  schedule.make_ready(at(249));
  EXPECT_FALSE(schedule.is_ready());
  schedule.make_ready(at(250));
  EXPECT_THAT(take_all(schedule), ElementsAre(2));
  EXPECT_FALSE(schedule.has_news(2));
}

TEST(LiveSchedule, EachHasItsTurn) {
  LiveSchedule schedule;
  for (const int id : {1, 2, 3}) schedule.add(id, at(0), at(0));
  EXPECT_EQ(schedule.take(), 1);
  schedule.add_at_once(1, at(0));
  EXPECT_THAT(take_all(schedule), ElementsAre(2, 3, 1));
}

TEST(LiveSchedule, NewsOfAllAreSentTogether) {
  LiveSchedule schedule;
  schedule.add(1, at(0), at(0));
  EXPECT_THAT(take_all(schedule), ElementsAre(1));
  schedule.add(2, at(100), at(100));
  schedule.add(3, at(200), at(200));
  schedule.add_at_once(4, at(200));
  EXPECT_THAT(take_all(schedule), ElementsAre(4)) << "the client waits for this one";
  schedule.make_ready(at(250));
  EXPECT_THAT(take_all(schedule), ElementsAre(2, 3));
}

TEST(LiveSchedule, WhatIsRemovedHasNoNews) {
  LiveSchedule schedule;
  schedule.add(1, at(0), at(0));
  schedule.add(2, at(250), at(0));
  schedule.remove(1);
  schedule.remove(2);
  schedule.remove(3);
  schedule.make_ready(at(250));
  EXPECT_THAT(take_all(schedule), IsEmpty());
}

TEST(LiveTwinQueue, FewAreReadAtATime) {
  LiveTwinQueue queue;
  constexpr auto kMost = static_cast<std::int64_t>(LiveTwinQueue::kAtOnce);
  for (std::int64_t id = 0; id < 2 * kMost; ++id) queue.add(id);
  for (std::int64_t id = 0; id < kMost; ++id) EXPECT_EQ(queue.take(), id);
  EXPECT_EQ(queue.take(), std::nullopt);
  queue.give_back();
  EXPECT_EQ(queue.take(), kMost);
  EXPECT_EQ(queue.take(), std::nullopt);
  queue.remove(0, true);
  queue.remove(kMost + 1, false);
  EXPECT_EQ(queue.take(), kMost + 2);
  EXPECT_EQ(queue.take(), std::nullopt);
}

}  // namespace
}  // namespace gridloom::api
