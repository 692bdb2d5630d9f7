#include "bridges/kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string_view>

#include "testing/must.h"

namespace gridloom::bridges {
namespace {

using parameters::Parameter;
using parameters::Type;
using testing::HasSubstr;

// The command line has options of these names for every kind.
constexpr std::array<std::string_view, 6> kTaken = {"name", "account", "data",
                                                    "json", "dry-run", "help"};

TEST(Kinds, EachRowIsCompleteAndIsFound) {
  std::set<std::string_view> names;
  for (const BridgeKind& kind : kinds()) {
    EXPECT_TRUE(is_complete(kind)) << kind.name;
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_EQ(must(find_kind(kind.name)), &kind);
    EXPECT_TRUE(std::isupper(static_cast<unsigned char>(kind.text.front()))) << kind.text;
    for (const Parameter& each : kind.settings) {
      EXPECT_EQ(std::ranges::find(kTaken, each.name), kTaken.end())
          << kind.name << ' ' << each.name;
      EXPECT_FALSE(valid_text(each).empty()) << kind.name << ' ' << each.name;
    }
  }
  EXPECT_GT(names.size(), 0U);
}

TEST(Kinds, OneThatDoesNotExistIsRefusedWithTheNearest) {
  const auto found = find_kind("mqqt");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kBadParams);
  EXPECT_THAT(found.error().detail, HasSubstr("kind is \"mqqt\": must be "));
  EXPECT_THAT(found.error().detail, HasSubstr("did you mean mqtt?"));
}

TEST(Kinds, SettingsThatAreSecretAreNeverShown) {
  for (const BridgeKind& kind : kinds()) {
    wire::JsonObject settings{{"unknown", "sesame"}};
    for (const Parameter& each : kind.settings) settings[each.name] = "sesame";
    const wire::JsonObject shown = shown_settings(kind, settings);
    for (const Parameter& each : kind.settings) {
      EXPECT_EQ(shown.contains(each.name), each.type != Type::kSecret) << kind.name << each.name;
    }
    EXPECT_FALSE(shown.contains("unknown")) << "it may be a secret of a later version";
  }
}

TEST(Kinds, AnUnknownSettingIsRefused) {
  for (const BridgeKind& kind : kinds()) {
    const Status checked = check_settings(kind, {{"no-such-setting", 1}});
    ASSERT_FALSE(checked) << kind.name;
    EXPECT_THAT(checked.error().detail, HasSubstr("no-such-setting")) << kind.name;
  }
}

}  // namespace
}  // namespace gridloom::bridges
