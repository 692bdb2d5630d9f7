#include "app/data_folder/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "testing/temporary_folder.h"

namespace gridloom::app {
namespace {

namespace fs = std::filesystem;

// A backup of version 1, whose description has no hashes: who wrote it, chose them.
class RestoreTest : public testing::Test {
 protected:
  RestoreTest() { fs::create_directory(backup()); }
  [[nodiscard]] fs::path backup() const { return folder_.path() / "backup"; }
  [[nodiscard]] fs::path data() const { return folder_.path() / "restored"; }
  static void write(const fs::path& file, std::string_view text) { std::ofstream(file) << text; }
  void describe(std::string_view name, std::uintmax_t bytes) const {
    write(backup() / "backup.json",
          R"({"what":"backup of a Gridloom data folder","at":1,"of":"/x","files":[{"name":")" +
              std::string(name) + R"(","bytes":)" + std::to_string(bytes) + "}]}");
  }
  [[nodiscard]] std::string refusal() const {
    const auto restored = restore(backup(), data());
    return restored ? "restored" : restored.error().detail;
  }

  TemporaryFolder folder_;
};

TEST_F(RestoreTest, NoLinkOfABackupIsFollowed) {
  write(folder_.path() / "foreign", "secret");
  fs::create_symlink(folder_.path() / "foreign", backup() / "registry.sqlite");
  describe("registry.sqlite", 6);
  EXPECT_THAT(refusal(), testing::HasSubstr("registry.sqlite is a link"));
  fs::remove(backup() / "registry.sqlite");
  fs::create_directory(folder_.path() / "elsewhere");
  write(folder_.path() / "elsewhere/x", "secret");
  fs::create_directory_symlink(folder_.path() / "elsewhere", backup() / "tls");
  describe("tls/x", 6);
  EXPECT_THAT(refusal(), testing::HasSubstr("tls/x is a link"));
  EXPECT_FALSE(fs::exists(data()));
  write(backup() / "registry.sqlite", "plain!");
  describe("registry.sqlite", 6);
  EXPECT_EQ(refusal(), "restored");
}

TEST_F(RestoreTest, ABackupThatIsLargerThanTheDiskIsRefusedBeforeItIsRead) {
  const std::uintmax_t bytes = fs::space(folder_.path()).available + (std::uintmax_t{1} << 40U);
  write(backup() / "registry.sqlite", "");
  describe("registry.sqlite", bytes);
  EXPECT_THAT(refusal(), testing::HasSubstr(" are free"));
}

}  // namespace
}  // namespace gridloom::app
