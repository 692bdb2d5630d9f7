#include "catalog/formula.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridloom::catalog {
namespace {

using testing::HasSubstr;

TEST(Formula, ComputesWhatItSays) {
  const struct {
    std::string_view text;
    double value = 0;
  } rows[] = {
      {"5", 5},
      {"1.5e2", 150},
      {"1 + 2 * 3", 7},
      {"(1 + 2) * 3", 9},
      {"10 - 4 - 3", 3},
      {"24 / 4 / 3", 2},
      {"2 * -3", -6},
      {"- -4", 4},
      {"-(1 + 1) * 2", -4},
      {"min(3, 1, 2)", 1},
      {"max(3, 1 + 4, 2)", 5},
      {"min(7)", 7},
      {"max(a, 0) - min(a, 0)", 8},
      {"a * b", 24},
      {"a*b", 24},
      {"a.b_2", 2},
      {"pack.*.power * 2", 10},
      {"pack.*.power*a", 40},
      {"'20_1.watts' + 1", 7},
      {"min - max", -1},  // fields of these names
      {"1 +\n 1", 2},
      {"5 / 0", 0},
      {"1 / (a - a) + 1", 1},
      {"1e308 * 10", 0},
      {"0 / 0", 0},
  };
  for (const auto& row : rows) {
    const auto formula = parse_formula(row.text);
    ASSERT_TRUE(formula) << formula.error().detail;
    std::vector<double> values;
    for (const std::string& name : formula->names) {
      const std::vector<std::pair<std::string_view, double>> known = {
          {"a", 8},          {"b", 3},   {"a.b_2", 2}, {"pack.*.power", 5},
          {"20_1.watts", 6}, {"min", 1}, {"max", 2}};
      for (const auto& [field, value] : known) {
        if (field == name) values.push_back(value);
      }
    }
    ASSERT_EQ(values.size(), formula->names.size()) << row.text;
    EXPECT_DOUBLE_EQ(evaluate(*formula, values), row.value) << row.text;
  }
}

TEST(Formula, NamesAFieldOnce) {
  const auto formula = parse_formula("a + b + a * a");
  ASSERT_TRUE(formula);
  EXPECT_EQ(formula->names, (std::vector<std::string>{"a", "b"}));
}

TEST(Formula, SaysWhereItIsWrongAndWhatWouldBeRight) {
  const struct {
    std::string text;
    std::string_view told;
  } rows[] = {
      {"", "at the beginning a number, a field's name, min(..), max(..), ( or - must stand"},
      {"a +", "\"a +\": after \"a +\" a number, a field's name"},
      {"a b", "after \"a \" +, -, *, / or the end must stand"},
      {"a % b", "after \"a \" +, -, *, / or the end must stand"},
      {"(a", "after \"(a\" +, -, *, / or ) must stand"},
      {"a)", "after \"a\" +, -, *, / or the end must stand"},
      {"* a", "at the beginning a number"},
      {"+a", "at the beginning a number"},
      {"min(a b)", "after \"min(a \" +, -, *, /, a comma or ) must stand"},
      {"min()", "after \"min(\" a number"},
      {"min(a,)", "after \"min(a,\" a number"},
      {"sin(a)", "after \"sin\" stands (, but there are no functions other than min and max"},
      {"'a", "at the beginning begins a quoted name that does not end"},
      {"1e999", "at the beginning stands a number that is too large"},
      {"1.2.3", "after \"1.2\" +, -"},
      {"0x10", "after \"0\" +, -"},
      {std::string(17, '(') + "1" + std::string(17, ')'), "are more than 16 levels"},
      {std::string(401, '1'), "a formula has at most 400 characters, and this has 401"},
  };
  for (const auto& row : rows) {
    const auto formula = parse_formula(row.text);
    ASSERT_FALSE(formula) << row.text;
    EXPECT_EQ(formula.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(formula.error().detail, HasSubstr(row.told)) << row.text;
  }
}

TEST(Formula, HasLimits) {
  EXPECT_TRUE(parse_formula(std::string(16, '(') + "1" + std::string(16, ')')));
  std::string text = "1";
  for (std::size_t steps = 1; steps + 2 < kMaxFormulaSteps; steps += 2) text += "+1";
  const auto formula = parse_formula(text);
  ASSERT_TRUE(formula) << formula.error().detail;
  EXPECT_DOUBLE_EQ(evaluate(*formula, {}), 50);
  EXPECT_THAT(parse_formula(text + "+1").error().detail, HasSubstr("at most 100 numbers, names"));
}

}  // namespace
}  // namespace gridloom::catalog
