#include "bridges/modbus/modbus_bridge.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "bridges/modbus/test_modbus_server.h"
#include "home/home_feed.h"
#include "home/set_tracker.h"
#include "parameters/arguments.h"
#include "testing/home.h"

namespace gridloom::bridges {
namespace {

using catalog::RegisterType;
using parameters::Arguments;
using testing::HasSubstr;

constexpr std::string_view kOcean = "HJ31TEST00000001";
constexpr auto kPatience = std::chrono::seconds(30);

// A home with a PowerOcean whose registers a server has, and the bridge between both.
class ModbusBridge : public testing::Test {
 protected:
  ModbusBridge()
      : homes_({.hub = home_.hub.get(), .steady = &home_.clock, .members_of = {}}),
        counters_({.hub = home_.hub.get(), .steady = &home_.clock}),
        sets_({.hub = home_.hub.get(), .loop = &loop_}) {
    account_ = home_.add_account("ann");
    home_.add_device(kOcean, "ann");
    server_.put(40519, RegisterType::kFloat32, 850.5);
    server_.put(40521, RegisterType::kFloat32, 640.5);
    server_.put(40523, RegisterType::kFloat32, 310);
    server_.put(40525, RegisterType::kFloat32, 100);
    server_.put(40527, RegisterType::kUint16, 42);
    server_.put(40580, RegisterType::kFloat32, 230.1);
  }
  ~ModbusBridge() override {
    if (bridge_) bridge_->stop();
  }

  void begin(std::string_view control = "", std::string_view device = kOcean) {
    settings_ = must(wire::parse_json(fmt::format(
                         R"({{"address":"tcp://127.0.0.1:{}","device":"{}","every":0.5{}}})",
                         server_.port(), device, control)))
                    .get_object();
    const auto arguments =
        must(Arguments::check({.name = "modbus", .declared = modbus_kind().settings}, settings_));
    ASSERT_TRUE(modbus_kind().check(arguments));
    bridge_ =
        modbus_kind().make({.hub = *home_.hub,
                            .homes = homes_,
                            .counters = counters_,
                            .sets = sets_,
                            .registry = *home_.registry,
                            .loop = loop_},
                           {.name = "ocean", .account = account_, .health = &health_}, arguments);
    bridge_->start();
  }

  // Turns the loops until the condition holds.
  bool until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      if (!loop_.turn()) std::this_thread::yield();
      home_.settle();
    }
    return true;
  }
  std::string read(std::string name) { return home_.read(account_, kOcean, {std::move(name)}); }
  bool is_online() { return home_.hub->online(account_, kOcean); }
  // The answer to a set.
  std::string set(std::string_view message) {
    const TestHome::Answer answer = home_.set(account_, kOcean, message);
    until([&] { return answer.here(); });
    return answer.text();
  }

  TestHome home_;
  net::IoLoop loop_;
  home::HomeFeed homes_;
  home::EnergyCounters counters_;
  home::SetTracker sets_;
  registry::AccountId account_{};
  TestModbusServer server_;
  Health health_{home_.clock, "ocean"};
  wire::JsonObject settings_;
  std::unique_ptr<Bridge> bridge_;
};

TEST_F(ModbusBridge, ReadsADeviceThatIsOnlineMeanwhile) {
  EXPECT_FALSE(is_online());
  begin();
  ASSERT_TRUE(until([&] { return is_online() && read("bpSoc").contains("42"); }));
  EXPECT_THAT(read("sysLoadPwr"), HasSubstr("850.5"));
  EXPECT_THAT(read("pcsAPhase"), HasSubstr("230.1"));
  EXPECT_EQ(health_.report().state, State::kConnected);

  server_.put(40525, RegisterType::kFloat32, -1234.5);
  EXPECT_TRUE(until([&] { return read("bpPwr").contains("-1234.5"); }));

  bridge_->stop();
  EXPECT_TRUE(until([&] { return !is_online(); }));
}

TEST_F(ModbusBridge, LeavesOutWhatTheDeviceCannotHave) {
  begin();
  ASSERT_TRUE(until([&] { return is_online() && read("bpSoc").contains("42"); }));
  server_.put(40527, RegisterType::kUint16, 6591);
  server_.put(40525, RegisterType::kFloat32, 1e30);
  server_.put(40519, RegisterType::kFloat32, 900);
  ASSERT_TRUE(until([&] { return read("sysLoadPwr").contains("900"); }));
  EXPECT_THAT(read("bpSoc"), HasSubstr("42"));
  EXPECT_THAT(read("bpPwr"), HasSubstr("100"));
  EXPECT_GE(health_.report().figures.at("implausible_values"), 2);
}

TEST_F(ModbusBridge, ReportsLikeTheDeviceItself) {
  const FakePtr app = home_.subscriber("ann");
  begin();
  const std::string topic = home_.open("ann", fmt::format("{}/quota ", kOcean));
  Lines reports;
  ASSERT_TRUE(until([&] {
    for (std::string& line : app->take()) {
      if (line.contains(topic)) reports.push_back(std::move(line));
    }
    return reports.size() >= 3;
  }));
  EXPECT_THAT(reports[0], HasSubstr(R"("cmdFunc":96)"));
  EXPECT_THAT(reports[0], HasSubstr(R"("pcsAPhase":{"vol":230.1)"));
  EXPECT_THAT(reports[1], HasSubstr(R"("bpSoc":42)"));
  EXPECT_THAT(reports[2], HasSubstr(R"("bpPwr":100)"));
  EXPECT_THAT(reports[2], HasSubstr(R"("version":"1.0")"));
}

TEST_F(ModbusBridge, OnlyReadsUnlessToldOtherwise) {
  begin();
  ASSERT_TRUE(until([&] { return is_online(); }));
  EXPECT_THAT(set(R"({"operateType":"chargeBattery","params":{"power":2000}})"),
              HasSubstr("control is off"));
  EXPECT_EQ(server_.written(TestModbusServer::kControl, RegisterType::kUint32), 0);
  EXPECT_EQ(server_.heartbeats(), 0);
}

TEST_F(ModbusBridge, ASetIsAnsweredOnceTheReadingsShowIt) {
  begin(R"(,"control":true)");
  ASSERT_TRUE(until([&] { return is_online(); }));
  const std::string answer = set(R"({"operateType":"chargeBattery","params":{"power":2000}})");
  EXPECT_THAT(answer, HasSubstr(R"("ack":0)"));
  EXPECT_THAT(answer, HasSubstr(R"("shown":{"bpPwr":2020})"));
  EXPECT_EQ(server_.written(TestModbusServer::kControl, RegisterType::kUint32), 48);
  EXPECT_EQ(server_.written(TestModbusServer::kBatterySetpoint, RegisterType::kInt32), 2000);
  EXPECT_EQ(server_.heartbeats(), 1);

  EXPECT_THAT(set(R"({"operateType":"dischargeBattery","params":{"power":700}})"),
              HasSubstr(R"("shown":{"bpPwr":-707})"));
  EXPECT_THAT(set(R"({"operateType":"automatic","params":{}})"), HasSubstr(R"("ack":0)"));
  EXPECT_EQ(server_.written(TestModbusServer::kControl, RegisterType::kUint32), 0);
}

TEST_F(ModbusBridge, ADeviceThatRepeatsAndIgnoresIsFoundOut) {
  server_.behave(Manner::kIgnores);
  begin(R"(,"control":true)");
  ASSERT_TRUE(until([&] { return is_online(); }));
  const std::string answer = set(R"({"operateType":"chargeBattery","params":{"power":2000}})");
  EXPECT_THAT(answer, HasSubstr("1008"));
  EXPECT_THAT(answer, HasSubstr("wrote 2000 to 40571, 48 to 40534"));
  EXPECT_THAT(answer, HasSubstr("bpPwr is 100 and not 2000"));
  EXPECT_TRUE(is_online());
}

TEST_F(ModbusBridge, ARefusedWriteIsAnsweredWithItsReason) {
  server_.behave(Manner::kRefuses);
  begin(R"(,"control":true)");
  ASSERT_TRUE(until([&] { return is_online(); }));
  EXPECT_THAT(set(R"({"operateType":"holdBattery","params":{}})"),
              HasSubstr("the device takes no heartbeat"));
  EXPECT_THAT(set(R"({"operateType":"automatic","params":{}})"),
              HasSubstr("register 40571 is refused: the value is not valid"));
  EXPECT_TRUE(is_online());
}

TEST_F(ModbusBridge, ADeviceThatIsGoneIsOfflineUntilItIsBack) {
  begin();
  ASSERT_TRUE(until([&] { return is_online(); }));
  server_.behave(Manner::kCuts);
  ASSERT_TRUE(until([&] { return !is_online(); }));
  EXPECT_EQ(health_.report().state, State::kFailing);
  server_.behave(Manner::kHonest);
  ASSERT_TRUE(until([&] { return is_online(); }));
  EXPECT_GE(server_.connections(), 2);
}

TEST_F(ModbusBridge, WhatIsNoModbusIsNotBelieved) {
  server_.behave(Manner::kGarbage);
  begin();
  ASSERT_TRUE(until([&] { return health_.report().last_error.contains("not Modbus"); }));
  EXPECT_FALSE(is_online());
}

TEST_F(ModbusBridge, RegistersThatAreAllZeroAreNoReadings) {
  for (std::uint16_t address : std::to_array<std::uint16_t>({40519, 40521, 40523, 40525, 40580})) {
    server_.put(address, RegisterType::kFloat32, 0);
  }
  server_.put(40527, RegisterType::kUint16, 0);
  begin();
  ASSERT_TRUE(until([&] { return health_.report().last_error.contains("not switched on"); }));
  EXPECT_FALSE(is_online());
  EXPECT_EQ(home_.read_all(account_, kOcean), "{}");
}

TEST_F(ModbusBridge, ADeviceThatDoesNotAnswerHoldsUpNobody) {
  server_.behave(Manner::kSilent);
  begin();
  ASSERT_TRUE(until([&] { return server_.connections() > 0; }));
  const auto before = std::chrono::steady_clock::now();
  bridge_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
}

TEST_F(ModbusBridge, TellsThatTheDeviceIsNotTheAccounts) {
  home_.add_account("ben");
  home_.add_device("HJ31TEST00000002", "ben");
  home_.add_device("R331TEST00000003", "ann");
  home_.add_device("HEATER-01", "ann");
  begin("", "HJ31TEST00000002");
  EXPECT_EQ(health_.report().state, State::kFailing);
  EXPECT_THAT(health_.report().last_error, HasSubstr("is no device of the account"));
  begin("", "R331TEST00000003");
  EXPECT_EQ(health_.report().last_error,
            "R331TEST00000003 is a DELTA 2, which has no Modbus registers");
  begin("", "HEATER-01");
  EXPECT_EQ(health_.report().last_error,
            "HEATER-01 is of no known family, so that its registers are not known");
  EXPECT_EQ(server_.connections(), 0);
}

TEST(ModbusSettings, AnAddressIsTcp) {
  struct Row {
    std::string_view address;
    bool is_valid;
  };
  for (const Row& row : {
           Row{"tcp://192.168.1.20", true},
           Row{"tcp://192.168.1.20:1502", true},
           Row{"tcp://[fe80::1]:502", true},
           Row{"tcp://inverter.local", true},
           Row{"192.168.1.20", false},
           Row{"http://192.168.1.20", false},
           Row{"tcp://", false},
           Row{"tcp://host:0", false},
           Row{"tcp://host:65536", false},
           Row{"tcp://host:port", false},
           Row{"tcp://host/path", false},
           Row{"tcp://user@host", false},
       }) {
    const wire::JsonObject settings{{"address", row.address}, {"device", "HJ31TEST00000001"}};
    const auto arguments =
        Arguments::check({.name = "modbus", .declared = modbus_kind().settings}, settings);
    ASSERT_TRUE(arguments);
    EXPECT_EQ(modbus_kind().check(*arguments).has_value(), row.is_valid) << row.address;
  }
}

}  // namespace
}  // namespace gridloom::bridges
