// Energy counters read from history never fall, whatever happens to history and to the clock, and
// equal its sums where nothing was taken away.
#include "home/counter_reading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/energy/test_meters.h"
#include "history/test_energy_query.h"
#include "history/test_reports.h"
#include "storage/sqlite.h"
#include "testing/dice.h"
#include "testing/must.h"

namespace gridloom::home {
namespace {

using namespace std::chrono_literals;
using history::EnergyFlow;
using overview::Quantity;
using testing::DoubleNear;
using testing::Optional;

constexpr double kRounding_wh = 0.01;

const catalog::FamilyPtr& meter() {
  static const catalog::FamilyPtr kLoaded =
      history::meters("  w.grid: {nature: grid.power, sign: import is positive}\n");
  return kLoaded;
}
const catalog::FamilyPtr& sunny() {
  static const catalog::FamilyPtr kLoaded = history::meters("  w.pv: {nature: pv.power}\n");
  return kLoaded;
}

// A power station that does not measure its battery.
const catalog::FamilyPtr& station() {
  static const catalog::FamilyPtr kLoaded = history::meters(
      "  w.pv: {nature: pv.power}\n  w.ac: {nature: grid.import_power}\n"
      "  w.out: {nature: load.power}\n  w.soc: {unit: \"%\", nature: battery.soc}\n");
  return kLoaded;
}
constexpr DeviceNumber kStation = 2;

class CounterReadingTest : public history::ReportsTest {
 protected:
  CounterReadingTest()
      : ReportsTest([this](DeviceNumber number) {
          if (number == kStation && has_station_) return station();
          return number >= 3 ? meter() : sunny();
        }) {
    open();
  }
  ~CounterReadingTest() override { close(); }

  void bring_forward(Millis now) {
    CounterReading reading({.devices = devices_, .now_ms = unix_ms(kStart + now)}, book_);
    history::read_now(*archive_, [&](history::Reader& reader) {
      while (!reading.done()) must(reading.work(reader));
    });
  }
  [[nodiscard]] std::optional<double> counter(DeviceNumber number = 1,
                                              EnergyFlow flow = EnergyFlow::kPv,
                                              const catalog::FamilyPtr& family = sunny()) const {
    return book_.counters_of(number, history::EnergySources(*family))
        .at(static_cast<std::size_t>(flow));
  }
  [[nodiscard]] std::optional<double> home(Quantity quantity) const {
    return book_.home().at(static_cast<std::size_t>(quantity));
  }
  // What history says of the sun of all hours.
  double sum_of(DeviceNumber number, Millis from, Millis to) {
    double sum = 0;
    history::read_now(*archive_, [&](history::Reader& reader) {
      const std::vector<std::int64_t> bounds = {unix_ms(kStart + from), unix_ms(kStart + to)};
      sum = must(history::energies_between(reader, number, history::EnergySources(*sunny()),
                                           bounds))[0]
                .of(EnergyFlow::kPv);
    });
    return sum;
  }
  // As after a restart.
  void write_and_read_book() { book_ = must(CounterBook::from_json(book_.to_json())); }
  void change_store(std::string_view sql, std::int64_t hour) {
    close();
    {
      auto database = must(storage::Database::open(folder_.data() / "history.db"));
      must(database.execute(sql, history::hour_of(unix_ms(kStart)) + hour));
    }
    open();
  }

  std::vector<HistoryDevice> devices_ = {{.sn = "SH1A", .number = 1, .family = sunny()}};
  CounterBook book_;
  bool has_station_ = false;  // the device 2 is one
};

TEST_F(CounterReadingTest, ADeviceThatNeverReportedHasNoCounter) {
  bring_forward(1h);
  EXPECT_EQ(counter(), std::nullopt);
  EXPECT_EQ(home(Quantity::kSun), std::nullopt);
  steady(1, 0h, 1h, "w.pv", "0");
  send();
  bring_forward(1h);
  EXPECT_EQ(counter(), 0) << "known to be nothing";
  EXPECT_EQ(home(Quantity::kSun), 0);
}

TEST_F(CounterReadingTest, ACounterBeginsWithTheHistoryOfItsDevice) {
  steady(1, -200h, -190h, "w.pv", "100");
  steady(1, -1h, 0h, "w.pv", "1000");
  send();
  bring_forward(0h);
  EXPECT_THAT(counter(), Optional(DoubleNear(2000, kRounding_wh)));
  steady(1, 1min, 1h, "w.pv", "1000");
  send();
  bring_forward(1h);
  EXPECT_THAT(counter(), Optional(DoubleNear(3000, kRounding_wh)));
}

TEST_F(CounterReadingTest, ALateReportThatMakesAnHourSmallerStopsTheCounter) {
  report(1, 0min, "w.pv", "1200");
  report(1, 4min, "w.pv", "1200");
  send();
  bring_forward(4min);
  EXPECT_THAT(counter(), Optional(DoubleNear(80, kRounding_wh)));
  report(1, 1min, "w.pv", "0");
  send();
  bring_forward(4min);
  EXPECT_THAT(counter(), Optional(DoubleNear(80, kRounding_wh))) << "history says 20";
  steady(1, 5min, 8min, "w.pv", "1200");
  send();
  bring_forward(8min);
  EXPECT_THAT(counter(), Optional(DoubleNear(100, kRounding_wh))) << "and it has caught up";
}

TEST_F(CounterReadingTest, ALateReportOfAPastThatWasReadCountsADayLater) {
  steady(1, 0h, 1h, "w.pv", "100");
  send();
  bring_forward(100h);
  steady(1, 2h, 3h, "w.pv", "1000");
  send();
  bring_forward(101h);
  EXPECT_THAT(counter(), Optional(DoubleNear(100, kRounding_wh)));
  bring_forward(124h);
  EXPECT_THAT(counter(), Optional(DoubleNear(1100, kRounding_wh)));
}

TEST_F(CounterReadingTest, HoursThatAreRemovedStayCounted) {
  steady(1, 0h, 2h, "w.pv", "1000");
  send();
  clock_.set(kStart + 100h);
  bring_forward(100h);
  EXPECT_THAT(counter(), Optional(DoubleNear(2000, kRounding_wh)));
  change_store("DELETE FROM block WHERE hour <= ?", 1);
  change_store("DELETE FROM energy_hour WHERE hour <= ?", 1);
  EXPECT_LT(sum_of(1, 0h, 24h), 100) << "they are gone";
  bring_forward(130h);
  EXPECT_THAT(counter(), Optional(DoubleNear(2000, kRounding_wh)));
  steady(1, 130h, 131h, "w.pv", "500");
  send();
  bring_forward(131h);
  EXPECT_THAT(counter(), Optional(DoubleNear(2500, kRounding_wh))) << "and it goes on at once";
  bring_forward(300h);
  EXPECT_THAT(counter(), Optional(DoubleNear(2500, kRounding_wh)));
}

TEST_F(CounterReadingTest, AClockThatJumpsChangesNothing) {
  steady(1, 0h, 1h, "w.pv", "1000");
  send();
  bring_forward(1h);
  for (const Millis now : {Millis(24h * 3650), Millis(-24h * 3650), Millis(2h), Millis(-100h)}) {
    bring_forward(now);
    EXPECT_THAT(counter(), Optional(DoubleNear(1000, kRounding_wh))) << now.count();
  }
  // Reports of a clock that was a year ahead.
  steady(1, 24h * 365, 24h * 365 + 1h, "w.pv", "1000");
  send();
  bring_forward(24h * 365 + 1h);
  EXPECT_THAT(counter(), Optional(DoubleNear(2000, kRounding_wh)));
  steady(1, 2h, 3h, "w.pv", "1000");
  send();
  bring_forward(3h);
  EXPECT_THAT(counter(), Optional(DoubleNear(3000, kRounding_wh)));
}

TEST_F(CounterReadingTest, ADeviceWithDamagedHistoryKeepsItsCounter) {
  steady(1, 0h, 1h, "w.pv", "1000");
  send();
  bring_forward(1h);
  close();
  history::damage_energies(folder_.data());
  open();
  bring_forward(2h);
  EXPECT_THAT(counter(), Optional(DoubleNear(1000, kRounding_wh)));
  EXPECT_THAT(home(Quantity::kSun), Optional(DoubleNear(1000, kRounding_wh)));
}

// --- the home

TEST_F(CounterReadingTest, TheHomeIsNotTheSumOfItsDevices) {
  devices_.push_back({.sn = "HM1C", .number = 3, .family = meter()});
  steady(1, 0h, 1h, "w.pv", "1000");
  steady(3, 0h, 1h, "w.grid", "-400");
  send();
  bring_forward(1h);
  EXPECT_THAT(home(Quantity::kSun), Optional(DoubleNear(1000, kRounding_wh)));
  EXPECT_THAT(home(Quantity::kGridExport), Optional(DoubleNear(400, kRounding_wh)));
  EXPECT_THAT(home(Quantity::kGridImport), Optional(DoubleNear(0, kRounding_wh)));
  EXPECT_THAT(home(Quantity::kHome), Optional(DoubleNear(600, kRounding_wh)));
}

TEST_F(CounterReadingTest, ADeviceThatComesWithAPastAddsWhatItMeasuresFromThenOn) {
  steady(1, 0h, 10h, "w.pv", "100");
  steady(2, 0h, 10h, "w.pv", "1000");
  send();
  bring_forward(10h);
  EXPECT_THAT(home(Quantity::kSun), Optional(DoubleNear(1000, kRounding_wh)));
  devices_.push_back({.sn = "SH1B", .number = 2, .family = sunny()});
  bring_forward(10h);
  EXPECT_THAT(counter(2), Optional(DoubleNear(10'000, kRounding_wh))) << "its own has all";
  EXPECT_THAT(home(Quantity::kSun), Optional(DoubleNear(1000, kRounding_wh)));
  steady(2, 10h + 1min, 11h, "w.pv", "1000");
  send();
  bring_forward(11h);
  EXPECT_THAT(home(Quantity::kSun), Optional(DoubleNear(2000, kRounding_wh)));
  // It leaves, and what it added stays; it comes back, and goes on.
  devices_.pop_back();
  bring_forward(11h);
  EXPECT_THAT(home(Quantity::kSun), Optional(DoubleNear(2000, kRounding_wh)));
  write_and_read_book();
  devices_.push_back({.sn = "SH1B", .number = 2, .family = sunny()});
  steady(2, 11h + 1min, 12h, "w.pv", "1000");
  send();
  bring_forward(12h);
  EXPECT_THAT(counter(2), Optional(DoubleNear(12'000, kRounding_wh)));
  EXPECT_THAT(home(Quantity::kSun), Optional(DoubleNear(2000, kRounding_wh)))
      << "the hour in which it was away belongs to nobody's home";
}

TEST_F(CounterReadingTest, ADeviceThatIsNewCountsFromItsBeginning) {
  steady(1, 0h, 10h, "w.pv", "100");
  send();
  bring_forward(10h);
  devices_.push_back({.sn = "SH1B", .number = 2, .family = sunny()});
  steady(2, 10h, 11h, "w.pv", "500");
  send();
  bring_forward(11h);
  EXPECT_THAT(home(Quantity::kSun), Optional(DoubleNear(1500, kRounding_wh)));
}

TEST_F(CounterReadingTest, AHomeThatGetsAMeterGoesOn) {
  steady(1, 0h, 10h, "w.pv", "100");
  send();
  bring_forward(10h);
  EXPECT_THAT(home(Quantity::kHome), Optional(DoubleNear(1000, kRounding_wh)));
  devices_.push_back({.sn = "HM1C", .number = 3, .family = meter()});
  steady(1, 10h + 1min, 11h, "w.pv", "100");
  steady(3, 10h, 11h, "w.grid", "500");
  send();
  bring_forward(11h);
  EXPECT_THAT(home(Quantity::kHome), Optional(DoubleNear(1600, kRounding_wh)));
  devices_.pop_back();
  bring_forward(11h);
  EXPECT_THAT(home(Quantity::kHome), Optional(DoubleNear(1600, kRounding_wh)));
  EXPECT_THAT(home(Quantity::kGridImport), Optional(DoubleNear(500, kRounding_wh)));
}

// It takes 900 W, gives 85 W, and stores the rest; then it lives from that.
TEST_F(CounterReadingTest, WhatAStationStoresIsNoUseOfTheHome) {
  has_station_ = true;
  devices_ = {{.sn = "SS1A", .number = kStation, .family = station()}};
  const auto live = [&](Millis from, Millis to, std::string_view sun, std::string_view mains) {
    steady(kStation, from, to, "w.pv", sun);
    steady(kStation, from, to, "w.ac", mains);
    steady(kStation, from, to, "w.out", "85");
    send();
    bring_forward(to);
  };
  live(0h, 1h, "200", "700");
  EXPECT_THAT(home(Quantity::kHome), Optional(DoubleNear(85, 1)));
  write_and_read_book();
  live(1h + 1min, 3h, "0", "0");
  EXPECT_THAT(home(Quantity::kHome), Optional(DoubleNear(3 * 85, 1)));
  EXPECT_THAT(home(Quantity::kGridImport), Optional(DoubleNear(700, 15)));
  // A meter comes, which sees more than the station draws; then the station goes.
  devices_.push_back({.sn = "HM1C", .number = 3, .family = meter()});
  bring_forward(3h);
  steady(3, 3h, 4h, "w.grid", "1000");
  live(3h + 1min, 4h, "0", "700");
  EXPECT_THAT(home(Quantity::kHome), Optional(DoubleNear(3 * 85 + 1000 - 700 + 85, 15)));
  devices_.erase(devices_.begin());
  write_and_read_book();
  steady(3, 4h + 1min, 5h, "w.grid", "1000");
  send();
  bring_forward(5h);
  EXPECT_THAT(home(Quantity::kHome), Optional(DoubleNear(3 * 85 + 385 + 1000, 15)));
}

// A book from before goes on from what it has shown.
TEST_F(CounterReadingTest, ABookThatDidNotKnowOfBalancesGoesOn) {
  has_station_ = true;
  devices_ = {{.sn = "SS1A", .number = kStation, .family = station()}};
  steady(kStation, 0h, 1h, "w.ac", "700");
  steady(kStation, 0h, 1h, "w.out", "85");
  send();
  bring_forward(1h);
  wire::JsonObject old = book_.to_json();
  old["version"] = 1;
  wire::JsonObject& of_home = old["home"].get_object();
  of_home.erase("carriedStored");
  for (auto& base : of_home["bases"].get_object()) base.value().get_object().erase("balance");
  of_home["totals"].get_object()["home"] = 700'000;
  book_ = must(CounterBook::from_json(old));
  bring_forward(1h);
  steady(kStation, 1h + 1min, 2h, "w.ac", "0");
  steady(kStation, 1h + 1min, 2h, "w.out", "85");
  send();
  bring_forward(2h);
  EXPECT_THAT(home(Quantity::kHome), Optional(DoubleNear(700 + 85, 2)));
}

// --- properties

class CounterProperties : public CounterReadingTest,
                          public testing::WithParamInterface<std::uint64_t> {
 protected:
  // Hours behind the start up to which there are reports.
  std::int64_t reached_ = 0;
};

// The power is the same at any time, so that a late report only adds.
TEST_P(CounterProperties, NeverFallsAndEqualsTheSumInTheEnd) {
  Dice dice(GetParam());
  double before = 0;
  for (int step = 0; step < 40; ++step) {
    const auto kind = dice.between(0, 5);
    if (kind <= 2) {
      const std::int64_t begin = reached_ * 60 + dice.between(0, 600);
      const std::int64_t end = begin + dice.between(1, 90);
      steady(1, std::chrono::minutes(begin), std::chrono::minutes(end), "w.pv", "600");
      send();
      reached_ = end / 60 + 1;
    } else if (kind == 3) {
      const std::int64_t begin = dice.between(0, reached_ * 60);
      steady(1, std::chrono::minutes(begin), std::chrono::minutes(begin + dice.between(1, 30)),
             "w.pv", "600");
      send();
    } else if (kind == 4) {
      write_and_read_book();
      close();
      open();
    }
    const Millis now = std::chrono::hours(reached_);
    if (now > Millis(clock_.now() - kStart)) clock_.set(kStart + now);
    bring_forward(kind == 5 ? now - std::chrono::hours(dice.between(0, 500)) : now);
    const double now_wh = counter().value_or(0);
    ASSERT_GE(now_wh, before) << "step " << step;
    ASSERT_GE(home(Quantity::kSun).value_or(0) + kRounding_wh, before) << "step " << step;
    before = now_wh;
  }
  bring_forward(std::chrono::hours(reached_ + 24 * 10));
  EXPECT_NEAR(counter().value_or(0), sum_of(1, -1h, std::chrono::hours(reached_ + 24)), 0.1);
}

TEST_P(CounterProperties, NeverFallsWhateverIsReported) {
  Dice dice(GetParam());
  double before = 0;
  for (int step = 0; step < 25; ++step) {
    const std::int64_t begin = dice.between(0, 24 * 60 * 6);
    const std::string watts = std::to_string(dice.between(0, 3000));
    steady(1, std::chrono::minutes(begin), std::chrono::minutes(begin + dice.between(1, 60)),
           "w.pv", watts);
    send();
    if (dice.between(0, 4) == 0) write_and_read_book();
    bring_forward(std::chrono::hours(dice.between(0, 24 * 9)));
    const double now_wh = counter().value_or(0);
    ASSERT_GE(now_wh, before) << "step " << step;
    before = now_wh;
  }
  bring_forward(24h * 20);
  bring_forward(24h * 30);
  EXPECT_GE(counter().value_or(0) + 0.1, sum_of(1, -1h, 24h * 8)) << "nothing is left out";
}

INSTANTIATE_TEST_SUITE_P(Seeds, CounterProperties, testing::Range<std::uint64_t>(1, 6));

// A device names a household meter of the home: what it has counted of the grid stays counted.
TEST_F(CounterReadingTest, TheHomeGoesOnWhenADeviceIsNoMeterAnyMore) {
  devices_ = {{.sn = "HM1A", .number = 3, .family = meter()},
              {.sn = "HM1B", .number = 4, .family = meter()}};
  for (DeviceNumber number : {3, 4}) steady(number, 0h, 1h, "w.grid", "1000");
  send();
  bring_forward(1h);
  EXPECT_THAT(home(Quantity::kGridImport), Optional(DoubleNear(2000, kRounding_wh)));
  devices_.front().role = overview::Role::kOther;
  bring_forward(1h);
  EXPECT_THAT(home(Quantity::kGridImport), Optional(DoubleNear(2000, kRounding_wh)));
  for (DeviceNumber number : {3, 4}) steady(number, 61min, 2h, "w.grid", "1000");
  send();
  bring_forward(2h);
  EXPECT_THAT(home(Quantity::kGridImport), Optional(DoubleNear(3000, 40)))
      << "of one of them from then on";
}

}  // namespace
}  // namespace gridloom::home
