// Tests in which order a sink receives a series, from rows that an archive has in memory.
#include "history/series/series_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/instant_journal.h"
#include "history/test_archive.h"
#include "journal/batch.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Calls = std::vector<std::string>;

constexpr std::int64_t kStart_ms = 1'793'534'400'000;  // 2026-11-01T12:00:00Z
constexpr TimePoint kNow{Millis(kStart_ms + 60'000)};

// Writes down how it is called; times are relative to kStart_ms.
class RecordingSink final : public SeriesSink {
 public:
  [[nodiscard]] const Calls& calls() const { return calls_; }

 private:
  static std::string text_of(const SeriesPoint& point) {
    if (!point.text.empty()) return point.text;
    return point.number ? fmt::format("{}", *point.number) : "null";
  }

  void begin(const std::vector<std::string>& fields) override {
    calls_.emplace_back("begin");
    for (const std::string& field : fields) calls_.back() += " " + field;
  }
  void begin_field(std::string_view name) override {
    calls_.push_back(fmt::format("field {}", name));
  }
  void add_points(std::span<const SeriesPoint> points) override {
    for (const SeriesPoint& point : points) {
      calls_.push_back(fmt::format("{}={}", point.at_ms - kStart_ms, text_of(point)));
    }
  }
  void end_field() override { calls_.emplace_back("end field"); }
  void add_row(std::int64_t at_ms, std::span<const SeriesPoint* const> row) override {
    calls_.push_back(fmt::format("{}:", at_ms - kStart_ms));
    for (const SeriesPoint* point : row) {
      calls_.back() += point == nullptr ? " -" : " " + text_of(*point);
    }
  }
  void end() override { calls_.emplace_back("end"); }

  Calls calls_;
};

class SeriesReaderTest : public testing::Test {
 protected:
  void report(std::int64_t after_ms,
              const std::vector<std::pair<std::string_view, std::string_view>>& values) {
    journal::BatchWriter writer;
    writer.begin(1, kStart_ms + after_ms);
    for (const auto& [name, json] : values) writer.add(name, json);
    writer.end();
    archive_->append(journal::RecordKind::kReports, writer.take(), {});
  }
  Status read(SeriesParameters words, SeriesReader::Order order, RecordingSink& recorder,
              const SeriesLimits& limits = {}, std::vector<DoubtfulField> doubtful = {}) {
    words.from = "2026-11-01T12:00:00Z";
    SeriesRequest request = must(series_request(words, {.at = kNow}, limits));
    request.doubtful = std::move(doubtful);
    SeriesReader series(
        {.device = 1, .request = std::move(request), .limits = limits, .order = order});
    Status worked;
    read_now(*archive_, [&](Reader& reader) {
      while (worked && !series.done()) worked = series.work(reader, recorder);
    });
    return worked;
  }

  TestClock clock_{kNow};
  TemporaryFolder folder_;
  std::unique_ptr<Archive> archive_ = open_archive(folder_.data(), clock_, {});
};

TEST_F(SeriesReaderTest, ASinkGetsFieldAfterFieldOrRowAfterRow) {
  report(0, {{"a", "1"}, {"b", "\"x\""}});
  report(1000, {{"a", "2"}});
  report(2000, {{"b", "3"}, {"a", "4"}});
  report(2000, {{"a", "5"}});
  struct Row {
    std::string_view fields;
    SeriesReader::Order order{};
    Calls calls;
  };
  using enum SeriesReader::Order;
  for (const Row& row :
       std::vector<Row>{{"a,b",
                         kByField,
                         {"begin a b", "field a", "0=1", "1000=2", "2000=4", "2000=5", "end field",
                          "field b", "0=\"x\"", "2000=3", "end field", "end"}},
                        {"b,a",
                         kByTime,
                         {"begin b a", "0: \"x\" 1", "1000: - 2", "2000: 3 4", "2000: - 5", "end"}},
                        {"none", kByField, {"begin none", "field none", "end field", "end"}},
                        {"none", kByTime, {"begin none", "end"}},
                        {"z*", kByField, {"begin", "end"}},
                        {"z*", kByTime, {"begin", "end"}}}) {
    RecordingSink recorder;
    must(read({.fields = row.fields}, row.order, recorder));
    EXPECT_EQ(recorder.calls(), row.calls) << row.fields;
  }
}

TEST_F(SeriesReaderTest, AGapIsAPointWithoutAValue) {
  report(0, {{"a", "1"}});
  RecordingSink recorder;
  must(read({.fields = "a", .to = "2026-11-01T14:00:00Z", .step = "1h"},
            SeriesReader::Order::kByTime, recorder));
  EXPECT_THAT(recorder.calls(), ElementsAre("begin a", "0: 1", "3600000: null", "end"));
}

TEST_F(SeriesReaderTest, ASinkIsNotCalledForAnAnswerThatWouldBeTooLarge) {
  report(0, {{"a", "1"}, {"b", "2"}});
  RecordingSink recorder;
  const Status refused =
      read({.fields = "*"}, SeriesReader::Order::kByField, recorder, {.names = 4, .fields = 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBadParams);
  EXPECT_THAT(recorder.calls(), IsEmpty());
}

// Reading hour by hour from 1970 on took ten thousand reads of the database.
TEST_F(SeriesReaderTest, ASpanThatBeginsLongBeforeTheDeviceIsReadInFewSteps) {
  report(0, {{"a", "1"}});
  for (const SeriesParameters& words :
       {SeriesParameters{.fields = "a", .from = "0"}, SeriesParameters{.fields = "a*", .from = "0"},
        SeriesParameters{.fields = "a", .from = "0", .step = "10000d"}}) {
    SeriesReader series({.device = 1, .request = must(series_request(words, {.at = kNow}, {}))});
    RecordingSink recorder;
    Status worked;
    int steps = 0;
    read_now(*archive_, [&](Reader& reader) {
      for (; worked && !series.done(); ++steps) worked = series.work(reader, recorder);
    });
    must(worked);
    EXPECT_LT(steps, 30) << words.fields << words.step;
    EXPECT_GT(recorder.calls().size(), 3U);
  }
}

TEST_F(SeriesReaderTest, TheNameOfAModulesFieldStandsForThoseOfTheDevice) {
  report(0, {{"kit.B.soc", "2"}, {"kit.A.soc", "1"}, {"kit.A.vol", "9"}, {"kit.A.x.soc", "9"}});
  journal::BatchWriter others;
  others.begin(2, kStart_ms);
  others.add("kit.C.soc", "3");
  others.end();
  archive_->append(journal::RecordKind::kReports, others.take(), {});
  SeriesRequest request =
      must(series_request({.fields = "x", .from = "2026-11-01T12:00:00Z"}, {.at = kNow}, {}));
  request.fields = {"kit.*.soc"};
  SeriesReader series({.device = 1, .request = request});
  RecordingSink recorder;
  read_now(*archive_, [&](Reader& reader) {
    while (!series.done()) must(series.work(reader, recorder));
  });
  EXPECT_THAT(recorder.calls(),
              ElementsAre("begin kit.A.soc kit.B.soc", "field kit.A.soc", "0=1", "end field",
                          "field kit.B.soc", "0=2", "end field", "end"));
}

TEST_F(SeriesReaderTest, ADoubtfulFieldIsRefusedUnlessTheDeviceReportedIt) {
  report(0, {{"a", "1"}, {"b", "2"}});
  journal::BatchWriter others;
  others.begin(2, kStart_ms);
  others.add("c", "1");
  others.end();
  archive_->append(journal::RecordKind::kReports, others.take(), {});
  struct Row {
    std::string name;
    bool is_refused;
  };
  for (const Row& row : std::vector<Row>{{"b", false}, {"c", true}, {"none", true}}) {
    RecordingSink recorder;
    const std::string fields = "a," + row.name;
    const Status got = read({.fields = fields}, SeriesReader::Order::kByField, recorder, {},
                            {{.name = row.name, .refusal = "what is " + row.name}});
    EXPECT_EQ(got.has_value(), !row.is_refused) << row.name;
    if (got) continue;
    EXPECT_EQ(got.error().code, ErrorCode::kBadParams);
    EXPECT_EQ(got.error().detail, "what is " + row.name);
    EXPECT_THAT(recorder.calls(), IsEmpty());
  }
}

}  // namespace
}  // namespace gridloom::history
