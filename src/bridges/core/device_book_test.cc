#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bridges/core/device_book.h"
#include "testing/home.h"

namespace gridloom::bridges {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kSn = "R331ZEB4ZEAL0528";

// Notes what it is told as lines: "device SN soc=5", "values SN pd.soc=6", "state SN quiet".
class Notes final : public DeviceBook::Listener {
 public:
  void on_device(const BookDevice& device) override {
    const auto soc = device.slot_named("pd.soc");
    const std::string text = soc ? device.text_of(*soc) : std::string();
    lines.push_back(fmt::format("device {} {} soc={}", device.sn(), device.name(), text));
  }
  void on_removed(const std::string& sn) override { lines.push_back("removed " + sn); }
  void on_values(const BookDevice& device, std::span<const std::size_t> slots) override {
    std::string line = "values";
    for (const std::size_t slot : slots) {
      line += fmt::format(" {}={}", device.name_of(slot), device.text_of(slot));
    }
    lines.push_back(line);
  }
  void on_state(const BookDevice& device) override {
    lines.push_back(fmt::format("state {}", name_of(device.state())));
  }
  std::vector<std::string> take() { return std::exchange(lines, {}); }

  std::vector<std::string> lines;
};

class DeviceBookTest : public testing::Test {
 protected:
  DeviceBookTest() : ann(home.add_account("ann")) {
    home.add_account("ben");
    home.add_device(kSn, "ann");
    device = home.connect_device(kSn);
  }
  void report(std::string_view params) {
    home.report(device, kSn,
                fmt::format(R"({{"moduleType":1,"typeCode":"pdStatus","params":{{{}}}}})", params));
  }
  void open() {
    book = std::make_unique<DeviceBook>(*home.hub, home.client_loop, ann, notes);
    home.settle();
  }

  TestHome home;
  registry::AccountId ann;
  FakePtr device;
  Notes notes;
  std::unique_ptr<DeviceBook> book;
};

TEST_F(DeviceBookTest, ADeviceComesWithAllItsValues) {
  report(R"("soc":5,"wattsInSum":20)");
  open();
  EXPECT_THAT(notes.take(), ElementsAre(fmt::format("device {} {} soc=5", kSn, kSn)));
  ASSERT_NE(book->find(kSn), nullptr);
  EXPECT_EQ(book->find(kSn)->state(), overview::Freshness::kLive);
  EXPECT_TRUE(book->is_whole());
  EXPECT_EQ(book->find("R331NOBODY"), nullptr);
}

TEST_F(DeviceBookTest, OnlyWhatIsAnotherValueIsTold) {
  report(R"("soc":5,"wattsInSum":20)");
  open();
  notes.take();
  report(R"("soc":6,"wattsInSum":20)");
  EXPECT_THAT(notes.take(), ElementsAre("values pd.soc=6"));
  report(R"("soc":6)");
  EXPECT_THAT(notes.take(), ElementsAre("state live")) << "it reported, and nothing changed";
}

TEST_F(DeviceBookTest, WhatChangesWhileATwinIsReadIsNotLost) {
  report(R"("soc":5)");
  book = std::make_unique<DeviceBook>(*home.hub, home.client_loop, ann, notes);
  // The request for the twin is on its way to the shard; the report is behind it.
  report(R"("soc":7)");
  home.settle();
  const BookDevice* const found = book->find(kSn);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->text_of(*found->slot_named("pd.soc")), "7");
}

TEST_F(DeviceBookTest, ADeviceThatNeverReportedIsThere) {
  open();
  EXPECT_THAT(notes.take(), ElementsAre(fmt::format("device {} {} soc=", kSn, kSn)));
  report(R"("soc":5)");
  const BookDevice* const found = book->find(kSn);
  ASSERT_NE(found, nullptr);
  ASSERT_TRUE(found->slot_named("pd.soc"));
  EXPECT_EQ(found->text_of(*found->slot_named("pd.soc")), "5");
  EXPECT_EQ(found->state(), overview::Freshness::kLive);
}

TEST_F(DeviceBookTest, AQuotaThatTheFamilyDoesNotDeclareHasItsName) {
  open();
  report(R"("soc":5,"newThing":1)");
  report(R"("newThing":2)");
  const BookDevice* const found = book->find(kSn);
  const auto slot = found->slot_named("pd.newThing");
  ASSERT_TRUE(slot);
  EXPECT_EQ(found->text_of(*slot), "2");
  EXPECT_EQ(found->field_of(*slot), nullptr);
}

TEST_F(DeviceBookTest, DevicesComeAndGoWithTheRights) {
  home.add_device("R331BEN", "ben");
  open();
  notes.take();
  home.share("R331BEN", "ann", registry::Rights::kMonitor);
  EXPECT_THAT(notes.take(), ElementsAre("device R331BEN R331BEN soc="));
  home.share("R331BEN", "ann", registry::Rights::kNone);
  EXPECT_THAT(notes.take(), ElementsAre("removed R331BEN"));
  EXPECT_EQ(book->find("R331BEN"), nullptr);
  must(home.registry->remove_device(kSn));
  home.settle();
  EXPECT_THAT(notes.take(), ElementsAre(fmt::format("removed {}", kSn)));
}

TEST_F(DeviceBookTest, ADeviceWithAnotherNameIsToldAgain) {
  open();
  notes.take();
  must(home.registry->rename_device({.sn = kSn, .name = "Cellar"}));
  home.settle();
  book->registry_changed();
  EXPECT_THAT(notes.take(), ElementsAre(fmt::format("device {} Cellar soc=", kSn)));
  book->registry_changed();
  EXPECT_THAT(notes.take(), IsEmpty());
}

TEST_F(DeviceBookTest, ADeviceBecomesQuietByTheTimeAloneAndOfflineWithItsConnection) {
  report(R"("soc":5)");
  open();
  notes.take();
  home.pass(std::chrono::hours(1));
  book->tick();
  EXPECT_THAT(notes.take(), ElementsAre("state quiet"));
  book->tick();
  EXPECT_THAT(notes.take(), IsEmpty());
  home.leave(device);
  EXPECT_THAT(notes.take(), ElementsAre("state offline"));
}

TEST_F(DeviceBookTest, ABookThatIsGoneIsToldNothing) {
  open();
  notes.take();
  book = std::make_unique<DeviceBook>(*home.hub, home.client_loop, ann, notes);
  book.reset();  // its twins are still being read
  report(R"("soc":5)");
  EXPECT_THAT(notes.take(), IsEmpty());
}

}  // namespace

}  // namespace gridloom::bridges
