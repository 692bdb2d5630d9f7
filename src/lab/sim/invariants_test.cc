// Tests the checks: a change of a single value must violate an identity that random runs keep.
#include "sim/test_invariants.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "sim/effects.h"
#include "sim/models/test_invariants.h"
#include "sim/test_bench.h"
#include "sim/test_home_devices.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace {

using wire::Json;

TEST(Invariants, NameTheViolationAndTheFieldsThatTheyRead) {
  const FieldTablePtr table = table_of("power_ocean");
  Fields fields(table);
  Invariants invariants(table);
  invariants.add_sum("sysLoadPwr", {"mpptPwr", "sysGridPwr", "-bpPwr"});
  fields.set("sysLoadPwr", Json(80));
  fields.set("mpptPwr", Json(100));
  fields.set("bpPwr", Json(20));
  EXPECT_EQ(invariants.broken(fields, {}), std::nullopt);
  fields.set("bpPwr", Json(21));
  EXPECT_EQ(invariants.broken(fields, {}),
            "does not hold: sysLoadPwr = mpptPwr + sysGridPwr - bpPwr\n  sysLoadPwr is 80\n"
            "  mpptPwr is 100\n  sysGridPwr is 0\n  bpPwr is 21");
}

TEST(Invariants, KnowWhichOfThemHadNothingToSay) {
  const FieldTablePtr table = table_of("power_ocean");
  Invariants invariants(table);
  invariants.add("in an outage",
                 [](const Observation& seen) { return given(!seen.environment().grid_up, true); });
  const Fields fields(table);
  EXPECT_EQ(invariants.broken(fields, {}), std::nullopt);
  EXPECT_EQ(invariants.unused(), std::vector<std::string>{"in an outage"});
  Environment outage;
  outage.grid_up = false;
  EXPECT_EQ(invariants.broken(fields, outage), std::nullopt);
  EXPECT_TRUE(invariants.unused().empty());
}

TEST(Invariants, AllowAProductOnlyWhatRoundingMakes) {
  EXPECT_TRUE(multiplies(229'700, 1502, 345));
  EXPECT_FALSE(multiplies(229'700, 1504, 345));
  EXPECT_FALSE(multiplies(0, 0, 1));
}

// Calls `look` with the value changed a little, a lot and in sign, for each value inside an array
// or object; and with arrays without their last element.
void change(Json& value, const std::function<void()>& look) {
  if (value.is_array()) {
    for (Json& each : value.get_array()) change(each, look);
    const Json whole = value;
    if (!value.get_array().empty()) value.get_array().pop_back();
    look();
    value = whole;
    return;
  }
  if (value.is_object()) {
    for (auto& [name, each] : value.get_object()) change(each, look);
    return;
  }
  const Json original = value;
  std::vector<Json> others = {!value.is_bool() || !value.get_bool()};
  if (value.is_string()) others = {"other"};
  if (value.is_number()) {
    const double number = number_of(value);
    others = {number + 1, number - 1, -number, number + 1e6, 0, 1};
  }
  for (Json& other : others) {
    value = std::move(other);
    look();
  }
  value = original;
}

bool some_change_breaks(const Invariants::Invariant& invariant, Fields& fields,
                        const Environment& environment) {
  std::vector<Slot> read_slots;
  Observation seen(fields, environment);
  seen.note(read_slots);
  if (!invariant.check(seen)) return false;
  bool broken = false;
  for (const Slot slot : read_slots) {
    const Json original = fields.get(slot);
    Json changed = original;
    change(changed, [&] {
      fields.set(slot, changed);
      broken = broken || invariant.check(Observation(fields, environment)) == false;
    });
    fields.set(slot, original);
    if (broken) return true;
  }
  return false;
}

// Runs at random, and removes from `open` the identities that some change of the report violates.
void live_until_broken(const catalog::FamilyPtr& family, const InitialValues& initial,
                       const Invariants& invariants, std::set<std::string>& open) {
  constexpr std::size_t kMaxSteps = 30'000;
  const World world({.seed = 1});
  TimePoint now{std::chrono::sys_days{std::chrono::June / 1 / 2025}};
  const VirtualFamily virtual_family(family);
  Fields fields(virtual_family.table);
  const auto model = virtual_family.make_model(Chance(1));
  apply_initial(fields, initial);
  model->start(fields, world.at(now));
  RandomSets sets(*family, Chance(1));
  for (std::size_t step = 1; step <= kMaxSteps && !open.empty(); ++step) {
    constexpr Millis kStep{20'000};
    now += kStep;
    Environment environment = world.at(now);
    environment.grid_up = step / 200 % 4 != 3;
    if (step / 1000 % 2 == 0) environment.household_w = 2500;  // empties batteries
    // Late, because a device that has tripped does not empty its battery.
    environment.appliance_w = step > 20'000 && step % 500 < 25 ? 2000 : 0;
    model->step(environment, kStep);
    model->write(fields, environment);
    if (step % 25 == 0 && !family->commands.empty()) {
      const RandomSets::Set set = sets.next();
      const auto checked = catalog::check_set(*family, set.message);
      ASSERT_TRUE(checked);
      apply_effects(*set.command, checked->params, fields);
      model->command(fields, *set.command, checked->params, environment);
    }
    if (step % 10 != 0) continue;
    for (const Invariants::Invariant& invariant : invariants.all()) {
      if (!open.contains(invariant.name)) continue;
      if (some_change_breaks(invariant, fields, environment)) open.erase(invariant.name);
    }
  }
}

class EachFamily : public testing::TestWithParam<std::string> {};

TEST_P(EachFamily, HasIdentitiesThatAChangeOfOneValueBreaks) {
  const catalog::FamilyPtr family = family_of(GetParam());
  const FieldTablePtr table = table_of(GetParam());
  const Invariants invariants = invariants_of(table);
  ASSERT_GT(invariants.all().size(), family->identities.empty() ? 10U : 4U);
  std::set<std::string> open;
  for (const Invariants::Invariant& invariant : invariants.all()) open.insert(invariant.name);

  for (const SetUpDevice& device : home_devices(*family)) {
    live_until_broken(family, device.setup.initial, invariants, open);
  }
  EXPECT_EQ(open, std::set<std::string>{}) << "nothing breaks them";
}

INSTANTIATE_TEST_SUITE_P(Invariants, EachFamily,
                         testing::Values("delta_2", "power_kits", "power_ocean", "power_stream",
                                         "smart_home_panel", "smart_plug", "delta_2_max",
                                         "delta_pro_ultra", "wave_2", "glacier", "stream",
                                         "delta_pro_3", "delta_pro", "delta_max", "river_2_pro",
                                         "delta_3_max", "smart_meter", "stream_microinverter",
                                         "smart_home_panel_2"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace gridloom::sim
