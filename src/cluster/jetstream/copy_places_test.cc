#include "jetstream/copy_places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace gridloom::journal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::uint64_t> entries_with(const CopyPlaces& places, std::uint64_t first,
                                        std::uint64_t last) {
  std::vector<std::uint64_t> entries;
  for (const CopyPlaces::Place& place : places.with(first, last)) entries.push_back(place.entry);
  return entries;
}

// Records 4 to 6 and 9, in entries 11 to 13.
CopyPlaces some() {
  CopyPlaces places;
  places.add(4, 2, 11);
  places.add(6, 1, 12);
  places.add(9, 1, 13);
  return places;
}

TEST(CopyPlaces, KnowWhichRecordsAreThere) {
  EXPECT_EQ(CopyPlaces().last(), 0U);
  EXPECT_FALSE(CopyPlaces().has_all(1, 1));
  const CopyPlaces places = some();
  EXPECT_EQ(places.last(), 9U);
  EXPECT_TRUE(places.has_all(4, 6));
  EXPECT_TRUE(places.has_all(5, 5));
  EXPECT_FALSE(places.has_all(3, 6));
  EXPECT_FALSE(places.has_all(6, 9)) << "7 and 8 are not";
  EXPECT_TRUE(places.has_all(9, 9));
  EXPECT_FALSE(places.has_all(9, 10));
  EXPECT_TRUE(places.has_all(7, 6)) << "none is asked for";
}

TEST(CopyPlaces, NameTheEntriesThatHaveAny) {
  const CopyPlaces places = some();
  EXPECT_THAT(entries_with(places, 1, 3), IsEmpty());
  EXPECT_THAT(entries_with(places, 1, 4), ElementsAre(11));
  EXPECT_THAT(entries_with(places, 5, 9), ElementsAre(11, 12, 13));
  EXPECT_THAT(entries_with(places, 7, 8), IsEmpty());
  EXPECT_THAT(entries_with(places, 10, 20), IsEmpty());
}

TEST(CopyPlaces, LeaveOutWhatIsThereAlready) {
  CopyPlaces places = some();
  places.add(8, 1, 14);
  places.add(8, 4, 15);
  EXPECT_THAT(entries_with(places, 8, 20), ElementsAre(13, 15));
  EXPECT_TRUE(places.has_all(9, 11));
  EXPECT_FALSE(places.has_all(8, 9));
}

TEST(CopyPlaces, DropWholeWrites) {
  CopyPlaces places = some();
  EXPECT_FALSE(places.drop_behind(9));
  EXPECT_TRUE(places.drop_behind(8));
  EXPECT_EQ(places.last(), 6U);
  EXPECT_TRUE(places.drop_behind(4));
  EXPECT_EQ(places.last(), 0U);
}

TEST(CopyPlaces, SayWhichEntriesAreNotNeeded) {
  CopyPlaces places = some();
  EXPECT_EQ(places.forget(4), 10U) << "5 is in the same entry";
  EXPECT_EQ(places.forget(5), 11U);
  EXPECT_EQ(places.forget(8), 12U);
  EXPECT_EQ(places.forget(9), 13U);
  EXPECT_EQ(places.forget(9), 0U);
}

}  // namespace
}  // namespace gridloom::journal
