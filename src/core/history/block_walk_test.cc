// Tests of walks that stop within an hour and continue, over chunks in the store and rows in
// memory.
#include "history/block_walk.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "history/blocks/chunk.h"
#include "history/blocks/hours.h"
#include "history/blocks/rows.h"
#include "history/instant_journal.h"
#include "history/test_archive.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

using testing::ElementsAre;
using Lines = std::vector<std::string>;

constexpr std::int64_t kHour = 1'700'000'000'000 / kHour_ms;
constexpr std::int64_t kStart_ms = kHour * kHour_ms;

Columns only(FieldId field) {
  return {.wanted = [field](FieldId each) { return each == field; }};
}

// Lines such as "TIME FIELD=VALUE ...", with the numbers of the fields.
Lines lines_of(const Block& block) {
  Lines lines;
  must(block.each_row([&](std::int64_t at_ms, std::span<const Sample> samples) {
    std::string line = fmt::format("{}", at_ms - kStart_ms);
    for (const Sample& sample : samples) {
      line += sample.field == kOtherColumns
                  ? " other"
                  : fmt::format(" {}={}", sample.field, text_of(sample.value));
    }
    lines.push_back(std::move(line));
  }));
  return lines;
}

Lines projected(std::string_view chunk, const Columns& columns) {
  Lines all;
  must(each_block_of(chunk, columns, [&](const Block& block) -> Status {
    const Lines lines = lines_of(block);
    all.insert(all.end(), lines.begin(), lines.end());
    return {};
  }));
  return all;
}

// One row per entry: its time, and the JSON texts of fields 1, 2, ...
std::string rows_part(const std::vector<std::pair<std::int64_t, std::vector<std::string>>>& rows) {
  RowsWriter writer;
  std::vector<std::size_t> shapes;  // by number of fields
  for (const auto& [at_ms, values] : rows) {
    std::vector<FieldId> fields;
    std::string bytes;
    for (const std::string& json : values) {
      fields.push_back(static_cast<FieldId>(fields.size() + 1));
      append_value(bytes, value_of(json));
    }
    while (shapes.size() <= values.size()) shapes.push_back(SIZE_MAX);
    std::size_t& shape = shapes[values.size()];
    if (shape == SIZE_MAX) shape = writer.shapes();
    writer.add(kStart_ms + at_ms, shape, fields, bytes);
  }
  return writer.finish();
}

TEST(EachBlockOf, OnlyTheWantedColumnsOfRowsAreUnpacked) {
  const std::string chunk = rows_part({{1, {"10", "\"a\""}}, {2, {"11"}}, {5, {"12", "true"}}});
  EXPECT_THAT(projected(chunk, only(1)), ElementsAre("1 1=10 other", "2 1=11", "5 1=12 other"));
  EXPECT_THAT(projected(chunk, only(2)),
              ElementsAre("1 2=\"a\" other", "2 other", "5 2=true other"));
  EXPECT_THAT(projected(chunk, {}), ElementsAre("1 1=10 2=\"a\"", "2 1=11", "5 1=12 2=true"));
}

TEST(EachBlockOf, EqualRowsOfOneTimeAreDifferentReports) {
  const std::string chunk = rows_part({{1, {"10", "1"}}, {1, {"10", "2"}}, {1, {"10", "2"}}});
  EXPECT_THAT(projected(chunk, only(1)),
              ElementsAre("1 1=10 other", "1 1=10 other", "1 1=10 other"));
  EXPECT_THAT(projected(chunk, {}), ElementsAre("1 1=10 2=1", "1 1=10 2=2", "1 1=10 2=2"));
}

TEST(EachBlockOf, NamesAreReadWithoutValues) {
  const std::string chunk = rows_part({{1, {"10"}}, {2, {"10", "1", "\"x\""}}, {3, {"4"}}});
  std::vector<FieldId> fields;
  must(each_block_of(chunk, {.names_only = true}, [&](const Block& block) -> Status {
    fields = block.fields();
    return {};
  }));
  EXPECT_THAT(fields, ElementsAre(1, 2, 3));
}

TEST(EachBlockOf, ADamagedPartIsAFault) {
  std::string chunk = rows_part({{1, {"10"}}});
  chunk[chunk.size() / 2] ^= 1;
  EXPECT_FALSE(each_block_of(chunk, only(1), [](const Block&) { return Status(); }));
}

class BlockWalkTest : public testing::Test {
 protected:
  void report(std::int64_t after_ms, std::string_view value) {
    journal::BatchWriter writer;
    writer.begin(1, kStart_ms + after_ms);
    writer.add("text", value);
    writer.add("n", "1");
    writer.end();
    journal().append(journal::RecordKind::kReports, writer.take(), {});
  }
  InstantJournal& journal() {
    if (!journal_) journal_.emplace(*archive_);
    return *journal_;
  }
  void reopen() {
    archive_->stop();
    journal_.reset();
    archive_ = open_archive(folder_.data(), clock_, {});
  }

  TemporaryFolder folder_;
  TestClock clock_{TimePoint(Millis(kStart_ms))};
  std::unique_ptr<Archive> archive_ = open_archive(folder_.data(), clock_, {});
  std::optional<InstantJournal> journal_;
};

// One hour of 8 MB; the first half is in the store.
TEST_F(BlockWalkTest, StopsInsideOfAnHourAndMissesNothing) {
  constexpr int kReports = 100;
  const std::string text = '"' + std::string(80'000, 'x') + '"';
  for (int i = 0; i < kReports; ++i) {
    report(i, text);
    if (i == kReports / 2) reopen();
  }
  BlockWalk walk({.device = 1, .from = kHour, .to = kHour + 1, .columns = only(1)});
  std::vector<std::int64_t> times;
  int steps = 0;
  while (!walk.done()) {
    std::size_t before = times.size();
    read_now(*archive_, [&](Reader& reader) {
      must(walk.read(reader, [&](std::int64_t, const Block& block) { return block.times(times); },
                     {}));
    });
    ++steps;
    EXPECT_LE(times.size() - before, 2 * BlockWalk::kBytesAtOnce / text.size() + 2);
  }
  EXPECT_GT(steps, 8);
  ASSERT_EQ(times.size(), kReports);
  for (int i = 0; i < kReports; ++i) EXPECT_EQ(times[static_cast<std::size_t>(i)], kStart_ms + i);
}

}  // namespace
}  // namespace gridloom::history
