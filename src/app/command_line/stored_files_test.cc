#include "app/command_line/stored_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/batch.h"
#include "wire/json.h"

namespace gridloom::app {

namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;

struct Row {
  std::int64_t at_ms = 0;
  std::vector<std::pair<history::FieldId, std::string>> fields;
};

std::string block_of(const std::vector<Row>& rows) {
  history::BlockWriter writer;
  for (const Row& row : rows) {
    std::vector<history::Sample> samples;
    for (const auto& [field, json] : row.fields) {
      samples.push_back({.field = field, .value = value_of(json)});
    }
    writer.add(row.at_ms, samples);
  }
  return writer.finish();
}

std::vector<std::string> lines_of(const std::string& bytes) {
  std::vector<std::string> lines;
  EXPECT_TRUE(
      each_row_line(bytes, [&](std::string_view line) { lines.emplace_back(line); }).has_value());
  return lines;
}

TEST(BlockShow, TellsOfRowsSpanAndEachColumn) {
  const std::string bytes = block_of({{1'700'000'000'000, {{2, "1.5"}, {7, "true"}}},
                                      {1'700'000'001'000, {{2, "2.5"}}},
                                      {1'700'000'002'007, {{2, "\"off\""}}}});
  const std::string text = block_text(*history::Block::open(bytes));
  EXPECT_THAT(text, HasSubstr("rows: 3\n"));
  EXPECT_THAT(text, HasSubstr("first: 2023-11-14T22:13:20.000Z\n"));
  EXPECT_THAT(text, HasSubstr("last: 2023-11-14T22:13:22.007Z\n"));
  // Count, minimum, maximum, last, sum, integral, bytes.
  EXPECT_THAT(text, ContainsRegex("2 numbers +2 +1.5 +2.5 +2.5 +4 +4017.5 +[0-9]+\n"));
  EXPECT_THAT(text, ContainsRegex("2 texts +1 +[0-9]+\n"));
  EXPECT_THAT(text, ContainsRegex("7 texts +1 +[0-9]+\n"));
}

TEST(BlockShow, PrintsEachRowAsALineOfJson) {
  const std::string bytes =
      block_of({{2, {{3, "[1,{\"a\":null}]"}, {1, "-0.50"}}},
                {1, {}},
                {3, {{9, "NaN"}, {10, "1e3"}, {12, "a\"\xFF\n"}, {11, "\"\xC3\xA9\\n\""}}}});
  const std::vector<std::string> lines = lines_of(bytes);
  EXPECT_THAT(lines, ElementsAre(R"({"at_ms":1,"fields":{}})",
                                 R"({"at_ms":2,"fields":{"1":-0.5,"3":[1,{"a":null}]}})",
                                 "{\"at_ms\":3,\"fields\":{\"9\":\"NaN\",\"10\":1e3,\"11\":"
                                 "\"\xC3\xA9\\n\",\"12\":\"a\\u0022\\u00ff\\u000a\"}}"));
  for (const std::string& line : lines) EXPECT_TRUE(wire::parse_json(line).has_value()) << line;
}

TEST(BlockShow, TellsTimesThatAreNoDateAsNumbers) {
  using Limits = std::numeric_limits<std::int64_t>;
  const std::string bytes = block_of({{Limits::min() / 2, {}}, {Limits::max() / 2, {}}});
  const std::string text = block_text(*history::Block::open(bytes));
  EXPECT_THAT(text, HasSubstr("first: -4611686018427387904 ms\n"));
  EXPECT_THAT(text, HasSubstr("last: 4611686018427387903 ms\n"));
}

}  // namespace

namespace {

using journal::RecordKind;

std::string said_of(RecordKind kind, std::string_view payload) {
  return content_of({.sequence = 1, .kind = kind, .payload = payload});
}

std::string batch() {
  journal::BatchWriter writer;
  for (const DeviceNumber device : {7, 9, 7}) {
    writer.begin(device, 1'700'000'000'000);
    writer.add("power", "12.5");
    writer.end();
  }
  return writer.take();
}

TEST(SegmentShow, CountsRowsAndDevicesOfReports) {
  EXPECT_EQ(said_of(RecordKind::kReports, batch()), "3 rows of 2 devices");
  journal::BatchWriter one;
  one.begin(7, 0);
  one.end();
  EXPECT_EQ(said_of(RecordKind::kReports, one.take()), "1 row of 1 device");
}

TEST(SegmentShow, SaysWhereReportsAreNoBatch) {
  const std::string bytes = batch();
  EXPECT_EQ(said_of(RecordKind::kReports, bytes.substr(0, bytes.size() - 1)),
            "2 rows of 2 devices, then bytes that are not a batch");
  EXPECT_EQ(said_of(RecordKind::kReports, "abcd"),
            "0 rows of 0 devices, then bytes that are not a batch");
}

TEST(SegmentShow, ShowsAuditWithoutWhatMovesTheCursor) {
  EXPECT_EQ(said_of(RecordKind::kAudit, "{\"sn\":\"\x1B[2J\x7F\"}"), R"({"sn":".[2J."})");
}

TEST(SegmentShow, SaysNothingOfKindsThatItDoesNotKnow) {
  EXPECT_EQ(said_of(static_cast<RecordKind>(77), "abc"), "");
}

}  // namespace

}  // namespace gridloom::app
