// A home's picture out of what its devices report: the tables of cases, and what holds for any.
#include "overview/home_picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "testing/catalog.h"

namespace gridloom::overview {
namespace {

using history::EnergySources;
using history::Power;
using testing::AllOf;
using testing::DoubleNear;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::Optional;

using Reported = std::vector<std::pair<Power, std::optional<double>>>;

// A device that measures these powers; nothing: it has not reported the power.
struct Made {
  Role role = Role::kOther;
  Reported reported;
  std::optional<double> charge{};
  bool has_charge = false;
  bool is_old = false;
  UnknownReason no_figures = UnknownReason::kOld;
  EnergySources sources{};
  Overview figures{};
};

HomePicture picture(std::vector<Made> home) {
  std::vector<PictureDevice> devices;
  for (Made& made : home) {
    for (const auto& [power, watts] : made.reported) {
      made.sources.powers.push_back({.name = "x", .power = power});
      made.figures.powers_w.at(static_cast<std::size_t>(power)) = watts;
    }
    made.figures.charge_percent = made.charge;
    devices.push_back({.role = made.role,
                       .sources = &made.sources,
                       .has_charge = made.has_charge || made.charge.has_value(),
                       .figures = made.is_old ? nullptr : &made.figures,
                       .no_figures = made.no_figures});
  }
  return picture_of(devices);
}

// A PowerOcean: sun and battery behind the meter of the house.
Made meter(double sun, double battery, double grid, double load) {
  return {.role = Role::kMeter,
          .reported = {{Power::kPv, sun},
                       {Power::kBattery, battery},
                       {Power::kGrid, grid},
                       {Power::kLoad, load}}};
}
// A DELTA 2 at a socket.
Made consumer(double battery, double import, double load) {
  return {
      .role = Role::kConsumer,
      .reported = {{Power::kBattery, battery}, {Power::kGridImport, import}, {Power::kLoad, load}}};
}
// A PowerStream.
Made feeder(double sun, double load) {
  return {.role = Role::kFeeder, .reported = {{Power::kPv, sun}, {Power::kLoad, load}}};
}

std::optional<double> home_of(const HomePicture& picture) {
  return picture.at(PowerPlace::kHome).power_w;
}

TEST(HomePicture, TheHomeIsNotTheSumOfItsDevices) {
  const HomePicture station = picture({meter(2000, 0, -500, 1500), consumer(300, 300, 0)});
  EXPECT_THAT(home_of(station), Optional(1200.0));
  EXPECT_THAT(station.unaccounted_w, Optional(0.0));
  EXPECT_THAT(station.at(PowerPlace::kGrid).power_w, Optional(-500.0)) << "the meter's alone";
  EXPECT_EQ(station.grid_caption, GridCaption::kMeasured);
  const HomePicture stream = picture({meter(2000, 0, -500, 1500), feeder(400, 400)});
  EXPECT_THAT(home_of(stream), Optional(1900.0));
}

TEST(HomePicture, APlugsLoadIsInTheMetersFigureAlready) {
  const Made plug{.reported = {{Power::kLoad, 900}}};
  const HomePicture made = picture({meter(2000, 0, -500, 1500), plug});
  EXPECT_THAT(home_of(made), Optional(1500.0));
  EXPECT_THAT(made.unaccounted_w, Optional(0.0));
  const HomePicture alone = picture({plug});
  EXPECT_THAT(home_of(alone), Optional(900.0));
  EXPECT_TRUE(alone.at(PowerPlace::kHome).at_least);
}

TEST(HomePicture, WithoutAMeterTheImportOfDevicesIsSaidToBeThat) {
  const HomePicture made = picture({consumer(100, 300, 200), consumer(0, 50, 50)});
  EXPECT_EQ(made.grid_caption, GridCaption::kImportOfDevices);
  EXPECT_THAT(made.at(PowerPlace::kGrid).power_w, Optional(350.0));
  EXPECT_THAT(home_of(made), Optional(250.0));
  EXPECT_THAT(made.flows, ElementsAre(PowerFlow{PowerPlace::kGrid, PowerPlace::kHome, 250},
                                      PowerFlow{PowerPlace::kGrid, PowerPlace::kBattery, 100}));
}

// A DELTA 2 Max: its pack does not tell its power.
TEST(HomePicture, ABatteryThatIsNotMeasuredTakesWhatItsDeviceGetsAndDoesNotGive) {
  const Made station{.role = Role::kConsumer,
                     .reported = {{Power::kPv, 600}, {Power::kGridImport, 100}, {Power::kLoad, 50}},
                     .charge = 40};
  const HomePicture made = picture({meter(2000, 500, -500, 1000), station});
  EXPECT_THAT(made.at(PowerPlace::kBattery).power_w, Optional(1150.0));
  EXPECT_THAT(made.at(PowerPlace::kSun).power_w, Optional(2600.0));
  EXPECT_THAT(home_of(made), Optional(950.0)) << "100 of the house's 1000 W are the station's";
  EXPECT_THAT(made.unaccounted_w, Optional(0.0));
  const HomePicture alone = picture({station});
  EXPECT_THAT(alone.at(PowerPlace::kBattery).power_w, Optional(650.0));
  EXPECT_THAT(home_of(alone), Optional(50.0));
  Made unreported = station;
  unreported.reported.back().second.reset();
  const HomePicture lacking = picture({meter(2000, 500, -500, 1000), unreported});
  EXPECT_THAT(lacking.at(PowerPlace::kBattery),
              AllOf(Field(&PowerNode::power_w, std::nullopt), Field(&PowerNode::at_least, false),
                    Field(&PowerNode::known_w, Optional(500.0))));
  EXPECT_TRUE(lacking.at(PowerPlace::kHome).at_least) << "the balance is not whole";
}

TEST(HomePicture, FeedersAloneHaveNoGrid) {
  const HomePicture made = picture({feeder(400, 390)});
  EXPECT_FALSE(made.at(PowerPlace::kGrid).exists);
  EXPECT_EQ(made.grid_caption, GridCaption::kNone);
  EXPECT_THAT(home_of(made), Optional(400.0));
  EXPECT_THAT(made.flows, ElementsAre(PowerFlow{PowerPlace::kSun, PowerPlace::kHome, 400}));
}

TEST(HomePicture, WhatIsUnknownIsNotZero) {
  Made unreported = meter(0, 0, 0, 0);
  for (auto& [power, watts] : unreported.reported) watts.reset();
  const HomePicture fresh = picture({unreported});
  for (const PowerPlace place :
       {PowerPlace::kSun, PowerPlace::kBattery, PowerPlace::kGrid, PowerPlace::kHome}) {
    EXPECT_TRUE(fresh.at(place).exists) << name_of(place);
    EXPECT_EQ(fresh.at(place).power_w, std::nullopt) << name_of(place);
    EXPECT_FALSE(fresh.at(place).at_least) << name_of(place);
  }
  EXPECT_EQ(fresh.unaccounted_w, std::nullopt);
  EXPECT_THAT(fresh.flows, IsEmpty());
  EXPECT_FALSE(fresh.at(PowerPlace::kCar).exists);
}

TEST(HomePicture, APartThatIsUnknownMakesASumAtLeastThat) {
  Made old = feeder(400, 390);
  old.is_old = true;
  const HomePicture made = picture({meter(2000, 500, -200, 1300), old});
  EXPECT_THAT(made.at(PowerPlace::kSun).power_w, Optional(2000.0));
  EXPECT_TRUE(made.at(PowerPlace::kSun).at_least);
  EXPECT_FALSE(made.at(PowerPlace::kBattery).at_least);
  EXPECT_THAT(home_of(made), Optional(1300.0)) << "the loads that are known";
  EXPECT_TRUE(made.at(PowerPlace::kHome).at_least);
  EXPECT_EQ(made.unaccounted_w, std::nullopt);
}

// A sum of parts of both signs has no least value, nor has anything that follows from it.
TEST(HomePicture, APartOfEitherSignThatIsUnknownLeavesTheSumUnknown) {
  Made away = meter(0, 480, 300, 200);
  away.is_old = true;
  Made behind = meter(2000, -96, 210, 2314);
  behind.reported.emplace_back(Power::kEv, 1100);
  const HomePicture made = picture({away, behind, consumer(10, 60, 50)});
  for (const auto& [place, known] :
       {std::pair{PowerPlace::kBattery, -86}, {PowerPlace::kGrid, 210}}) {
    EXPECT_THAT(made.at(place),
                AllOf(Field(&PowerNode::power_w, std::nullopt), Field(&PowerNode::at_least, false),
                      Field(&PowerNode::known_w, Optional(DoubleNear(known, 1e-9)))))
        << name_of(place);
  }
  EXPECT_TRUE(made.at(PowerPlace::kSun).at_least);
  EXPECT_THAT(home_of(made), Optional(2314.0)) << "one load may supply another";
  EXPECT_TRUE(made.at(PowerPlace::kHome).at_least);
  EXPECT_THAT(made.flows, ElementsAre(PowerFlow{PowerPlace::kHome, PowerPlace::kCar, 1100}))
      << "what a source supplies is not known either";
  Made idle = consumer(10, 60, -5);
  EXPECT_EQ(home_of(picture({away, idle})), std::nullopt) << "at least nothing says nothing";
  Made unplugged = consumer(0, 300, 300);
  unplugged.is_old = true;
  EXPECT_TRUE(picture({unplugged, idle}).at(PowerPlace::kGrid).at_least) << "devices only draw";
}

TEST(HomePicture, WithoutAMeterWhatPartsSayWinsOverABalanceThatDiffersMuch) {
  const HomePicture near = picture({consumer(0, 1000, 960)});
  EXPECT_THAT(home_of(near), Optional(1000.0));
  EXPECT_THAT(near.unaccounted_w, Optional(0.0));
  const HomePicture far = picture({consumer(0, 1000, 800)});
  EXPECT_THAT(home_of(far), Optional(800.0));
  EXPECT_THAT(far.unaccounted_w, Optional(200.0));
  const HomePicture metered = picture({meter(1000, 0, 0, 800)});
  EXPECT_THAT(home_of(metered), Optional(1000.0)) << "losses are a use of the home";
  EXPECT_THAT(metered.unaccounted_w, Optional(0.0));
}

TEST(HomePicture, AHomeIsNeverNegative) {
  Made made = meter(100, 0, -400, 0);
  made.reported.pop_back();
  const HomePicture picture_made = picture({made});
  EXPECT_THAT(home_of(picture_made), Optional(0.0));
  EXPECT_THAT(picture_made.unaccounted_w, Optional(-300.0));
}

TEST(HomePicture, CarAndHeatArePartsOfTheHome) {
  Made made = meter(0, 0, 3000, 3000);
  made.reported.emplace_back(Power::kEv, 2000);
  made.reported.emplace_back(Power::kHeater, 300);
  made.reported.emplace_back(Power::kHeatpump, 400);
  EXPECT_THAT(picture({made}).flows,
              ElementsAre(PowerFlow{PowerPlace::kGrid, PowerPlace::kHome, 3000},
                          PowerFlow{PowerPlace::kHome, PowerPlace::kCar, 2000},
                          PowerFlow{PowerPlace::kHome, PowerPlace::kHeat, 700}));
}

TEST(HomePicture, AHeatPumpThatIsNotMeasuredIsNotNothing) {
  Made ocean = meter(2000, 0, 0, 2000);
  ocean.figures.has_heat_pump = true;
  const PowerNode alone = picture({ocean}).at(PowerPlace::kHeat);
  EXPECT_TRUE(alone.exists);
  EXPECT_EQ(alone.power_w, std::nullopt);
  EXPECT_THAT(alone.unknown, ElementsAre(UnknownDevice{0, UnknownReason::kNotMeasured}));
  ocean.reported.emplace_back(Power::kHeater, 0);
  EXPECT_EQ(picture({ocean}).at(PowerPlace::kHeat).power_w, std::nullopt) << "a rod that is off";
  ocean.reported.back().second = 800;
  const PowerNode with_rod = picture({ocean}).at(PowerPlace::kHeat);
  EXPECT_THAT(with_rod.power_w, Optional(800.0));
  EXPECT_TRUE(with_rod.at_least);
  ocean.reported.emplace_back(Power::kHeatpump, 300);
  EXPECT_FALSE(picture({ocean}).at(PowerPlace::kHeat).at_least);
}

TEST(HomePicture, NoPartIsLargerThanTheHome) {
  Made made = meter(0, 0, 2000, 2000);
  made.reported.emplace_back(Power::kEv, 1900);
  made.reported.emplace_back(Power::kHeater, 300);  // reported later than the meter
  const HomePicture picture_made = picture({made});
  EXPECT_THAT(home_of(picture_made), Optional(2200.0));
  EXPECT_THAT(picture_made.unaccounted_w, Optional(-200.0));
}

TEST(HomePicture, ThePartsOfABatteryHaveOneSign) {
  const Made made{.role = Role::kConsumer,
                  .reported = {{Power::kBatteryCharge, 50.0},
                               {Power::kBatteryDischarge, 250.0},
                               {Power::kGridImport, 0.0},
                               {Power::kLoad, 200.0}}};
  EXPECT_THAT(picture({made}).at(PowerPlace::kBattery).power_w, Optional(-200.0));
  Made partly = made;
  partly.reported[0].second.reset();
  EXPECT_EQ(picture({partly}).at(PowerPlace::kBattery).power_w, std::nullopt);
}

TEST(HomePicture, TheChargeIsTheMeanOfTheBatteriesThatAreKnown) {
  Made old{.role = Role::kPanel, .reported = {}, .charge = 0};
  old.is_old = true;
  const HomePicture made = picture({{.role = Role::kPanel, .reported = {}, .charge = 40},
                                    {.role = Role::kPanel, .reported = {}, .charge = 80},
                                    old});
  EXPECT_THAT(made.charge_percent, Optional(60.0));
  EXPECT_TRUE(made.at(PowerPlace::kBattery).exists);
  EXPECT_EQ(made.at(PowerPlace::kBattery).power_w, std::nullopt);
  EXPECT_FALSE(made.at(PowerPlace::kHome).exists) << "a panel says nothing about powers";
}

Made unknown(Made made, UnknownReason reason) {
  made.is_old = true;
  made.no_figures = reason;
  return made;
}

Made without(Made made, Power power) {
  std::ranges::find(made.reported, power, &Reported::value_type::first)->second.reset();
  return made;
}

struct ReasonCase {
  std::string what;
  std::vector<Made> home;
  // By place; none: the place is known, or the home does not have it.
  std::vector<std::pair<PowerPlace, std::vector<UnknownDevice>>> unknown;
};

TEST(HomePicture, SaysWhyAPowerIsNotKnown) {
  using enum PowerPlace;
  using enum UnknownReason;
  const Made ocean = meter(2000, 500, -200, 1300);
  const Made station = consumer(100, 300, 200);
  const Made balcony = feeder(400, 390);
  const Made plug{.reported = {{Power::kLoad, 900}}};
  const Made panel{.role = Role::kPanel, .reported = {}, .charge = 40};
  Made heated = ocean;
  heated.reported.emplace_back(Power::kHeater, std::nullopt);
  heated.reported.emplace_back(Power::kHeatpump, std::nullopt);
  const std::vector<ReasonCase> cases{
      {"all is known", {ocean, station, balcony, plug, panel}, {}},
      {"a feeder is offline",
       {ocean, unknown(balcony, kOffline)},
       {{kSun, {{1, kOffline}}}, {kHome, {{1, kOffline}}}}},
      {"the meter has never reported",
       {station, unknown(ocean, kNever)},
       {{kSun, {{1, kNever}}},
        {kBattery, {{1, kNever}}},
        {kGrid, {{1, kNever}}},
        {kHome, {{1, kNever}}}}},
      {"one power is not reported",
       {without(ocean, Power::kBattery), balcony},
       {{kBattery, {{0, kNotReported}}}, {kHome, {{0, kNotReported}}}}},
      {"the home has every device that its sources lack, once",
       {without(ocean, Power::kPv), unknown(station, kOld), unknown(balcony, kOffline)},
       {{kSun, {{0, kNotReported}, {2, kOffline}}},
        {kBattery, {{1, kOld}}},
        {kHome, {{0, kNotReported}, {1, kOld}, {2, kOffline}}}}},
      {"a device is named once for a place, though it lacks two parts",
       {heated},
       {{kHeat, {{0, kNotReported}}}}},
      {"a load that is not known is no part of a measured home",
       {without(ocean, Power::kLoad), unknown(plug, kOffline)},
       {}},
      {"nothing says what supplies a plug",
       {plug, unknown(plug, kOffline)},
       {{kHome, {{0, kNotMeasured}, {1, kOffline}}}}},
      {"a charge says nothing about the power",
       {panel, unknown(panel, kOffline)},
       {{kBattery, {{0, kNotMeasured}, {1, kNotMeasured}}}}},
  };
  for (const ReasonCase& each : cases) {
    const HomePicture made = picture(each.home);
    for (std::size_t i = 0; i < kPlaces; ++i) {
      const auto place = static_cast<PowerPlace>(i);
      const auto expected =
          std::ranges::find(each.unknown, place, [](const auto& row) { return row.first; });
      const bool is_known = expected == each.unknown.end();
      const std::vector<UnknownDevice> none;
      EXPECT_EQ(made.at(place).unknown, is_known ? none : expected->second)
          << each.what << ": " << name_of(place);
    }
  }
}

TEST(HomePicture, NamesTheFirstDevicesAndCountsAll) {
  const Made off = unknown(feeder(400, 390), UnknownReason::kOffline);
  for (const std::size_t count : {kMaxNamedUnknown, kMaxNamedUnknown + 1}) {
    const HomePicture made = picture(std::vector<Made>(count, off));
    for (const PowerPlace place : {PowerPlace::kSun, PowerPlace::kHome}) {
      const PowerNode& node = made.at(place);
      EXPECT_EQ(node.unknown.size(), kMaxNamedUnknown);
      EXPECT_EQ(node.unknown_devices, count);
      EXPECT_THAT(node.unknown, Each(Field(&UnknownDevice::reason, UnknownReason::kOffline)));
    }
  }
}

struct FlowCase {
  std::string what;
  Balance balance;
  std::vector<PowerFlow> flows;
};

TEST(Flows, AreThoseOfTheTable) {
  using enum PowerPlace;
  const std::vector<FlowCase> cases{
      {"sun, battery first, then out",
       {.sun = 3000, .charging = 1500, .exported = 400, .home = 1100},
       {{kSun, kBattery, 1500}, {kSun, kHome, 1100}, {kSun, kGrid, 400}}},
      {"the battery and the grid at night",
       {.discharging = 300, .imported = 200, .home = 500},
       {{kBattery, kHome, 300}, {kGrid, kHome, 200}}},
      {"the grid charges only what nothing else explains",
       {.sun = 500, .charging = 400, .imported = 300, .home = 400},
       {{kSun, kBattery, 400}, {kSun, kHome, 100}, {kGrid, kHome, 300}}},
      {"more is imported than the home takes",
       {.charging = 800, .imported = 1000, .home = 200},
       {{kGrid, kHome, 200}, {kGrid, kBattery, 800}}},
      {"the battery gives to the grid",
       {.discharging = 700, .exported = 500, .home = 200},
       {{kBattery, kHome, 200}, {kBattery, kGrid, 500}}},
      {"nothing", {}, {}},
  };
  for (const FlowCase& each : cases) {
    EXPECT_EQ(flows_of(each.balance).flows, each.flows) << each.what;
    EXPECT_THAT(flows_of(each.balance).rest_w, DoubleNear(0, 1e-9)) << each.what;
  }
}

// Numbers of a repeatable sequence.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : chance_(seed) {}
  std::uint64_t below(std::uint64_t most) { return chance_.bits(next_++) % most; }
  double watts(std::uint64_t most) { return static_cast<double>(below(most)); }

 private:
  Chance chance_;
  std::uint64_t next_ = 0;
};

double sum_of(const std::vector<PowerFlow>& flows, PowerPlace place, PowerPlace PowerFlow::* end) {
  double sum = 0;
  for (const PowerFlow& flow : flows) {
    if (flow.*end == place) sum += flow.power_w;
  }
  return sum;
}

// Any balanced home, whatever it does at once: nothing is negative, lost or made.
TEST(Flows, ConserveTheEnergyOfABalancedHome) {
  Draws draws(7);
  const auto watts = [&](std::uint64_t sides) {
    return draws.below(sides) == 0 ? 0.0 : draws.watts(5000);
  };
  for (int i = 0; i < 20'000; ++i) {
    Balance b{.sun = watts(3)};
    (draws.below(2) == 0 ? b.charging : b.discharging) = watts(4);
    (draws.below(2) == 0 ? b.imported : b.exported) = watts(4);
    b.home = b.sun - b.charging + b.discharging + b.imported - b.exported;
    if (b.home < 0) continue;
    const Flows made = flows_of(b);
    const auto& flows = made.flows;
    ASSERT_NEAR(made.rest_w, 0, 1e-6);
    for (const PowerFlow& flow : flows) ASSERT_GT(flow.power_w, 0);
    ASSERT_NEAR(sum_of(flows, PowerPlace::kSun, &PowerFlow::from), b.sun, 1e-6);
    ASSERT_NEAR(sum_of(flows, PowerPlace::kBattery, &PowerFlow::from), b.discharging, 1e-6);
    ASSERT_NEAR(sum_of(flows, PowerPlace::kBattery, &PowerFlow::to), b.charging, 1e-6);
    ASSERT_NEAR(sum_of(flows, PowerPlace::kGrid, &PowerFlow::from), b.imported, 1e-6);
    ASSERT_NEAR(sum_of(flows, PowerPlace::kGrid, &PowerFlow::to), b.exported, 1e-6);
    ASSERT_NEAR(sum_of(flows, PowerPlace::kHome, &PowerFlow::to), b.home, 1e-6);
  }
}

// Homes of all three roles whose true use is known: the picture finds it.
TEST(HomePicture, FindsTheTrueUseOfAnyHome) {
  Draws draws(11);
  for (int i = 0; i < 2'000; ++i) {
    // What the house's own appliances use; others hang on the stations.
    const double appliances = draws.watts(3000);
    double use = appliances;
    double net = appliances;  // that the meter's side has to supply
    std::vector<Made> home;
    for (std::uint64_t n = draws.below(3); n > 0; --n) {
      const double import = draws.watts(1000);
      const double load = draws.watts(800);
      home.push_back(consumer(import - load, import, load));
      use += load;
      net += import;
    }
    for (std::uint64_t n = draws.below(3); n > 0; --n) {
      const double sun = draws.watts(600);
      home.push_back(feeder(sun, sun));
      net -= sun;
    }
    const double sun = draws.watts(5000);
    const double battery = draws.watts(4000) - 2000;
    home.push_back(meter(sun, battery, net - sun + battery, net));
    ASSERT_NEAR(*home_of(picture(home)), use, 1e-6);
    ASSERT_NEAR(*picture(home).unaccounted_w, 0, 1e-6);
  }
}

// Any home of known and unknown devices: a place has reasons if and only if its power is not known.
TEST(HomePicture, HasAReasonForWhateverIsNotKnown) {
  Draws draws(13);
  const auto watts = [&]() -> std::optional<double> {
    if (draws.below(4) == 0) return std::nullopt;
    return draws.watts(3000);
  };
  for (int i = 0; i < 5'000; ++i) {
    std::vector<Made> home;
    for (std::uint64_t n = draws.below(12); n > 0; --n) {
      Made made;
      made.role = static_cast<Role>(draws.below(5));
      made.has_charge = draws.below(3) == 0;
      // A role's own power is in its family.
      if (made.role == Role::kMeter) made.reported.emplace_back(Power::kGrid, watts());
      if (made.role == Role::kConsumer) made.reported.emplace_back(Power::kGridImport, watts());
      for (const Power power : {Power::kPv, Power::kBattery, Power::kLoad, Power::kEv,
                                Power::kHeater, Power::kHeatpump}) {
        if (draws.below(2) == 0) made.reported.emplace_back(power, watts());
      }
      if (draws.below(3) == 0) {
        made = unknown(made, static_cast<UnknownReason>(draws.below(3)));
      }
      home.push_back(made);
    }
    const HomePicture made = picture(home);
    for (const PowerNode& node : made.nodes) {
      if (!node.exists) continue;
      ASSERT_EQ(node.unknown_devices > 0, !node.power_w || node.at_least);
      ASSERT_EQ(node.unknown.size(), std::min(node.unknown_devices, kMaxNamedUnknown));
      ASSERT_LE(node.unknown_devices, home.size());
      ASSERT_TRUE(std::ranges::is_sorted(node.unknown, std::less_equal{}, &UnknownDevice::device));
      for (const UnknownDevice& each : node.unknown) {
        const Made& device = home.at(each.device);
        const bool is_measured = each.reason != UnknownReason::kNotMeasured;
        if (is_measured && device.is_old) ASSERT_EQ(each.reason, device.no_figures);
        if (is_measured && !device.is_old) ASSERT_EQ(each.reason, UnknownReason::kNotReported);
      }
    }
  }
}

// ---- which devices measure the grid

struct Named {
  std::string family;
  std::string sn;
  std::string meter_sn{};
  Role role{};
};

TEST(Roles, TheGridCountsAtTheMeterThatADeviceNames) {
  const auto catalog = shipped_catalog();
  const std::vector<std::vector<Named>> homes = {
      {{.family = "stream", .sn = "BK61A", .meter_sn = "BK21A", .role = Role::kFeeder},
       {.family = "smart_meter", .sn = "BK21A", .role = Role::kMeter},
       {.family = "delta_2", .sn = "R331A", .role = Role::kConsumer}},
      // A meter of somebody else, or one that the device has not named yet.
      {{.family = "stream", .sn = "BK61A", .meter_sn = "BK21B", .role = Role::kMeter},
       {.family = "stream", .sn = "BK61B", .role = Role::kMeter},
       {.family = "smart_meter", .sn = "BK21A", .role = Role::kMeter}},
      // Nobody is behind a device that is no household meter, or behind itself.
      {{.family = "stream", .sn = "BK61A", .meter_sn = "HJ31A", .role = Role::kFeeder},
       {.family = "power_ocean", .sn = "HJ31A", .role = Role::kMeter},
       {.family = "stream", .sn = "BK61B", .meter_sn = "BK61C", .role = Role::kMeter},
       {.family = "stream", .sn = "BK61C", .meter_sn = "BK61C", .role = Role::kMeter},
       {.family = "stream", .sn = "BK61D", .meter_sn = "R331A", .role = Role::kMeter},
       {.family = "delta_2", .sn = "R331A", .role = Role::kConsumer}},
  };
  for (const std::vector<Named>& home : homes) {
    std::vector<Member> members;
    std::vector<Role> wanted;
    for (const Named& each : home) {
      members.push_back(
          {.family = catalog->find(each.family).get(), .sn = each.sn, .meter_sn = each.meter_sn});
      wanted.push_back(each.role);
    }
    EXPECT_EQ(roles_of(members), wanted) << home.front().meter_sn;
  }
}

TEST(HomePicture, ADeviceWithoutSunGivesNothing) {
  const auto catalog = shipped_catalog();
  const EnergySources sources(*catalog->find("stream_microinverter"));
  const Overview dark = overview_without_sun(sources);
  const HomePicture home = picture_of(
      std::array{PictureDevice{.role = Role::kFeeder, .sources = &sources, .figures = &dark}});
  EXPECT_THAT(home.at(PowerPlace::kSun).power_w, Optional(0.0));
  EXPECT_THAT(home.at(PowerPlace::kHome).power_w, Optional(0.0));
  EXPECT_FALSE(home.at(PowerPlace::kHome).at_least);
  EXPECT_EQ(dark.charge_percent, std::nullopt);
}

}  // namespace
}  // namespace gridloom::overview
