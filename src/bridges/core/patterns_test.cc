#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "bridges/core/patterns.h"
#include "testing/must.h"

namespace gridloom::bridges {
namespace {

TEST(Selection, AStarStandsForAnyCharacters) {
  struct Case {
    std::string_view pattern;
    std::string_view text;
    bool matches = true;
  };
  for (const Case& each :
       {Case{"pd.soc", "pd.soc"}, Case{"pd.soc", "pd.socket", false}, Case{"pd.*", "pd.soc"},
        Case{"pd.*", "pd", false}, Case{"*", ""}, Case{"*", "x.y"}, Case{"*soc", "pd.soc"},
        Case{"*soc", "pd.socs", false}, Case{"*.soc", "bp2000.A.soc.soc"}, Case{"a*b*c", "a1b2b3c"},
        Case{"a*b*c", "a1b2b3", false}, Case{"", "", true}, Case{"", "a", false},
        Case{"a**", "a"}}) {
    EXPECT_EQ(matches_pattern(each.pattern, each.text), each.matches)
        << each.pattern << ' ' << each.text;
  }
}

TEST(Selection, AManyStarredPatternIsDecidedWithoutBacktrackingOverAll) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_FALSE(matches_pattern(pattern + "b", std::string(20'000, 'a')));
}

TEST(Selection, EmptyListsSelectAll) {
  const Selection all({}, {});
  EXPECT_TRUE(all.has_device("SN", "Name"));
  EXPECT_TRUE(all.has_field("pd.soc"));
}

TEST(Selection, DevicesAreNamedBySerialNumberOrName) {
  const Selection some({"R33", "Kitchen"}, {"pd.*", "*.soc"});
  EXPECT_TRUE(some.has_device("R33", "Cellar"));
  EXPECT_TRUE(some.has_device("R34", "Kitchen"));
  EXPECT_FALSE(some.has_device("R35", "Attic"));
  EXPECT_TRUE(some.has_field("bms.soc"));
  EXPECT_FALSE(some.has_field("bms.vol"));
}

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
