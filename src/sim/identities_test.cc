// The checks are checked: what a life at random keeps, a change of a single value has to break.
#include "sim/identities.h"

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
#include "sim/device_bench.h"
#include "sim/effects.h"
#include "sim/models/identities.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace {

using wire::Json;

TEST(Identities, SayWhatDoesNotHoldAndWhatTheyLookedAt) {
  const FieldTablePtr table = table_of("power_ocean");
  Fields fields(table);
  Identities identities(table);
  identities.add_sum("sysLoadPwr", {"mpptPwr", "sysGridPwr", "-bpPwr"});
  fields.set("sysLoadPwr", Json(80));
  fields.set("mpptPwr", Json(100));
  fields.set("bpPwr", Json(20));
  EXPECT_EQ(identities.broken(fields, {}), std::nullopt);
  fields.set("bpPwr", Json(21));
  EXPECT_EQ(identities.broken(fields, {}),
            "does not hold: sysLoadPwr = mpptPwr + sysGridPwr - bpPwr\n  sysLoadPwr is 80\n"
            "  mpptPwr is 100\n  sysGridPwr is 0\n  bpPwr is 21");
}

TEST(Identities, KnowWhichOfThemHadNothingToSay) {
  const FieldTablePtr table = table_of("power_ocean");
  Identities identities(table);
  identities.add("in an outage",
                 [](const Seen& seen) { return given(!seen.around().grid_up, true); });
  const Fields fields(table);
  EXPECT_EQ(identities.broken(fields, {}), std::nullopt);
  EXPECT_EQ(identities.unused(), std::vector<std::string>{"in an outage"});
  Surroundings outage;
  outage.grid_up = false;
  EXPECT_EQ(identities.broken(fields, outage), std::nullopt);
  EXPECT_TRUE(identities.unused().empty());
}

TEST(Identities, AllowAProductOnlyWhatRoundingMakes) {
  EXPECT_TRUE(multiplies(229'700, 1502, 345));
  EXPECT_FALSE(multiplies(229'700, 1504, 345));
  EXPECT_FALSE(multiplies(0, 0, 1));
}

// Calls with the value changed a little, a lot and in sign, and so with each value inside;
// and lists without their last.
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

bool some_change_breaks(const Identities::Identity& identity, Fields& fields,
                        const Surroundings& around) {
  std::vector<Slot> looked_at;
  Seen seen(fields, around);
  seen.note(looked_at);
  if (!identity.check(seen)) return false;
  bool broken = false;
  for (const Slot slot : looked_at) {
    const std::string name(fields.slots()[slot.index].name);
    const Json original = fields.get(name);
    Json changed = original;
    change(changed, [&] {
      fields.set(name, changed);
      broken = broken || identity.check(Seen(fields, around)) == false;
    });
    fields.set(name, original);
    if (broken) return true;
  }
  return false;
}

// Lives at random, and takes those away of which some change breaks what is reported.
void live_until_broken(const catalog::FamilyPtr& family, std::string_view sn,
                       const Identities& identities, std::set<std::string>& open) {
  constexpr std::size_t kMostSteps = 30'000;
  const World world({.seed = 1});
  TimePoint now{std::chrono::sys_days{std::chrono::June / 1 / 2025}};
  Fields fields(std::make_shared<const FieldTable>(family));
  const auto model = make_model(*family, Chance(1));
  equip(fields, *family, sn);
  model->start(fields, world.at(now));
  RandomSets sets(*family, Chance(1));
  for (std::size_t step = 1; step <= kMostSteps && !open.empty(); ++step) {
    constexpr Millis kStep{20'000};
    now += kStep;
    Surroundings around = world.at(now);
    around.grid_up = step / 200 % 4 != 3;
    // Late: what has tripped does not empty the battery.
    around.appliance_w = step > 20'000 && step % 500 < 25 ? 2000 : 0;
    model->step(around, kStep);
    model->write(fields, around);
    if (step % 25 == 0 && !family->commands.empty()) {
      const RandomSets::Set set = sets.next();
      const auto checked = catalog::check_set(*family, set.message);
      ASSERT_TRUE(checked);
      apply_effects(*set.command, checked->params, fields);
      model->command(fields, *set.command, checked->params, around);
    }
    if (step % 10 != 0) continue;
    for (const Identities::Identity& identity : identities.all()) {
      if (!open.contains(identity.name)) continue;
      if (some_change_breaks(identity, fields, around)) open.erase(identity.name);
    }
  }
}

class EachFamily : public testing::TestWithParam<std::string> {};

TEST_P(EachFamily, HasIdentitiesThatAChangeOfOneValueBreaks) {
  const catalog::FamilyPtr family = family_of(GetParam());
  const FieldTablePtr table = table_of(GetParam());
  const Identities identities = identities_of(table);
  ASSERT_GT(identities.all().size(), 10U);
  std::set<std::string> open;
  for (const Identities::Identity& identity : identities.all()) open.insert(identity.name);

  for (const auto& device : family->virtual_devices.devices) {
    live_until_broken(family, device.sn, identities, open);
  }
  EXPECT_EQ(open, std::set<std::string>{}) << "nothing breaks them";
}

INSTANTIATE_TEST_SUITE_P(Identities, EachFamily,
                         testing::Values("delta_2", "power_kits", "power_ocean", "power_stream",
                                         "smart_home_panel"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace gridloom::sim
