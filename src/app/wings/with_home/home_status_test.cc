// The tables of `gridloom status`, and what changed between two looks.
#include "with_home/home_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command_line/output.h"
#include "testing/catalog.h"
#include "testing/environment_variable.h"

namespace gridloom::app {
namespace {

using testing::HasSubstr;
using testing::Not;

DeviceStatus kitchen() {
  return {.device = {.sn = "R331A", .name = "Küche", .online = true},
          .family = "delta_2",
          .overview = {.charge_percent = 52.4, .sun_w = 120.6, .grid_w = -3.2, .battery_w = 80},
          .freshness = overview::Freshness::kLive,
          .age = Millis(2100),
          .energy_kwh = {{"pv", 1.256}, {"home", 0}}};
}

TEST(Table, LinesUpByCharacters) {
  Table table({{.title = "A"}, {.title = "N", .align = Table::Align::kRight}, {.title = "Z"}});
  table.add_styled({{.text = "Küche"}, {.text = "5"}, {.text = ""}});
  table.add_styled({{.text = "x", .style = Style::kBad}, {.text = "1234"}, {.text = "end"}});
  EXPECT_EQ(table.text(false), "A         N  Z\nKüche     5\nx      1234  end\n");
  EXPECT_THAT(table.text(true), HasSubstr("\x1b[31mx\x1b[0m      1234"));
  EXPECT_EQ(shortened_to("Küche", 5), "Küche");
  EXPECT_EQ(shortened_to("Küchen", 5), "Küch…");
  EXPECT_EQ(width_of("°C\xff"), 3U);
}

TEST(StatusText, IsALineADeviceAndTheEnergyOfToday) {
  EXPECT_EQ(status_text({kitchen()}, {}),
            "DEVICE  NAME   CHARGE                  SUN     GRID     LOAD  AGE  STATE\n"
            "R331A   Küche  █████░░░░░  52 % ▲    121 W     -3 W        -   2s  live\n"
            "\n"
            "TODAY, kWh  NAME     SUN   LOAD\n"
            "R331A       Küche   1.26   0.00\n");
}

TEST(StatusText, IsGermanWhereTheTerminalIs) {
  const EnvironmentVariable german("LC_ALL", "de_DE.UTF-8");
  EXPECT_EQ(status_text({kitchen()}, {}),
            "GERÄT  NAME   LADUNG                SONNE     NETZ     LAST  ALTER  ZUSTAND\n"
            "R331A  Küche  █████░░░░░  52 % ▲    121 W     -3 W        -     2s  aktiv\n"
            "\n"
            "HEUTE, kWh  NAME   SONNE   LAST\n"
            "R331A       Küche   1,26   0,00\n");
}

TEST(StatusText, FitsATerminalOfEightyColumns) {
  DeviceStatus battery = kitchen();
  battery.device = {.sn = "HJ31ZDH2ZF690029", .name = "Home battery of the annexe", .online = true};
  battery.overview = {
      .charge_percent = 100,
      .sun_w = 12'345,
      .grid_w = -12'345,
      .load_w = 12'345,
      .battery_w = 80,
      .errors = {{.field = "a", .text = "Fault of the inverter: over temperature"}}};
  battery.energy_kwh = {{"pv", 12.34},     {"batteryIn", 12.3}, {"batteryOut", 1234.5},
                        {"gridIn", 12.34}, {"gridOut", 123.4},  {"home", 12.34},
                        {"ev", 1},         {"heater", 1},       {"heatpump", 2}};
  const std::string text = status_text({battery, kitchen()}, {.width = 80, .marks = true});
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), 80U) << line;
  EXPECT_THAT(text, HasSubstr("Home bat"));
  EXPECT_THAT(text, Not(HasSubstr("HJ31"))) << "a name is enough for every command";
  EXPECT_THAT(text, HasSubstr(" 3.00\n")) << "heater and heat pump are heat";
  EXPECT_THAT(text, HasSubstr(" 123.4 ")) << text;
}

TEST(StatusText, MarksTheDevicesThatHaveChangedAndKeepsItsColumns) {
  const std::vector<DeviceStatus> before = {kitchen()};
  std::vector<DeviceStatus> after = before;
  after[0].changed = {"sunW"};
  after[0].overview.sun_w = 12'000;
  after[0].overview.battery_w = 0;
  const std::string one = status_text(before, {.width = 80, .marks = true});
  const std::string other = status_text(after, {.width = 80, .marks = true});
  EXPECT_THAT(one, HasSubstr("\n   Küche"));
  EXPECT_THAT(other, HasSubstr("\n*  Küche"));
  EXPECT_EQ(one.substr(0, one.find('\n')), other.substr(0, other.find('\n'))) << "the headings";
}

DeviceStatus of_family(std::string_view family, overview::Overview figures) {
  const auto& catalog = shipped_catalog();
  return {.device = {.sn = std::string(family), .name = "x", .online = true, .owner = "ann"},
          .device_file = catalog->find(family),
          .overview = std::move(figures),
          .freshness = overview::Freshness::kLive,
          .age = Millis(1000)};
}

overview::Overview of_home(double sun_w, double battery_w, double grid_w, double load_w) {
  overview::Overview figures{.charge_percent = 61,
                             .sun_w = sun_w,
                             .grid_w = grid_w,
                             .load_w = load_w,
                             .battery_w = battery_w};
  const auto power = [&](history::Power of) -> auto& {
    return figures.powers_w.at(static_cast<std::size_t>(of));
  };
  power(history::Power::kPv) = sun_w;
  power(history::Power::kBattery) = battery_w;
  power(history::Power::kGrid) = grid_w;
  power(history::Power::kLoad) = load_w;
  return figures;
}

TEST(HomeText, SaysWhatTheHomeDoes) {
  EXPECT_EQ(home_text({of_family("power_ocean", of_home(3420, 1000, -2015, 405))}),
            "home 405 W, sun 3420 W, battery 61 % charging 1000 W, to the grid 2015 W\n");
  EXPECT_EQ(home_text({of_family("power_ocean", of_home(0, -300, 105, 405))}),
            "home 405 W, sun 0 W, battery 61 % giving 300 W, from the grid 105 W\n");
  EXPECT_EQ(home_text({of_family("smart_home_panel", {})}), "");
  overview::Overview busy = of_home(12'345, 12'345, 12'345, 12'345);
  busy.powers_w.at(static_cast<std::size_t>(history::Power::kEv)) = 7'200;
  EXPECT_EQ(home_text({of_family("power_ocean", busy)}),
            "home 12345 W, sun 12345 W, battery 61 % charging 12345 W,\n"
            "  from the grid 12345 W, car 7200 W\n");
  DeviceStatus other = of_family("power_ocean", of_home(0, 0, 405, 405));
  other.device.owner = "ben";
  const std::string two = home_text({of_family("power_ocean", of_home(0, -300, 105, 405)), other});
  EXPECT_THAT(two, HasSubstr("ann:\n  home 405 W, sun 0 W, battery 61 % giving 300 W"));
  EXPECT_THAT(two,
              HasSubstr("\nben:\n  home 405 W, sun 0 W, battery 61 % idle, from the grid 405 W"));
}

TEST(StatusText, TellsAWarningFromAFault) {
  using enum catalog::Severity;
  const overview::ActiveError reminder{.field = "a",
                                       .text = "Ice is ready: 1 (yes)",
                                       .title = "Ice is ready",
                                       .meaning = "1 (yes)",
                                       .severity = kWarning};
  const overview::ActiveError overload{.field = "b",
                                       .text = "Converter warning: 1",
                                       .title = "Converter warning",
                                       .meaning = "1",
                                       .severity = kWarning};
  const overview::ActiveError fan{
      .field = "c", .text = "Fan: 3", .title = "Fan", .meaning = "3", .severity = kFault};
  const struct {
    std::vector<overview::ActiveError> errors;
    std::string_view state;
  } rows[] = {
      {{reminder}, "  warning: Ice is ready: yes\n"},
      {{overload}, "  Converter warning: 1\n"},
      {{overload, reminder}, "  warning: Ice is ready: yes and 1 more\n"},
      {{reminder, fan}, "  Ice is ready: yes; Fan: 3\n"},
      {{overload, fan}, "  Fan: 3 and 1 more\n"},
      {{overload, reminder, fan}, "  Ice is ready: yes; Fan: 3 and 1 more\n"},
  };
  for (const auto& row : rows) {
    DeviceStatus status = kitchen();
    status.energy_kwh = {};
    status.overview = {.errors = row.errors};
    EXPECT_THAT(status_text({status}, {}), HasSubstr(row.state));
  }
  DeviceStatus status = kitchen();
  status.overview = {.errors = {reminder}};
  EXPECT_THAT(status_text({status}, {.coloured = true}), HasSubstr("\x1b[33mwarning"));
  EXPECT_THAT(wire::to_text(status_json(status)), HasSubstr(R"("severity":"warning")"));
}

TEST(StatusText, ShowsWhatIsWrong) {
  DeviceStatus broken = kitchen();
  broken.device.online = false;
  broken.freshness = overview::Freshness::kOffline;
  broken.energy_kwh = {};
  broken.overview = {.errors = {{.field = "a", .text = "Fan: 3"}, {.field = "b", .text = "x"}}};
  broken.age.reset();
  const std::string text = status_text({broken}, {});
  EXPECT_THAT(text, HasSubstr("offline; Fan: 3 and 1 more"));
  EXPECT_THAT(text, Not(HasSubstr("TODAY")));
  DeviceStatus silent = kitchen();
  silent.freshness = overview::Freshness::kQuiet;
  EXPECT_THAT(status_text({silent}, {}), HasSubstr("  quiet\n"));
  EXPECT_THAT(wire::to_text(status_json(silent)), HasSubstr(R"("state":"quiet")"));
  DeviceStatus iced = broken;
  iced.overview.errors.front().text = "Fan of the inverter: blocked by ice";
  EXPECT_THAT(status_text({iced, silent}, {.width = 80}),
              HasSubstr("\nKüche: offline; Fan of the inverter: blocked by ice and 1 more\n"));
  EXPECT_THAT(status_text({silent}, {.width = 80}), Not(HasSubstr("Küche: ")));
  broken.error = "no answer";
  EXPECT_THAT(status_text({broken}, {}), HasSubstr("no answer"));
  EXPECT_THAT(wire::to_text(status_json(broken)), HasSubstr(R"("chargePercent":null)"));
}

TEST(StatusText, ShowsTheFaultThatHasAName) {
  DeviceStatus hot = kitchen();
  hot.overview.errors = {{.field = "a", .text = "Fault: 1", .title = "Fault", .meaning = "1"},
                         {.field = "b",
                          .text = "Warnings of the pack: 1 (too hot)",
                          .title = "Warnings of the pack",
                          .meaning = "1 (too hot)"}};
  EXPECT_THAT(status_text({hot}, {}), HasSubstr("  Warnings of the pack: too hot and 1 more\n"));
  hot.overview.errors.back().severity = catalog::Severity::kWarning;
  EXPECT_THAT(status_text({hot}, {}), HasSubstr("  Warnings of the pack: too hot; Fault: 1\n"));
  hot.overview.errors.pop_back();
  EXPECT_THAT(status_text({hot}, {}), HasSubstr("  Fault: 1\n"));
}

TEST(StatusText, HasABarOfTheCharge) {
  EXPECT_EQ(charge_bar(-5), "░░░░░░░░░░");
  EXPECT_EQ(charge_bar(4), "░░░░░░░░░░");
  EXPECT_EQ(charge_bar(96), "██████████");
  EXPECT_EQ(charge_bar(120), "██████████");
  EXPECT_EQ(charge_bar(60, 5), "███░░");
}

TEST(ValueChanges, AreNewAndDifferentValues) {
  const std::vector<SeenValue> before = {{.sn = "A", .field = "soc", .value = 1, .text = "1 %"},
                                         {.sn = "A", .field = "w", .value = 5, .text = "5 W"}};
  const std::vector<SeenValue> now = {{.sn = "A", .field = "soc", .value = 2, .text = "2 %"},
                                      {.sn = "A", .field = "w", .value = 5, .text = "5 W"},
                                      {.sn = "B", .field = "soc", .value = 1, .text = "1 %"}};
  const auto changes = changes_between(before, now);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(change_line(changes[0], "12:00"), "12:00  A  soc  1 % -> 2 %");
  EXPECT_EQ(change_line(changes[1], "12:00"), "12:00  B  soc  1 %");
  EXPECT_EQ(wire::to_text(change_json(changes[0], "T")),
            R"({"at":"T","sn":"A","field":"soc","before":1,"value":2,"text":"2 %"})");
  EXPECT_THAT(wire::to_text(change_json(changes[1], "T")), HasSubstr(R"("before":null)"));
}

}  // namespace
}  // namespace gridloom::app
