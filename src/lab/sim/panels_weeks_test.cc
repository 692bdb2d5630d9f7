// Tests that the roofs which a home gives a device are those of its modules, in every family that
// has PV inputs.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "catalog/home.h"
#include "catalog/site_meter.h"
#include "sim/test_bench.h"

namespace gridloom::sim {
namespace {

using RoofList = std::vector<catalog::Roof>;

std::vector<std::string> families_with_pv() {
  std::vector<std::string> ids = shipped_families();
  std::erase_if(ids, [](const auto& id) { return catalog::pv_inputs_of(*family_of(id)) == 0; });
  return ids;
}

class Panels : public testing::TestWithParam<std::string> {
 protected:
  // The sun's energy of a clear hour at noon, into a battery with room and without a grid, or, of a
  // device without a battery, into the grid.
  [[nodiscard]] double sun_wh(std::optional<RoofList> roofs) const {
    constexpr TimePoint kStart{std::chrono::sys_days{std::chrono::April / 10 / 2025} +
                               std::chrono::minutes{690}};
    sim::Setup setup;
    for (const catalog::Field& field : family->fields) {
      if (field.nature == "battery.soc" && !field.name.contains('*')) {
        setup.initial.emplace_back(field.name, 15);
      }
    }
    setup.roofs = std::move(roofs);
    const bool feeds_only = catalog::awake_formula(*family) != nullptr;
    const auto clear = [feeds_only](Environment& environment) {
      environment.grid_up = feeds_only;
      environment.sun = 0.5;
      environment.sun_direction->direct = 0.8;
    };
    Bench bench(family, {.start = kStart, .site = clear, .setup = setup});
    double sum_wh = 0;
    for (int minute = 0; minute < 60; ++minute) {
      bench.step(Millis{kMinute_ms});
      for (const Fields::Entry& entry : bench.fields().entries()) {
        if (entry.field->nature == "pv.power") sum_wh += bench.fields().si(entry.slot) / 60;
      }
    }
    return sum_wh;
  }

  catalog::FamilyPtr family = family_of(GetParam());
};

TEST_P(Panels, AreWhatTheHomeSays) {
  const std::size_t inputs = catalog::pv_inputs_of(*family);
  const catalog::Roof south{.name = "south", .azimuth_deg = 180, .tilt_deg = 60};
  const catalog::Roof north{.name = "north", .azimuth_deg = 0, .tilt_deg = 60};
  const double all_wh = sun_wh(RoofList(inputs, south));
  EXPECT_GT(all_wh, 80) << "the family's modules in the sun";
  EXPECT_EQ(sun_wh(RoofList()), 0);
  EXPECT_LT(sun_wh(RoofList(inputs, north)), 0.6 * all_wh);
  EXPECT_GT(sun_wh(std::nullopt), 0.3 * all_wh) << "the usual modules";
  if (inputs < 2) return;
  const double first_wh = sun_wh(RoofList{south});
  EXPECT_GT(first_wh, 0.1 * all_wh);
  EXPECT_LT(first_wh, 0.9 * all_wh) << "the other inputs have no modules";
}

INSTANTIATE_TEST_SUITE_P(Families, Panels, testing::ValuesIn(families_with_pv()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace gridloom::sim
