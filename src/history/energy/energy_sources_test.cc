// Which fields of a family count, by their natures.
#include "history/energy/energy_sources.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "catalog/loader.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

using testing::ElementsAre;

EnergySources sources_with(std::string_view fields) {
  const std::string text = fmt::format(R"yaml(
family: metered_home
product: Metered Home
description: A home that nobody lives in
prefixes: [MH1]
read_only: true
quota_all: flat
messages: {{report: {{id: $message_id}}, reply: {{id: $id}}}}
reports:
  all: {{match: {{typeCode: all}}, fields: [w.]}}
defaults:
  fields: {{type: float, unit: W, description: x}}
fields:
{})yaml",
                                       fields);
  return EnergySources(*must(catalog::load_family("metered_home.yaml", text)));
}

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
    const EnergySources sources = sources_with(row.fields);
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
  const EnergySources sources = sources_with(
      "  w.a: {nature: battery.power, part: true, scale: 0.1}\n"
      "  w.b: {nature: battery.power, part: true, invert: true, sign: discharging is positive}\n");
  ASSERT_EQ(sources.powers.size(), 2U);
  EXPECT_EQ(sources.powers.at(0).scale, 0.1);
  EXPECT_EQ(sources.powers.at(1).scale, -1);
  EXPECT_THAT(sources.flows, ElementsAre(EnergyFlow::kBatteryIn, EnergyFlow::kBatteryOut));
}

}  // namespace
}  // namespace gridloom::history
