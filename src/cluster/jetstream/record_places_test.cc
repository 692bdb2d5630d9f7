#include "jetstream/record_places.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace gridloom::journal {
namespace {

TEST(RecordPlaces, NameAMessageAtOrBeforeARecord) {
  RecordPlaces places;
  EXPECT_EQ(places.before(1), 0U);
  places.add(1, 10);
  places.add(5, 11);
  places.add(5, 12);
  places.add(9, 13);
  EXPECT_EQ(places.before(0), 0U);
  EXPECT_EQ(places.before(1), 10U);
  EXPECT_EQ(places.before(4), 10U);
  EXPECT_EQ(places.before(5), 11U) << "the first of the messages that begin there";
  EXPECT_EQ(places.before(100), 13U);
  places.forget(11);
  EXPECT_EQ(places.before(4), 0U);
  EXPECT_EQ(places.before(8), 11U);
}

TEST(RecordPlaces, ForgetEverySecondOneWhenThereAreTooMany) {
  RecordPlaces places;
  constexpr std::uint64_t kMany = 100'000;
  for (std::uint64_t i = 1; i <= kMany; ++i) places.add(10 * i, i);
  EXPECT_EQ(places.before(10), 1U);
  for (std::uint64_t record = 10; record <= 10 * kMany; record += 977) {
    const std::uint64_t place = places.before(record);
    EXPECT_GE(place, 1U);
    EXPECT_LE(10 * place, record);
    EXPECT_GT(10 * place + 10 * kMany / 1'000, record) << "not far before it";
  }
}

}  // namespace
}  // namespace gridloom::journal
