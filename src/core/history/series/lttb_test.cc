// Tests the downsampling of a series for a plot.
#include "history/series/lttb.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "testing/dice.h"

namespace gridloom::history {
namespace {

std::vector<std::pair<std::int64_t, double>> pairs(const std::vector<Point>& points) {
  std::vector<std::pair<std::int64_t, double>> all;
  for (const Point& point : points) all.emplace_back(point.at_ms, point.value);
  return all;
}

std::vector<Point> random_series(Dice& dice, std::size_t count) {
  std::vector<Point> points;
  std::int64_t at_ms = 1'700'000'000'000;
  for (std::size_t i = 0; i < count; ++i) {
    at_ms += dice.between(0, 20'000);
    points.push_back({.at_ms = at_ms, .value = static_cast<double>(dice.between(-500, 500))});
  }
  return points;
}

std::vector<Point> plotted(const std::vector<Point>& points, std::size_t most) {
  Plot plot({.from_ms = points.front().at_ms, .to_ms = points.back().at_ms + 1, .most = most});
  for (const Point& point : points) plot.add(point);
  return plot.take();
}

TEST(Lttb, FewPointsStayAsTheyAre) {
  const std::vector<Point> points = {{1, 5}, {2, 3}, {3, 9}};
  EXPECT_EQ(pairs(largest_triangles(points, 3)), pairs(points));
  EXPECT_EQ(pairs(plotted(points, 3)), pairs(points));
  EXPECT_TRUE(largest_triangles({}, 3).empty());
}

TEST(Lttb, TheLargestTriangleOfEachStretchStays) {
  // Buckets (1, 2) and (3, 4); the mean of the second is (3.5, 2).
  const std::vector<Point> points = {{0, 0}, {1, 1}, {2, -4}, {3, 4}, {4, 0}, {5, 0}};
  EXPECT_EQ(pairs(largest_triangles(points, 4)),
            (std::vector<std::pair<std::int64_t, double>>{{0, 0}, {2, -4}, {3, 4}, {5, 0}}));
}

TEST(Lttb, GivesAsManyAsWantedWithBothEndsAndNothingNew) {
  Dice dice(7);
  for (int round = 0; round < 200; ++round) {
    const std::vector<Point> points = random_series(dice, 4 + dice.below(3000));
    const std::size_t most = 3 + dice.below(200);
    const auto taken = pairs(largest_triangles(points, most));
    EXPECT_EQ(taken.size(), std::min(most, points.size()));
    EXPECT_EQ(taken.front(), pairs(points).front());
    EXPECT_EQ(taken.back(), pairs(points).back());
    const auto all = pairs(points);
    const auto in_order = [](const auto& a, const auto& b) { return a.first < b.first; };
    EXPECT_TRUE(std::ranges::is_sorted(taken, in_order));
    for (const auto& point : taken) {
      EXPECT_NE(std::ranges::find(all, point), all.end());
    }
  }
}

TEST(Lttb, ASeriesOfAnyLengthKeepsItsPeaks) {
  Dice dice(8);
  for (int round = 0; round < 50; ++round) {
    std::vector<Point> points = random_series(dice, 20'000);
    points[1 + dice.below(points.size() - 2)].value = 100'000;
    points[1 + dice.below(points.size() - 2)].value = -100'000;
    const std::vector<Point> taken = plotted(points, 100);
    EXPECT_LE(taken.size(), 100U);
    const auto [least, greatest] = std::ranges::minmax(taken, {}, &Point::value);
    const auto [all_least, all_greatest] = std::ranges::minmax(points, {}, &Point::value);
    EXPECT_EQ(least.value, all_least.value);
    EXPECT_EQ(greatest.value, all_greatest.value);
  }
}

TEST(Lttb, ASpanKeepsItsLeastAndItsGreatestInTheirOrder) {
  // All points are in one time span: an hour has most * 4 spans, and the points cover only a little
  // of it.
  const std::vector<std::pair<std::vector<double>, std::vector<double>>> rows = {
      {{1}, {1}},          {{1, 2}, {1, 2}},    {{2, 1}, {2, 1}},
      {{1, 2, 3}, {1, 3}}, {{3, 2, 1}, {3, 1}}, {{2, 1, 3}, {1, 3}},
      {{2, 3, 1}, {3, 1}}, {{1, 3, 2}, {1, 3}}, {{3, 1, 2, 5, 0}, {5, 0}},
      {{4, 4, 4}, {4, 4}},
  };
  for (const auto& [values, expected] : rows) {
    Plot plot({.from_ms = 0, .to_ms = 3'600'000, .most = 10});
    std::int64_t at_ms = 0;
    for (const double value : values) plot.add({.at_ms = at_ms++, .value = value});
    std::vector<double> kept;
    for (const Point& point : plot.take()) kept.push_back(point.value);
    EXPECT_EQ(kept, expected);
  }
}

}  // namespace
}  // namespace gridloom::history
