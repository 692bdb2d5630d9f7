// Tests that rows are read back as they were added, that blocks are the same whether rows were
// stored meanwhile or not, and that damage is detected.
#include "history/blocks/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "history/blocks/block_layout.h"
#include "history/blocks/chunk.h"
#include "history/blocks/test_rows.h"
#include "testing/dice.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

using namespace std::string_literals;
using Lines = std::vector<std::string>;

std::string line_of(std::int64_t at_ms, std::span<const Sample> samples) {
  std::string line = std::to_string(at_ms);
  for (const Sample& sample : samples) {
    line += " " + std::to_string(sample.field) + "=" + text_of(sample.value);
  }
  return line;
}

Lines lines_of(const Rows& rows) {
  Lines lines;
  for (const Row& row : rows) {
    std::vector<Sample> samples;
    for (const auto& [field, json] : row.samples) {
      samples.push_back({.field = field, .value = value_of(json)});
    }
    lines.push_back(line_of(row.at_ms, samples));
  }
  return lines;
}

// Writes rows; rows with the same fields share one shape.
std::string rows_part(const Rows& rows) {
  RowsWriter writer;
  std::map<std::vector<FieldId>, std::size_t> shapes;
  for (const Row& row : rows) {
    std::vector<FieldId> fields;
    std::string values;
    for (const auto& [field, json] : row.samples) {
      fields.push_back(field);
      append_value(values, value_of(json));
    }
    const std::size_t shape = shapes.try_emplace(fields, writer.shapes()).first->second;
    writer.add(row.at_ms, shape, fields, values);
  }
  return writer.finish();
}

std::string checked(std::string bytes) {
  append_check(bytes);
  return bytes;
}

Lines read(std::string_view chunk) {
  Lines lines;
  auto reader = RowsReader::open(chunk);
  EXPECT_TRUE(reader.has_value());
  while (const RowsReader::Row* row = reader->next()) {
    lines.push_back(line_of(row->at_ms, row->samples));
  }
  EXPECT_FALSE(reader->failed());
  EXPECT_EQ(reader->malformed(), 0);
  return lines;
}

TEST(Rows, ComeBackAsTheyWereAdded) {
  Dice dice(31);
  for (const auto& [name, course] : kCourses) {
    SCOPED_TRACE(name);
    const Rows rows = stream(dice, course);
    EXPECT_EQ(read(rows_part(rows)), lines_of(rows));
  }
}

TEST(Rows, KeepTimesOfAnyDistance) {
  const Rows rows = {{.at_ms = INT64_MAX, .samples = {{1, "1"}}},
                     {.at_ms = INT64_MIN, .samples = {{1, "2"}}},
                     {.at_ms = 0, .samples = {}}};
  EXPECT_EQ(read(rows_part(rows)), lines_of(rows));
}

// An hour may be stored as rows, as blocks, or as some of each, before it is over.
TEST(Rows, BecomeTheBlockThatWouldHaveBeenMadeAtOnce) {
  Dice dice(32);
  for (const auto& [name, course] : kCourses) {
    SCOPED_TRACE(name);
    const Rows rows = stream(dice, course);
    std::vector<std::string> chunks;
    for (std::size_t begin = 0; begin < rows.size();) {
      const std::size_t size = std::min(1 + dice.below(150), rows.size() - begin);
      const auto from = rows.begin() + static_cast<std::ptrdiff_t>(begin);
      const Rows some(from, from + static_cast<std::ptrdiff_t>(size));
      chunks.push_back(dice.once_in(3) ? written(some, Packing::kRaw) : rows_part(some));
      begin += size;
    }
    const std::vector<std::string_view> views(chunks.begin(), chunks.end());
    EXPECT_EQ(merge(views), std::vector{written(rows)});
  }
}

TEST(Rows, MoreRowsThanABlockHoldsBecomeSeveralBlocks) {
  RowsWriter writer;
  const std::vector<FieldId> fields = {0};
  const std::string text(std::size_t{1} << 20U, 'x');
  constexpr std::int64_t kRows = 40;  // 40 MB
  for (std::int64_t i = 0; i < kRows; ++i) {
    std::string value;
    append_value(value, {.text = text});
    writer.add(i, 0, fields, value);
  }
  const std::string chunk = writer.finish();
  const std::string_view view = chunk;
  const auto blocks = merge(std::span(&view, 1));
  ASSERT_TRUE(blocks.has_value());
  EXPECT_EQ(blocks->size(), 2);
  std::int64_t rows = 0;
  for (const std::string& block : *blocks) {
    ASSERT_TRUE(each_row(block, [&](std::int64_t at_ms, std::span<const Sample> samples) {
                  EXPECT_EQ(at_ms, rows++);
                  EXPECT_EQ(samples[0].value.text, text);
                }).has_value());
  }
  EXPECT_EQ(rows, kRows);
}

TEST(Rows, WithValuesOfNoFieldAreLeftOutAlone) {
  RowsWriter writer;
  const std::vector<FieldId> fields = {7, 8};
  std::string one;
  append_value(one, value_of("1"));
  std::string two = one;
  append_value(two, value_of("2"));
  writer.add(1, 0, fields, two);
  writer.add(2, 0, fields, one);
  writer.add(3, 0, fields, two + one);
  writer.add(4, 0, fields, two);
  const std::string chunk = writer.finish();
  auto reader = must(RowsReader::open(chunk));
  Lines lines;
  while (const auto* row = reader.next()) lines.push_back(line_of(row->at_ms, row->samples));
  EXPECT_EQ(lines, (Lines{"1 7=1 8=2", "4 7=1 8=2"}));
  EXPECT_EQ(reader.malformed(), 2);
  EXPECT_FALSE(reader.failed());
}

TEST(Rows, CutShortOrOfAnotherBitAreMalformed) {
  Dice dice(33);
  const std::string good = rows_part(stream(dice, {.rows = 20, .fields = 5, .one_in_text = 5}));
  ASSERT_TRUE(RowsReader::open(good).has_value());
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_EQ(RowsReader::open(good.substr(0, size)).error().code, ErrorCode::kMalformed) << size;
  }
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(static_cast<std::uint8_t>(bytes[bit / 8]) ^ 1U << bit % 8);
    ASSERT_EQ(RowsReader::open(bytes).error().code, ErrorCode::kMalformed) << bit;
    const std::string_view view = bytes;
    ASSERT_EQ(merge(std::span(&view, 1)).error().code, ErrorCode::kMalformed) << bit;
  }
}

TEST(Rows, FalseSizesUnderAGoodChecksumFailWithoutAllocation) {
  const std::string_view head = "GR\x01";
  std::string lies;
  append_signed(lies, 5);
  append_varint(lies, 0);
  append_varint(lies, std::uint64_t{1} << 40U);  // fields
  for (const std::string& body : {lies, "\x0A\x01"s, "\x0A\0\x01"s, "\x0A\0\0\x05"s}) {
    const std::string bytes = checked(std::string(head) + body);
    auto reader = RowsReader::open(bytes);
    ASSERT_TRUE(reader.has_value());
    EXPECT_EQ(reader->next(), nullptr);
    EXPECT_TRUE(reader->failed());
    const std::string_view view = bytes;
    EXPECT_EQ(merge(std::span(&view, 1)).error().code, ErrorCode::kMalformed);
  }
}

TEST(Rows, RowsOfALaterVersionAreMalformed) {
  const std::string later = checked(std::string("GR\x02"));
  const auto reader = RowsReader::open(later);
  ASSERT_FALSE(reader.has_value());
  EXPECT_THAT(reader.error().detail, testing::HasSubstr("version"));
}

}  // namespace
}  // namespace gridloom::history
