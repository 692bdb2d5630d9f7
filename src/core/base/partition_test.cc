#include "base/partition.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace gridloom {
namespace {

// If this fails, stored positions and other nodes disagree with this program: the function is
// wrong, not the test.
TEST(Partition, IsThatOfTheDocumentForEver) {
  constexpr std::array<std::pair<std::string_view, std::size_t>, 7> kDocumented{{
      {"", 2},
      {"A", 5},
      {"R331ZEB4ZEAL0528", 5},
      {"HJ31ZDH2ZF690025", 33},
      {"M106ZAB4Z000001F", 27},
      {"open-e4b7fa0d5154f6213238ce66843cad8d", 38},
      {"gateway:home", 1},
  }};
  for (const auto& [name, partition] : kDocumented) {
    EXPECT_EQ(number_of(partition_of(name)), partition) << name;
  }
}

// Serial numbers that differ in their last digits only, as those of a factory do.
TEST(Partition, AFleetIsSpreadEvenly) {
  constexpr int kDevices = 64'000;
  std::array<int, kPartitions> devices{};
  for (int k = 0; k < kDevices; ++k) {
    ++devices[number_of(partition_of(fmt::format("R331SIM{:08}", k)))];
  }
  const auto [fewest, most] = std::ranges::minmax(devices);
  EXPECT_GT(fewest, 850);  // 1,000 are expected, with a deviation of 31
  EXPECT_LT(most, 1150);
}

TEST(PartitionMap, DealsThePartitionsInTurn) {
  for (const std::size_t places : {1UL, 2UL, 3UL, 16UL, 64UL, 100UL}) {
    const PartitionMap map(places);
    std::array<int, 100> partitions{};
    for (std::size_t k = 0; k < kPartitions; ++k) {
      const std::size_t place = map.place_of(static_cast<Partition>(k));
      ASSERT_LT(place, places);
      ++partitions[place];
    }
    const auto used = std::span(partitions).first(std::min(places, kPartitions));
    const auto [fewest, most] = std::ranges::minmax(used);
    EXPECT_GE(fewest, 1);
    EXPECT_LE(most - fewest, 1) << places;
  }
}

TEST(PartitionMap, PlacesANameByItsPartition) {
  const PartitionMap map(3);
  EXPECT_EQ(map.place_of("HJ31ZDH2ZF690025"), 33 % 3);
}

}  // namespace
}  // namespace gridloom
