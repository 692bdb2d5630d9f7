// Tests series of fields against a simple model that reads every row again for each bucket: random
// reports in blocks, in chunks, late, several of one time; ranges and steps of every kind.
#include "history/series/series.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "history/blocks/test_lines.h"
#include "history/series/test_series.h"
#include "history/store/store.h"
#include "testing/dice.h"
#include "time/test_zone.h"

namespace gridloom::history {
namespace {

// --- the model ---

class Model {
 public:
  // The rows are in the order in which they count.
  Model(std::vector<SeriesRow> rows, SeriesQuery query)
      : query_(std::move(query)), rows_(std::move(rows)) {
    for (const SeriesRow& row : rows_) {
      const auto presence = row.values.find(kOnline);
      if (presence != row.values.end() && presence->second == "0") ends_.push_back(row.at_ms);
    }
  }

  std::vector<SeriesPoint> points(FieldId field) {
    take(field);
    std::vector<SeriesPoint> all;
    if (query_.step_ms == 0) {
      for (const auto& sample : samples_) {
        if (sample.at_ms < query_.from_ms || sample.at_ms >= query_.to_ms) continue;
        all.push_back({.at_ms = sample.at_ms, .number = sample.number, .text = sample.text});
      }
      return all;
    }
    Buckets buckets(query_.step_ms, query_.zone);
    for (std::int64_t at_ms = query_.from_ms; at_ms < query_.to_ms;) {
      const Bucket bucket = buckets.at(at_ms);
      const std::int64_t end_ms = std::min(bucket.end_ms, query_.to_ms);
      SeriesPoint point = of({.begin_ms = at_ms, .end_ms = end_ms});
      point.at_ms = bucket.begin_ms;
      all.push_back(std::move(point));
      at_ms = end_ms;
    }
    return all;
  }

 private:
  struct Timed {
    std::int64_t at_ms = 0;
    std::optional<double> number;
    std::string text;
  };

  void take(FieldId field) {
    samples_.clear();
    const bool texts = query_.step_ms == 0 || query_.aggregate == Aggregate::kLast ||
                       query_.aggregate == Aggregate::kCount;
    for (const SeriesRow& row : rows_) {
      const auto found = row.values.find(field);
      if (found == row.values.end()) continue;
      const Value value = value_of(found->second);
      if (!value.is_number && !texts) continue;
      samples_.push_back(
          {.at_ms = row.at_ms,
           .number = value.is_number ? std::optional(to_double(value.number)) : std::nullopt,
           .text = value.is_number ? text_of(reduced(value.number)) : std::string(value.text)});
    }
  }

  // The last sample at or before the time.
  [[nodiscard]] const Timed* last_at(std::int64_t at_ms) const {
    const auto behind = std::ranges::upper_bound(samples_, at_ms, {}, &Timed::at_ms);
    return behind == samples_.begin() ? nullptr : &*std::prev(behind);
  }

  // Whether the device had no gap and no disconnection from `from_ms` to `to_ms`.
  [[nodiscard]] bool stayed(std::int64_t from_ms, std::int64_t to_ms) const {
    const auto first = std::ranges::lower_bound(rows_, from_ms, {}, &SeriesRow::at_ms);
    for (auto i = static_cast<std::size_t>(first - rows_.begin()); i + 1 < rows_.size(); ++i) {
      if (rows_[i + 1].at_ms > to_ms) break;
      if (rows_[i + 1].at_ms - rows_[i].at_ms > kLongestGap_ms) return false;
    }
    return std::ranges::none_of(ends_,
                                [&](std::int64_t end) { return end > from_ms && end < to_ms; });
  }

  [[nodiscard]] SeriesPoint of(const Bucket& bucket) const {
    std::vector<const Timed*> in;
    for (const Timed& sample : samples_) {
      if (sample.at_ms >= bucket.begin_ms && sample.at_ms < bucket.end_ms) in.push_back(&sample);
    }
    double integral = 0;
    bool covered = false;
    const Timed* held = nullptr;
    for (std::size_t i = 0; i + 1 < rows_.size(); ++i) {
      if (rows_[i + 1].at_ms <= bucket.begin_ms || rows_[i].at_ms >= bucket.end_ms) continue;
      const std::int64_t begin = std::max(rows_[i].at_ms, bucket.begin_ms);
      const std::int64_t end = std::min(rows_[i + 1].at_ms, bucket.end_ms);
      const Timed* last = last_at(rows_[i].at_ms);
      if (begin >= end || last == nullptr) continue;
      if (rows_[i + 1].at_ms - rows_[i].at_ms > kLongestGap_ms) continue;
      covered = true;
      if (last->number) integral += *last->number * static_cast<double>(end - begin);
      if (held == nullptr && stayed(last->at_ms, rows_[i + 1].at_ms)) held = last;
    }
    return made(in, held, covered ? std::optional(integral / 3'600'000.0) : std::nullopt);
  }

  [[nodiscard]] SeriesPoint made(const std::vector<const Timed*>& in, const Timed* held,
                                 std::optional<double> integral) const {
    SeriesPoint point;
    std::vector<double> numbers;
    for (const Timed* timed : in) numbers.push_back(timed->number.value_or(0));
    if (query_.aggregate == Aggregate::kIntegral) {
      point.number = integral;
      if (!in.empty() && !integral) point.number = 0;
      return point;
    }
    if (in.empty() && held == nullptr) return point;
    double sum = 0;
    for (const double number : numbers) sum += number;
    switch (query_.aggregate) {
      case Aggregate::kCount:
        point.number = static_cast<double>(in.size());
        break;
      case Aggregate::kSum:
        point.number = sum;
        break;
      case Aggregate::kLast: {
        const Timed* last = in.empty() ? held : in.back();
        point.number = last->number;
        if (!last->number) point.text = last->text;
        break;
      }
      default:
        if (in.empty()) {
          point.number = held->number;
        } else if (query_.aggregate == Aggregate::kMin) {
          point.number = std::ranges::min(numbers);
        } else if (query_.aggregate == Aggregate::kMax) {
          point.number = std::ranges::max(numbers);
        } else {
          point.number = sum / static_cast<double>(numbers.size());
        }
    }
    return point;
  }

  SeriesQuery query_;
  std::vector<SeriesRow> rows_;
  std::vector<std::int64_t> ends_;
  std::vector<Timed> samples_;
};

testing::AssertionResult same(const std::vector<SeriesPoint>& got,
                              const std::vector<SeriesPoint>& expected) {
  const auto shown = [](const SeriesPoint& point) {
    return fmt::format("{}: {} {}", point.at_ms,
                       point.number ? fmt::format("{}", *point.number) : "-", point.text);
  };
  if (got.size() != expected.size()) {
    return testing::AssertionFailure() << got.size() << " points, not " << expected.size();
  }
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::optional<double>& number = expected[i].number;
    bool good = got[i].at_ms == expected[i].at_ms && got[i].text == expected[i].text &&
                got[i].number.has_value() == number.has_value();
    if (good && number) {
      good = std::abs(*got[i].number - *number) <= 1e-9 * std::max(1e3, std::abs(*number));
    }
    if (!good) {
      return testing::AssertionFailure()
             << "point " << i << ": " << shown(got[i]) << ", not " << shown(expected[i]);
    }
  }
  return testing::AssertionSuccess();
}

// --- random devices ---

std::string random_value(Dice& dice, std::size_t row) {
  if (dice.once_in(4)) return "7";  // values repeat
  if (dice.once_in(12)) {
    return dice.one_of<std::string>(
        {fmt::format("\"on {}\"", row), fmt::format("[{},2]", row), fmt::format("{}e2", row)});
  }
  const auto digits = dice.between(-10'000'000, 10'000'000);
  return text_of(Decimal{.digits = digits, .scale = static_cast<std::uint8_t>(dice.below(4))});
}

std::vector<SeriesRow> random_rows(Dice& dice) {
  std::vector<SeriesRow> rows;
  std::int64_t at_ms = kFirstHour * kHour_ms + dice.between(0, 2 * kHour_ms);
  const std::int64_t end_ms = at_ms + dice.between(1, 14) * kHour_ms;
  const std::int64_t slowest_ms = dice.one_of<std::int64_t>({90'000, 90'000, 290'000});
  const std::size_t seldom = 1 + dice.below(40);  // how often fields 2 and 3 are reported
  while (at_ms < end_ms) {
    SeriesRow row{.at_ms = at_ms, .values = {}};
    if (!dice.once_in(5))
      row.values[1] = text_of(Decimal{.digits = dice.between(-5'000'000, 5'000'000)});
    if (dice.once_in(seldom)) row.values[2] = random_value(dice, rows.size());
    if (dice.once_in(seldom * 3)) row.values[3] = random_value(dice, rows.size());
    if (dice.once_in(60)) row.values[kOnline] = dice.once_in(2) ? "0" : "1";
    row.values[5] = fmt::format("{}", rows.size());
    rows.push_back(std::move(row));
    if (dice.once_in(30)) continue;  // another one of the same time
    at_ms += dice.once_in(25) ? dice.between(kLongestGap_ms - 2000, kLongestGap_ms + 2000)
                              : dice.between(1000, slowest_ms);
    if (dice.once_in(150)) at_ms += dice.between(0, 3) * kHour_ms;
    if (dice.once_in(40)) at_ms -= at_ms % kMinute_ms;
    if (at_ms < rows.back().at_ms) at_ms = rows.back().at_ms;
  }
  return rows;
}

int number_of(const SeriesRow& row) { return std::stoi(row.values.at(5)); }

// Adds the rows to blocks in a way the archive may have them; `rows` become the rows of the model,
// in their order.
void keep(Dice& dice, std::vector<SeriesRow>& rows, Blocks& blocks) {
  std::map<std::int64_t, std::vector<SeriesRow>> hours;
  for (SeriesRow& row : rows) hours[hour_of(row.at_ms)].push_back(std::move(row));
  rows.clear();
  for (auto& [hour, all] : hours) {
    if (dice.once_in(2)) {
      blocks.add(all, dice.once_in(8) ? Blocks::Where::kMemory : Blocks::Where::kStore);
      rows.insert(rows.end(), all.begin(), all.end());
      continue;
    }
    // Each row is in one of two or three chunks.
    std::vector<std::vector<SeriesRow>> chunks(2 + dice.below(2));
    std::vector<std::pair<std::size_t, SeriesRow>> first;
    for (const SeriesRow& row : all) {
      const std::size_t in = dice.below(chunks.size());
      chunks[in].push_back(row);
      first.emplace_back(in, row);
    }
    std::ranges::sort(first, {}, [](const auto& each) {
      return std::tuple(each.second.at_ms, each.first, number_of(each.second));
    });
    for (auto& [in, row] : first) rows.push_back(std::move(row));
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const bool last = i + 1 == chunks.size();
      blocks.add(chunks[i],
                 last && dice.once_in(2) ? Blocks::Where::kMemory : Blocks::Where::kStore);
    }
  }
}

SeriesQuery random_query(Dice& dice) {
  static const std::vector<std::int64_t> steps = {
      0,        10'000,       kMinute_ms,   7 * kMinute_ms, 15 * kMinute_ms,
      kHour_ms, 2 * kHour_ms, 6 * kHour_ms, 24 * kHour_ms,  48 * kHour_ms};
  SeriesQuery query{.fields = {1, 2, 3}, .presence = kOnline};
  query.from_ms = kFirstHour * kHour_ms + dice.between(0, 14 * kHour_ms);
  query.to_ms = query.from_ms + 1 + dice.between(0, 16 * kHour_ms);
  if (dice.once_in(3)) query.from_ms -= query.from_ms % kHour_ms;
  if (dice.once_in(3)) query.to_ms += kHour_ms - query.to_ms % kHour_ms;
  query.step_ms = dice.one_of(steps);
  query.aggregate = static_cast<Aggregate>(dice.below(7));
  return query;
}

TEST(Series, AreWhatAPlainModelSays) {
  int points_seen = 0;
  int gaps_seen = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Dice dice(seed);
    const time::TimeZone zone =
        time::test_zone(dice.one_of<const char*>({"UTC", "Europe/Berlin", "Asia/Kolkata"}));
    std::vector<SeriesRow> rows = random_rows(dice);
    Blocks blocks;
    keep(dice, rows, blocks);
    for (int i = 0; i < 6; ++i) {
      SeriesQuery query = random_query(dice);
      query.zone = zone;
      const auto got = all_of(query, blocks.each());
      Model model(rows, query);
      for (std::size_t field = 0; field < query.fields.size(); ++field) {
        ASSERT_TRUE(same(got[field], model.points(query.fields[field])))
            << "seed " << seed << ", query " << i << ", field " << query.fields[field] << ", step "
            << query.step_ms << ", " << name_of(query.aggregate) << ", from " << query.from_ms
            << " to " << query.to_ms;
        points_seen += static_cast<int>(got[field].size());
        gaps_seen += static_cast<int>(std::ranges::count_if(
            got[field], [](const auto& point) { return !point.number && point.text.empty(); }));
      }
    }
  }
  EXPECT_GT(points_seen, 10'000);
  EXPECT_GT(gaps_seen, 1000);
}

// --- single cases ---

std::vector<SeriesRow> every(std::int64_t step_ms, std::int64_t from_ms, std::int64_t to_ms,
                             const std::string& value) {
  std::vector<SeriesRow> rows;
  for (std::int64_t at_ms = from_ms; at_ms < to_ms; at_ms += step_ms) {
    rows.push_back({.at_ms = at_ms, .values = {{1, value}}});
  }
  return rows;
}

TEST(Series, APowerOfOneHundredWattsIsOneHundredWattHoursAnHour) {
  Blocks blocks;
  const std::int64_t from_ms = kFirstHour * kHour_ms;
  for (std::int64_t hour = 0; hour < 3; ++hour) {
    blocks.add(every(10'000, from_ms + hour * kHour_ms, from_ms + (hour + 1) * kHour_ms, "100"));
  }
  for (const std::int64_t step_ms : {10 * kMinute_ms, kHour_ms, 2 * kHour_ms}) {
    const auto points = all_of({.fields = {1},
                                .from_ms = from_ms,
                                .to_ms = from_ms + 2 * kHour_ms,
                                .step_ms = step_ms,
                                .aggregate = Aggregate::kIntegral},
                               blocks.each());
    for (const SeriesPoint& point : points[0]) {
      EXPECT_NEAR(point.number.value_or(0), 100.0 * static_cast<double>(step_ms) / kHour_ms, 1e-9);
    }
    EXPECT_EQ(points[0].size(), static_cast<std::size_t>(2 * kHour_ms / step_ms));
  }
}

TEST(Series, AValueOfADayAgoIsStillHeld) {
  const std::int64_t from_ms = kFirstHour * kHour_ms;
  const std::int64_t begin_ms = from_ms + 30 * kHour_ms;
  for (const auto& [said_before, held] : {std::pair{23, true}, std::pair{25, false}}) {
    Blocks blocks;
    for (std::int64_t hour = 0; hour < 32; ++hour) {
      std::vector<SeriesRow> rows =
          every(kMinute_ms, from_ms + hour * kHour_ms, from_ms + (hour + 1) * kHour_ms, "1");
      if (hour == 30 - said_before) rows.front().values[2] = "\"charging\"";
      blocks.add(rows);
    }
    const auto points = all_of({.fields = {2},
                                .from_ms = begin_ms,
                                .to_ms = begin_ms + kHour_ms,
                                .step_ms = 30 * kMinute_ms,
                                .aggregate = Aggregate::kLast},
                               blocks.each());
    ASSERT_EQ(points[0].size(), 2U);
    EXPECT_EQ(points[0][1].text, held ? "\"charging\"" : "");
  }
}

TEST(Series, RawValuesAreTheTextsThatCame) {
  Blocks blocks;
  const std::int64_t at_ms = kFirstHour * kHour_ms;
  blocks.add({{.at_ms = at_ms, .values = {{1, "12.25"}}},
              {.at_ms = at_ms + 1, .values = {{1, R"({"a":[1.50]})"}}},
              {.at_ms = at_ms + 2, .values = {{2, "1"}}},
              {.at_ms = at_ms + 3, .values = {{1, "\"off\""}}}});
  const auto points = all_of({.fields = {1}, .from_ms = at_ms, .to_ms = at_ms + 4}, blocks.each());
  EXPECT_EQ(points[0],
            (std::vector<SeriesPoint>{{.at_ms = at_ms, .number = 12.25, .text = "12.25"},
                                      {.at_ms = at_ms + 1, .number = {}, .text = R"({"a":[1.50]})"},
                                      {.at_ms = at_ms + 3, .number = {}, .text = "\"off\""}}));
}

TEST(Series, ASeriesWithoutValuesHasAGapInEachStep) {
  Blocks blocks;
  const std::int64_t from_ms = kFirstHour * kHour_ms;
  const auto points = all_of(
      {.fields = {1, 2}, .from_ms = from_ms, .to_ms = from_ms + kHour_ms, .step_ms = kMinute_ms},
      blocks.each());
  ASSERT_EQ(points.size(), 2U);
  for (const auto& field : points) {
    ASSERT_EQ(field.size(), 60U);
    EXPECT_TRUE(std::ranges::all_of(field, [](const auto& point) { return !point.number; }));
  }
  EXPECT_TRUE(
      all_of({.fields = {1}, .from_ms = from_ms, .to_ms = from_ms + 1}, blocks.each())[0].empty());
}

TEST(Series, CompleteHoursAreReadFromTheirStatistics) {
  BlockWriter writer;
  const std::int64_t from_ms = kFirstHour * kHour_ms;
  Dice dice(3);
  for (std::int64_t i = 0; i < 360; ++i) {
    const Sample sample{.field = 1, .value = value_of(fmt::format("{}", dice.between(0, 999)))};
    writer.add(from_ms + i * 10'000, std::span(&sample, 1));
  }
  std::string bytes = writer.finish();
  const Block block = must(Block::open(bytes));
  const Statistics whole = block.statistics(1).value();
  // The block's columns are damaged after it was opened: only unpacking them reveals the damage.
  std::ranges::fill(std::span(bytes).last(200), '\xff');
  const EachBlock blocks = [&](std::int64_t from, std::int64_t to,
                               const OnHourBlock& on_block) -> Result<bool> {
    if (from > kFirstHour || to <= kFirstHour) return true;
    GL_TRY(on_block.block(kFirstHour, block));
    return true;
  };
  SeriesQuery query{.fields = {1},
                    .from_ms = from_ms,
                    .to_ms = from_ms + kHour_ms,
                    .step_ms = kHour_ms,
                    .aggregate = Aggregate::kMax};
  EXPECT_EQ(all_of(query, blocks)[0].at(0).number, whole.max);
  query.step_ms = kHour_ms / 2;
  std::vector<std::vector<SeriesPoint>> points(1);
  Series series(query);
  Status read;
  while (read && !series.done()) read = series.read(blocks, {}, points);
  EXPECT_FALSE(read);
}

TEST(Series, AGapAtTheEdgeOfAnHourIsSeenWithoutUnpackingTheRest) {
  // Field 2 is reported before the hour, then in it, each time near a silence of six minutes.
  const std::int64_t from_ms = kFirstHour * kHour_ms;
  const auto row = [&](std::int64_t minute, const char* said) {
    SeriesRow made{.at_ms = from_ms + minute * kMinute_ms, .values = {{1, "1"}}};
    if (said != nullptr) made.values[2] = said;
    return made;
  };
  Blocks blocks;
  blocks.add({row(-1, "60")});
  blocks.add({row(0, nullptr), row(6, "600"), row(10, nullptr), row(14, nullptr), row(18, nullptr),
              row(22, nullptr), row(27, "6"), row(50, "60"), row(56, nullptr)});
  blocks.add({row(60, nullptr), row(61, nullptr)});
  SeriesQuery query{.fields = {2},
                    .from_ms = from_ms,
                    .to_ms = from_ms + 2 * kHour_ms,
                    .step_ms = kHour_ms,
                    .aggregate = Aggregate::kLast};
  const auto last = all_of(query, blocks.each());
  EXPECT_EQ(last[0].at(0).number, 60);
  EXPECT_EQ(last[0].at(1).number, std::nullopt);
  query.aggregate = Aggregate::kIntegral;
  const auto integral = all_of(query, blocks.each());
  EXPECT_NEAR(integral[0].at(0).number.value_or(-1), 600.0 * 21 / 60 + 60.0 * 4 / 60, 1e-9);
  EXPECT_NEAR(integral[0].at(1).number.value_or(-1), 60.0 * 1 / 60, 1e-9);
}

TEST(Series, ValuesAreCountedBeforeTheyAreRead) {
  Blocks blocks;
  const std::int64_t from_ms = kFirstHour * kHour_ms;
  for (std::int64_t hour = 0; hour < 50; ++hour) {
    blocks.add(every(kMinute_ms, from_ms + hour * kHour_ms, from_ms + (hour + 1) * kHour_ms, "1"));
  }
  const SeriesQuery query{.fields = {1, 2}, .from_ms = from_ms, .to_ms = from_ms + 50 * kHour_ms};
  const auto count = [&](std::uint64_t most) {
    ValueCount values(query, most);
    while (!values.done()) must(values.work(blocks.each()));
    return values.count();
  };
  EXPECT_EQ(count(1'000'000), 3000U);
  EXPECT_GT(count(100), 100U);
}

TEST(Series, ManyHoursTakeFewReads) {
  Blocks blocks;
  const std::int64_t from_ms = kFirstHour * kHour_ms;
  for (std::int64_t hour = -1; hour < 24 * 7; ++hour) {
    blocks.add(every(kMinute_ms, from_ms + hour * kHour_ms, from_ms + (hour + 1) * kHour_ms, "1"));
  }
  const auto points = all_of({.fields = {1},
                              .from_ms = from_ms,
                              .to_ms = from_ms + 7 * 24 * kHour_ms,
                              .step_ms = 15 * kMinute_ms},
                             blocks.each());
  EXPECT_EQ(points[0].size(), 7U * 24 * 4);
  EXPECT_LT(blocks.reads, 12);
}

}  // namespace
}  // namespace gridloom::history
