#include "storage/reserve.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>

#include "testing/temporary_folder.h"

namespace gridloom::storage {
namespace {

namespace fs = std::filesystem;

std::uintmax_t bytes_in(const fs::path& folder) {
  std::uintmax_t bytes = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    bytes += entry.file_size();
  return bytes;
}

TEST(Reserve, IsKeptUntilItIsUsed) {
  const TemporaryFolder folder;
  EXPECT_FALSE(is_nearly_full(folder.path()));
  EXPECT_FALSE(use_reserve(folder.path()));
  for (int time = 0; time < 2; ++time) {
    keep_reserve(folder.path());
    EXPECT_EQ(bytes_in(folder.path() / "reserve"), 1024 * 1024);
  }
  fs::remove(folder.path() / "reserve/03");
  keep_reserve(folder.path());
  EXPECT_EQ(bytes_in(folder.path() / "reserve"), 1024 * 1024);
  EXPECT_TRUE(use_reserve(folder.path()));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace gridloom::storage
