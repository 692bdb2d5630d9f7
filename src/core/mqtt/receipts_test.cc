// Detection of repetitions, and how long publications are remembered.
#include "mqtt/receipts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/chance.h"

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

TEST(Receipts, AnUnacknowledgedReceiptIsNeverSettled) {
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
  for (std::size_t i = 0; i <= Receipts::kMax; ++i) {
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
  for (std::uint16_t id = 1; id <= Receipts::kMax; ++id) receipts.take({.packet_id = id}, 0);
  EXPECT_TRUE(receipts.knows({.packet_id = 1}));
  receipts.take({.packet_id = 5000}, 0);
  EXPECT_EQ(receipts.size(), Receipts::kMax);
  EXPECT_FALSE(receipts.knows({.packet_id = 1}));
}

// A reference model that searches without relying on any order.
class Model {
 public:
  void take(const Receipt& receipt, std::size_t settled) {
    drop_oldest(settled);
    remove(receipt.packet_id);
    receipts_.push_back(receipt);
    if (receipts_.size() > Receipts::kMax) drop_oldest(1);
  }
  void remove(std::uint16_t packet_id) {
    std::erase_if(receipts_, [&](const Receipt& one) { return one.packet_id == packet_id; });
  }
  [[nodiscard]] bool knows(const Receipt& receipt) const {
    return std::ranges::any_of(receipts_, [&](const Receipt& one) {
      return one.packet_id == receipt.packet_id && one.digest == receipt.digest;
    });
  }
  [[nodiscard]] std::size_t size() const { return receipts_.size(); }
  [[nodiscard]] const Receipt& at(std::size_t place) const { return receipts_.at(place); }

 private:
  void drop_oldest(std::size_t count) {
    for (; count > 0; --count) {
      const auto oldest = std::ranges::find(receipts_, false, &Receipt::exactly_once);
      if (oldest != receipts_.end()) receipts_.erase(oldest);
    }
  }

  std::vector<Receipt> receipts_;
};

TEST(Receipts, AreFoundHoweverAClientNumbersItsMessages) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    const Chance chance(seed);
    std::uint64_t draws = 0;
    const auto below = [&](std::uint32_t end) {
      return static_cast<std::uint32_t>(chance.bits(++draws) % end);
    };
    Receipts receipts;
    Model model;
    std::uint16_t last = 65'000;  // so that the ids wrap around
    for (int i = 0; i < 20'000; ++i) {
      // Mostly the next one, as most clients do; seeds 3 and 4 jump.
      const bool jumps = seed > 2 && below(500) == 0;
      last = static_cast<std::uint16_t>(jumps ? below(65'535) : last + 1 + below(20) / 19);
      const Receipt receipt{.packet_id = std::max<std::uint16_t>(last, 1),
                            .exactly_once = below(10) == 0,
                            .digest = below(4)};
      const std::uint32_t settled = below(3) == 0 ? below(model.size() > 50 ? 9 : 2) : 0;
      receipts.take(receipt, settled);
      model.take(receipt, settled);
      if (below(2) == 0) {
        const std::uint16_t done =
            model.at(below(static_cast<std::uint32_t>(model.size()))).packet_id;
        receipts.remove(done);
        model.remove(done);
      }
      ASSERT_EQ(receipts.size(), model.size());
      const Receipt near{.packet_id = static_cast<std::uint16_t>(last - below(100)), .digest = 1};
      ASSERT_EQ(receipts.knows(near), model.knows(near)) << "seed " << seed << ", step " << i;
    }
    EXPECT_GT(model.size(), 10U);
  }
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
