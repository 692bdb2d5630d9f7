#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/test_mistakes.h"

namespace gridloom::catalog {
namespace {

constexpr std::string_view kWeather = R"yaml(
family: weather
product: Weather
description: A station with signals of all shapes
prefixes: [WE]
select: [operateType]
reports:
  all: {fields: [air., sun, name, list, limit, pack.]}
fields:
  air.c: {type: float, description: Air, signal: {shape: sine, range: [5, 20], period_s: 86400}}
  air.f: {type: float, description: Air, signal: {formula: air.c * 1.8 + 32}}
  air.hot: {type: bool, description: Hot, signal: {formula: "max(air.f - limit, 0)"}}
  air.hpa: {type: int, scale: 0.1, range: [9500, 10500], initial: 10000, description: Pressure,
            signal: {shape: random_walk, range: [980, 1030], step: 0.2}}
  sun: {type: int, description: Sun, signal: {shape: ramp, range: [0, 10], period_s: 60, phase_s: 5}}
  name: {type: string, description: Name}
  list: {type: array, initial: [1, 2], description: List}
  limit: {type: int, description: When it is hot, initial: 80}
  pack.*.amp: {type: int, description: Current, signal: {formula: pack.*.watts / 50}}
  pack.*.watts: {type: int, description: Power, initial: 100}
commands:
  setLimit:
    description: Sets the limit
    select: {operateType: setLimit}
    params: {value: {type: int, sets: limit}}
virtual:
  modules: {pack: [P-1, P-2]}
)yaml";

TEST(Signals, HaveAShapeOrAFormula) {
  const auto loaded = load_family("weather.yaml", kWeather);
  ASSERT_TRUE(loaded) << loaded.error().detail;
  const Family& family = **loaded;
  const Signal& sine = *family.field("air.c")->signal;
  EXPECT_EQ(sine.shape, Signal::Shape::kSine);
  EXPECT_EQ(sine.low, 5);
  EXPECT_EQ(sine.high, 20);
  EXPECT_EQ(sine.period_s, 86400);
  EXPECT_EQ(family.field("air.hpa")->signal->step, 0.2);
  EXPECT_EQ(family.field("sun")->signal->phase_s, 5);
  EXPECT_EQ(family.field("air.f")->signal->formula.names, std::vector<std::string>{"air.c"});
  EXPECT_FALSE(family.field("limit")->signal);
}

TEST(Signals, ComeBehindThoseThatTheirFormulaNames) {
  const std::string turned =
      changed({"signal: {shape: sine, range: [5, 20], period_s: 86400}",
               "signal: {formula: \"pack_c + 0\"}}\n  pack_c: {type: int, description: x, signal: "
               "{formula: sun}",
               ""},
              changed({"[air., sun,", "[air., pack_c, sun,", ""}, kWeather));
  const auto family = load_family("weather.yaml", turned);
  ASSERT_TRUE(family) << family.error().detail;
  std::vector<std::string> names;
  for (const std::size_t index : (*family)->signals) {
    names.push_back((*family)->fields[index].name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"air.hpa", "sun", "pack.*.amp", "pack_c", "air.c",
                                             "air.f", "air.hot"}));
}

TEST(Signals, TellTheirMistakes) {
  constexpr std::string_view kSine = "shape: sine, range: [5, 20], period_s: 86400";
  expect_told(
      {
          {kSine, "shape: square",
           "fields.air.c.signal.shape: \"square\" must be ramp, sine, "
           "random_walk, clock, count, time, moment or air"},
          {kSine, "range: [5, 20]", "fields.air.c.signal: must have shape or formula, one of them"},
          {kSine, "shape: sine, formula: 5", "must have shape or formula, one of them"},
          {kSine, "shape: sine, range: [5, 20]",
           "weather.yaml:10: fields.air.c.signal.period_s: this key is missing: sine needs it"},
          {kSine, "shape: sine, period_s: 5",
           "fields.air.c.signal.range: this key is missing: sine needs it"},
          {kSine, "shape: sine, range: [5, 20], period_s: 0", "period_s: 0 must be more than 0"},
          {kSine, "shape: sine, range: [20, 5], period_s: 9", "20 to 5 is empty"},
          {kSine, "shape: sine, range: [5, 20], period_s: 9, step: 1",
           "fields.air.c.signal.step: means nothing for sine; it needs range and period_s"},
          {kSine, "shape: random_walk, range: [5, 20], step: 1, period_s: 9",
           "period_s: means nothing for random_walk; it needs range and step"},
          {kSine, "shape: time", "when: this key is missing: time needs it"},
          {kSine, "shape: time, when: limit - 1", "unit: \"\" must be s, min or h"},
          {kSine, "shape: time, when: nothing", "signal.when: \"nothing\" is no field"},
          {kSine, "shape: count, when: limit, period_s: 5",
           "period_s: means nothing for count; it needs when"},
          {kSine, "shape: moment, of: limit",
           "signal.of: \"limit\" must be a field with shape: count and a period_s"},
          {kSine, "formula: limit, when: limit", "signal.when: means nothing beside formula"},
          {kSine, "shape: count", "period_s: this key is missing: count needs it"},
          {kSine, "shape: count, period_s: 9, range: [0, 5]",
           "signal.range: means nothing for count; it needs period_s"},
          {kSine, "shape: clock, step: 5", "signal.step: means nothing for clock"},
          {kSine, "shape: air, step: 5", "signal.step: means nothing for air"},
          {"signal: {formula: air.c * 1.8 + 32}", "signal: {shape: air}",
           "fields.air.f.signal: air is a temperature: the field's unit must be °C"},
          {kSine, "shape: sine, range: [5, 1e300], period_s: 9", "must be -1000000000000 to"},
      },
      "weather.yaml", kWeather);
}

TEST(Signals, TellTheMistakesOfTheirFormulas) {
  constexpr std::string_view kSine = "shape: sine, range: [5, 20], period_s: 86400";
  expect_told(
      {
          {kSine, "formula: 5, range: [0, 1]", "signal.range: means nothing beside formula"},
          {kSine, "formula: \"sun +\"",
           "fields.air.c.signal.formula: \"sun +\": after \"sun +\" a number, a field's name"},
          {kSine, "formula: moon", "fields.air.c.signal.formula: \"moon\" is no field"},
          {kSine, "formula: name", "signal.formula: name is of type string: must be int, float"},
          {kSine, "formula: pack.*.watts",
           "pack.*.watts is a field of several modules: only a field of pack.* can name it"},
          {kSine, "formula: air.f", "names air.f, whose value depends on air.c itself"},
          {kSine, "formula: air.c", "names air.c, whose value depends on air.c itself"},
          {kSine, "formula: [limit, sun]",
           "signal.formula: must be a list of formulas for an array, and else one"},
          {kSine, "formula: \"'list[2]' + 1\"", "signal.formula: list has 2 elements at the start"},
          {"list: {type: array, initial: [1, 2], description: List}",
           "list: {type: array, initial: [1, 2], description: List, signal: {formula: [sun]}}",
           "signal.formula: has 1 formulas: must have one for each of the array's 2 elements"},
          {"list: {type: array, initial: [1, 2], description: List}",
           "list: {type: array, initial: [1, 2], description: List, signal: {formula: sun}}",
           "signal.formula: must be a list of formulas for an array"},
          {"range: [980, 1030]", "range: [900, 1030]",
           "fields.air.hpa.signal.range: [900, 1030] is on the wire [9000, 10300]: outside the "
           "field's range [9500, 10500]"},
          {"name: {type: string, description: Name}",
           "name: {type: string, description: Name, signal: {formula: 5}}",
           "fields.name.signal: only an int, a float or a bool has one"},
          {"When it is hot, initial: 80", "When it is hot, signal: {formula: 5}",
           "fields.limit.signal: the command setLimit sets this field: it cannot move by itself"},
          {kSine, "shape: sine, rang: [5, 20], period_s: 9",
           "fields.air.c.signal.rang: unknown key; the keys here are shape, range,"},
      },
      "weather.yaml", kWeather);
}

}  // namespace
}  // namespace gridloom::catalog
