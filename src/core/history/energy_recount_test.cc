// Energies that were stored before a correction of their family are counted anew, and what cannot
// be is told.
#include "history/energy_recount.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "history/energy/energy_integrator.h"
#include "history/energy/test_meters.h"
#include "history/test_reports.h"
#include "storage/sqlite.h"
#include "testing/becomes.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr DeviceNumber kDevice = 7;
constexpr DeviceNumber kOther = 8;

// The sun was counted twice, from what two fields say of it.
const catalog::FamilyPtr& wrong() {
  static const catalog::FamilyPtr kLoaded =
      meters("  w.pv: {nature: pv.power}\n  w.same: {nature: pv.power, part: true}\n");
  return kLoaded;
}
const catalog::FamilyPtr& right() {
  static const catalog::FamilyPtr kLoaded = meters(
      "  w.pv: {nature: pv.power}\n  w.same: {}\n"
      "energy_corrections: [The sun was counted twice.]\n");
  return kLoaded;
}

class EnergyRecountTest : public ReportsTest {
 protected:
  EnergyRecountTest() : ReportsTest([this](DeviceNumber) { return family_; }) {
    open();
    for (const DeviceNumber device : {kDevice, kOther}) {
      for (Millis at{0}; at <= 150min; at += 1min) {
        report(device, at, "w.pv", "1200");
        report(device, at, "w.same", "1200");
      }
    }
    send();
    clock_.set(kStart + 2h + 3min);
    EXPECT_TRUE(becomes([&] { return revisions(kOther).size() == 2; }));
  }
  ~EnergyRecountTest() override { close(); }

  void open_corrected() {
    family_ = right();
    open();
  }
  // Those that the stored energies have.
  std::vector<std::uint32_t> revisions(DeviceNumber device) {
    std::vector<std::uint32_t> all;
    const std::int64_t first = hour_of(unix_ms(kStart));
    read_now(*archive_, [&](Reader& reader) {
      must(reader.each_energy(device, first, first + 3, [&](std::int64_t, std::string_view bytes) {
        all.push_back(energy_revision_of(bytes).value_or(0));
        return Status();
      }));
    });
    return all;
  }
  struct Hour {
    double wh = 0;
    std::int64_t outdated_min = 0;
    friend bool operator==(const Hour&, const Hour&) = default;
  };
  std::vector<Hour> hours(DeviceNumber device) {
    std::vector<std::int64_t> bounds;
    for (int i = 0; i <= 3; ++i) bounds.push_back(unix_ms(kStart + std::chrono::hours(i)));
    EnergyQuery query(
        {.device = device, .sources = EnergySources(*family_), .bounds = std::move(bounds)});
    read_now(*archive_, [&](Reader& reader) {
      while (!query.done()) must(query.work(reader));
    });
    std::vector<Hour> all;
    for (std::size_t i = 0; i < 3; ++i) {
      const EnergyQuery::Sums sums = query.in({.begin = i, .end = i + 1});
      all.push_back({.wh = std::round(sums.wh.of(EnergyFlow::kPv)),
                     .outdated_min = sums.outdated_ms / 60'000});
    }
    return all;
  }
  void change(std::string_view sql) {
    auto database = must(storage::Database::open(folder_.data() / "history.db"));
    must(database.execute(sql, hour_of(unix_ms(kStart)), kDevice));
  }

  catalog::FamilyPtr family_ = wrong();
};

TEST_F(EnergyRecountTest, CountsEveryStoredHourOfEveryDeviceAnew) {
  EXPECT_THAT(hours(kDevice), ElementsAre(Hour{2400}, Hour{2400}, Hour{1200}));
  close();
  open_corrected();
  for (const DeviceNumber device : {kDevice, kOther}) {
    EXPECT_TRUE(becomes([&] { return revisions(device) == std::vector<std::uint32_t>{2, 2}; }));
    EXPECT_THAT(hours(device), ElementsAre(Hour{1200}, Hour{1200}, Hour{600}));
  }
  close();
  open_corrected();
  clock_.set(kStart + 3h + 3min);
  EXPECT_TRUE(becomes([&] { return revisions(kOther).size() == 3; }));
  EXPECT_THAT(hours(kDevice), ElementsAre(Hour{1200}, Hour{1200}, Hour{600}));
}

// A year of wrong sums does not become right by being forgotten: it stays, and says what it is.
TEST_F(EnergyRecountTest, LeavesAndMarksHoursWhoseValuesAreNotKept) {
  close();
  change("DELETE FROM block WHERE hour = ? AND device = ?");
  open_corrected();
  EXPECT_TRUE(becomes([&] { return revisions(kOther) == std::vector<std::uint32_t>{2, 2}; }));
  EXPECT_THAT(revisions(kDevice), ElementsAre(1, 2));
  EXPECT_THAT(hours(kDevice), ElementsAre(Hour{2360, 60}, Hour{1200}, Hour{600}));
  EXPECT_THAT(hours(kOther), ElementsAre(Hour{1200}, Hour{1200}, Hour{600}));
}

TEST_F(EnergyRecountTest, CountsBeforeRetentionRemovesTheValues) {
  close();
  clock_.set(kStart + std::chrono::days(100));
  open_corrected();
  EXPECT_TRUE(becomes([&] { return revisions(kOther) == std::vector<std::uint32_t>{2, 2, 2}; }));
  EXPECT_THAT(hours(kDevice), ElementsAre(Hour{1200}, Hour{1200}, Hour{600}));
}

}  // namespace
}  // namespace gridloom::history
