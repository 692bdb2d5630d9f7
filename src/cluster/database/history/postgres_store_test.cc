// The store in PostgreSQL when the database or the way to it fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "database/history/postgres_store_factory.h"
#include "database/history/test_proxy.h"
#include "postgres/test_server.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

using journal::Positions;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using Lines = std::vector<std::string>;
using Mode = TestProxy::Mode;

constexpr DeviceHour kHour{.device = 1, .hour = 10};
constexpr DeviceHour kOther{.device = 2, .hour = 10};

class PostgresStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    database_.emplace();
    direct_ = postgres_store_factory(database_->settings(), {.clock = &clock_});
    proxy_.emplace(database_->settings());
    far_ = postgres_store_factory(proxy_->settings(), {.clock = &clock_});
    must(direct_->open());  // makes the tables, for which there is no limit
    store_ = must(far_->open()).store;
    reader_ = must(direct_->open_reader());
  }

  static Changes hour(const DeviceHour& of, std::vector<std::string> chunks, std::uint64_t taken,
                      bool over = false) {
    Changes changes;
    changes.hours.push_back({.of = of, .chunks = std::move(chunks), .over = over, .taken = taken});
    return changes;
  }
  static Lines chunks(StoreReader& from, const DeviceHour& of) {
    Lines lines;
    must(from.each_chunk(of.device, 0, 1000, [&](std::int64_t, std::string_view bytes) {
      lines.emplace_back(bytes);
      return Status();
    }));
    return lines;
  }
  // Waits out the pause of the pool's attempts.
  Status again(const Changes& changes) {
    Status written = store_->write(changes);
    for (int i = 0; i < 200 && !written && written.error().code == ErrorCode::kIo; ++i) {
      std::this_thread::yield();
      ::poll(nullptr, 0, 50);
      written = store_->write(changes);
    }
    return written;
  }

  SystemClock clock_;
  std::optional<postgres::TestDatabase> database_;
  std::optional<TestProxy> proxy_;
  std::shared_ptr<StoreFactory> direct_;
  std::shared_ptr<StoreFactory> far_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreReader> reader_;
};

TEST_F(PostgresStoreTest, AWriteWhoseCommitWasCarriedOutSucceedsAlsoIfItWasNotAnswered) {
  must(store_->write(hour(kHour, {"a"}, 3)));
  proxy_->set(Mode::kCutAfterCommit);
  must(store_->write(hour(kHour, {"b"}, 4)));
  EXPECT_EQ(proxy_->mode(), Mode::kPass) << "it was cut";
  must(store_->write(hour(kHour, {"c"}, 5)));
  EXPECT_THAT(chunks(*reader_, kHour), ElementsAre("a", "b", "c"));
}

TEST_F(PostgresStoreTest, AWriteWhoseCommitGotLostFailsAndChangesNothing) {
  must(store_->write(hour(kOther, {"makes the month"}, 1)));
  proxy_->set(Mode::kCutBeforeCommit);
  const Status lost = store_->write(hour(kHour, {"a"}, 3));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kIo) << lost.error().detail;
  EXPECT_THAT(chunks(*reader_, kHour), IsEmpty());
  must(again(hour(kHour, {"a, and what came meanwhile"}, 4)));
  EXPECT_THAT(chunks(*reader_, kHour), ElementsAre("a, and what came meanwhile"));
}

// Nobody knows whether it was stored, so its caller writes it again, with more.
TEST_F(PostgresStoreTest, WhatWasStoredUnknownToTheWriterIsTakenBackBeforeItIsWrittenAgain) {
  Changes first = hour(kHour, {"a"}, 3);
  first.hours.push_back({.of = kOther, .chunks = {"b"}, .taken = 3});
  first.applied = Positions::everywhere(2);
  must(store_->write(first));
  proxy_->set(Mode::kCutAfterCommit, Mode::kAway);
  Changes unknown = hour(kHour, {"a and c"}, 7, true);
  unknown.hours.push_back({.of = kOther, .chunks = {"d"}, .taken = 7});
  unknown.names = {{0, "power_w"}};
  unknown.energies.push_back({.of = kHour, .bytes = "e"});
  unknown.applied = Positions::everywhere(5);
  const Status lost = store_->write(unknown);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kIo);
  EXPECT_THAT(chunks(*reader_, kHour), ElementsAre("a and c")) << "it was stored";
  EXPECT_FALSE(store_->write(unknown)) << "the database is away";
  proxy_->set(Mode::kPass);
  std::optional<Lines> seen;
  for (int i = 0; i < 200 && !seen; ++i) {
    ::poll(nullptr, 0, 50);
    Lines lines;
    const Status read = store_->each_chunk(1, 0, 1000, [&](std::int64_t, std::string_view bytes) {
      lines.emplace_back(bytes);
      return Status();
    });
    if (read) seen = lines;
  }
  EXPECT_THAT(seen.value_or(Lines()), ElementsAre("a")) << "as its writer knows it";
  EXPECT_THAT(chunks(*reader_, kOther), ElementsAre("b"));
  EXPECT_THAT(must(store_->names()), IsEmpty());
  EXPECT_EQ(must(store_->applied()), Positions::everywhere(2));
  EXPECT_THAT(must(store_->taken()).of, ElementsAre(Pair(kHour, 3U), Pair(kOther, 3U)));
  unknown.hours = {{.of = kHour, .chunks = {"a and c and f"}, .over = true, .taken = 9},
                   {.of = kOther, .chunks = {"d and g"}, .taken = 9}};
  must(store_->write(unknown));
  EXPECT_THAT(chunks(*reader_, kHour), ElementsAre("a and c and f"));
  EXPECT_THAT(chunks(*reader_, kOther), ElementsAre("b", "d and g"));
  EXPECT_THAT(must(store_->names()), ElementsAre("power_w"));
  EXPECT_EQ(must(store_->applied()), Positions::everywhere(5));
  EXPECT_THAT(must(store_->taken()).of, ElementsAre(Pair(kHour, 9U), Pair(kOther, 9U)));
}

TEST_F(PostgresStoreTest, AWriterThatAnotherReplacedWritesNothingMore) {
  must(store_->write(hour(kHour, {"a"}, 3)));
  const auto other = must(direct_->open()).store;
  must(other->write(hour(kHour, {"b"}, 4)));
  for (int i = 0; i < 2; ++i) {
    const Status refused = store_->write(hour(kHour, {"c"}, 4));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
    EXPECT_TRUE(refused.error().detail.contains("another program")) << refused.error().detail;
  }
  EXPECT_THAT(chunks(*reader_, kHour), ElementsAre("a", "b"));
  store_ = must(far_->open()).store;
  must(store_->write(hour(kHour, {"c"}, 5)));
  EXPECT_THAT(chunks(*reader_, kHour), ElementsAre("a", "b", "c"));
}

TEST_F(PostgresStoreTest, ADatabaseThatDoesNotAnswerCostsTheStatedTime) {
  constexpr Millis kPatience(300);
  const auto far =
      must(postgres_store_factory(proxy_->settings(),
                                  {.connection = {.call_timeout = kPatience}, .clock = &clock_})
               ->open_reader());
  proxy_->set(Mode::kStall);
  const auto begun = std::chrono::steady_clock::now();
  const auto read = far->hour_from(1, 0);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, kPatience);
  ASSERT_FALSE(read) << "it ends";
  EXPECT_EQ(read.error().code, ErrorCode::kIo);
  proxy_->set(Mode::kPass);
}

TEST_F(PostgresStoreTest, AMonthThatWasDroppedIsMadeAgainByTheNextWrite) {
  must(store_->write(hour(kHour, {"a"}, 3, true)));
  must(store_->write(hour(kHour, {}, 4, true)));
  const auto retention = must(direct_->open_retention());
  int dropped = 0;
  while (must(retention->return_space())) ++dropped;
  EXPECT_EQ(dropped, 5) << "a partition of each table";
  must(store_->write(hour(kHour, {"b"}, 5, true)));
  EXPECT_THAT(chunks(*reader_, kHour), ElementsAre("b"));
}

TEST_F(PostgresStoreTest, RollupsOfWholeMonthsAreDroppedAtOnce) {
  constexpr std::int64_t kFebruary = 31 * 24;
  const auto retention = must(direct_->open_retention());
  must(store_->write(hour({.device = 1, .hour = 10}, {}, 1, true)));
  must(store_->write(hour({.device = 1, .hour = kFebruary + 10}, {}, 2, true)));
  must(retention->replace_by_rollups({.device = 1, .hour = 10}, "january"));
  must(retention->replace_by_rollups({.device = 1, .hour = kFebruary + 10}, "february"));
  const auto rollups = [&] {
    Lines lines;
    must(reader_->each_rollup(1, 0, 10'000, [&](std::int64_t, std::string_view bytes) {
      lines.emplace_back(bytes);
      return Status();
    }));
    return lines;
  };
  while (must(retention->remove_all_rollups(kFebruary - 1))) {
  }
  EXPECT_THAT(rollups(), ElementsAre("january", "february")) << "January has an hour that is kept";
  while (must(retention->remove_all_rollups(kFebruary + 5))) {
  }
  EXPECT_THAT(rollups(), ElementsAre("february"));
}

}  // namespace
}  // namespace gridloom::history
