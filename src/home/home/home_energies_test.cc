// The energies of a home are those of its devices, one after another; what cannot be read is named.
#include "home/home_energies.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "history/energy/test_meters.h"
#include "history/test_reports.h"
#include "overview/home_flows.h"
#include "testing/must.h"

namespace gridloom::home {
namespace {

using namespace std::chrono_literals;
using overview::Quantity;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::Optional;

const catalog::FamilyPtr& meter() {
  static const catalog::FamilyPtr kLoaded =
      history::meters("  w.grid: {nature: grid.power, sign: import is positive}\n");
  return kLoaded;
}
const catalog::FamilyPtr& sunny() {
  static const catalog::FamilyPtr kLoaded = history::meters("  w.pv: {nature: pv.power}\n");
  return kLoaded;
}

class HomeEnergiesTest : public history::ReportsTest {
 protected:
  HomeEnergiesTest() : ReportsTest([](DeviceNumber) { return sunny(); }) { open(); }
  ~HomeEnergiesTest() override { close(); }

  HomeEnergies read(HomeEnergies::Options options) {
    HomeEnergies energies(std::move(options));
    history::read_now(*archive_, [&](history::Reader& reader) {
      while (!energies.done()) must(energies.work(reader));
    });
    return energies;
  }
  static std::vector<std::int64_t> hours(int count) {
    std::vector<std::int64_t> bounds;
    for (int hour = 0; hour <= count; ++hour) {
      bounds.push_back(unix_ms(kStart + std::chrono::hours(hour)));
    }
    return bounds;
  }
};

TEST_F(HomeEnergiesTest, AHomeIsSummedUpHourByHour) {
  steady(1, 0h, 2h, "w.pv", "1000");
  steady(2, 0h, 2h, "w.grid", "-400");
  steady(3, 1h, 2h, "w.pv", "500");
  send();
  const HomeEnergies energies = read({.devices = {{.sn = "SH1A", .number = 1, .family = sunny()},
                                                  {.sn = "HM1B", .number = 2, .family = meter()},
                                                  {.sn = "SH1C", .number = 3, .family = sunny()}},
                                      .bounds = hours(3),
                                      .now_ms = unix_ms(kStart + 150min)});
  const auto hours = energies.buckets();
  ASSERT_EQ(hours.size(), 3U);
  EXPECT_THAT(hours[0].of(Quantity::kSun), Optional(DoubleNear(1000, 1e-6)));
  EXPECT_TRUE(hours[0].at_least) << "one of the two suns";
  EXPECT_THAT(hours[0].of(Quantity::kHome), Optional(DoubleNear(600, 1e-6)));
  EXPECT_THAT(hours[1].of(Quantity::kSun), Optional(DoubleNear(1500, 1e-6)));
  EXPECT_FALSE(hours[1].at_least);
  EXPECT_THAT(hours[1].of(Quantity::kGridExport), Optional(DoubleNear(400, 1e-6)));
  EXPECT_EQ(hours[1].unknown_ms, 0);
  EXPECT_EQ(hours[2].of(Quantity::kSun), std::nullopt);
  EXPECT_EQ(hours[2].of(Quantity::kHome), std::nullopt);
  EXPECT_EQ(hours[2].unknown_ms, unix_ms(kStart + 150min) - unix_ms(kStart + 2h));
  ASSERT_EQ(energies.gap_count(), 3U);
  EXPECT_EQ(energies.gaps()[2].sn, "SH1C");
  EXPECT_EQ(energies.gaps()[2].unknown_ms, Millis(90min).count());
}

TEST_F(HomeEnergiesTest, APowerIsTheMeanOfTheTimeThatIsKnown) {
  steady(1, 30min, 1h, "w.pv", "1000");
  send();
  const HomeEnergies energies = read({.devices = {{.sn = "SH1A", .number = 1, .family = sunny()}},
                                      .bounds = hours(2),
                                      .now_ms = unix_ms(kStart + 2h),
                                      .measure = HomeEnergies::Measure::kPower});
  EXPECT_THAT(energies.buckets()[0].of(Quantity::kSun), Optional(DoubleNear(1000, 1e-6)));
  EXPECT_EQ(energies.buckets()[1].of(Quantity::kSun), std::nullopt);
}

TEST_F(HomeEnergiesTest, GapsOfManyDevicesAreCountedAndTheFirstNamed) {
  std::vector<HistoryDevice> devices;
  for (DeviceNumber number = 1; number <= 20; ++number) {
    devices.push_back({.sn = fmt::format("SH1-{}", number), .number = number, .family = sunny()});
  }
  const HomeEnergies energies = read({.devices = devices,
                                      .bounds = hours(4),
                                      .from_ms = unix_ms(kStart + 3h),
                                      .now_ms = unix_ms(kStart + 4h)});
  EXPECT_EQ(energies.gap_count(), 20U);
  ASSERT_EQ(energies.gaps().size(), overview::kMaxNamedUnknown);
  EXPECT_EQ(energies.gaps().front().sn, "SH1-1");
  EXPECT_EQ(energies.gaps().front().unknown_ms, Millis(1h).count()) << "without what is compared";
  EXPECT_FALSE(energies.is_damaged());
}

TEST_F(HomeEnergiesTest, WithoutDevicesOrHoursThereIsNothing) {
  const HomeEnergies nobody = read({.bounds = hours(1), .now_ms = unix_ms(kStart + 1h)});
  EXPECT_THAT(nobody.quantities(), IsEmpty());
  EXPECT_EQ(nobody.buckets().front().unknown_ms, Millis(1h).count());
  const HomeEnergies never = read({.devices = {{.sn = "SH1A", .number = 1, .family = sunny()}},
                                   .bounds = hours(0),
                                   .now_ms = unix_ms(kStart)});
  EXPECT_THAT(never.buckets(), IsEmpty());
  EXPECT_THAT(never.quantities(), ElementsAre(Quantity::kSun, Quantity::kHome));
}

TEST_F(HomeEnergiesTest, DevicesWithDamagedHistoryAreNamedAndNotCounted) {
  steady(1, 0h, 2h, "w.pv", "1000");
  steady(2, 0h, 2h, "w.pv", "1000");
  send();
  close();
  history::damage_energies(folder_.data());
  open();
  const HomeEnergies energies = read({.devices = {{.sn = "SH1A", .number = 1, .family = sunny()},
                                                  {.sn = "SH1B", .number = 2, .family = sunny()}},
                                      .bounds = hours(1),
                                      .now_ms = unix_ms(kStart + 2h)});
  EXPECT_TRUE(energies.is_damaged());
  EXPECT_THAT(energies.gaps(), ElementsAre(Field(&DeviceGap::is_damaged, true),
                                           Field(&DeviceGap::is_damaged, true)));
  EXPECT_EQ(energies.buckets().front().of(Quantity::kSun), std::nullopt);
  EXPECT_TRUE(energies.buckets().front().at_least);
  EXPECT_EQ(energies.buckets().front().unknown_ms, Millis(1h).count());
}

// A meter that only shows what another one measures adds no grid.
TEST_F(HomeEnergiesTest, ARoleInTheHomeGoesBeforeThatOfTheFamily) {
  steady(1, 0h, 1h, "w.grid", "-400");
  steady(2, 0h, 1h, "w.grid", "-400");
  send();
  const HomeEnergies energies = read(
      {.devices = {{.sn = "HM1A", .number = 1, .family = meter()},
                   {.sn = "HM1B", .number = 2, .family = meter(), .role = overview::Role::kOther}},
       .bounds = hours(1),
       .now_ms = unix_ms(kStart + 1h)});
  EXPECT_THAT(energies.buckets()[0].of(Quantity::kGridExport), Optional(DoubleNear(400, 1e-6)));
}

}  // namespace
}  // namespace gridloom::home
