#include "base/worker.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <future>
#include <latch>
#include <string>

namespace gridloom {
namespace {

// A worker whose first task, in lane 1, runs until all others wait.
class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    EXPECT_TRUE(worker.post(1, [this] {
      begun.count_down();
      held.get_future().wait();
    }));
    begun.wait();
  }
  ~WorkerTest() override {
    if (!is_released) held.set_value();
  }

  bool post(std::size_t lane, char name) {
    const bool taken = worker.post(lane, [this, name] {
      order += name;
      if (order.size() == posted) done.set_value();
    });
    if (taken) ++posted;
    return taken;
  }
  // The names of the tasks, in the order in which they ran.
  std::string release() {
    is_released = true;
    held.set_value();
    done.get_future().wait();
    return order;
  }

  std::latch begun{1};
  std::promise<void> held;
  std::promise<void> done;
  bool is_released = false;
  std::size_t posted = 0;
  std::string order;
  Worker worker{{2, 3, 3, 3}};
};

TEST_F(WorkerTest, ALaneTakesItsBoundAndNotOneMore) {
  EXPECT_TRUE(post(0, 'a'));
  EXPECT_TRUE(post(0, 'b'));
  EXPECT_FALSE(post(0, 'c'));
  EXPECT_TRUE(post(1, 'd')) << "another lane";
  EXPECT_EQ(release(), "abd");
}

TEST_F(WorkerTest, TheFirstLaneGoesFirst) {
  for (const char name : {'a', 'b'}) EXPECT_TRUE(post(2, name));
  for (const char name : {'x', 'y'}) EXPECT_TRUE(post(0, name));
  EXPECT_EQ(release(), "xyab");
}

// Whoever fills a lane holds up another lane by one task.
TEST_F(WorkerTest, TheOtherLanesTakeTurns) {
  for (const char name : {'a', 'b', 'c'}) EXPECT_TRUE(post(1, name));
  EXPECT_TRUE(post(2, 'm'));
  for (const char name : {'r', 's', 't'}) EXPECT_TRUE(post(3, name));
  EXPECT_EQ(release(), "mrasbtc");
}

}  // namespace
}  // namespace gridloom
