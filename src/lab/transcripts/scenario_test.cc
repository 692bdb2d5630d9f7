// Scenario features of transcripts: invariants, faults, weather, seeds, leaps through time, and
// clients that are refused. Each must fail when it should, with the line number.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "catalog/loader.h"
#include "sim/virtual_device.h"
#include "sim/world.h"
#include "testing/source_path.h"
#include "transcripts/condition.h"
#include "transcripts/runner.h"

namespace gridloom::transcripts {
namespace {

using Lines = std::vector<std::string>;

const std::shared_ptr<const catalog::Catalog>& families() {
  static const auto loaded =
      catalog::load_catalog(source_path("tests/transcripts/new_family")).value();
  return loaded;
}

RunResult played(std::string_view text, const PlayOptions& options = {}) {
  const auto script = parse_script("test.loom", text);
  EXPECT_TRUE(script) << script.error().detail;
  Coverage coverage;
  return script ? play(*script, families(), options, coverage) : RunResult{};
}

// The complete text of each failure, as "7: what is wrong".
Lines failures(std::string_view text, const PlayOptions& options = {}) {
  Lines lines;
  for (const Failure& failure : played(text, options).failures) {
    lines.push_back(std::to_string(failure.line) + ": " + failure.text);
  }
  return lines;
}

// --- the manual ---

TEST(Scenario, IsWhatTheManualShows) {
  std::ifstream in(source_path("docs/user/scenarios.md"), std::ios::binary);
  const std::string manual{std::istreambuf_iterator<char>(in), {}};
  constexpr std::string_view kFence = "```\n";
  const std::size_t begin = manual.find("# A DELTA 2 in an outage");
  ASSERT_NE(begin, std::string::npos);
  std::string example = manual.substr(begin, manual.find(kFence, begin) - begin);
  EXPECT_EQ(failures(example), Lines{});
  EXPECT_EQ(failures(example, {.seed = 42}), Lines{});
  const std::size_t at = example.find("soc < 20");
  ASSERT_NE(at, std::string::npos);
  const Lines broken = failures(example.replace(at, 8, "soc < 50"), {.seed = 42});
  ASSERT_EQ(broken.size(), 1U);
  EXPECT_TRUE(manual.contains("outage.loom:" + broken[0])) << broken[0];
}

TEST(Scenario, TellsHowFarItIs) {
  std::vector<Millis> elapsed;
  const auto on_step = [&](Millis so_far, Millis whole) {
    EXPECT_EQ(whole, Millis(150'000)) << "of all waits";
    elapsed.push_back(so_far);
  };
  EXPECT_EQ(failures("device delta_2 R331A owner demo\n@ +30s\n@ +2min\n", {.on_step = on_step}),
            Lines{});
  ASSERT_GT(elapsed.size(), 10U);
  EXPECT_TRUE(std::ranges::is_sorted(elapsed));
  EXPECT_LE(elapsed.back(), Millis(150'000));
  EXPECT_GT(elapsed.back(), Millis(100'000));
}

TEST(Scenario, DevicesStartAsTheirLinesSay) {
  EXPECT_EQ(failures("device delta_2 R331A owner demo {\"initial\":{\"pd.beepMode\":1}}\n"
                     "always: pd.beepMode == 1\n@ +2s\n"),
            Lines{});
  EXPECT_EQ(failures("device delta_2 R331A owner demo {\"place\":\"moon\"}\n@ +2s\n"),
            Lines{"1: place: \"moon\" must be indoor, outdoor, garage or camper"});
}

// --- conditions ---

catalog::FamilyPtr delta_2() { return families()->find("delta_2"); }

std::unique_ptr<sim::VirtualDevice> device_of(const catalog::FamilyPtr& family) {
  const sim::World world({.seed = 1});
  return std::make_unique<sim::VirtualDevice>(std::make_shared<sim::VirtualFamily>(family),
                                              "R331UNIT", Chance(1),
                                              world.at(TimePoint(Millis(0))));
}

WatchedDevice watched(const sim::VirtualDevice& device) {
  const sim::Balance begun = device.balance();
  return {.device = &device, .begun = begun, .lost_uj = begun.lost_uj};
}

TEST(Condition, ComparesValuesOfADevice) {
  const auto device = device_of(delta_2());
  struct Row {
    std::string_view text, verdict, seen;
  };
  const std::vector<Row> rows = {
      {"pd.soc == 60", "yes", "pd.soc is 60"},
      {"soc != 60", "no", "pd.soc is 60"},
      {"soc < 60.5", "yes", "pd.soc is 60"},
      {"soc <= 60", "yes", "pd.soc is 60"},
      {"soc > 60", "no", "pd.soc is 60"},
      {"soc >= -1e3", "yes", "pd.soc is 60"},
      {"R331UNIT:soc == 60", "yes", "pd.soc is 60"},
      {"pd.soc <= bms_emsStatus.maxChargeSoc", "yes",
       "pd.soc is 60, bms_emsStatus.maxChargeSoc is 100"},
      {"soc == 1 while pd.model == 80", "no", "pd.soc is 60, pd.model is 80"},
      {"soc == 1 while pd.model != 80", "not asked", "pd.soc is 60, pd.model is 80"},
      {"R999:soc == 60", "none of its", ""},
      {"no.such == 60", "none of its", ""},
      {"soc == no.such", "none of its", ""},
      {"soc == 60 while no.such == 1", "none of its", ""},
      {"pd.reserved == 0", "none of its", ""},
      {"values in range", "yes", "all of them are"},
      {"energy balances", "yes", "its energy balance is off by 0 uJ"},
  };
  for (const Row& row : rows) {
    const auto condition = Condition::parse(row.text);
    ASSERT_TRUE(condition) << row.text;
    if (!condition->concerns(*device)) {
      EXPECT_EQ(row.verdict, "none of its") << row.text;
      continue;
    }
    const auto holds = condition->holds(watched(*device));
    EXPECT_EQ(!holds ? "not asked" : *holds ? "yes" : "no", row.verdict) << row.text;
    EXPECT_EQ(condition->seen(watched(*device)), row.seen) << row.text;
  }
}

TEST(Condition, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "soc", "soc <", "soc = 5", "soc < 5 6", "soc < 5 while", "soc < 5 while soc",
        "soc < 5 while soc > 1 while soc > 2", "energy balances now", "values"}) {
    EXPECT_FALSE(Condition::parse(text)) << text;
  }
}

TEST(Condition, DetectsAnEnergyBalanceThatIsOff) {
  const auto device = device_of(delta_2());
  const auto condition = Condition::parse("energy balances");
  ASSERT_TRUE(condition);
  WatchedDevice off = watched(*device);
  off.begun.in_uj -= 5;
  EXPECT_EQ(condition->holds(off), false);
  EXPECT_EQ(condition->seen(off), "its energy balance is off by 5 uJ");
  off.begun.out_uj -= 5;  // that much less was given out, too
  EXPECT_EQ(condition->holds(off), true);
  off.begun.stored_uj -= 1;
  EXPECT_EQ(condition->seen(off), "its energy balance is off by -1 uJ");
  WatchedDevice made = watched(*device);
  made.lost_uj += 3;
  EXPECT_EQ(condition->holds(made), false);
  EXPECT_EQ(condition->seen(made), "it created 3 uJ");
}

TEST(Condition, KnowsValuesThatAreNotAsDeclared) {
  auto family = std::make_shared<catalog::Family>(*delta_2());
  for (catalog::Field& field : family->fields) {
    if (field.name == "pd.soc") field.range = catalog::Range{.low = 61, .high = 62};
  }
  const auto device = device_of(family);
  const auto condition = Condition::parse("values in range");
  ASSERT_TRUE(condition);
  EXPECT_EQ(condition->holds(watched(*device)), false);
  EXPECT_EQ(condition->seen(watched(*device)), "pd.soc is 60, declared 61 to 62");
}

// --- invariants of a scenario ---

constexpr std::string_view kDischarge = R"(clock 2025-01-15 18:00:00
seed 42
weather grid off sun 0 household 3000
device delta_2 R331TEST owner demo
always: energy balances
always: values in range
never: soc < 59
always: soc > 57
@ +1h in 10s steps
)";

TEST(Scenario, TellsWhereAnInvariantBrokeFirst) {
  EXPECT_EQ(failures(kDischarge), (Lines{"7: never: soc < 59\n"
                                         "  broken by R331TEST: pd.soc is 58\n"
                                         "  at 2025-01-15 18:00:50, second 50, with seed 42",
                                         "8: always: soc > 57\n"
                                         "  broken by R331TEST: pd.soc is 57\n"
                                         "  at 2025-01-15 18:01:30, second 90, with seed 42"}));
}

TEST(Scenario, HoldsWhatIsAddedLaterFromThenOn) {
  EXPECT_EQ(failures(std::string(kDischarge) + "never: soc < 1\nalways: soc > 50\n").back(),
            "11: always: soc > 50\n"
            "  broken by R331TEST: pd.soc is 10\n"
            "  at 2025-01-15 19:00:00, second 3600, with seed 42");
}

TEST(Scenario, ChecksInvariantsOfDisconnectedDevicesToo) {
  const std::string away =
      "clock 2025-01-15 18:00:00\nweather grid off household 3000\n"
      "device delta_2 R331TEST owner demo\n! drop device R331TEST\n"
      "never: R331TEST:soc < 50\n@ +30min\n";
  const Lines found = failures(away);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].starts_with("5: never: R331TEST:soc < 50\n")) << found[0];
}

TEST(Scenario, RefusesAnInvariantThatConcernsNoDevice) {
  const std::string device = "device delta_2 R331TEST owner demo\n";
  EXPECT_EQ(failures("always: soc > 1\n" + device),
            Lines{"1: soc > 1: no virtual device here has such numbers"});
  EXPECT_EQ(
      failures(device + "always: pd.sox > 1\n"),
      Lines{"2: pd.sox > 1: no virtual device here has such numbers; none has pd.sox; did you "
            "mean pd.soc?"});
  EXPECT_EQ(failures("device delta_2 R331TEST owner demo real\nalways: energy balances\n"),
            Lines{"2: energy balances: no virtual device here has such numbers"});
  EXPECT_EQ(failures(device + "never: low\n").size(), 1U);
}

// --- seeds, weather, time ---

TEST(Scenario, IsTheSameWithTheSameSeed) {
  const std::string text =
      "clock 2025-06-18 11:00:00\ndevice power_stream HW51TEST owner demo\n@ +10min\n";
  const auto record = [&](const PlayOptions& options) { return played(text, options).record; };
  const auto one = record({.keeps_record = true});
  EXPECT_FALSE(one.empty());
  EXPECT_EQ(one, record({.keeps_record = true}));
  EXPECT_EQ(one, record({.seed = 1, .keeps_record = true}));
  EXPECT_NE(one, record({.seed = 2, .keeps_record = true}));
  EXPECT_EQ(played("seed 7\n" + text).seed, 7U);
  EXPECT_EQ(played("seed 7\n" + text, {.seed = 8}).seed, 8U);
  EXPECT_EQ(played("site latitude 10\n" + text, {.keeps_record = true}).failures.size(), 0U);
  EXPECT_NE(one, played("site household_kwh 9000\n" + text, {.keeps_record = true}).record);
}

TEST(Scenario, HasTheWeatherThatItAsksFor) {
  EXPECT_EQ(failures(R"(clock 2025-06-18 11:00:00
weather sun 0.5
device power_stream HW51TEST owner demo
always: 20_1.pv1InputWatts < 2100
weather clouds 0.5
@ +2s
never: 20_1.pv1InputWatts > 1050
weather sun 0 grid off
@ +2s
always: 20_1.pv1InputWatts == 0
always: 20_1.invOutputWatts == 0
@ +1min
)"),
            Lines{});
  const Lines back = failures(R"(clock 2025-06-18 11:00:00
weather sun 0 grid off
device power_stream HW51TEST owner demo
always: 20_1.invOutputWatts == 0
@ +1min
weather as it comes
@ +30s in 2s steps
)");
  ASSERT_EQ(back.size(), 1U);
  EXPECT_TRUE(back[0].contains("20_1.invOutputWatts == 0")) << back[0];
}

TEST(Scenario, LeapsThroughTimeWithAReportAQuarterOfAnHour) {
  const std::string start = "clock 2025-06-18 10:05:00\ndevice heat_pump HP77 owner demo\n";
  const std::string report =
      "< mqtt HP77 quota {\"typeCode\":\"plant\",<...>}\n"
      "< mqtt HP77 quota {\"typeCode\":\"circuit\",<...>}\n";
  // Reports at 10:15, 10:30 and the end.
  EXPECT_EQ(failures(start + "@ +35min in 1min steps\n" + report + report + report +
                     "< mqtt HP77 quota none\n"),
            Lines{});
  // A report at 10:15, which is the end.
  EXPECT_EQ(failures(start + "@ +10min in 30s steps\n" + report + "< mqtt HP77 quota none\n"),
            Lines{});
  EXPECT_EQ(played(start + "@ +2d in 1min steps\n@ +1s\n").span,
            Millis(std::chrono::days(2) + std::chrono::seconds(1)));
}

// --- faults ---

TEST(Scenario, HasFaultsAsLongAsTheyAreOrdered) {
  const std::string device = "clock 2025-06-18 10:00:00\ndevice delta_2 R331TEST owner demo\n";
  const std::string gone = "< mqtt R331TEST status {\"params\":{\"status\":0},<...>}\n";
  const std::string here = "< mqtt R331TEST status {\"params\":{\"status\":1},<...>}\n";
  EXPECT_EQ(failures(device + "! fault on disconnect\n" + gone + "! fault off disconnect\n" + here),
            Lines{});
  EXPECT_EQ(failures(device + "! fault on disconnect device R331TEST for 30s\n" + gone +
                     "@ +29s\n< mqtt R331TEST status none\n@ +1s\n" + here),
            Lines{});
  EXPECT_EQ(failures(device +
                     "! fault on flapping value 10\n< mqtt R331TEST status none\n"
                     "@ +20s\n" +
                     gone + here + "< mqtt R331TEST status none\n"),
            Lines{});
  // A device that the transcript drops too stays disconnected when the fault ends.
  EXPECT_EQ(failures(device +
                     "! drop device R331TEST\n! fault on disconnect\n! fault off all\n"
                     "< mqtt R331TEST status none\n! connect device R331TEST\n" +
                     here),
            Lines{});
  EXPECT_EQ(failures(device + "! fault on disconnect\n! connect device R331TEST\n"),
            Lines{"4: a fault keeps R331TEST disconnected"});
  // A device added while faults are on connects once, or stays disconnected if a fault cuts it off.
  EXPECT_EQ(failures("! fault on no_reply\n" + device.substr(device.find("device")) + here +
                     "< mqtt R331TEST quota {\"typeCode\":\"kitInfo\",<...>}\n"
                     "< mqtt R331TEST quota none\n"),
            Lines{});
  EXPECT_EQ(failures("! fault on disconnect\n" + device.substr(device.find("device")) +
                     "< mqtt R331TEST status retained {\"params\":{\"status\":0},<...>}\n"
                     "! fault off disconnect\n" +
                     here),
            Lines{});
}

TEST(Scenario, ShowsWhatAFaultShows) {
  EXPECT_EQ(failures(R"(device delta_2 R331TEST owner demo
device delta_2 R331FINE owner demo
always: R331FINE:inv.errCode == 0
! fault on grid_outage device R331TEST
@ +2s
always: R331TEST:inv.errCode == 9002
always: R331TEST:inv.inputWatts == 0
@ +1min
)"),
            Lines{});
}

TEST(Scenario, TakesBrokenReportsForWhatTheyAre) {
  const std::string text =
      "device heat_pump HP77 owner demo\n! fault on malformed_report\n@ +5min\n";
  EXPECT_EQ(failures(text + "! fault off all\n@ +5min\n"), Lines{});
}

TEST(Scenario, RefusesOrdersThatNobodyCanSuffer) {
  const auto first_line = [](std::string_view text) {
    const Lines found = failures(text);
    return found.size() == 1 ? found[0].substr(0, found[0].find(';')) : "";
  };
  const std::string device = "device delta_2 R331TEST owner demo\n";
  EXPECT_TRUE(first_line(device + "! fault on rust\n").contains("fault \"rust\""));
  EXPECT_EQ(first_line(device + "! fault on rust device R331TEST\n"),
            "2: delta_2 has no fault \"rust\"");
  EXPECT_EQ(first_line(device + "! fault on disconnect device R331NONE\n"),
            "2: there is no device R331NONE here");
  EXPECT_EQ(first_line(device + "! fault on disconnect account demo\n"),
            "2: disconnect is no account's fault");
  EXPECT_EQ(first_line(device + "! fault on null_data account nobody\n"),
            "2: there is no account nobody here");
  EXPECT_EQ(first_line(device + "! fault off disconnect\n"), "2: no such fault is on: disconnect");
  EXPECT_EQ(first_line("device delta_2 R331TEST owner demo real\n"
                       "! fault on disconnect device R331TEST\n"),
            "2: R331TEST is no virtual device");
}

TEST(Scenario, HasFaultsOfThePlatformToo) {
  const std::string start =
      "account other\ndevice heat_pump HP77 owner demo\nshare HP77 other monitor\n";
  const std::string read = "> GET /iot-open/sign/device/quota/all?sn=HP77\n";
  const std::string nothing = "< 200 {\"code\":\"0\",\"data\":null,<...>}\n";
  const std::string all = "< 200 {\"code\":\"0\",\"data\":<object>,<...>}\n";
  for (const std::size_t every : {0U, 1U}) {
    EXPECT_EQ(failures(start + "! fault on null_data account other for 1min\n" + read + all +
                           "as other\n" + read + nothing + "@ +1min\n" + read + all,
                       {.variant = {.restart_every = every}}),
              Lines{});
  }
  for (const Transport wire : {Transport::kDirect, Transport::kSocket}) {
    for (const std::string fault : {"dropped_connection", "reset_connection"}) {
      EXPECT_EQ(failures(start + "! fault on " + fault + " account other\n" + read + all +
                             "as other\n" + read + "< ended\n! fault off all\n" + read + all,
                         {.variant = {.wire = wire}}),
                Lines{});
    }
  }
  EXPECT_EQ(failures(start + read + "< ended\n"),
            Lines{"5: expected the connection to end without an answer"});
}

// --- clients that are refused ---

TEST(Scenario, SaysWhenAnAppIsRefused) {
  const std::string rotated = "device heat_pump HP77 owner demo\n! rotate app\n< refused\n";
  for (const Transport wire : {Transport::kDirect, Transport::kSocket}) {
    const PlayOptions options{.variant = {.wire = wire}};
    EXPECT_EQ(failures(rotated + "! connect app\n< refused\n> GET /iot-open/sign/certification\n"
                                 "< 200 {<...>}\n! connect app\n"
                                 "< mqtt HP77 status retained {<...>}\n",
                       options),
              Lines{});
    EXPECT_EQ(failures(rotated + "! connect app\n@ +1s\n", options),
              Lines{"4: the platform refused demo's app: CONNACK: bad user name or password"});
    EXPECT_EQ(failures("device heat_pump HP77 owner demo\n! rotate app\n@ +1s\n", options),
              Lines{"2: the platform refused demo's app: its connection was ended"});
    EXPECT_EQ(failures("@ +1s\n< refused\n", options),
              Lines{"2: the platform refused the app nothing"});
  }
}

}  // namespace
}  // namespace gridloom::transcripts
