#include "hub/shard_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/platform/stored_messages.h"
#include "testing/home.h"

namespace gridloom::hub {
namespace {

class ShardSetTest : public testing::Test {
 protected:
  ShardSetTest() {
    home.add_account("alice");
    home.add_device(kDelta2Sn, "alice");
  }
  ShardSet make(RequestPath path = {}) { return {home.platform, home.loops(), std::move(path)}; }
  FakePtr device(Loop& loop) {
    return std::make_shared<FakeClient>(
        loop, must(home.hub->access().sign_in(kDelta2Sn, home.device(kDelta2Sn).key)), "c");
  }

  TestHome home{4};
};

TEST_F(ShardSetTest, ADeviceIsOnTheLoopOfItsShard) {
  ShardSet shards = make();
  ASSERT_EQ(shards.size(), 4U);
  std::set<std::size_t> used;
  for (int i = 0; i < 100; ++i) {
    const std::string sn = fmt::format("SN{}", i);
    const std::size_t index = shards.index_of(sn);
    ASSERT_LT(index, shards.size());
    EXPECT_EQ(&shards.loop_of(sn), home.loops()[index]);
    used.insert(index);
  }
  EXPECT_EQ(used.size(), 4U);
}

TEST_F(ShardSetTest, ATaskForAllRunsOnEachShardOnce) {
  ShardSet shards = make();
  std::set<const Shard*> seen;
  int calls = 0;
  shards.post_to_all([&](Shard& shard) {
    seen.insert(&shard);
    ++calls;
  });
  EXPECT_EQ(calls, 0);
  home.settle();
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(seen.size(), 4U);
}

TEST_F(ShardSetTest, TheAskerIsToldOnceAllShardsHaveAnswered) {
  ShardSet shards = make();
  const FakePtr old = device(home.client_loop);
  const FakePtr fresh = device(home.client_loop);
  int done = 0;
  const ReplyId reply = shards.replies().add(shards.size(), &home.client_loop, [&done] { ++done; });
  shards.send_to_all(home.account("alice").id, Rebind{.old = old, .fresh = fresh}, reply);
  for (std::size_t i = 0; i + 1 < shards.size(); ++i) home.shard_loops[i]->run();
  home.client_loop.run();
  EXPECT_EQ(done, 0);
  home.settle();
  EXPECT_EQ(done, 1);
  EXPECT_EQ(shards.replies().size(), 0U);
}

TEST_F(ShardSetTest, RequestsAndRepliesGoOnTheirPath) {
  Lines passed;
  ShardSet shards = make({.request =
                              [&passed](Request request) {
                                passed.emplace_back("request");
                                return request;
                              },
                          .reply =
                              [&passed](Reply reply) {
                                passed.emplace_back("reply");
                                return reply;
                              }});
  TestHome::Answer answer;
  shards.send(shards.index_of(kDelta2Sn), {.reply = shards.replies().add(home.reply_into(answer)),
                                           .action = SaveTwin{kDelta2Sn}});
  home.settle();
  EXPECT_EQ(passed, (Lines{"request", "reply"}));
  EXPECT_TRUE(answer.here());
}

TEST_F(ShardSetTest, AReportIsACallOnlyWhereRequestsHaveNoPath) {
  ShardSet shards = make();
  EXPECT_TRUE(shards.takes_report(*device(shards.loop_of(kDelta2Sn))));
  EXPECT_FALSE(shards.takes_report(*device(home.client_loop)));
  const FakeClient app(shards.loop_of(kDelta2Sn),
                       Identity{.role = Role::kAccount, .name = kDelta2Sn}, "app");
  EXPECT_FALSE(shards.takes_report(app));
  ShardSet far = make({.request = [](Request request) { return request; }});
  EXPECT_FALSE(far.takes_report(*device(far.loop_of(kDelta2Sn))));
}

// Notes what it is sent.
class FakeRemote final : public RemoteShards {
 public:
  void send(Request request, std::optional<Partition> partition) override {
    lines.push_back(fmt::format("send {}{}", request.action.index(), partition ? " of one" : ""));
  }
  void send_to_all(Request request) override {
    lines.push_back(fmt::format("all {}", request.action.index()));
  }
  void note(const Request& request, std::optional<Partition> /*partition*/) override {
    lines.push_back(fmt::format("note {}", request.action.index()));
  }
  void client_changed(const ClientPtr& /*client*/) override { lines.emplace_back("changed"); }
  void tick() override { lines.emplace_back("tick"); }
  void restore(StoredTransit /*stored*/) override {}
  void restore(const StoredArrivals& /*stored*/) override {}
  Lines take() { return std::exchange(lines, {}); }

  Lines lines;
};

TEST_F(ShardSetTest, RequestsForAPartitionThatIsElsewhereGoToTheOtherNodes) {
  ShardSet shards = make();
  auto others = std::make_unique<FakeRemote>();
  FakeRemote& remote = *others;
  shards.use(std::move(others));
  const Partition partition = partition_of(kDelta2Sn);
  const FakePtr client = device(shards.loop_of(kDelta2Sn));
  EXPECT_EQ(shards.places(), shards.size() + 1);
  EXPECT_LT(shards.index_of(kDelta2Sn), shards.size());
  EXPECT_TRUE(shards.takes_report(*client));
  shards.send_to(partition_of(kDelta2Sn), {.action = SaveTwin{kDelta2Sn}});
  EXPECT_THAT(remote.take(), testing::ElementsAre("note 3"));

  const std::size_t here = shards.index_of(kDelta2Sn);
  shards.update_elsewhere(partition, [] { return true; });
  EXPECT_EQ(shards.index_of(kDelta2Sn), shards.size());
  EXPECT_FALSE(shards.takes_report(*client));
  shards.send_to(partition_of(kDelta2Sn), {.action = SaveTwin{kDelta2Sn}});
  EXPECT_THAT(remote.take(), testing::ElementsAre("note 3", "send 3 of one"));
  // It was grouped for the shard before the partition went.
  Publish publish{.client = client, .publications = {}};
  publish.publications.push_back({.sn = kDelta2Sn, .message = nullptr, .options = {}});
  shards.send(here, {.action = std::move(publish)});
  EXPECT_THAT(remote.take(), testing::ElementsAre("send 4"));
  shards.send_to_all({}, EndSession{client});
  EXPECT_THAT(remote.take(), testing::ElementsAre("note 9", "all 9"));

  shards.update_elsewhere(partition, [] { return false; });
  EXPECT_EQ(shards.index_of(kDelta2Sn), here);
  EXPECT_TRUE(shards.takes_report(*client));
}

}  // namespace
}  // namespace gridloom::hub
