// Tests that rollups agree with the rows they are made from, and that written rollups are read back
// unchanged.
#include "history/blocks/rollup.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "history/blocks/hours.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

constexpr std::int64_t kHour = 472'222;
constexpr std::int64_t kBegin_ms = kHour * kHour_ms;

struct Row {
  std::int64_t after_ms = 0;  // since the hour's beginning
  std::vector<std::pair<FieldId, std::string>> values;
};
using Rows = std::vector<Row>;

std::string block_of(const Rows& rows) {
  BlockWriter writer;
  for (const Row& row : rows) {
    std::vector<Sample> samples;
    for (const auto& [field, json] : row.values) {
      samples.push_back({.field = field, .value = value_of(json)});
    }
    writer.add(kBegin_ms + row.after_ms, samples);
  }
  return writer.finish();
}
HourOfRollups quarters_of_rows(const Rows& rows) {
  const std::string bytes = block_of(rows);
  const Block block = must(Block::open(bytes));
  return must(rollups_of(kHour, std::span(&block, 1)));
}
std::string line_of(const RollupField& of) {
  std::string line = fmt::format("{}:", of.field);
  if (of.count != 0) {
    line += fmt::format(" {} {}..{} sum {} last {}", of.count, of.min, of.max, of.sum, of.last);
  }
  if (of.held_ms != 0) line += fmt::format(" integral {} in {}", of.integral, of.held_ms);
  if (of.texts != 0) line += fmt::format(" {} texts, {}", of.texts, of.last_text);
  return line;
}
using Lines = std::vector<std::string>;
Lines lines_of(const HourOfRollups& quarters) {
  Lines lines;
  for (const Rollup& quarter : quarters) {
    lines.push_back(fmt::format("+{}", (quarter.begin_ms - kBegin_ms) / 60'000));
    for (const RollupField& field : quarter.fields) lines.push_back(line_of(field));
  }
  return lines;
}

TEST(Quarters, AValueHoldsIntoTheNextQuarterAsLongAsTheDeviceReports) {
  constexpr std::int64_t kMinute = 60'000;
  const HourOfRollups quarters = quarters_of_rows({{0, {{1, "10"}, {2, "\"on\""}}},
                                                   {4 * kMinute, {{3, "0.5"}}},
                                                   {8 * kMinute, {{1, "20"}}},
                                                   {12 * kMinute, {{2, "\"off\""}}},
                                                   {16 * kMinute, {{1, "30"}}},
                                                   // A gap of more than five minutes.
                                                   {40 * kMinute, {{3, "0.25"}}},
                                                   {42 * kMinute, {{3, "0.75"}}}});
  EXPECT_EQ(
      lines_of(quarters),
      (Lines{"+0", "1: 2 10..20 sum 30 last 20 integral 13200000 in 900000", "2: 2 texts, \"off\"",
             "3: 1 0.5..0.5 sum 0.5 last 0.5 integral 330000 in 660000", "+15",
             "1: 1 30..30 sum 30 last 30 integral 1200000 in 60000", "3: integral 30000 in 60000",
             "+30", "1: integral 3600000 in 120000",
             "3: 2 0.25..0.75 sum 1 last 0.75 integral 30000 in 120000", "+45"}));
}

TEST(Quarters, HaveNothingOfAnHourWithoutNumbers) {
  EXPECT_EQ(lines_of(quarters_of_rows({{1000, {}}})), (Lines{"+0", "+15", "+30", "+45"}));
}

TEST(Quarters, PartsOfAnHourCountTogether) {
  const std::string first = block_of({{1000, {{1, "5"}}}, {3000, {{1, "7"}}}});
  const std::string second = block_of({{2000, {{1, "9"}}}, {4000, {{1, "1"}, {2, "null"}}}});
  const std::vector<Block> blocks = {must(Block::open(second)), must(Block::open(first))};
  EXPECT_EQ(lines_of(must(rollups_of(kHour, blocks))),
            (Lines{"+0", "1: 4 1..9 sum 22 last 1 integral 28000 in 4000", "2: 1 texts, null",
                   "+15", "+30", "+45"}));
}

// Compares everything, allowing for the rounding of doubles.
void expect_alike(const HourOfRollups& got, const HourOfRollups& want) {
  for (std::size_t i = 0; i < kQuarters; ++i) {
    EXPECT_EQ(got[i].begin_ms, want[i].begin_ms);
    ASSERT_EQ(got[i].fields.size(), want[i].fields.size());
    for (std::size_t k = 0; k < want[i].fields.size(); ++k) {
      RollupField one = got[i].fields[k];
      const RollupField& other = want[i].fields[k];
      EXPECT_NEAR(one.sum, other.sum, 1e-12 * std::abs(other.sum) + 1e-9);
      EXPECT_NEAR(one.integral, other.integral, 1e-12 * std::abs(other.integral) + 1e-6);
      one.sum = other.sum;
      one.integral = other.integral;
      EXPECT_EQ(one, other) << line_of(one) << " is not " << line_of(other);
    }
  }
}

std::string any_number(std::mt19937_64& dice) {
  switch (dice() % 6) {
    case 0:
      return "0";
    case 1:
      return fmt::format("{}", dice() % 5000);
    case 2:
      return fmt::format("-{}.{}", dice() % 5000 + 1, dice() % 9 + 1);
    case 3:
      return fmt::format("{}", static_cast<std::int64_t>(dice()));  // huge
    case 4:
      return fmt::format("0.{:018}", dice() % 1'000'000'000'000'000'000);
    default:
      return fmt::format("{}.{:03}", dice() % 10, dice() % 1000);
  }
}

Rows any_rows(std::mt19937_64& dice) {
  Rows rows(dice() % 300 + 1);
  const bool wild = dice() % 2 == 0;
  for (Row& row : rows) {
    row.after_ms = static_cast<std::int64_t>(dice() % kHour_ms);
    for (FieldId field = 0; field < 8; ++field) {
      if (dice() % 3 == 0) continue;
      std::string value = wild ? any_number(dice) : fmt::format("{}.{}", field, dice() % 10);
      if (field > 5 && dice() % 2 == 0) value = fmt::format("[{}]", dice() % 3);
      row.values.emplace_back(field * 1000, std::move(value));
    }
  }
  return rows;
}

TEST(Quarters, TogetherTheySayWhatTheBlockSaysAndAreReadAsTheyWereWritten) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 dice(seed);
    const std::string bytes = block_of(any_rows(dice));
    const Block block = must(Block::open(bytes));
    const HourOfRollups quarters = must(rollups_of(kHour, std::span(&block, 1)));
    expect_alike(must(read_rollups(kHour, write_rollups(quarters))), quarters);
    std::map<FieldId, RollupField> all;
    for (const Rollup& quarter : quarters) {
      for (const RollupField& field : quarter.fields) {
        RollupField& to = all[field.field];
        if (field.count != 0) {
          to.min = to.count == 0 ? field.min : std::min(to.min, field.min);
          to.max = to.count == 0 ? field.max : std::max(to.max, field.max);
          to.last = field.last;
        }
        to.count += field.count;
        to.sum += field.sum;
        to.integral += field.integral;
        to.texts += field.texts;
      }
    }
    for (const FieldId field : block.fields()) {
      EXPECT_EQ(all[field].texts, block.size(field).texts);
      const auto wanted = block.statistics(field);
      if (!wanted) continue;
      EXPECT_EQ(all[field].count, wanted->count);
      EXPECT_EQ(all[field].min, wanted->min);
      EXPECT_EQ(all[field].max, wanted->max);
      EXPECT_EQ(all[field].last, wanted->last);
      const double large = std::max(std::abs(wanted->min), std::abs(wanted->max));
      EXPECT_NEAR(all[field].sum, wanted->sum, large * 1e-9);
      EXPECT_NEAR(all[field].integral, wanted->integral, large * 3.6e6 * 1e-9);
    }
  }
}

// Typical reports of a home's device: 50 fields, of which half change.
Rows usual_rows() {
  std::mt19937_64 dice(7);
  Rows rows;
  std::vector<std::int64_t> powers(25);
  for (std::int64_t at = 0; at < kHour_ms; at += 10'000) {
    Row row{.after_ms = at + static_cast<std::int64_t>(dice() % 50), .values = {}};
    for (FieldId field = 0; field < 50; ++field) {
      if (field >= 25) {
        row.values.emplace_back(field, fmt::format("{}", field * 10));
        continue;
      }
      std::int64_t& power = powers[field];
      power = std::max(std::int64_t{0}, power + static_cast<std::int64_t>(dice() % 201) - 100);
      row.values.emplace_back(field, field % 5 == 0 ? fmt::format("{}.{}", power / 10, power % 10)
                                                    : fmt::format("{}", power));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

TEST(Quarters, TakeAboutAKilobyteOfFiftyFields) {
  const Rows rows = usual_rows();
  const std::size_t size = write_rollups(quarters_of_rows(rows)).size();
  EXPECT_LT(size, 1300);
  EXPECT_GT(block_of(rows).size(), 5 * size);
  RecordProperty("bytes", static_cast<int>(size));
}

TEST(Quarters, AnythingElseIsRefused) {
  const std::string good = write_rollups(quarters_of_rows(usual_rows()));
  EXPECT_FALSE(read_rollups(kHour, ""));
  EXPECT_FALSE(read_rollups(kHour, "\x01"));
  std::string later = good;
  later[0] = 2;
  EXPECT_NE(read_rollups(kHour, later).error().detail.find("version 2"), std::string::npos);
  std::string other = good;
  other[1] = 2;
  EXPECT_FALSE(read_rollups(kHour, other));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(read_rollups(kHour, good.substr(0, size))) << size;
  }
  EXPECT_FALSE(read_rollups(kHour, good + "x"));
  // Field 7 twice, with a text each.
  const std::string_view twice(
      "\x01\x00\x02\x07\x01\x20\x20\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00", 17);
  EXPECT_TRUE(read_rollups(kHour, twice));
  std::string same(twice);
  same[4] = 0;
  EXPECT_FALSE(read_rollups(kHour, same));
  // Not compressed, so that the reader sees it: more fields than there are bytes; a scale of 10.
  EXPECT_FALSE(read_rollups(kHour, std::string("\x01\x00\x7F", 3)));
  EXPECT_FALSE(
      read_rollups(kHour, std::string("\x01\x00\x01\x00\x1A\x00\x00\x00\x00\x00\x00\x00\x00", 13)));
}

}  // namespace
}  // namespace gridloom::history
