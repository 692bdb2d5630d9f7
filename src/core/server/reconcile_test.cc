// A wrong registry destroys no history, and the history of a removed device is purged.
#include "server/saved_state.h"

#include <gtest/gtest.h>

#include "server/test_data_folder.h"

namespace gridloom::server {
namespace {

using ReconcileTest = DataFolderTest;

TEST_F(ReconcileTest, OnlyRemovedDevicesLoseTheirHistory) {
  must(registry->remove_device("R331TEST0000002"));
  EXPECT_TRUE(comes_to({1, 3}));
}

TEST_F(ReconcileTest, ALostRegistryCostsNoHistoryAndIsReported) {
  lose_registry();
  EXPECT_EQ(archive->unknown(), (Numbers{1, 2, 3}));
  EXPECT_EQ(archive->health().unknown_devices, 3);
  ASSERT_EQ(archive->health().damage.size(), 1);
  EXPECT_TRUE(archive->health().damage[0].contains("not the registry that was in this folder"));
  EXPECT_EQ(kept(), (Numbers{1, 2, 3}));
}

TEST_F(ReconcileTest, ANewRegistryGivesNoNumberThatHistoryKnows) {
  lose_registry();
  must(registry->add_account({.name = "berta"}));
  must(registry->add_device({.sn = "R331TEST0000009", .name = "New", .owner = "berta"}));
  EXPECT_EQ(registry->directory()->find_device("R331TEST0000009")->number, 4);
}

TEST(RangesText, NamesTheFirstOfMany) {
  EXPECT_EQ(ranges_text({}), "");
  EXPECT_EQ(ranges_text({7}), "7");
  EXPECT_EQ(ranges_text({1, 2, 3, 5, 7, 8}), "1 to 3, 5, 7 to 8");
  Numbers many;
  for (std::int64_t i = 0; i < 30; ++i) many.push_back(2 * i);
  EXPECT_EQ(ranges_text(many), "0, 2, 4, 6, 8, 10, 12, 14, 16, 18 ...");
}

}  // namespace
}  // namespace gridloom::server
