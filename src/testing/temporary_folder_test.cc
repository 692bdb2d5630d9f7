#include "testing/temporary_folder.h"

#include <gtest/gtest.h>

namespace gridloom {
namespace {

TEST(TemporaryFolder, IsNewEachTimeAndIsRemovedWithItsContent) {
  std::filesystem::path path;
  {
    const TemporaryFolder one;
    const TemporaryFolder other;
    EXPECT_NE(one.path(), other.path());
    EXPECT_FALSE(std::filesystem::exists(one.data()));
    path = one.path();
    std::filesystem::create_directory(one.data());
    write_content(one.data() / "file", "text");
    EXPECT_EQ(content_of(one.data() / "file"), "text");
    EXPECT_NE(mode_of(one.data() / "file"), 0U);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace gridloom
