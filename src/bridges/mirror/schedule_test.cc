#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bridges/mirror/schedule.h"
#include "bridges/mirror/test_published_clients.h"

namespace gridloom::bridges::mirror {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Moment kStart{hours(24)};

TEST(Pace, HasOneRequestAtATimeAndAPauseBetweenTwo) {
  Pace pace{Rhythm(), Chance(0)};
  EXPECT_TRUE(pace.allows(kStart));
  pace.asked(kStart);
  EXPECT_FALSE(pace.allows(kStart + hours(1)));  // no answer yet
  pace.succeeded();
  EXPECT_FALSE(pace.allows(kStart + Millis(999)));
  EXPECT_TRUE(pace.allows(kStart + seconds(1)));
}

TEST(Pace, LeavesACloudAloneForLongerAfterARefusalThanWithoutAnAnswer) {
  for (const auto& [refusal, least, most] :
       {std::tuple(Refusal::kAccount, 11, 19), std::tuple(Refusal::kUnreachable, 3, 7)}) {
    Pace pace{Rhythm(), Chance(0)};
    pace.asked(kStart);
    pace.refused(refusal, kStart);
    EXPECT_FALSE(pace.allows(kStart + seconds(least)));
    EXPECT_TRUE(pace.allows(kStart + seconds(most)));
    pace.asked(kStart + seconds(most));
    pace.succeeded();
    EXPECT_TRUE(pace.allows(kStart + seconds(most + 1)));  // all is well again
  }
}

TEST(Pace, CountsTheRequestsOfAnHour) {
  Pace pace{Rhythm(), Chance(0)};
  for (int i = 0; i < 90; ++i) pace.asked(kStart + minutes(i));
  EXPECT_EQ(pace.requests_in_hour(kStart + minutes(89)), 60U);
  EXPECT_EQ(pace.requests_in_hour(kStart + minutes(140)), 9U);
}

// A cloud that answers at once, on a clock of the test's own.
struct Vendor {
  Schedule schedule{Rhythm()};
  Moment now = kStart;
  std::vector<Presence::Listed> devices{{.sn = "A", .online = true}, {.sn = "B", .online = true}};
  std::vector<std::string> asked{};  // since take()
  Brought brought = Brought::kNothingNew;
  std::map<std::string, Refusal> refuses{};  // by "quota/all A", "device/list"

  static std::string text_of(const Request& request) {
    return std::string(name_of(request.ask)) + (request.sn.empty() ? "" : " " + request.sn);
  }
  void step() {
    const auto request = schedule.next(now);
    if (!request) return;
    asked.push_back(text_of(*request));
    if (const auto refused = refuses.find(asked.back()); refused != refuses.end()) {
      return schedule.refused(*request, refused->second, now);
    }
    if (request->ask == Ask::kDevices) return schedule.listed(devices, now);
    if (request->ask == Ask::kCertificate) return schedule.certified();
    schedule.answered(request->sn, brought, now);
  }
  // With reports of these devices every two seconds.
  void pass(Millis time, const std::vector<std::string>& reporting = {}) {
    for (const Moment end = now + time; now < end; now += seconds(1)) {
      if ((now - kStart) / seconds(1) % 2 == 0) {
        for (const std::string& sn : reporting) schedule.reported(sn, now);
      }
      step();
    }
  }
  std::vector<std::string> take() { return std::exchange(asked, {}); }
  void connect() {
    pass(seconds(3));
    schedule.link_up(now);
    take();
  }
};

TEST(Schedule, ListsThenGetsACertificateThenReadsWhatIsOnline) {
  Vendor vendor;
  vendor.devices[1].online = false;
  vendor.pass(seconds(30));
  EXPECT_THAT(vendor.take(), ElementsAre("device/list", "certification"));
  vendor.schedule.link_up(vendor.now);
  vendor.pass(seconds(20), {"A"});
  EXPECT_THAT(vendor.take(), ElementsAre("quota/all A"));
}

TEST(Schedule, HasOneRequestAtATime) {
  Schedule schedule{Rhythm()};
  ASSERT_TRUE(schedule.next(kStart));
  EXPECT_FALSE(schedule.next(kStart + hours(1)));
}

TEST(Schedule, ADayOfReportsTakesFewerRequestsThanAnyPublishedClient) {
  Vendor vendor;
  std::vector<std::string> all;
  vendor.devices.clear();
  for (int i = 0; i < 14; ++i) all.push_back("D" + std::to_string(i));
  for (const std::string& sn : all) vendor.devices.push_back({.sn = sn, .online = true});
  vendor.connect();
  vendor.pass(hours(24), all);
  std::map<std::string, int> counts;
  for (const std::string& each : vendor.take()) ++counts[each];
  EXPECT_EQ(counts["certification"], 0);
  EXPECT_LE(counts["device/list"], 24 * 12 + 1);
  for (const std::string& sn : all) {
    EXPECT_LE(counts["quota/all " + sn], 24 * 4 + 1);
    EXPECT_GE(counts["quota/all " + sn], 24 * 3);
  }
  EXPECT_LE(vendor.schedule.requests_in_hour(vendor.now), 14 * 4 + 12U);
  // Beside each other, for whoever reads the log.
  fmt::print("requests an hour for 14 devices that report: {}\n",
             vendor.schedule.requests_in_hour(vendor.now));
  for (const PublishedClient& each : kPublishedClients) {
    fmt::print("{} of {}, at most: {} an hour{}\n", name_of(each.ask), each.name,
               hours(1) / each.pause, each.of_one_device ? " for each device" : "");
  }
}

TEST(Schedule, PausesAreKeptWhateverHappens) {
  Vendor vendor;
  vendor.connect();
  std::map<std::string, Moment> last;
  std::optional<Moment> quotas;
  for (int i = 0; i < 4 * 3600; ++i, vendor.now += seconds(1)) {
    if (i % 97 == 0) vendor.schedule.link_down();
    if (i % 97 == 5) vendor.schedule.link_up(vendor.now);
    if (i % 31 == 0) vendor.schedule.status("A", i % 2 == 0, vendor.now);
    vendor.brought = i % 3 == 0 ? Brought::kNews : Brought::kNoData;
    vendor.step();
    for (const std::string& each : vendor.take()) {
      if (const auto before = last.find(each); before != last.end()) {
        EXPECT_GE(vendor.now - before->second, seconds(60)) << each;
      }
      last[each] = vendor.now;
      if (!each.starts_with("quota")) continue;
      if (quotas) EXPECT_GE(vendor.now - *quotas, seconds(10));
      quotas = vendor.now;
    }
  }
  EXPECT_EQ(last.size(), 3U);  // a list and both devices; the certificate stayed valid
}

TEST(Schedule, ASilentDeviceIsReadLessAndLessUntilThereIsNews) {
  Vendor vendor;
  vendor.devices.pop_back();
  vendor.connect();
  const auto reads_in = [&vendor](Millis time) {
    vendor.pass(time);
    return std::ranges::count(vendor.take(), "quota/all A");
  };
  const auto first = reads_in(minutes(10));
  EXPECT_GE(first, 3);
  EXPECT_LE(first, 5);
  EXPECT_LE(reads_in(hours(1)), 7);
  vendor.brought = Brought::kNews;
  EXPECT_GE(reads_in(hours(1)), 50);
}

TEST(Schedule, ADeviceThatReportsSeldomIsNotSilent) {
  Vendor vendor;
  vendor.connect();
  for (int i = 0; i < 10; ++i, vendor.now += seconds(100)) {
    vendor.schedule.reported("A", vendor.now);
  }
  EXPECT_FALSE(vendor.schedule.presence().silent("A", vendor.now + seconds(60)));
  EXPECT_TRUE(vendor.schedule.presence().silent("A", vendor.now + seconds(150)));
  EXPECT_TRUE(vendor.schedule.presence().silent("B", vendor.now));
}

TEST(Schedule, ARefusedAccountIsLeftAloneForLongerEachTime) {
  Vendor vendor;
  vendor.refuses = {{"device/list", Refusal::kAccount}, {"certification", Refusal::kAccount}};
  vendor.pass(hours(2));
  const auto asked = vendor.take();
  EXPECT_GE(asked.size(), 8U);
  EXPECT_LE(asked.size(), 16U);
  vendor.refuses.clear();
  vendor.pass(minutes(20));
  EXPECT_THAT(vendor.take(), testing::Contains("certification"));
}

TEST(Schedule, ADeviceThatMayNotBeReadIsLeftAloneAndTheOtherIsNot) {
  Vendor vendor;
  vendor.connect();
  vendor.refuses = {{"quota/all A", Refusal::kDevice}};
  vendor.pass(minutes(40), {"A", "B"});
  const auto asked = vendor.take();
  EXPECT_EQ(std::ranges::count(asked, "quota/all A"), 1);
  EXPECT_EQ(std::ranges::count(asked, "quota/all B"), 3);
}

TEST(Schedule, AnotherCertificateIsAskedForLaterEachTime) {
  Vendor vendor;
  vendor.pass(seconds(3));
  vendor.take();
  std::ptrdiff_t certificates = 0;
  for (int i = 0; i < 3600; ++i, vendor.now += seconds(1)) {
    vendor.schedule.certificate_refused();
    vendor.step();
    certificates += std::ranges::count(vendor.take(), "certification");
  }
  EXPECT_GE(certificates, 4);
  EXPECT_LE(certificates, 8);
}

TEST(Schedule, OnlineIsWhatTheVendorSaysOverALinkThatIsUp) {
  Vendor vendor;
  vendor.pass(seconds(3));
  EXPECT_FALSE(vendor.schedule.presence().online("A"));  // no link
  vendor.schedule.link_up(vendor.now);
  EXPECT_TRUE(vendor.schedule.presence().online("A"));
  vendor.schedule.status("A", false, vendor.now);
  EXPECT_FALSE(vendor.schedule.presence().online("A"));
  // The list is late.
  vendor.schedule.listed(vendor.devices, vendor.now + seconds(30));
  EXPECT_FALSE(vendor.schedule.presence().online("A"));
  vendor.schedule.listed(vendor.devices, vendor.now + minutes(3));
  EXPECT_TRUE(vendor.schedule.presence().online("A"));
  vendor.schedule.reported("A", vendor.now + minutes(4));
  vendor.devices[0].online = false;
  vendor.schedule.listed(vendor.devices, vendor.now + minutes(5));
  EXPECT_TRUE(vendor.schedule.presence().online("A"));
  vendor.schedule.listed(vendor.devices, vendor.now + minutes(7));
  EXPECT_FALSE(vendor.schedule.presence().online("A"));
  vendor.schedule.reported("A", vendor.now + minutes(8));
  EXPECT_TRUE(vendor.schedule.presence().online("A"));
  vendor.schedule.link_down();
  EXPECT_FALSE(vendor.schedule.presence().online("A"));
  // What was said before the outage need not be true any more.
  vendor.schedule.link_up(vendor.now + minutes(9));
  EXPECT_FALSE(vendor.schedule.presence().online("A"));
}

TEST(Schedule, ADeviceThatVanishedFromTheListIsOffline) {
  Vendor vendor;
  vendor.connect();
  vendor.schedule.reported("A", vendor.now);
  EXPECT_TRUE(vendor.schedule.presence().online("A"));
  vendor.devices.erase(vendor.devices.begin());
  vendor.schedule.listed(vendor.devices, vendor.now);
  EXPECT_FALSE(vendor.schedule.presence().online("A"));
  vendor.schedule.reported("A", vendor.now);
  vendor.schedule.status("A", true, vendor.now);
  EXPECT_FALSE(vendor.schedule.presence().online("A"));
}

TEST(Schedule, ASessionBeginsAnewOnlyIfReportsAreMissingThatQuotasHave) {
  for (const Brought brought : {Brought::kNews, Brought::kNothingNew}) {
    Vendor vendor;
    vendor.connect();
    vendor.brought = brought;
    std::vector<Moment> wakes;
    for (int i = 0; i < 4 * 3600; ++i, vendor.now += seconds(1)) {
      vendor.schedule.reported("B", vendor.now);
      vendor.step();
      if (vendor.schedule.takes_wake(vendor.now)) wakes.push_back(vendor.now);
    }
    if (brought == Brought::kNothingNew) {
      EXPECT_THAT(wakes, IsEmpty());
      continue;
    }
    ASSERT_GE(wakes.size(), 2U);
    EXPECT_LE(wakes.size(), 50U);
    for (std::size_t i = 1; i < wakes.size(); ++i) EXPECT_GE(wakes[i] - wakes[i - 1], minutes(5));
  }
}

}  // namespace

}  // namespace gridloom::bridges::mirror
