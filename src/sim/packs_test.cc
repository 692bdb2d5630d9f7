// Extra batteries: what a device shows with them, how they share, and what plugging them in and out
// changes. The energy balance is exact in every step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/models/test_invariants.h"
#include "sim/test_bench.h"
#include "sim/test_home.h"

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
  std::string_view serial;  // of the first extra battery, beginning
};
std::ostream& operator<<(std::ostream& out, const Taker& taker) { return out << taker.family; }

Bench bench_of(const Taker& taker, std::vector<catalog::Pack> packs) {
  return {family_of(taker.family),
          {.seed = 3, .sn = "BENCH0001", .setup = {.packs = std::move(packs)}}};
}

FaultRule plugged(double count) { return {.fault = "packs", .sn = "", .value = count}; }

std::string field_of(const Taker& taker, std::size_t pack, std::string_view name) {
  std::string prefix(taker.prefix);
  prefix[prefix.find('1')] = static_cast<char>('0' + pack);
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
  EXPECT_THAT(said(), Not(HasSubstr(taker.serial)));
  bench.rules = {plugged(1)};
  bench.step(Millis{2000});
  EXPECT_THAT(said(), HasSubstr(taker.serial));
  bench.rules.clear();
  bench.step(Millis{2000});
  EXPECT_THAT(said(), Not(HasSubstr(taker.serial)));
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
  bench.site = [](Environment& environment) {
    environment.grid_up = false;
    environment.sun = 0;
    environment.household_w = 0;
  };
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
    std::size_t step = 0;
    live(bench, 3, life_seed(), [&] {
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
                                               .serial = "MR52"},
                                         Taker{.family = "delta_2_max",
                                               .most = 2,
                                               .all_soc = "bms_emsStatus.f32LcdShowSoc",
                                               .count = "bms_emsStatus.maxAvailNum",
                                               .prefix = "bms_slave_bmsSlaveStatus_1.",
                                               .serial = "R361"}),
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

TEST(Packs, RefuseANumberThatTheDeviceHasNoRoomFor) {
  const auto catalog = catalog::load_catalog({}).value();
  FaultRule rule{.fault = "packs", .sn = "MR51SIM00000001", .value = 3};
  const Status refused = check_fault_rule(rule, *catalog);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail,
            "value is 3 extra batteries of MR51SIM00000001: DELTA Pro 3 takes 0 to 2");
  rule.value = 1.5;
  EXPECT_FALSE(check_fault_rule(rule, *catalog));
  for (const double count : {0, 1, 2}) {
    rule.value = count;
    EXPECT_TRUE(check_fault_rule(rule, *catalog)) << count;
  }
}

constexpr std::string_view kHome = R"yaml(
home: A house with extra batteries
sites:
  house:
    household: {people: 3}
    devices:
      - {family: smart_meter, name: Meter, plug: meter}
      - family: delta_pro_3
        name: Station
        plug: utility
        supplies: [refrigerator, kitchen, living]
        packs: [{charge: 40, cycles: 300}, {}]
)yaml";

// What the device got and did not give away, lose or store in a step.
std::int64_t left_over_uj(const VirtualDevice& device, Balance& last) {
  const Balance now = device.balance();
  const Balance before = std::exchange(last, now);
  return (now.in_uj - before.in_uj) - (now.out_uj - before.out_uj) -
         (now.lost_uj - before.lost_uj) - (now.stored_uj - before.stored_uj);
}

TEST(Packs, OfAHomeWithAMeterAddUpToNothing) {
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / "home_of_packs.yaml";
  std::ofstream(file) << kHome;
  HomeBench home(file.string(), TimePoint{std::chrono::sys_days{std::chrono::May / 5 / 2025}});
  const VirtualDevice& station = home.device("Station");
  const VirtualDevice& meter = home.device("Meter");
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
  EXPECT_EQ(station.fields().number("bmsSlave1.cycles"), 300);
}

}  // namespace
}  // namespace gridloom::sim
