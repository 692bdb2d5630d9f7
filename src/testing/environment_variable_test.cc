#include "testing/environment_variable.h"

#include <gtest/gtest.h>

namespace gridloom {
namespace {

TEST(EnvironmentVariable, IsAsBeforeAfterwards) {
  constexpr const char* kName = "GL_TEST_VARIABLE";
  {
    const EnvironmentVariable outer(kName, "outer");
    {
      const EnvironmentVariable inner(kName, "inner");
      EXPECT_STREQ(std::getenv(kName), "inner");
    }
    EXPECT_STREQ(std::getenv(kName), "outer");
  }
  EXPECT_EQ(std::getenv(kName), nullptr);
}

}  // namespace
}  // namespace gridloom
