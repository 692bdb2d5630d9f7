#include "parameters/arguments.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "wire/json.h"

namespace gridloom::parameters {
namespace {

constexpr std::array<std::string_view, 2> kColours = {"red", "blue"};

struct Row {
  Type type;
  std::string_view text;
  std::string_view json;  // empty: it is refused
};

TEST(ParseValue, ATextBecomesAValueOfTheType) {
  for (const Row& row : {
           Row{Type::kText, "a b", R"("a b")"},
           Row{Type::kSecret, "12", R"("12")"},
           Row{Type::kChoice, "red", R"("red")"},
           Row{Type::kChoice, "green", R"("green")"},  // the limits are Arguments::check()'s
           Row{Type::kFlag, "true", "true"},
           Row{Type::kFlag, "false", "false"},
           Row{Type::kFlag, "yes", ""},
           Row{Type::kInteger, "5", "5"},
           Row{Type::kInteger, "-5", "-5"},
           Row{Type::kInteger, "five", ""},
           Row{Type::kInteger, "", ""},
           Row{Type::kInteger, "true", ""},
           Row{Type::kNumber, "0.5", "0.5"},
           Row{Type::kNumber, "0,5", ""},
           Row{Type::kTexts, "a,b", R"(["a","b"])"},
           Row{Type::kTexts, "", "[]"},
           Row{Type::kTexts, "a", R"(["a"])"},
           Row{Type::kIntegers, "1,2", "[1,2]"},
           Row{Type::kIntegers, "1,x", ""},
       }) {
    const Parameter parameter{.name = "colour",
                              .text = "Its colour",
                              .type = row.type,
                              .least = -10,
                              .most = 10,
                              .most_items = 3,
                              .values = kColours};
    const auto parsed = parse_value(parameter, row.text);
    EXPECT_EQ(parsed ? wire::to_text(*parsed) : "", row.json) << row.text;
    if (!parsed) EXPECT_TRUE(parsed.error().detail.starts_with("colour is ")) << row.text;
  }
}

TEST(ParseValue, ASecretIsNotRepeated) {
  static constexpr std::array kDeclared = {Parameter{
      .name = "password", .text = "Its password", .type = Type::kSecret, .most_bytes = 3}};
  const wire::JsonObject given{{"password", "sesame"}};
  const auto checked = Arguments::check({.name = "door", .declared = kDeclared}, given);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().detail, "password is ***: must be a text of at most 3 bytes");
}

TEST(Parameters, ADeclarationThatLacksSomethingIsNotComplete) {
  static constexpr std::array kGood = {Parameter{.name = "sn", .text = "Serial number"}};
  static constexpr std::array kTwice = {Parameter{.name = "sn", .text = "Serial number"},
                                        Parameter{.name = "sn", .text = "Serial number"}};
  static_assert(are_complete(kGood));
  EXPECT_FALSE(are_complete(kTwice));
}

}  // namespace
}  // namespace gridloom::parameters
