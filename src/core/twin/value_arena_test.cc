// Tests that an arena has the texts that were set, whatever their lengths and their order, and how
// much memory it takes.
#include "twin/value_arena.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace gridloom::twin {
namespace {

TEST(ValueArena, ASlotHasTheTextThatWasSetLast) {
  ValueArena arena(3);
  EXPECT_EQ(arena.text(0), "");
  EXPECT_TRUE(arena.set(1, "5"));
  EXPECT_FALSE(arena.set(1, "5"));
  EXPECT_TRUE(arena.set(1, "6"));
  EXPECT_TRUE(arena.set(0, R"("on")"));
  EXPECT_TRUE(arena.set(1, "-1234.5"));
  EXPECT_TRUE(arena.set(1, "-1234"));
  EXPECT_EQ(arena.text(0), R"("on")");
  EXPECT_EQ(arena.text(1), "-1234");
  EXPECT_EQ(arena.text(2), "");
}

TEST(ValueArena, TakesBytesOfAnyKindAndLength) {
  ValueArena arena(2);
  for (const std::string& text :
       {std::string(1, '\0'), std::string("a\0", 2), std::string("a"), std::string("a\0\0", 3),
        std::string("a\0b", 3), std::string("ab"), std::string(120, 'x'), std::string(255, 'x'),
        std::string(256, 'x'), std::string(262'144, 'y'), std::string(129, 'z'),
        std::string(128, 'z'), std::string("1")}) {
    EXPECT_TRUE(arena.set(0, text)) << text.size();
    EXPECT_FALSE(arena.set(0, text)) << text.size();
    EXPECT_EQ(arena.text(0), text);
    EXPECT_TRUE(arena.set(1, text + '2')) << text.size();
    EXPECT_EQ(arena.text(1), text + '2');
    EXPECT_EQ(arena.text(0), text);
  }
}

// The second number of slots is beyond what cells can be made for.
TEST(ValueArena, EqualsAStringForEachSlotAfterAnyChanges) {
  std::mt19937 dice(1);
  for (const std::size_t slots : {7U, 211U, 3'000U, 70'000U}) {
    ValueArena arena(slots);
    std::vector<std::string> expected(slots);
    for (std::size_t i = 0; i < 6 * slots; ++i) {
      const std::size_t slot = dice() % slots;
      const std::size_t longest = dice() % 50 == 0 ? 400 : 1U << dice() % 7;
      const std::string text(1 + dice() % longest, static_cast<char>('a' + dice() % 26));
      const bool is_new = expected[slot] != text;
      ASSERT_EQ(arena.set(slot, text), is_new);
      expected[slot] = text;
    }
    const ValueArena copy(arena);
    for (std::size_t slot = 0; slot < slots; ++slot) {
      ASSERT_EQ(arena.text(slot), expected[slot]) << slot << " of " << slots;
      arena.set(slot, "changed");
      ASSERT_EQ(copy.text(slot), expected[slot]) << slot << " of " << slots;
    }
  }
}

TEST(ValueArena, TakesTwoBytesASlotAndLittleMoreThanTheTexts) {
  ValueArena arena(200);
  EXPECT_EQ(arena.allocated_bytes(), 0U);
  for (std::size_t slot = 0; slot < 200; ++slot) arena.set(slot, "12");
  EXPECT_LE(arena.allocated_bytes(), 200 * (2 + 4) * 9 / 8);
  // Cells that are too small are replaced, and the old ones do not stay for long.
  for (std::size_t round = 0; round < 10; ++round) {
    for (std::size_t slot = 0; slot < 200; ++slot) arena.set(slot, std::string(3 + round, '1'));
  }
  EXPECT_LE(arena.allocated_bytes(), 200 * (2 + 14) * 5 / 4);
}

}  // namespace
}  // namespace gridloom::twin
