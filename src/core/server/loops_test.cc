#include "server/loops.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace gridloom::server {
namespace {

TEST(Loops, TurnAsLongAsThereIsWork) {
  const Loops loops = make_loops(2);
  EXPECT_FALSE(turn_all(loops));
  std::vector<int> ran;
  loops[1]->post([&] {
    ran.push_back(1);
    loops[0]->post([&] { ran.push_back(0); });
  });
  while (turn_all(loops)) {
  }
  EXPECT_EQ(ran, (std::vector<int>{1, 0}));
}

TEST(Loops, TurnDuringWorkThatWaitsForThem) {
  const Loops loops = make_loops(3);
  std::vector<int> ran;
  turn_during(loops, [&] {
    for (int i = 0; i < 3; ++i) {
      std::promise<void> done;
      as_loops(loops)[static_cast<std::size_t>(i)]->post([&] {
        ran.push_back(i);
        done.set_value();
      });
      done.get_future().wait();
    }
  });
  EXPECT_EQ(ran, (std::vector<int>{0, 1, 2}));
}

}  // namespace
}  // namespace gridloom::server
