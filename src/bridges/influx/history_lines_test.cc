#include "bridges/influx/history_lines.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <vector>

#include "history/blocks/hours.h"
#include "history/test_reports.h"
#include "testing/must.h"
#include "wire/json.h"

namespace gridloom::bridges {
namespace {

using namespace std::chrono_literals;

using testing::ElementsAre;
using testing::IsEmpty;
using Numbers = std::vector<int>;

constexpr DeviceNumber kDevice = 7;

std::shared_ptr<const InfluxSettings> settings_of(std::string_view json) {
  const wire::Json given = must(wire::parse_json(json));
  const auto arguments = must(parameters::Arguments::check(
      {.name = "influx", .declared = influx_parameters()}, given.get_object()));
  return std::make_shared<const InfluxSettings>(must(influx_settings(arguments)));
}

catalog::FamilyPtr station() {
  auto family = std::make_shared<catalog::Family>();
  family->id = "station";
  catalog::Field volts;
  volts.name = "vol";
  volts.type = catalog::FieldType::kInt;
  volts.scale = 0.1;
  family->fields = {volts};
  family->field_by_name = {{"vol", 0}};
  return family;
}

struct HistoryLinesTest : history::ReportsTest {
  HistoryLinesTest() : ReportsTest([](DeviceNumber /*device*/) { return station(); }) { open(); }
  ~HistoryLinesTest() override { close(); }

  // What is new since `position_`.
  [[nodiscard]] std::unique_ptr<HistoryLines> lines(std::string_view settings = kAll) const {
    return std::make_unique<HistoryLines>(
        HistoryLines::Device{.sn = "R33", .name = "Cellar", .number = kDevice, .family = station()},
        settings_of(settings), position_, DevicePosition{.from_ms = unix_ms(kStart)});
  }
  // All that is new, which counts as written.
  std::string news() {
    const auto all = lines();
    std::string text;
    while (!all->done()) text += next(*all).text;
    position_ = all->position();
    return text;
  }
  // The values of the lines.
  Numbers values() {
    Numbers values;
    const std::string text = news();
    for (std::size_t at = 0; (at = text.find(" vol=", at)) != std::string::npos; ++at) {
      values.push_back(static_cast<int>(std::lround(std::stod(text.substr(at + 5)) * 10)));
    }
    return values;
  }
  void report(Millis after, int value) {
    ReportsTest::report(kDevice, after, "vol", std::to_string(value));
    send();
  }
  using ReportsTest::report;
  // Everything is in the store then, and nothing in memory.
  void store() {
    close();
    open();
  }
  // Reads until a batch is full or all is read.
  LineBatch next(HistoryLines& lines) {
    EXPECT_TRUE(archive_->flush());
    std::binary_semaphore ended(0);
    const bool is_taken = archive_->read({.account = 1, .step = [&](history::Reader& reader) {
                                            const Status worked = lines.work(reader);
                                            EXPECT_TRUE(worked);
                                            if (worked && !lines.done() && !lines.is_full()) {
                                              return history::Progress::kMore;
                                            }
                                            ended.release();
                                            return history::Progress::kDone;
                                          }});
    EXPECT_TRUE(is_taken);
    if (is_taken) ended.acquire();
    return lines.take();
  }

  static constexpr std::string_view kAll = R"({"url":"http://db","database":"d"})";
  DevicePosition position_{};
};

TEST_F(HistoryLinesTest, EachReportIsALine) {
  report(kDevice, 0ms, "vol", "523");
  report(kDevice, 2s, "own", R"("eco")");
  report(kDevice, 3s, "vol", "524");
  send();
  const auto all = lines();
  const LineBatch batch = next(*all);
  const std::int64_t begin_ms = unix_ms(kStart);
  EXPECT_EQ(batch.text,
            fmt::format("station,sn=R33,name=Cellar,family=station vol=52.3 {}000000\n"
                        "station,sn=R33,name=Cellar,family=station own=\"eco\" {}000000\n"
                        "station,sn=R33,name=Cellar,family=station vol=52.4 {}000000\n",
                        begin_ms, begin_ms + 2'000, begin_ms + 3'000));
  EXPECT_EQ(batch.lines, 3U);
  EXPECT_TRUE(all->done());
  EXPECT_EQ(all->position().of(history::hour_of(begin_ms)).rows, 3);
}

// The database would keep the last of them only.
TEST_F(HistoryLinesTest, RowsOfOneMillisecondAreANanosecondApart) {
  for (const auto* value : {"523", "524", "525"}) report(kDevice, 1s, "vol", value);
  report(kDevice, 2s, "vol", "526");
  send();
  const std::int64_t at_ms = unix_ms(kStart + 1s);
  const std::string begin = "station,sn=R33,name=Cellar,family=station vol=";
  const std::string all = fmt::format(
      "{0}52.3 {1}000000\n{0}52.4 {1}000001\n{0}52.5 {1}000002\n"
      "{0}52.6 {2}000000\n",
      begin, at_ms, at_ms + 1'000);
  EXPECT_EQ(next(*lines()).text, all);
  EXPECT_EQ(news(), all) << "the same times when they are written again";
  report(1s, 527);
  EXPECT_EQ(news(), fmt::format("{0}52.3 {1}000000\n{0}52.4 {1}000001\n{0}52.5 {1}000002\n"
                                "{0}52.7 {1}000003\n{0}52.6 {2}000000\n",
                                begin, at_ms, at_ms + 1'000));
}

TEST_F(HistoryLinesTest, OnlyWhatIsNewIsALine) {
  report(1s, 1);
  EXPECT_THAT(values(), ElementsAre(1));
  EXPECT_THAT(values(), IsEmpty());
  report(2s, 2);
  EXPECT_THAT(values(), ElementsAre(2));
}

TEST_F(HistoryLinesTest, AnHourThatIsStoredMeanwhileIsNotWrittenAgain) {
  report(1s, 1);
  EXPECT_THAT(values(), ElementsAre(1));
  clock_.set(kStart + 2h);
  store();
  EXPECT_THAT(values(), IsEmpty());
  EXPECT_GT(position_.mark, 0);
}

TEST_F(HistoryLinesTest, AValueThatComesLateIsWrittenWithItsHour) {
  report(10s, 1);
  report(2h, 2);
  clock_.set(kStart + 2h);
  store();
  EXPECT_THAT(values(), ElementsAre(1, 2));
  report(5s, 3);
  EXPECT_THAT(values(), ElementsAre(3, 1));
  report(1h + 5s, 4);
  report(1h + 6s, 5);
  EXPECT_THAT(values(), ElementsAre(4, 5)) << "nothing is known of their hour";
  report(1h + 7s, 6);
  EXPECT_THAT(values(), ElementsAre(6));
}

TEST_F(HistoryLinesTest, AValueThatCameLateWhileNobodyLookedIsFoundInTheStore) {
  report(10s, 1);
  EXPECT_THAT(values(), ElementsAre(1));
  clock_.set(kStart + 5h);
  report(5h, 2);
  store();
  report(1h, 3);
  store();
  EXPECT_THAT(values(), testing::UnorderedElementsAre(2, 3));
}

TEST_F(HistoryLinesTest, ValuesBehindAClockThatWasAheadAreWritten) {
  report(30 * 24h, 1);
  clock_.set(kStart + 30 * 24h);
  store();
  EXPECT_THAT(values(), ElementsAre(1));
  clock_.set(kStart);
  report(0s, 2);
  report(1s, 3);
  EXPECT_THAT(values(), ElementsAre(2, 3));
}

TEST_F(HistoryLinesTest, TheFirstTimeBeginsAtItsTimeAndLaterOnesTakeAll) {
  for (int second = 0; second < 5; ++second) report(second * 1s, second);
  position_.from_ms = unix_ms(kStart + 3s);
  EXPECT_THAT(values(), ElementsAre(3, 4));
  EXPECT_EQ(position_.from_ms, kBeginOfTime_ms);
  report(-30min, 5);
  EXPECT_THAT(values(), ElementsAre(5));
}

TEST_F(HistoryLinesTest, NothingIsWrittenFromBeforeTheTimeThatTheSettingsName) {
  for (int second = 0; second < 5; ++second) report(second * 1s, second);
  const auto all = lines(
      fmt::format(R"({{"url":"http://db","database":"d","since":{}}})", unix_ms(kStart + 3s)));
  EXPECT_EQ(next(*all).lines, 2U);
}

TEST_F(HistoryLinesTest, APositionOfAnotherHistoryIsNotTaken) {
  report(1s, 1);
  clock_.set(kStart + 2h);
  store();
  EXPECT_THAT(values(), ElementsAre(1));
  position_.numbering += 1;
  EXPECT_THAT(values(), ElementsAre(1));
  position_.mark += 100;
  EXPECT_THAT(values(), ElementsAre(1)) << "the history was set back";
}

TEST_F(HistoryLinesTest, FieldsThatAreNotAskedForMakeNoLines) {
  report(kDevice, 0ms, "vol", "1");
  report(kDevice, 1s, "own", "2");
  send();
  const auto all = lines(R"({"url":"http://db","database":"d","fields":["v*"],"measurement":"m"})");
  const LineBatch batch = next(*all);
  EXPECT_EQ(batch.lines, 1U);
  EXPECT_TRUE(batch.text.starts_with("m,sn=R33"));
  EXPECT_EQ(all->position().hours.front().rows, 2) << "the row was looked at";
}

TEST_F(HistoryLinesTest, ManyRowsComeInBatchesOfALimitedSizeEachOnce) {
  constexpr int kRows = 12'000;
  for (int row = 0; row < kRows; ++row) {
    report(kDevice, row * 100ms, "vol", std::to_string(row));
    if (row % 1'000 == 999) send();
  }
  const auto all = lines();
  std::size_t rows = 0;
  std::size_t batches = 0;
  while (!all->done()) {
    const LineBatch batch = next(*all);
    rows += batch.lines;
    ++batches;
    EXPECT_LT(batch.lines, HistoryLines::kMaxLines * 2);
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(batch.text, '\n')), batch.lines);
    if (!all->done()) EXPECT_TRUE(all->position().hours.empty()) << "the hour is not written yet";
  }
  EXPECT_EQ(rows, static_cast<std::size_t>(kRows));
  EXPECT_GE(batches, 2U);
}

}  // namespace
}  // namespace gridloom::bridges
