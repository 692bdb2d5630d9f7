// Every row of the log is in the database once, whatever COMMIT was cut off, before the database
// carried it out or after it, whoever crashed, and when.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "database/history/postgres_store_factory.h"
#include "database/history/test_proxy.h"
#include "history/blocks/test_lines.h"
#include "history/builder.h"
#include "journal/batch.h"
#include "postgres/test_server.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;
using Mode = TestProxy::Mode;

constexpr std::int64_t kFirst = 472'222;
constexpr TimePoint kStart{Millis(kFirst * kHour_ms)};
constexpr int kSteps = 120;
constexpr DeviceNumber kDevices = 3;

class PostgresExactlyOnceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    database_.emplace();
    proxy_.emplace(database_->settings());
    open();
  }

  // What was not stored is read from the log again.
  void open() {
    proxy_->set(Mode::kPass);
    builder_.reset();
    store_.reset();
    stores_ = postgres_store_factory(
        proxy_->settings(), {.connection = {.call_timeout = Millis(3000)}, .clock = &clock_});
    store_ = must(stores_->open()).store;
    names_.emplace(must(store_->names()));
    builder_ = must(Builder::make(*store_, *names_, {}));
    for (std::uint64_t i = builder_->applied(); i < log_.size(); ++i) {
      must(builder_->take(i + 1, journal::RecordKind::kReports, log_[i]));
    }
    must(builder_->settle());
  }
  // A record of some rows, each with a value that no other has.
  void take() {
    journal::BatchWriter writer;
    for (auto rows = 1 + dice_() % 3; rows > 0; --rows) {
      const auto late = std::chrono::minutes(dice_() % 90);
      writer.begin(1 + static_cast<DeviceNumber>(dice_() % kDevices), unix_ms(now_ - late));
      writer.add("a", fmt::format("{}", ++values_));
      writer.end();
    }
    log_.push_back(writer.take());
    must(builder_->take(log_.size(), journal::RecordKind::kReports, log_.back()));
    now_ += std::chrono::minutes(dice_() % 9);
  }
  // Fails as the database does; the builder tries again later.
  void store() {
    static constexpr std::array kFaults = {Mode::kPass, Mode::kCutBeforeCommit,
                                           Mode::kCutAfterCommit, Mode::kCutAfterCommit};
    const Mode fault = kFaults.at(dice_() % kFaults.size());
    proxy_->set(fault, dice_() % 3 == 0 ? Mode::kAway : Mode::kPass);
    const auto amount = dice_() % 4 == 0 ? Builder::Amount::kEverything : Builder::Amount::kSlice;
    Status stored = builder_->store(now_, amount);
    if (stored && dice_() % 2 == 0) stored = builder_->checkpoint({});
    if (!stored) {
      ++failed_;
      ASSERT_EQ(stored.error().code, ErrorCode::kIo) << stored.error().detail;
    }
    if (proxy_->mode() == Mode::kAway) proxy_->set(Mode::kPass);
  }
  void store_all() {
    proxy_->set(Mode::kPass);
    Status stored;
    for (int i = 0; i < 200; ++i) {
      stored = builder_->store(now_ + 3h, Builder::Amount::kEverything);
      if (stored) stored = builder_->checkpoint({});
      if (stored) break;
      ::poll(nullptr, 0, 50);  // the pause between attempts to connect
    }
    must(stored);
  }
  // How often each value is stored.
  std::map<std::string, int> found() {
    const auto reader = must(stores_->open_reader());
    std::map<std::string, int> counts;
    for (DeviceNumber device = 1; device <= kDevices; ++device) {
      must(reader->each_chunk(device, 0, 1'000'000, [&](std::int64_t, std::string_view bytes) {
        for (const std::string& line : rows_of(bytes, *names_, 0)) {
          ++counts[line.substr(line.find('=') + 1)];
        }
        return Status();
      }));
    }
    return counts;
  }

  SystemClock clock_;
  std::optional<postgres::TestDatabase> database_;
  std::optional<TestProxy> proxy_;
  std::shared_ptr<StoreFactory> stores_;
  std::unique_ptr<Store> store_;
  std::optional<FieldNames> names_;
  std::unique_ptr<Builder> builder_;
  std::mt19937_64 dice_{46};
  std::vector<std::string> log_;
  TimePoint now_ = kStart;
  int values_ = 0;
  int failed_ = 0;
};

TEST_F(PostgresExactlyOnceTest, WhateverCommitIsCutOffAndWhoeverCrashes) {
  for (int step = 0; step < kSteps && !HasFatalFailure(); ++step) {
    for (auto records = dice_() % 4; records > 0; --records) take();
    if (dice_() % 16 == 0) open();
    store();
  }
  store_all();
  EXPECT_GT(failed_, kSteps / 8) << "the cuts had an effect";
  const std::map<std::string, int> counts = found();
  EXPECT_EQ(counts.size(), static_cast<std::size_t>(values_));
  for (const auto& [value, count] : counts) EXPECT_EQ(count, 1) << value;
  EXPECT_EQ(must(store_->applied()), journal::Positions::everywhere(log_.size()));
}

}  // namespace
}  // namespace gridloom::history
