// Reports of devices whose connections are on the loops of their shards: they are processed without
// a task, with the same effects as others, and never before what the device did earlier.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";
constexpr std::string_view kOther = "R331ZEB4ZEAL0529";
constexpr std::string_view kReport = R"({"params":{"bmsMaster.soc":12}})";

class OwnReports : public testing::Test {
 protected:
  OwnReports() {
    home.add_account("alice");
    home.add_device(kSn, "alice");
    home.add_device(kOther, "alice");
    app = home.subscriber("alice");
    device = connect(kSn, home.hub->loop_of(kSn));
  }
  FakePtr connect(std::string_view sn, Loop& loop) {
    auto client = std::make_shared<FakeClient>(
        loop, must(home.hub->sign_in(sn, home.device(sn).key)), std::string(sn));
    home.hub->connected(client);
    home.settle();
    return client;
  }
  void report(std::string_view payload = kReport, std::uint16_t packet_id = 1) {
    home.hub->report(
        device, payload,
        {.qos = Qos::kAtLeastOnce, .token = {.packet_id = packet_id, .qos = Qos::kAtLeastOnce}});
  }
  [[nodiscard]] std::string all() { return home.read_all(home.account("alice").id, kSn); }

  TestHome home{2};
  FakePtr app;
  FakePtr device;
};

TEST_F(OwnReports, AReportHasItsEffectsAtOnce) {
  app->take();
  ASSERT_TRUE(home.hub->takes_report(*device));
  report();
  ASSERT_THAT(device->acks, SizeIs(1)) << "there is no journal to wait for";
  EXPECT_EQ(device->acks[0].reason, wire::mqtt::Reason::kSuccess);
  home.settle();
  EXPECT_EQ(app->take(),
            Lines{fmt::format("q1 {} {}", home.open("alice", "R331ZEB4ZEAL0528/quota"), kReport)});
  EXPECT_EQ(all(), R"({"bmsMaster.soc":12})");
}

TEST_F(OwnReports, AReportOfARotatedKeyIsRefused) {
  static_cast<void>(must(home.registry->rotate_device(kSn)));
  home.settle();
  report();
  ASSERT_THAT(device->acks, SizeIs(1));
  EXPECT_EQ(device->acks[0].reason, wire::mqtt::Reason::kNotAuthorized);
  EXPECT_EQ(all(), "{}");
}

TEST_F(OwnReports, OnlyADeviceOnItsShardsLoopReportsSo) {
  Loop& own = home.hub->loop_of(kSn);
  Loop& other = &own == home.loops()[0] ? *home.loops()[1] : *home.loops()[0];
  EXPECT_FALSE(home.hub->takes_report(*connect(kSn, other)));
  EXPECT_FALSE(home.hub->takes_report(*home.connect_app("alice", "second")));
  EXPECT_FALSE(home.hub->takes_report(*home.connect_gateway("alice")));
  EXPECT_TRUE(home.hub->takes_report(*connect(kOther, home.hub->loop_of(kOther))));
}

// What the device published by a task has to come before.
TEST_F(OwnReports, NoReportOvertakesTheDevicesEarlierWork) {
  hub::Hub::Batch batch(*home.hub);
  ASSERT_TRUE(batch.add(
      device,
      std::make_shared<const wire::mqtt::Message>(wire::mqtt::Message{
          .topic = fmt::format("/device/{}/quota", kSn), .payload = std::string(kReport)}),
      {.qos = Qos::kAtMostOnce}));
  batch.post(device);
  EXPECT_FALSE(home.hub->takes_report(*device));
  home.settle();
  EXPECT_TRUE(home.hub->takes_report(*device));
  static_cast<void>(home.hub->subscribe(
      device, {.filter = fmt::format("/device/{}/set", kSn), .qos = Qos::kAtLeastOnce}));
  EXPECT_FALSE(home.hub->takes_report(*device));
  home.settle();
  EXPECT_TRUE(home.hub->takes_report(*device));
}

}  // namespace
}  // namespace gridloom::hub
