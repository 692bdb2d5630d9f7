// Tests the order of service: each step records its name, and a test runs one slice at a time.
#include "history/fair_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::history {
namespace {

using testing::ElementsAre;

// Names of the entries served, slice by slice.
struct Served {
  std::vector<std::string> names;
};
using Queue = FairQueue<Served>;

// An entry that is done after `slices` slices.
Queue::Entry entry(std::int64_t account, std::string name, int slices, std::stop_token gone = {}) {
  return {.account = account,
          .gone = std::move(gone),
          .step = [name = std::move(name), left = slices](Served& served) mutable {
            served.names.push_back(name);
            return --left > 0 ? Progress::kMore : Progress::kDone;
          }};
}

std::vector<std::string> served(Queue& queue, std::size_t most = 100) {
  Served all;
  while (all.names.size() < most && queue.run_one(all)) {
  }
  return all.names;
}

struct Waiting {
  std::int64_t account;
  std::string_view name;
  int slices;
};
struct OrderCase {
  std::string_view what;
  std::vector<Waiting> entries;  // in the order of add()
  std::string_view order;        // expected order of slices
};

TEST(FairQueue, ServesAccountsInTurnSliceBySlice) {
  const std::vector<OrderCase> cases = {
      {"one account's entries take turns", {{1, "a", 3}, {1, "b", 1}, {1, "c", 2}}, "a b c a c a"},
      {"a third entry waits where two are worked on at once",
       {{1, "a", 3}, {1, "b", 2}, {1, "c", 1}, {1, "d", 1}},
       "a b a b a c d"},
      {"a newcomer waits for one slice of another",
       {{1, "a", 4}, {1, "b", 4}, {2, "x", 2}},
       "a x b x a b a b a b"},
      {"the number of entries does not count",
       {{1, "a", 1}, {1, "b", 1}, {1, "c", 1}, {2, "x", 1}, {3, "y", 1}},
       "a x y b c"},
      {"three accounts", {{1, "a", 2}, {2, "x", 3}, {3, "p", 1}, {3, "q", 1}}, "a x p a x q x"},
  };
  for (const OrderCase& each : cases) {
    const bool narrow = each.what.contains("two are worked on");
    Queue queue({.entries = 10, .at_once = narrow ? std::size_t{2} : std::size_t{4}});
    for (const Waiting& waiting : each.entries) {
      ASSERT_TRUE(queue.add(entry(waiting.account, std::string(waiting.name), waiting.slices)));
    }
    std::string order;
    for (const std::string& name : served(queue)) {
      if (!order.empty()) order += ' ';
      order += name;
    }
    EXPECT_EQ(order, each.order) << each.what;
  }
}

TEST(FairQueue, AFullShareIsRefusedAndTheOthersAreNot) {
  Queue queue({.entries = 2, .at_once = 1});
  EXPECT_TRUE(queue.add(entry(1, "a", 2)));
  EXPECT_TRUE(queue.add(entry(1, "b", 1)));
  EXPECT_FALSE(queue.add(entry(1, "c", 1)));
  EXPECT_TRUE(queue.add(entry(2, "x", 1)));
  EXPECT_THAT(served(queue, 2), ElementsAre("a", "x"));
  EXPECT_FALSE(queue.add(entry(1, "c", 1)));  // its first entry is not done yet
  EXPECT_THAT(served(queue, 1), ElementsAre("a"));
  EXPECT_TRUE(queue.add(entry(1, "c", 1)));
  EXPECT_THAT(served(queue), ElementsAre("b", "c"));
}

TEST(FairQueue, TheRunningEntryCountsTowardsTheLimit) {
  Queue queue({.entries = 1, .at_once = 1});
  bool taken = true;
  ASSERT_TRUE(queue.add({.account = 1, .gone = {}, .step = [&](Served&) {
                           taken = queue.add(entry(1, "b", 1));
                           return Progress::kDone;
                         }}));
  EXPECT_THAT(served(queue), ElementsAre());
  EXPECT_FALSE(taken);
  EXPECT_TRUE(queue.add(entry(1, "b", 1)));
}

TEST(FairQueue, IsEmptyOnceItsLastStepHasReturned) {
  Queue queue({.entries = 1, .at_once = 1});
  EXPECT_TRUE(queue.empty());
  bool is_empty = true;
  ASSERT_TRUE(queue.add({.account = 1, .gone = {}, .step = [&](Served&) {
                           is_empty = queue.empty();
                           return Progress::kDone;
                         }}));
  EXPECT_FALSE(queue.empty());
  EXPECT_THAT(served(queue), ElementsAre());
  EXPECT_FALSE(is_empty);
  EXPECT_TRUE(queue.empty());
}

TEST(FairQueue, CancelledEntriesDoNotRun) {
  Queue queue({.entries = 3, .at_once = 2});
  std::stop_source first;
  std::stop_source second;
  ASSERT_TRUE(queue.add(entry(1, "a", 9, first.get_token())));
  ASSERT_TRUE(queue.add(entry(1, "b", 2)));
  ASSERT_TRUE(queue.add(entry(1, "c", 9, second.get_token())));
  EXPECT_THAT(served(queue, 3), ElementsAre("a", "b", "a"));
  first.request_stop();  // already active
  second.request_stop();
  EXPECT_THAT(served(queue), ElementsAre("b"));
}

TEST(FairQueue, CancelledEntriesFreeTheirPlacesAtOnce) {
  Queue queue({.entries = 1, .at_once = 1});
  std::stop_source gone;
  const auto held = std::make_shared<int>(0);
  ASSERT_TRUE(queue.add({.account = 1, .gone = gone.get_token(), .step = [held](Served&) {
                           return Progress::kMore;
                         }}));
  EXPECT_FALSE(queue.add(entry(1, "b", 1)));
  gone.request_stop();
  EXPECT_TRUE(queue.add(entry(1, "b", 1)));
  EXPECT_EQ(held.use_count(), 1);  // and so is the data that its step held
  EXPECT_THAT(served(queue), ElementsAre("b"));
}

TEST(FairQueue, AnEntryCancelledDuringASliceGetsNoFurtherSlice) {
  Queue queue({.entries = 1, .at_once = 1});
  std::stop_source gone;
  int slices = 0;
  ASSERT_TRUE(queue.add({.account = 1, .gone = gone.get_token(), .step = [&](Served&) {
                           ++slices;
                           gone.request_stop();
                           return Progress::kMore;
                         }}));
  Served none;
  EXPECT_TRUE(queue.run_one(none));
  EXPECT_FALSE(queue.run_one(none));
  EXPECT_EQ(slices, 1);
}

TEST(FairQueue, AClosedOneTakesNothingAndDropsWhatWaits) {
  Queue queue({.entries = 2, .at_once = 1});
  const auto held = std::make_shared<int>(0);
  ASSERT_TRUE(
      queue.add({.account = 1, .gone = {}, .step = [held](Served&) { return Progress::kDone; }}));
  queue.close();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(queue.add(entry(1, "a", 1)));
  Served none;
  EXPECT_FALSE(queue.run_one(none));
  EXPECT_FALSE(queue.wait_and_run(none));
}

TEST(FairQueue, ClosingDuringASliceIsItsEnd) {
  Queue queue({.entries = 2, .at_once = 1});
  ASSERT_TRUE(queue.add({.account = 1, .gone = {}, .step = [&](Served&) {
                           queue.close();
                           return Progress::kMore;
                         }}));
  Served none;
  EXPECT_TRUE(queue.run_one(none));
  EXPECT_FALSE(queue.run_one(none));
}

}  // namespace
}  // namespace gridloom::history
