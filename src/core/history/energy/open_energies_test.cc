// The energies of a running hour, kept report by report, are those that all its reports together
// have, at any moment.
#include "history/energy/open_energies.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "history/blocks/hours.h"
#include "history/energy/test_meters.h"
#include "journal/journal.h"
#include "testing/dice.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

constexpr DeviceNumber kDevice = 7;
constexpr std::int64_t kFirstHour = 472'000;
constexpr std::int64_t kMinute_ms = 60'000;

const EnergySources& sources() {
  static const EnergySources kSources{*meters(R"yaml(
  w.pv: {nature: pv.power}
  w.bat: {scale: 0.1, nature: battery.power}
  w.load: {nature: load.power}
  pack.*.pump: {nature: heatpump.power}
  w.air: {nature: heatpump.power, part: true, when: {mode: 1}}
  mode: {type: int, unit: ""}
  rods: {type: array, unit: "", of: {type: object, fields: {w: {type: float, unit: W, nature: heater.power}}}}
  wh.pv: {type: int, unit: Wh, nature: pv.energy}
  wh.ac: {type: int, unit: Wh, nature: load.energy}
  wh.dc: {type: int, unit: Wh, nature: load.energy}
)yaml",
                                              "w., wh., pack., mode, rods")};
  return kSources;
}

using Values = std::vector<std::pair<std::string_view, std::string>>;

class OpenEnergiesTest : public testing::Test {
 protected:
  void report(std::int64_t at_ms, const Values& values) {
    std::vector<FieldId> fields;
    std::string bytes;
    for (const auto& [name, json] : values) {
      fields.push_back(names.id_of(name));
      append_value(bytes, value_of(json));
    }
    const auto shape = std::ranges::find(shapes, fields);
    const auto number = static_cast<std::size_t>(shape - shapes.begin()) + 1;
    if (shape == shapes.end()) shapes.push_back(fields);
    open.add({.device = kDevice,
              .hour = hour_of(at_ms),
              .at_ms = at_ms,
              .shape = number % 3 == 0 ? 0 : number,
              .fields = fields,
              .values = bytes});
    rows[hour_of(at_ms)].emplace_back(at_ms, values);
  }

  [[nodiscard]] std::optional<HourEnergies> kept(std::int64_t hour) const {
    return open.find(kDevice, hour, sources());
  }

  // Those of the hour's reports so far, computed as the store's are.
  [[nodiscard]] HourEnergies computed(std::int64_t hour) {
    auto known = befores.upper_bound(hour);
    HourRows before =
        known == befores.begin() ? HourRows(sources(), names) : std::prev(known)->second;
    auto from = known == befores.begin() ? rows.begin() : rows.find(std::prev(known)->first);
    for (; from != rows.end() && from->first <= hour; ++from) {
      const auto& [its, reports] = *from;
      befores.insert_or_assign(its, before);
      BlockWriter writer;
      for (const auto& [at_ms, values] : reports) {
        std::vector<Sample> samples;
        for (const auto& [name, json] : values) {
          samples.push_back({.field = *names.find(name), .value = value_of(json)});
        }
        writer.add(at_ms, samples);
      }
      const std::string bytes = writer.finish();
      HourRows of_hour(sources(), names);
      must(of_hour.add(must(Block::open(bytes))));
      of_hour.finish();
      HourEnergies energies = integrate_hour(sources(), before, of_hour);
      if (its == hour) return energies;
      if (!of_hour.has_reports()) continue;
      for (const auto& [source, watts] : energies.held) of_hour.hold(source, watts);
      before = std::move(of_hour);
    }
    return {};
  }

  void expect_same(std::int64_t hour) {
    const auto energies = kept(hour);
    ASSERT_TRUE(energies) << hour;
    const HourEnergies right = computed(hour);
    const std::int64_t day_ms = 6 * kHour_ms;
    for (std::int64_t from = (hour - 6) * kHour_ms; from <= hour * kHour_ms + kHour_ms;
         from += kQuarter_ms) {
      const Energies is = energies->within(from, from + kQuarter_ms);
      const Energies wanted = right.within(from, from + kQuarter_ms);
      for (std::size_t flow = 0; flow < kEnergyFlows; ++flow) {
        ASSERT_NEAR(is.wh.at(flow), wanted.wh.at(flow), 1e-6) << hour << " " << flow;
      }
    }
    const auto known_of = [&](const HourEnergies& of) {
      KnownTime known;
      for (const KnownSpan& span : of.known) {
        known.add(span, hour * kHour_ms - day_ms, (hour + 1) * kHour_ms);
      }
      return known.ms;
    };
    ASSERT_EQ(known_of(*energies), known_of(right)) << hour;
  }

  FieldNames names{{}};
  OpenEnergies open{names, [](DeviceNumber) { return &sources(); }};
  std::vector<std::vector<FieldId>> shapes;
  std::map<std::int64_t, std::vector<std::pair<std::int64_t, Values>>> rows;
  std::map<std::int64_t, HourRows> befores;  // what the account of each hour begins with
};

// Reports with gaps, several at one time, lost connections, counters that begin anew or are misread
// once, and hours of connects and disconnects alone.
class Course {
 public:
  explicit Course(std::uint64_t seed) : dice_(seed), has_counters_(seed % 2 == 0) {}

  [[nodiscard]] std::int64_t next_ms() {
    at_ms_ += dice_.once_in(150) ? dice_.between(0, 90 * kMinute_ms) : dice_.between(0, 9'000);
    return at_ms_;
  }
  [[nodiscard]] Values values() {
    if (dice_.once_in(80)) return {{journal::kPresence, dice_.once_in(2) ? "0" : "1"}};
    Values values{{"w.pv", watts()}};
    if (dice_.once_in(2)) values.emplace_back("w.load", watts());
    if (dice_.once_in(7)) values.emplace_back("w.bat", dice_.once_in(9) ? "\"?\"" : watts());
    if (dice_.once_in(40)) values.emplace_back("pack.3.pump", watts());
    if (dice_.once_in(30)) values.emplace_back("w.air", watts());
    if (dice_.once_in(50)) values.emplace_back("mode", fmt::to_string(dice_.below(3)));
    if (dice_.once_in(20)) values.emplace_back("rods", fmt::format(R"([{{"w":{}}}])", watts()));
    if (!has_counters_) return values;
    pv_ = dice_.once_in(300) ? 0 : pv_ + dice_.between(0, 3);
    values.emplace_back("wh.pv", fmt::to_string(dice_.once_in(90) ? pv_ + 5000 : pv_));
    ac_ += dice_.between(0, 2);
    values.emplace_back("wh.ac", fmt::to_string(ac_));
    values.emplace_back("wh.dc", fmt::to_string(ac_ / 2));
    return values;
  }
  Dice& dice() { return dice_; }

 private:
  [[nodiscard]] std::string watts() {
    return fmt::to_string(dice_.once_in(200) ? 1e15
                                             : static_cast<double>(dice_.between(-500, 5000)));
  }

  Dice dice_;
  bool has_counters_;
  std::int64_t at_ms_ = kFirstHour * kHour_ms;
  std::int64_t pv_ = 100;
  std::int64_t ac_ = 0;
};

TEST_F(OpenEnergiesTest, AreThoseOfAllReportsOfTheHourAtAnyMoment) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    open.purge(kDevice);
    rows.clear();
    befores.clear();
    Course course(seed);
    for (int i = 0; i < 2000; ++i) {
      const std::int64_t at_ms = course.next_ms();
      report(at_ms, course.values());
      if (hour_of(at_ms) == kFirstHour || !course.dice().once_in(60)) continue;
      expect_same(hour_of(at_ms));
      if (const auto last = std::prev(rows.end(), 2); last->first != kFirstHour) {
        expect_same(last->first);
      }
    }
  }
}

TEST_F(OpenEnergiesTest, AreNotKnownOfAnHourThatBeganBefore) {
  report(kFirstHour * kHour_ms + 5 * kMinute_ms, {{"w.pv", "100"}});
  EXPECT_FALSE(kept(kFirstHour));
  report((kFirstHour + 1) * kHour_ms + 1, {{"w.pv", "100"}});
  EXPECT_FALSE(kept(kFirstHour));
  EXPECT_TRUE(kept(kFirstHour + 1));
  EXPECT_FALSE(kept(kFirstHour + 2));
}

TEST_F(OpenEnergiesTest, AreNotKnownOnceAReportComesLate) {
  const std::int64_t second_ms = (kFirstHour + 1) * kHour_ms;
  const auto live = [&](std::int64_t from_ms) {
    for (std::int64_t at_ms = from_ms; at_ms < from_ms + 50 * kMinute_ms; at_ms += kMinute_ms / 6) {
      report(at_ms, {{"w.pv", "100"}});
    }
  };
  live(kFirstHour * kHour_ms);
  live(second_ms);
  EXPECT_TRUE(kept(kFirstHour + 1));
  report(second_ms + 5, {{"w.pv", "2000"}});
  EXPECT_FALSE(kept(kFirstHour + 1));
  live(second_ms + kHour_ms);
  expect_same(kFirstHour + 2);
  report(second_ms + 55 * kMinute_ms, {{"w.pv", "2000"}});
  EXPECT_FALSE(kept(kFirstHour + 2)) << "it begins with what the hour before said last";
  open.purge(kDevice);
  EXPECT_FALSE(kept(kFirstHour + 2));
}

}  // namespace
}  // namespace gridloom::history
