// The home as evcc reads it: names, signs, and what is absent; and modes of batteries that end by
// themselves.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "own_api/test_own_api.h"
#include "testing/must.h"

namespace gridloom::api {
namespace {

using namespace std::chrono_literals;
using catalog::BatteryMode;
using home::BatteryModes;
using home::ModeState;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class EvccTest : public OwnRoutesTest {
 protected:
  std::string evcc(std::string_view as = "alice") {
    return member_of(get("/api/v1/evcc", {}, as), "data");
  }
  void ocean_reports() {
    const FakePtr ocean = home.connect_device(kOcean, "ocean");
    home.report(ocean, kOcean,
                R"({"typeCode":"energy","params":{"mpptPwr":3000,"bpPwr":500,"sysGridPwr":-1000,)"
                R"("sysLoadPwr":1500,"evPwr":0,"bpSoc":80}})");
  }
};

TEST_F(EvccTest, NamesAndSignsAreThoseOfItsCustomMeters) {
  ocean_reports();
  const std::string text = evcc();
  EXPECT_THAT(member_of(text, "grid"), HasSubstr(R"("power":-1000)")) << "an export";
  EXPECT_THAT(text, HasSubstr(fmt::format(R"({{"sn":"{}","name":"{}","pv":{{"power":3000)", kOcean,
                                          kOcean)));
  EXPECT_THAT(text, HasSubstr(R"("battery":{"power":-500)")) << "it charges";
  EXPECT_THAT(text, Not(HasSubstr("null")));
}

TEST_F(EvccTest, AnOldValueIsAbsent) {
  ocean_reports();
  home.clock.pass(overview::kOldValue + 1s);
  steady.pass(home::HomeFeed::kFresh);
  const std::string text = evcc();
  EXPECT_THAT(text, AllOf(Not(HasSubstr(R"("power")")), Not(HasSubstr(R"("soc")")),
                          Not(HasSubstr("null"))));
  EXPECT_THAT(text, HasSubstr(R"("battery":{)")) << "the home has one";
}

TEST_F(EvccTest, ACapacityIsThatOfDevicesWhichReportItAndOfAHomeWhoseBatteriesAllDo) {
  // alice has a battery too whose capacity is not known.
  for (const auto& [sn, owner] :
       {std::pair{"BK61Z00000000001", "bob"}, std::pair{"BK61Z00000000002", "alice"}}) {
    home.add_device(sn, owner);
    home.report(home.connect_device(sn, sn), sn, R"({"cmsBattSoc":50,"bmsDesignCap":3840})");
    EXPECT_THAT(member_of(evcc(owner), "devices"), HasSubstr(R"("capacity":3.84)"));
  }
  EXPECT_THAT(member_of(evcc("bob"), "battery"), HasSubstr(R"("capacity":3.84)"));
  EXPECT_THAT(member_of(evcc("alice"), "battery"), Not(HasSubstr("capacity")));
}

TEST_F(EvccTest, AHomeWithoutAMeterHasNoGrid) {
  EXPECT_EQ(member_of(evcc("bob"), "grid"), "");
  EXPECT_THAT(evcc("bob"), HasSubstr(R"("devices":[],"modes":[]})"));
}

TEST_F(EvccTest, EnergiesAreCounters) {
  for (int minute = 0; minute <= 60; ++minute) {
    home.report(device, kSn,
                R"({"moduleType":5,"typeCode":"mpptStatus","params":{"inWatts":600}})");
    home.clock.pass(1min);
  }
  EXPECT_THAT(evcc(), HasSubstr(R"("energy":0.6)"));
}

// --- modes

class BatteryModeTest : public OwnRoutesTest {
 protected:
  BatteryModeTest() {
    report(R"("pd.soc":50,"pd.watchIsConfig":0,"pd.bpPowerSoc":20)");
    device->take();
  }

  void report(std::string_view params) {
    home.report(device, kSn, fmt::format(R"({{"params":{{{}}}}})", params));
  }
  std::optional<Result<BatteryModes::Leases>> ask(BatteryMode mode, std::string_view sn = kSn) {
    auto answer = std::make_shared<std::optional<Result<BatteryModes::Leases>>>();
    current->set({.account = alice, .sn = std::string(sn), .mode = mode, .origin = {}},
                 {.loop = &home.client_loop, .done = [answer](Result<BatteryModes::Leases> leases) {
                    *answer = std::move(leases);
                  }});
    home.settle();
    last = answer;
    return *answer;
  }
  BatteryModes::Leases list() {
    BatteryModes::Leases listed;
    current->list(alice, {.loop = &home.client_loop,
                          .done = [&](auto leases) { listed = std::move(leases.value()); }});
    home.settle();
    return listed;
  }
  // The device does what was sent to it, and says so. Energy management and reserve of the set, as
  // "1 50"; empty: none came.
  std::string obey() {
    const Lines sent = device->take();
    if (sent.empty()) return {};
    const auto message =
        must(wire::parse_json(std::string_view(sent.back()).substr(sent.back().find('{'))));
    std::string did;
    std::string shows;
    for (const auto& [param, field] :
         {std::pair{"isConfig", "pd.watchIsConfig"}, std::pair{"bpPowerSoc", "pd.bpPowerSoc"}}) {
      const auto* value = message.at("params").as_object().if_contains(param);
      did += fmt::format("{}{}", did.empty() ? "" : " ",
                         value == nullptr ? "-" : wire::to_text(*value));
      if (value == nullptr) continue;
      shows += fmt::format(R"({}"{}":{})", shows.empty() ? "" : ",", field, wire::to_text(*value));
    }
    report(shows);
    home.publish(device, fmt::format("/device/{}/set_reply", kSn),
                 fmt::format(R"({{"id":{},"data":{{"ack":0}}}})", wire::to_text(message.at("id"))));
    home.settle();
    return did;
  }
  // Time passes, in steps of a second.
  void pass(Millis time) {
    for (Millis at{}; at < time; at += 1s) {
      home.pass(1s);
      sets.tick();
      current->tick();
      home.settle();
    }
  }
  void restart() {
    again = std::make_unique<BatteryModes>(BatteryModes::Options{.hub = home.hub.get(),
                                                                 .sets = &sets,
                                                                 .loop = &home.client_loop,
                                                                 .data = home.folder.data()});
    current = again.get();
  }

  BatteryModes* current = &modes;
  std::unique_ptr<BatteryModes> again;
  std::shared_ptr<std::optional<Result<BatteryModes::Leases>>> last;
};

TEST_F(BatteryModeTest, HoldKeepsTheChargeAndEndsByItself) {
  ask(BatteryMode::kHold);
  EXPECT_EQ(obey(), "1 50");
  pass(1s);
  const auto leases = list();
  ASSERT_THAT(leases, SizeIs(1));
  EXPECT_EQ(leases[0].mode, BatteryMode::kHold);
  EXPECT_EQ(leases[0].state, ModeState::kApplied) << "its fields show it";
  pass(BatteryModes::kLease - 4s);
  EXPECT_EQ(obey(), "") << "not yet";
  pass(6s);
  EXPECT_EQ(obey(), "0 20") << "what was before";
  pass(BatteryModes::kRetry + 2s);
  EXPECT_THAT(list(), SizeIs(0));
}

TEST_F(BatteryModeTest, ASecondRequestRenewsTheLease) {
  ask(BatteryMode::kHold);
  obey();
  for (int round = 0; round < 4; ++round) {
    pass(BatteryModes::kLease / 2);
    ASSERT_TRUE(ask(BatteryMode::kHold).value());
    EXPECT_EQ(obey(), "") << "nothing is sent again";
  }
  pass(BatteryModes::kLease + 2s);
  EXPECT_EQ(obey(), "0 20");
}

TEST_F(BatteryModeTest, AnotherModeEndsInWhatWasBeforeTheFirst) {
  ask(BatteryMode::kHold);
  obey();
  ask(BatteryMode::kCharge);
  EXPECT_EQ(obey(), "1 100");
  ask(BatteryMode::kNormal);
  pass(2s);
  EXPECT_EQ(obey(), "0 20");
}

TEST_F(BatteryModeTest, WhatWasBeforeOutlivesARestart) {
  ask(BatteryMode::kHold);
  obey();
  must(home::check_battery_mode_file(home.folder.data() / home::kBatteryModeFile));
  restart();
  ASSERT_THAT(list(), SizeIs(1));
  pass(BatteryModes::kLease + 2s);
  EXPECT_EQ(obey(), "0 20");
  pass(BatteryModes::kRetry + 2s);
  restart();
  EXPECT_THAT(list(), SizeIs(0));
}

TEST_F(BatteryModeTest, WhatSomebodyElseChangedMeanwhileIsLeft) {
  ask(BatteryMode::kHold);
  obey();
  report(R"("pd.watchIsConfig":1,"pd.bpPowerSoc":30)");
  device->take();
  pass(BatteryModes::kLease + 2s);
  EXPECT_EQ(obey(), "0 -") << "the reserve is as somebody set it";
}

TEST_F(BatteryModeTest, ABatteryThatIsAwayIsRestoredWhenItComesBack) {
  ask(BatteryMode::kHold);
  obey();
  home.leave(device);
  pass(BatteryModes::kLease + 2s);
  ASSERT_THAT(list(), SizeIs(1));
  EXPECT_EQ(list()[0].state, ModeState::kRestoring);
  device = home.connect_device(kSn);
  pass(2s);
  EXPECT_EQ(obey(), "0 20");
}

TEST_F(BatteryModeTest, AModeThatABatteryCannotDoIsRefusedByName) {
  struct Row {
    BatteryMode mode;
    std::string_view sn;
    std::string_view says;
  };
  for (const Row& row :
       std::vector<Row>{{BatteryMode::kHoldCharge, kSn, "DELTA 2), which has normal, hold, charge"},
                        {BatteryMode::kHold, kOcean, "PowerOcean), which has none"},
                        {BatteryMode::kNormal, kOcean, "PowerOcean), which has none"},
                        {BatteryMode::kHold, "", "\"device\" names one"}}) {
    const auto answer = ask(row.mode, row.sn);
    ASSERT_TRUE(answer);
    ASSERT_FALSE(*answer) << row.sn;
    EXPECT_EQ(answer->error().code, ErrorCode::kBadParams);
    EXPECT_THAT(answer->error().detail, HasSubstr(row.says));
  }
  EXPECT_THAT(device->take(), SizeIs(0)) << "nothing was sent";
  EXPECT_EQ(ask(BatteryMode::kHold, "NONE")->error().code, ErrorCode::kNoPermission);
}

TEST_F(BatteryModeTest, TheNumbersOfARequestAreThoseOfEvcc) {
  struct Row {
    std::string_view body;
    std::string_view says;
  };
  for (const Row& row : std::vector<Row>{{R"({"mode":5})", "mode is 5: must be 1 (normal)"},
                                         {R"({"mode":"hold"})", "must be 1 (normal)"},
                                         {R"({})", "mode is missing"},
                                         {R"({"mode":2,"device":7})", "device must be a serial"},
                                         {R"({"mode":2,"sn":"X"})", "sn"}}) {
    EXPECT_THAT(send(http::Method::kPost, "/api/v1/evcc/batterymode", row.body),
                AllOf(HasSubstr(R"("code":"1008")"), HasSubstr(row.says)))
        << row.body;
  }
}

}  // namespace
}  // namespace gridloom::api
