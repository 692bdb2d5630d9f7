#include "bridges/webhook/event_watch.h"

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
using testing::StartsWith;

constexpr auto kSn = "R331ZEB4ZEAL0528";

class EventWatchTest : public testing::Test {
 protected:
  EventWatchTest() : ann(home.add_account("ann")) {
    home.add_account("ben");
    home.add_device(kSn, "ann");
    device = home.connect_device(kSn);
  }
  void open(const home::EventLog* log = nullptr) {
    watch.emplace(EventWatch::Options{.hub = *home.hub,
                                      .loop = home.client_loop,
                                      .account = ann,
                                      .log = log,
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
  std::optional<EventWatch> watch;
};

TEST_F(EventWatchTest, AFaultBeginsAndEnds) {
  open();
  report(R"("inv.errCode":1)");
  EXPECT_THAT(events(), ElementsAre(fmt::format("fault.began {} inv.errCode", kSn)));
  report(R"("inv.errCode":1,"pd.soc":5)");
  EXPECT_THAT(events(), IsEmpty());
  report(R"("inv.errCode":0)");
  EXPECT_THAT(events(), ElementsAre(fmt::format("fault.ended {} inv.errCode", kSn)));
}

TEST_F(EventWatchTest, AFaultThatTheLogKnowsIsNoEventUntilItEnds) {
  home::EventLog log({.hub = home.hub.get(), .loop = &home.client_loop});
  log.start({});
  report(R"("inv.errCode":1)");
  open(&log);
  report(R"("inv.errCode":1,"pd.errCode":2)");
  EXPECT_THAT(events(), ElementsAre(fmt::format("fault.began {} pd.errCode", kSn)));
  report(R"("inv.errCode":0)");
  EXPECT_THAT(events(), ElementsAre(fmt::format("fault.ended {} inv.errCode", kSn)));
}

TEST_F(EventWatchTest, ADeviceIsQuietOnlineAndOffline) {
  open();
  report(R"("pd.soc":5)");
  EXPECT_THAT(events(), IsEmpty()) << "it was connected before";
  home.pass(hours(1));
  watch->tick();
  home.settle();
  EXPECT_THAT(events(), ElementsAre(fmt::format("quiet {}", kSn)));
  report(R"("pd.soc":6)");
  EXPECT_THAT(events(), ElementsAre(fmt::format("online {}", kSn)));
  home.leave(device);
  EXPECT_THAT(events(), ElementsAre(fmt::format("offline {}", kSn)));
  device = home.connect_device(kSn);
  report(R"("pd.soc":7)");
  EXPECT_THAT(events(), ElementsAre(fmt::format("online {}", kSn)));
}

TEST_F(EventWatchTest, ASetThatIsNotAnsweredEnds) {
  open();
  static_cast<void>(home.set(ann, kSn,
                             fmt::format(R"({{"sn":"{}","moduleType":5,"operateType":"quietMode",)"
                                         R"("params":{{"enabled":1}}}})",
                                         kSn)));
  EXPECT_THAT(events(), IsEmpty());
  home.pass(Millis(8001));
  EXPECT_THAT(events(), ElementsAre(StartsWith(fmt::format("set.unanswered {} ", kSn))));
}

TEST_F(EventWatchTest, AnotherAccountsDeviceIsNotWatched) {
  ann = home.account("ben").id;
  open();
  report(R"("inv.errCode":1)");
  home.leave(device);
  EXPECT_THAT(events(), IsEmpty());
}

TEST_F(EventWatchTest, TellsNothingAfterItsEnd) {
  open();
  report(R"("inv.errCode":1)");
  EXPECT_EQ(events().size(), 1U);
  watch.reset();
  report(R"("inv.errCode":0)");
  home.leave(device);
  EXPECT_THAT(events(), IsEmpty());
}

}  // namespace
}  // namespace gridloom::bridges::webhook
