// One shard's part of the feed: what a report costs without a reader, and readers that come and go
// within a turn.
#include "hub/shard/shard_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/shard/twin_table.h"
#include "testing/allocation_count.h"
#include "testing/home.h"

namespace gridloom::hub {
namespace {

class CountingReader final : public ChangeReader {
 public:
  void on_changes(ChangeBatch batch) override { devices += batch.devices.size(); }
  std::size_t devices = 0;
};

class ShardChangesTest : public testing::Test {
 protected:
  ShardChangesTest() {
    home.add_account("alice");
    home.add_device(kDelta2Sn, "alice");
    table.use(home.registry->directory());
    changes.use(home.registry->directory());
  }
  ChangeSubscription subscribe() {
    ChangeSubscription made =
        home.platform.changes.subscribe({.reader = reader, .loop = &home.client_loop});
    made.add(kDelta2Sn);
    return made;
  }
  void report(std::string_view payload) {
    DeviceState& state = table.at(kDelta2Sn);
    const auto applied =
        must(state.twin.apply(payload, twins, &taken, changes.begin_report(kDelta2Sn, state)));
    state.last_report = home.clock.now();
    changes.end_report(kDelta2Sn, state, applied.changed != 0);
  }

  TestHome home{1};
  TwinTable table{home.platform, [](const registry::Device&) {}};
  ShardChanges changes{home.platform, [](std::string_view) { return true; }};
  twin::ReportReader twins;
  std::vector<twin::AcceptedValue> taken;
  std::shared_ptr<CountingReader> reader = std::make_shared<CountingReader>();
};

TEST_F(ShardChangesTest, AReportThatNobodyReadsAllocatesNothing) {
  if (!AllocationCount::is_possible()) GTEST_SKIP() << "built without a sanitizer that counts";
  {
    const ChangeSubscription gone = subscribe();
  }
  for (const std::string_view soc : {"1", "2", "3"}) {
    report(std::string(R"({"params":{"pd.soc":)").append(soc).append("}}"));
  }
  DeviceState& state = table.at(kDelta2Sn);
  const AllocationCount count;
  const auto* const changed = changes.begin_report(kDelta2Sn, state);
  const std::int64_t effort = changes.end_report(kDelta2Sn, state, true);
  EXPECT_EQ(count.allocations(), 0U);
  EXPECT_EQ(changed, nullptr) << "the twin is not asked either";
  EXPECT_EQ(effort, 0);
  EXPECT_TRUE(changes.empty());
}

TEST_F(ShardChangesTest, AReportWithoutEventsCostsAReaderOfEventsNothing) {
  if (!AllocationCount::is_possible()) GTEST_SKIP() << "built without a sanitizer that counts";
  const ChangeSubscription events =
      home.platform.changes.subscribe({.reader = reader,
                                       .loop = &home.client_loop,
                                       .scope = ChangeReaderOptions::Scope::kAll,
                                       .detail = ChangeReaderOptions::Detail::kEvents});
  report(R"({"params":{"pd.soc":1}})");
  changes.flush();
  report(R"({"params":{"pd.soc":2}})");
  DeviceState& state = table.at(kDelta2Sn);
  const AllocationCount count;
  const auto* const changed = changes.begin_report(kDelta2Sn, state);
  const std::int64_t effort = changes.end_report(kDelta2Sn, state, true);
  EXPECT_EQ(count.allocations(), 0U);
  EXPECT_NE(changed, nullptr) << "the twin tells which fields changed";
  EXPECT_EQ(effort, 0);
  EXPECT_TRUE(changes.empty());
}

// The tests above are worth nothing if their counter does not count.
TEST_F(ShardChangesTest, AReportThatSomebodyReadsIsCounted) {
  if (!AllocationCount::is_possible()) GTEST_SKIP() << "built without a sanitizer that counts";
  const ChangeSubscription subscription = subscribe();
  const AllocationCount count;
  report(R"({"params":{"pd.soc":1}})");
  EXPECT_GT(count.allocations(), 0U);
}

TEST_F(ShardChangesTest, AReaderThatLeavesWithinATurnIsToldNothing) {
  {
    const ChangeSubscription subscription = subscribe();
    report(R"({"params":{"pd.soc":1}})");
    EXPECT_FALSE(changes.empty());
  }
  changes.flush();
  home.settle();
  EXPECT_EQ(reader->devices, 0U);
  EXPECT_TRUE(changes.empty());
}

TEST_F(ShardChangesTest, AReaderThatComesWithinATurnIsToldOfTheRest) {
  report(R"({"params":{"pd.soc":1}})");
  const ChangeSubscription subscription = subscribe();
  report(R"({"params":{"pd.soc":2}})");
  changes.flush();
  home.settle();
  EXPECT_EQ(reader->devices, 1U);
}

TEST_F(ShardChangesTest, ATurnIsToldOnceHoweverMuchItReported) {
  const ChangeSubscription subscription = subscribe();
  for (int i = 0; i < 3; ++i) {
    report(std::string(R"({"params":{"pd.soc":)").append(std::to_string(i)).append("}}"));
  }
  changes.flush();
  changes.flush();
  home.settle();
  EXPECT_EQ(reader->devices, 1U);
}

TEST_F(ShardChangesTest, ASnapshotHasWhatWasOtherwiseWhenTheMomentBegan) {
  report(R"({"params":{"pd.wattsOutSum":5,"mppt.inWatts":1,"pd.soc":4}})");
  DeviceState& state = table.at(kDelta2Sn);
  state.twin.begin_moment();
  report(R"({"params":{"pd.wattsOutSum":6,"inv.inputWatts":7,"pd.soc":5}})");
  const TwinSnapshot snapshot = changes.snapshot_of(kDelta2Sn, state);
  std::string before;
  snapshot.before.for_each([&](std::size_t slot, std::string_view text) {
    before += std::string(snapshot.name_of(slot)).append("=").append(text).append(" ");
  });
  EXPECT_EQ(before, "pd.wattsOutSum=5 inv.inputWatts= ");
}

}  // namespace
}  // namespace gridloom::hub
