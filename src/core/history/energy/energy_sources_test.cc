// Which fields of a family count, by their natures.
#include "history/energy/energy_sources.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/natures.h"
#include "history/energy/test_meters.h"
#include "testing/catalog.h"
#include "testing/source_path.h"

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

// A line for each source: the family with its revision, the flow or nature, the field, its scale.
std::string sources_of_shipped_families() {
  std::string text;
  for (const catalog::FamilyPtr& family : shipped_catalog()->families()) {
    const EnergySources sources(*family);
    const auto add = [&](std::string_view what, std::string_view name, double scale) {
      text += fmt::format("{} {} {} {} {}\n", family->id, sources.revision(), what, name, scale);
    };
    for (const EnergySources::PowerField& each : sources.powers) {
      const catalog::Field* const field = family->field(each.name);
      const catalog::Field* const member = catalog::member_with_nature(*field);
      std::string nature = member == nullptr ? field->nature : member->nature;
      if (each.condition) nature += " while " + sources.conditions.at(*each.condition).field;
      add(nature, each.name, each.scale);
    }
    for (const EnergySources::CounterField& each : sources.counters) {
      add(family->field(each.name)->nature, each.name, each.scale);
    }
  }
  return text;
}

// Where one of these lines changes, stored energies mean something else than new ones: unless none
// can have been stored, the family gets an entry in energy_corrections.
TEST(EnergySources, OfAFamilyChangeWithACorrectionOfIt) {
  std::ostringstream known;
  known << std::ifstream(source_path("tests/families/energy_sources.txt")).rdbuf();
  EXPECT_EQ(sources_of_shipped_families(), known.view())
      << "add a line to the family's energy_corrections, and put tests/families/energy_sources.txt "
         "right";
}

}  // namespace
}  // namespace gridloom::history
