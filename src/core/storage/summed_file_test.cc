// A file that carries its checksum is read as it was written, or not at all.
#include "storage/summed_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "storage/files.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::storage {
namespace {

constexpr std::size_t kLimit = 1000;

TEST(SummedFile, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  must(make_data_folder(folder.data()));
  const auto file = folder.data() / "one.json";
  const auto missing = read_summed_file(file, kLimit);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  must(write_summed_file(file, "{\"a\":1}\nb"));
  EXPECT_EQ(must(read_summed_file(file, kLimit)), "{\"a\":1}\nb");
  must(write_summed_file(file, ""));
  EXPECT_EQ(must(read_summed_file(file, kLimit)), "");
}

TEST(SummedFile, AnyOtherByteIsDamage) {
  const TemporaryFolder folder;
  must(make_data_folder(folder.data()));
  const auto file = folder.data() / "one.json";
  must(write_summed_file(file, "{\"a\":1}"));
  const std::size_t size = std::filesystem::file_size(file);
  for (std::size_t at = 0; at < size; ++at) {
    must(write_summed_file(file, "{\"a\":1}"));
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(at));
    bytes.put('#');
    bytes.close();
    const auto read = read_summed_file(file, kLimit);
    ASSERT_FALSE(read) << at;
    EXPECT_EQ(read.error().code, ErrorCode::kMalformed) << at;
  }
}

}  // namespace
}  // namespace gridloom::storage
