#include "hub/shard/publications.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "hub/clients/test_log.h"
#include "hub/shard/test_shard_parts.h"

namespace gridloom::hub {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::SizeIs;
using wire::mqtt::Reason;

class PublicationsTest : public testing::Test {
 protected:
  static Config config() {
    Config config;
    config.retained_bytes = 4096;
    config.account_retained_bytes = 2048;
    return config;
  }
  PublicationsTest() {
    for (const std::string_view name : {"alice", "bob"}) parts.home.add_account(name);
    parts.home.add_device(kDelta2Sn, "alice");
    parts.refresh();
    app = parts.subscriber("alice");
    device = parts.device(kDelta2Sn);
  }
  static PublishOptions options(bool retain = false) {
    return {.qos = Qos::kAtLeastOnce,
            .retain = retain,
            .token = {.packet_id = 1, .qos = Qos::kAtLeastOnce}};
  }
  void report(std::string_view payload, const PublishOptions& how = options()) {
    parts.publications.report(device, payload, how);
    parts.end_turn();
  }
  void publish(const FakePtr& client, Verb verb, std::string payload,
               const PublishOptions& how = options()) {
    parts.publications.publish(
        client, {.sn = kDelta2Sn,
                 .verb = verb,
                 .message = std::make_shared<const Message>(Message{
                     .topic = "/device/" + kDelta2Sn + "/quota", .payload = std::move(payload)}),
                 .options = how});
    parts.end_turn();
  }
  [[nodiscard]] std::string_view soc() { return parts.twins.at(kDelta2Sn).twin.value("pd.soc"); }
  // The reason of the only acknowledgement since the last call.
  static Reason reason(const FakePtr& client) {
    EXPECT_THAT(client->acks, SizeIs(1));
    const Reason given =
        client->acks.empty() ? Reason::kUnspecifiedError : client->acks.back().reason;
    client->acks.clear();
    return given;
  }

  TestLog log;
  TestShardParts parts{config()};
  FakePtr app;
  FakePtr device;
};

TEST_F(PublicationsTest, AReportIsTheSameWhetherItComesAsViewsOrAsAMessage) {
  report(R"({"params":{"pd.soc":1}})");
  EXPECT_EQ(reason(device), Reason::kSuccess);
  EXPECT_EQ(soc(), "1");
  const Lines as_views = app->take();
  EXPECT_THAT(as_views, SizeIs(2)) << "the device is online, and reported";
  publish(device, Verb::kQuota, R"({"params":{"pd.soc":2}})");
  EXPECT_EQ(reason(device), Reason::kSuccess);
  EXPECT_EQ(soc(), "2");
  EXPECT_THAT(app->take(), ElementsAre(EndsWith(R"({"params":{"pd.soc":2}})")));
  EXPECT_EQ(parts.home.platform.counters.reports.load(), 2U);
}

TEST_F(PublicationsTest, AReportThatCannotBeReadIsCountedAndStillDelivered) {
  report("{");
  EXPECT_EQ(reason(device), Reason::kSuccess);
  EXPECT_EQ(parts.home.platform.counters.reports_malformed.load(), 1U);
  EXPECT_THAT(app->take(), Contains(EndsWith("/quota {")));
  EXPECT_EQ(soc(), "");
}

TEST_F(PublicationsTest, ADeviceWhoseKeyWasReplacedIsRefused) {
  static_cast<void>(must(parts.home.registry->rotate_device(kDelta2Sn)));
  parts.refresh();
  report(R"({"params":{"pd.soc":1}})");
  EXPECT_EQ(reason(device), Reason::kNotAuthorized);
  publish(device, Verb::kQuota, R"({"params":{"pd.soc":1}})");
  EXPECT_EQ(reason(device), Reason::kNotAuthorized);
  EXPECT_EQ(soc(), "");
  EXPECT_THAT(app->take(), IsEmpty());
}

TEST_F(PublicationsTest, AGatewaySpeaksForItsOwnAccountsDevicesOnly) {
  const FakePtr own = parts.gateway("alice");
  publish(own, Verb::kQuota, R"({"params":{"pd.soc":1}})");
  EXPECT_EQ(reason(own), Reason::kSuccess);
  const FakePtr other = parts.gateway("bob");
  publish(other, Verb::kQuota, R"({"params":{"pd.soc":2}})");
  EXPECT_EQ(reason(other), Reason::kNotAuthorized);
  EXPECT_EQ(soc(), "1");
}

TEST_F(PublicationsTest, ARepetitionIsAcknowledgedAndHasNoOtherEffect) {
  PublishOptions repeated = options();
  repeated.identity = {.stream = 4, .receipt = {}, .repeated = true};
  report(R"({"params":{"pd.soc":1}})", repeated);
  EXPECT_EQ(reason(device), Reason::kSuccess);
  EXPECT_EQ(soc(), "");
  EXPECT_THAT(app->take(), IsEmpty());
}

TEST_F(PublicationsTest, AnAcknowledgementWaitsForTheRecordOfItsReport) {
  parts.home.platform.journal = &log;
  report(R"({"params":{"pd.soc":1}})");
  EXPECT_THAT(device->acks, IsEmpty());
  ASSERT_THAT(log.waiting, SizeIs(1));
  parts.turn.gate().durable(1);
  parts.end_turn();
  EXPECT_EQ(reason(device), Reason::kSuccess);
}

TEST_F(PublicationsTest, AMessageThatCannotBeRetainedIsRefusedAndNotAReport) {
  publish(device, Verb::kQuota, R"({"params":{"pd.soc":1,"x":")" + std::string(3000, 'x') + "\"}}",
          options(true));
  EXPECT_EQ(reason(device), Reason::kQuotaExceeded);
  EXPECT_EQ(soc(), "");
  publish(device, Verb::kQuota, R"({"params":{"pd.soc":1}})", options(true));
  EXPECT_EQ(reason(device), Reason::kSuccess);
  EXPECT_EQ(soc(), "1");
}

TEST_F(PublicationsTest, ADevicesStatusSetsItsPresence) {
  struct Case {
    std::string payload;
    bool online = false;
  };
  for (const Case& each : {Case{.payload = R"({"params":{"status":1}})", .online = true},
                           Case{.payload = R"({"params":{"status":0}})", .online = false},
                           Case{.payload = R"({"params":{"status":1}})", .online = true},
                           Case{.payload = R"({"params":{"status":0.5}})", .online = true},
                           Case{.payload = R"({"params":{}})", .online = true},
                           Case{.payload = "{", .online = true}}) {
    publish(device, Verb::kStatus, each.payload);
    EXPECT_EQ(parts.home.platform.presence.online(kDelta2Sn), each.online) << each.payload;
  }
}

TEST_F(PublicationsTest, ReportsGoThroughTheInboxWhileTheLoopsAreBehind) {
  EXPECT_TRUE(parts.publications.takes_report(*device));
  const wire::mqtt::Message message{.payload = "1"};
  for (std::size_t i = 0; i < Router::kMaxUndelivered; ++i) {
    parts.turn.router().to_apps(app->identity().name, kDelta2Sn, Verb::kQuota, {.like = message});
  }
  parts.turn.flush();
  EXPECT_FALSE(parts.publications.takes_report(*device));
  parts.home.settle();
  EXPECT_TRUE(parts.publications.takes_report(*device));
}

}  // namespace
}  // namespace gridloom::hub
