#include "history/blocks/block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/blocks/chunk.h"
#include "history/blocks/test_rows.h"
#include "testing/dice.h"

namespace gridloom::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<Kept> read(std::string_view bytes) {
  const auto block = Block::open(bytes);
  EXPECT_TRUE(block.has_value());
  std::vector<Kept> rows;
  const auto status = block->each_row([&](std::int64_t at_ms, std::span<const Sample> samples) {
    Kept& row = rows.emplace_back(Kept{at_ms, {}});
    EXPECT_TRUE(std::ranges::is_sorted(samples, {}, &Sample::field));
    for (const Sample& sample : samples) {
      EXPECT_TRUE(row.samples.emplace(sample.field, said(sample.value)).second);
    }
  });
  EXPECT_TRUE(status.has_value());
  return rows;
}

// Expects that every function of a block returns the same data as the rows.
void expect_kept(const Rows& rows) {
  const std::vector<Kept> wanted = expected(rows);
  const std::string bytes = written(rows);
  ASSERT_EQ(read(bytes), wanted);
  const auto block = Block::open(bytes);
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(block->rows(), wanted.size());
  EXPECT_EQ(block->first_at_ms(), wanted.front().at_ms);
  EXPECT_EQ(block->last_at_ms(), wanted.back().at_ms);

  std::vector<std::int64_t> times;
  ASSERT_TRUE(block->times(times).has_value());
  std::map<FieldId, std::vector<std::pair<std::int64_t, std::string>>> by_field;
  ASSERT_EQ(times.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    ASSERT_EQ(times[i], wanted[i].at_ms);
    for (const auto& [field, value] : wanted[i].samples) {
      by_field[field].emplace_back(wanted[i].at_ms, value);
    }
  }
  std::vector<FieldId> fields;
  for (const auto& [field, column] : by_field) {
    fields.push_back(field);
    std::vector<Block::Timed> values;
    ASSERT_TRUE(block->values(field, values).has_value());
    std::vector<Point> points;
    ASSERT_TRUE(block->numbers(field, points).has_value());
    ASSERT_EQ(values.size(), column.size());
    std::size_t point = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      Value value = values[i].value;
      if (!value.is_number) value.text = values[i].text;
      ASSERT_EQ(std::pair(values[i].at_ms, said(value)), column[i]) << "field " << field;
      if (!value.is_number) continue;
      ASSERT_LT(point, points.size());
      ASSERT_EQ(points[point].at_ms, column[i].first);
      ASSERT_DOUBLE_EQ(points[point].value, to_double(value.number));
      ++point;
    }
    ASSERT_EQ(point, points.size());
    EXPECT_EQ(block->size(field).numbers, points.size());
    EXPECT_EQ(block->size(field).texts, values.size() - points.size());
  }
  EXPECT_EQ(block->fields(), fields);
}

TEST(Block, GivesBackWhatWasAdded) {
  expect_kept({
      {.at_ms = 1000, .samples = {{3, "1.50"}, {1, "\"on\""}, {2, "-7"}}},
      {.at_ms = 2000, .samples = {{3, "1.25"}, {1, "true"}}},
      {.at_ms = 3000, .samples = {}},
      {.at_ms = 4000, .samples = {{3, "null"}, {7, "1e300"}, {9, "NaN"}}},
  });
}

TEST(Block, GivesBackAnyStream) {
  Dice dice(11);
  for (int round = 0; round < 6; ++round) {
    for (const auto& [name, course] : kCourses) {
      SCOPED_TRACE(name);
      ASSERT_NO_FATAL_FAILURE(expect_kept(stream(dice, course)));
    }
  }
}

TEST(Block, KeepsNumbersAtTheirLimits) {
  Dice dice(13);
  for (int round = 0; round < 200; ++round) {
    BlockWriter writer;
    std::vector<std::pair<std::int64_t, std::string>> wanted;
    for (std::int64_t at_ms = 0; at_ms < 8; ++at_ms) {
      const Decimal number = dice.any_decimal();
      const Sample sample{.field = 5, .value = {.is_number = true, .number = number}};
      writer.add(at_ms, {&sample, 1});
      wanted.emplace_back(at_ms, text_of(reduced(number)));
    }
    const std::string bytes = writer.finish();
    const auto block = Block::open(bytes);
    ASSERT_TRUE(block.has_value());
    std::vector<Block::Timed> values;
    ASSERT_TRUE(block->values(5, values).has_value());
    std::vector<std::pair<std::int64_t, std::string>> got;
    for (const Block::Timed& timed : values) {
      ASSERT_TRUE(timed.value.is_number);
      got.emplace_back(timed.at_ms, text_of(timed.value.number));
    }
    ASSERT_EQ(got, wanted);
    std::vector<Point> points;
    ASSERT_TRUE(block->numbers(5, points).has_value());
    const auto statistics = block->statistics(5);
    ASSERT_TRUE(statistics.has_value());
    const auto [least, most] = std::ranges::minmax_element(points, {}, &Point::value);
    EXPECT_DOUBLE_EQ(statistics->min, least->value);
    EXPECT_DOUBLE_EQ(statistics->max, most->value);
    EXPECT_DOUBLE_EQ(statistics->last, points.back().value);
  }
}

TEST(Block, KeepsTimesAtTheirLimits) {
  using Limits = std::numeric_limits<std::int64_t>;
  const Rows rows = {
      {.at_ms = 0, .samples = {{1, "1"}}},
      {.at_ms = Limits::max(), .samples = {{1, "9"}}},
      {.at_ms = Limits::max() / 2, .samples = {{1, "3"}, {2, "1"}}},
      {.at_ms = Limits::max() - 1, .samples = {{1, "5"}}},
  };
  expect_kept(rows);
  const std::string bytes = written(rows);
  EXPECT_EQ(Block::open(bytes)->statistics(1)->integral, 5);
}

TEST(Block, RefusesNothingThatADecimalCanBe) {
  // More decimals than a report can contain: kept exactly, though not as a number.
  const Sample sample{.field = 1,
                      .value = {.is_number = true, .number = {.digits = 5, .scale = 30}}};
  BlockWriter writer;
  writer.add(0, {&sample, 1});
  EXPECT_EQ(read(writer.finish())[0].samples.at(1), "text 0.000000000000000000000000000005");
}

TEST(Block, ManyRowsAreReadBack) {
  Dice dice(14);
  Rows rows = stream(dice, {.rows = 70'000, .fields = 3, .step_ms = 50, .one_in_text = 9});
  expect_kept(rows);
}

TEST(Block, SortsRowsOfOneTimeAsTheyCameAndKeepsThoseThatSayTheSame) {
  const Rows rows = {
      {.at_ms = 5, .samples = {{1, "2"}}},
      {.at_ms = 4, .samples = {{1, "1"}}},
      {.at_ms = 5, .samples = {{1, "1"}}},
      {.at_ms = 5, .samples = {{1, "2.0"}}},
      {.at_ms = 5, .samples = {}},
      {.at_ms = 5, .samples = {}},
      {.at_ms = 4, .samples = {{1, "1.00"}}},
      {.at_ms = 6, .samples = {{1, "1"}}},
      {.at_ms = 5, .samples = {{1, "\"2\""}}},
  };
  EXPECT_THAT(read(written(rows)),
              ElementsAre(Kept{4, {{1, "1"}}}, Kept{4, {{1, "1"}}}, Kept{5, {{1, "2"}}},
                          Kept{5, {{1, "1"}}}, Kept{5, {{1, "2"}}}, Kept{5, {}}, Kept{5, {}},
                          Kept{5, {{1, "text \"2\""}}}, Kept{6, {{1, "1"}}}));
}

TEST(Block, TakesTheLastValueOfAFieldThatARowNamesTwice) {
  const Rows rows = {{.at_ms = 1, .samples = {{7, "1"}, {3, "2"}, {7, "\"x\""}, {3, "4"}}},
                     {.at_ms = 2, .samples = {{3, "true"}, {3, "5"}, {3, "5.0"}}}};
  EXPECT_THAT(read(written(rows)),
              ElementsAre(Kept{1, {{3, "4"}, {7, "text \"x\""}}}, Kept{2, {{3, "5"}}}));
}

TEST(Block, WriterIsEmptyAfterItFinished) {
  BlockWriter writer;
  EXPECT_TRUE(writer.empty());
  add(writer, {.at_ms = 1, .samples = {{1, "1"}}});
  EXPECT_FALSE(writer.empty());
  const std::string first = writer.finish();
  EXPECT_TRUE(writer.empty());
  EXPECT_EQ(writer.held_bytes(), 0U);
  add(writer, {.at_ms = 1, .samples = {{1, "1"}}});
  EXPECT_EQ(writer.finish(), first);
}

TEST(Block, WriterIsFullBeforeABlockWouldBeTooLargeToRead) {
  // The maximum number of samples in the minimum of bytes.
  std::vector<Sample> samples;
  for (FieldId field = 0; field < 1000; ++field) {
    samples.push_back({.field = field, .value = {.is_number = true}});
  }
  BlockWriter writer;
  std::int64_t at_ms = 0;
  while (!writer.full()) writer.add(++at_ms, samples);
  const std::string bytes = writer.finish();
  const auto block = Block::open(bytes);
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(block->rows(), static_cast<std::size_t>(at_ms));
  EXPECT_EQ(block->statistics(999)->count, static_cast<std::size_t>(at_ms));
}

TEST(Block, LargeTextsAreReadBackUntilTheWriterIsFull) {
  constexpr std::size_t kMaxRowBytes = std::size_t{8} * 1024 * 1024;
  BlockWriter writer;
  Dice dice(15);
  std::size_t rows = 0;
  while (!writer.full()) {
    std::string text(kMaxRowBytes, ' ');
    for (char& c : text) c = static_cast<char>('a' + dice.below(2));
    const Sample sample{.field = 1, .value = {.text = text}};
    writer.add(static_cast<std::int64_t>(rows++), {&sample, 1});
  }
  const std::string bytes = writer.finish();
  std::size_t seen = 0;
  const auto status = Block::open(bytes)->each_row([&](std::int64_t, std::span<const Sample> row) {
    seen += row[0].value.text.size() == kMaxRowBytes ? 1 : 0;
  });
  EXPECT_TRUE(status.has_value());
  EXPECT_EQ(seen, rows);
}

TEST(Block, HasNothingOfAFieldThatItHasNot) {
  const std::string bytes = written({{.at_ms = 1, .samples = {{2, "true"}, {4, "1"}}}});
  const auto block = Block::open(bytes);
  for (const FieldId field : {0U, 1U, 3U, 5U, UINT32_MAX}) {
    std::vector<Point> points;
    std::vector<Block::Timed> values;
    EXPECT_FALSE(block->statistics(field).has_value());
    EXPECT_TRUE(block->numbers(field, points).has_value());
    EXPECT_TRUE(block->values(field, values).has_value());
    EXPECT_THAT(points, IsEmpty());
    EXPECT_EQ(values.size(), 0U);
    EXPECT_EQ(block->size(field).numbers + block->size(field).number_bytes, 0U);
    EXPECT_EQ(block->size(field).texts + block->size(field).text_bytes, 0U);
  }
  EXPECT_FALSE(block->statistics(2).has_value());
  EXPECT_TRUE(block->statistics(4).has_value());
}

TEST(Block, PutsResultsBehindWhatIsThere) {
  const std::string bytes = written({{.at_ms = 1, .samples = {{2, "1"}}}});
  const auto block = Block::open(bytes);
  std::vector<Point> points(3);
  std::vector<Block::Timed> values(2);
  std::vector<std::int64_t> times(1);
  ASSERT_TRUE(block->numbers(2, points).has_value());
  ASSERT_TRUE(block->values(2, values).has_value());
  ASSERT_TRUE(block->times(times).has_value());
  EXPECT_EQ(points.size(), 4U);
  EXPECT_EQ(values.size(), 3U);
  EXPECT_EQ(times.size(), 2U);
}

TEST(Block, KeepsFieldsWithAnyNumber) {
  Rows rows;
  for (std::int64_t at_ms = 0; at_ms < 20; ++at_ms) {
    Row row{.at_ms = at_ms, .samples = {}};
    for (const FieldId field : {0U, 16'383U, 16'384U, 1'000'000U, UINT32_MAX - 1, UINT32_MAX}) {
      row.samples.emplace_back(field, std::to_string(at_ms));
    }
    rows.push_back(row);
  }
  expect_kept(rows);
}

TEST(Block, MergedIsAsIfWrittenAtOnce) {
  Dice dice(16);
  for (const auto& [name, course] : kCourses) {
    SCOPED_TRACE(name);
    const Rows rows = stream(dice, course);
    std::vector<std::string> chunks;
    for (std::size_t begin = 0; begin < rows.size();) {
      const std::size_t size = std::min(1 + dice.below(150), rows.size() - begin);
      const auto from = rows.begin() + static_cast<std::ptrdiff_t>(begin);
      chunks.push_back(written(Rows(from, from + static_cast<std::ptrdiff_t>(size))));
      begin += size;
    }
    const std::vector<std::string_view> views(chunks.begin(), chunks.end());
    const auto merged = merge(views);
    ASSERT_TRUE(merged.has_value());
    EXPECT_EQ(*merged, std::vector{written(rows)});
  }
}

TEST(Block, AnUncompressedBlockHasTheSameContentAndMergesIntoACompressedOne) {
  Dice dice(17);
  for (const auto& [name, course] : kCourses) {
    SCOPED_TRACE(name);
    const Rows rows = stream(dice, course);
    const std::string packed = written(rows);
    const std::string raw = written(rows, Packing::kRaw);
    EXPECT_EQ(read(raw), read(packed));
    EXPECT_GE(raw.size(), packed.size());
    const std::string_view view = raw;
    EXPECT_EQ(merge(std::span(&view, 1)), std::vector{packed});
  }
}

TEST(Block, MergedWithADamagedOneIsAFault) {
  const std::string good = written({{.at_ms = 1, .samples = {{2, "1"}}}});
  EXPECT_EQ(merge(std::vector<std::string_view>{good, "GB"}).error().code, ErrorCode::kMalformed);
  EXPECT_EQ(merge({}), std::vector<std::string>());
}

}  // namespace
}  // namespace gridloom::history
