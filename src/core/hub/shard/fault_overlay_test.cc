// The rules of which account a fault is for (hub/faults/fault_overlay.h).
#include "hub/faults/fault_overlay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hub/shard/twin_table.h"
#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FaultOverlayTest : public testing::Test {
 protected:
  FaultOverlayTest() {
    alice = home.add_account("alice");
    bob = home.add_account("bob");
    home.add_device(kDelta2Sn, "alice");
    home.share(kDelta2Sn, "bob", registry::Rights::kMonitor);
    overlay.use(home.registry->directory());
    table.use(home.registry->directory());
    report("5");
    home.platform.presence.set(kDelta2Sn, true);
  }
  void report(std::string_view soc) { actual().replay_value("pd.soc", soc); }
  twin::Twin& actual() { return table.at(kDelta2Sn).twin; }
  void use_rules(const std::vector<FaultRule>& rules) {
    home.platform.fault_injector.set(rules);
    overlay.rules_changed();
    const registry::Device device = home.device(kDelta2Sn);
    overlay.freeze_or_thaw(&device, kDelta2Sn, actual());
  }
  std::string_view soc(registry::AccountId account) {
    return overlay.twin(account, kDelta2Sn, actual()).value("pd.soc");
  }
  // "alice offline": whom the presence has to be told.
  Lines told() {
    Lines lines;
    for (const auto& [account, online] : overlay.presence_changes(home.device(kDelta2Sn))) {
      lines.push_back(
          fmt::format("{} {}", account == alice ? "alice" : "bob", online ? "online" : "offline"));
    }
    return lines;
  }

  TestHome home{1};
  TwinTable table{home.platform, [](const registry::Device&) {}};
  FaultOverlay overlay{home.platform};
  registry::AccountId alice{};
  registry::AccountId bob{};
};

TEST_F(FaultOverlayTest, WithoutRulesItShowsWhatIs) {
  EXPECT_EQ(&overlay.twin(alice, kDelta2Sn, actual()), &actual());
  EXPECT_TRUE(overlay.online(alice, kDelta2Sn));
  EXPECT_TRUE(overlay.pushes(alice, kDelta2Sn, Verb::kQuota));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_FALSE(overlay.active());
  EXPECT_FALSE(overlay.is_drop_due(home.clock.now()));
}

TEST_F(FaultOverlayTest, ATwinFreezesWhenTheFaultBegins) {
  use_rules({{.fault = "frozen_snapshot"}});
  report("6");
  EXPECT_EQ(soc(alice), "5");
  EXPECT_EQ(soc(bob), "5");
  use_rules({});
  EXPECT_EQ(soc(alice), "6");
  use_rules({{.fault = "frozen_snapshot"}});
  report("7");
  EXPECT_EQ(soc(alice), "6") << "the copy of the first time is gone";
}

TEST_F(FaultOverlayTest, APresenceIsHiddenFromOneAccountAndShownAgain) {
  use_rules({{.fault = "stale_offline", .account = "alice"}});
  EXPECT_FALSE(overlay.online(alice, kDelta2Sn));
  EXPECT_TRUE(overlay.online(bob, kDelta2Sn));
  EXPECT_THAT(told(), ElementsAre("alice offline"));
  EXPECT_THAT(told(), IsEmpty()) << "once";
  use_rules({});
  EXPECT_THAT(told(), ElementsAre("alice online"));
  use_rules({{.fault = "stale_offline", .account = "alice"}});
  told();
  home.platform.presence.set(kDelta2Sn, false);
  EXPECT_THAT(told(), ElementsAre("alice offline")) << "nothing is hidden, and it is away";
}

TEST_F(FaultOverlayTest, ReportsAreNotPushedWhileTheySleep) {
  use_rules({{.fault = "sleepy_push", .account = "alice", .value = 60}});
  EXPECT_FALSE(overlay.pushes(alice, kDelta2Sn, Verb::kQuota));
  EXPECT_TRUE(overlay.pushes(alice, kDelta2Sn, Verb::kSetReply));
  EXPECT_TRUE(overlay.pushes(bob, kDelta2Sn, Verb::kQuota));
  overlay.on_read_all(alice, kDelta2Sn);
  EXPECT_TRUE(overlay.pushes(alice, kDelta2Sn, Verb::kQuota));
  home.clock.pass(Millis(60'000));
  EXPECT_FALSE(overlay.pushes(alice, kDelta2Sn, Verb::kQuota));
}

TEST_F(FaultOverlayTest, WhatItKeptLastsUntilTheTickAfterTheLastRule) {
  use_rules({{.fault = "sleepy_push", .value = 60}});
  overlay.on_read_all(alice, kDelta2Sn);
  overlay.end_tick();
  EXPECT_TRUE(overlay.active());
  use_rules({});
  EXPECT_TRUE(overlay.active()) << "what was hidden may have to be shown";
  overlay.end_tick();
  EXPECT_FALSE(overlay.active());
  use_rules({{.fault = "sleepy_push", .value = 60}});
  EXPECT_FALSE(overlay.pushes(alice, kDelta2Sn, Verb::kQuota));
}

TEST_F(FaultOverlayTest, ARemovedDeviceLeavesNothing) {
  use_rules({{.fault = "sleepy_push", .value = 60}});
  overlay.on_read_all(alice, kDelta2Sn);
  overlay.remove(kDelta2Sn);
  EXPECT_FALSE(overlay.pushes(alice, kDelta2Sn, Verb::kQuota));
}

TEST_F(FaultOverlayTest, ConnectionsAreDrawnOnceAMinute) {
  use_rules({{.fault = "dropped_connection"}});
  const TimePoint now = home.clock.now();
  EXPECT_TRUE(overlay.is_drop_due(now));
  EXPECT_FALSE(overlay.is_drop_due(now + Millis(250)));
  EXPECT_TRUE(overlay.is_drop_due(now + Millis(60'000)));
}

}  // namespace
}  // namespace gridloom::hub
