#include "base/nearest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace gridloom {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<std::string_view> kCommands = {"serve",   "account", "device",  "family",
                                                 "backup",  "status",  "history", "time",
                                                 "restore", "record"};
const std::vector<std::string_view> kFields = {"pd.soc", "bms.soc", "pd.wattsInSum", "inv.acInVol"};

TEST(Nearest, FindsANameWithAFewOtherLetters) {
  struct Row {
    std::string_view word;
    std::string_view first;
  };
  for (const Row& row : std::vector<Row>{{"servr", "serve"},
                                         {"staus", "status"},
                                         {"tiem", "time"},
                                         {"DEVICE", "device"},
                                         {"famly", "family"},
                                         {"reocrd", "record"},
                                         {"histroy", "history"}}) {
    const auto found = nearest(row.word, kCommands);
    ASSERT_FALSE(found.empty()) << row.word;
    EXPECT_EQ(found.front(), row.first) << row.word;
  }
}

TEST(Nearest, FindsNamesThatContainTheWord) {
  EXPECT_THAT(nearest("soc", kFields), ElementsAre("pd.soc", "bms.soc"));
  EXPECT_THAT(nearest("pd.scoc", kFields), ElementsAre("pd.soc"));
  EXPECT_THAT(nearest("wattsIn", kFields), ElementsAre("pd.wattsInSum"));
}

TEST(Nearest, FindsNothingForAWordThatIsLikeNone) {
  EXPECT_THAT(nearest("frobnicate", kCommands), IsEmpty());
  EXPECT_THAT(nearest("", kCommands), IsEmpty());
  EXPECT_THAT(nearest("x", kCommands), IsEmpty());
  EXPECT_THAT(nearest(std::string(200, 's'), kCommands), IsEmpty());
  EXPECT_THAT(nearest("serve", {}), IsEmpty());
}

TEST(Nearest, OffersAtMostThree) {
  const std::vector<std::string_view> many = {"panel_1", "panel_2", "panel_3", "panel_4",
                                              "panel_5"};
  EXPECT_THAT(nearest("panel", many), ElementsAre("panel_1", "panel_2", "panel_3"));
}

TEST(Nearest, IsTheEndOfAMessage) {
  EXPECT_EQ(did_you_mean("servr", kCommands), "; did you mean serve?");
  EXPECT_EQ(did_you_mean("soc", kFields), "; did you mean pd.soc or bms.soc?");
  EXPECT_EQ(did_you_mean("frobnicate", kCommands), "");
  EXPECT_EQ(joined_or({"a", "b", "c"}), "a, b or c");
}

}  // namespace
}  // namespace gridloom
