// ready.json, by which scripts find a server.
#include "app/ready_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "testing/home.h"

namespace gridloom::app {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

TEST(ReadyFile, IsThereForItsOwnerWhileTheServerRuns) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "ready.json";
  {
    const auto ready = ReadyFile::write(folder.path(), {{"http", "http://127.0.0.1:1"}});
    ASSERT_TRUE(ready) << ready.error().detail;
    EXPECT_EQ(mode_of(path), 0600U);
    EXPECT_EQ(content_of(path), "{\"http\":\"http://127.0.0.1:1\"}\n");
    EXPECT_FALSE(fs::exists(folder.path() / "ready.json.new"));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(ReadyFile, LeavesNothingWhenItCannotBeWritten) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "ready.json/in the way");
  EXPECT_FALSE(ReadyFile::write(folder.path(), {}));
  EXPECT_FALSE(fs::exists(folder.path() / "ready.json.new"));
}

TEST(ReadyFile, MovesWithItsOwner) {
  const TemporaryFolder folder;
  std::optional<ReadyFile> kept;
  {
    auto ready = ReadyFile::write(folder.path(), {});
    ASSERT_TRUE(ready);
    kept.emplace(std::move(*ready));
  }
  EXPECT_TRUE(fs::exists(folder.path() / "ready.json"));
  kept.reset();
  EXPECT_FALSE(fs::exists(folder.path() / "ready.json"));
}

TEST(ReadyFile, ReplacesWhatAKilledServerLeftWhateverItsMode) {
  const TemporaryFolder folder;
  for (const char* name : {"ready.json", "ready.json.new"}) {
    std::ofstream(folder.path() / name) << "old";
    fs::permissions(folder.path() / name, fs::perms::all);
  }
  const auto ready = ReadyFile::write(folder.path(), {{"a", 1}});
  ASSERT_TRUE(ready);
  EXPECT_EQ(content_of(folder.path() / "ready.json"), "{\"a\":1}\n");
  EXPECT_EQ(mode_of(folder.path() / "ready.json"), 0600U);
}

TEST(ReadyFile, AFolderThatIsNotThereIsNamed) {
  const TemporaryFolder folder;
  const auto ready = ReadyFile::write(folder.path() / "nowhere", {});
  ASSERT_FALSE(ready);
  EXPECT_EQ(ready.error().code, ErrorCode::kIo);
  EXPECT_THAT(ready.error().detail, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace gridloom::app
