// Tests answers for hours of which only 15-minute rollups are left.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "history/blocks/rollup.h"
#include "history/series/test_series.h"
#include "testing/dice.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

TEST(SeriesQuarters, OldHoursSayWithQuartersWhatTheySaidWithBlocks) {
  const std::int64_t from_ms = kFirstHour * kHour_ms;
  Dice dice(5);
  Blocks kept;
  Blocks young;  // the second half of the hours, which is not yet too old
  std::map<std::int64_t, HourOfRollups> old;
  for (std::int64_t hour = 0; hour < 6; ++hour) {
    std::vector<SeriesRow> rows;
    BlockWriter writer;
    for (std::int64_t at_ms = from_ms + hour * kHour_ms; at_ms < from_ms + (hour + 1) * kHour_ms;
         at_ms += 10'000) {
      SeriesRow row{.at_ms = at_ms, .values = {{1, std::to_string(dice.between(0, 3000))}}};
      if (dice.once_in(20)) row.values[2] = dice.once_in(2) ? R"("on")" : R"("off")";
      rows.push_back(std::move(row));
    }
    kept.add(rows);
    if (hour >= 3) {
      young.add(rows);
      continue;
    }
    Blocks alone;
    alone.add(rows);
    const auto reduce = [&](std::int64_t of, const Block& block) -> Status {
      old[of] = must(rollups_of(of, std::span(&block, 1)));
      return {};
    };
    must(alone.each()(kFirstHour + hour, kFirstHour + hour + 1, {.block = reduce}));
  }
  const EachRollup quarters = [&](std::int64_t from, std::int64_t to,
                                  const OnHourQuarters& on_rollup) -> Status {
    for (const auto& [hour, of] : old) {
      if (hour < from || hour >= to) continue;
      GL_TRY(on_rollup(hour, of));
    }
    return {};
  };
  for (const std::int64_t step_ms : {kHour_ms / 4, kHour_ms, 6 * kHour_ms}) {
    for (const Aggregate aggregate : {Aggregate::kMean, Aggregate::kMin, Aggregate::kMax,
                                      Aggregate::kSum, Aggregate::kCount, Aggregate::kIntegral}) {
      const SeriesQuery query{.fields = {1},
                              .from_ms = from_ms,
                              .to_ms = from_ms + 6 * kHour_ms,
                              .step_ms = step_ms,
                              .aggregate = aggregate};
      const auto whole = all_of(query, kept.each())[0];
      const auto told = all_of(query, young.each(), quarters)[0];
      ASSERT_EQ(told.size(), whole.size());
      // The time between an hour's last report and the next hour's first report is lost.
      const double lost = aggregate == Aggregate::kIntegral
                              ? 3000.0 * 10 / 3600 * static_cast<double>(step_ms + kHour_ms) /
                                    static_cast<double>(kHour_ms)
                              : 1e-6;
      for (std::size_t i = 0; i < whole.size(); ++i) {
        ASSERT_TRUE(told[i].number && whole[i].number) << name_of(aggregate) << ' ' << i;
        EXPECT_EQ(told[i].at_ms, whole[i].at_ms);
        EXPECT_NEAR(*told[i].number, *whole[i].number, lost) << name_of(aggregate) << ' ' << i;
      }
    }
  }
  SeriesQuery query{.fields = {2},
                    .from_ms = from_ms,
                    .to_ms = from_ms + 6 * kHour_ms,
                    .step_ms = kHour_ms,
                    .aggregate = Aggregate::kLast};
  EXPECT_EQ(all_of(query, young.each(), quarters), all_of(query, kept.each()));
  // Steps finer than the rollups: all values count at the beginning of their quarter of an hour,
  // and hold until the next.
  query = {.fields = {1},
           .from_ms = from_ms,
           .to_ms = from_ms + kHour_ms,
           .step_ms = kHour_ms / 60,
           .aggregate = Aggregate::kCount};
  const auto minutes = all_of(query, young.each(), quarters)[0];
  ASSERT_EQ(minutes.size(), 60);
  EXPECT_EQ(minutes[0].number, 90);
  EXPECT_EQ(minutes[1].number, 0);
  EXPECT_EQ(minutes[15].number, 90);
  // The values as they were reported are gone.
  query.step_ms = 0;
  EXPECT_TRUE(all_of(query, young.each(), quarters)[0].empty());
}

}  // namespace
}  // namespace gridloom::history
