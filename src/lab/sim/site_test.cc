// Devices that share a site: what one of them draws is drawn from somewhere, in the same step.
#include "sim/site.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fault_rule.h"
#include "sim/household/appliances.h"
#include "sim/test_bench.h"
#include "sim/test_home_devices.h"
#include "testing/catalog.h"

namespace gridloom::sim {
namespace {

using catalog::Plug;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr TimePoint kStart{std::chrono::sys_days{std::chrono::June / 16 / 2025}};

// A meter and nothing else: what the grid gives is what the site's other devices draw.
constexpr std::string_view kMeterFile = R"(family: meter
product: Meter
description: A meter between the grid and a house without a household
prefixes: [ME01]
quota_all: flat
select: [operateType]
messages:
  change_ms: 2000
  full_ms: 60000
  report_body: params
  report: {id: $message_id, version: "1.0", time: $uptime_ms}
  reply: {id: $id, version: "1.0", code: "0", operateType: $request.operateType}
  result: data
reports:
  state: {match: {typeCode: state}, fields: [m.], prefix: m.}
fields:
  m.grid: {type: float, unit: W, nature: grid.power, sign: import is positive, description: Power, source: ours}
physics:
  inverter: {rated_w: 1}
  grid: {import_w: 100000, export_w: 100000, feeds: {power: m.grid}}
  loads:
    house: {power_w: 0}
)";

class House : private DeviceDriver::Connection {
 public:
  explicit House(const SiteOptions& options) : site_(options) {}

  struct New {
    catalog::FamilyPtr family;
    std::string sn;
    Plug plug = Plug::kCircuit;
    Setup setup{};
    TimePoint resumes{};
  };
  void add(const New& wanted) {
    drivers_.emplace_back(std::make_shared<VirtualFamily>(wanted.family), wanted.sn, Chance(1),
                          site_.at(now_, wanted.plug), static_cast<Connection&>(*this), nullptr,
                          wanted.setup);
    plugs_.push_back(wanted.plug);
    site_.join(drivers_.back(), wanted.plug, wanted.resumes);
  }
  void step(Millis time) {
    now_ += time;
    for (DeviceDriver& driver : drivers_) driver.apply_faults(rules, now_);
    site_.step(now_);
  }
  void tell(std::size_t device, std::string_view set) {
    site_.move(now_);
    ASSERT_TRUE(drivers_.at(device).on_set(set, site_.at(now_, plugs_.at(device))));
  }

  [[nodiscard]] const VirtualDevice& device(std::size_t index) const {
    return drivers_.at(index).device();
  }
  [[nodiscard]] double number(std::size_t index, std::string_view field) const {
    return device(index).fields().number(field);
  }
  // The number of messages of all devices.
  [[nodiscard]] std::size_t said() const { return said_.size(); }
  [[nodiscard]] TimePoint stepped() const { return site_.stepped(); }
  std::vector<FaultRule> rules;

 private:
  [[nodiscard]] bool is_online() const override { return true; }
  [[nodiscard]] bool takes_reports() const override { return true; }
  void publish(VirtualDevice::Message message) override { said_.push_back(std::move(message)); }

  Site site_;
  TimePoint now_ = kStart;
  std::deque<DeviceDriver> drivers_;
  std::vector<Plug> plugs_;
  std::vector<VirtualDevice::Message> said_;
};

SiteOptions site_of(bool has_grid = true) {
  return {.world = {.seed = 1},
          .household = household::Shared{.chance = Chance(7)},
          .has_grid = has_grid};
}

catalog::FamilyPtr meter() { return catalog::load_family("meter.yaml", kMeterFile).value(); }

std::uint32_t bit(household::Circuit circuit) { return 1U << static_cast<unsigned>(circuit); }

// The last of them is the meter, whichever joined first.
TEST(SiteTest, TheMeterSeesInEachStepWhatAllOthersDrawAndFeed) {
  House house(site_of());
  house.add({.family = family_of("delta_2"), .sn = "R331A", .setup = {.circuits = 3}});
  house.add({.family = meter(), .sn = "ME01A", .plug = Plug::kMeter});
  house.add({.family = family_of("power_stream"), .sn = "HW51A", .setup = {.circuits = 0}});
  house.add({.family = family_of("wave_2"), .sn = "KT21A"});
  bool has_fed = false;
  bool has_drawn = false;
  for (int k = 0; k < 6000; ++k) {
    house.step(seconds(k % 50 < 25 ? 2 : 60));
    const double others_w =
        house.device(0).drawn_w() + house.device(2).drawn_w() + house.device(3).drawn_w();
    ASSERT_NEAR(house.device(1).drawn_w(), others_w, 0.002) << "step " << k;
    has_fed |= others_w < -10;
    has_drawn |= others_w > 100;
  }
  EXPECT_TRUE(has_fed);
  EXPECT_TRUE(has_drawn);
}

// The identity of the vendor's app holds with others behind a PowerOcean's meter.
TEST(SiteTest, AHomeBatteryRegulatesForAllOthers) {
  House house(site_of());
  house.add({.family = family_of("delta_2"),
             .sn = "R331A",
             .setup = {.circuits = bit(household::Circuit::kKitchen)}});
  house.add({.family = family_of("power_ocean"),
             .sn = "HJ31A",
             .plug = Plug::kMeter,
             .setup = {.circuits = 0}});
  double most_w = 0;
  for (int k = 0; k < 2000; ++k) {
    house.step(seconds(30));
    const double load_w = house.number(1, "sysLoadPwr");
    EXPECT_EQ(load_w, house.number(1, "mpptPwr") + house.number(1, "sysGridPwr") -
                          house.number(1, "bpPwr"));
    EXPECT_GE(load_w + 1, house.device(0).drawn_w());
    most_w = std::max(most_w, house.device(0).drawn_w());
  }
  EXPECT_GT(most_w, 300);
}

// A household meter beside a battery that regulates reads what this leaves, in the same step.
TEST(SiteTest, AHouseholdMeterReadsBehindTheDeviceThatRegulates) {
  House house(site_of());
  house.add({.family = family_of("smart_meter"),
             .sn = "BK21A",
             .plug = Plug::kMeter,
             .setup = {.circuits = 0}});
  house.add({.family = family_of("stream"), .sn = "BK61A", .plug = Plug::kMeter});
  house.add({.family = family_of("stream_microinverter"), .sn = "BK01A", .plug = Plug::kFeedIn});
  bool has_fed = false;
  bool has_drawn = false;
  for (int k = 0; k < 3000; ++k) {
    house.step(seconds(60));
    const double regulated_w = house.device(1).drawn_w();
    ASSERT_NEAR(house.device(0).drawn_w(), regulated_w, 0.002) << "step " << k;
    has_fed |= regulated_w < -10;
    has_drawn |= regulated_w > 10;
  }
  EXPECT_TRUE(has_fed);
  EXPECT_TRUE(has_drawn);
  EXPECT_GT(house.number(0, "gridConnectionDataRecord.totalReactiveEnergy"), 1500);
}

// Two STREAM units at midnight: the first feeds the site, the second is at the meter.
struct Pair {
  explicit Pair(InitialValues main = {}) {
    constexpr std::uint32_t kAll = (1U << catalog::kHomeCircuits.size()) - 1;
    house.add({.family = family_of("stream"),
               .sn = "BK61A",
               .plug = Plug::kUnit,
               .setup = {.circuits = kAll}});
    house.add({.family = family_of("stream"),
               .sn = "BK61B",
               .plug = Plug::kMeter,
               .setup = {.circuits = kAll, .initial = std::move(main)}});
  }
  // Returns the average until before dawn.
  double fed_at_night_w() {
    constexpr int kSteps = 300;
    double sum_w = 0;
    for (int k = 0; k < kSteps; ++k) {
      house.step(seconds(30));
      sum_w -= house.device(0).drawn_w();
    }
    return sum_w / kSteps;
  }
  House house{site_of()};
};

// What came in went out, was lost or is stored: the rest stays as it was.
std::int64_t unaccounted_uj(const Balance& balance, std::int64_t stored_before_uj) {
  return balance.in_uj - balance.out_uj - balance.lost_uj - (balance.stored_uj - stored_before_uj);
}

TEST(SiteTest, UnitsOfASystemShareWhatTheHomeDraws) {
  Pair pair;
  House& house = pair.house;
  const std::int64_t stored_uj[] = {house.device(0).balance().stored_uj,
                                    house.device(1).balance().stored_uj};
  const std::int64_t begun_uj[] = {unaccounted_uj(house.device(0).balance(), stored_uj[0]),
                                   unaccounted_uj(house.device(1).balance(), stored_uj[1])};
  int alike = 0;
  int dark = 0;
  for (int k = 0; k < 2880; ++k) {
    house.step(seconds(k % 50 < 25 ? 2 : 60));
    for (std::size_t d = 0; d < 2; ++d) {
      ASSERT_EQ(unaccounted_uj(house.device(d).balance(), stored_uj[d]), begun_uj[d])
          << "device " << d << ", step " << k;
    }
    ASSERT_EQ(house.number(0, "powGetSysGrid"), 0) << "the meter is the other's";
    ASSERT_NEAR(house.number(0, "gridConnectionPower"), -house.device(0).drawn_w(), 0.51);
    if (house.number(0, "powGetPvSum") + house.number(1, "powGetPvSum") > 0) continue;
    const double unit_w = house.number(0, "powGetBpCms");
    const double main_w = house.number(1, "powGetBpCms");
    alike += std::abs(unit_w - main_w) <= 40 - 0.25 * (unit_w + main_w) / 2 ? 1 : 0;
    ++dark;
  }
  EXPECT_GT(dark, 500);
  EXPECT_GT(alike, dark * 8 / 10);
}

// A main unit below its reserve gives nothing: the other supplies all of the home.
TEST(SiteTest, AUnitSuppliesTheHomeAloneIfTheOtherCannot) {
  const double half_w = Pair().fed_at_night_w();
  const double whole_w = Pair({{"cmsBattSoc", 10}}).fed_at_night_w();
  EXPECT_GT(half_w, 10);
  EXPECT_NEAR(whole_w / half_w, 2, 0.4);
}

TEST(SiteTest, UnitsOfASystemSayWhichOneIsTheMainOne) {
  const auto catalog = shipped_catalog();
  const catalog::VirtualHome home = catalog::find_home("balcony", *catalog).value();
  const catalog::Site& site = home.sites.front();
  ASSERT_EQ(site.devices.size(), 2U);
  std::vector<wire::Json> groups;
  std::vector<wire::Json> roles;
  for (const catalog::SiteDevice& device : site.devices) {
    for (const auto& [field, value] : setup_of(site, device).initial) {
      if (field == "systemGroupId") groups.push_back(value);
      if (field == "distributedDeviceStatus") roles.push_back(value);
    }
  }
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0], groups[1]);
  EXPECT_NE(groups[0], wire::Json(0));
  EXPECT_EQ(roles, (std::vector<wire::Json>{"MASTER", "SLAVE"}));
}

// A kettle is one kettle: who measures its circuit sees it, and nobody else does.
TEST(SiteTest, DevicesOfASiteShareItsHousehold) {
  const auto panel = family_of("smart_plug");
  House house(site_of());
  house.add(
      {.family = panel, .sn = "HW52A", .setup = {.circuits = bit(household::Circuit::kKitchen)}});
  house.add(
      {.family = panel, .sn = "HW52B", .setup = {.circuits = bit(household::Circuit::kKitchen)}});
  house.add(
      {.family = panel, .sn = "HW52C", .setup = {.circuits = bit(household::Circuit::kOffice)}});
  int alike = 0;
  int other = 0;
  for (int k = 0; k < 3000; ++k) {
    house.step(minutes(1));
    const double a = house.number(0, "2_1.watts");
    const double b = house.number(1, "2_1.watts");
    alike += std::abs(a - b) <= 30 + a / 20 ? 1 : 0;
    other += std::abs(a - house.number(2, "2_1.watts")) > 30 + a / 20 ? 1 : 0;
  }
  EXPECT_GT(alike, 2950);
  EXPECT_GT(other, 300);
}

TEST(SiteTest, AnOutageAtTheMeterReachesEverybody) {
  House house(site_of());
  house.add({.family = family_of("wave_2"), .sn = "KT21A"});
  house.add({.family = family_of("power_ocean"), .sn = "HJ31A", .plug = Plug::kMeter});
  house.step(seconds(2));
  EXPECT_GT(house.number(0, "power.acVoltRms"), 0);
  house.rules = {{.fault = "grid_outage", .sn = "HJ31A"}};
  house.step(seconds(2));
  EXPECT_EQ(house.number(0, "power.acVoltRms"), 0);
  EXPECT_EQ(house.device(0).drawn_w(), 0);
  house.rules.clear();
  house.step(seconds(2));
  EXPECT_GT(house.number(0, "power.acVoltRms"), 0);
  house.rules = {{.fault = "grid_outage", .sn = "KT21A"}};
  house.step(seconds(2));
  EXPECT_EQ(house.number(1, "pcsAPhase.vol") > 0, true);
}

// The refrigerator hangs on a relay of the hub; without it, it lives on its battery.
TEST(SiteTest, ADeviceStandsStillUntilItResumes) {
  House house(site_of());
  const catalog::FamilyPtr plug = family_of("smart_plug");
  house.add({.family = plug, .sn = "HW52A"});
  house.add({.family = plug, .sn = "HW52B", .resumes = kStart + minutes(10)});
  house.step(minutes(1));
  const std::size_t of_one = house.said();
  ASSERT_GT(of_one, 0U);
  for (int minute = 2; minute < 10; ++minute) house.step(minutes(1));
  EXPECT_EQ(house.said(), 9 * of_one);
  EXPECT_EQ(house.stepped(), kStart + minutes(9)) << "nobody waits for it";
  house.step(minutes(1));
  EXPECT_EQ(house.said(), 11 * of_one);
}

TEST(SiteTest, ASiteWithoutAGridSuppliesItsRefrigerator) {
  House camper(site_of(false));
  camper.add({.family = family_of("glacier"), .sn = "BX11A", .plug = Plug::kDc});
  const catalog::FamilyPtr kits = family_of("power_kits");
  const SetUpDevice kit = home_devices(*kits).front();
  camper.add({.family = kits, .sn = kit.sn, .plug = Plug::kOffGrid, .setup = kit.setup});
  double most_w = 0;
  for (int k = 0; k < 300; ++k) {
    camper.step(minutes(1));
    most_w = std::max(most_w, camper.device(0).drawn_w());
  }
  EXPECT_GT(most_w, 10);
  const std::string hub = camper.device(1).fields().modules("lddc").front();
  const double supplied_w = camper.number(1, "lddc." + hub + ".dcTotalWatts");
  EXPECT_GE(supplied_w, camper.device(0).drawn_w());
}

}  // namespace
}  // namespace gridloom::sim
