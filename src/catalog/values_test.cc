// Values of a field in a device file: names, titles, units and errors.
#include <gtest/gtest.h>

#include <optional>

#include "catalog/test_mistakes.h"

namespace gridloom::catalog {
namespace {

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
  const Field& errors = *family->field("pd.errs");
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
      {"9: no fan", "63: no fan", "fields.pd.err.bits: 63 must be 0 to 62"},
      {"9: no fan", "fan: 9", "fields.pd.err.bits.fan: \"fan\" is not of type int"},
      {"bits: {0: too", "values: {0: none}, bits: {0: too",
       "bits: a field can have values or bits, not both"},
      {"absent: 65535", "absent: none", "fields.pd.left.absent: \"none\" is not of type int"},
      {"absent: 65535", "absent: 0", "initial: 65535 is outside its range [0, 5999]"},
      {"unit: W, scale: 0.1", "unit: 0.1 W",
       "fields.watts.unit: \"0.1 W\" has a factor: write it as scale, such as unit: W, scale: 0.1"},
      {"unit: A, scale: 0.1", "unit: A, scale: 0", "charge.params.ratio.scale: cannot be 0"},
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

TEST(Values, OfTheFamiliesThatComeAlongHaveTitles) {
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
