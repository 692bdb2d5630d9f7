// A wrong registry destroys no history, and the history of a removed device is purged.
#include "app/reconcile.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "app/admin.h"
#include "history/batch.h"
#include "testing/home.h"

namespace gridloom::app {
namespace {

using Numbers = std::vector<std::int64_t>;
namespace fs = std::filesystem;

// A data folder with the accounts and devices of a server, opened as at start.
class ReconcileTest : public testing::Test {
 protected:
  ReconcileTest() {
    open();
    must(registry->add_account({.name = "anna"}));
    for (const char* sn : {"R331TEST0000001", "R331TEST0000002", "R331TEST0000003"}) {
      must(registry->add_device({.sn = sn, .name = sn, .owner = "anna"}));
    }
    for (const std::int64_t number : {1, 2, 3}) report(number);
  }
  void open() {
    registry = must(registry::Registry::open(folder.data()));
    archive = must(history::Archive::open({.data = folder.data(), .clock = &clock}));
    must(reconcile(*registry, *archive, clock));
    archive->start({});
  }
  void close() {
    archive.reset();
    registry.reset();
  }
  void report(std::int64_t number) {
    history::BatchWriter writer;
    writer.begin(number, unix_ms(clock.now()));
    writer.add("a", "1");
    writer.end();
    archive->append(history::RecordKind::kReports, writer.take(), {});
  }
  // The devices that still have history after everything is stored and purged.
  Numbers kept() {
    close();
    open();
    close();
    const auto again = must(history::Archive::open({.data = folder.data(), .clock = &clock}));
    return must(again->devices());
  }
  // A removed device's history is purged while the archive runs. An interrupted purge continues
  // after the next start, and there is no event for its end.
  bool comes_to(const Numbers& wanted) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < until) {
      if (kept() == wanted) return true;
      open();
    }
    return false;
  }
  void lose_registry() {
    close();
    for (const char* name :
         {"registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm", "secret.key"}) {
      fs::remove(folder.data() / name);
    }
    open();
  }
  Result<wire::Json> ask(const wire::JsonObject& request) {
    return administer({*registry, *test_catalog(), *archive, clock, folder.data()}, request);
  }

  TemporaryFolder folder;
  SystemClock clock;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<history::Archive> archive;
};

TEST_F(ReconcileTest, OnlyRemovedDevicesLoseTheirHistory) {
  must(registry->remove_device("R331TEST0000002"));
  EXPECT_TRUE(comes_to({1, 3}));
}

TEST_F(ReconcileTest, ALostRegistryCostsNoHistoryAndIsTold) {
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

TEST_F(ReconcileTest, UnknownDevicesArePurgedOnRequest) {
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
}

TEST_F(ReconcileTest, DamageIsListedAndAccepted) {
  EXPECT_EQ(wire::to_text(must(ask({{"op", "damage.list"}}))), "[]");
  lose_registry();
  EXPECT_EQ(must(ask({{"op", "damage.list"}})).as_array().size(), 1);
  EXPECT_EQ(wire::to_text(must(ask({{"op", "damage.accept"}}))), R"({"accepted":1})");
  close();
  open();
  EXPECT_EQ(wire::to_text(must(ask({{"op", "damage.list"}}))), "[]");
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
}  // namespace gridloom::app
