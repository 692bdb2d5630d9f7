#include "base/seats.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace gridloom {
namespace {

TEST(Seats, AsManyAsAllowedAndNotOneMore) {
  Seats seats;
  auto first = seats.take("a", 2);
  auto second = seats.take("a", 2);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(seats.take("a", 2));
  EXPECT_TRUE(seats.take("b", 2)) << "another name";
  first.reset();
  first = seats.take("a", 2);
  EXPECT_TRUE(first);
  EXPECT_FALSE(seats.take("a", 2));
}

TEST(Seats, AMovedSeatIsGivenBackOnce) {
  Seats seats;
  Seats::Seat kept;
  {
    auto taken = seats.take("a", 1);
    ASSERT_TRUE(taken);
    kept = std::move(*taken);
  }
  EXPECT_FALSE(seats.take("a", 1));
  kept = Seats::Seat();
  EXPECT_TRUE(seats.take("a", 1));
}

TEST(Seats, ASeatMayOutliveItsRoom) {
  auto seats = std::make_unique<Seats>();
  const auto seat = seats->take("a", 1);
  seats.reset();
  EXPECT_TRUE(seat);
}

TEST(Seats, ThreadsNeverShareASeat) {
  Seats seats;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&seats] {
        for (int round = 0; round < 1000; ++round) {
          const auto one = seats.take("a", 4);
          EXPECT_TRUE(one);
        }
      });
    }
  }
  std::vector<Seats::Seat> all;
  for (int i = 0; i < 4; ++i) all.push_back(*seats.take("a", 4));
  EXPECT_FALSE(seats.take("a", 4));
}

}  // namespace
}  // namespace gridloom
