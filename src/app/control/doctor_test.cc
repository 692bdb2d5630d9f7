// The checks of `gridloom doctor`.
#include "app/control/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <string_view>

#include "history/store/history_tables.h"
#include "testing/temporary_folder.h"

namespace gridloom::app {
namespace {

using testing::HasSubstr;

TEST(Doctor, FindsAFolderThatOthersMayRead) {
  const TemporaryFolder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0700), 0);
  EXPECT_TRUE(check_modes(folder.path()).good);
  write_content(folder.path() / "secret.key", "x");
  ASSERT_EQ(::chmod((folder.path() / "secret.key").c_str(), 0644), 0);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  const Finding found = check_modes(folder.path());
  EXPECT_FALSE(found.good);
  EXPECT_THAT(found.text, HasSubstr("the folder (mode 0755), secret.key (mode 0644)"));
}

TEST(Doctor, FindsProfilesThatOthersMayRead) {
  const TemporaryFolder folder;
  EXPECT_TRUE(check_profiles("").good);
  EXPECT_TRUE(check_profiles(folder.path()).good);
  write_content(folder.path() / "a.json", "{}");
  ASSERT_EQ(::chmod((folder.path() / "a.json").c_str(), 0640), 0);
  EXPECT_THAT(check_profiles(folder.path()).text, HasSubstr("other users may read 1 of 1"));
}

TEST(Doctor, FindsListenersWithoutTlsOnANetwork) {
  const struct {
    std::string_view ready;
    bool good;
  } rows[] = {
      {R"({"http":"http://127.0.0.1:8080","mqtt":"127.0.0.1:1883"})", true},
      {R"({"http":"http://[::1]:8080","https":"https://0.0.0.0:1"})", true},
      {R"({"http":"http://0.0.0.0:8080","mqtt":"127.0.0.1:1883"})", false},
      {R"({"http":"http://127.0.0.1:8080","mqtt":"192.168.1.5:1883"})", false},
      {"{}", true},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(check_listeners(wire::parse_json(row.ready).value()).good, row.good) << row.ready;
  }
}

TEST(Doctor, KnowsWhenADiskIsNearlyFull) {
  constexpr std::uint64_t kGiga = 1'000'000'000;
  EXPECT_TRUE(check_space(10 * kGiga, 100 * kGiga).good);
  EXPECT_FALSE(check_space(4 * kGiga, 100 * kGiga).good);
  EXPECT_FALSE(check_space(kGiga / 4, kGiga).good);
}

TEST(Doctor, KnowsClocksDamageAndVersions) {
  EXPECT_FALSE(check_clock(TimePoint{Millis{0}}, true).good);
  EXPECT_TRUE(check_clock(TimePoint{Millis{1'800'000'000'000}}, false).good);
  EXPECT_TRUE(check_damage({}).good);
  EXPECT_THAT(check_damage({"lost"}).text, HasSubstr("gridloom damage"));
  EXPECT_TRUE(check_versions(0).good);
  EXPECT_TRUE(check_versions(history::kHistorySchema.format).good);
  EXPECT_THAT(check_versions(history::kHistorySchema.format - 1).text,
              HasSubstr("of an earlier program"));
  EXPECT_THAT(check_versions(history::kHistorySchema.format + 1).text,
              HasSubstr("of a later program"));
}

}  // namespace
}  // namespace gridloom::app
