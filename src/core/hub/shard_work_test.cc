// Work of a shard on its loop: in which order requests are done, and when it is flushed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/shard_set.h"
#include "testing/home.h"
#include "testing/loop.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kReport = R"({"params":{"pd.soc":5}})";

class ShardWorkTest : public testing::Test {
 protected:
  ShardWorkTest() {
    home.add_account("alice");
    home.add_device(kDelta2Sn, "alice");
    shards.emplace(home.platform, std::vector<Loop*>{&loop},
                   RequestPath{.request = {}, .reply = [this](Reply reply) {
                                 replies.push_back(reply.to);
                                 return reply;
                               }});
    device = client(loop);
  }
  FakePtr client(Loop& on) {
    return std::make_shared<FakeClient>(
        on, must(home.hub->access().sign_in(kDelta2Sn, home.device(kDelta2Sn).key)), "c");
  }
  void read(registry::AccountId account, std::uint64_t id) {
    shards->send(0, {.account = account, .reply = ReplyId(id), .action = SaveTwin{kDelta2Sn}});
  }

  TestHome home{1};
  ManualLoop loop;
  std::vector<ReplyId> replies;
  std::optional<ShardSet> shards;
  FakePtr device;
};

TEST_F(ShardWorkTest, ARequestWithoutAnAccountGoesBeforeThoseThatWait) {
  read(home.account("alice").id, 1);
  read({}, 2);
  EXPECT_THAT(replies, IsEmpty()) << "nothing is done but on the loop";
  loop.run();
  EXPECT_THAT(replies, ElementsAre(ReplyId(2), ReplyId(1)));
}

TEST_F(ShardWorkTest, WhatATaskCausesIsFlushedBehindTheTasksThatWait) {
  const auto app =
      std::make_shared<FakeClient>(home.client_loop,
                                   Identity{.account = home.account("alice").id,
                                            .name = home.account("alice").certificate_account},
                                   "app");
  app->charge_credit(kMessageBytes);
  shards->send(0, {.account = {},
                   .action = Subscribe{.client = app,
                                       .subscription = {.filter = home.open("alice", "#"),
                                                        .send_retained = false}}});
  loop.run();
  std::vector<bool> had_output;
  for (int i = 0; i < 2; ++i) {
    shards->post(0, [&](Shard& shard) {
      had_output.push_back(shard.has_output());
      shard.publications().report(device, kReport, {.qos = Qos::kAtMostOnce});
    });
  }
  loop.run();
  EXPECT_THAT(had_output, ElementsAre(false, true)) << "both tasks share one flush";
  home.settle();
  EXPECT_THAT(app->take(), SizeIs(3)) << "presence once, and two reports";
}

TEST_F(ShardWorkTest, AReportIsTakenUnlessEarlierWorkWaits) {
  EXPECT_TRUE(shards->takes_report(*device));
  EXPECT_FALSE(shards->takes_report(*client(home.client_loop))) << "it is on another loop";
  device->charge_credit(1);
  EXPECT_FALSE(shards->takes_report(*device)) << "the device's own publications";
  static_cast<void>(device->consume_credit(1));
  EXPECT_TRUE(shards->takes_report(*device));
  read(home.account("alice").id, 1);
  EXPECT_TRUE(loop.step());
  EXPECT_FALSE(shards->takes_report(*device)) << "a request of its account";
  loop.run();
  EXPECT_TRUE(shards->takes_report(*device));
}

TEST_F(ShardWorkTest, AReportIsDoneBeforeTheCallReturns) {
  shards->report(device, kReport,
                 {.qos = Qos::kAtLeastOnce, .token = {.packet_id = 1, .qos = Qos::kAtLeastOnce}});
  EXPECT_THAT(device->acks, SizeIs(1));
  EXPECT_EQ(home.platform.counters.reports.load(), 1U);
}

}  // namespace
}  // namespace gridloom::hub
