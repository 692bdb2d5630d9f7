#include "journal/journal_reader.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>

namespace gridloom::journal {
namespace {

constexpr Partition kFirst{0};
constexpr Partition kThird{2};
constexpr Partition kLast{kPartitions - 1};

TEST(Positions, NewOnesAreBeforeTheFirstRecord) {
  const Positions positions;
  EXPECT_EQ(positions.at(kFirst), 0);
  EXPECT_EQ(positions.at(kLast), 0);
  EXPECT_EQ(positions.least(), 0);
  EXPECT_EQ(positions.common(), 0);
  EXPECT_EQ(positions, Positions::everywhere(0));
}

TEST(Positions, OneNumberStandsForAllPartitions) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t sequence : {std::uint64_t{1}, std::uint64_t{7}, kMost}) {
    const Positions positions = Positions::everywhere(sequence);
    EXPECT_EQ(positions.at(kFirst), sequence);
    EXPECT_EQ(positions.at(kLast), sequence);
    EXPECT_EQ(positions.least(), sequence);
    EXPECT_EQ(positions.common(), sequence);
  }
}

TEST(Positions, APartitionAdvancesAlone) {
  Positions positions = Positions::everywhere(5);
  positions.advance(kThird, 9);
  EXPECT_EQ(positions.at(kFirst), 5);
  EXPECT_EQ(positions.at(kThird), 9);
  EXPECT_EQ(positions.at(kLast), 5);
  EXPECT_EQ(positions.least(), 5);
  EXPECT_NE(positions, Positions::everywhere(5));
  EXPECT_NE(positions, Positions::everywhere(9));
  Positions other = Positions::everywhere(5);
  other.advance(kThird, 9);
  EXPECT_EQ(positions, other);
  other.advance(kLast, 6);
  EXPECT_NE(positions, other);
}

TEST(Positions, NoPartitionGoesBack) {
  Positions positions = Positions::everywhere(5);
  positions.advance(kThird, 4);
  positions.advance(kThird, 5);
  EXPECT_EQ(positions, Positions::everywhere(5));
  positions.advance(kThird, 9);
  positions.advance(kThird, 8);
  EXPECT_EQ(positions.at(kThird), 9);
}

TEST(Positions, AreOneNumberAgainOnceAllPartitionsAreThere) {
  Positions positions;
  for (std::size_t i = 0; i < kPartitions; ++i) {
    EXPECT_EQ(positions.least(), 0);
    EXPECT_EQ(positions.common().has_value(), i == 0);
    positions.advance(static_cast<Partition>(i), 3);
  }
  EXPECT_EQ(positions, Positions::everywhere(3));
  EXPECT_EQ(positions.common(), 3);
}

TEST(Positions, ThatDifferAreNotOneNumber) {
  Positions positions = Positions::everywhere(5);
  positions.advance(kThird, 9);
  positions.advance(kLast, 7);
  const auto common = positions.common();
  ASSERT_FALSE(common);
  EXPECT_EQ(common.error().code, ErrorCode::kConflict);
  EXPECT_EQ(common.error().detail,
            "one number has to stand for the positions of all partitions, and they differ: they "
            "are between 5 and 9");
}

}  // namespace
}  // namespace gridloom::journal
