// The loop around one device, with a connection that can be away, take no reports, or keep all that
// is published: what reaches it, when, and in which order.
#include "sim/device_driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/test_bench.h"
#include "sim/test_family.h"

namespace gridloom::sim {
namespace {

using std::chrono::seconds;
using Lines = std::vector<std::string>;

constexpr TimePoint kStart{std::chrono::sys_days{std::chrono::May / 4 / 2025}};
constexpr std::string_view kSet = R"({"id":5,"operateType":"direct","params":{"soc":33}})";

struct DriverTest : testing::Test, DeviceDriver::Connection {
  [[nodiscard]] bool is_online() const override { return online; }
  [[nodiscard]] bool takes_reports() const override { return unacknowledged < most_unacknowledged; }
  void publish(VirtualDevice::Message message) override {
    ++unacknowledged;
    verbs.emplace_back(message.verb);
    last = std::move(message.payload);
  }

  [[nodiscard]] static Environment at(Millis time) { return {.now = kStart + time}; }
  // The verbs published since the last call.
  Lines published() { return std::exchange(verbs, {}); }

  bool online = true;
  std::size_t unacknowledged = 0;
  std::size_t most_unacknowledged = 1000;
  Lines verbs;
  std::string last;
  DeviceDriver driver{std::make_shared<VirtualFamily>(test_family()), "TS0001", Chance(1),
                      at(Millis(0)), *this};
};

// A full report of the test family has three messages, and a set changes one of them.
const Lines kEverything{"quota", "quota", "quota"};

TEST_F(DriverTest, StepsReportChangesAndOnceAMinuteEverything) {
  driver.report_everything(at(seconds(0)));
  EXPECT_EQ(published(), kEverything);
  driver.step(at(seconds(2)));
  EXPECT_EQ(published(), Lines{}) << "nothing changed";
  driver.step(at(seconds(60)));
  EXPECT_EQ(published(), kEverything);
}

TEST_F(DriverTest, AMoveReportsNothing) {
  driver.report_everything(at(seconds(0)));
  published();
  driver.move(at(seconds(60)));
  EXPECT_EQ(published(), Lines{});
  EXPECT_EQ(driver.stepped(), kStart + seconds(60));
  driver.step(at(seconds(62)));
  EXPECT_EQ(published(), kEverything) << "they are overdue";
}

TEST_F(DriverTest, AStepIsDueAPeriodAfterTheLast) {
  EXPECT_LT(driver.due(), kStart) << "the first is due at once";
  driver.step(at(seconds(5)));
  EXPECT_EQ(driver.stepped(), kStart + seconds(5));
  EXPECT_EQ(driver.due(), kStart + seconds(7));
  EXPECT_EQ(driver.due(seconds(1)), kStart + seconds(7));
  EXPECT_EQ(driver.due(seconds(60)), kStart + seconds(65));
  driver.begin_period(kStart + seconds(6));
  EXPECT_EQ(driver.due(), kStart + seconds(8));
}

TEST_F(DriverTest, APhaseIsKeptWhateverDelaysAStep) {
  driver.keep_phase(kStart + Millis(500));
  EXPECT_EQ(driver.due(), kStart + Millis(2500));
  for (const auto& [at_ms, due_ms] : {std::pair{2500, 4500}, std::pair{4700, 6500},
                                      std::pair{60'000, 60'500}, std::pair{60'500, 62'500}}) {
    driver.step(at(Millis(at_ms)));
    EXPECT_EQ(driver.due(), kStart + Millis(due_ms)) << at_ms;
  }
}

TEST_F(DriverTest, ASetIsObeyedReportedAndAnswered) {
  driver.report_everything(at(seconds(0)));
  published();
  EXPECT_TRUE(driver.on_set(kSet, at(seconds(1))));
  EXPECT_EQ(published(), (Lines{"quota", "set_reply"})) << "the report comes before the reply";
  EXPECT_NE(last.find(R"("id":5)"), std::string::npos) << last;
  EXPECT_EQ(driver.device().fields().number("pd.soc"), 33);
  EXPECT_TRUE(driver.on_set(R"({"id":6,"operateType":"nothing"})", at(seconds(1))));
  EXPECT_EQ(published(), Lines{"set_reply"});
  EXPECT_TRUE(driver.on_set("no JSON", at(seconds(1))));
  EXPECT_EQ(published(), Lines{});
}

TEST_F(DriverTest, MessagesWhileOfflineAreDiscarded) {
  online = false;
  driver.report_everything(at(seconds(0)));
  driver.on_set(kSet, at(seconds(1)));
  driver.step(at(seconds(60)));
  EXPECT_FALSE(driver.is_behind());
  online = true;
  driver.step(at(seconds(62)));
  EXPECT_EQ(published(), Lines{}) << "the owner has everything reported when it is online again";
  EXPECT_EQ(driver.device().fields().number("pd.soc"), 33);
}

TEST_F(DriverTest, ReportsThatTheServerIsTooSlowForAreMadeUpForAtOnce) {
  most_unacknowledged = 2;
  driver.report_everything(at(seconds(0)));
  EXPECT_EQ(published(), (Lines{"quota", "quota"}));
  EXPECT_TRUE(driver.is_behind());
  driver.on_set(kSet, at(seconds(1)));
  EXPECT_EQ(published(), Lines{"set_reply"}) << "replies are not withheld";
  most_unacknowledged = 1000;
  unacknowledged = 0;
  driver.catch_up(at(seconds(2)));
  EXPECT_EQ(published(), kEverything);
  EXPECT_FALSE(driver.is_behind());
  driver.catch_up(at(seconds(3)));
  EXPECT_EQ(published(), Lines{});
}

TEST_F(DriverTest, ADeviceThatIsCutOffSaysAndGetsNothing) {
  const std::vector<FaultRule> rules{{.fault = "disconnect", .sn = "TS0001"}};
  driver.apply_faults(rules, kStart);
  ASSERT_TRUE(driver.cut_off());
  driver.step(at(seconds(60)));
  EXPECT_FALSE(driver.on_set(kSet, at(seconds(61))));
  EXPECT_EQ(published(), Lines{});
  EXPECT_EQ(driver.device().fields().number("pd.soc"), 60);
  driver.apply_faults({}, kStart + seconds(62));
  EXPECT_FALSE(driver.cut_off());
  driver.report_everything(at(seconds(62)));
  EXPECT_EQ(published(), kEverything);
}

TEST_F(DriverTest, FaultsChangeWhatIsSaid) {
  driver.report_everything(at(seconds(0)));
  published();
  const std::vector<FaultRule> no_reply{{.fault = "no_reply"}};
  driver.apply_faults(no_reply, kStart);
  EXPECT_TRUE(driver.on_set(kSet, at(seconds(1))));
  EXPECT_EQ(published(), Lines{"quota"});
  const std::vector<FaultRule> malformed{{.fault = "malformed_report"}};
  driver.apply_faults(malformed, kStart);
  EXPECT_TRUE(driver.device().malforms_reports());
  driver.apply_faults({}, kStart);
  EXPECT_FALSE(driver.device().malforms_reports());
  EXPECT_TRUE(driver.on_set(kSet, at(seconds(2))));
  EXPECT_EQ(published(), Lines{"set_reply"});
}

// Every family's device, in the loop of its period, sends what it sends when it is stepped by hand.
TEST(DeviceDriver, SaysWhatItsDeviceSays) {
  struct Kept final : DeviceDriver::Connection {
    [[nodiscard]] bool is_online() const override { return true; }
    [[nodiscard]] bool takes_reports() const override { return true; }
    void publish(VirtualDevice::Message message) override {
      payloads.push_back(std::move(message.payload));
    }
    Lines payloads;
  };
  for (const std::string& id : shipped_families()) {
    SCOPED_TRACE(id);
    const auto virtual_family = std::make_shared<const VirtualFamily>(family_of(id));
    const World world({.seed = 7});
    Kept kept;
    DeviceDriver driver(virtual_family, "SIM1", Chance(7), world.at(kStart), kept);
    VirtualDevice device(virtual_family, "SIM1", Chance(7), world.at(kStart));
    std::vector<VirtualDevice::Message> said;
    driver.report_everything(world.at(kStart));
    device.connected(world.at(kStart), said);
    TimePoint now = kStart;
    driver.begin_period(now);
    while (now < kStart + seconds(300)) {
      now = driver.due();
      driver.step(world.at(now));
      device.step(world.at(now), said);
    }
    ASSERT_EQ(kept.payloads.size(), said.size());
    for (std::size_t i = 0; i < said.size(); ++i) EXPECT_EQ(kept.payloads[i], said[i].payload);
  }
}

// A micro-inverter is fed by its modules: without sun it is off the network, if its home says so.
TEST(WithoutSun, AMicroinverterIsOffTheNetworkAndKeepsWhatItReported) {
  Bench steady(family_of("stream_microinverter"), {.start = kStart});
  Bench asleep(family_of("stream_microinverter"), {.start = kStart, .setup = {.sleeps = true}});
  double last_w = 0;
  int offline = 0;
  int changes = 0;
  for (int minute = 0; minute < 24 * 60; ++minute) {
    const bool was = asleep.device().cut_off();
    steady.said.clear();
    asleep.said.clear();
    steady.step(Millis{kMinute_ms});
    asleep.step(Millis{kMinute_ms});
    ASSERT_EQ(asleep.number("gridConnectionPower"), steady.number("gridConnectionPower"));
    const bool is = asleep.device().cut_off();
    ASSERT_FALSE(steady.device().cut_off());
    ASSERT_EQ(is, asleep.number("powGetPv") <= 5 && asleep.number("powGetPv2") <= 5);
    ASSERT_EQ(is && !asleep.said.empty(), false) << "minute " << minute;
    offline += is ? 1 : 0;
    changes += is != was ? 1 : 0;
    if (!is) last_w = std::max(last_w, asleep.number("gridConnectionPower"));
  }
  EXPECT_GT(last_w, 200);
  EXPECT_GT(offline, 8 * 60) << "a night in May";
  EXPECT_LT(offline, 13 * 60);
  EXPECT_GE(changes, 2);
  EXPECT_LT(changes, 12);
}

}  // namespace
}  // namespace gridloom::sim
