// The energy query gives the same result from blocks in memory, chunks, stored hours, and after a
// restart.
#include "history/energy_query.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "history/energy/energy_integrator.h"
#include "history/energy/test_meters.h"
#include "history/test_energy_query.h"
#include "history/test_reports.h"
#include "storage/sqlite.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;

constexpr DeviceNumber kDevice = 7;

const catalog::FamilyPtr& family() {
  static const catalog::FamilyPtr kLoaded = meters(
      "  w.pv: {nature: pv.power}\n"
      "  wh.grid: {type: int, unit: Wh, nature: grid.energy_in}\n",
      "w., wh.");
  return kLoaded;
}

class EnergyQueryTest : public ReportsTest {
 protected:
  EnergyQueryTest()
      : ReportsTest([this](DeviceNumber device) {
          return device == kDevice && known_ ? family() : nullptr;
        }) {
    open();
  }
  ~EnergyQueryTest() override { close(); }

  void report(Millis after, std::string_view name, std::string_view json) {
    ReportsTest::report(kDevice, after, name, json);
  }
  void steady(Millis from, Millis to, std::string_view name, std::string_view json) {
    ReportsTest::steady(kDevice, from, to, name, json);
  }

  // The energies between neighbours of `bounds`, which are times after kStart.
  std::vector<double> wh(EnergyFlow flow, const std::vector<Millis>& bounds,
                         DeviceNumber device = kDevice) {
    std::vector<std::int64_t> at_ms;
    for (const Millis after : bounds) at_ms.push_back(unix_ms(kStart + after));
    std::vector<double> all;
    read_now(*archive_, [&](Reader& reader) {
      for (const Energies& sum :
           must(energies_between(reader, device, EnergySources(*family()), at_ms))) {
        all.push_back(std::round(sum.of(flow) * 100) / 100);
      }
    });
    return all;
  }
  // How long the sun is known between neighbours of `bounds`, in minutes.
  std::vector<std::int64_t> known_min(const std::vector<Millis>& bounds,
                                      DeviceNumber device = kDevice) {
    std::vector<std::int64_t> at_ms;
    for (const Millis after : bounds) at_ms.push_back(unix_ms(kStart + after));
    EnergyQuery query({.device = device, .sources = EnergySources(*family()), .bounds = at_ms});
    read_now(*archive_, [&](Reader& reader) {
      while (!query.done()) must(query.work(reader));
    });
    if (device == kDevice) known_until_ = TimePoint(Millis(query.known_until_ms()));
    std::vector<std::int64_t> all;
    for (const KnownTime& known : query.known()) {
      all.push_back(known.of(EnergyFlow::kPv) / 60'000);
    }
    return all;
  }
  // True if the hour's energies are in the store.
  bool is_stored(std::int64_t hour) {
    bool found = false;
    read_now(*archive_, [&](Reader& reader) {
      const std::int64_t at = hour_of(unix_ms(kStart)) + hour;
      must(reader.each_energy(kDevice, at, at + 1, [&](std::int64_t, std::string_view) {
        found = true;
        return Status();
      }));
    });
    return found;
  }
  void wait_until_stored(std::int64_t hour) {
    while (!is_stored(hour)) std::this_thread::yield();
  }

  using Sums = std::vector<double>;
  bool known_ = true;
  TimePoint known_until_{};
};

TEST_F(EnergyQueryTest, TheRunningHourIsReadFromMemory) {
  steady(0min, 30min, "w.pv", "1200");
  send();
  EXPECT_EQ(wh(EnergyFlow::kPv, {0min, 15min, 30min, 60min}), (Sums{300, 300, 0}));
  EXPECT_FALSE(is_stored(0));
}

TEST_F(EnergyQueryTest, CompletedHoursGiveTheSameEnergiesAsBefore) {
  steady(0min, 150min, "w.pv", "1200");
  send();
  const std::vector<Millis> bounds = {-1h, 0h, 1h, 2h, 2h + 15min, 3h, 24h};
  const Sums expected = {0, 1200, 1200, 300, 300, 0};
  EXPECT_EQ(wh(EnergyFlow::kPv, bounds), expected);
  clock_.set(kStart + 2h + 3min);
  wait_until_stored(1);
  EXPECT_FALSE(is_stored(2));
  EXPECT_EQ(wh(EnergyFlow::kPv, bounds), expected);
  clock_.set(kStart + 3h + 3min);
  wait_until_stored(2);
  EXPECT_EQ(wh(EnergyFlow::kPv, bounds), expected);
  close();
  open();
  EXPECT_EQ(wh(EnergyFlow::kPv, bounds), expected);
}

TEST_F(EnergyQueryTest, DamagedEnergiesAreComputedFromTheBlockIfItIsStored) {
  steady(0min, 150min, "w.pv", "1200");
  send();
  clock_.set(kStart + 3h + 3min);
  wait_until_stored(2);
  close();
  const std::vector<Millis> bounds = {0h, 1h, 2h, 3h};
  const auto change = [this](std::string_view sql) {
    auto database = must(storage::Database::open(folder_.data() / "history.db"));
    must(database.execute(sql, hour_of(unix_ms(kStart)) + 1));
  };
  change("UPDATE energy_hour SET bytes = X'02000000' WHERE hour = ?");
  open();
  EXPECT_EQ(wh(EnergyFlow::kPv, bounds), (Sums{1200, 1200, 600}));
  EXPECT_FALSE(is_stored(1));
  EXPECT_EQ(archive_->health().damaged_rows, 1);
  close();
  change("DELETE FROM block WHERE hour = ?");
  open();
  // Energy across the borders belongs to the later hour.
  EXPECT_EQ(wh(EnergyFlow::kPv, bounds), (Sums{1180, 20, 600}));
}

TEST_F(EnergyQueryTest, AStopWithinAnHourNeitherLosesNorDoublesEnergies) {
  steady(0min, 70min, "w.pv", "1200");
  send();
  close();
  open();
  steady(71min, 90min, "w.pv", "1200");
  send();
  EXPECT_EQ(wh(EnergyFlow::kPv, {0h, 1h, 2h}), (Sums{1200, 600}));
  close();
  clock_.set(kStart + 3h);
  open();
  wait_until_stored(1);
  EXPECT_EQ(wh(EnergyFlow::kPv, {0h, 1h, 2h}), (Sums{1200, 600}));
}

TEST_F(EnergyQueryTest, TheEndOfAnHourIsCountedWithTheNextHour) {
  report(57min, "w.pv", "1200");
  report(61min, "w.pv", "0");
  send();
  const Sums expected = {60};
  EXPECT_EQ(wh(EnergyFlow::kPv, {0h, 1h}), expected);
  clock_.set(kStart + 63min);
  wait_until_stored(0);
  EXPECT_EQ(wh(EnergyFlow::kPv, {0h, 1h}), expected) << "the hour after is in memory";
  clock_.set(kStart + 123min);
  wait_until_stored(1);
  EXPECT_EQ(wh(EnergyFlow::kPv, {0h, 1h}), expected);
}

TEST_F(EnergyQueryTest, APowerReportedOnceIsHeldForHours) {
  report(0min, "w.pv", "1200");
  steady(1min, 5h, "temperature", "20");
  send();
  const std::vector<Millis> bounds = {0h, 1h, 2h, 3h, 4h, 5h};
  const Sums expected = {1200, 1200, 1200, 1200, 1200};
  EXPECT_EQ(wh(EnergyFlow::kPv, bounds), expected) << "from memory";
  clock_.set(kStart + 3h + 3min);
  wait_until_stored(2);
  EXPECT_EQ(wh(EnergyFlow::kPv, bounds), expected) << "some hours from the store";
  close();
  clock_.set(kStart + 7h);
  open();
  wait_until_stored(4);
  EXPECT_EQ(wh(EnergyFlow::kPv, bounds), expected) << "all from the store";
}

TEST_F(EnergyQueryTest, LateRowsChangeTheirHourAndTheNext) {
  steady(60min, 90min, "w.pv", "1200");
  report(0min, "w.pv", "1200");
  report(5min, "w.pv", "1200");
  send();
  clock_.set(kStart + 3h);
  wait_until_stored(1);
  EXPECT_EQ(wh(EnergyFlow::kPv, {0h, 1h, 2h}), (Sums{100, 600}));
  report(57min, "w.pv", "600");
  send();
  EXPECT_EQ(wh(EnergyFlow::kPv, {0h, 1h, 2h}), (Sums{130, 600}));
  close();
  open();
  EXPECT_EQ(wh(EnergyFlow::kPv, {0h, 1h, 2h}), (Sums{130, 600}));
}

TEST_F(EnergyQueryTest, AnHourStoredAfterTheNextChangesTheNextToo) {
  steady(60min, 90min, "w.pv", "1200");
  send();
  clock_.set(kStart + 3h);
  wait_until_stored(1);
  steady(30min, 59min, "w.pv", "1200");
  send();
  EXPECT_EQ(wh(EnergyFlow::kPv, {0h, 1h, 2h}), (Sums{600, 600}));
  close();
  open();
  EXPECT_TRUE(is_stored(0));
  EXPECT_EQ(wh(EnergyFlow::kPv, {0h, 1h, 2h}), (Sums{600, 600}));
}

TEST_F(EnergyQueryTest, AGapOfDaysIsFoundFromInside) {
  report(0min, "wh.grid", "1000");
  report(96h, "wh.grid", "10600");
  send();
  const auto check = [&] {
    EXPECT_EQ(wh(EnergyFlow::kGridIn, {24h, 25h, 49h}), (Sums{100, 2400}));
    EXPECT_EQ(wh(EnergyFlow::kGridIn, {-5h, 0h, 1h}), (Sums{0, 100}));
    EXPECT_EQ(wh(EnergyFlow::kGridIn, {0h, 200h}), (Sums{9600}));
  };
  check();
  clock_.set(kStart + 200h);
  wait_until_stored(96);
  check();
}

TEST_F(EnergyQueryTest, ADeviceWithoutReportsHasNoEnergies) {
  steady(0min, 30min, "w.pv", "1200");
  send();
  EXPECT_EQ(wh(EnergyFlow::kPv, {0h, 1h}, kDevice + 1), (Sums{0}));
}

// From memory, from the store, and after a restart.
TEST_F(EnergyQueryTest, OnlyTheTimeOfReportsIsKnown) {
  steady(90min, 150min, "w.pv", "0");
  steady(200min, 210min, "w.pv", "0");
  send();
  const std::vector<Millis> bounds = {0h, 1h, 2h, 3h, 3h + 30min, 24h};
  const auto check = [&](std::string_view where) {
    EXPECT_EQ(known_min(bounds), (std::vector<std::int64_t>{0, 30, 30, 10, 0})) << where;
    EXPECT_EQ(known_min(bounds, kDevice + 1), (std::vector<std::int64_t>(5))) << where;
    EXPECT_EQ(known_until_, kStart + 210min) << where;
  };
  check("from memory");
  clock_.set(kStart + 3h + 33min);
  wait_until_stored(2);
  check("partly from the store");
  close();
  clock_.set(kStart + 5h);
  open();
  wait_until_stored(3);
  check("from the store");
}

TEST(PastTime, EndsWithTheLastReportWhileTheNextIsAwaited) {
  constexpr std::int64_t kNow = 1000 * kHour_ms;
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();
  struct Row {
    std::int64_t from_ms;
    std::int64_t to_ms;
    std::int64_t until_ms;
    std::int64_t past_ms;
  };
  for (const Row& row : std::vector<Row>{
           {kNow - kHour_ms, kNow, kNone, kHour_ms},
           {kNow - kHour_ms, kNow + kHour_ms, kNone, kHour_ms},
           {kNow, kNow + kHour_ms, kNone, 0},
           {kNow + 1, kNow + kHour_ms, kNone, 0},
           {kNow - kHour_ms, kNow + kHour_ms, kNow - kLongestGap_ms, kHour_ms - kLongestGap_ms},
           {kNow - kHour_ms, kNow + kHour_ms, kNow - kLongestGap_ms - 1, kHour_ms},
           {kNow - kHour_ms, kNow - kHour_ms / 2, kNow - 1000, kHour_ms / 2},
           {kNow - 10, kNow + kHour_ms, kNow - 1000, 10}}) {
    EXPECT_EQ(past_ms(row.from_ms, row.to_ms, row.until_ms, kNow), row.past_ms)
        << row.from_ms << ' ' << row.until_ms;
  }
}

// The device's family was unknown when its hour was over.
TEST_F(EnergyQueryTest, AnHourWithoutStoredEnergiesIsComputedFromItsBlocks) {
  known_ = false;
  steady(0min, 90min, "w.pv", "1200");
  send();
  clock_.set(kStart + 3h);
  close();
  open();
  EXPECT_FALSE(is_stored(0));
  EXPECT_EQ(wh(EnergyFlow::kPv, {0h, 1h, 2h}), (Sums{1200, 600}));
}

TEST(Quarters, AreTouched) {
  const std::vector<std::pair<std::int64_t, std::pair<std::int64_t, std::int64_t>>> rows = {
      {0, {0, 0}},
      {1, {0, kQuarter_ms}},
      {kQuarter_ms - 1, {0, kQuarter_ms}},
      {kQuarter_ms, {kQuarter_ms, kQuarter_ms}},
      {-1, {-kQuarter_ms, 0}}};
  for (const auto& [at, around] : rows) {
    EXPECT_EQ(quarter_before(at), around.first) << at;
    EXPECT_EQ(quarter_after(at), around.second) << at;
  }
}

TEST(SelfSufficiency, IsWhatTheGridDidNotGive) {
  Energies sum;
  EXPECT_EQ(self_sufficiency(sum), std::nullopt);
  EXPECT_EQ(self_consumption(sum), std::nullopt);
  sum.of(EnergyFlow::kLoad) = 1000;
  sum.of(EnergyFlow::kGridIn) = 250;
  sum.of(EnergyFlow::kPv) = 2000;
  sum.of(EnergyFlow::kGridOut) = 500;
  EXPECT_EQ(self_sufficiency(sum), 0.75);
  EXPECT_EQ(self_consumption(sum), 0.75);
  // Grid energy may be stored in the battery, or battery energy exported: both ratios are limited
  // to 0.
  sum.of(EnergyFlow::kGridIn) = 1500;
  sum.of(EnergyFlow::kGridOut) = 2100;
  EXPECT_EQ(self_sufficiency(sum), 0);
  EXPECT_EQ(self_consumption(sum), 0);
}

}  // namespace
}  // namespace gridloom::history
