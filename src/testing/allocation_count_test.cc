#include "testing/allocation_count.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <thread>

namespace gridloom {
namespace {

TEST(AllocationCount, CountsThisThreadsAllocationsSinceItWasMade) {
  if (!AllocationCount::is_possible()) GTEST_SKIP() << "built without a sanitizer that counts";
  const auto before = std::make_unique<int>(1);
  const AllocationCount count;
  EXPECT_EQ(count.allocations(), 0U);
  const std::string text(1000, 'x');
  EXPECT_EQ(count.allocations(), 1U);
  EXPECT_EQ(count.bytes(), text.capacity() + 1);
  std::size_t of_other = 0;
  std::jthread([&of_other] {
    const AllocationCount other;
    const auto number = std::make_unique<int>(2);
    of_other = other.allocations();
  }).join();
  EXPECT_EQ(of_other, 1U);
}

}  // namespace
}  // namespace gridloom
