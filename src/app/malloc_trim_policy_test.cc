#include "app/malloc_trim_policy.h"

#include <gtest/gtest.h>

namespace gridloom::app {
namespace {

TEST(MallocTrimPolicy, IsDueOnceAfterManyConnectionsClosed) {
  MallocTrimPolicy trim;
  TimePoint now{Millis(1000)};
  const auto due_after = [&](std::size_t connections, int ms) {
    now += Millis(ms);
    return trim.is_due(connections, now);
  };
  EXPECT_FALSE(due_after(5, 250));
  EXPECT_FALSE(due_after(0, 5000)) << "that was no crowd";
  EXPECT_FALSE(due_after(1000, 250));
  EXPECT_FALSE(due_after(600, 5000)) << "most are still here";
  EXPECT_FALSE(due_after(10, 250));
  EXPECT_FALSE(due_after(10, 1999)) << "they may come back";
  EXPECT_FALSE(due_after(900, 250));
  EXPECT_FALSE(due_after(10, 250));
  EXPECT_TRUE(due_after(10, 2000));
  EXPECT_FALSE(due_after(0, 60'000));
}

}  // namespace
}  // namespace gridloom::app
