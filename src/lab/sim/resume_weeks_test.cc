// Tests that a virtual device goes on where it was left, in every family.
#include "sim/resume.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sim/test_bench.h"
#include "sim/test_home_devices.h"

namespace gridloom::sim {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr Millis kDay{kDay_ms};

bool ends_with_one_of(std::string_view name, const std::vector<std::string_view>& ends) {
  return std::ranges::any_of(ends, [&](std::string_view end) { return name.ends_with(end); });
}

// Counters of a device's whole life; those of the day; and the charges of its batteries.
bool is_of_the_day(std::string_view name) {
  return ends_with_one_of(name, {"dayEnergy", "WhInDay", "DayWatth"});
}
bool is_of_life(const Fields::Entry& entry) {
  const bool counts =
      (entry.field->unit == "Wh" && is_numeric(entry.slot.type)) ||
      ends_with_one_of(entry.name, {"UsedTime", "workTime", ".cycles", "relaySwitchCnt"});
  const auto& signal = entry.field->signal;
  const bool is_counted = signal && (signal->shape == catalog::Signal::Shape::kCount ||
                                     signal->shape == catalog::Signal::Shape::kTime);
  // What a formula makes of other fields, as the energy stored, is no counter.
  const bool is_computed = signal && signal->shape == catalog::Signal::Shape::kFormula;
  return (counts || is_counted) && !is_computed && !is_of_the_day(entry.name);
}
bool is_charge(const Fields::Entry& entry) {
  return entry.field->unit == "%" && ends_with_one_of(entry.name, {"oc", "Soc", "BatPer"}) &&
         entry.field->written_by.empty();
}

// It is set, and runs.
bool is_of_a_clock(std::string_view name) { return name.contains(".time."); }

class Resume : public testing::TestWithParam<std::string_view> {
 protected:
  [[nodiscard]] Bench resumed(const LastState& last, TimePoint at) const {
    return Bench(family, {.seed = seed, .start = at, .last = &last, .site = outages});
  }
  // Expects of `entry` in `now` what the last report says of it.
  static void expect_continued(const Fields::Entry& entry, const Fields& before,
                               const Fields& now) {
    if (is_of_a_clock(entry.name)) return;
    if (!entry.field->written_by.empty()) {
      EXPECT_EQ(wire::to_text(now.get(entry.slot)), wire::to_text(before.get(entry.slot)))
          << entry.name;
    } else if (is_of_life(entry)) {
      EXPECT_GE(now.number(entry.slot), before.number(entry.slot)) << entry.name;
    } else if (is_charge(entry)) {
      EXPECT_NEAR(now.si(entry.slot), before.si(entry.slot), 1.5) << entry.name;
    }
  }
  static void outages(Environment& environment) {
    environment.grid_up = unix_ms(environment.now) / (90 * kMinute_ms) % 6 != 4;
  }

  catalog::FamilyPtr family = family_of(GetParam());
  std::uint64_t seed = life_seed();
};

TEST_P(Resume, GoesOnWithEveryCounterAndEverySetting) {
  Bench bench(family, {.seed = seed, .site = outages});
  for (int round = 0; round < 2 && !HasFailure(); ++round) {
    live(bench, 1, seed + static_cast<std::uint64_t>(round), [] {});
    const LastState last = bench.left();
    Bench again = resumed(last, bench.now());
    again.connect();
    for (const Fields::Entry& entry : bench.fields().entries()) {
      expect_continued(entry, bench.fields(), again.fields());
      if (!is_of_the_day(entry.name)) continue;
      EXPECT_GE(again.fields().number(entry.slot), bench.fields().number(entry.slot)) << entry.name;
    }
    expect_documented(again.fields());
  }
}

TEST_P(Resume, KeepsItsEnergyBalanceFromThenOn) {
  Bench bench(family, {.seed = seed});
  bench.run(Millis{7 * kHour_ms});
  const LastState last = bench.left();
  Bench again(family, {.seed = seed, .start = bench.now() + kDay, .last = &last});
  const Balance begun = again.device().balance();
  for (int k = 0; k < 300; ++k) {
    again.step(Millis{k % 3 == 0 ? 2000 : kMinute_ms});
    const Balance now = again.device().balance();
    ASSERT_EQ(now.in_uj - begun.in_uj, now.out_uj - begun.out_uj + now.lost_uj - begun.lost_uj +
                                           now.stored_uj - begun.stored_uj);
    ASSERT_GE(now.lost_uj, begun.lost_uj);
  }
}

TEST_P(Resume, BeginsTheDaysTotalsAnewAfterMidnightAndMakesNoCharge) {
  Bench bench(family, {.seed = seed});
  bench.run(Millis{15 * kHour_ms});
  const LastState last = bench.left();
  Bench again(family, {.seed = seed, .start = bench.now() + Millis{26 * kHour_ms}, .last = &last});
  for (const Fields::Entry& entry : bench.fields().entries()) {
    expect_continued(entry, bench.fields(), again.fields());
    if (is_of_the_day(entry.name)) {
      EXPECT_LE(again.fields().si(entry.slot), 1) << entry.name;
    }
    if (is_charge(entry)) {
      EXPECT_LE(again.fields().si(entry.slot), bench.fields().si(entry.slot) + 0.11) << entry.name;
    }
  }
}

TEST_P(Resume, AClockThatWasSetBackMakesNoTime) {
  Bench bench(family, {.seed = seed});
  bench.run(Millis{kHour_ms});
  const LastState last = bench.left();
  Bench again(family, {.seed = seed, .start = bench.now() - 40 * kDay, .last = &last});
  again.run(Millis{kHour_ms});
  for (const Fields::Entry& entry : bench.fields().entries()) {
    if (is_of_life(entry)) {
      EXPECT_GE(again.fields().number(entry.slot), bench.fields().number(entry.slot)) << entry.name;
    }
  }
  expect_documented(again.fields());
}

TEST_P(Resume, AReportWithoutSomeFieldsKeepsTheirInitialValues) {
  Bench bench(family, {.seed = seed});
  bench.run(Millis{kHour_ms});
  LastState last = bench.left();
  for (const Fields::Entry& entry : bench.fields().entries()) {
    if (entry.slot.index % 2 == 0) last.reported.erase(bench.fields().reported_name(entry.slot));
  }
  last.reported["a.field.of.another.version"] = 7;
  Bench again = resumed(last, bench.now());
  again.run(Millis{kHour_ms});
  expect_documented(again.fields());
}

// Values that no report of a device has, in all fields and in some.
TEST_P(Resume, SurvivesAbsurdValues) {
  const std::vector<Json> absurd = {
      -1,
      1e10,
      -1e10,
      1e300,
      Json(INT64_MAX),
      0,
      "nonsense",
      nullptr,
      true,
      wire::JsonArray(),
      JsonObject(),
      wire::JsonArray{JsonObject{{"fullCap", 1e300}, {"batteryPercentage", -1e300}}}};
  const Chance chance(seed);
  std::uint64_t draw = 0;
  Bench bench(family, {.seed = seed});
  bench.run(Millis{kHour_ms});
  for (std::size_t round = 0; round < 60 && !HasFailure(); ++round) {
    LastState last = bench.left();
    const double share = round < absurd.size() ? 1 : 0.3;
    for (auto& member : last.reported) {
      if (chance.uniform(draw++) >= share) continue;
      const std::size_t which = round < absurd.size() ? round : chance.bits(draw++) % absurd.size();
      member.value() = absurd[which];
    }
    last.unreported = {{"productName", 5}, {"clockShiftMs", 1e300}, {"generator", "absurd"}};
    SCOPED_TRACE(round);
    Bench again = resumed(last, bench.now() + kDay);
    again.connect();
    again.run(Millis{20 * kMinute_ms});
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Resume,
                         testing::Values("delta_2", "power_kits", "power_ocean", "power_stream",
                                         "smart_home_panel", "solar_station", "smart_plug",
                                         "delta_2_max", "delta_pro_ultra", "wave_2", "glacier",
                                         "stream", "delta_pro_3", "delta_pro", "delta_max",
                                         "river_2_pro", "delta_3_max", "smart_meter",
                                         "stream_microinverter", "smart_home_panel_2"),
                         [](const auto& info) { return std::string(info.param); });

TEST(ResumedDevice, StartsAnewWithoutAValueOfItsFamily) {
  const catalog::FamilyPtr family = family_of("delta_2");
  const LastState last{.reported = {{"something", 1}}};
  const Bench fresh(family);
  const Bench again(family, {.last = &last});
  for (const Fields::Entry& entry : fresh.fields().entries()) {
    EXPECT_EQ(fresh.fields().get(entry.slot), again.fields().get(entry.slot)) << entry.name;
  }
}

TEST(ResumedDevice, HasTheSettingsThatNoReportShows) {
  const catalog::FamilyPtr family = family_of("power_kits");
  Bench bench(family);
  bench.set(R"({"id":1,"operateType":"writeProName","params":{"name":"Erika","nameLen":5}})");
  bench.step(Millis{2000});
  LastState last = bench.left_by_a_kill();
  for (int round = 0; round < 2; ++round) {
    Bench again(family, {.start = bench.now(), .last = &last});
    const JsonObject reply =
        again.set(R"({"id":2,"operateType":"readProName","params":{"enable":1}})");
    EXPECT_EQ(reply.at("data").at("name"), "Erika");
    last = again.left_by_a_kill();
  }
}

TEST(ResumedDevice, KeepsItsOwnModules) {
  const catalog::FamilyPtr family = family_of("power_kits");
  const SetUpDevice known = home_devices(*family).front();
  for (const SetUpDevice& device : {known, SetUpDevice{.sn = "M106OTHER0000001"}}) {
    const std::string& sn = device.sn;
    Bench bench(family, {.sn = sn, .setup = device.setup});
    bench.run(Millis{kHour_ms});
    const LastState last = bench.left();
    const std::string soc = bench.fields().reported_name(
        *table_of("power_kits")
             ->find("bp2000." + family->virtual_devices.modules.at("bp2000").front() + ".soc"));
    EXPECT_EQ(soc == "bp2000.M102Z3B4ZE6H0009.soc", sn == known.sn) << soc;
    Bench again(family, {.sn = sn, .start = bench.now(), .last = &last, .setup = device.setup});
    EXPECT_EQ(again.left().reported.at(soc), bench.left().reported.at(soc)) << sn;
  }
}

TEST(ResumedDevice, LosesWhatAFaultReportedButNotItsOwnError) {
  const catalog::FamilyPtr family = family_of("delta_2");
  Bench bench(family);
  bench.rules = {{.fault = "over_temperature"}};
  bench.step(Millis{2000});
  ASSERT_EQ(bench.number("bms_bmsStatus.errCode"), 9001);
  const LastState last = bench.left();
  const Bench again(family, {.start = bench.now(), .last = &last});
  EXPECT_EQ(again.number("bms_bmsStatus.errCode"), 0);
}

TEST(ResumedDevice, OfTheSmartHomePanelKeepsItsClock) {
  const catalog::FamilyPtr family = family_of("smart_home_panel");
  Bench bench(family);
  bench.set(R"({"id":1,"operateType":"TCP","params":{"cmdSet":11,"id":3,"week":3,"sec":0,"min":0,
                "hour":12,"day":2,"month":3,"year":2031}})");
  bench.step(Millis{2000});
  ASSERT_EQ(bench.number("heartbeat.time.year"), 2031);
  const LastState last = bench.left();
  const Bench again(family, {.start = bench.now() + Millis{kHour_ms}, .last = &last});
  EXPECT_EQ(again.number("heartbeat.time.year"), 2031);
  EXPECT_EQ(again.number("heartbeat.time.hour"), 13);
}

}  // namespace
}  // namespace gridloom::sim
