// StreamTable: applying the log's changes of streams.
#include "mqtt/stream_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>

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

void apply(StreamTable& table, std::initializer_list<SessionChange> changes) {
  for (const SessionChange& change : changes) table.apply(change);
}

const SessionChange kBegun = StreamBegun{.stream = 7, .user = "R331", .client_id = "device"};
constexpr Receipt kOnce{.packet_id = 5, .exactly_once = true, .digest = 50};

TEST(StreamTable, HasWhatTheLogSays) {
  StreamTable table;
  apply(table, {kBegun, PublicationTaken{.stream = 7, .receipt = {.packet_id = 1, .digest = 2}},
                PublicationTaken{.stream = 7, .receipt = kOnce},
                PublicationReleased{.stream = 7, .packet_id = 5}});
  const StoredStreams all = table.all();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].user, "R331");
  EXPECT_EQ(all[0].client_id, "device");
  EXPECT_TRUE(all[0].receipts.knows({.packet_id = 1, .digest = 2}));
  EXPECT_FALSE(all[0].receipts.knows(kOnce));
}

TEST(StreamTable, TellsEachChangedStreamOnceAndAgainAfterAFailure) {
  StreamTable table;
  apply(table, {kBegun, PublicationTaken{.stream = 7, .receipt = kOnce}});
  const auto rows = table.take_changed();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].number, 7);
  EXPECT_THAT(table.take_changed(), IsEmpty());
  table.put_back(rows);
  EXPECT_THAT(table.take_changed(), SizeIs(1));
  apply(table, {StreamEnded{7}});
  const auto gone = table.take_changed();
  ASSERT_THAT(gone, SizeIs(1));
  EXPECT_TRUE(gone[0].ended);
  EXPECT_THAT(table.all(), IsEmpty());
}

TEST(StreamTable, AClearedStreamOwesNoPubrel) {
  StreamTable table;
  apply(table, {kBegun, PublicationTaken{.stream = 7, .receipt = kOnce}, StreamCleared{7}});
  EXPECT_THAT(table.all()[0].receipts.owed(), IsEmpty());
  EXPECT_TRUE(table.all()[0].receipts.knows(kOnce));
}

TEST(StreamTable, PassesOverStreamsThatItDoesNotKnowAndOtherChanges) {
  StreamTable table;
  apply(table, {PublicationTaken{.stream = 8, .receipt = kOnce}, hub::SessionEnded{7}});
  EXPECT_THAT(table.all(), IsEmpty());
  apply(table, {kBegun, hub::MessageDone{.session = 7, .message = 1}});
  EXPECT_THAT(table.all(), SizeIs(1));
}

}  // namespace
}  // namespace gridloom::mqtt
