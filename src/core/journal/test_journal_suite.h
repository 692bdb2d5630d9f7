// For tests: what every journal promises to those who append and to those who read. A `Harness`
// opens one: `journal(known)` returns an owner of a new journal over the same log each time, with a
// member flush(); the one before it is gone then.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <ranges>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "journal/journal.h"
#include "journal/journal_reader.h"
#include "testing/must.h"

namespace gridloom::journal {

template <typename Harness>
class JournalSuite : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = Harness::missing(); !why.empty()) GTEST_SKIP() << why;
    harness_ = std::make_unique<Harness>();
  }

  Status open(const Positions& positions, std::uint64_t known = 0) {
    journal_.reset();
    journal_ = harness_->journal(known);
    return journal_->from(positions, [this](std::span<const Record> records) {
      for (const Record& record : records) {
        note(fmt::format("{} {}", record.sequence, record.payload));
      }
    });
  }
  std::uint64_t append(std::string payload) {
    const std::string text = fmt::format("durable {}", payload);
    const std::uint64_t sequence =
        journal_->append(RecordKind::kAudit, std::move(payload), [this, text] { note(text); });
    EXPECT_TRUE(journal_->flush());
    return sequence;
  }
  std::vector<std::string> take_seen() {
    const std::lock_guard lock(mutex_);
    return std::exchange(seen_, {});
  }
  void note(std::string text) {
    const std::lock_guard lock(mutex_);
    seen_.push_back(std::move(text));
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> seen_;  // records and what is durable, in their order

 protected:
  std::unique_ptr<Harness> harness_;
  decltype(std::declval<Harness>().journal(0)) journal_;  // its thread uses the other members
};
TYPED_TEST_SUITE_P(JournalSuite);

TYPED_TEST_P(JournalSuite, HandsARecordOverBeforeItIsReportedAsDurable) {
  must(this->open({}));
  this->append("a");
  this->append("b");
  EXPECT_THAT(this->take_seen(), testing::ElementsAre("1 a", "durable a", "2 b", "durable b"));
}

TYPED_TEST_P(JournalSuite, HandsOverWhatItHasBehindThePositions) {
  must(this->open({}));
  for (const char* payload : {"a", "b", "c"}) this->append(payload);
  static_cast<void>(this->take_seen());
  must(this->open(Positions::everywhere(1)));
  EXPECT_THAT(this->take_seen(), testing::ElementsAre("2 b", "3 c"));
  this->append("d");
  EXPECT_THAT(this->take_seen(), testing::ElementsAre("4 d", "durable d"));
}

TYPED_TEST_P(JournalSuite, ReadsAgainWhatIsDurable) {
  must(this->open({}));
  const std::string long_payload(80, 'x');
  for (int i = 0; i < 5; ++i) this->append(long_payload);
  std::vector<std::uint64_t> numbers;
  const auto read = [&](std::uint64_t after, std::uint64_t through, std::size_t most = 100) {
    numbers.clear();
    return must(this->journal_->read(Positions::everywhere(after), Positions::everywhere(through),
                                     [&](const Record& record) {
                                       numbers.push_back(record.sequence);
                                       return numbers.size() < most;
                                     }));
  };
  std::uint64_t last = 1;
  std::vector<std::uint64_t> all;
  while (last < 5) {
    last = read(last, 5).least();
    ASSERT_THAT(numbers, testing::Not(testing::IsEmpty()));
    std::ranges::copy(numbers, std::back_inserter(all));
  }
  EXPECT_THAT(all, testing::ElementsAre(2, 3, 4, 5)) << "call by call";
  EXPECT_EQ(read(1, 2), Positions::everywhere(2));
  EXPECT_THAT(numbers, testing::ElementsAre(2)) << "what follows may not be durable";
  EXPECT_EQ(read(0, 5, 1), Positions::everywhere(1));
  EXPECT_THAT(numbers, testing::ElementsAre(1));
  EXPECT_EQ(read(5, 5), Positions::everywhere(5));
  EXPECT_THAT(numbers, testing::IsEmpty());
}

TYPED_TEST_P(JournalSuite, RefusesToReadFromPositionsThatDiffer) {
  Positions stored;
  stored.advance(Partition{5}, 3);
  const Status opened = this->open(stored);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kConflict);
  EXPECT_THAT(this->take_seen(), testing::IsEmpty());
}

TYPED_TEST_P(JournalSuite, GivesNoNumberAgainThatOthersKnow) {
  must(this->open({}, 40));
  EXPECT_EQ(this->append("a"), 41U);
  must(this->open(Positions::everywhere(50)));
  EXPECT_EQ(this->append("b"), 51U);
}

TYPED_TEST_P(JournalSuite, GivesNoNumberAgainOnceAllRecordsWereRemoved) {
  must(this->open({}));
  for (const char* payload : {"a", "b", "c"}) this->append(payload);
  this->journal_->trim(Positions::everywhere(3));
  must(this->open(Positions::everywhere(3)));
  EXPECT_EQ(this->append("d"), 4U);
}

TYPED_TEST_P(JournalSuite, KeepsRecordsOfAnySize) {
  must(this->open({}));
  std::string noise(2'000'000, ' ');
  std::uint32_t seed = 1;
  for (char& letter : noise) {
    seed = seed * 1664525U + 1013904223U;
    letter = static_cast<char>(seed >> 24U);
  }
  const std::vector<std::string> payloads{"", noise, std::string(3'000'000, 'x'), "end"};
  std::vector<std::string> expected;
  for (const std::string& payload : payloads) {
    this->append(payload);
    expected.push_back(fmt::format("{} {}", expected.size() + 1, payload));
  }
  static_cast<void>(this->take_seen());
  must(this->open({}));
  EXPECT_EQ(this->take_seen(), expected);
}

TYPED_TEST_P(JournalSuite, HandsOverTheRecordsOfManyThreadsOnceAndInOrder) {
  must(this->open({}));
  constexpr int kThreads = 4;
  constexpr int kRecords = 500;
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < kRecords; ++i) this->journal_->append(RecordKind::kReports, "x", {});
      });
    }
  }
  ASSERT_TRUE(this->journal_->flush());
  const std::vector<std::string> live = this->take_seen();
  std::vector<std::string> expected;
  for (int i = 1; i <= kThreads * kRecords; ++i) expected.push_back(fmt::format("{} x", i));
  EXPECT_EQ(live, expected);
  must(this->open({}));
  EXPECT_EQ(this->take_seen(), expected) << "read from the log";
}

REGISTER_TYPED_TEST_SUITE_P(JournalSuite, HandsARecordOverBeforeItIsReportedAsDurable,
                            HandsOverWhatItHasBehindThePositions, ReadsAgainWhatIsDurable,
                            RefusesToReadFromPositionsThatDiffer, GivesNoNumberAgainThatOthersKnow,
                            GivesNoNumberAgainOnceAllRecordsWereRemoved, KeepsRecordsOfAnySize,
                            HandsOverTheRecordsOfManyThreadsOnceAndInOrder);

}  // namespace gridloom::journal
