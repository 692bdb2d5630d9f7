#include "postgres/settings.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::postgres {
namespace {

using Source = ConnectionSettings::Source;

TEST(ConnectionSettings, HaveTheLimitsThatTheUrlDoesNotGive) {
  const ConnectionSettings settings =
      must(ConnectionSettings::parse({.url = "postgres://loom@db1/home?keepalives_idle=9"}));
  const ConnectionSettings::Parameters all = settings.parameters(0);
  EXPECT_EQ(all.at("host"), "db1");
  EXPECT_EQ(all.at("user"), "loom");
  EXPECT_EQ(all.at("dbname"), "home");
  EXPECT_EQ(all.at("keepalives_idle"), "9");
  EXPECT_EQ(all.at("tcp_user_timeout"), "5000");
  EXPECT_EQ(all.at("target_session_attrs"), "read-write");
  EXPECT_EQ(all.at("application_name"), "gridloom");
  EXPECT_EQ(settings.connect_timeout(), Millis(2000));
  EXPECT_EQ(settings.schema(), "gridloom");
  EXPECT_EQ(settings.description(), "db1/home");
}

TEST(ConnectionSettings, KnowEachOfSeveralHosts) {
  const ConnectionSettings settings = must(ConnectionSettings::parse(
      {.url = "postgresql://loom@db1:5433,db2:5434/home?connect_timeout=3&sslmode=verify-full"}));
  ASSERT_EQ(settings.host_count(), 2U);
  EXPECT_EQ(settings.parameters(0).at("port"), "5433");
  EXPECT_EQ(settings.parameters(1).at("host"), "db2");
  EXPECT_EQ(settings.parameters(1).at("port"), "5434");
  EXPECT_EQ(settings.parameters(1).at("sslmode"), "verify-full");
  EXPECT_EQ(settings.connect_timeout(), Millis(3000));
  EXPECT_EQ(settings.description(), "db1:5433,db2:5434/home");
}

TEST(ConnectionSettings, ShareTheHostThatAnsweredLast) {
  const ConnectionSettings settings =
      must(ConnectionSettings::parse({.url = "postgres://db1,db2/home"}));
  const ConnectionSettings copy = settings;
  copy.prefer(1);
  EXPECT_EQ(settings.first_host(), 1U);
}

TEST(ConnectionSettings, RefuseAWrongUrlAndSayWhatIsRight) {
  struct Case {
    std::string_view url;
    std::string_view words;
  };
  for (const auto& [url, words] : {
           Case{"mysql://db1/home", "postgres://USER@HOST/DATABASE"},
           Case{"db1", "postgres://USER@HOST/DATABASE"},
           Case{"postgres://[::1/home", "postgres://USER@HOST/DATABASE"},
           Case{"postgres://db1/home?colour=red", "invalid URI query parameter"},
           Case{"postgres://db1/home?sslmode=strict", "verify-full"},
           Case{"postgres://db1/home?target_session_attrs=standby", "read-write"},
           Case{"postgres://db1/home?connect_timeout=0", "1 to 60 seconds"},
           Case{"postgres://db1/home?connect_timeout=2s", "1 to 60 seconds"},
           Case{"postgres://db1/home?hostaddr=::1,::2,::3", ""},
           Case{"postgres://db1,db2,db3/home?hostaddr=::1,::2", "different numbers"},
       }) {
    const Result<ConnectionSettings> settings = ConnectionSettings::parse({.url = url});
    if (words.empty()) continue;
    ASSERT_FALSE(settings) << url;
    EXPECT_EQ(settings.error().code, ErrorCode::kBadParams) << url;
    EXPECT_TRUE(settings.error().detail.contains(words)) << settings.error().detail;
  }
}

TEST(ConnectionSettings, RefuseAPasswordOnTheCommandLineWithoutRepeatingIt) {
  for (const std::string_view url :
       {"postgres://loom:correct-horse@db1/home", "postgres://loom@db1/home?password=correct-horse",
        "postgres://db1/home?sslmode=require&password=correct-horse",
        "postgres://loom:correct-horse%zz@db1/home"}) {
    const Result<ConnectionSettings> refused = ConnectionSettings::parse({.url = url});
    ASSERT_FALSE(refused) << url;
    EXPECT_TRUE(refused.error().detail.contains("--database-password-file")) << url;
    EXPECT_FALSE(refused.error().detail.contains("correct-horse")) << url;
  }
}

TEST(ConnectionSettings, TakeAPasswordFromTheUrlWhereItIsAllowed) {
  const ConnectionSettings settings = must(ConnectionSettings::parse(
      {.url = "postgres://loom:correct-horse@db1/home", .url_password = UrlPassword::kAllowed}));
  EXPECT_EQ(settings.password().reveal(), "correct-horse");
  EXPECT_FALSE(settings.description().contains("correct-horse"));
  EXPECT_FALSE(settings.parameters(0).contains("password"));
  const Result<ConnectionSettings> wrong = ConnectionSettings::parse(
      {.url = "postgres://loom:correct-horse%zz@db1/home", .url_password = UrlPassword::kAllowed});
  ASSERT_FALSE(wrong);
  EXPECT_FALSE(wrong.error().detail.contains("correct-horse")) << wrong.error().detail;
}

TEST(ConnectionSettings, TakeAPasswordFromTheFirstLineOfAPrivateFile) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "password";
  write_content(file, "correct-horse\nsecond line\n");
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  const Source source{.url = "postgres://loom@db1/home", .password_file = file};
  EXPECT_EQ(must(ConnectionSettings::parse(source)).password().reveal(), "correct-horse");

  std::filesystem::permissions(file, std::filesystem::perms(0644));
  const Result<ConnectionSettings> readable = ConnectionSettings::parse(source);
  ASSERT_FALSE(readable);
  EXPECT_EQ(readable.error().code, ErrorCode::kIo);

  write_content(file, "\n");
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  const Result<ConnectionSettings> empty = ConnectionSettings::parse(source);
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, ErrorCode::kBadParams);
}

}  // namespace
}  // namespace gridloom::postgres
