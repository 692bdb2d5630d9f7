#include "testing/loop.h"

#include <gtest/gtest.h>

#include <vector>

namespace gridloom {
namespace {

TEST(ManualLoop, RunsTasksInOrderAndThoseThatTheyPost) {
  ManualLoop loop;
  std::vector<int> ran;
  loop.post([&] {
    ran.push_back(1);
    loop.post([&] { ran.push_back(3); });
  });
  loop.post([&] { ran.push_back(2); });
  EXPECT_TRUE(ran.empty());
  EXPECT_TRUE(loop.run());
  EXPECT_EQ(ran, (std::vector{1, 2, 3}));
  EXPECT_FALSE(loop.run());
}

}  // namespace
}  // namespace gridloom
