#include "base/digest.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace gridloom {
namespace {

// These numbers are stored in files; docs/internals/formats.md shows the first two.
TEST(RowChecksum, TheChecksumIsTheOneStoredInFiles) {
  EXPECT_EQ(row_checksum(6, {41}, R"({"op":"set"})"), 7842648585098747549);
  EXPECT_EQ(row_checksum(5, {}, std::string_view("\1\3\0\0\0\0\0\0\0", 9)), -2087253587788612842);
  EXPECT_EQ(row_checksum(1, {7}, "pd.soc"), -2941965767045396499);
  EXPECT_EQ(row_checksum(3, {}, ""), -4918597932756816520);
}

TEST(RowChecksum, TableKeysAndContentAllCount) {
  const std::set<std::int64_t> all{row_checksum(1, {7, 8}, "a"), row_checksum(2, {7, 8}, "a"),
                                   row_checksum(1, {8, 7}, "a"), row_checksum(1, {7}, "a"),
                                   row_checksum(1, {7, 8}, "b"), row_checksum(1, {7, 8}, "")};
  EXPECT_EQ(all.size(), 6);
}

}  // namespace
}  // namespace gridloom
