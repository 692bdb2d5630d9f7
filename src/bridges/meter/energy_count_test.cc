#include <gtest/gtest.h>

#include <optional>

#include "bridges/meter/energy_count.h"
#include "testing/must.h"

namespace gridloom::bridges::meter {
namespace {

constexpr Millis kMinute{60'000};

// A meter with a file.
struct Meter {
  explicit Meter(const StoredEnergies& from) : file(from), count(from) { keep(); }
  void keep() {
    const auto stored = count.to_store();
    if (!stored) return;
    file = *stored;
    count.stored(file);
    ++writes;
  }
  void run(double power_w, int minutes) {
    for (int minute = 0; minute < minutes; ++minute) {
      count.add(power_w, kMinute);
      keep();
    }
  }
  StoredEnergies file;
  EnergyCount count;
  int writes = 0;
};

TEST(EnergyCount, CountsBothDirections) {
  Meter meter({});
  meter.run(600, 60);
  meter.run(-300, 60);
  EXPECT_NEAR(meter.count.shown().in_wh, 600, 1e-6);
  EXPECT_NEAR(meter.count.shown().out_wh, 300, 1e-6);
  EXPECT_LE(meter.writes, 13) << "once for each 90 Wh, and at the start";
}

TEST(EnergyCount, ASpanInWhichNothingIsKnownCountsNothing) {
  Meter meter({});
  meter.count.add(1000, EnergyCount::kLongestSpan + Millis(1));
  meter.count.add(1000, Millis(0));
  meter.count.add(1000, Millis(-1000));
  EXPECT_EQ(meter.count.shown(), Energies());
}

TEST(EnergyCount, GoesOnExactlyAfterAnEnd) {
  Meter meter({});
  meter.run(600, 7);
  const Energies before = meter.count.shown();
  Meter next(must(parse_stored(to_text(meter.count.at_end()))));
  EXPECT_EQ(next.count.shown(), before);
  next.run(600, 1);
  EXPECT_NEAR(next.count.shown().in_wh, 80, 1e-6);
}

TEST(EnergyCount, NeverFallsAfterACrash) {
  Meter meter({});
  Energies last;
  for (int crash = 0; crash < 20; ++crash) {
    meter.run(crash % 2 == 0 ? 777 : -555, 13 + crash);
    const Energies shown = meter.count.shown();
    EXPECT_GE(shown.in_wh, last.in_wh);
    EXPECT_GE(shown.out_wh, last.out_wh);
    last = shown;
    meter = Meter(must(parse_stored(to_text(meter.file))));
    EXPECT_GE(meter.count.shown().in_wh, last.in_wh) << crash;
    EXPECT_GE(meter.count.shown().out_wh, last.out_wh) << crash;
    EXPECT_LE(meter.count.shown().in_wh, last.in_wh + EnergyCount::kAhead_wh + 1);
    last = meter.count.shown();
  }
}

TEST(EnergyCount, ShowsNoMoreThanWasStored) {
  EnergyCount count({});
  count.add(60'000, kMinute);
  EXPECT_EQ(count.shown(), Energies()) << "a crash now would lose what it shows";
  const StoredEnergies stored = count.to_store().value();
  count.stored(stored);
  EXPECT_DOUBLE_EQ(count.shown().in_wh, 1000);
}

TEST(EnergyCount, ADamagedFileIsRefused) {
  for (const auto* const text :
       {"", "{", "{}", R"({"counted":{"in_wh":1,"out_wh":2}})",
        R"({"counted":{"in_wh":-1,"out_wh":2},"promised":{"in_wh":1,"out_wh":2}})",
        R"({"counted":{"in_wh":"1","out_wh":2},"promised":{"in_wh":1,"out_wh":2}})"}) {
    const auto parsed = parse_stored(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kDamaged) << text;
  }
}

}  // namespace

}  // namespace gridloom::bridges::meter
