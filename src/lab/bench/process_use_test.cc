#include "bench/process_use.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <limits>

namespace gridloom::bench {
namespace {

TEST(ProcessUse, ATimeIsThatOfAllThreadsSoFar) {
  const auto before = process_time_s(::getpid());
  ASSERT_TRUE(before) << before.error().detail;
  volatile std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) sum = sum + i;
  const auto after = process_time_s(::getpid());
  ASSERT_TRUE(after);
  // A clock of ticks would not have moved.
  EXPECT_GT(*after, *before);
  EXPECT_GT(resident_mb(::getpid()).value(), 1);
}

TEST(ProcessUse, AProcessThatIsNotThereIsNamed) {
  for (const pid_t none : {1 << 22, std::numeric_limits<pid_t>::max(), -1}) {
    const auto time = process_time_s(none);
    ASSERT_FALSE(time) << none;
    EXPECT_EQ(time.error().code, ErrorCode::kNotFound) << none;
    EXPECT_FALSE(resident_mb(none)) << none;
  }
}

}  // namespace
}  // namespace gridloom::bench
