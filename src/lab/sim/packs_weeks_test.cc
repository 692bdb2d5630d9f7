// Extra batteries: what a device shows with them, how they share, and what plugging them in and out
// changes. The energy balance is exact in every step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/device_faults.h"
#include "sim/models/test_invariants.h"
#include "sim/test_bench.h"
#include "sim/test_home.h"
#include "testing/catalog.h"
#include "testing/long_runs.h"

namespace gridloom::sim {
namespace {

using testing::HasSubstr;
using testing::Not;

// A family that takes extra batteries, and how its fields show them.
struct Taker {
  std::string_view family;
  std::size_t most = 0;
  std::string_view all_soc;
  std::string_view count;   // of all batteries
  std::string_view prefix;  // of the first extra battery's fields
  std::string_view shown;   // in reports while the first extra battery is there
};
std::ostream& operator<<(std::ostream& out, const Taker& taker) { return out << taker.family; }

Bench bench_of(const Taker& taker, std::vector<catalog::Pack> packs) {
  return {family_of(taker.family),
          {.seed = 3, .sn = "BENCH0001", .setup = {.packs = std::move(packs)}}};
}

// Neither mains, sun nor loads: what batteries do then is among themselves.
void nothing_else(Environment& environment) {
  environment.grid_up = false;
  environment.sun = 0;
  environment.household_w = 0;
}

FaultRule plugged(double count) { return {.fault = "packs", .sn = "", .value = count}; }

std::string field_of(const Taker& taker, std::size_t pack, std::string_view name) {
  std::string prefix(taker.prefix);
  if (const auto number = prefix.find('1'); number != std::string::npos) {
    prefix[number] = static_cast<char>('0' + pack);
  }
  return prefix + std::string(name);
}

// Expects no energy to come from nothing, or to get lost without heat.
class ExactBalance {
 public:
  explicit ExactBalance(const Bench& bench) : bench_(bench), begun_(bench.device().balance()) {
    last_ = begun_;
  }
  void expect() {
    const Balance now = bench_.device().balance();
    EXPECT_EQ(
        (now.in_uj - begun_.in_uj) - (now.out_uj - begun_.out_uj) - (now.lost_uj - begun_.lost_uj),
        now.stored_uj - begun_.stored_uj);
    EXPECT_GE(now.lost_uj, last_.lost_uj);
    last_ = now;
  }

 private:
  const Bench& bench_;
  Balance begun_;
  Balance last_;
};

class EachTaker : public testing::TestWithParam<Taker> {};

TEST_P(EachTaker, CountsTheBatteriesThatArePluggedInAndTheirCharge) {
  const Taker& taker = GetParam();
  for (std::size_t packs = 0; packs <= taker.most; ++packs) {
    std::vector<catalog::Pack> list(packs);
    if (packs > 0) list[0].charge_percent = 20;
    const Bench bench = bench_of(taker, list);
    EXPECT_EQ(bench.number(taker.count), 1 + static_cast<double>(packs));
    const double main_percent = bench_of(taker, {}).number(taker.all_soc);
    // The first one has 20 %, the others have the charge of the device.
    const auto others = static_cast<double>(packs > 0 ? packs : 1);
    const double sum = others * main_percent + (packs > 0 ? 20 : 0);
    EXPECT_NEAR(bench.number(taker.all_soc), sum / (packs > 0 ? others + 1 : 1), 0.6)
        << packs << " extra batteries";
  }
}

TEST_P(EachTaker, ReportsAnExtraBatteryOnlyWhileItIsThere) {
  const Taker& taker = GetParam();
  Bench bench = bench_of(taker, {});
  const auto said = [&] {
    bench.said.clear();
    bench.connect();
    std::string all;
    for (const VirtualDevice::Message& message : bench.said) all += message.payload;
    return all;
  };
  EXPECT_THAT(said(), Not(HasSubstr(taker.shown)));
  bench.rules = {plugged(1)};
  bench.step(Millis{2000});
  EXPECT_THAT(said(), HasSubstr(taker.shown));
  bench.rules.clear();
  bench.step(Millis{2000});
  EXPECT_THAT(said(), Not(HasSubstr(taker.shown)));
}

TEST_P(EachTaker, TakesAlongAndBringsBackWhatAnExtraBatteryStores) {
  const Taker& taker = GetParam();
  Bench bench = bench_of(taker, {{.sn = {}, .charge_percent = 90}});
  ExactBalance balance(bench);
  bench.step(Millis{2000});
  balance.expect();
  const Balance with = bench.device().balance();
  bench.rules = {plugged(0)};
  bench.step(Millis{2000});
  balance.expect();
  const Balance without = bench.device().balance();
  EXPECT_EQ(bench.number(taker.count), 1);
  // A pack of 1 kWh at least that is nearly full.
  EXPECT_GT(with.stored_uj - without.stored_uj, 700 * std::int64_t{3'600'000'000});
  EXPECT_GT(without.out_uj - with.out_uj, 700 * std::int64_t{3'600'000'000});
  const std::string soc = field_of(taker, 1, "f32ShowSoc");
  bench.run(Millis{kDay_ms});
  balance.expect();
  bench.rules.clear();
  bench.step(Millis{2000});
  balance.expect();
  EXPECT_NEAR(bench.number(soc), 90, 0.5);
}

TEST_P(EachTaker, LetsFullerBatteriesChargeTheOthers) {
  const Taker& taker = GetParam();
  Bench bench = bench_of(taker, {{.sn = {}, .charge_percent = 90}});
  ExactBalance balance(bench);
  const double before = bench.number(field_of(taker, 1, "f32ShowSoc"));
  bench.site = nothing_else;
  for (int minute = 0; minute < 60; ++minute) {
    bench.step(Millis{kMinute_ms});
    balance.expect();
  }
  const double after = bench.number(field_of(taker, 1, "f32ShowSoc"));
  EXPECT_LT(after, before - 2);
  EXPECT_GT(after, bench.number(taker.all_soc) - 1);
}

TEST_P(EachTaker, BalancesWithAnyNumberAndWhileTheyAreMoved) {
  const Taker& taker = GetParam();
  for (std::size_t packs = 0; packs <= taker.most; ++packs) {
    Bench bench = bench_of(taker, std::vector<catalog::Pack>(packs));
    ExactBalance balance(bench);
    Invariants invariants = invariants_of(bench.device().virtual_family().table);
    if (taker.family == "delta_2") delta_2::add_extra(invariants);
    std::size_t step = 0;
    live(bench, runs_long() ? 3 : 1, life_seed(), [&] {
      balance.expect();
      const auto broken = invariants.broken(bench.fields(), bench.environment());
      ASSERT_FALSE(broken) << packs << " extra batteries, step " << step << ": " << *broken;
      if (++step % 97 != 0) return;
      bench.rules = {plugged(static_cast<double>(step / 97 % (taker.most + 1)))};
    });
  }
}

TEST_P(EachTaker, AgesAnExtraBatteryByTheCyclesOfItsHome) {
  const Taker& taker = GetParam();
  const Bench bench = bench_of(taker, {{.sn = "PACK0001", .cycles = 1000}});
  const Bench fresh = bench_of(taker, {{.sn = "PACK0001"}});
  const std::string cycles = field_of(taker, 1, "cycles");
  const std::string full = field_of(taker, 1, "fullCap");
  EXPECT_EQ(bench.number(cycles), 1000);
  EXPECT_EQ(fresh.number(cycles), 0);
  EXPECT_LT(bench.number(full), 0.95 * fresh.number(full));
  EXPECT_GT(bench.number(full), 0.6 * fresh.number(full));
}

TEST_P(EachTaker, ContinuesWithTheBatteriesAsTheyWereLeft) {
  const Taker& taker = GetParam();
  const std::string soc = field_of(taker, 1, "f32ShowSoc");
  Bench bench = bench_of(taker, {{.sn = {}, .charge_percent = 30}});
  bench.run(Millis{kHour_ms});
  const LastState left = bench.left();
  const Bench again(family_of(taker.family),
                    {.seed = 3, .start = bench.now(), .last = &left, .setup = {.packs = {{}}}});
  EXPECT_NEAR(again.number(soc), bench.number(soc), 0.5);
  EXPECT_EQ(again.number(taker.count), 2);
}

INSTANTIATE_TEST_SUITE_P(Packs, EachTaker,
                         testing::Values(Taker{.family = "delta_pro_3",
                                               .most = 2,
                                               .all_soc = "cmsBattSoc",
                                               .count = "v1p0.maxAvailableNum",
                                               .prefix = "bmsSlave1.",
                                               .shown = "MR52"},
                                         Taker{.family = "delta_2_max",
                                               .most = 2,
                                               .all_soc = "bms_emsStatus.f32LcdShowSoc",
                                               .count = "bms_emsStatus.maxAvailNum",
                                               .prefix = "bms_slave_bmsSlaveStatus_1.",
                                               .shown = "R361"},
                                         Taker{.family = "delta_pro",
                                               .most = 2,
                                               .all_soc = "ems.f32LcdShowSoc",
                                               .count = "ems.maxAvailableNum",
                                               .prefix = "bmsSlave1.",
                                               .shown = R"("bmsSlave1.packSn":[69,51,65,66)"},
                                         Taker{.family = "delta_max",
                                               .most = 2,
                                               .all_soc = "ems.f32LcdShowSoc",
                                               .count = "ems.maxAvailableNum",
                                               .prefix = "bmsSlave1.",
                                               .shown = "bmsSlave1."},
                                         Taker{.family = "delta_2",
                                               .most = 1,
                                               .all_soc = "bms_emsStatus.f32LcdShowSoc",
                                               .count = "bms_emsStatus.maxAvailNum",
                                               .prefix = "bms_slave.",
                                               .shown = "R341"}),
                         [](const auto& tested) { return std::string(tested.param.family); });

TEST(Packs, AreToldApartByTheirNumberInEachMessage) {
  Bench bench(family_of("delta_pro_3"), {.setup = {.packs = std::vector<catalog::Pack>(2)}});
  bench.connect();
  bench.run(Millis{10 * kMinute_ms}, Millis{2000});
  std::size_t of_first = 0;
  std::size_t of_second = 0;
  for (const VirtualDevice::Message& message : bench.said) {
    of_first += message.payload.starts_with(R"({"num":1,)") ? 1 : 0;
    of_second += message.payload.starts_with(R"({"num":2,)") ? 1 : 0;
    EXPECT_THAT(message.payload, Not(HasSubstr("bmsSlave")));
  }
  EXPECT_GT(of_first, 10U);
  EXPECT_GT(of_second, 10U);
}

// Its packs are told apart by no field: they show in its charge and in what it can take and give.
Bench ocean_with(std::vector<catalog::Pack> packs) {
  return {family_of("power_ocean"), {.seed = 3, .setup = {.packs = std::move(packs)}}};
}

TEST(Packs, OfAPowerOceanCountInItsCharge) {
  const double two_percent = ocean_with({}).number("bpSoc");
  // A third pack of 5 kWh, beside two that are one battery of 10 kWh.
  EXPECT_NEAR(ocean_with({{.sn = {}, .charge_percent = 90}}).number("bpSoc"),
              (2 * two_percent + 90) / 3, 1);
  Bench bench = ocean_with(std::vector<catalog::Pack>(7, {.sn = {}, .charge_percent = 90}));
  ExactBalance balance(bench);
  EXPECT_NEAR(bench.number("bpSoc"), (2 * two_percent + 7 * 90) / 9, 1);
  bench.rules = {plugged(0)};
  bench.step(Millis{2000});
  balance.expect();
  EXPECT_NEAR(bench.number("bpSoc"), two_percent, 1);
}

TEST(Packs, OfAPowerOceanTakeAndGiveMoreTogether) {
  const auto least_w = [](std::size_t packs, double household_w) {
    Bench bench = ocean_with(std::vector<catalog::Pack>(packs, {.sn = {}, .charge_percent = 90}));
    bench.site = [household_w](Environment& environment) {
      environment.sun = 0;
      environment.household_w = household_w;
    };
    bench.run(Millis{10 * kMinute_ms}, Millis{2000});  // it follows the meter
    return bench.number("bpPwr");
  };
  EXPECT_NEAR(least_w(0, 12'000), -6600, 10);
  EXPECT_NEAR(least_w(1, 12'000), -9900, 15);
  EXPECT_NEAR(least_w(3, 9000), -9000, 200) << "no more than the home draws";
}

TEST(Packs, OfAPowerOceanBalanceWhileTheyAreMoved) {
  Invariants invariants = power_ocean_invariants(table_of("power_ocean"));
  for (const std::size_t packs : {1U, 3U, 7U}) {
    Bench bench = ocean_with(std::vector<catalog::Pack>(packs));
    ExactBalance balance(bench);
    std::size_t step = 0;
    std::size_t plugged_in = packs;
    live(bench, runs_long() ? 3 : 1, life_seed(), [&] {
      balance.expect();
      Environment seen = bench.environment();
      seen.pack_count = static_cast<double>(plugged_in);
      const auto broken = invariants.broken(bench.fields(), seen);
      ASSERT_FALSE(broken) << packs << " extra packs, step " << step << ": " << *broken;
      if (++step % 97 != 0) return;
      plugged_in = step / 97 % (packs + 1);
      bench.rules = {plugged(static_cast<double>(plugged_in))};
    });
  }
}

// A protection that lets nothing in or out stops what packs give each other as well.
TEST(Packs, GiveEachOtherNothingWhileTheirProtectionBlocks) {
  for (const std::string_view family : {"delta_pro_3", "delta_2"}) {
    const bool is_small = family == "delta_2";
    const std::string soc = is_small ? "bms_slave.f32ShowSoc" : "bmsSlave1.f32ShowSoc";
    Bench bench(family_of(family), {.setup = {.packs = {{.sn = {}, .charge_percent = 90}}}});
    bench.site = nothing_else;
    bench.rules = {{.fault = "over_temperature", .sn = "", .value = {}}};
    bench.step(Millis{2000});
    const double before = bench.number(soc);
    bench.run(Millis{kHour_ms});
    EXPECT_EQ(bench.number(soc), before) << family;
    bench.rules.clear();
    bench.run(Millis{kHour_ms});
    EXPECT_LT(bench.number(soc), before - 1) << family;
  }
}

TEST(Packs, RefuseANumberThatTheDeviceHasNoRoomFor) {
  const auto catalog = shipped_catalog();
  FaultRule rule{.fault = "packs", .sn = "MR51SIM00000001", .value = 3};
  const Status refused = catalog::check_fault_rule(rule, *catalog);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail,
            "value is 3 extra batteries of MR51SIM00000001: DELTA Pro 3 takes 0 to 2");
  rule.value = 1.5;
  EXPECT_FALSE(catalog::check_fault_rule(rule, *catalog));
  for (const double count : {0, 1, 2}) {
    rule.value = count;
    EXPECT_TRUE(catalog::check_fault_rule(rule, *catalog)) << count;
  }
}

// What the device got and did not give away, lose or store in a step.
std::int64_t left_over_uj(const VirtualDevice& device, Balance& last) {
  const Balance now = device.balance();
  const Balance before = std::exchange(last, now);
  return (now.in_uj - before.in_uj) - (now.out_uj - before.out_uj) -
         (now.lost_uj - before.lost_uj) - (now.stored_uj - before.stored_uj);
}

TEST(Packs, OfAHomeWithAMeterAddUpToNothing) {
  HomeBench home("chalet", TimePoint{std::chrono::sys_days{std::chrono::May / 5 / 2025}});
  const VirtualDevice& station = home.device("Chalet power station");
  const VirtualDevice& meter = home.device("Chalet meter");
  Invariants identities = invariants_of(station.virtual_family().table);
  Balance of_station = station.balance();
  Balance of_meter = meter.balance();
  home.live(3, [&] {
    if (HasFatalFailure()) return;
    for (const HomeBench::Device& device : home.devices()) {
      const Environment seen = home.environment(device);
      if (device.device == &meter) {
        ASSERT_NEAR(seen.others_ac_w, station.drawn_w(), 1e-9);
        ASSERT_NEAR(meter.fields().number("powGetSysGrid"), meter.drawn_w(), 0.01);
      } else {
        const auto broken = identities.broken(station.fields(), seen);
        ASSERT_FALSE(broken) << *broken;
      }
    }
    ASSERT_EQ(left_over_uj(station, of_station), 0);
    ASSERT_EQ(left_over_uj(meter, of_meter), 0);
    ASSERT_EQ(of_meter.lost_uj, 0) << "all that comes from the grid is drawn";
  });
  EXPECT_EQ(station.fields().number("v1p0.maxAvailableNum"), 3);
  EXPECT_EQ(station.fields().number("bmsSlave1.cycles"), 310);
}

}  // namespace
}  // namespace gridloom::sim
