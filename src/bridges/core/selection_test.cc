#include "bridges/core/selection.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

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

}  // namespace
}  // namespace gridloom::bridges
