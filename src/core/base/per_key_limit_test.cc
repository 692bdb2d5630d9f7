#include "base/per_key_limit.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace gridloom {
namespace {

TEST(PerKeyLimit, AsManyAsAllowedAndNotOneMore) {
  PerKeyLimit permits;
  auto first = permits.take("a", 2);
  auto second = permits.take("a", 2);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(permits.take("a", 2));
  EXPECT_TRUE(permits.take("b", 2)) << "another name";
  first.reset();
  first = permits.take("a", 2);
  EXPECT_TRUE(first);
  EXPECT_FALSE(permits.take("a", 2));
}

TEST(PerKeyLimit, AMovedPermitIsReturnedOnce) {
  PerKeyLimit permits;
  PerKeyLimit::Permit kept;
  {
    auto shared = permits.take("a", 1);
    ASSERT_TRUE(shared);
    kept = std::move(*shared);
  }
  EXPECT_FALSE(permits.take("a", 1));
  kept = PerKeyLimit::Permit();
  EXPECT_TRUE(permits.take("a", 1));
}

TEST(PerKeyLimit, APermitMayOutliveItsLimit) {
  auto permits = std::make_unique<PerKeyLimit>();
  const auto permit = permits->take("a", 1);
  permits.reset();
  EXPECT_TRUE(permit);
}

TEST(PerKeyLimit, ThreadsNeverExceedTheLimit) {
  PerKeyLimit permits;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&permits] {
        for (int round = 0; round < 1000; ++round) {
          const auto one = permits.take("a", 4);
          EXPECT_TRUE(one);
        }
      });
    }
  }
  std::vector<PerKeyLimit::Permit> all;
  for (int i = 0; i < 4; ++i) all.push_back(*permits.take("a", 4));
  EXPECT_FALSE(permits.take("a", 4));
}

}  // namespace
}  // namespace gridloom
