#include "bridges/core/local_gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "testing/home.h"

namespace gridloom::bridges {
namespace {

using testing::Contains;
using testing::IsEmpty;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";

struct Mirrored {
  TestHome home;
  registry::AccountId anna = home.add_account("anna");
  std::vector<std::string> sets{};
  std::size_t dropped = 0;
  std::unique_ptr<LocalGateway> gateway;

  Mirrored() {
    home.add_device(kSn, "anna");
    gateway = std::make_unique<LocalGateway>(
        LocalGateway::Options{.hub = *home.hub,
                              .loop = home.client_loop,
                              .account = anna,
                              .client_id = "bridge-cloud",
                              .on_set =
                                  [this](std::string_view sn, std::string_view payload) {
                                    sets.push_back(fmt::format("{} {}", sn, payload));
                                  },
                              .on_dropped = [this](std::size_t count) { dropped += count; }});
    gateway->serve(std::string(kSn));
    home.settle();
  }
  [[nodiscard]] bool online() const { return home.hub->online(anna, kSn); }
};

TEST(LocalGateway, ReportsReachTheAccountAsTheyAre) {
  Mirrored mirrored;
  const FakePtr app = mirrored.home.subscriber("anna");
  app->take();
  const std::string report = R"( {"params" : {"pd.soc": 5.50}} )";
  mirrored.gateway->report(std::string(kSn), report);
  mirrored.home.settle();
  EXPECT_TRUE(mirrored.online());
  EXPECT_THAT(app->take(),
              Contains(fmt::format(
                  "q1 {} {}", mirrored.home.open("anna", fmt::format("{}/quota", kSn)), report)));
  EXPECT_EQ(mirrored.home.read_all(mirrored.anna, kSn), R"({"pd.soc":5.50})");
  EXPECT_EQ(mirrored.dropped, 0U);
}

TEST(LocalGateway, PresenceIsWhatTheMirrorSays) {
  Mirrored mirrored;
  EXPECT_FALSE(mirrored.online());
  mirrored.gateway->say_online(std::string(kSn));
  mirrored.home.settle();
  EXPECT_TRUE(mirrored.online());
  mirrored.gateway->say_offline(std::string(kSn));
  mirrored.home.settle();
  EXPECT_FALSE(mirrored.online());
  mirrored.gateway->say_online(std::string(kSn));
  mirrored.home.settle();
  mirrored.gateway.reset();
  mirrored.home.settle();
  EXPECT_FALSE(mirrored.online());
}

TEST(LocalGateway, SetsOfItsDevicesAreHandedOverAndRepliesGoBack) {
  Mirrored mirrored;
  mirrored.gateway->say_online(std::string(kSn));
  mirrored.home.settle();
  const auto answer = mirrored.home.set(
      mirrored.anna, kSn, R"({"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})");
  ASSERT_EQ(mirrored.sets.size(), 1U);
  EXPECT_FALSE(answer.here());
  const std::string id = member_of(payload_of(mirrored.sets.front()), "id");
  mirrored.gateway->reply(std::string(kSn), fmt::format(R"({{"id":{},"data":{{"ack":0}}}})", id));
  mirrored.home.settle();
  EXPECT_EQ(answer.text(), fmt::format(R"({{"id":{},"data":{{"ack":0}}}})", id));
}

TEST(LocalGateway, OutlivesTheRotationOfTheGatewayKey) {
  Mirrored mirrored;
  mirrored.gateway->say_online(std::string(kSn));
  mirrored.home.settle();
  ASSERT_TRUE(mirrored.home.registry->rotate_gateway("anna"));
  mirrored.home.settle();
  EXPECT_FALSE(mirrored.online());
  mirrored.gateway->tick();
  mirrored.home.settle();
  EXPECT_TRUE(mirrored.online());
  static_cast<void>(mirrored.home.set(
      mirrored.anna, kSn, R"({"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})"));
  EXPECT_EQ(mirrored.sets.size(), 1U);
}

TEST(LocalGateway, WhatTheHubDoesNotTakeWaitsToALimit) {
  Mirrored mirrored;
  const std::string report = R"({"params":{"pd.soc":5,"x":")" + std::string(4000, 'x') + "\"}}";
  const std::size_t count = LocalGateway::kMostWaitingBytes / report.size() + 100;
  for (std::size_t i = 0; i < count; ++i) mirrored.gateway->report(std::string(kSn), report);
  EXPECT_GT(mirrored.dropped, 0U);
  EXPECT_LT(mirrored.dropped, 200U);
  mirrored.home.settle();
  mirrored.gateway->report(std::string(kSn), R"({"params":{"pd.soc":6}})");
  mirrored.home.settle();
  EXPECT_THAT(mirrored.home.read(mirrored.anna, kSn, {"pd.soc"}), R"({"pd.soc":6})");
}

}  // namespace
}  // namespace gridloom::bridges
