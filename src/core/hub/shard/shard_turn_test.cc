#include "hub/shard/shard_turn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "hub/clients/test_log.h"
#include "hub/shard/test_shard_parts.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ShardTurnTest : public testing::Test {
 protected:
  ShardTurnTest() {
    parts.home.add_account("alice");
    parts.home.add_device(kDelta2Sn, "alice");
    parts.refresh();
    app = parts.subscriber("alice");
  }
  void send(std::string payload) {
    parts.turn.router().to_apps(app->identity().name, kDelta2Sn, Verb::kQuota,
                                {.like = {.payload = std::move(payload)}});
  }

  TestLog log;
  TestShardParts parts;
  FakePtr app;
};

TEST_F(ShardTurnTest, NothingLeavesBeforeTheTurnEnds) {
  EXPECT_FALSE(parts.turn.has_output());
  send("1");
  EXPECT_TRUE(parts.turn.has_output());
  parts.home.settle();
  EXPECT_THAT(app->got, IsEmpty());
  parts.end_turn();
  EXPECT_FALSE(parts.turn.has_output());
  EXPECT_THAT(app->got, SizeIs(1));
}

// The shard brings the number back to its loop; until it has, what waits for the record is held.
TEST_F(ShardTurnTest, ARecordIsAppendedOnceATurnAndItsNumberComesBack) {
  parts.home.platform.journal = &log;
  for (const bool online : {true, false})
    parts.turn.writer().add_presence(5, parts.home.clock.now(), online);
  EXPECT_TRUE(parts.turn.has_output());
  parts.turn.gate().acknowledge(app, {.token = {.packet_id = 7}},
                                parts.turn.writer().last_record());
  parts.end_turn();
  ASSERT_THAT(log.waiting, SizeIs(1));
  EXPECT_THAT(parts.durable, IsEmpty());
  log.waiting[0].durable();
  ASSERT_THAT(parts.durable, ElementsAre(1U));
  EXPECT_THAT(app->acks, IsEmpty());
  parts.turn.gate().durable(1);
  EXPECT_TRUE(parts.turn.has_output()) << "the acknowledgement is for another loop";
  parts.end_turn();
  ASSERT_THAT(app->acks, SizeIs(1));
  EXPECT_EQ(app->acks[0].token.packet_id, 7);
}

TEST_F(ShardTurnTest, AClientOnTheShardsLoopIsAcknowledgedAtOnce) {
  const auto own = std::make_shared<FakeClient>(parts.loop, Identity{}, "own");
  parts.turn.gate().acknowledge(own, {.token = {.packet_id = 7}}, 0);
  EXPECT_THAT(own->acks, SizeIs(1));
  EXPECT_FALSE(parts.turn.has_output());
}

TEST_F(ShardTurnTest, EffortGrowsWithBytesAndDeliveries) {
  struct Case {
    std::size_t bytes = 0;
    std::int64_t effort = 0;
  };
  for (const Case& each : {Case{.bytes = 0, .effort = 4}, Case{.bytes = 255, .effort = 4},
                           Case{.bytes = 256, .effort = 5}, Case{.bytes = 2560, .effort = 14}}) {
    const std::int64_t before = parts.turn.effort();
    parts.turn.add_effort_of_message(each.bytes);
    EXPECT_EQ(parts.turn.effort() - before, each.effort) << each.bytes;
  }
  const std::int64_t before = parts.turn.effort();
  send("1");
  parts.turn.add_effort(2);
  EXPECT_EQ(parts.turn.effort() - before, 3);
}

}  // namespace
}  // namespace gridloom::hub
