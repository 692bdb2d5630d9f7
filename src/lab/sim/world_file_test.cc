#include "sim/world_file.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world.h"

namespace gridloom::sim {
namespace {

constexpr TimePoint kDay{std::chrono::sys_days{std::chrono::June / 21 / 2025}};

TEST(WorldFile, HoldsEachRowUntilTheNext) {
  const auto file = WorldFile::parse("world.csv",
                                     "# a real home\n"
                                     "time, load_w, sun, air_c\r\n"
                                     "2025-06-21 10:00, 300.5, 0.7, 24\n"
                                     "\n"
                                     "2025-06-21T10:15:00Z,2200,,\n",
                                     {});
  ASSERT_TRUE(file) << file.error().detail;
  EXPECT_EQ((*file)->rows(), 2U);
  World::Options options;
  options.file = *file;
  const World world(options);
  const auto at = [&](int minute) { return world.at(kDay + std::chrono::minutes{minute}); };
  EXPECT_FALSE(at(599).household_w) << "before the first row, the seed's world";
  EXPECT_EQ(at(600).household_w, 300.5);
  EXPECT_EQ(at(614).sun, 0.7);
  EXPECT_EQ(at(614).outdoor_c(), 24);
  EXPECT_EQ(at(615).household_w, 2200);
  EXPECT_NE(at(615).sun, 0.7) << "an empty cell";
  EXPECT_EQ(at(9000).household_w, 2200);
}

TEST(WorldFile, MayBeTheHistoryOfARealHome) {
  const auto file = WorldFile::parse("history.csv",
                                     "time,sysLoadPwr [W],outside [°C],local_time\r\n"
                                     "2025-06-21T10:00:00Z,300.5,21.5,2025-06-21 12:00+02:00\r\n"
                                     "2025-06-21T10:15:00Z,,,2025-06-21 12:15+02:00\r\n"
                                     "2025-06-21T10:30:00Z,-1.25,-2,\r\n"
                                     "2025-06-21T10:45:00Z,,,\r\n",
                                     {});
  ASSERT_TRUE(file) << file.error().detail;
  const WorldFile::Row* row = (*file)->at(kDay + std::chrono::hours{10});
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->load_w, 300.5);
  EXPECT_EQ(row->air_c, 21.5);
  row = (*file)->at(kDay + std::chrono::minutes{630});
  EXPECT_EQ(row->load_w, 0) << "another device fed in more than the home used";
  EXPECT_EQ(row->air_c, -2);
  EXPECT_FALSE((*file)->at(kDay + std::chrono::hours{11})->load_w) << "a gap";
}

TEST(WorldFile, NamesTheLineAndWhatWouldBeRight) {
  struct Case {
    std::string_view text;
    std::string_view wanted;
  };
  const std::vector<Case> cases = {
      {"", "w.csv: must have a line of column names and at least one row"},
      {"time,load_w\n", "w.csv: must have a line of column names and at least one row"},
      {"time,watts\n", "w.csv:1: there is no column \"watts\": must be time, load_w, sun or air_c"},
      {"load_w\n", "w.csv:1: the column time is missing"},
      {"time,sun,sun\n", "w.csv:1: the column sun is there twice"},
      {"time,a [W],b [W]\n", "w.csv:1: the column load_w is there twice"},
      {"time,load_w,b [W]\n", "w.csv:1: the column load_w is there twice"},
      {"time,a [W]\n2025-06-21 10:00,-1e6\n",
       "w.csv:2: load_w is -1e6: must be -100000 to 100000 W"},
      {"time,load_w\n2025-06-21 10:00\n", "w.csv:2: has 1 cells: must have 2"},
      {"time,load_w\n2025-06-21 10:00,lots\n", "w.csv:2: load_w is lots: must be 0 to 100000 W"},
      {"time,load_w\n2025-06-21 10:00,-1\n", "w.csv:2: load_w is -1: must be 0 to 100000 W"},
      {"time,sun\n2025-06-21 10:00,nan\n", "w.csv:2: sun is nan: must be 0 to 1.2"},
      {"time,load_w\n2025-06-21 10:00,1\n2025-06-21 10:00,2\n",
       "w.csv:3: its time must be later than that of the row before"},
  };
  for (const Case& each : cases) {
    const auto file = WorldFile::parse("w.csv", each.text, {});
    ASSERT_FALSE(file) << each.text;
    EXPECT_EQ(file.error().detail, each.wanted);
  }
  const auto file = WorldFile::parse("w.csv", "time,sun\nyesterday,1\n", {});
  ASSERT_FALSE(file);
  EXPECT_TRUE(file.error().detail.starts_with("w.csv:2: time is \"yesterday\": must be a time"))
      << file.error().detail;
}

}  // namespace
}  // namespace gridloom::sim
