#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/home_assistant/published_home.h"

namespace gridloom::bridges::home_assistant {
namespace {

using overview::PowerPlace;
using overview::Quantity;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class Sent final : public Outlet {
 public:
  void publish(std::string_view topic, std::string payload, bool retain) override {
    EXPECT_TRUE(retain);
    topics.emplace_back(topic);
    payloads.push_back(std::move(payload));
  }
  [[nodiscard]] bool has_room() const override { return is_open; }
  void clear() {
    topics.clear();
    payloads.clear();
  }
  std::vector<std::string> topics;
  std::vector<std::string> payloads;
  bool is_open = true;
};

struct HomeDeviceTest : testing::Test {
  HomeDeviceTest() {
    picture.nodes.at(static_cast<std::size_t>(PowerPlace::kSun)) = {.exists = true,
                                                                    .power_w = 812.34};
    picture.nodes.at(static_cast<std::size_t>(PowerPlace::kBattery)) = {.exists = true};
    totals.epoch = "e1";
    count(Quantity::kSun, 1234.9);
  }
  void count(Quantity quantity, double wh) {
    totals.home_wh.at(static_cast<std::size_t>(quantity)) = wh;
  }
  [[nodiscard]] HomeNow now() const { return {.picture = &picture, .totals = &totals}; }

  static constexpr auto kConfig = "homeassistant/device/gridloom_home_ha/config";
  static constexpr auto kState = "gridloom/bridge/ha/home";
  overview::HomePicture picture;
  home::EnergyTotals totals;
  Sent sent;
  PublishedHome device{Topics("homeassistant", "gridloom", "ha"), catalog::Language::kEnglish,
                       sent};
};

TEST_F(HomeDeviceTest, HasWhatTheHomeHasAndUnknownIsNotZero) {
  device.update(now());
  ASSERT_THAT(sent.topics, ElementsAre(kConfig, kState));
  EXPECT_EQ(wire::parse_json(sent.payloads.back()).value(),
            wire::parse_json(R"({"sun_power":812.3,"battery_power":null,"charge":null,)"
                             R"("sun_energy_e1":1234})")
                .value());
  EXPECT_THAT(sent.payloads.front(), HasSubstr(R"("uniq_id":"gridloom_home_ha_sun_energy_e1")"));
  EXPECT_THAT(sent.payloads.front(), HasSubstr(R"("stat_cla":"total_increasing")"));
  EXPECT_THAT(sent.payloads.front(), Not(HasSubstr("grid_power")));
}

TEST_F(HomeDeviceTest, SaysOnlyWhatIsNew) {
  device.update(now());
  sent.clear();
  device.update(now());
  EXPECT_THAT(sent.topics, IsEmpty());
  count(Quantity::kSun, 1240);
  device.update(now());
  EXPECT_THAT(sent.topics, ElementsAre(kState));
  device.announce_again();
  device.update(now());
  EXPECT_THAT(sent.topics, ElementsAre(kState, kConfig));
  device.on_offline();
  device.update(now());
  EXPECT_THAT(sent.topics, SizeIs(4));
}

TEST_F(HomeDeviceTest, CountersThatBeginAnewAreOtherEntities) {
  device.update(now());
  totals.epoch = "e2";
  device.update(now());
  EXPECT_THAT(sent.payloads.at(2), HasSubstr(R"("sun_energy_e1":{"p":"sensor"})"));
  EXPECT_THAT(sent.payloads.at(3), HasSubstr("gridloom_home_ha_sun_energy_e2"));
  EXPECT_THAT(sent.payloads.at(3), Not(HasSubstr("e1")));
}

TEST_F(HomeDeviceTest, AnEntityThatIsNoMoreGoesInTwoSteps) {
  device.update(now());
  sent.clear();
  picture.nodes.at(static_cast<std::size_t>(PowerPlace::kBattery)) = {};
  device.update(now());
  ASSERT_THAT(sent.topics, ElementsAre(kConfig, kConfig, kState));
  EXPECT_THAT(sent.payloads[0], HasSubstr(R"("battery_power":{"p":"sensor"})"));
  EXPECT_THAT(sent.payloads[1], Not(HasSubstr("battery_power")));
}

TEST_F(HomeDeviceTest, WaitsForASlowBroker) {
  sent.is_open = false;
  device.update(now());
  EXPECT_THAT(sent.topics, IsEmpty());
  sent.is_open = true;
  device.update(now());
  EXPECT_THAT(sent.topics, SizeIs(2));
}

}  // namespace

}  // namespace gridloom::bridges::home_assistant
