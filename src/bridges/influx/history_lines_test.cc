#include "bridges/influx/history_lines.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>

#include "history/test_reports.h"
#include "testing/must.h"
#include "wire/json.h"

namespace gridloom::bridges {
namespace {

using namespace std::chrono_literals;

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

  [[nodiscard]] std::unique_ptr<HistoryLines> lines(Millis from, Millis to,
                                                    std::string_view settings) const {
    return std::make_unique<HistoryLines>(
        HistoryLines::Device{.sn = "R33", .name = "Cellar", .number = kDevice, .family = station()},
        settings_of(settings), unix_ms(kStart + from), unix_ms(kStart + to));
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
};

TEST_F(HistoryLinesTest, EachReportIsALine) {
  report(kDevice, 0ms, "vol", "523");
  report(kDevice, 2s, "own", R"("eco")");
  report(kDevice, 3s, "vol", "524");
  send();
  const auto all = lines(0ms, 1h, kAll);
  const LineBatch batch = next(*all);
  const std::int64_t begin_ms = unix_ms(kStart);
  EXPECT_EQ(batch.text,
            fmt::format("station,sn=R33,name=Cellar,family=station vol=52.3 {}000000\n"
                        "station,sn=R33,name=Cellar,family=station own=\"eco\" {}000000\n"
                        "station,sn=R33,name=Cellar,family=station vol=52.4 {}000000\n",
                        begin_ms, begin_ms + 2'000, begin_ms + 3'000));
  EXPECT_EQ(batch.lines, 3U);
  EXPECT_EQ(batch.last_ms, begin_ms + 3'000);
  EXPECT_TRUE(all->done());
}

// The database would keep the last of them only.
TEST_F(HistoryLinesTest, RowsOfOneMillisecondAreANanosecondApart) {
  report(kDevice, 1s, "vol", "523");
  report(kDevice, 1s, "vol", "524");
  report(kDevice, 1s, "vol", "525");
  report(kDevice, 2s, "vol", "526");
  send();
  const std::int64_t at_ms = unix_ms(kStart + 1s);
  const std::string begin = "station,sn=R33,name=Cellar,family=station vol=";
  const std::string all = fmt::format(
      "{0}52.3 {1}000000\n{0}52.4 {1}000001\n{0}52.5 {1}000002\n"
      "{0}52.6 {2}000000\n",
      begin, at_ms, at_ms + 1'000);
  EXPECT_EQ(next(*lines(0ms, 1h, kAll)).text, all);
  EXPECT_EQ(next(*lines(1s, 1h, kAll)).text, all) << "the same times when they are written again";
}

TEST_F(HistoryLinesTest, BeginsAtThePositionAndEndsBeforeTheEnd) {
  for (int second = 0; second < 5; ++second) report(kDevice, second * 1s, "vol", "1");
  send();
  const LineBatch batch = next(*lines(1s, 4s, kAll));
  EXPECT_EQ(batch.lines, 3U);
  EXPECT_EQ(batch.last_ms, unix_ms(kStart + 3s));
  EXPECT_EQ(next(*lines(5s, 1h, kAll)).lines, 0U);
}

TEST_F(HistoryLinesTest, FieldsThatAreNotAskedForMakeNoLines) {
  report(kDevice, 0ms, "vol", "1");
  report(kDevice, 1s, "own", "2");
  send();
  const LineBatch batch = next(
      *lines(0ms, 1h, R"({"url":"http://db","database":"d","fields":["v*"],"measurement":"m"})"));
  EXPECT_EQ(batch.lines, 1U);
  EXPECT_TRUE(batch.text.starts_with("m,sn=R33"));
  EXPECT_EQ(batch.last_ms, unix_ms(kStart + 1s)) << "the row was looked at";
}

TEST_F(HistoryLinesTest, HoursWithoutReportsArePassedOver) {
  report(kDevice, 0ms, "vol", "1");
  send();
  clock_.set(kStart + 90 * 24h);
  report(kDevice, 90 * 24h, "vol", "2");
  send();
  const auto all = lines(0ms, 91 * 24h, kAll);
  std::size_t read = 0;
  while (!all->done()) read += next(*all).lines;
  EXPECT_EQ(read, 2U);
}

TEST_F(HistoryLinesTest, ManyRowsComeInBatchesOfALimitedSizeEachOnce) {
  constexpr int kRows = 12'000;
  for (int row = 0; row < kRows; ++row) {
    report(kDevice, row * 100ms, "vol", std::to_string(row));
    if (row % 1'000 == 999) send();
  }
  const auto all = lines(0ms, 1h, kAll);
  std::size_t rows = 0;
  std::size_t batches = 0;
  std::int64_t last_ms = 0;
  while (!all->done()) {
    const LineBatch batch = next(*all);
    rows += batch.lines;
    ++batches;
    EXPECT_LT(batch.lines, HistoryLines::kMaxLines * 2);
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(batch.text, '\n')), batch.lines);
    if (batch.lines != 0) EXPECT_GT(batch.last_ms, last_ms);
    if (batch.lines != 0) last_ms = batch.last_ms;
  }
  EXPECT_EQ(rows, static_cast<std::size_t>(kRows));
  EXPECT_GE(batches, 2U);
}

}  // namespace
}  // namespace gridloom::bridges
