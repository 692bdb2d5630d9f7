#include <gtest/gtest.h>

#include <string>

#include "app/operations/kinds.h"
#include "app/operations/run.h"
#include "server/test_data_folder.h"
#include "testing/home.h"

namespace gridloom::operations {
namespace {

using server::Numbers;

class DamageTest : public server::DataFolderTest {
 protected:
  Result<wire::Json> ask(const wire::JsonObject& request) {
    return administer({*registry, *shipped_catalog(), *archive, clock, folder.data()}, request);
  }
};

TEST_F(DamageTest, UnknownDevicesArePurgedOnRequest) {
  lose_registry();
  EXPECT_EQ(ask({{"op", "device.purge"}}).error().code, ErrorCode::kBadParams);
  EXPECT_EQ(ask({{"op", "device.purge"}, {"numbers", {4}}}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(wire::to_text(must(ask({{"op", "device.purge"}, {"numbers", {3, 1}}}))),
            R"({"purged":"1, 3"})");
  EXPECT_EQ(archive->unknown(), Numbers{2});
  EXPECT_TRUE(comes_to({2}));
  open();
  EXPECT_EQ(archive->unknown(), Numbers{2});
  EXPECT_EQ(wire::to_text(must(ask({{"op", "device.purge"}, {"unknown", true}}))),
            R"({"purged":"2"})");
  EXPECT_TRUE(comes_to({}));
  open();
  EXPECT_EQ(wire::to_text(must(ask({{"op", "device.purge"}, {"unknown", true}}))),
            R"({"purged":"none"})");
}

TEST_F(DamageTest, DamageIsListedAndAccepted) {
  EXPECT_EQ(wire::to_text(must(ask({{"op", "damage.list"}}))), "[]");
  lose_registry();
  EXPECT_EQ(must(ask({{"op", "damage.list"}})).as_array().size(), 1);
  EXPECT_EQ(wire::to_text(must(ask({{"op", "damage.accept"}}))), R"({"accepted":1})");
  close();
  open();
  EXPECT_EQ(wire::to_text(must(ask({{"op", "damage.list"}}))), "[]");
}

}  // namespace
}  // namespace gridloom::operations
