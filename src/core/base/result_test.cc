#include "base/result.h"

#include <gtest/gtest.h>

#include <set>

namespace gridloom {
namespace {

TEST(ErrorCodes, HaveNamesOfTheirOwnByWhichTheyAreFound) {
  std::set<std::string_view> names;
  const auto last = static_cast<int>(ErrorCode::kDamaged);
  for (int number = 0; number <= last; ++number) {
    const auto code = static_cast<ErrorCode>(number);
    EXPECT_TRUE(names.insert(name_of(code)).second) << name_of(code);
    EXPECT_EQ(error_code_of(name_of(code)), code);
  }
  EXPECT_EQ(error_code_of("out_of_luck"), std::nullopt);
  EXPECT_EQ(error_code_of(""), std::nullopt);
}

}  // namespace
}  // namespace gridloom
