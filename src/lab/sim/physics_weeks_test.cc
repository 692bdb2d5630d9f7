// Checks energy and reports, step by step, in randomized runs: any weather, failing grids, cold and
// heat, overloads, and any sets. After each step of devices of all families, and of a family
// without a model in C++, the energy balance is exact and the stored energy is neither below empty
// nor above full; and after most of them the report satisfies the family's identities. These are
// 1.8 million steps, and 14.5 million with GL_LONG in the environment.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "catalog/family.h"
#include "sim/battery.h"
#include "sim/effects.h"
#include "sim/models/test_invariants.h"
#include "sim/test_bench.h"
#include "sim/test_home_devices.h"
#include "sim/test_invariants.h"
#include "testing/long_runs.h"

namespace gridloom::sim {
namespace {

constexpr std::size_t kDevices = 20;
constexpr std::size_t kStepsASet = 60;
constexpr std::size_t kStepsACheckOfAll = 500;
constexpr std::size_t kShorter = 16;  // without GL_LONG

struct Tested {
  std::string_view family;
  std::size_t steps = 0;           // of each device
  std::size_t steps_a_report = 1;  // one of so many is checked, drawn at random
  // All batteries together.
  int cells = 16;
  double capacity_ah = 0;
};
std::ostream& operator<<(std::ostream& out, const Tested& tested) { return out << tested.family; }

struct One {
  explicit One(const FieldTablePtr& table, std::unique_ptr<Model> made)
      : fields(table), model(std::move(made)) {}
  Fields fields;
  std::unique_ptr<Model> model;
  Balance begun;
  Balance last;
};

// Describes what is wrong with a step.
std::optional<std::string> error_of(const One& one, const Balance& now, std::int64_t full_uj) {
  if (now.in_uj < one.last.in_uj) return "less came in than nothing";
  if (now.out_uj < one.last.out_uj) return "less went out than nothing";
  if (now.lost_uj < one.last.lost_uj) {
    return "it made " + std::to_string(one.last.lost_uj - now.lost_uj) + " uJ of nothing";
  }
  if (now.stored_uj < 0 || now.stored_uj > full_uj) {
    return "it stores " + std::to_string(now.stored_uj) + " uJ, and full are " +
           std::to_string(full_uj);
  }
  const std::int64_t kept_uj = (now.in_uj - one.begun.in_uj) - (now.out_uj - one.begun.out_uj) -
                               (now.lost_uj - one.begun.lost_uj);
  if (kept_uj != now.stored_uj - one.begun.stored_uj) {
    return "the books are off by " + std::to_string(now.stored_uj - one.begun.stored_uj - kept_uj) +
           " uJ";
  }
  return std::nullopt;
}

// Applies a set as VirtualDevice does, without the reports' text.
void set(One& one, const RandomSets::Set& set, const Environment& environment,
         const catalog::Family& family) {
  const auto checked = catalog::check_set(family, set.message);
  ASSERT_TRUE(checked && checked->command == set.command) << wire::to_text(set.message);
  apply_effects(*set.command, checked->params, one.fields);
  one.model->command(one.fields, *set.command, checked->params, environment);
}

class Physics : public testing::TestWithParam<Tested> {};

TEST_P(Physics, LosesNothingMakesNothingAndReportsWhatBelongsTogether) {
  const std::uint64_t seed = life_seed();
  SCOPED_TRACE("--gtest_random_seed=" + std::to_string(seed));
  const Tested& tested = GetParam();
  const catalog::FamilyPtr family = family_of(tested.family);
  const VirtualFamily virtual_family(family);
  Invariants invariants = invariants_of(virtual_family.table);
  const Battery full(
      {.cells = tested.cells, .capacity_ah = tested.capacity_ah, .soc_percent = 100});
  // A cell that was last charged stores a little more: 10 mV in the last percent.
  const std::int64_t full_uj = full.stored_uj() + full.stored_uj() / 10'000;
  const Chance chance = Chance(seed).split(tested.family);
  const World world({.seed = seed});
  TimePoint now{std::chrono::sys_days{std::chrono::March / 1 / 2025}};
  const auto around_at = [&](std::size_t step) {
    Environment environment = world.at(now);
    const auto day = static_cast<std::uint64_t>(unix_ms(now) / kDay_ms);
    environment.air_c += 18 * chance.split("air").normal(day);
    environment.grid_up = chance.split("grid").uniform(step / 700) < 0.8;
    const double spell = chance.split("household").uniform(step / 300);
    if (spell < 0.5) environment.household_w = 4000 * spell;
    environment.appliance_w = chance.split("appliance").uniform(step / 40) < 0.02 ? 2000 : 0;
    environment.heater_ok = chance.split("heater").uniform(step / 500) < 0.8;
    return environment;
  };
  std::vector<One> devices;
  const std::vector<SetUpDevice> own = home_devices(*family);
  for (std::size_t i = 0; i < kDevices; ++i) {
    One& one = devices.emplace_back(
        virtual_family.table,
        virtual_family.make_model(Chance(seed).split("LIFE" + std::to_string(i))));
    apply_initial(one.fields, own.at(i % own.size()).setup.initial);
    one.model->start(one.fields, around_at(0));
    one.begun = one.last = one.model->balance();
  }
  RandomSets sets(*family, chance);
  const Chance lots = chance.split("report");
  std::size_t read_slots = 0;
  const std::size_t shorter = runs_long() ? 1 : kShorter;
  const std::size_t steps = tested.steps / shorter;
  const std::size_t steps_a_report = std::max<std::size_t>(1, tested.steps_a_report / shorter);
  for (std::size_t step = 1; step <= steps; ++step) {
    const Millis dt{1000 * (1 + static_cast<std::int64_t>(chance.bits(step) % 60))};
    now += dt;
    const Environment environment = around_at(step);
    for (std::size_t i = 0; i < kDevices; ++i) {
      One& one = devices[i];
      one.model->step(environment, dt);
      const std::size_t turn = step + i * 37;
      const bool is_set = turn % kStepsASet == 0 && !family->commands.empty();
      const bool in_full = turn % kStepsACheckOfAll == 0;
      std::optional<std::string> fault;
      if (is_set || in_full || lots.bits(step * kDevices + i) % steps_a_report == 0) {
        one.model->write(one.fields, environment);
        fault = invariants.broken(one.fields, environment);
        ++read_slots;
      }
      if (is_set && !fault) {
        set(one, sets.next(), environment, *family);
        fault = invariants.broken(one.fields, environment);
      }
      if (in_full) expect_documented(one.fields);
      const Balance balance = one.model->balance();
      if (!fault) fault = error_of(one, balance, full_uj);
      ASSERT_FALSE(fault || HasFailure())
          << tested.family << ", device " << i << ", step " << step << ": " << fault.value_or("");
      one.last = balance;
    }
  }
  RecordProperty("reports", std::to_string(read_slots));
  const One& first = devices.front();
  EXPECT_GT(first.last.in_uj, first.begun.in_uj);
  EXPECT_GT(first.last.out_uj, first.begun.out_uj);
  EXPECT_EQ(invariants.unused(), std::vector<std::string>{}) << "they were put to no test";
}

// For three families the report is checked after each of their steps. Two families
// write lists, which takes a sanitizer ten times as long: a random choice of their steps is
// checked, and every step with a set.
constexpr std::array<Tested, 20> kTested = {{
    {.family = "delta_2", .steps = 75'000, .capacity_ah = 20},
    {.family = "power_kits", .steps = 200'000, .steps_a_report = 8, .capacity_ah = 2 * 37.894},
    {.family = "power_ocean", .steps = 75'000, .capacity_ah = 200},
    {.family = "power_stream", .steps = 175'000, .capacity_ah = 20},
    {.family = "smart_home_panel",
     .steps = 80'000,
     .steps_a_report = 32,
     .cells = 14,
     .capacity_ah = 2 * 78.4},
    {.family = "solar_station", .steps = 20'000, .capacity_ah = 40},
    {.family = "smart_plug", .steps = 40'000, .capacity_ah = 1},
    {.family = "delta_2_max", .steps = 40'000, .capacity_ah = 40},
    {.family = "delta_pro_ultra", .steps = 40'000, .cells = 32, .capacity_ah = 120},
    {.family = "wave_2", .steps = 40'000, .cells = 14, .capacity_ah = 1159 / (14 * 3.2)},
    {.family = "glacier", .steps = 40'000, .cells = 7, .capacity_ah = 298 / (7 * 3.2)},
    {.family = "stream", .steps = 40'000, .cells = 6, .capacity_ah = 200},
    {.family = "delta_pro_3", .steps = 20'000, .capacity_ah = 80},
    {.family = "delta_pro", .steps = 20'000, .cells = 15, .capacity_ah = 76},
    {.family = "delta_max", .steps = 20'000, .capacity_ah = 2 * 39.2},
    {.family = "river_2_pro", .steps = 20'000, .cells = 6, .capacity_ah = 36},
    {.family = "delta_3_max", .steps = 40'000, .capacity_ah = 40},
    {.family = "smart_meter", .steps = 40'000, .capacity_ah = 1},
    {.family = "stream_microinverter", .steps = 40'000, .capacity_ah = 1},
    {.family = "smart_home_panel_2",
     .steps = 20'000,
     .steps_a_report = 8,
     .cells = 32,
     .capacity_ah = 120},
}};

INSTANTIATE_TEST_SUITE_P(OfEachFamily, Physics, testing::ValuesIn(kTested),
                         [](const auto& tested) { return std::string(tested.param.family); });

}  // namespace
}  // namespace gridloom::sim
