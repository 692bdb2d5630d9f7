#include "bridges/influx/positions.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::bridges {
namespace {

struct PositionsTest : testing::Test {
  [[nodiscard]] Positions open(std::int64_t since_ms, std::string target = "http://a/write") const {
    return Positions::open({.file = file, .target = std::move(target), .since_ms = since_ms});
  }

  TemporaryFolder folder;
  std::filesystem::path file = folder.data() / "bridges" / "db" / "positions.json";
};

TEST_F(PositionsTest, AllBeginsWhenTheBridgeBegan) {
  Positions first = open(1'000);
  EXPECT_EQ(first.of("R33"), 1'000);
  must(first.save());
  EXPECT_EQ(open(2'000).since_ms(), 1'000) << "the file tells when it began";
}

TEST_F(PositionsTest, OutliveARestart) {
  Positions first = open(1'000);
  first.set("R33", 5'000);
  first.set("R34", 6'000);
  first.set("R33", 7'000);
  must(first.save());
  const Positions again = open(9'000);
  EXPECT_EQ(again.of("R33"), 7'000);
  EXPECT_EQ(again.of("R34"), 6'000);
  EXPECT_EQ(again.of("R35"), 1'000);
}

TEST_F(PositionsTest, OfAnotherDatabaseAreNotThese) {
  Positions first = open(1'000);
  first.set("R33", 5'000);
  must(first.save());
  EXPECT_EQ(open(2'000, "http://b/write").of("R33"), 2'000);
}

TEST_F(PositionsTest, ADamagedFileIsAsNone) {
  Positions first = open(1'000);
  first.set("R33", 5'000);
  must(first.save());
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 3);
  EXPECT_EQ(open(2'000).of("R33"), 2'000);
}

}  // namespace
}  // namespace gridloom::bridges
