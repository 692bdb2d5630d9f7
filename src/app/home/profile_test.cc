// Profiles: files of mode 0600, and the environment.
#include "app/home/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "testing/temporary_folder.h"

namespace gridloom::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

client::ApiOptions cloud() {
  return {.server = "https://api.example.org",
          .access_key = "AK",
          .secret_key = Secret("top secret"),
          .ca = "/etc/ca.pem",
          .admin_token = Secret("a token")};
}

TEST(Profile, IsReadBackAndReplacedAndRemoved) {
  const TemporaryFolder folder;
  const std::filesystem::path at = folder.path() / "gridloom" / "profiles";
  EXPECT_THAT(profile_names(at), ElementsAre());
  ASSERT_TRUE(write_profile(at, "cloud", cloud()));
  client::ApiOptions second = cloud();
  second.access_key = "AK2";
  ASSERT_TRUE(write_profile(at, "cloud", second));
  ASSERT_TRUE(write_profile(at, "attic", cloud()));
  EXPECT_THAT(profile_names(at), ElementsAre("attic", "cloud"));
  const auto read = read_profile(at, "cloud");
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->server, "https://api.example.org");
  EXPECT_EQ(read->access_key, "AK2");
  EXPECT_EQ(read->secret_key.reveal(), "top secret");
  EXPECT_EQ(read->ca, "/etc/ca.pem");
  EXPECT_EQ(read->admin_token.reveal(), "a token");
  EXPECT_TRUE(remove_profile(at, "cloud"));
  EXPECT_FALSE(remove_profile(at, "cloud"));
}

TEST(Profile, IsForItsOwnerAlone) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_profile(folder.path(), "cloud", cloud()));
  const std::filesystem::path file = folder.path() / "cloud.json";
  struct stat facts{};
  ASSERT_EQ(::stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  const auto read = read_profile(folder.path(), "cloud");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().detail, HasSubstr("can be read or written by other users"));
}

TEST(Profile, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  for (const std::string_view name : {"", "../x", ".hidden", "a b", "a/b"}) {
    const auto read = read_profile(folder.path(), name);
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error().code, ErrorCode::kBadParams) << name;
    EXPECT_FALSE(write_profile(folder.path(), name, cloud())) << name;
  }
  EXPECT_THAT(read_profile(folder.path(), "home").error().detail,
              HasSubstr("there is no profile home; there is none yet"));
  ASSERT_TRUE(write_profile(folder.path(), "attic", cloud()));
  EXPECT_THAT(read_profile(folder.path(), "home").error().detail, HasSubstr("there are attic"));
  write_content(folder.path() / "bad.json", "{");
  ASSERT_EQ(::chmod((folder.path() / "bad.json").c_str(), 0600), 0);
  EXPECT_EQ(read_profile(folder.path(), "bad").error().code, ErrorCode::kMalformed);
  EXPECT_FALSE(write_profile(folder.path(), "env", cloud()));
}

}  // namespace
}  // namespace gridloom::app
