#include "database/history/months.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <future>
#include <limits>
#include <optional>

#include "database/history/schema.h"
#include "postgres/connection.h"
#include "postgres/test_server.h"
#include "testing/becomes.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

using postgres::Connection;
using postgres::Transaction;

constexpr Month kMay = std::chrono::year(2023) / std::chrono::May;

class Months : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    database_.emplace();
    Connection connection = database_->connect();
    must(make_history_tables(connection));
  }
  [[nodiscard]] bool somebody_waits() const {
    return must(database_->connect().integer(
               "SELECT CAST(count(*) AS int) FROM pg_locks WHERE locktype = 'advisory' AND "
               "NOT granted")) > 0;
  }

  std::optional<postgres::TestDatabase> database_;
};

// The second looks before the first has made it, and again when it may make it.
TEST_F(Months, AreMadeOnceByTwoAtTheSameTime) {
  Connection first = database_->connect();
  Connection second = database_->connect();
  Transaction making = must(Transaction::begin(first));
  must(make_months(first, {kMay}));
  auto other = std::async(std::launch::async, [&] { return make_months(second, {kMay}); });
  ASSERT_TRUE(becomes([&] { return somebody_waits(); }));
  must(making.commit());
  const Status made = other.get();
  EXPECT_TRUE(made) << made.error().detail;
}

TEST_F(Months, MayBeDroppedByTwoAtTheSameTime) {
  Connection first = database_->connect();
  Connection second = database_->connect();
  must(make_months(first, {kMay}));
  Transaction dropping = must(Transaction::begin(first));
  must(keep_months(first, {kMay}));
  must(first.run("DROP TABLE block_2023_05"));
  auto other = std::async(std::launch::async, [&] {
    return drop_old_month(second, std::numeric_limits<std::int64_t>::min());
  });
  ASSERT_TRUE(becomes([&] { return somebody_waits(); }));
  must(dropping.commit());
  const auto dropped = other.get();
  EXPECT_TRUE(dropped) << dropped.error().detail;
}

// A writer whose month was dropped between making it and writing to it keeps the next one.
TEST_F(Months, AreNotDroppedWhileTheyAreKept) {
  Connection writer = database_->connect();
  Connection retention = database_->connect();
  must(make_months(writer, {kMay}));
  Transaction writing = must(Transaction::begin(writer));
  must(keep_months(writer, {kMay}));
  auto dropped = std::async(std::launch::async, [&] {
    return drop_old_month(retention, std::numeric_limits<std::int64_t>::min());
  });
  ASSERT_TRUE(becomes([&] { return somebody_waits(); }));
  must(
      writer.run(fmt::format("INSERT INTO block VALUES (1, {0}, 0, false, 'x', 0);"
                             "INSERT INTO energy_hour VALUES (1, {0}, 'x')",
                             first_hour_of(kMay))));
  must(writing.commit());
  must(dropped.get());
  EXPECT_EQ(must(writer.integer("SELECT count(*) FROM block")), 1);
  EXPECT_EQ(must(writer.integer("SELECT count(*) FROM energy_hour")), 1);
}

}  // namespace
}  // namespace gridloom::history
