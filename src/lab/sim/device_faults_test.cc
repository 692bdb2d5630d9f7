#include "sim/device_faults.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/device_faults.h"
#include "sim/test_bench.h"
#include "testing/catalog.h"

namespace gridloom::sim {
namespace {

using wire::Json;

constexpr TimePoint kNoon{std::chrono::sys_days{std::chrono::June / 10 / 2025} +
                          std::chrono::hours{11}};

// The last reported values of all fields with this name, in any module.
std::vector<Json> values_of(const Fields& fields, std::string_view name) {
  std::vector<Json> values;
  for (const Fields::Entry& entry : fields.entries()) {
    if (entry.field->name == name) values.push_back(fields.get(entry.slot));
  }
  return values;
}

TEST(DeviceFaults, EachShowsInItsFamilysFieldsWhileItLastsAndNotAfter) {
  for (const std::string& id : shipped_families()) {
    const catalog::FamilyPtr family = family_of(id);
    ASSERT_FALSE(family->faults.empty()) << id;
    for (const catalog::DeviceFault& fault : family->faults) {
      SCOPED_TRACE(fmt::format("{} {}", id, fault.name));
      // The effect of these shows only in certain situations: models/*_test.cc and
      // packs_weeks_test.cc.
      const bool by_model =
          fault.name == "overload" || fault.name == "heater_failure" || fault.name == "packs";
      EXPECT_EQ(fault.reports.empty(), by_model);
      Bench bench(family);
      bench.connect();
      bench.run(Millis{10 * kMinute_ms});
      std::map<std::string, std::vector<Json>> before;
      for (const auto& [name, value] : fault.reports)
        before[name] = values_of(bench.fields(), name);
      bench.rules = {{.fault = fault.name}};
      bench.run(Millis{30 * kMinute_ms});
      for (const auto& [name, value] : fault.reports) {
        for (const Json& shown : values_of(bench.fields(), name)) EXPECT_EQ(shown, value) << name;
      }
      expect_documented(bench.fields());
      bench.rules.clear();
      bench.run(Millis{2 * kMinute_ms});
      for (const auto& [name, value] : fault.reports) {
        EXPECT_EQ(values_of(bench.fields(), name), before[name]) << name;
      }
    }
  }
}

TEST(DeviceFaults, ShownValuesAreReportedOnceAtTheBeginAndTheEnd) {
  Bench bench(family_of("delta_2"));
  bench.connect();
  const auto told = [&](std::string_view what) {
    bench.said.clear();
    bench.step(Millis{2000});
    return std::ranges::count_if(bench.said, [&](const VirtualDevice::Message& message) {
      return message.payload.contains(what);
    });
  };
  EXPECT_EQ(told(R"("faultCode":)"), 0);
  bench.rules = {{.fault = "panel_lost"}};
  EXPECT_EQ(told(R"("faultCode":1)"), 1);
  EXPECT_EQ(told(R"("faultCode":)"), 0);
  bench.rules.clear();
  EXPECT_EQ(told(R"("faultCode":0)"), 1);
}

TEST(DeviceFaults, HeldFieldsStayAsTheyWereAndMoveOnAfterwards) {
  for (const std::string& id : shipped_families()) {
    SCOPED_TRACE(id);
    const catalog::FamilyPtr family = family_of(id);
    const catalog::DeviceFault* stuck = catalog::find_device_fault(*family, "sensor_stuck");
    ASSERT_NE(stuck, nullptr);
    Bench bench(family);
    bench.site = [&](Environment& environment) {
      environment.set_air(unix_ms(environment.now) / kHour_ms % 2 == 0 ? 35 : 5);
      environment.grid_up = unix_ms(environment.now) / kHour_ms % 3 != 0;
    };
    bench.connect();
    bench.run(Millis{kHour_ms});
    bench.rules = {{.fault = "sensor_stuck"}};
    bench.step(Millis{2000});
    std::vector<std::vector<Json>> held;
    for (const std::string& name : stuck->freezes) held.push_back(values_of(bench.fields(), name));
    for (int hour = 0; hour < 6; ++hour) {
      bench.run(Millis{kHour_ms});
      for (std::size_t k = 0; k < held.size(); ++k) {
        EXPECT_EQ(values_of(bench.fields(), stuck->freezes[k]), held[k]) << stuck->freezes[k];
      }
    }
    bench.rules.clear();
    bool moved = false;
    for (int hour = 0; hour < 6; ++hour) {
      bench.run(Millis{kHour_ms});
      for (std::size_t k = 0; k < held.size(); ++k) {
        moved = moved || values_of(bench.fields(), stuck->freezes[k]) != held[k];
      }
    }
    EXPECT_TRUE(moved);
  }
}

double sum_of(const Fields& fields, std::string_view nature) {
  double sum = 0;
  for (const Fields::Entry& entry : fields.entries()) {
    if (entry.field->nature == nature) {
      sum += fields.number(entry.slot) * entry.field->scale;
    }
  }
  return sum;
}

TEST(DeviceFaults, ABatteryOfWhichTheProtectionOpensNeitherTakesNorGives) {
  struct Row {
    std::string_view family;
    std::vector<std::string_view> watts;
  };
  for (const Row& row :
       {Row{"delta_2", {"bms_bmsStatus.inputWatts", "bms_bmsStatus.outputWatts"}},
        Row{"power_kits", {"bp2000.*.inWatts", "bp2000.*.outWatts"}}, Row{"power_ocean", {"bpPwr"}},
        Row{"power_stream", {"20_1.batInputWatts"}}}) {
    SCOPED_TRACE(row.family);
    Bench bench(family_of(row.family), {.start = kNoon});
    const auto watts = [&] {
      double sum = 0;
      for (const std::string_view name : row.watts) {
        for (const Json& value : values_of(bench.fields(), name)) {
          sum += std::abs(value.to_number<double>());
        }
      }
      return sum;
    };
    bench.connect();
    bench.run(Millis{5 * kMinute_ms});
    EXPECT_GT(watts(), 0);
    bench.rules = {{.fault = "over_temperature"}};
    for (int hour = 0; hour < 24; ++hour) {
      bench.run(Millis{kHour_ms});
      EXPECT_EQ(watts(), 0) << hour;
    }
  }
}

TEST(DeviceFaults, OneOfTwoPanelsIsLost) {
  for (const auto& [id, left] : {std::pair{"power_ocean", 0.5}, {"power_stream", 0.5}}) {
    SCOPED_TRACE(id);
    Bench bench(family_of(id), {.start = kNoon});
    bench.site = [](Environment& environment) {
      environment.sun = 0.3;
      environment.sun_direction.reset();
      environment.household_w = 2000;
    };
    bench.connect();
    bench.step(Millis{2000});
    const double whole_w = sum_of(bench.fields(), "pv.power");
    ASSERT_GT(whole_w, 100);
    bench.rules = {{.fault = "panel_lost"}};
    bench.step(Millis{2000});
    EXPECT_NEAR(sum_of(bench.fields(), "pv.power") / whole_w, left, 0.12);
  }
}

TEST(DeviceFaults, AWrongClockShowsInWhatTheDeviceSays) {
  Bench bench(family_of("power_stream"));
  bench.connect();
  bench.rules = {{.fault = "clock_skew", .value = 86'400 * 365.0}};
  bench.said.clear();
  bench.step(Millis{2000});
  ASSERT_FALSE(bench.said.empty());
  EXPECT_NE(bench.said.front().payload.find("\"updateTime\":\"2026-"), std::string::npos)
      << bench.said.front().payload;
}

TEST(DeviceFaults, ASilentDeviceObeysAndDoesNotReply) {
  Bench bench(family_of("delta_2"));
  bench.connect();
  bench.rules = {{.fault = "no_reply"}};
  bench.step(Millis{2000});
  bench.said.clear();
  bench.tell(R"({"id":5,"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})");
  EXPECT_EQ(bench.number("pd.beepMode"), 1);
  EXPECT_TRUE(std::ranges::none_of(
      bench.said, [](const auto& message) { return message.verb == "set_reply"; }));
}

TEST(DeviceFaults, BrokenReportsAreOfEveryKindAndNeverWhole) {
  Bench bench(family_of("delta_2"));
  bench.connect();
  std::vector<std::string> whole;
  for (const auto& message : bench.said) whole.push_back(message.payload);
  std::set<std::string> kinds;
  for (std::uint64_t draw = 0; draw < 6; ++draw)
    kinds.insert(malformed_report(whole.front(), draw));
  EXPECT_EQ(kinds.size(), 6U);
  EXPECT_FALSE(kinds.contains(whole.front()));
  bench.rules = {{.fault = "malformed_report"}};
  bench.said.clear();
  bench.run(Millis{5 * kMinute_ms});
  for (const auto& message : bench.said) {
    const auto parsed = wire::parse_json(message.payload);
    EXPECT_FALSE(parsed && parsed->is_object()) << message.payload;
  }
}

TEST(DeviceFaults, CutOffAndFlapping) {
  Bench bench(family_of("delta_2"));
  bench.rules = {{.fault = "flapping", .value = 10}};
  int changes = 0;
  bool was = false;
  for (int k = 0; k < 60; ++k) {
    bench.step(Millis{2000});
    if (std::exchange(was, bench.device().cut_off()) != bench.device().cut_off()) ++changes;
  }
  EXPECT_NEAR(changes, 12, 1);
  bench.rules = {{.fault = "disconnect"}};
  bench.step(Millis{2000});
  EXPECT_TRUE(bench.device().cut_off());
}

TEST(DeviceFaults, AnOrderHoldsForWhomWhenAndAsOftenAsItSays) {
  const Chance chance(7);
  const FaultRule one{.fault = "disconnect", .sn = "A", .until = kNoon};
  EXPECT_TRUE(holds(one, "A", kNoon - Millis{1}, chance));
  EXPECT_FALSE(holds(one, "A", kNoon, chance));
  EXPECT_FALSE(holds(one, "B", kNoon - Millis{1}, chance));
  const FaultRule some{.fault = "disconnect", .probability = 0.2};
  int times = 0;
  for (int minute = 0; minute < 10'000; ++minute) {
    const TimePoint at = kNoon + Millis{minute * kMinute_ms};
    const bool now = holds(some, "A", at, chance);
    EXPECT_EQ(now, holds(some, "A", at + Millis{59'999}, chance)) << "all of a minute";
    if (now) ++times;
  }
  EXPECT_NEAR(times, 2000, 150);
}

TEST(DeviceFaults, AnOrderThatNobodyCanCarryOutIsRefusedWithWhatThereIs) {
  const auto catalog = shipped_catalog();
  EXPECT_TRUE(catalog::check_fault_rule({.fault = "panel_lost"}, *catalog));
  EXPECT_TRUE(catalog::check_fault_rule({.fault = "flapping", .sn = "SP10TEST"}, *catalog));
  const Status no_panel =
      catalog::check_fault_rule({.fault = "panel_lost", .sn = "SP10TEST"}, *catalog);
  ASSERT_FALSE(no_panel);
  EXPECT_NE(no_panel.error().detail.find("smart_home_panel has no fault \"panel_lost\"; there are "
                                         "clock_skew, disconnect"),
            std::string::npos)
      << no_panel.error().detail;
  EXPECT_FALSE(catalog::check_fault_rule({.fault = "rain"}, *catalog));
  EXPECT_FALSE(catalog::check_fault_rule({.fault = "disconnect", .probability = 0}, *catalog));
}

}  // namespace
}  // namespace gridloom::sim
