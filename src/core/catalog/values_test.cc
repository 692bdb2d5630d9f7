// Values of a field in a device file: names, titles, units and errors.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/test_mistakes.h"

namespace gridloom::catalog {
namespace {

constexpr std::string_view kMilliamps = "range: [4000, 10000], also: [30], unchanged: [255]";

TEST(Values, ReadsNamedValuesInTheFieldsType) {
  const FamilyPtr family = made_up();
  ASSERT_TRUE(family);
  const Field& state = *family->field("pd.state");
  EXPECT_EQ(named(state.values, "010"), "\"010\" (resting)");
  EXPECT_EQ(named(state.values, "11"), "\"11\"");
  EXPECT_FALSE(state.others);
  EXPECT_EQ(named(family->field("pd.on")->values, true), "true (on)");
  const Field& amp = *family->field("pack.*.amp");
  EXPECT_EQ(named(amp.values, 20.0), "20 (full)");
  EXPECT_TRUE(amp.others);
  EXPECT_FALSE(amp.range);  // a number of its own is possible
  const Param& list = command_of(*family, "channel").params[1];
  EXPECT_EQ(named(list.fields[0].values, 1), "1 (on)");
  EXPECT_TRUE(command_of(*family, "quietMode").params[0].values[1].name.empty());
}

TEST(Values, TakesTheRangeOfAFieldFromItsValues) {
  const auto family = load_family("made_up.yaml", changed({", others: true", "", ""}));
  ASSERT_TRUE(family) << family.error().detail;
  const std::optional<Range>& range = (*family)->field("pack.*.amp")->range;
  ASSERT_TRUE(range);
  EXPECT_EQ(range->low, 0);
  EXPECT_EQ(range->high, 20);
}

TEST(Values, ReadsTitlesErrorsBitsAndWhatStandsForNoValue) {
  const FamilyPtr family = made_up();
  ASSERT_TRUE(family);
  const Field& error = *family->field("pd.err");
  EXPECT_EQ(error.title, "Errors");
  EXPECT_FALSE(is_error(error, 0));
  EXPECT_FALSE(is_error(error, 500));
  EXPECT_TRUE(is_error(error, 1));
  EXPECT_EQ(named(error, 513), "513 (too hot, no fan)");
  EXPECT_EQ(named(error, 2), "2");
  EXPECT_EQ(error.severity, Severity::kWarning);
  const Field& errors = *family->field("pd.errs");
  EXPECT_EQ(errors.severity, Severity::kFault);
  EXPECT_EQ(errors.title, "Errors of each output");  // a short description is a title
  EXPECT_FALSE(is_error(errors, JsonArray()));
  EXPECT_FALSE(is_error(errors, JsonArray{0, 0}));
  EXPECT_TRUE(is_error(errors, JsonArray{0, 7}));
  const Field& left = *family->field("pd.left");
  EXPECT_EQ(left.title, "");
  EXPECT_EQ(left.absent, Json(65535));
  EXPECT_FALSE(is_error(left, 1));
  const Param& ratio = command_of(*family, "charge").params[1];
  EXPECT_EQ(ratio.title, "Ratio of currents");
  EXPECT_EQ(ratio.scale, 0.1);
  EXPECT_TRUE(command_of(*family, "restart").dangerous);
  EXPECT_FALSE(command_of(*family, "charge").dangerous);
}

TEST(Values, TellsMistakesOfTitlesErrorsBitsAndUnits) {
  expect_told({
      {"title: Errors", "title: Errors of the station and its packs",
       "fields.pd.err.title: \"Errors of the station and its packs\" has 35 characters: must have "
       "1 "
       "to 30"},
      {"title: Errors", "title: \"\"", "has 0 characters: must have 1 to 30"},
      {"ok: [0, 500], bits", "ok: [500], bits",
       "fields.pd.err.initial: 0 is an error: list it under ok if it is not"},
      {"error: true, ok", "ok", "fields.pd.err.ok: needs error: true"},
      {"severity: warning", "severity: bad",
       "fields.pd.err.severity: \"bad\" must be fault or warning"},
      {"description: Silent", "description: Silent, severity: warning",
       "fields.pd.beep.severity: needs error: true"},
      {"9: no fan", "63: no fan", "fields.pd.err.bits: 63 must be 0 to 62"},
      {"9: no fan", "fan: 9", "fields.pd.err.bits.fan: \"fan\" is not of type int"},
      {"bits: {0: too", "values: {0: none}, bits: {0: too",
       "bits: a field can have values or bits, not both"},
      {"absent: 65535", "absent: none", "fields.pd.left.absent: \"none\" is not of type int"},
      {"absent: 65535", "absent: 0", "initial: 65535 is outside its range [0, 5999]"},
      {"unit: W, scale: 0.1", "unit: 0.1 W",
       "fields.watts.unit: \"0.1 W\" has a factor: write it as scale, such as unit: W, scale: 0.1"},
      {"unit: W, scale: 0.1", "unit: mW, scale: 0.001",
       "fields.watts.scale: 0.001 of mW is 1e-06 of W: write unit: W, and the scale that makes W "
       "of "
       "the value on the wire"},
      {"unit: A, scale: 0.1", "unit: mA, scale: 0.1",
       "charge.params.ratio.scale: 0.1 of mA is 0.0001 of A"},
      {"unit: A, scale: 0.1", "unit: A, scale: 0", "charge.params.ratio.scale: cannot be 0"},
      {"description: Current of a pack,", "description: Current of a pack, signed_bits: 12,",
       "fields.pack.*.amp.signed_bits: must be 8, 16 or 32, and only an int can have it"},
      {"info.name: {type: any,", "info.name: {type: any, signed_bits: 16,",
       "fields.info.name.signed_bits: must be 8, 16 or 32, and only an int can have it"},
      {"dangerous: true", "dangerous: perhaps",
       "commands.restart.dangerous: must be true or false; it is \"perhaps\""},
  });
}

TEST(Values, TellsMistakesOfNamedValues) {
  expect_told({
      {"{0: none, 20: full}", "{0: none, full: 20}",
       "made_up.yaml:46: fields.pack.*.amp.values.full: \"full\" is not of type int"},
      {"{0: none, 20: full}", "{0: none, 0.5: full}",
       "fields.pack.*.amp.values.0.5: 0.5 is not of type int"},
      {"{0: none, 20: full}", "{0: none, 0: full}", "values.0: 0 occurs twice"},
      {"{0: none, 20: full}", "{0: none, -0: full}", "values.-0: 0 occurs twice"},
      {"{0: none, 20: full}", "{0: none, 20: [full]}",
       "values.20: must be the value's name, of 1 to 40 characters; it is a list"},
      {"{0: none, 20: full}", "{0: none, 20: \"\"}",
       "values.20: must be the value's name, of 1 to"},
      {"{0: none, 20: full}", "{0: none, 20: 01234567890123456789012345678901234567890}",
       "of 1 to 40 characters; it is \"012345"},
      {"{0: none, 20: full}", "[0, 20]",
       "fields.pack.*.amp.values: must be values and their names, such as {0: off, 1: on}; it is a "
       "list"},
      {"{0: none, 20: full}", "{0: none, 20: full}, range: [0, 30]",
       "fields.pack.*.amp.values: a field can have a range or values"},
      {"values: {0: none, 20: full}, others", "others", "fields.pack.*.amp.others: needs values"},
      {"values: {0: none, 20: full}, others: true", "values: {20: full}",
       "fields.pack.*.amp.initial: 0 must be 20 (full)"},
      {"{\"010\": resting", "{resting: resting",
       "fields.pd.state.initial: \"010\" must be \"resting\" (resting) or \"charging\" (charging)"},
      {"{0: off, 1: on}, unchanged", "3, unchanged",
       "of.values: must be values and their names, such as {0: off, 1: on}, or a list of values; "
       "it is \"3\""},
      {"values: [0, 1], alias", "values: [0, 1, 0], alias", "enabled.values: 0 occurs twice"},
      {"initial: {pd.beep: 1}", "initial: {pd.state: loud}",
       "virtual.devices[0].initial: pd.state is \"loud\": must be \"010\" (resting) or "},
  });
}

TEST(Values, ANumberOfSignedBitsIsNegativeBeyondTheirHalf) {
  const struct {
    std::int64_t bits;
    std::int64_t sent;
    std::optional<std::int64_t> meant;
  } rows[] = {{16, 65522, -14},        {16, 32768, -32768}, {16, 65535, -1}, {16, 32767, {}},
              {16, 65536, {}},         {16, -14, {}},       {8, 255, -1},    {8, 256, {}},
              {32, 4'294'967'295, -1}, {32, 65522, {}},     {0, 65522, {}}};
  for (const auto& row : rows) {
    Field field;
    field.signed_bits = row.bits;
    EXPECT_EQ(meant(field, row.sent), row.meant) << row.bits << ' ' << row.sent;
  }
}

TEST(Values, ReadsWhatStandsInsideOfAField) {
  const FamilyPtr family = made_up();
  ASSERT_TRUE(family);
  const Field& slots = *family->field("pd.slots");
  ASSERT_EQ(slots.fields.size(), 1U);
  EXPECT_EQ(slots.fields[0].name, "");
  EXPECT_EQ(slots.fields[0].type, FieldType::kObject);
  const std::vector<Field>& members = slots.fields[0].fields;
  ASSERT_EQ(members.size(), 5U);
  EXPECT_EQ(members[0].title, "Kind");
  EXPECT_EQ(members[0].description, "What it is");
  EXPECT_EQ(named(members[0], 1), "1 (lamp)");
  EXPECT_EQ(members[0].range->high, 1);
  EXPECT_EQ(members[1].scale, 0.1);
  EXPECT_EQ(members[1].absent, Json(-1));
  EXPECT_EQ(named(members[2], 1), "1 (hot)");
  EXPECT_TRUE(members[3].others);
  EXPECT_EQ(members[4].fields[0].type, FieldType::kBool);
}

TEST(Values, VisitsWhatStandsInsideOfAValue) {
  const FamilyPtr family = made_up();
  ASSERT_TRUE(family);
  const Field& slots = *family->field("pd.slots");
  std::vector<std::string> seen;
  for_each_value(slots, slots.initial,
                 [&](const Field& field, const Json& value, const std::string& path) {
                   EXPECT_TRUE(fits(field.type, value)) << path;
                   seen.push_back(path);
                 });
  EXPECT_EQ(seen, (std::vector<std::string>{"", "[0]", "[0].kind", "[0].watts", "[1]", "[1].kind",
                                            "[1].ports", "[1].ports[0]"}));
  for_each_value(slots, 5, [&](const Field&, const Json&, const std::string& path) {
    EXPECT_EQ(path, "");  // a value of another type has nothing inside
  });
}

TEST(Values, TellsMistakesOfWhatStandsInsideOfAField) {
  expect_told({
      {"{kind: 1, watts: -1}", "{kind: 2, watts: -1}",
       "fields.pd.slots.initial: [0].kind: 2 must be 0 (nothing) or 1 (lamp)"},
      {"watts: -1}", "watts: -2}", "initial: [0].watts: -2 is outside its range [0, 500]"},
      {"ports: [true]", "ports: [1]", "initial: [1].ports[0]: 1 is not of type bool"},
      {"{kind: 0, ports", "{kin: 0, ports",
       "initial: [1]: kin is not a member: fields does not have it"},
      {"{kind: 0, ports: [true]}", "3", "initial: [1]: 3 is not of type object"},
      {"ports: {type: array, of", "ports: {type: int, of",
       "fields.pd.slots.of.fields.ports.of: only an array can have elements"},
      {"    of:\n      type: object", "    of:\n      type: array",
       "fields.pd.slots.of.fields: only an object can have members"},
      {"bits: {0: hot}", "bits: {63: hot}", "of.fields.faults.bits: 63 must be 0 to 62"},
      {"unit: W, scale: 0.1, range: [0, 500]", "unit: W, scale: 0, range: [0, 500]",
       "of.fields.watts.scale: cannot be 0"},
      {"values: {7: new}, others", "others", "of.fields.state.others: needs values"},
      {"faults: {bits", "faults: {initial: 1, bits", "of.fields.faults.initial: unknown key"},
  });
}

TEST(Values, StartWithWhatIsAbsentIfTheFileSaysNothingElse) {
  const auto family = load_family("made_up.yaml", changed({", initial: 65535", "", ""}));
  ASSERT_TRUE(family) << family.error().detail;
  EXPECT_EQ((*family)->field("pd.left")->initial, Json(65535));
}

TEST(Values, KnowTheNumberOfAllOnesByWhatAParamAccepts) {
  const struct {
    std::string_view keys;
    std::string_view unchanged;
  } rows[] = {{"range: [0, 254], unchanged: all_ones", "[255]"},
              {"range: [0, 255], unchanged: all_ones", "[65535]"},
              {"range: [0, 65534], unchanged: [-1, all_ones]", "[-1,65535]"},
              {"range: [0, 65535], unchanged: [all_ones, 7]", "[4294967295,7]"},
              {"range: [-9, -5], unchanged: [all_ones]", "[255]"},
              {"values: {0: off, 1: on}, unchanged: all_ones", "[255]"},
              {"values: [1, 500], unchanged: [all_ones, -1]", "[65535,-1]"},
              {"values: [1, 500], unchanged: 3", "[3]"},
              {"values: [1, 500], unchanged: []", "[]"}};
  for (const auto& row : rows) {
    const auto family = load_family("made_up.yaml", changed({kMilliamps, row.keys, ""}));
    ASSERT_TRUE(family) << row.keys << ": " << family.error().detail;
    const Param& param = command_of(**family, "charge").params[0];
    const JsonArray unchanged(param.unchanged.begin(), param.unchanged.end());
    EXPECT_EQ(wire::to_text(unchanged), row.unchanged) << row.keys;
  }
  expect_told({
      {kMilliamps, "range: [0, 9], unchanged: [255, x]",
       "charge.params.milliamps.unchanged: \"x\" is not of type int"},
      {kMilliamps, "unchanged: all_ones",
       "charge.params.milliamps.unchanged: all_ones needs a range or values, below 4294967295"},
      {kMilliamps, "range: [0, 4294967295], unchanged: all_ones",
       "charge.params.milliamps.unchanged: all_ones needs a range or values, below 4294967295"},
      {"on: {type: bool}", "on: {type: bool, unchanged: all_ones}",
       "charge.params.on.unchanged: \"all_ones\" is not of type bool"},
  });
}

TEST(Values, ValuesOfTheShippedFamiliesHaveTitles) {
  const auto catalog = load_catalog({});
  ASSERT_TRUE(catalog) << catalog.error().detail;
  for (const FamilyPtr& family : (*catalog)->families()) {
    for (const Field& field : family->fields) {
      EXPECT_FALSE(field.title.empty()) << family->id << ' ' << field.name;
    }
    for (const Command& command : family->commands) {
      EXPECT_FALSE(command.title.empty()) << family->id << ' ' << command.name;
      for (const Param& param : command.params) {
        EXPECT_FALSE(param.title.empty()) << family->id << ' ' << command.name << ' ' << param.name;
      }
    }
  }
}

}  // namespace
}  // namespace gridloom::catalog
