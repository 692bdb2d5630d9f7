#include "bridges/nut/ups.h"

#include <gtest/gtest.h>

#include "testing/catalog.h"
#include "testing/must.h"

namespace gridloom::bridges::nut {
namespace {

// The family is named by another product of it.
TEST(Ups, ItsModelIsTheProductOfTheSerialNumber) {
  const auto catalog = shipped_catalog();
  const Ups ups = ups_of(BookDevice("BK12ZTEST0000001", "Balcony", *catalog), {});
  EXPECT_EQ(ups.variables.at("device.model"), "STREAM Pro");
  EXPECT_EQ(ups.variables.at("ups.model"), "STREAM Pro");
  EXPECT_EQ(ups.description, "Balcony (STREAM Pro)");
}

// Nobody knows the product of a device that no family serves and no list names.
TEST(Ups, HasNoModelOfAnUnknownProduct) {
  const auto catalog = shipped_catalog();
  const Ups ups = ups_of(BookDevice("XX99TEST00000001", "Cellar", *catalog), {});
  EXPECT_FALSE(ups.variables.contains("device.model"));
  EXPECT_EQ(ups.variables.at("device.serial"), "XX99TEST00000001");
  EXPECT_EQ(ups.description, "Cellar");
}

}  // namespace
}  // namespace gridloom::bridges::nut
