#include "hub/shard/device_presence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hub/shard/test_shard_parts.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;

constexpr std::string_view kOnline = R"("params":{"status":1}})";
constexpr std::string_view kOffline = R"("params":{"status":0}})";

class DevicePresenceTest : public testing::Test {
 protected:
  DevicePresenceTest() {
    for (const std::string_view name : {"alice", "bob", "carol"}) parts.home.add_account(name);
    parts.home.add_device(kDelta2Sn, "alice");
    parts.home.share(kDelta2Sn, "bob", registry::Rights::kMonitor);
    parts.refresh();
    alice = parts.subscriber("alice");
    bob = parts.subscriber("bob");
    carol = parts.subscriber("carol");
    device = parts.device(kDelta2Sn);
  }
  void connect(const FakePtr& client) {
    parts.presence.use_transport(*client, kDelta2Sn, parts.twins.at(kDelta2Sn));
    parts.end_turn();
  }
  void disconnect(const FakePtr& client) {
    parts.presence.disconnect(*client);
    parts.end_turn();
  }
  [[nodiscard]] bool is_online() const { return parts.home.platform.presence.online(kDelta2Sn); }

  TestShardParts parts;
  FakePtr alice;
  FakePtr bob;
  FakePtr carol;
  FakePtr device;
};

TEST_F(DevicePresenceTest, AllWhoMayReadTheDeviceAreToldOfItsFirstAndLastConnection) {
  connect(device);
  EXPECT_TRUE(is_online());
  EXPECT_THAT(alice->take(), ElementsAre(EndsWith(kOnline)));
  EXPECT_THAT(bob->take(), ElementsAre(EndsWith(kOnline)));
  const FakePtr gateway = parts.gateway("alice");
  connect(gateway);
  disconnect(device);
  EXPECT_TRUE(is_online());
  EXPECT_THAT(alice->take(), IsEmpty()) << "the gateway still carries it";
  disconnect(gateway);
  EXPECT_FALSE(is_online());
  EXPECT_THAT(alice->take(), ElementsAre(EndsWith(kOffline)));
  EXPECT_THAT(bob->take(), ElementsAre(EndsWith(kOffline)));
  EXPECT_THAT(carol->take(), IsEmpty());
}

TEST_F(DevicePresenceTest, ADeviceThatSaysItIsOfflineIsOfflineUntilItSpeaks) {
  connect(device);
  alice->take();
  parts.presence.mark_offline(*device, kDelta2Sn, parts.twins.at(kDelta2Sn));
  parts.end_turn();
  EXPECT_FALSE(is_online());
  EXPECT_THAT(alice->take(), ElementsAre(EndsWith(kOffline)));
  connect(device);
  EXPECT_TRUE(is_online());
  EXPECT_THAT(alice->take(), ElementsAre(EndsWith(kOnline)));
}

TEST_F(DevicePresenceTest, AGatewayLosesADeviceThatItsAccountNoLongerOwns) {
  const FakePtr gateway = parts.gateway("alice");
  connect(gateway);
  ASSERT_TRUE(is_online());
  parts.presence.drop_lost_by_gateways();
  EXPECT_TRUE(is_online()) << "it owns the device";
  must(parts.home.registry->remove_device(kDelta2Sn));
  parts.refresh();
  parts.presence.drop_lost_by_gateways();
  EXPECT_FALSE(is_online());
}

TEST_F(DevicePresenceTest, AnAccountThatAFaultHidesTheDeviceFromIsToldOnce) {
  connect(device);
  alice->take();
  bob->take();
  parts.use_rules({{.fault = "stale_offline", .account = "alice"}});
  for (int i = 0; i < 2; ++i) {
    parts.presence.show_hidden();
    parts.end_turn();
  }
  EXPECT_THAT(alice->take(), ElementsAre(EndsWith(kOffline)));
  EXPECT_THAT(bob->take(), IsEmpty());
  EXPECT_TRUE(is_online()) << "a fault changes what is shown, not what is";
  parts.use_rules({});
  parts.presence.show_hidden();
  parts.end_turn();
  EXPECT_THAT(alice->take(), ElementsAre(EndsWith(kOnline)));
}

}  // namespace
}  // namespace gridloom::hub
