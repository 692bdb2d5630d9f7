#include "app/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "testing/source_path.h"

namespace gridloom::app {
namespace {

using testing::HasSubstr;

std::string setting(const Limit& limit, std::int64_t value) {
  return std::string(limit.name) + '=' + std::to_string(value);
}

TEST(Limits, EachHasANameOfItsOwnAndAPlaceOfItsOwn) {
  std::set<std::string_view> names;
  for (const Limit& limit : all_limits()) {
    EXPECT_TRUE(names.insert(limit.name).second) << limit.name;
    // Setting one limit leaves all others unchanged.
    Limits defaults;
    const std::int64_t other =
        value_of(limit, defaults) == limit.least ? limit.least + 1 : limit.least;
    auto set = limits_from({setting(limit, other)});
    ASSERT_TRUE(set) << set.error().detail;
    for (const Limit& each : all_limits()) {
      EXPECT_EQ(value_of(each, *set), each.name == limit.name ? other : value_of(each, defaults))
          << limit.name << " and " << each.name;
    }
  }
}

TEST(Limits, EachTakesItsLeastAndItsMostAndNothingBeyond) {
  for (const Limit& limit : all_limits()) {
    for (const std::int64_t value : {limit.least, limit.most}) {
      auto set = limits_from({setting(limit, value)});
      ASSERT_TRUE(set) << set.error().detail;
      EXPECT_EQ(value_of(limit, *set), value) << limit.name;
    }
    for (const std::int64_t value : {limit.least - 1, limit.most + 1}) {
      const auto set = limits_from({setting(limit, value)});
      ASSERT_FALSE(set) << limit.name << " " << value;
      EXPECT_THAT(set.error().detail, HasSubstr(std::to_string(limit.most)));
    }
    Limits defaults;
    EXPECT_GE(value_of(limit, defaults), limit.least) << limit.name;
    EXPECT_LE(value_of(limit, defaults), limit.most) << limit.name;
  }
}

TEST(Limits, TheLastSettingCounts) {
  auto set = limits_from({"http.body-bytes=1000", "http.idle-ms=5000", "http.body-bytes=2000"});
  ASSERT_TRUE(set);
  EXPECT_EQ(set->server.http.body_bytes, 2000U);
  EXPECT_EQ(set->server.http.idle_time, Millis(5000));
}

TEST(Limits, FormerNamesAreAccepted) {
  for (const Limit& limit : all_limits()) {
    if (!limit.name.starts_with("listener.")) continue;
    std::string former = "door." + std::string(limit.name.substr(limit.name.find('.') + 1));
    if (limit.name == "listener.unauthenticated-bytes") former = "door.strangers-bytes";
    auto set = limits_from({former + '=' + std::to_string(limit.most)});
    ASSERT_TRUE(set) << set.error().detail;
    EXPECT_EQ(value_of(limit, *set), limit.most) << former;
    EXPECT_FALSE(limits_from({former + '=' + std::to_string(limit.most + 1)})) << former;
  }
  EXPECT_FALSE(limits_from({"door.body-bytes=1000"}));
  EXPECT_FALSE(limits_from({"listener.strangers-bytes=100000"}));
}

TEST(Limits, ATextMayBeAsLargeAsWhatCarriesIt) {
  auto set = limits_from({"http.body-bytes=1000000", "mqtt.packet-bytes=2000000"});
  ASSERT_TRUE(set);
  EXPECT_EQ(set->server.signing.json.bytes, 1'000'000U);
  EXPECT_EQ(set->server.hub.json.bytes, 2'000'000U);
  EXPECT_EQ(set->server.hub.report.bytes, 2'000'000U);
}

TEST(Limits, ErrorsNameTheSettingAndTheValidValues) {
  for (const auto& [wrong, says] : std::vector<std::pair<std::string, std::string>>{
           {"http.body=1", "no limit \"http.body\"; did you mean http.body-bytes?"},
           {"", "no limit \"\""},
           {"http.body-bytes", "a whole number from 256"},
           {"http.body-bytes=", "a whole number from 256"},
           {"http.body-bytes=1k", "a whole number from 256"},
           {"http.body-bytes= 1000", "a whole number from 256"},
           {"http.body-bytes=99999999999999999999", "a whole number from 256"}}) {
    const auto set = limits_from({wrong});
    ASSERT_FALSE(set) << wrong;
    EXPECT_EQ(set.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(set.error().detail, HasSubstr(says));
  }
}

TEST(Limits, ThePageInTheGuideIsTheTable) {
  std::ifstream file(source_path("docs/user/limits.md"));
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(page, limits_page()) << "build/dev/gridloom limits --page >docs/user/limits.md";
}

}  // namespace
}  // namespace gridloom::app
