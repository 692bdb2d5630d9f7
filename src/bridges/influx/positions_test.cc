#include "bridges/influx/positions.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>

#include "storage/files.h"
#include "storage/summed_file.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::bridges {
namespace {

constexpr std::int64_t kDay_ms = 86'400'000;
constexpr std::int64_t kNow_ms = 100 * kDay_ms;

struct PositionsTest : testing::Test {
  Positions open(std::int64_t since_ms, std::string target = "http://a/write") {
    return must(Positions::open({.states = &states,
                                 .bridge = "db",
                                 .target = std::move(target),
                                 .since_ms = since_ms,
                                 .now_ms = kNow_ms}));
  }

  TemporaryFolder folder;
  storage::FolderStates states{folder.data() / "bridges"};
  std::filesystem::path file = folder.data() / "bridges" / "db" / "positions.json";
};

TEST_F(PositionsTest, AllBeginsWhenTheBridgeBegan) {
  Positions first = open(1'000);
  EXPECT_EQ(first.of("R33", kNow_ms).from_ms, 1'000);
  must(first.save());
  EXPECT_EQ(open(2'000).since_ms(), 1'000) << "the file tells when it began";
}

TEST_F(PositionsTest, OutliveARestart) {
  const DevicePosition position{.numbering = std::numeric_limits<std::int64_t>::min() + 7,
                                .mark = 12,
                                .from_ms = 3'000,
                                .hours = {{.hour = 5, .last_ms = 18'000'001, .rows = 9}}};
  Positions first = open(1'000);
  first.set("R33", position);
  first.set_complete(5'000);
  must(first.save());
  const Positions again = open(9'000);
  EXPECT_EQ(again.of("R33", kNow_ms), position);
  EXPECT_EQ(again.of("R35", kNow_ms), DevicePosition{.from_ms = 1'000});
  EXPECT_EQ(again.complete_ms(), 5'000);
}

TEST_F(PositionsTest, OfManyHoursTheLastAreKept) {
  DevicePosition position{.mark = 1};
  for (std::int64_t hour = 0; hour < 9; ++hour) position.set({.hour = hour, .rows = 1});
  Positions first = open(1'000);
  first.set("R33", position);
  must(first.save());
  const DevicePosition kept = open(1'000).of("R33", kNow_ms);
  ASSERT_EQ(kept.hours.size(), DevicePosition::kMostHoursKept);
  EXPECT_EQ(kept.hours.back().hour, 8);
}

TEST_F(PositionsTest, OfAnotherDatabaseAreNotThese) {
  Positions first = open(1'000);
  first.set("R33", {.mark = 5});
  must(first.save());
  EXPECT_EQ(open(2'000, "http://b/write").of("R33", kNow_ms), DevicePosition{.from_ms = 2'000});
}

TEST_F(PositionsTest, ADamagedFileIsAsNone) {
  Positions first = open(1'000);
  first.set("R33", {.mark = 5});
  must(first.save());
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 3);
  EXPECT_EQ(open(2'000).of("R33", kNow_ms), DevicePosition{.from_ms = 2'000});
}

// It may be of a clock that was ahead.
TEST_F(PositionsTest, ATimeOfVersion1IsTakenOverWithTheDayBeforeIt) {
  must(storage::make_data_folder(file.parent_path()));
  must(storage::write_summed_file(
      file, R"({"target":"http://a/write","since":1000,"devices":{"R33":864000000,)"
            R"("R34":9999999999999}})"));
  const Positions taken = open(2'000);
  EXPECT_EQ(taken.of("R33", kNow_ms), DevicePosition{.from_ms = 9 * kDay_ms});
  EXPECT_EQ(taken.of("R34", kNow_ms), DevicePosition{.from_ms = kNow_ms - kDay_ms});
  EXPECT_EQ(taken.since_ms(), 1'000);
}

TEST_F(PositionsTest, AClockThatWasAheadWhenTheBridgeBeganKeepsNothingBack) {
  EXPECT_EQ(open(kNow_ms + 30 * kDay_ms).of("R33", kNow_ms).from_ms, kNow_ms - kDay_ms);
}

TEST_F(PositionsTest, AnotherHistoryIsWrittenFromADayBeforeAllWasThere) {
  Positions first = open(1'000);
  first.set_complete(10 * kDay_ms);
  EXPECT_EQ(first.anew(), DevicePosition{.from_ms = 9 * kDay_ms});
}

TEST(DevicePosition, KnowsWhatIsWrittenOfSomeHours) {
  DevicePosition position;
  for (std::int64_t hour = 0; hour < 40; ++hour) {
    position.set({.hour = hour, .last_ms = hour, .rows = 1});
  }
  position.set({.hour = 39, .last_ms = 39, .rows = 2});
  EXPECT_EQ(position.hours.size(), DevicePosition::kMostHours);
  EXPECT_EQ(position.of(39).rows, 2);
  EXPECT_EQ(position.of(0).rows, 0);
}

}  // namespace
}  // namespace gridloom::bridges
