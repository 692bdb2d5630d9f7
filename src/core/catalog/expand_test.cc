#include "catalog/expand.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/test_mistakes.h"
#include "wire/json.h"

namespace gridloom::catalog {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kHead =
    "family: x\nproduct: X\ndescription: x\nprefixes: [X]\nselect: [do]\n";
constexpr std::string_view kReport = "reports: {all: {fields: [a.]}}\n";

Result<FamilyPtr> load(std::string_view sections, std::string_view reports = kReport) {
  return load_family("x.yaml", fmt::format("{}{}{}", kHead, reports, sections));
}

FamilyPtr good(std::string_view sections, std::string_view reports = kReport) {
  auto family = load(sections, reports);
  EXPECT_TRUE(family) << family.error().detail;
  return family ? *family : nullptr;
}

std::vector<std::string> names_of(const Family& family) {
  std::vector<std::string> names;
  for (const Field& field : family.fields) names.push_back(field.name);
  return names;
}

TEST(Templates, MakeTheirFieldsInThePlaceOfTheUse) {
  const FamilyPtr family = good(
      "templates:\n"
      "  input:\n"
      "    parameters: [n]\n"
      "    fields:\n"
      "      in<n>.w: {type: int, description: Power <n> of <n>}\n"
      "      on<n>: {type: bool, description: \"<n>\"}\n"
      "fields:\n"
      "  a.first: {type: int, description: x}\n"
      "  a.<input>: [{with: {n: 1}}, {with: {n: x2}}]\n"
      "  a.last: {type: int, description: x}\n"
      "  a.other.<input>: {with: {n: 3}}\n");
  ASSERT_TRUE(family);
  EXPECT_THAT(names_of(*family), ElementsAre("a.first", "a.in1.w", "a.on1", "a.inx2.w", "a.onx2",
                                             "a.last", "a.other.in3.w", "a.other.on3"));
  EXPECT_EQ(family->field("a.inx2.w")->description, "Power x2 of x2");
  EXPECT_EQ(family->field("a.on1")->description, "1");
}

TEST(Templates, PutAValueOfAnyFormInThePlaceOfAPlaceholder) {
  const FamilyPtr family = good(
      "templates:\n"
      "  codes:\n"
      "    parameters: [good, range, names, start, less]\n"
      "    fields:\n"
      "      error: {type: int, description: x, error: true, ok: [<good>], values: {<good>: "
      "none},\n"
      "              initial: <good>}\n"
      "      level: {type: int, description: a < b and <c d> stay, range: <range>}\n"
      "      mode: {type: int, description: x, bits: <names>}\n"
      "      text: {type: string, description: \"<less>\", initial: \"<good>\"}\n"
      "      list: {type: array, description: x, initial: [<start>, <good>]}\n"
      "fields:\n"
      "  a.<codes>:\n"
      "    with: {good: 100, range: [1, 5], names: {0: hot}, start: {x: null}, less: <good>}\n"
      "    fields: {level: {initial: 1}}\n");
  ASSERT_TRUE(family);
  EXPECT_EQ(family->field("a.error")->initial, Json(100));
  EXPECT_EQ(named(family->field("a.error")->values, 100), "100 (none)");
  EXPECT_FALSE(is_error(*family->field("a.error"), 100));
  EXPECT_EQ(family->field("a.level")->range->high, 5);
  EXPECT_EQ(family->field("a.level")->initial, Json(1));
  EXPECT_EQ(family->field("a.level")->description, "a < b and <c d> stay");
  EXPECT_EQ(named(*family->field("a.mode"), 1), "1 (hot)");
  EXPECT_EQ(family->field("a.text")->initial, Json("100"));
  EXPECT_EQ(family->field("a.text")->description, "<good>");  // a value is taken as it is
  EXPECT_EQ(wire::to_text(family->field("a.list")->initial), R"([{"x":null},100])");
}

TEST(Expand, TakesEachKeyOfAFieldFromTheFirstThatHasIt) {
  const FamilyPtr family = good(
      "defaults: {fields: {type: int, unit: W, sign: d, scale: 2, description: d <name>}}\n"
      "templates:\n"
      "  one: {fields: {t: {sign: t, description: t, source: \"001:1\"}}}\n"
      "fields:\n"
      "  a.b.: {unit: A, scale: 4, sign: g}\n"
      "  a.b.<one>: {sources: {t: real}, fields: {t: {description: u}}}\n"
      "  a.b.c: {unit: m, type: float}\n"
      "  a.c: {}\n"
      "  a.: {unit: V, scale: 3}\n");
  ASSERT_TRUE(family);
  const auto keys = [&](std::string_view name) {
    const Field& field = *family->field(name);
    return fmt::format("{} {} {} {} {} {}", name_of(field.type), field.unit, field.scale,
                       field.sign, field.description, field.source);
  };
  EXPECT_EQ(keys("a.b.t"), "int A 4 t u real");
  EXPECT_EQ(keys("a.b.c"), "float m 4 g d a.b.c ");
  EXPECT_EQ(keys("a.c"), "int V 3 d d a.c ");
}

TEST(Expand, GivesDefaultsToReportsCommandsAndParamsAtAnyDepth) {
  const FamilyPtr family = good(
      "defaults:\n"
      "  reports: {match: {typeCode: <name>}, fields: [<name>.], prefix: <name>.}\n"
      "  commands: {reply: {ack: 0}, source: ours}\n"
      "  params: {type: int, unit: W}\n"
      "fields:\n"
      "  a.x: {type: int, description: x}\n"
      "  b.x: {type: int, description: x}\n"
      "commands:\n"
      "  one:\n"
      "    description: x\n"
      "    select: {do: 1}\n"
      "    params:\n"
      "      p: {}\n"
      "      list: {type: array, unit: \"\", of: {unit: V}}\n"
      "      object: {type: object, fields: {inside: {}}}\n"
      "  two:\n"
      "    description: x\n"
      "    select: {do: 2}\n"
      "    reply: {}\n"
      "    defaults: {unit: A, range: [0, 9]}\n"
      "    params: {p: {range: [0, 1]}, q: {}}\n",
      "reports: {a: {}, b: {prefix: \"\", only_full: true}}\n");
  ASSERT_TRUE(family);
  EXPECT_EQ(family->reports[0].match[0].second, Json("a"));
  EXPECT_EQ(family->reports[0].prefix, "a.");
  EXPECT_EQ(family->reports[1].fields, std::vector<std::string>{"b."});
  EXPECT_EQ(family->reports[1].prefix, "");
  const Command& one = command_of(*family, "one");
  EXPECT_EQ(wire::to_text(one.reply), R"({"ack":0})");
  EXPECT_EQ(one.source, "ours");
  EXPECT_EQ(one.params[0].unit, "W");
  EXPECT_EQ(one.params[1].unit, "");
  EXPECT_EQ(one.params[1].fields[0].unit, "V");
  EXPECT_EQ(one.params[1].fields[0].type, FieldType::kInt);
  EXPECT_EQ(one.params[2].fields[0].unit, "W");
  const Command& two = command_of(*family, "two");
  EXPECT_EQ(wire::to_text(two.reply), "{}");
  EXPECT_EQ(two.params[0].unit, "A");
  EXPECT_EQ(two.params[0].range->high, 1);
  EXPECT_EQ(two.params[1].range->high, 9);
  EXPECT_EQ(two.params[1].type, FieldType::kInt);
}

TEST(Expand, TellsMistakesOfTemplatesAndTheirUsesWithBothPlaces) {
  expect_told({
      {"unit: W, range: [0, <most>]", "unit: 2 W, range: [0, <most>]",
       "made_up.yaml:145: fields.pd.in1.watts.unit: \"2 W\" has a factor: write it as scale, such "
       "as unit: W, scale: 0.1 (templates.input, used at line 49)"},
      {"most: 400}", "most: much}",
       "fields.pd.in1.watts.range: must be two numbers [low, high] (templates.input, used at line "
       "49)"},
      {"{initial: true}", "{initial: 7}",
       "made_up.yaml:51: fields.pd.in2.on.initial: 7 is not of type bool (templates.input, used "
       "at line 50)"},
      {"{initial: true}", "{type: yes}",
       "made_up.yaml:51: fields.pd.in2.on.type: \"yes\" must be int, float"},
      {"n: 2, most: 50}", "n: 2}",
       "made_up.yaml:50: fields.pd.<input>[1].with: lacks most, a parameter of templates.input"},
      {"most: 400}", "most: 400, least: 0}",
       "fields.pd.<input>[0].with.least: is not a parameter of templates.input, which has n and "
       "most"},
      {"{in1.watts: \"002:5\"}", "{in3.watts: \"002:5\"}",
       "made_up.yaml:49: fields.pd.<input>[0]: \"in3.watts\" is not a field of templates.input, "
       "which "
       "has in1.watts and in1.on"},
      {"{in2.on: {initial", "{in2.on: {initially",
       "fields.pd.<input>[1].fields.in2.on.initially: unknown key"},
      {"    - {with: {n: 1, most", "    - 7\n    - {with: {n: 1, most",
       "fields.pd.<input>[0]: must be a mapping of with, sources and fields; it is \"7\""},
      {"pd.<input>:", "pd.<inputs>:",
       "made_up.yaml:48: fields.pd.<inputs>: there is no such template: templates has input"},
      {"pd.<input>:", "pd.<inputs>:", "templates.input: no key of fields ends with <input>"},
      {"pd.<input>:", "pd.<input>.x:",
       "fields.pd.<input>.x: must end with the name of a template: group.<template>"},
      {"  pd.<input>:\n", "  pd.<input>: {}\n  pd.<input>:\n",
       "made_up.yaml:49: fields.pd.<input>: this key occurs twice"},
      {"[0, <most>]", "[0, <least>]",
       "made_up.yaml:145: templates.input: <least> stands for nothing: there is <most> and <n>"},
      {"with: {n: 2, most", "with: {n: [2], most",
       "templates.input: <n> is a part of a text here: its value must be a text"},
      {"Input <n> is on}", "Input <n> is on, kind: 1}",
       "made_up.yaml:146: templates.input.fields.in<n>.on.kind: unknown key"},
      {"in<n>.on:", "in<n>.watts:", "templates.input.fields.in<n>.watts: this key occurs twice"},
      {"parameters: [n, most]", "parameters: [n, Most]",
       "templates.input.parameters: \"Most\": must be lower-case letters, digits and _"},
      {"  input:\n", "  Input:\n", "templates.Input: must be lower-case letters"},
  });
}

TEST(Expand, TellsMistakesOfDefaultsAndGroups) {
  expect_told({
      {"pd.in2.: {", "pd.in3.: {", "made_up.yaml:47: fields.pd.in3.: no field begins with this"},
      {"scale: 0.5, sign", "scale: 0.5, sing", "made_up.yaml:47: fields.pd.in2..sing: unknown key"},
      {"  pd.in2.: {", "  pd.in2.: {}\n  pd.in2.: {",
       "made_up.yaml:48: fields.pd.in2.: this key occurs twice"},
      {"scale: 0.5, sign", "scale: half, sign",
       "made_up.yaml:47: fields.pd.in2.watts.scale: must be a number; it is \"half\""},
      {"defaults:\n  fields: {", "defaults:\n  quirks: {",
       "made_up.yaml:135: defaults.quirks: unknown key; the keys here are fields, members, "
       "params, reports and commands"},
      {"  members: {type: int}", "  members: {typ: int}",
       "made_up.yaml:136: defaults.members.typ: unknown key"},
      {"  members: {type: int}", "  members: {typ: int}",
       "fields.pd.slots.of.fields.kind.type: this key is missing"},
      {"  members: {type: int}", "  members: int", "defaults.members: must be a mapping of type"},
      {"reports: {extra: {needAck: 1}}", "reports: {prefix: <nam>}",
       "made_up.yaml:138: defaults: <nam> stands for nothing: there is <name>"},
      {"fields: {source: ours}\n", "fields: {source: guess}\n",
       "made_up.yaml:135: fields.pd.state.source: \"guess\" is not a source"},
      {"defaults: {description: A number}", "defaults: {descriptions: A number}",
       "commands.charge.defaults.descriptions: unknown key"},
      {"defaults: {description: A number}", "defaults: {description: [A number]}",
       "commands.charge.params.milliamps.description: must be a text; it is a list"},
  });
}

TEST(Expand, TellsOnceWhatSeveralEntriesShare) {
  for (const Mistake& row : std::vector<Mistake>{
           {"fields: {source: ours}\n", "fields: {source: guess}\n", "is not a source"},
           {"unit: W, range: [0, <most>]", "unit: 2 W, range: [0, <most>]", "has a factor"}}) {
    const auto family = load_family("made_up.yaml", changed(row));
    ASSERT_FALSE(family);
    EXPECT_THAT(family.error().detail, HasSubstr(row.told));
    EXPECT_EQ(std::ranges::count(family.error().detail, '\n'), 0) << family.error().detail;
  }
}

TEST(Expand, LimitsWhatASmallFileBecomes) {
  std::string wide = "templates:\n  t:\n    parameters: [n]\n    fields:\n";
  for (int k = 0; k < 500; ++k) wide += fmt::format("      f<n>x{}: {{type: int, unit: W}}\n", k);
  wide += "fields:\n  a.<t>:\n";
  for (int k = 0; k < 100; ++k) wide += fmt::format("    - {{with: {{n: {}}}}}\n", k);
  const auto too_wide = load(wide);
  ASSERT_FALSE(too_wide);
  EXPECT_THAT(too_wide.error().detail,
              HasSubstr("defaults and templates make more than 100000 values or 4194304 bytes"));
  std::string long_text =
      "defaults: {fields: {type: int, description: " + std::string(100'000, 'x') + "}}\nfields:\n";
  for (int k = 0; k < 50; ++k) long_text += fmt::format("  a.f{}: {{}}\n", k);
  const auto too_long = load(long_text);
  ASSERT_FALSE(too_long);
  EXPECT_THAT(too_long.error().detail, HasSubstr("make more than 100000 values or 4194304 bytes"));
}

}  // namespace
}  // namespace gridloom::catalog
