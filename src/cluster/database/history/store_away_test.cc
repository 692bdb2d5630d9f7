// Tests what a query answers while the database of history does not.
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

#include "database/history/postgres_store_factory.h"
#include "history/builder.h"
#include "history/reader.h"
#include "history/series/series_reader.h"
#include "history/sqlite/test_folder_stores.h"
#include "journal/batch.h"
#include "postgres/pool.h"
#include "postgres/settings.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::int64_t kStart_ms = 1'793'534'400'000;  // 2026-11-01T12:00:00Z
constexpr TimePoint kNow{Millis(kStart_ms + 60'000)};
constexpr std::string_view kStart = "2026-11-01T12:00:00Z";

// Points, as the milliseconds since kStart_ms and the value.
class Points final : public SeriesSink {
 public:
  std::vector<std::string> all;

 private:
  void begin(const std::vector<std::string>& /*fields*/) override {}
  void begin_field(std::string_view /*name*/) override {}
  void add_points(std::span<const SeriesPoint> points) override {
    for (const SeriesPoint& point : points) {
      all.push_back(fmt::format("{}={}", point.at_ms - kStart_ms, point.number.value_or(-1)));
    }
  }
  void end_field() override {}
  void add_row(std::int64_t /*at_ms*/, std::span<const SeriesPoint* const> /*row*/) override {}
  void end() override {}
};

// A report is in memory, and nothing is in the store.
class StoreAwayTest : public testing::Test {
 protected:
  StoreAwayTest() {
    pool_->stop();
    journal::BatchWriter writer;
    writer.begin(1, kStart_ms + 1'000);
    writer.add("a", "1");
    writer.end();
    must(builder_->take(1, journal::RecordKind::kReports, writer.take()));
  }
  Status read(const SeriesParameters& words, Points& points) {
    Reader reader(shared_, open_postgres_store(pool_));
    SeriesReader series({.device = 1, .request = must(series_request(words, {.at = kNow}, {}))});
    Status worked;
    while (worked && !series.done()) worked = series.work(reader, points);
    return worked;
  }
  // The reason why it is refused.
  std::string refusal(const SeriesParameters& words) {
    Points points;
    const Status refused = read(words, points);
    EXPECT_THAT(points.all, IsEmpty());
    if (refused) return "it is answered";
    EXPECT_EQ(refused.error().code, ErrorCode::kIo);
    return refused.error().detail;
  }

  TestClock clock_{kNow};
  TemporaryFolder folder_;
  FieldNames names_{{}};
  std::shared_ptr<StoreFactory> stores_ = folder_store_factory();
  std::unique_ptr<Store> store_ = must(stores_->open()).store;
  std::unique_ptr<Builder> builder_ = must(Builder::make(*store_, names_, {.now = kNow}));
  DamageNotes damage_{folder_.path()};
  const Reader::Shared shared_{
      .names = &names_, .builder = builder_.get(), .damage = &damage_, .clock = &clock_};
  std::shared_ptr<postgres::Pool> pool_ = std::make_shared<postgres::Pool>(
      must(postgres::ConnectionSettings::parse({.url = "postgres://a@127.0.0.1:1/b"})),
      postgres::Pool::Options{.job = "reader", .clock = clock_});
};

TEST_F(StoreAwayTest, ASpanThatIsInMemoryIsAnswered) {
  for (const std::string_view fields : {"a", "a*"}) {
    Points points;
    must(read({.fields = fields, .from = kStart}, points));
    EXPECT_THAT(points.all, ElementsAre("1000=1")) << fields;
  }
}

TEST_F(StoreAwayTest, AnotherSpanIsRefusedWithWhatIsMissing) {
  const std::string_view why = "what was reported before 2026-11-01T11:00:00Z is not in memory";
  EXPECT_THAT(refusal({.fields = "a", .from = "2026-11-01T10:59:00Z"}), StartsWith(why));
  EXPECT_THAT(refusal({.fields = "a", .from = kStart, .step = "1m"}), StartsWith(why))
      << "the first step begins with the value before it";
}

// An hour of which chunks are stored already is not in memory alone.
TEST_F(StoreAwayTest, AnHourThatIsPartlyStoredIsRefused) {
  must(builder_->store(kNow, Builder::Amount::kEverything));
  EXPECT_THAT(refusal({.fields = "a", .from = kStart}),
              StartsWith("what was reported before 2026-11-01T13:00:00Z"));
}

}  // namespace
}  // namespace gridloom::history
