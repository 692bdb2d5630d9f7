// Tests the statistics in a block's header against a slow reference and by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "history/blocks/block.h"
#include "history/blocks/test_rows.h"
#include "testing/dice.h"

namespace gridloom::history {
namespace {

// Follows the definitions in block.h: goes from row to row and adds the values held in between.
std::map<FieldId, Statistics> slow_statistics(const std::vector<Kept>& rows) {
  std::map<FieldId, Statistics> all;
  std::map<FieldId, double> holds;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double since_ms =
        i == 0 ? 0 : static_cast<double>(rows[i].at_ms) - static_cast<double>(rows[i - 1].at_ms);
    if (since_ms <= static_cast<double>(kLongestGap_ms)) {
      for (const auto& [field, value] : holds) all[field].integral += value * since_ms;
    }
    for (const auto& [field, text] : rows[i].samples) {
      const auto number = decimal_of(text);
      if (!number) continue;  // a text does not affect the numbers
      const double value = to_double(*number);
      Statistics& to = all[field];
      if (to.count++ == 0) {
        to.min = to.max = value;
        to.first_at_ms = rows[i].at_ms;
      }
      to.min = std::min(to.min, value);
      to.max = std::max(to.max, value);
      to.sum += value;
      to.last = value;
      to.last_at_ms = rows[i].at_ms;
      holds[field] = value;
    }
  }
  return all;
}

void expect_near(double got, double wanted, double scale) {
  EXPECT_NEAR(got, wanted, std::max(1e-9, scale * 1e-9));
}

void expect_statistics(const Rows& rows) {
  const std::string bytes = written(rows);
  const auto block = Block::open(bytes);
  ASSERT_TRUE(block.has_value());
  const auto wanted = slow_statistics(expected(rows));
  for (const FieldId field : block->fields()) {
    SCOPED_TRACE(field);
    const auto got = block->statistics(field);
    const auto found = wanted.find(field);
    ASSERT_EQ(got.has_value(), found != wanted.end());
    if (!got) continue;
    const Statistics& want = found->second;
    const double most = std::max(std::abs(want.min), std::abs(want.max));
    EXPECT_EQ(got->count, want.count);
    EXPECT_DOUBLE_EQ(got->min, want.min);
    EXPECT_DOUBLE_EQ(got->max, want.max);
    EXPECT_DOUBLE_EQ(got->last, want.last);
    EXPECT_EQ(got->first_at_ms, want.first_at_ms);
    EXPECT_EQ(got->last_at_ms, want.last_at_ms);
    expect_near(got->sum, want.sum, most * static_cast<double>(want.count));
    expect_near(got->integral, want.integral,
                most * static_cast<double>(kLongestGap_ms) * static_cast<double>(rows.size()));
  }
}

TEST(BlockStatistics, AreThoseOfASlowReference) {
  Dice dice(12);
  for (int round = 0; round < 6; ++round) {
    for (const auto& [name, course] : kCourses) {
      SCOPED_TRACE(name);
      ASSERT_NO_FATAL_FAILURE(expect_statistics(stream(dice, course)));
    }
  }
}

struct Case {
  std::string name;
  Rows rows;
  double integral = 0;
  double sum = 0;
};

TEST(BlockStatistics, IntegralCountsOnlyWhileTheDeviceReports) {
  constexpr std::int64_t kMinute = 60'000;
  const std::vector<Case> cases = {
      {"one value has no time", {{0, {{1, "100"}}}}, 0, 100},
      {"a value holds until the next",
       {{0, {{1, "100"}}}, {1000, {{1, "50"}}}, {3000, {{1, "7"}}}},
       100'000 + 100'000,
       157},
      {"and on to the last row, whichever field that is of",
       {{0, {{1, "100"}}}, {1000, {{2, "1"}}}, {3000, {{2, "1"}}}},
       300'000,
       100},
      {"a field that is reported rarely holds while the device reports others",
       {{0, {{1, "10"}}}, {4 * kMinute, {{2, "1"}}}, {8 * kMinute, {}}, {12 * kMinute, {{1, "0"}}}},
       10.0 * 12 * kMinute,
       10},
      {"a gap of exactly the longest counts",
       {{0, {{1, "10"}}}, {kLongestGap_ms, {{1, "10"}}}},
       10.0 * kLongestGap_ms,
       20},
      {"a longer one adds nothing", {{0, {{1, "10"}}}, {kLongestGap_ms + 1, {{1, "10"}}}}, 0, 20},
      {"and only the gap is left out",
       {{0, {{1, "10"}}},
        {kMinute, {{2, "1"}}},
        {kMinute * 60, {{2, "1"}}},
        {kMinute * 61, {{1, "3"}}}},
       10.0 * 2 * kMinute,
       13},
      {"negative values subtract",
       {{0, {{1, "-2.5"}}}, {1000, {{1, "1.5"}}}, {3000, {}}},
       -2500 + 3000,
       -1},
      {"a text does not end a number",
       {{0, {{1, "4"}}}, {1000, {{1, "null"}}}, {2000, {}}},
       8000,
       4},
      {"rows of one time: the last value counts",
       {{0, {{1, "4"}}}, {0, {{1, "5"}}}, {1000, {}}},
       5000,
       9},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    const std::string bytes = written(one.rows);
    const auto statistics = Block::open(bytes)->statistics(1);
    ASSERT_TRUE(statistics.has_value());
    EXPECT_EQ(statistics->integral, one.integral);
    EXPECT_EQ(statistics->sum, one.sum);
  }
}

TEST(BlockStatistics, SumsDoNotDrift) {
  Rows rows;
  for (int i = 0; i < 10'000; ++i)
    rows.push_back({.at_ms = std::int64_t{i} * 1000, .samples = {{1, "0.1"}}});
  rows.push_back({.at_ms = 10'000'000, .samples = {{1, "0.3"}}});
  const std::string bytes = written(rows);
  const auto statistics = Block::open(bytes)->statistics(1);
  EXPECT_EQ(statistics->sum, 1000.3);
  EXPECT_EQ(statistics->integral, 1'000'000);
}

TEST(BlockStatistics, StatisticsOfManyRowsAreCorrect) {
  Dice dice(14);
  expect_statistics(stream(dice, {.rows = 70'000, .fields = 3, .step_ms = 50, .one_in_text = 9}));
}

}  // namespace
}  // namespace gridloom::history
