#include "bridges/mirror/cloud.h"

#include <gtest/gtest.h>

#include <string>

namespace gridloom::bridges::mirror {
namespace {

TEST(LocalName, IsTheVendorsWhereItIsAName) {
  EXPECT_EQ(local_name("", "Garage", "R33"), "Garage");
  EXPECT_EQ(local_name("EU ", "Garage", "R33"), "EU Garage");
  EXPECT_EQ(local_name("", "", "R33"), "R33");
  EXPECT_EQ(local_name("EU ", "", "R33"), "EU R33");
  EXPECT_EQ(local_name("", "a\nb", "R33"), "R33");
  EXPECT_EQ(local_name("", std::string(80, 'x'), "R33"), std::string(64, 'x'));
}

}  // namespace
}  // namespace gridloom::bridges::mirror
