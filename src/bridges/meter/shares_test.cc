#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/chance.h"
#include "bridges/meter/shares.h"

namespace gridloom::bridges::meter {
namespace {

using Output = Shares::Output;

constexpr Millis kSecond{1000};

// A battery as the field has them: it reads its meter each second, integrates the reading with a
// gain, and its inverter follows after some seconds.
struct Battery {
  double share = 0.5;
  double gain = 0.3;        // of the reading, each second
  std::size_t delay_s = 0;  // from the inverter to the report of its output
  double most_w = 2000;     // it gives, and takes
  double can_give_w = 2000;
  double set_w = 0;
  double gives_w = 0;
  std::deque<double> reported{};
  std::size_t number = 0;

  void follow(double reading_w) {
    set_w = std::clamp(set_w + gain * reading_w, -most_w, std::min(most_w, can_give_w));
    gives_w += 0.7 * (set_w - gives_w);
    reported.push_back(gives_w);
    if (reported.size() > delay_s + 1) reported.pop_front();
  }
};

class House {
 public:
  House(std::vector<Battery> batteries, Output output) : batteries_(std::move(batteries)) {
    for (Battery& each : batteries_) each.number = shares_.add(each.share, output);
  }

  // One second in which the house needs this, without its batteries.
  void live(double need_w) {
    for (Battery& each : batteries_) {
      shares_.set_output(each.number, each.reported.empty() ? 0 : each.reported.front());
    }
    grid_w_ = need_w - given_w();
    shares_.advance(grid_w_, kSecond);
    std::vector<double> readings;
    for (const Battery& each : batteries_) {
      readings.push_back(shares_.reading_w(each.number, grid_w_).value_or(0));
    }
    for (std::size_t i = 0; i < batteries_.size(); ++i) batteries_[i].follow(readings[i]);
    grid_w_ = need_w - given_w();
  }
  [[nodiscard]] double grid_w() const { return grid_w_; }
  [[nodiscard]] Battery& battery(std::size_t i) { return batteries_.at(i); }
  [[nodiscard]] const std::vector<Battery>& batteries() const { return batteries_; }

 private:
  [[nodiscard]] double given_w() const {
    double sum = 0;
    for (const Battery& each : batteries_) sum += each.gives_w;
    return sum;
  }

  std::vector<Battery> batteries_;
  Shares shares_;
  double grid_w_ = 0;
};

std::vector<Battery> some_batteries(Chance chance) {
  const std::size_t count = 2 + chance.split("count").bits(0) % 3;
  std::vector<Battery> batteries;
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Chance own = chance.split(std::to_string(i));
    batteries.push_back({.share = 0.2 + own.split("share").uniform(0),
                         .gain = 0.1 + 0.3 * own.split("gain").uniform(0),
                         .delay_s = own.split("delay").bits(0) % 3});
    sum += batteries.back().share;
  }
  for (Battery& each : batteries) each.share /= sum;
  return batteries;
}

TEST(Shares, BatteriesOfAnyGainAndDelaySettleWithoutHuntingAndNobodyChargesAnother) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    const Chance chance(seed);
    House house(some_batteries(chance), Output::kReported);
    for (std::uint64_t step = 0; step < 4; ++step) {
      const double need_w = -1200 + 2700 * chance.split("need").uniform(step);
      for (int second = 0; second < 90; ++second) {
        house.live(need_w);
        if (second < 60) continue;
        ASSERT_LE(std::abs(house.grid_w()), 25) << "step " << step << ", second " << second;
        for (const Battery& each : house.batteries()) {
          ASSERT_NEAR(each.gives_w, each.share * need_w, 25);
          ASSERT_GE(each.gives_w * need_w, -25 * std::abs(need_w)) << "it works against the house";
        }
      }
    }
  }
}

// The reason for shares: with the grid's own power, the same batteries stay as they began.
TEST(Shares, OneMeterForAllLeavesBatteriesThatChargeEachOther) {
  const auto end = [](const std::function<double(const Shares&, const Battery&, double)>& reads) {
    std::vector<Battery> batteries = {{.set_w = -300, .gives_w = -300},
                                      {.set_w = 500, .gives_w = 500}};
    Shares shares;
    for (Battery& each : batteries) each.number = shares.add(0.5, Output::kReported);
    for (int second = 0; second < 120; ++second) {
      for (Battery& each : batteries) shares.set_output(each.number, each.gives_w);
      const double grid_w = 200 - batteries[0].gives_w - batteries[1].gives_w;
      for (Battery& each : batteries) each.follow(reads(shares, each, grid_w));
    }
    return batteries[0].gives_w;
  };
  const double with_one = end([](const Shares&, const Battery&, double grid_w) { return grid_w; });
  const double with_shares = end([](const Shares& shares, const Battery& each, double grid_w) {
    return shares.reading_w(each.number, grid_w).value_or(0);
  });
  EXPECT_NEAR(with_one, -300, 1) << "it charges from the other for ever";
  EXPECT_NEAR(with_shares, 100, 5);
}

TEST(Shares, OthersTakeOverWhatAnEmptyBatteryLeavesUntilItIsBack) {
  House house({{.share = 0.6}, {.share = 0.4}}, Output::kReported);
  house.battery(0).can_give_w = 0;
  for (int second = 0; second < 120; ++second) house.live(1000);
  EXPECT_NEAR(house.battery(1).gives_w, 1000, 25);
  house.battery(0).can_give_w = 2000;
  for (int second = 0; second < 120; ++second) house.live(1000);
  EXPECT_NEAR(house.battery(0).gives_w, 600, 25);
  EXPECT_NEAR(house.battery(1).gives_w, 400, 25);
}

TEST(Shares, EstimatedOutputsKeepTheSumRight) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    House house(some_batteries(Chance(seed)), Output::kEstimated);
    for (const double need_w : {800.0, 1500.0, 100.0}) {
      for (int second = 0; second < 120; ++second) house.live(need_w);
      EXPECT_NEAR(house.grid_w(), 0, 25);
    }
  }
}

TEST(Shares, AReadingIsTheShareOfTheNeedWithoutItsOwnOutput) {
  Shares shares;
  const std::size_t big = shares.add(0.6, Output::kReported);
  const std::size_t small = shares.add(0.4, Output::kReported);
  EXPECT_EQ(shares.reading_w(big, 100), std::nullopt) << "no output is known yet";
  shares.set_output(big, 300);
  EXPECT_EQ(shares.reading_w(big, 100), std::nullopt) << "one output is not known";
  shares.set_output(small, 100);
  EXPECT_DOUBLE_EQ(shares.reading_w(big, 100).value_or(0), 0.6 * 500 - 300);
  EXPECT_DOUBLE_EQ(shares.reading_w(small, 100).value_or(0), 0.4 * 500 - 100);
  EXPECT_DOUBLE_EQ(shares.need_w(100).value_or(0), 500);
  shares.remove(small);
  EXPECT_DOUBLE_EQ(shares.reading_w(big, 100).value_or(0), 0.6 * 400 - 300);
}

TEST(Shares, ASumAboveOneIsScaledDown) {
  Shares shares;
  const std::size_t one = shares.add(1, Output::kReported);
  const std::size_t other = shares.add(1, Output::kReported);
  shares.set_output(one, 0);
  shares.set_output(other, 0);
  EXPECT_DOUBLE_EQ(shares.reading_w(one, 800).value_or(0), 400);
}

}  // namespace

}  // namespace gridloom::bridges::meter
