// The tables of `gridloom status`, and what changed between two looks.
#include "app/command_line/home_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/command_line/output.h"
#include "app/command_line/value_changes.h"

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
  EXPECT_EQ(status_text({kitchen()}, false),
            "DEVICE  NAME   CHARGE                SUN  GRID  LOAD  AGE  STATE\n"
            "R331A   Küche  █████░░░░░  52 % ▲  121 W  -3 W     -   2s  live\n"
            "\n"
            "TODAY, kWh  NAME    SUN  LOAD\n"
            "R331A       Küche  1.26  0.00\n");
}

TEST(StatusText, ShowsWhatIsWrong) {
  DeviceStatus broken = kitchen();
  broken.device.online = false;
  broken.freshness = overview::Freshness::kOffline;
  broken.energy_kwh = {};
  broken.overview = {.errors = {{.field = "a", .text = "Fan: 3"}, {.field = "b", .text = "x"}}};
  broken.age.reset();
  const std::string text = status_text({broken}, false);
  EXPECT_THAT(text, HasSubstr("offline; Fan: 3 and 1 more"));
  EXPECT_THAT(text, Not(HasSubstr("TODAY")));
  DeviceStatus silent = kitchen();
  silent.freshness = overview::Freshness::kQuiet;
  EXPECT_THAT(status_text({silent}, false), HasSubstr("  quiet\n"));
  EXPECT_THAT(wire::to_text(status_json(silent)), HasSubstr(R"("state":"quiet")"));
  broken.error = "no answer";
  EXPECT_THAT(status_text({broken}, false), HasSubstr("no answer"));
  EXPECT_THAT(wire::to_text(status_json(broken)), HasSubstr(R"("chargePercent":null)"));
}

TEST(StatusText, HasABarOfTheCharge) {
  EXPECT_EQ(charge_bar(-5), "░░░░░░░░░░");
  EXPECT_EQ(charge_bar(4), "░░░░░░░░░░");
  EXPECT_EQ(charge_bar(96), "██████████");
  EXPECT_EQ(charge_bar(120), "██████████");
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
