// Damaged or truncated blocks are malformed; blocks with wrong content and a correct checksum give
// an error or wrong values, but nothing worse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "history/blocks/block.h"
#include "history/blocks/block_layout.h"
#include "history/blocks/test_rows.h"
#include "testing/dice.h"

namespace gridloom::history {
namespace {

// Calls every function of a block, whatever its content.
void use(std::string_view bytes) {
  const auto block = Block::open(bytes);
  if (!block) {
    EXPECT_EQ(block.error().code, ErrorCode::kMalformed);
    return;
  }
  std::vector<Point> points;
  std::vector<Block::Timed> values;
  std::vector<std::int64_t> times;
  (void)block->times(times);
  for (const FieldId field : block->fields()) {
    (void)block->statistics(field);
    (void)block->numbers(field, points);
    (void)block->values(field, values);
  }
  std::size_t seen = 0;
  (void)block->each_row([&](std::int64_t, std::span<const Sample> samples) {
    for (const Sample& sample : samples) seen += text_of(sample.value).size();
  });
}

// Replaces the checksum by the one that matches the content.
std::string checked(std::string bytes) {
  bytes.resize(bytes.size() - kCheck_bytes);
  append_check(bytes);
  return bytes;
}

TEST(BlockDamage, CutShortIsMalformed) {
  Dice dice(17);
  const std::string bytes =
      written(stream(dice, {.rows = 80, .fields = 9, .one_in_text = 5, .one_in_gap = 9}));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    const auto block = Block::open(cut);
    ASSERT_FALSE(block.has_value()) << size;
    ASSERT_EQ(block.error().code, ErrorCode::kMalformed);
    if (size < 3 + kCheck_bytes) continue;
    ASSERT_FALSE(Block::open(checked(cut)).has_value()) << size;
  }
  EXPECT_FALSE(Block::open(bytes + '\0').has_value());
  EXPECT_FALSE(Block::open(checked(bytes + '\0')).has_value());
}

TEST(BlockDamage, AFlippedBitIsMalformed) {
  Dice dice(16);
  const std::string good =
      written(stream(dice, {.rows = 30, .fields = 9, .one_in_text = 5, .one_in_gap = 9}));
  ASSERT_TRUE(Block::open(good).has_value());
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(static_cast<std::uint8_t>(bytes[bit / 8]) ^ 1U << bit % 8);
    const auto block = Block::open(bytes);
    ASSERT_FALSE(block.has_value()) << bit;
    ASSERT_EQ(block.error().code, ErrorCode::kMalformed);
  }
}

TEST(BlockDamage, ArbitraryBytesAreMalformed) {
  Dice dice(19);
  const std::string good =
      written(stream(dice, {.rows = 200, .fields = 9, .one_in_text = 5, .one_in_gap = 9}));
  for (int round = 0; round < 500; ++round) {
    std::string bytes = good;
    for (std::size_t n = 1 + dice.below(30); n > 0; --n) {
      bytes[dice.below(bytes.size())] = static_cast<char>(dice.bits());
    }
    if (bytes == good) continue;
    ASSERT_FALSE(Block::open(bytes).has_value()) << round;
  }
}

TEST(BlockDamage, WithACheckThatIsRightGivesAnythingButNeverMoreThanItHolds) {
  Dice dice(18);
  for (const std::size_t rows : {2U, 30U, 400U}) {
    const std::string good =
        written(stream(dice, {.rows = rows, .fields = 9, .one_in_text = 5, .one_in_gap = 9}));
    for (int round = 0; round < 1500; ++round) {
      std::string bytes = good;
      for (std::size_t n = 1 + dice.below(3); n > 0; --n) {
        bytes[dice.below(bytes.size() - kCheck_bytes)] = static_cast<char>(dice.bits());
      }
      use(checked(bytes));
    }
  }
}

TEST(BlockDamage, ABlockThatClaimsMoreThanItHoldsIsMalformed) {
  // The number of rows follows the magic bytes and the version.
  for (const std::uint64_t rows :
       {std::uint64_t{2}, std::uint64_t{1} << 20U, std::uint64_t{1} << 40U, UINT64_MAX}) {
    const std::string good = written({{.at_ms = 1, .samples = {{2, "1"}}}});
    std::string bytes = good.substr(0, 3);
    append_varint(bytes, rows);
    bytes += good.substr(4);
    bytes = checked(std::move(bytes));
    const auto block = Block::open(bytes);
    std::vector<std::int64_t> times;
    std::vector<Point> points;
    EXPECT_TRUE(!block || !block->times(times)) << rows;
    EXPECT_TRUE(!block || !block->numbers(2, points)) << rows;
    EXPECT_EQ(times.capacity() + points.capacity(), 0U);
  }
}

TEST(BlockDamage, ABlockOfAnUnknownVersionIsMalformed) {
  std::string bytes = written({{.at_ms = 1, .samples = {{2, "1"}}}});
  bytes[2] = 2;
  const auto later = Block::open(bytes);
  ASSERT_FALSE(later.has_value());
  EXPECT_THAT(later.error().detail, testing::HasSubstr("version"));
  for (const std::string_view other : {"", "G", "GB", "SQLite format 3"}) {
    EXPECT_EQ(Block::open(other).error().code, ErrorCode::kMalformed);
  }
}

}  // namespace
}  // namespace gridloom::history
