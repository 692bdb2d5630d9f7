#include "bridges/core/name_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string_view>

#include "testing/must.h"

namespace gridloom::bridges {
namespace {

using testing::HasSubstr;

constexpr std::array<std::string_view, 3> kNames = {"sn", "name", "field"};

TEST(NameTemplate, PutsValuesIntoTheirPlaces) {
  struct Case {
    std::string_view text;
    std::string_view filled;
  };
  constexpr std::array<NamedText, 2> kValues = {
      {{.name = "sn", .text = "R33"}, {.name = "field", .text = "pd.soc"}}};
  for (const Case& each :
       {Case{"gridloom/{sn}/{field}", "gridloom/R33/pd.soc"}, Case{"{field}{sn}", "pd.socR33"},
        Case{"plain", "plain"}, Case{"a/{name}/b", "a//b"}, Case{"", ""}}) {
    EXPECT_EQ(must(NameTemplate::parse("topic", each.text, kNames)).fill(kValues), each.filled)
        << each.text;
  }
}

TEST(NameTemplate, RefusesWhatIsNoTemplate) {
  struct Case {
    std::string_view text;
    std::string_view why;
  };
  for (const Case& each :
       {Case{"a/{sn", "a brace has no partner"}, Case{"a/sn}", "a brace has no partner"},
        Case{"a/{}", "between braces must be sn, name or field"},
        Case{"a/{feild}", "did you mean field?"},
        Case{"a/{s{n}", "between braces must be sn, name or field"}}) {
    const auto parsed = NameTemplate::parse("topic", each.text, kNames);
    ASSERT_FALSE(parsed) << each.text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(parsed.error().detail, HasSubstr(each.why));
    EXPECT_TRUE(parsed.error().detail.starts_with("topic is "));
  }
}

TEST(NameTemplate, KnowsItsPlaces) {
  const NameTemplate parsed = must(NameTemplate::parse("topic", "x/{sn}/y", kNames));
  EXPECT_TRUE(parsed.has("sn"));
  EXPECT_FALSE(parsed.has("field"));
}

}  // namespace
}  // namespace gridloom::bridges
