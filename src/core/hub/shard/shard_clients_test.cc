#include "hub/shard/shard_turn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hub/faults/fault_overlay.h"
#include "hub/shard/test_shard_parts.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ShardClientsTest : public testing::Test {
 protected:
  ShardClientsTest() {
    for (const std::string_view name : {"alice", "bob"}) parts.home.add_account(name);
    parts.home.add_device(kDelta2Sn, "alice");
    parts.refresh();
    app = parts.app("alice");
    gateway = parts.gateway("alice");
    device = parts.device(kDelta2Sn);
    for (const FakePtr& each : {app, gateway, device}) parts.clients.add(each);
  }
  void revoke() {
    parts.clients.revoke(*parts.home.registry->directory());
    EXPECT_THAT(device->kicked, IsEmpty()) << "a client is called on its loop";
    parts.home.settle();
  }

  TestShardParts parts;
  FakePtr app;
  FakePtr gateway;
  FakePtr device;
};

TEST_F(ShardClientsTest, WhoseCredentialsEndedIsKickedAndOthersCheckWhatWaitsForThem) {
  static_cast<void>(must(parts.home.registry->rotate_device(kDelta2Sn)));
  revoke();
  EXPECT_THAT(device->kicked, ElementsAre(KickReason::kNotAuthorized));
  for (const FakePtr& each : {app, gateway}) {
    EXPECT_THAT(each->kicked, IsEmpty());
    EXPECT_EQ(each->rights_changes, 1);
  }
}

TEST_F(ShardClientsTest, ADeviceWhoseKeyIsValidIsNotDisturbed) {
  revoke();
  EXPECT_THAT(device->kicked, IsEmpty());
  EXPECT_EQ(device->rights_changes, 0);
}

TEST_F(ShardClientsTest, ASessionThatEndedIsLeftAlone) {
  parts.clients.remove(*app);
  gateway.reset();
  revoke();
  EXPECT_EQ(app->rights_changes, 0);
}

TEST_F(ShardClientsTest, AFaultDropsAppsOfTheAccountsThatItHappensTo) {
  const FakePtr other = parts.app("bob");
  parts.clients.add(other);
  parts.use_rules({{.fault = "dropped_connection", .account = "alice"}});
  parts.clients.drop_by_chance(parts.faults);
  parts.home.settle();
  EXPECT_THAT(app->kicked, ElementsAre(KickReason::kDropped));
  for (const FakePtr& each : {gateway, device, other}) EXPECT_THAT(each->kicked, IsEmpty());
}

}  // namespace
}  // namespace gridloom::hub
