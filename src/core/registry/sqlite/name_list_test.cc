#include "registry/sqlite/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "registry/registry.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::registry {
namespace {

using testing::ElementsAre;

TEST(NameList, HasTheNamesInOrder) {
  const TemporaryFolder folder;
  {
    const auto registry = must(Registry::open(folder.path()));
    must(registry->add_account({.name = "ben"}));
    must(registry->add_account({.name = "ann"}));
    must(registry->add_device({.sn = "SN2", .name = "Kiln", .owner = "ann"}));
    must(registry->add_device({.sn = "SN1", .name = "Shed", .owner = "ben"}));
    EXPECT_THAT(must(read_names(folder.path())).serial_numbers, ElementsAre("SN1", "SN2"))
        << "while the registry is open";
  }
  const NameList names = must(read_names(folder.path()));
  EXPECT_THAT(names.serial_numbers, ElementsAre("SN1", "SN2"));
  EXPECT_THAT(names.accounts, ElementsAre("ann", "ben"));
}

TEST(NameList, MakesNothingWhereThereIsNoRegistry) {
  const TemporaryFolder folder;
  EXPECT_FALSE(read_names(folder.path()));
  EXPECT_FALSE(read_names(folder.path() / "none"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace gridloom::registry
