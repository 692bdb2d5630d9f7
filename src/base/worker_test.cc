#include "base/worker.h"

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <vector>

namespace gridloom {
namespace {

TEST(Worker, RunsTasksInTheirOrderAndRefusesMoreThanMayWait) {
  std::latch begun(1);
  std::promise<void> go;
  std::promise<void> done;
  std::vector<int> order;
  Worker worker(2);
  EXPECT_TRUE(worker.post([&] {
    begun.count_down();
    go.get_future().wait();
    order.push_back(1);
  }));
  begun.wait();
  EXPECT_TRUE(worker.post([&] { order.push_back(2); }));
  EXPECT_TRUE(worker.post([&] {
    order.push_back(3);
    done.set_value();
  }));
  EXPECT_FALSE(worker.post([&] { order.push_back(4); }));
  go.set_value();
  done.get_future().wait();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

}  // namespace
}  // namespace gridloom
