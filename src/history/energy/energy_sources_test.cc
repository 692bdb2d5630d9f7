// Which fields of a family count, by their natures.
#include "history/energy/energy_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "history/energy/test_meters.h"

namespace gridloom::history {
namespace {

using testing::ElementsAre;

TEST(EnergySources, HaveTheFirstFieldOfANatureAndItsParts) {
  const struct {
    std::string_view what;
    std::string_view fields;
    std::vector<std::string> names;
  } rows[] = {
      {.what = "one", .fields = "  w.a: {nature: load.power}\n", .names = {"w.a"}},
      {.what = "the second is no part",
       .fields = "  w.a: {nature: load.power}\n  w.b: {nature: load.power}\n",
       .names = {"w.a"}},
      {.what = "the second is a part",
       .fields = "  w.a: {nature: load.power}\n  w.b: {nature: load.power, part: true}\n",
       .names = {"w.a", "w.b"}},
      {.what = "both are parts, of modules",
       .fields = "  w.*.a: {nature: load.power, part: true}\n"
                 "  w.*.b: {nature: load.power, part: true}\n",
       .names = {"w.*.a", "w.*.b"}},
      {.what = "the one between is no part",
       .fields = "  w.a: {nature: load.power, part: true}\n  w.b: {nature: load.power}\n"
                 "  w.c: {nature: load.power, part: true}\n",
       .names = {"w.a", "w.c"}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const EnergySources sources{*meters(row.fields)};
    std::vector<std::string> names;
    for (const EnergySources::PowerField& each : sources.powers) {
      EXPECT_EQ(each.power, Power::kLoad);
      names.push_back(each.name);
    }
    EXPECT_EQ(names, row.names);
    EXPECT_THAT(sources.flows, ElementsAre(EnergyFlow::kLoad));
  }
}

TEST(EnergySources, PartsHaveSignsAndScalesOfTheirOwn) {
  const EnergySources sources{*meters(
      "  w.a: {nature: battery.power, part: true, scale: 0.1}\n"
      "  w.b: {nature: battery.power, part: true, invert: true, sign: discharging is positive}\n")};
  ASSERT_EQ(sources.powers.size(), 2U);
  EXPECT_EQ(sources.powers.at(0).scale, 0.1);
  EXPECT_EQ(sources.powers.at(1).scale, -1);
  EXPECT_THAT(sources.flows, ElementsAre(EnergyFlow::kBatteryIn, EnergyFlow::kBatteryOut));
}

}  // namespace
}  // namespace gridloom::history
