#include "hub/shard/retained_sender.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "hub/shard/test_shard_parts.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;

class RetainedSenderTest : public testing::Test {
 protected:
  RetainedSenderTest() {
    for (const std::string_view name : {"alice", "bob", "carol"}) parts.home.add_account(name);
    parts.home.add_device(kDelta2Sn, "alice");
    parts.home.share(kDelta2Sn, "bob", registry::Rights::kMonitor);
    parts.refresh();
    parts.home.platform.presence.set(kDelta2Sn, true);
    const registry::Device device = parts.home.device(kDelta2Sn);
    EXPECT_TRUE(parts.retained.put(RetainedStore::Publisher::of_device(device),
                                   message("/device/" + kDelta2Sn + "/quota", "kept"),
                                   Qos::kAtLeastOnce));
  }
  static wire::mqtt::MessagePtr message(std::string topic, std::string payload) {
    return std::make_shared<const wire::mqtt::Message>(
        wire::mqtt::Message{.topic = std::move(topic), .payload = std::move(payload)});
  }
  // What the client is sent for a subscription to `filter`.
  Lines sent(const FakePtr& client, std::string filter) {
    return sent(client, std::move(filter), parts.retained_sender);
  }
  Lines sent(const FakePtr& client, std::string filter, RetainedSender& sender) {
    sender.send(client, {.filter = std::move(filter), .qos = Qos::kAtLeastOnce});
    parts.end_turn();
    return client->take();
  }
  [[nodiscard]] std::string kept_line(std::string_view account) const {
    return fmt::format("q1 retained {} kept", parts.home.open(account, kDelta2Sn + "/quota"));
  }

  TestShardParts parts;
};

TEST_F(RetainedSenderTest, AnAppIsSentPresenceAndMessagesOfTheDevicesThatItMayRead) {
  for (const std::string account : {"alice", "bob"}) {
    EXPECT_THAT(sent(parts.app(account), parts.home.open(account, "#")),
                ElementsAre(EndsWith(R"("params":{"status":1}})"), kept_line(account)));
  }
  EXPECT_THAT(sent(parts.app("carol"), parts.home.open("carol", "#")), IsEmpty());
}

TEST_F(RetainedSenderTest, OnlyTopicsOfTheFilterAreSent) {
  const FakePtr app = parts.app("alice");
  EXPECT_THAT(sent(app, parts.home.open("alice", kDelta2Sn + "/quota")),
              ElementsAre(kept_line("alice")));
  EXPECT_THAT(sent(app, parts.home.open("alice", kDelta2Sn + "/status")),
              ElementsAre(EndsWith(R"("params":{"status":1}})")));
  EXPECT_THAT(sent(app, parts.home.open("alice", "R331OTHER/quota")), IsEmpty());
}

TEST_F(RetainedSenderTest, ADeviceAndItsOwnersGatewayAreSentMessagesButNoPresence) {
  const std::string line = "q1 retained /device/" + kDelta2Sn + "/quota kept";
  EXPECT_THAT(sent(parts.device(kDelta2Sn), "/device/" + kDelta2Sn + "/#"), ElementsAre(line));
  EXPECT_THAT(sent(parts.gateway("alice"), "/device/+/#"), ElementsAre(line));
  EXPECT_THAT(sent(parts.gateway("bob"), "/device/+/#"), IsEmpty())
      << "a share lets apps read, not gateways";
}

TEST_F(RetainedSenderTest, AMessageOfAppsIsSentToTheAppsOfTheirAccount) {
  const registry::Account alice = parts.home.account("alice");
  const std::string topic = parts.home.open("alice", kDelta2Sn + "/set");
  ASSERT_TRUE(
      parts.retained.put(RetainedStore::Publisher::of_apps(alice.certificate_account, alice.id),
                         message(topic, "asked"), Qos::kAtLeastOnce));
  EXPECT_THAT(sent(parts.app("alice"), topic),
              ElementsAre(fmt::format("q1 retained {} asked", topic)));
}

TEST_F(RetainedSenderTest, AFaultHidesThePresenceThatIsSent) {
  parts.use_rules({{.fault = "stale_offline", .account = "alice"}});
  parts.refresh();
  EXPECT_THAT(sent(parts.app("alice"), parts.home.open("alice", "+/status")),
              ElementsAre(EndsWith(R"("params":{"status":0}})")));
}

// A filter without a device goes to all shards: each sends what is of its own devices.
TEST_F(RetainedSenderTest, DevicesOfOtherShardsAreLeftOut) {
  RetainedSender other{{.clock = parts.home.clock,
                        .retained = parts.retained,
                        .faults = parts.faults,
                        .router = parts.turn.router(),
                        .mine = [](std::string_view) { return false; }}};
  other.use(parts.home.registry->directory());
  EXPECT_THAT(sent(parts.app("alice"), parts.home.open("alice", "#"), other), IsEmpty());
}

}  // namespace
}  // namespace gridloom::hub
