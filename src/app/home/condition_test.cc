#include "app/home/condition.h"
#include "testing/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

namespace gridloom::app {
namespace {

using testing::HasSubstr;

TEST(Condition, IsAFieldAComparisonAndAValue) {
  const struct {
    std::string_view text, field;
    Comparison comparison;
    std::string_view value;
  } rows[] = {
      {"battery.soc > 80", "battery.soc", Comparison::kGreater, "80"},
      {"soc>=80 %", "soc", Comparison::kAtLeast, "80 %"},
      {"pd.beepMode = silent", "pd.beepMode", Comparison::kEqual, "silent"},
      {"soc<=5", "soc", Comparison::kAtMost, "5"},
      {"soc != 5", "soc", Comparison::kNotEqual, "5"},
      {"soc == 5", "soc", Comparison::kEqual, "5"},
      {"soc <5", "soc", Comparison::kLess, "5"},
  };
  for (const auto& row : rows) {
    const auto condition = parse_condition(row.text);
    ASSERT_TRUE(condition) << row.text;
    EXPECT_EQ(condition->field, row.field);
    EXPECT_EQ(condition->comparison, row.comparison) << row.text;
    EXPECT_EQ(condition->value, row.value);
  }
  for (const std::string_view text : {"", "soc", "soc 80", "> 80", "soc >", "soc ! 80"}) {
    const auto condition = parse_condition(text);
    ASSERT_FALSE(condition) << text;
    EXPECT_THAT(condition.error().detail, HasSubstr("'soc > 80'"));
  }
}

TEST(Condition, ComparesInTheUnitOfTheFieldAndByNames) {
  const auto catalog = shipped_catalog();
  const catalog::FamilyPtr family = catalog->find("delta_2");
  const struct {
    std::string_view field, text;
    wire::Json value;
    bool met;
  } rows[] = {
      {"pd.soc", "x > 80", 81, true},
      {"pd.soc", "x > 80 %", 80, false},
      {"pd.soc", "x >= 80", 80, true},
      {"pd.soc", "x < 80", 79, true},
      {"pd.soc", "x <= 80", 81, false},
      {"pd.soc", "x = 80", 80, true},
      {"pd.soc", "x != 80", 80, false},
      {"bms_bmsStatus.vol", "x > 50 V", 52'608, true},
      {"bms_bmsStatus.vol", "x > 53", 52'608, false},
      {"pd.beepMode", "x = silent", 1, true},
      {"pd.beepMode", "x != silent", 0, true},
      {"pd.typec1Temp", "x != 5", 7, true},
      {"pd.typec1Temp", "x != 5", 0, false},  // 0 says that there is no value
      {"pd.typec1Temp", "x > -5", 0, false},
      {"pd.typec1Temp", "x = 0", 0, false},
      {"none", "x > 2", 3, true},
      {"none", "x != 2", nullptr, false},
      {"none", "x = on", "on", true},
  };
  for (const auto& row : rows) {
    const auto met = is_met(parse_condition(row.text).value(), family->field(row.field), row.value);
    ASSERT_TRUE(met) << row.field << ' ' << row.text << ": " << met.error().detail;
    EXPECT_EQ(*met, row.met) << row.field << ' ' << row.text;
  }
}

TEST(Condition, RefusesAValueThatIsNoneOfTheField) {
  const auto catalog = shipped_catalog();
  const catalog::Field* field = catalog->find("delta_2")->field("pd.soc");
  const auto met = is_met(parse_condition("soc > much").value(), field, 5);
  ASSERT_FALSE(met);
  EXPECT_THAT(met.error().detail, HasSubstr("pd.soc is \"much\": must be a number of %"));
}

}  // namespace
}  // namespace gridloom::app
