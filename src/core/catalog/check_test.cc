#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "catalog/loader.h"
#include "catalog/test_family.h"
#include "testing/catalog.h"

namespace gridloom::catalog {
namespace {

const Family& made_up() {
  static const FamilyPtr family = load_family("made_up.yaml", kMadeUpFamily).value();
  return *family;
}

JsonObject object(std::string_view text) {
  const auto value = wire::parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? value->as_object() : JsonObject();
}

JsonObject set(std::string_view operate, std::string_view params) {
  return object(R"({"moduleType":5,"operateType":")" + std::string(operate) + R"(","params":)" +
                std::string(params) + "}");
}

TEST(CheckSet, KeepsDeclaredParamsUnderTheirOwnNames) {
  const struct {
    std::string_view operate;
    std::string_view params;
    std::string_view kept;
  } rows[] = {
      {"quietMode", R"({"enabled":1})", R"({"enabled":1})"},
      {"quietMode", R"({"enalbed":0})", R"({"enabled":0})"},
      {"quietMode", R"({"enabled":1,"unknown":2})", R"({"enabled":1})"},
      {"quietMode", R"({"enabled":1.0})", R"({"enabled":1.0})"},
      {"charge", R"({"milliamps":4000})", R"({"milliamps":4000})"},
      {"charge", R"({"milliamps":10000})", R"({"milliamps":10000})"},
      {"charge", R"({"milliamps":30})", R"({"milliamps":30})"},
      {"charge", R"({"milliamps":255})", R"({})"},
      {"charge", R"({"rsvd":["0"],"ratio":1})", R"({"ratio":1})"},
      {"charge", R"({"name":"äöüßäöüß"})", R"({"name":"äöüßäöüß"})"},
      {"charge", R"({"on":false})", R"({"on":false})"},
      {"11", R"({"ch":10,"list":[0,255]})", R"({"ch":10,"list":[0,255]})"},
      {"11", R"({"ch":10,"info":{"iconInfo":3,"x":1}})", R"({"ch":10,"info":{"icon":3}})"},
      {"11", R"({"ch":10,"mode":{"eco":true}})", R"({"ch":10,"mode":{"eco":true,"turbo":false}})"},
      {"11", R"({"ch":10,"mode":{"boost":true,"eco":false}})",
       R"({"ch":10,"mode":{"eco":false,"turbo":true}})"},
      {"11", R"({"ch":11,"info":{"icon":-1,"chName":"a"}})", R"({"ch":11,"info":{"chName":"a"}})"},
  };
  for (const auto& row : rows) {
    const auto checked = check_set(made_up(), set(row.operate, row.params));
    ASSERT_TRUE(checked) << row.params << ": " << checked.error().detail;
    ASSERT_NE(checked->command, nullptr) << row.params;
    EXPECT_EQ(checked->params, object(row.kept)) << row.params;
    EXPECT_TRUE(validate_set(made_up(), set(row.operate, row.params))) << row.params;
  }
}

// A param that must be there says what the others are set of.
TEST(CheckSet, RefusesASetThatNamesNothingToSet) {
  const struct {
    std::string_view params;
    std::string_view detail;
  } rows[] = {
      {R"({"ch":10})", "params names nothing to set: channel takes list, info, mode and lock"},
      {R"({"ch":10,"lok":true})",
       "params.lok is not known: channel takes ch, list, info, mode and lock"},
      {R"({"ch":10,"info":{}})",
       "params names nothing to set: channel takes list, info, mode and lock"},
      {R"({"ch":10,"info":{"iconNum":3}})",
       "params.info.iconNum is not known: channel takes chName and icon"},
  };
  for (const auto& row : rows) {
    const Status valid = validate_set(made_up(), set("11", row.params));
    ASSERT_FALSE(valid) << row.params;
    EXPECT_EQ(valid.error().detail, row.detail);
  }
}

TEST(CheckSet, TakesTheFormThatAnotherParamAsksFor) {
  const std::string at = "params.cfg.comCfg.timeRange.mode1";
  const std::string week = " takes mon, tues, wed, thur, fri, sat and sun";
  const struct {
    std::string range;
    std::string detail;
  } rows[] = {
      {R"("timeMode":0)", ""},
      {R"("timeMode":0,"mode1":{"data":0})", ""},
      {R"("timeMode":1,"mode1":{"thur":1})", ""},
      {R"("timeMode":1,"model":{"thur":1})", ""},
      {R"("timeMode":2,"mode1":[1,15])", ""},
      {R"("timeMode":3,"mode1":{"day":29,"month":2,"year":2028})", ""},
      {R"("mode1":{"thur":1})", ""},
      {R"("timeMode":1.0)", at + " is missing: it must be there where timeMode is 1"},
      {R"("timeMode":1,"mode1":{"thu":1})", at + ".thu is not known: " + at + week},
      {R"("timeMode":1,"mode1":{})", at + " is {}: it" + week},
      {R"("timeMode":1)", at + " is missing: it must be there where timeMode is 1"},
      {R"("timeMode":1,"model":"foo")", at + R"( is "foo": must be an object)"},
      {R"("timeMode":2,"mode1":{"mon":1})", at + R"( is {"mon":1}: must be an array)"},
      {R"("timeMode":2,"mode1":[0])", at + "[0] is 0: must be 1 to 31"},
      {R"("timeMode":3,"mode1":{"day":1,"month":13,"year":2028})",
       at + ".month is 13: must be 1 to 12"},
      {R"("timeMode":3,"mode1":{"day":1,"month":1})", at + ".year is missing: it must be there"},
  };
  const Family& panel = *shipped_catalog()->find("smart_home_panel");
  for (const auto& row : rows) {
    const Status valid = validate_set(
        panel, object(R"({"operateType":"TCP","params":{"cmdSet":11,"id":81,"cfgIndex":1,"cfg":)"
                      R"({"comCfg":{"timeRange":{)" +
                      row.range + "}}}}}"));
    EXPECT_EQ(valid ? "" : valid.error().detail, row.detail) << row.range;
  }
}

TEST(CheckSet, NamesTheParamItsValueAndWhatIsValid) {
  const std::string long_text(300, 'x');
  const struct {
    std::string_view operate;
    std::string params;
    std::string detail;
  } rows[] = {
      {"charge", R"({"milliamps":99999})",
       "params.milliamps is 99999: must be 4000 to 10000 or 30 (mA); 255 leaves it as it is"},
      {"charge", R"({"milliamps":3999})",
       "params.milliamps is 3999: must be 4000 to 10000 or 30 (mA); 255 leaves it as it is"},
      {"quietMode", R"({"enabled":"1"})",
       "params.enabled is \"1\": must be a whole number, 0 or 1"},
      {"quietMode", R"({"enabled":true})",
       "params.enabled is true: must be a whole number, 0 or 1"},
      {"quietMode", R"({"enabled":0.5})", "params.enabled is 0.5: must be a whole number, 0 or 1"},
      {"quietMode", R"({"enabled":null})",
       "params.enabled is null: must be a whole number, 0 or 1"},
      {"quietMode", R"({"enabled":2})", "params.enabled is 2: must be 0 or 1"},
      {"quietMode", R"({"enabeld":1})", "params.enabeld is not known: quietMode takes enabled"},
      {"quietMode", R"({})", "params names nothing to set: quietMode takes enabled"},
      {"charge", R"({"ratio":1.5})", "params.ratio is 1.5: must be 0 to 1 (0.1 A)"},
      {"charge", R"({"ratio":"1"})", "params.ratio is \"1\": must be a number, 0 to 1 (0.1 A)"},
      {"charge", R"({"on":1})", "params.on is 1: must be true or false"},
      {"charge", R"({"name":""})", "params.name has 0 characters: must be 1 to 8"},
      {"charge", R"({"name":"123456789"})", "params.name has 9 characters: must be 1 to 8"},
      {"charge", R"({"note":")" + long_text + "\"}",
       "params.note has 300 characters: must be at most 256"},
      {"charge", R"({"note":5})", "params.note is 5: must be a string"},
      {"11", R"({"list":[0,1]})", "params.ch is missing: it must be there"},
      {"11", R"({"ch":12})", "params.ch is 12: must be 10 to 11"},
      {"11", R"({"ch":10,"list":[0]})", "params.list has 1 elements: must be 2 to 3"},
      {"11", R"({"ch":10,"list":[0,7]})",
       "params.list[1] is 7: must be 0 (off) or 1 (on); 255 leaves it as it is"},
      {"11", R"({"ch":10,"list":[0,true]})",
       "params.list[1] is true: must be a whole number, 0 (off) or 1 (on); 255 leaves it as it is"},
      {"11", R"({"ch":10,"list":{"0":1}})", R"(params.list is {"0":1}: must be an array)"},
      {"11", R"({"ch":10,"info":{"icon":21}})",
       "params.info.icon is 21: must be 0 to 20; -1 leaves it as it is"},
      {"11", R"({"ch":10,"info":[]})", "params.info is []: must be an object"},
      {"11", R"({"ch":10,"lock":1})", "params.lock is 1: must be false (off) or true (on)"},
      {"11", R"({"ch":10,"mode":{"eco":true,"turbo":true}})",
       R"(params.mode is {"eco":true,"turbo":true}: exactly one of eco and turbo must be true)"},
      {"11", R"({"ch":10,"mode":{"eco":false}})",
       R"(params.mode is {"eco":false}: exactly one of eco and turbo must be true)"},
      {"11", R"({"ch":10,"mode":{}})",
       "params.mode is {}: exactly one of eco and turbo must be true"},
      {"11", R"({"ch":10,"mode":{"eco":1}})", "params.mode.eco is 1: must be true or false"},
      {"charge", "5", "params is 5: must be an object"},
  };
  for (const auto& row : rows) {
    const auto checked = check_set(made_up(), set(row.operate, row.params));
    ASSERT_FALSE(checked) << row.params;
    EXPECT_EQ(checked.error().code, ErrorCode::kBadParams);
    EXPECT_EQ(checked.error().detail, row.detail);
    const Status valid = validate_set(made_up(), set(row.operate, row.params));
    ASSERT_FALSE(valid) << row.params;
    EXPECT_EQ(valid.error().detail, row.detail);
  }
}

TEST(CheckSet, ShowsNoMoreThanTheStartOfALongValue) {
  const auto checked =
      check_set(made_up(), set("quietMode", R"({"enabled":")" + std::string(9000, 'x') + "\"}"));
  ASSERT_FALSE(checked);
  EXPECT_LT(checked.error().detail.size(), 200U);
}

TEST(CheckSet, NamesTheMissingPartOfASelector) {
  const auto checked = check_set(made_up(), object(R"({"sn":"MU1","params":{"enabled":1}})"));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kBadParams);
  EXPECT_EQ(checked.error().detail,
            "moduleType is missing: a set names moduleType and operateType");
}

TEST(CheckSet, ParamsMustBeAnObject) {
  const auto checked = check_set(made_up(), object(R"({"moduleType":1,"operateType":"restart"})"));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().detail, "params is missing: must be an object");
}

TEST(CheckSet, TakesAnythingForACommandWithoutParams) {
  const auto checked = check_set(
      made_up(), object(R"({"moduleType":"1","operateType":"restart","params":{"x":1}})"));
  ASSERT_TRUE(checked) << checked.error().detail;
  EXPECT_EQ(checked->command->name, "restart");
  EXPECT_TRUE(checked->params.empty());
}

TEST(CheckSet, LeavesAnUnknownSelectorToTheDevice) {
  const auto checked = check_set(made_up(), set("fly", R"({"high":1})"));
  ASSERT_TRUE(checked) << checked.error().detail;
  EXPECT_EQ(checked->command, nullptr);
  EXPECT_EQ(checked->params, object(R"({"high":1})"));
}

TEST(CheckSet, PassesEverythingToAPassthroughFamilyAndNothingToAReadOnlyOne) {
  Family open;
  open.passthrough = true;
  const auto passed = check_set(open, object(R"({"cmdSet":32,"params":{"id":66}})"));
  ASSERT_TRUE(passed) << passed.error().detail;
  EXPECT_EQ(passed->command, nullptr);
  EXPECT_EQ(passed->params, object(R"({"id":66})"));
  EXPECT_TRUE(validate_set(open, object(R"({"cmdSet":32})")));

  Family closed;
  closed.product = "PowerOcean";
  closed.read_only = true;
  const auto refused = check_set(closed, object(R"({"params":{"bpSoc":1}})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBadParams);
  EXPECT_EQ(refused.error().detail, "PowerOcean is read-only: it takes no sets");
}

}  // namespace
}  // namespace gridloom::catalog
