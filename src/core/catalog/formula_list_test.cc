#include "catalog/formula.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "catalog/element_name.h"
#include "testing/must.h"

namespace gridloom::catalog {
namespace {

TEST(FormulaList, IsSplitIntoTheFormulasThatItWasMadeOf) {
  std::vector<Formula> formulas;
  for (const char* text : {"a + 2 * b", "-min(a, b, c)", "7", "b / (a - c)"}) {
    formulas.push_back(must(parse_formula(text)));
  }
  const Formula list = join_formulas(formulas);
  EXPECT_EQ(list.names, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(list.text, "[a + 2 * b, -min(a, b, c), 7, b / (a - c)]");
  const std::vector<Formula> split = split_formulas(list);
  ASSERT_EQ(split.size(), formulas.size());
  for (std::size_t k = 0; k < split.size(); ++k) {
    EXPECT_EQ(split[k].names, formulas[k].names) << k;
    std::vector<double> values;
    for (const std::string& name : formulas[k].names) values.push_back(name.front() - 'a' + 3);
    EXPECT_EQ(evaluate(split[k], values), evaluate(formulas[k], values)) << formulas[k].text;
  }
}

TEST(FormulaList, OfOneFormulaIsThatFormula) {
  const Formula formula = must(parse_formula("max(a, 3) - b"));
  const std::vector<Formula> split = split_formulas(formula);
  ASSERT_EQ(split.size(), 1U);
  EXPECT_EQ(evaluate(split.front(), std::vector<double>{5, 1}), 4);
}

TEST(ElementName, IsAFieldWithANumberInBrackets) {
  const auto element = element_name("loadInfo.hall1Watt[11]");
  ASSERT_TRUE(element);
  EXPECT_EQ(element->field, "loadInfo.hall1Watt");
  EXPECT_EQ(element->element, 11);
  for (const char* other : {"pd.soc", "a[]", "[3]", "a[-1]", "a[1000]", "a[1]b", "a[x]", "a1]"}) {
    EXPECT_FALSE(element_name(other)) << other;
  }
}

}  // namespace
}  // namespace gridloom::catalog
