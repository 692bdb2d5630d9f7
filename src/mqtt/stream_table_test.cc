// Streams as the log tells them.
#include "mqtt/stream_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace gridloom::mqtt {
namespace {

using hub::PublicationReleased;
using hub::PublicationTaken;
using hub::Receipt;
using hub::SessionChange;
using hub::StreamBegun;
using hub::StreamCleared;
using hub::StreamEnded;
using testing::IsEmpty;
using testing::SizeIs;

std::string bytes_of(std::initializer_list<SessionChange> changes) {
  std::string bytes;
  for (const SessionChange& change : changes) hub::append_change(bytes, change);
  return bytes;
}

const SessionChange kBegun = StreamBegun{.stream = 7, .user = "R331", .client_id = "device"};
constexpr Receipt kOnce{.packet_id = 5, .exactly_once = true, .digest = 50};

TEST(StreamTable, HasWhatTheLogSays) {
  StreamTable table;
  EXPECT_TRUE(table.take(
      3, bytes_of({kBegun, PublicationTaken{.stream = 7, .receipt = {.packet_id = 1, .digest = 2}},
                   PublicationTaken{.stream = 7, .receipt = kOnce}})));
  EXPECT_TRUE(table.take(4, bytes_of({PublicationReleased{.stream = 7, .packet_id = 5}})));
  EXPECT_EQ(table.record(), 4U);
  const StoredStreams all = table.all();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].user, "R331");
  EXPECT_EQ(all[0].client_id, "device");
  EXPECT_TRUE(all[0].receipts.knows({.packet_id = 1, .digest = 2}));
  EXPECT_FALSE(all[0].receipts.knows(kOnce));
}

TEST(StreamTable, TellsEachChangedStreamOnceAndAgainAfterAFailure) {
  StreamTable table;
  table.take(1, bytes_of({kBegun, PublicationTaken{.stream = 7, .receipt = kOnce}}));
  const auto rows = table.take_changed();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].number, 7);
  EXPECT_THAT(table.take_changed(), IsEmpty());
  table.put_back(rows);
  EXPECT_THAT(table.take_changed(), SizeIs(1));
  table.take(2, bytes_of({StreamEnded{7}}));
  const auto gone = table.take_changed();
  ASSERT_THAT(gone, SizeIs(1));
  EXPECT_TRUE(gone[0].ended);
  EXPECT_THAT(table.all(), IsEmpty());
}

TEST(StreamTable, AClearedStreamOwesNoPubrel) {
  StreamTable table;
  table.take(1,
             bytes_of({kBegun, PublicationTaken{.stream = 7, .receipt = kOnce}, StreamCleared{7}}));
  EXPECT_THAT(table.all()[0].receipts.owed(), IsEmpty());
  EXPECT_TRUE(table.all()[0].receipts.knows(kOnce));
}

TEST(StreamTable, PassesOverStreamsThatItDoesNotKnowAndStopsAtDamage) {
  StreamTable table;
  EXPECT_TRUE(table.take(1, bytes_of({PublicationTaken{.stream = 8, .receipt = kOnce}})));
  EXPECT_THAT(table.all(), IsEmpty());
  const std::string whole = bytes_of({kBegun, PublicationTaken{.stream = 7, .receipt = kOnce}});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    StreamTable cut;
    const std::string head = bytes_of({kBegun});
    EXPECT_EQ(cut.take(1, whole.substr(0, size)), size == head.size()) << size;
  }
  EXPECT_FALSE(table.take(2, whole + "\x63\x01"));
  EXPECT_THAT(table.all(), SizeIs(1));
}

}  // namespace
}  // namespace gridloom::mqtt
