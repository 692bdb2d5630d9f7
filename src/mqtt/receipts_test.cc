// What a repetition is, and how long it is known.
#include "mqtt/receipts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace gridloom::mqtt {
namespace {

using hub::Receipt;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr TimePoint kNow{Millis(1'700'000'000'000)};
constexpr Receipt kZero{.packet_id = 1, .digest = 10};
constexpr Receipt kOne{.packet_id = 2, .digest = 11};

TEST(Receipts, AnEqualMessageUnderAnotherIdIsNoRepetition) {
  Receipts receipts;
  receipts.take(kZero, 0);
  receipts.take(kOne, 0);
  EXPECT_TRUE(receipts.knows(kZero));
  EXPECT_FALSE(receipts.knows({.packet_id = 3, .digest = kZero.digest}));
}

TEST(Receipts, AnIdThatWasUsedAgainStandsForTheLaterMessage) {
  Receipts receipts;
  receipts.take(kZero, 0);
  receipts.take({.packet_id = kZero.packet_id, .digest = 12}, 0);
  EXPECT_FALSE(receipts.knows(kZero));
  EXPECT_EQ(receipts.size(), 1U);
}

TEST(Receipts, AreKnownHoweverLateTheRepetitionComes) {
  Receipts receipts;
  receipts.take(kZero, 0);
  receipts.answered(kZero.packet_id, kNow);
  EXPECT_TRUE(receipts.knows(kZero));
  EXPECT_EQ(receipts.settled(kNow + Receipts::kSettled_after - Millis(1)), 0U);
  EXPECT_EQ(receipts.settled(kNow + Receipts::kSettled_after), 1U);
}

TEST(Receipts, WhatIsNotAnsweredIsNeverSettled) {
  Receipts receipts;
  receipts.take(kZero, 0);
  receipts.take(kOne, 0);
  receipts.answered(kOne.packet_id, kNow);
  EXPECT_EQ(receipts.settled(kNow + 2 * Receipts::kSettled_after), 0U);
}

TEST(Receipts, AMessageOfQos2IsKnownUntilItsPubrel) {
  Receipts receipts;
  const Receipt once{.packet_id = 9, .exactly_once = true, .digest = 5};
  receipts.take(once, 0);
  for (std::size_t i = 0; i <= Receipts::kMost; ++i) {
    const auto id = static_cast<std::uint16_t>(100 + i);
    receipts.take({.packet_id = id, .digest = id}, 0);
  }
  EXPECT_TRUE(receipts.knows(once));
  EXPECT_THAT(receipts.owed(), ElementsAre(9));
  receipts.remove(9);
  EXPECT_FALSE(receipts.knows(once));
}

TEST(Receipts, ANewSessionOwesNothingAndStillKnowsWhatCame) {
  Receipts receipts;
  const Receipt once{.packet_id = 9, .exactly_once = true, .digest = 5};
  receipts.take(once, 0);
  receipts.clear_owed();
  EXPECT_THAT(receipts.owed(), IsEmpty());
  EXPECT_TRUE(receipts.knows(once));
}

TEST(Receipts, AreAsManyAsAllowed) {
  Receipts receipts;
  for (std::uint16_t id = 1; id <= Receipts::kMost; ++id) receipts.take({.packet_id = id}, 0);
  EXPECT_TRUE(receipts.knows({.packet_id = 1}));
  receipts.take({.packet_id = 5000}, 0);
  EXPECT_EQ(receipts.size(), Receipts::kMost);
  EXPECT_FALSE(receipts.knows({.packet_id = 1}));
}

TEST(Receipts, ComeBackFromTheirBytes) {
  Receipts receipts;
  receipts.take(kZero, 0);
  receipts.take({.packet_id = 65'535, .exactly_once = true, .digest = ~std::uint64_t{0}}, 0);
  const std::string bytes = receipts.bytes();
  const auto again = Receipts::from(bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->bytes(), bytes);
  EXPECT_THAT(again->owed(), ElementsAre(65'535));
  EXPECT_FALSE(Receipts::from(bytes.substr(1)));
  EXPECT_FALSE(Receipts::from(std::string(11, '\xFF')));
}

}  // namespace
}  // namespace gridloom::mqtt
