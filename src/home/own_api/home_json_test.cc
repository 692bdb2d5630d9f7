// The home as its answer writes it: why a power is not known, and that nothing unknown is 0.
#include "own_api/home/home_json.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/schema/test_check.h"
#include "own_api/bodies/home.h"
#include "own_api/test_own_api.h"
#include "testing/catalog.h"
#include "testing/must.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

using history::Power;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr TimePoint kNow = kTestStart;

// A device that is connected and reported a second ago; powers are added by the tests.
home::HomeDevice shown(std::string_view sn) {
  const catalog::FamilyPtr& family = shipped_catalog()->of_serial(sn);
  return {.sn = std::string(sn),
          .name = "name",
          .family = family,
          .sources = std::make_shared<history::EnergySources>(*family),
          .role = overview::role_of(*family),
          .online = true,
          .has_values = true,
          .last_report = kNow - seconds(1),
          .moment = kNow - seconds(1),
          .figures = {},
          .figures_before = {},
          .faults_since = {}};
}

home::HomeDevice ocean() {
  home::HomeDevice made = shown(kOcean);
  for (const auto& [power, watts] :
       {std::pair{Power::kPv, 2000.0}, std::pair{Power::kBattery, 500.0},
        std::pair{Power::kGrid, -200.0}, std::pair{Power::kLoad, 1300.0},
        std::pair{Power::kEv, 0.0}}) {
    made.figures.powers_w.at(static_cast<std::size_t>(power)) = watts;
  }
  return made;
}

std::vector<home::HomeDevicePtr> list_of(const std::vector<home::HomeDevice>& devices) {
  std::vector<home::HomeDevicePtr> list;
  for (const home::HomeDevice& each : devices) {
    list.push_back(std::make_shared<home::HomeDevice>(each));
  }
  return list;
}

std::string members_of(const home::HomeState& state) {
  return home_members(state, home::picture_of(state));
}

std::string node_of(const std::vector<home::HomeDevice>& devices, std::string_view place) {
  const auto home = wire::parse_json(
      fmt::format("{{{}}}", members_of({.now = kNow, .devices = list_of(devices)})));
  if (!home) return "no JSON";
  const wire::Json* nodes = wire::member(*home, "nodes");
  const wire::Json* node = nodes == nullptr ? nullptr : wire::member(*nodes, place);
  return node == nullptr ? "none" : wire::to_text(*node);
}

struct ReasonCase {
  bool online = true;
  bool has_values = true;
  std::optional<Millis> age{};  // of the last report; nothing: there is none
  std::string sun;              // the node
};

TEST(HomeJson, SaysWhyAPowerIsNotKnown) {
  const auto because = [](std::string_view reason) {
    return fmt::format(
        R"({{"power_w":null,"atLeast":false,"unknown":[{{"sn":"{}","reason":"{}"}}]}})", kOcean,
        reason);
  };
  const std::string known = R"({"power_w":2000,"atLeast":false})";
  const std::vector<ReasonCase> cases{
      {.age = seconds(1), .sun = known},
      {.age = overview::kOldValue, .sun = known},
      {.age = overview::kOldValue + Millis(1), .sun = because("old")},
      {.sun = because("old")},  // reported before the server started
      {.online = false, .age = overview::kSignsInAgain, .sun = known},
      {.online = false, .age = overview::kSignsInAgain + Millis(1), .sun = because("offline")},
      {.online = false, .has_values = false, .sun = because("never")},
      {.has_values = false, .sun = because("never")},
  };
  for (const ReasonCase& each : cases) {
    home::HomeDevice device = ocean();
    device.online = each.online;
    device.has_values = each.has_values;
    device.last_report = each.age ? std::optional(kNow - *each.age) : std::nullopt;
    device.moment = device.last_report.value_or(TimePoint());
    EXPECT_EQ(node_of({device}, "sun"), each.sun)
        << (each.online ? "online" : "offline") << ", age "
        << each.age.value_or(Millis(-1)).count();
  }
}

TEST(HomeJson, NamesTheDevicesThatASumLacks) {
  home::HomeDevice station = shown(kSn);  // has reported no power yet
  EXPECT_EQ(node_of({ocean(), station}, "sun"),
            fmt::format(R"({{"power_w":2000,"atLeast":true,)"
                        R"("unknown":[{{"sn":"{}","reason":"not_reported"}}]}})",
                        kSn));
  EXPECT_EQ(node_of({ocean(), station}, "grid"), R"({"power_w":-200,"atLeast":false})");
  EXPECT_THAT(node_of({ocean(), station}, "home"),
              AllOf(HasSubstr(R"("power_w":1300,"atLeast":true)"), HasSubstr("not_reported")));
}

TEST(HomeJson, NamesAFewDevicesAndCountsTheOthers) {
  home::HomeDevice station = shown(kSn);
  station.online = false;
  station.last_report.reset();
  std::vector<home::HomeDevice> devices(overview::kMaxNamedUnknown, station);
  EXPECT_THAT(node_of(devices, "sun"), Not(HasSubstr("unknownDevices")));
  devices.push_back(station);
  EXPECT_THAT(node_of(devices, "sun"),
              HasSubstr(fmt::format(R"("unknownDevices":{})", devices.size())));
}

TEST(HomeJson, IsAsItIsDescribed) {
  home::HomeDevice station = shown(kSn);
  station.figures.charge_percent = 62.04;
  station.figures.empty_in_min = 90.5;
  station.figures.errors.push_back({.field = "pd.errCode",
                                    .text = "Error: overload",
                                    .title = "Error",
                                    .meaning = "overload",
                                    .value = 3,
                                    .quota = "pd.errCode"});
  station.faults_since = {{"pd.errCode", TimePoint(Millis(5))}};
  home::HomeDevice away = shown(kSn);
  away.online = away.has_values = false;
  away.last_report.reset();
  std::vector<home::HomeDevice> devices(overview::kMaxNamedUnknown + 1, away);
  devices.push_back(station);
  devices.push_back(ocean());
  overview::Ledger ledger;
  ledger.flows_kwh.of(overview::Quantity::kSun) = 1.25;
  ledger.flows_kwh.unknown_ms = 90'500;
  ledger.flows_kwh.at_least = true;
  const std::string text = fmt::format(
      R"({{"now":1,{}}})", members_of({.now = kNow, .devices = list_of(devices), .today = ledger}));
  EXPECT_THAT(schema::differences(must(wire::parse_json(text)), schema::body_of<body::HomeBody>()),
              testing::IsEmpty());
  EXPECT_THAT(
      text,
      AllOf(HasSubstr(R"("charge_percent":62,)"), HasSubstr(R"("sun_kwh":1.25,)"),
            HasSubstr(R"("gridPower_w":null,"emptyIn_s":5430,"faults":[{)"),
            HasSubstr(R"("faults":[{"field":"pd.errCode","severity":"fault","title":"Error",)"
                      R"("value":3,"text":"overload","since":5}])"),
            HasSubstr(
                R"("selfSufficiency_percent":null,"atLeast":true,"unknown_s":90},"devices":[)")));
}

TEST(HomeJson, SaysFaultsInTheWordsOfALanguage) {
  const auto catalog = translated_catalog();
  home::HomeDevice station = shown(kSn);
  station.figures.errors.push_back({.field = "bms_emsStatus.bmsWarState",
                                    .text = "Warnings of the pack: 2 (too cold)",
                                    .title = "Warnings of the pack",
                                    .meaning = "2 (too cold)",
                                    .value = 2,
                                    .quota = "bms_emsStatus.bmsWarState",
                                    .severity = catalog::Severity::kWarning});
  const home::HomeState state{.now = kNow, .devices = list_of({station})};
  const overview::HomePicture picture = home::picture_of(state);
  const std::string english = home_members(state, picture);
  EXPECT_THAT(english,
              HasSubstr(R"-("title":"Warnings of the pack","value":2,"text":"2 (too cold)")-"));
  EXPECT_EQ(translated_home_members(state, picture, *catalog, catalog::Language::kEnglish),
            english);
  EXPECT_THAT(translated_home_members(state, picture, *catalog, catalog::Language::kGerman),
              HasSubstr(R"-("title":"Warnungen des Akkupacks","value":2,"text":"2 (zu kalt)")-"));
}

class HomeText : public OwnRoutesTest {
 protected:
  // With the energies that the answer before has made known.
  std::string later_text() {
    static_cast<void>(home_text());
    return home_text();
  }
  std::string home_text() {
    std::string text;
    homes.get(alice, {.loop = &home.client_loop, .done = [&](Result<home::HomeFeed::Home> answer) {
                        text = must(std::move(answer)).json;
                      }});
    home.settle();
    return text;
  }
};

TEST_F(HomeText, ADeviceThatOnlyConnectedHasNeverReported) {
  const FakePtr silent = home.connect_device(kOcean, "ocean");
  home.leave(silent);
  const std::string text = home_text();
  EXPECT_THAT(text, HasSubstr(R"("state":"never")"));
  EXPECT_THAT(text, HasSubstr(fmt::format(R"({{"sn":"{}","reason":"never"}})", kOcean)));
}

TEST_F(HomeText, EnergiesOfADayWithoutReportsAreNotKnown) {
  EXPECT_THAT(home_text(), HasSubstr(R"("today":{"sun_kwh":null,"gridImport_kwh":null,)"));
  home.pass(std::chrono::minutes(1));
  home.report(device, kSn, std::string(kReport));
  steady.pass(home::HomeFeed::kLedgerFresh);
  EXPECT_THAT(later_text(), HasSubstr(R"("today":{"sun_kwh":0,"gridImport_kwh":null,)"));
  home.pass(std::chrono::hours(24));
  steady.pass(home::HomeFeed::kLedgerFresh);
  EXPECT_THAT(home_text(), HasSubstr(R"("today":{"sun_kwh":null,"gridImport_kwh":null,)"));
}

TEST_F(HomeText, EnergiesThatCannotBeReadAreNotThoseOfBefore) {
  home.pass(std::chrono::minutes(1));
  home.report(device, kSn, std::string(kReport));
  EXPECT_THAT(home_text(), HasSubstr(R"("today":{"sun_kwh":0,)"));
  home.platform.journal = nullptr;  // it writes into the archive
  archive->stop();
  archive.reset();
  history::damage_energies(home.folder.data());
  archive = history::open_archive(home.folder.data(), archive_clock, {});
  steady.pass(home::HomeFeed::kLedgerFresh);
  EXPECT_THAT(later_text(), HasSubstr(R"("today":{"sun_kwh":null,)"));
}

}  // namespace
}  // namespace gridloom::api
