#include "bridges/webhook/quiet_watch.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "testing/home.h"

namespace gridloom::bridges::webhook {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kSn = "R331ZEB4ZEAL0528";

class QuietWatchTest : public testing::Test {
 protected:
  QuietWatchTest() : ann(home.add_account("ann")) {
    home.add_account("ben");
    home.add_device(kSn, "ann");
    device = home.connect_device(kSn);
  }
  void open() {
    watch.emplace(QuietWatch::Options{.hub = *home.hub,
                                      .loop = home.client_loop,
                                      .account = ann,
                                      .on_event = [this](const Event& event) { note(event); }});
    home.settle();
  }
  // As "KIND SN FIELD".
  void note(const Event& event) {
    std::string line = fmt::format("{} {}", name_of(event.kind), event.device.sn);
    if (!event.details.field.empty()) line += " " + event.details.field;
    lines.push_back(std::move(line));
  }
  void report(std::string_view params) {
    home.pass(Millis(1000));
    home.report(device, kSn, fmt::format(R"({{"params":{{{}}}}})", params));
  }
  Lines events() { return std::exchange(lines, {}); }

  TestHome home;
  registry::AccountId ann;
  FakePtr device;
  Lines lines;
  std::optional<QuietWatch> watch;
};

TEST_F(QuietWatchTest, ADeviceIsQuietAndReportsAgain) {
  open();
  report(R"("pd.soc":5)");
  EXPECT_THAT(events(), IsEmpty()) << "it was connected before";
  home.pass(hours(1));
  watch->tick();
  home.settle();
  EXPECT_THAT(events(), ElementsAre(fmt::format("quiet {}", kSn)));
  report(R"("pd.soc":6)");
  EXPECT_THAT(events(), ElementsAre(fmt::format("online {}", kSn)));
}

TEST_F(QuietWatchTest, WhatTheLogHasIsNotToldHere) {
  open();
  report(R"("inv.errCode":1)");
  home.leave(device);
  device = home.connect_device(kSn);
  report(R"("inv.errCode":0)");
  EXPECT_THAT(events(), IsEmpty());
}

TEST_F(QuietWatchTest, AnotherAccountsDeviceIsNotWatched) {
  ann = home.account("ben").id;
  open();
  report(R"("pd.soc":5)");
  home.pass(hours(1));
  watch->tick();
  home.settle();
  EXPECT_THAT(events(), IsEmpty());
}

}  // namespace
}  // namespace gridloom::bridges::webhook
