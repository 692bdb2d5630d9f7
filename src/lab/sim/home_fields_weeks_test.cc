// Every family and every number of the home `all`, in a week of June and one of January, beside
// what real devices reported (bench/believable.json). 14 days each with GL_LONG in the environment.
//
// What stands still on purpose has a reason in test_home_still.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/read_file.h"
#include "sim/test_home_fields.h"
#include "sim/test_home_still.h"
#include "testing/long_runs.h"
#include "testing/source_path.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace {

constexpr TimePoint kJune{std::chrono::sys_days{std::chrono::June / 16 / 2025}};
constexpr TimePoint kJanuary{std::chrono::sys_days{std::chrono::January / 13 / 2025}};

// What people draw from each device, and whose household they are.
struct LoadOf {
  KeptNumber number;
  std::string_view household;
  bool sees_site = false;             // the others of its site are a part of it
  std::vector<KeptNumber> without{};  // what follows the sun, and is no load of people
};
const std::vector<LoadOf>& loads() {
  static constexpr std::string_view kUltra = "hs_yj751_pd_appshow_addr.wattsOutSum";
  static const std::vector<LoadOf> kLoads = {
      {{"Home battery", "sysLoadPwr"},
       "house",
       true,
       {{"Home battery", "evPwr"}, {"Home battery", "hrEnergyStream", 0, "hrPwr"}}},
      {{"Kitchen power station", "inv.outputWatts"}, "house"},
      {{"Workshop power station", "inv.outputWatts"}, "house"},
      {{"Bedroom air conditioner", "pd.sysPowerWatts"}, "house"},
      {{"Balcony inverter", "20_1.plugTotalWatts"}, "house"},
      {{"Living room plug", "2_1.watts"}, "house"},
      {{"Garage power station", "inv.outputWatts"}, "house"},
      {{"House battery", std::string(kUltra)}, "house"},
      {{"Home battery of the annexe", "sysLoadPwr"},
       "annexe",
       true,
       {{"Home battery of the annexe", "evPwr"},
        {"Home battery of the annexe", "hrEnergyStream", 0, "hrPwr"}}},
      {{"Balcony roof", "powGetSysLoad"}, "flat", true},
      {{"Cabin battery", std::string(kUltra)}, "cottage"},
      {{"Lodge power station", "powOutSumW"}, "lodge"},
      {{"Farm power station", "inv.outputWatts"}, "farm"},
      {{"Orchard power station", "inv.outputWatts"}, "orchard"},
      {{"Studio power station", "inv.outputWatts"}, "studio"},
      {{"Camper fridge", "pd.motorWat"}, "camper"},
      {{"Camper power kit", "ldac.M10EZEB4ZE7D0128.acTotalWatts"}, "camper"},
      {{"Camper power kit", "lddc.M10E1-LDDC-29A63.dcTotalWatts"}, "camper", true},
  };
  return kLoads;
}

constexpr std::size_t kCircuits = 10;
std::vector<KeptNumber> circuits() {
  std::vector<KeptNumber> circuits;
  for (std::size_t k = 0; k < kCircuits; ++k) {
    circuits.push_back({"Home panel", "channelPower.infoList", k, "chWatt"});
  }
  return circuits;
}

// A battery's charge, between limits that are fields, or numbers where there is no such field.
struct BatteryOf {
  KeptNumber soc;
  std::string_view least_field;
  double least = 0;
  std::string_view most_field;
  double most = 100;
};
const std::vector<BatteryOf>& batteries() {
  constexpr std::string_view kUltraLeast = "hs_yj751_pd_app_set_info_addr.dsgMinSoc";
  constexpr std::string_view kUltraMost = "hs_yj751_pd_app_set_info_addr.chgMaxSoc";
  static const std::vector<BatteryOf> kBatteries = {
      {{"Kitchen power station", "pd.soc"},
       "bms_emsStatus.minDsgSoc",
       0,
       "bms_emsStatus.maxChargeSoc"},
      {{"Workshop power station", "pd.soc"},
       "bms_emsStatus.minDsgSoc",
       0,
       "bms_emsStatus.maxChargeSoc"},
      {{"Garage power station", "pd.soc"},
       "bms_emsStatus.minDsgSoc",
       0,
       "bms_emsStatus.maxChargeSoc"},
      {{"Home battery", "bpSoc"}, "", 5, ""},
      {{"Home battery of the annexe", "bpSoc"}, "", 5, ""},
      {{"Balcony inverter", "20_1.batSoc"}, "20_1.lowerLimit", 0, "20_1.upperLimit"},
      {{"House battery", "hs_yj751_pd_appshow_addr.soc"}, kUltraLeast, 0, kUltraMost},
      {{"Cabin battery", "hs_yj751_pd_appshow_addr.soc"}, kUltraLeast, 0, kUltraMost},
      {{"Balcony roof", "cmsBattSoc"}, "cmsMinDsgSoc", 0, "cmsMaxChgSoc"},
      {{"Lodge power station", "cmsBattSoc"}, "cmsMinDsgSoc", 0, "cmsMaxChgSoc"},
      {{"Farm power station", "ems.lcdShowSoc"}, "ems.minDsgSoc", 0, "ems.maxChargeSoc"},
      {{"Orchard power station", "ems.lcdShowSoc"}, "ems.minDsgSoc", 0, "ems.maxChargeSoc"},
      {{"Studio power station", "pd.soc"},
       "bms_emsStatus.minDsgSoc",
       0,
       "bms_emsStatus.maxChargeSoc"},
      {{"Home panel", "heartbeat.backupBatPer"}, "", 0, ""},
      {{"Ranch panel", "backupIncreInfo.backupBatPer"}, "backupReserveSoc", 0, "foceChargeHight"},
      {{"Terrace power station", "cmsBattSoc"}, "cmsMinDsgSoc", 0, "cmsMaxChgSoc"},
      {{"Bedroom air conditioner", "pd.batSoc"}, "bms.bmsMinDsgSoc", 0, "bms.bmsMaxChgSoc"},
      {{"Camper power kit", "bp2000.M102Z3B4ZE6H0009.soc"},
       "bp2000.M102Z3B4ZE6H0009.dsgSetSoc",
       0,
       "bp2000.M102Z3B4ZE6H0009.chgSetSoc"},
      {{"Camper power kit", "bp2000.M102Z3B4ZE6H0010.soc"},
       "bp2000.M102Z3B4ZE6H0010.dsgSetSoc",
       0,
       "bp2000.M102Z3B4ZE6H0010.chgSetSoc"},
      {{"Camper fridge", "bms_bmsStatus.soc"}, "bms_emsStatus.minDsgSoc", 0, ""},
  };
  return kBatteries;
}

FieldDays live(TimePoint start) {
  const int days = runs_long() ? 14 : 7;
  std::vector<KeptNumber> kept = circuits();
  for (const LoadOf& load : loads()) {
    kept.push_back(load.number);
    kept.insert(kept.end(), load.without.begin(), load.without.end());
  }
  for (const BatteryOf& battery : batteries()) kept.push_back(battery.soc);
  return FieldDays("all", start, days, kept);
}
const FieldDays& june() {
  static const FieldDays days = live(kJune);
  return days;
}
const FieldDays& january() {
  static const FieldDays days = live(kJanuary);
  return days;
}

// The facts of both times together; nullptr: no device has the number.
std::optional<NumberFacts> both(std::string_view family, const std::string& name) {
  const NumberFacts* summer = june().of_family(family, name);
  const NumberFacts* winter = january().of_family(family, name);
  if (summer == nullptr || winter == nullptr) return std::nullopt;
  NumberFacts sum = *summer;
  sum.add(*winter);
  return sum;
}

// ---- what real devices reported

struct Real {
  double least = 0;
  double greatest = 0;
  double zero_share = 0;
  std::size_t values = 0;
  [[nodiscard]] bool moves() const { return least != greatest; }
};
using RealFamilies = std::map<std::string, std::map<std::string, Real>>;

const RealFamilies& real() {
  static const RealFamilies kReal = [] {
    RealFamilies families;
    const std::string text =
        read_text(source_path("bench/believable.json"), std::size_t{1} << 20U).value();
    const wire::Json json =
        wire::parse_json(text, {.bytes = text.size(), .keys = text.size()}).value();
    for (const auto& [family, numbers] : json.get_object()) {
      if (!numbers.is_object()) continue;  // where they are from
      for (const auto& [name, facts] : numbers.get_object()) {
        const wire::JsonArray& row = facts.get_array();
        families[std::string(family)][std::string(name)] = {
            .least = row.at(0).to_number<double>(),
            .greatest = row.at(1).to_number<double>(),
            .zero_share = row.at(2).to_number<double>(),
            .values = row.at(3).to_number<std::size_t>()};
      }
    }
    return families;
  }();
  return kReal;
}

// ---- what stands still on purpose: test_home_still.h

bool is_like(std::string_view name, std::string_view row) {
  return row.ends_with('*') ? name.starts_with(row.substr(0, row.size() - 1)) : name == row;
}

bool stands_still(std::string_view family, const std::string& name) {
  // A number of which no document says what it is.
  const catalog::Field& field = *june().known().at(std::string(family)).at(name).field;
  if (field.description.ends_with("inferred from its name")) return true;
  return std::ranges::any_of(still(), [&](const Still& row) {
    return row.family == family && std::ranges::any_of(row.names, [&](std::string_view each) {
             return is_like(name, each);
           });
  });
}

// What commands set stays as it was set.
bool is_setting(std::string_view family, const std::string& name) {
  return !june().known().at(std::string(family)).at(name).field->written_by.empty();
}

// It counts what happens by chance, and less than once a week.
bool is_rare(std::string_view family, const std::string& name) {
  constexpr double kWeek_s = 7 * 24 * 3600;
  const auto& signal = june().known().at(std::string(family)).at(name).field->signal;
  return signal && signal->shape == catalog::Signal::Shape::kCount && signal->period_s > kWeek_s;
}

bool is_excused(std::string_view family, const std::string& name) {
  return is_setting(family, name) || is_rare(family, name) || stands_still(family, name);
}

std::string shown(std::string_view family, const std::string& name) {
  return std::string(family) + ' ' + name;
}

TEST(HomeFields, WhatMovesInDumpsMoves) {
  for (const auto& [family, numbers] : real()) {
    std::size_t compared = 0;
    for (const auto& [name, dump] : numbers) {
      const auto seen = both(family, name);
      if (!seen || !dump.moves() || is_excused(family, name)) continue;
      // Elements of a list that differ from each other may stay as they are.
      if (name.contains("[]") && seen->least < seen->greatest) continue;
      ++compared;
      EXPECT_TRUE(seen->moves) << shown(family, name) << " is " << seen->least
                               << " all the time; in dumps it is " << dump.least << " to "
                               << dump.greatest;
    }
    EXPECT_GE(compared, 8U) << family;
  }
}

// What real devices did not move, or nobody published, has to move by its unit.
TEST(HomeFields, WhatIsMeasuredMoves) {
  static constexpr std::array<std::string_view, 8> kMeasured = {"W",  "V",  "A", "mV",
                                                                "mA", "°C", "%", "min"};
  EXPECT_EQ(june().known().size(), 19U) << "families";
  for (const auto& [family, numbers] : june().known()) {
    const auto dumps = real().find(family);
    std::size_t measured = 0;
    for (const auto& [name, known] : numbers) {
      if (std::ranges::find(kMeasured, known.unit) == kMeasured.end()) continue;
      if (is_excused(family, name)) continue;
      if (dumps != real().end()) {
        const auto dump = dumps->second.find(name);
        if (dump != dumps->second.end() && !dump->second.moves()) continue;
      }
      const auto seen = both(family, name);
      if (!seen) continue;
      ++measured;
      EXPECT_TRUE(seen->moves) << shown(family, name) << " is " << seen->least << ' ' << known.unit
                               << " on the wire all the time";
    }
    EXPECT_GE(measured, 5U) << family;
  }
}

TEST(HomeFields, WhatStandsStillHasNoNeedlessRow) {
  for (const Still& row : still()) {
    const auto numbers = june().known().find(std::string(row.family));
    ASSERT_NE(numbers, june().known().end()) << row.family;
    for (const std::string_view each : row.names) {
      std::size_t found = 0;
      for (const auto& [name, known] : numbers->second) {
        if (!is_like(name, each)) continue;
        ++found;
        const auto seen = both(row.family, name);
        EXPECT_FALSE(seen && seen->moves) << shown(row.family, name) << " moves: " << row.why;
      }
      EXPECT_GT(found, 0U) << row.family << ' ' << each << ": no such number";
    }
  }
}

// ---- weeks

// What follows the clock alone: the panel's own, how long a plug runs and a box with its pack has
// two zones, the camper's drives, which are at the same hours of every week, and the capacity of
// a battery that is hardly used and loses whole watt-hours by the calendar.
bool follows_clock(std::string_view name) {
  static constexpr auto kClocks = std::to_array<std::string_view>(
      {"channelPower.time.*", "heartbeat.time.*", "heartbeat.workTime", "bbcin.chgType",
       "bbcin.dcInState", "bbcin.isCarMoving", "2_1.runTime", "pd.coolZoneDoubleTime",
       "pd.powerBatInTime", "cmsBattFullEnergy"});
  return std::ranges::any_of(kClocks, [&](std::string_view each) { return is_like(name, each); });
}

TEST(HomeFields, NoWeekIsLikeAnother) {
  for (const HomeBench::Device& device : june().home().devices()) {
    std::size_t moving = 0;
    for (const auto& [name, summer] : june().of(device.name)) {
      const NumberFacts& winter = january().of(device.name).at(name);
      if ((!summer.moves && !winter.moves) || follows_clock(name)) continue;
      ++moving;
      EXPECT_NE(summer.trace, winter.trace)
          << device.name << ", " << shown(device.device->family().id, name)
          << " has the same values in June and in January: " << summer.least << " to "
          << summer.greatest;
    }
    EXPECT_GE(moving, 5U) << device.name;
  }
}

Series used(const FieldDays& days, const LoadOf& load) {
  Series series = days.series(load.number);
  for (const KeptNumber& less : load.without) {
    std::ranges::transform(series, days.series(less), series.begin(), std::minus<>());
  }
  return series;
}

TEST(HomeFields, UsesOfAWeekAreNotThoseOfAnother) {
  constexpr double kMost = 0.3;
  for (const LoadOf& load : loads()) {
    EXPECT_LT(std::abs(correlation(used(june(), load), used(january(), load))), kMost)
        << load.number.device << ", " << load.number.field << ": June with January";
  }
}

TEST(HomeFields, LoadsAreNotAlike) {
  constexpr double kMostOfHouseholds = 0.3;
  constexpr double kMostOfCircuits = 0.4;  // of one household, which is up or away
  for (const FieldDays* days : {&june(), &january()}) {
    for (std::size_t a = 0; a < loads().size(); ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        const LoadOf& one = loads()[a];
        const LoadOf& other = loads()[b];
        const bool live_together = one.household == other.household;
        if (live_together && (one.sees_site || other.sees_site)) continue;  // a part and its whole
        EXPECT_LT(correlation(used(*days, one), used(*days, other)),
                  live_together ? kMostOfCircuits : kMostOfHouseholds)
            << one.number.device << " and " << other.number.device
            << (days == &june() ? " in June" : " in January");
      }
    }
    for (const KeptNumber& one : circuits()) {
      for (const KeptNumber& other : circuits()) {
        if (one.element >= other.element) continue;
        EXPECT_LT(correlation(days->series(one), days->series(other)), kMostOfCircuits)
            << "circuits " << one.element << " and " << other.element << " of the panel"
            << (days == &june() ? " in June" : " in January");
      }
    }
  }
}

// ---- zeros

// What owners have otherwise: numbers that are 0 in one of their dumps.
bool differs_by_owner(std::string_view family, std::string_view name) {
  struct Row {
    std::string_view family;
    std::string_view why;
    std::vector<std::string_view> names;
  };
  static const std::vector<Row> kRows = {
      {"delta_2", "it was new", {"pd.relaySwitchCnt"}},
      {"delta_2", "what leaks to a socket without load", {"mppt.carOutVol"}},
      {"power_stream",
       "no smart plugs",
       {"20_1.cons*", "20_1.dynamicWatts", "20_1.invDemandWatts", "20_1.plugTotalWatts",
        "20_1.spaceDemandWatts"}},
      {"power_stream",
       "another firmware",
       {"20_1.espTempsensor", "20_1.invOpVolt", "20_1.noiseFloor"}},
      {"power_stream", "a network that never failed", {"20_1.mqttErr", "20_1.wifiErr"}},
      {"smart_home_panel",
       "a place for a pack that is not there",
       {"heartbeat.energyInfos[].batteryPercentage", "heartbeat.energyInfos[].emsBatTemp",
        "heartbeat.energyInfos[].dischargeTime"}},
      {"smart_home_panel", "a check that found no voltage left", {"selfCheck.vOut[]"}},
      {"smart_home_panel", "clocks that are not at UTC", {"heartbeat.timezoneInfo.timezone"}},
  };
  return std::ranges::any_of(kRows, [&](const Row& row) {
    return row.family == family && std::ranges::any_of(row.names, [&](std::string_view each) {
             return is_like(name, each);
           });
  });
}

// A few values do not say how often a number is 0, but whether it can be.
TEST(HomeFields, ZerosAreAsFrequentAsInDumps) {
  constexpr std::size_t kEnough = 16;
  constexpr double kMostApart = 0.35;  // the dumps are of two moments
  for (const auto& [family, numbers] : real()) {
    std::size_t compared = 0;
    for (const auto& [name, dump] : numbers) {
      const auto seen = both(family, name);
      if (!seen || dump.values < 2 || is_excused(family, name)) continue;
      if (differs_by_owner(family, name)) continue;
      const double share = seen->zero_share();
      if (dump.zero_share < 1) {
        EXPECT_LT(share, 1) << shown(family, name) << " is always 0, in dumps in "
                            << dump.zero_share << " of values";
      }
      if (dump.zero_share > 0 && dump.zero_share < 1) {
        EXPECT_GT(share, 0) << shown(family, name) << " is never 0, in dumps in " << dump.zero_share
                            << " of values";
      }
      if (dump.values < kEnough || !seen->moves) continue;
      ++compared;
      EXPECT_NEAR(share, dump.zero_share, kMostApart)
          << shown(family, name) << ": share of zeros beside that of " << dump.values
          << " values of dumps";
    }
    if (family == "smart_home_panel" || family == "power_ocean") EXPECT_GE(compared, 2U) << family;
  }
}

// ---- batteries

TEST(HomeFields, BatteriesLiveBetweenTheirLimits) {
  constexpr double kLeastMove_percent = 5;
  constexpr double kBeyond_percent = 1;  // where it rounds, or is let down to by itself
  for (const FieldDays* days : {&june(), &january()}) {
    const std::string_view when = days == &june() ? " in June" : " in January";
    for (const BatteryOf& battery : batteries()) {
      const Fields& fields = days->home().device(battery.soc.device).fields();
      const auto limit = [&](std::string_view field, double otherwise) {
        return field.empty() ? otherwise : fields.number(field);
      };
      const auto [least, most] = std::ranges::minmax(days->series(battery.soc));
      EXPECT_GE(most - least, kLeastMove_percent) << battery.soc.device << when;
      EXPECT_GE(least, limit(battery.least_field, battery.least) - kBeyond_percent)
          << battery.soc.device << when;
      EXPECT_LE(most, limit(battery.most_field, battery.most) + kBeyond_percent)
          << battery.soc.device << when;
    }
    const Series& kitchen = days->series({"Kitchen power station", "pd.soc"});
    EXPECT_GE(share_of(kitchen, [](double percent) { return percent < 90; }), 0.5) << when;
  }
}

}  // namespace
}  // namespace gridloom::sim
