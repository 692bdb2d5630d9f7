#include "journal/local/log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "journal/local/segment.h"
#include "journal/local/test_disk.h"
#include "testing/clock.h"

namespace gridloom::journal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

using Rows = std::vector<std::pair<std::uint64_t, std::string>>;

constexpr LogLimits kPrompt{.commit = Millis(0), .retry = Millis(1)};
constexpr LogLimits kNeverByTime{.commit = Millis(3'600'000), .retry = Millis(1)};

// A log, the records it replayed at its start, and the records it reported as written and durable.
class Stand {
 public:
  explicit Stand(Disk& disk, LogLimits limits = kPrompt, std::uint64_t after = 0) {
    auto opened = Log::open({.disk = &disk,
                             .limits = limits,
                             .written =
                                 [this](std::span<const Record> records) {
                                   for (const Record& record : records) {
                                     written_.emplace_back(record.sequence, record.payload);
                                   }
                                 }},
                            after, [this](const Record& record) {
                              replayed_.emplace_back(record.sequence, record.payload);
                            });
    if (opened) {
      log_ = std::move(*opened);
    } else {
      fault_ = opened.error();
    }
  }

  [[nodiscard]] Log& log() { return *log_; }
  [[nodiscard]] const Rows& replayed() const { return replayed_; }
  // Call written() and durable() after a flush, or when the log is closed.
  [[nodiscard]] const Rows& written() const { return written_; }
  [[nodiscard]] const std::vector<std::string>& durable() const { return durable_; }
  [[nodiscard]] const std::optional<Error>& fault() const { return fault_; }

  void append(const std::string& payload) {
    log_->append(RecordKind::kReports, payload, [this, payload] { durable_.push_back(payload); });
  }
  [[nodiscard]] bool put(const std::string& payload) {
    append(payload);
    return log_->flush();
  }
  void close() { log_.reset(); }

 private:
  Rows replayed_;
  Rows written_;
  std::vector<std::string> durable_;
  std::optional<Error> fault_;
  std::unique_ptr<Log> log_;  // destroyed first
};

std::vector<std::string> segments_of(const TestDisk& disk) {
  std::vector<std::string> names;
  for (const auto& [name, content] : disk.contents()) {
    if (name.ends_with(".log")) names.push_back(name);
  }
  return names;
}

TEST(Log, AppendedRecordsAreReplayedAfterARestart) {
  TestDisk disk(1);
  {
    Stand first(disk);
    EXPECT_THAT(first.replayed(), IsEmpty());
    first.append("one");
    first.append("");
    EXPECT_TRUE(first.put("three"));
    EXPECT_THAT(first.written(), ElementsAre(Pair(1, "one"), Pair(2, ""), Pair(3, "three")));
    EXPECT_THAT(first.durable(), ElementsAre("one", "", "three"));
    EXPECT_EQ(first.log().waiting_bytes(), 0U);
  }
  Stand second(disk);
  EXPECT_THAT(second.replayed(), ElementsAre(Pair(1, "one"), Pair(2, ""), Pair(3, "three")));
  EXPECT_TRUE(second.put("four"));
  EXPECT_THAT(second.written(), ElementsAre(Pair(4, "four")));
  second.close();
  EXPECT_THAT(Stand(disk, kPrompt, 2).replayed(), ElementsAre(Pair(3, "three"), Pair(4, "four")));
}

TEST(Log, KeepsTheKindAndEveryByteOfAPayload) {
  TestDisk disk(1);
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  {
    auto log =
        Log::open({.disk = &disk, .limits = kPrompt, .written = {}}, 0, [](const Record&) {});
    ASSERT_TRUE(log);
    (*log)->append(RecordKind::kAudit, all, {});
    EXPECT_TRUE((*log)->flush());
  }
  std::vector<std::string> found;
  const auto log = Log::open({.disk = &disk}, 0, [&](const Record& record) {
    EXPECT_EQ(record.kind, RecordKind::kAudit);
    found.emplace_back(record.payload);
  });
  ASSERT_TRUE(log);
  EXPECT_THAT(found, ElementsAre(all));
}

TEST(Log, WritesWhatWaitsWhenItEnds) {
  TestDisk disk(1);
  Stand first(disk, kNeverByTime);
  first.append("one");
  first.append("two");
  first.close();
  EXPECT_THAT(first.durable(), ElementsAre("one", "two"));
  EXPECT_THAT(Stand(disk).replayed(), SizeIs(2));
}

TEST(Log, TrimRemovesSegmentsOfWhichNothingIsNeeded) {
  TestDisk disk(1);
  LogLimits limits = kPrompt;
  limits.segment_bytes = 100;
  const std::string payload(80, 'x');
  {
    Stand stand(disk, limits);
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(stand.put(payload));
    EXPECT_THAT(segments_of(disk),
                ElementsAre("00000000000000000001.log", "00000000000000000002.log",
                            "00000000000000000003.log", "00000000000000000004.log"));
    const std::uint64_t one = kSegmentHeader_bytes + kRecordHead_bytes + payload.size();
    EXPECT_EQ(stand.log().bytes(), 4 * one);
    stand.log().trim(2);
    EXPECT_TRUE(stand.put("more"));  // after the trim
    EXPECT_THAT(segments_of(disk),
                ElementsAre("00000000000000000003.log", "00000000000000000004.log",
                            "00000000000000000005.log"));
    // The segment that is being written stays, whatever is trimmed.
    stand.log().trim(std::numeric_limits<std::uint64_t>::max());
    EXPECT_TRUE(stand.put("and more"));
    EXPECT_THAT(segments_of(disk), ElementsAre("00000000000000000005.log"));
  }
  EXPECT_THAT(Stand(disk).replayed(), ElementsAre(Pair(5, "more"), Pair(6, "and more")));
}

TEST(Log, NumbersAreNotGivenAgainWhenEverythingWasTrimmed) {
  TestDisk disk(1);
  LogLimits limits = kPrompt;
  limits.segment_bytes = 1;
  {
    Stand stand(disk, limits);
    EXPECT_TRUE(stand.put("one"));
    EXPECT_TRUE(stand.put("two"));
  }
  for (int start = 0; start < 3; ++start) {
    Stand stand(disk, limits, 2);
    EXPECT_THAT(stand.replayed(), IsEmpty());
    stand.log().trim(2);
    stand.close();
    EXPECT_THAT(segments_of(disk), ElementsAre("00000000000000000003.log"));
  }
  Stand stand(disk, limits);
  EXPECT_TRUE(stand.put("three"));
  EXPECT_THAT(stand.written(), ElementsAre(Pair(3, "three")));
}

TEST(Log, NumbersBeginBehindWhatTheCallerKnows) {
  TestDisk disk(1);
  Stand stand(disk, kPrompt, 41);
  EXPECT_TRUE(stand.put("x"));
  EXPECT_THAT(stand.written(), ElementsAre(Pair(42, "x")));
}

TEST(Log, AGroupIsSyncedOnceWhenItIsLargeEnough) {
  TestDisk disk(1);
  LogLimits limits = kNeverByTime;
  limits.commit_bytes = 10 * (kRecordHead_bytes + 5);
  Stand stand(disk, limits);
  EXPECT_TRUE(stand.log().flush());
  EXPECT_TRUE(stand.put("first"));
  const std::uint64_t before = disk.operations();
  std::promise<void> last;
  for (int i = 0; i < 9; ++i) stand.append("xxxxx");
  stand.log().append(RecordKind::kReports, "xxxxx", [&last] { last.set_value(); });
  last.get_future().wait();
  EXPECT_EQ(disk.operations() - before, 2U) << "one append, one sync";
}

TEST(Log, ARecordIsSyncedAtOnceIfThereWasNoSyncForAWindow) {
  TestDisk disk(1);
  Stand stand(disk, kNeverByTime);
  std::promise<void> done;
  stand.log().append(RecordKind::kReports, "x", [&done] { done.set_value(); });
  done.get_future().wait();
}

TEST(Log, ARecordWaitsForAWindowAfterTheLastSync) {
  TestDisk disk(1);
  Stand stand(disk, {.commit = Millis(20)});
  const auto wait_for_one = [&stand] {
    std::promise<std::chrono::steady_clock::time_point> done;
    stand.log().append(
        RecordKind::kReports, "x", [&done] { done.set_value(std::chrono::steady_clock::now()); },
        0);
    return done.get_future().get();
  };
  const auto first = wait_for_one();
  EXPECT_GE(wait_for_one() - first, Millis(20));
}

TEST(Log, RecordsAreReportedDurableAfterTheSyncInOrder) {
  TestDisk disk(1);
  Stand stand(disk);
  EXPECT_TRUE(stand.put("one"));
  disk.break_down(TestDisk::Kind::kNoSpace);
  stand.append("two");
  EXPECT_FALSE(stand.put("three"));
  EXPECT_THAT(stand.durable(), ElementsAre("one"));
  EXPECT_THAT(stand.written(), SizeIs(1));
  ASSERT_TRUE(stand.log().health().failing);
  EXPECT_THAT(*stand.log().health().failing, HasSubstr("No space left on device"));
  EXPECT_GT(stand.log().waiting_bytes(), 0U);
  disk.mend();
  EXPECT_TRUE(stand.put("four"));
  EXPECT_FALSE(stand.log().health().failing);
  EXPECT_EQ(stand.log().waiting_bytes(), 0U);
  EXPECT_THAT(stand.durable(), ElementsAre("one", "two", "three", "four"));
  EXPECT_THAT(stand.written(),
              ElementsAre(Pair(1, "one"), Pair(2, "two"), Pair(3, "three"), Pair(4, "four")));
}

TEST(Log, RecoversByItselfWithoutBeingAsked) {
  TestDisk disk(1);
  Stand stand(disk);
  EXPECT_TRUE(stand.put("one"));
  disk.plan({.at = disk.operations() + 1, .times = 5});
  std::promise<void> done;
  stand.log().append(RecordKind::kReports, "two", [&done] { done.set_value(); });
  done.get_future().wait();
  EXPECT_TRUE(stand.log().flush());
  EXPECT_FALSE(stand.log().health().failing);
}

TEST(Log, EndsAtOnceWhileTheDiskRefusesAndTellsNobody) {
  TestDisk disk(1);
  Stand stand(disk, {.commit = Millis(0), .retry = Millis(3'600'000)});
  EXPECT_TRUE(stand.put("one"));
  disk.break_down(TestDisk::Kind::kIoError);
  EXPECT_FALSE(stand.put("two"));
  stand.append("three");
  stand.close();
  EXPECT_THAT(stand.durable(), ElementsAre("one"));
  EXPECT_THAT(stand.written(), ElementsAre(Pair(1, "one")));
}

TEST(Log, IsBehindWhileMoreWaitsThanMay) {
  TestDisk disk(1);
  LogLimits limits = kPrompt;
  limits.waiting_bytes = 2 * kRecordHead_bytes + 10;
  Stand stand(disk, limits);
  EXPECT_TRUE(stand.log().flush());
  disk.break_down(TestDisk::Kind::kNoSpace);
  stand.append("xxxxx");
  EXPECT_FALSE(stand.log().behind());
  stand.append("xxxxx");
  EXPECT_FALSE(stand.log().behind()) << "as much as may";
  stand.append("");
  EXPECT_TRUE(stand.log().behind());
  EXPECT_EQ(stand.log().waiting_bytes(), (3 * kRecordHead_bytes) + 10);
  disk.mend();
  EXPECT_TRUE(stand.log().flush());
  EXPECT_FALSE(stand.log().behind());
}

TEST(Log, IsBehindWhileTheDiskHasMoreThanMayBe) {
  TestDisk disk(1);
  LogLimits limits = kPrompt;
  limits.segment_bytes = 100;
  limits.most_bytes = 250;
  Stand stand(disk, limits);
  const std::string fills_a_segment(100, 'x');
  stand.append(fills_a_segment);
  EXPECT_TRUE(stand.log().flush());
  EXPECT_FALSE(stand.log().behind());
  stand.append(fills_a_segment);
  EXPECT_TRUE(stand.log().flush());
  EXPECT_TRUE(stand.log().behind());
  stand.log().trim(1);
  stand.append("");  // the log's thread trims before it writes
  EXPECT_TRUE(stand.log().flush());
  EXPECT_FALSE(stand.log().behind());
}

TEST(Log, TheDurableCallbackMayUseTheLog) {
  TestDisk disk(1);
  Stand stand(disk);
  std::promise<bool> last;
  stand.log().append(RecordKind::kReports, "one", [&] {
    EXPECT_FALSE(stand.log().behind());
    EXPECT_FALSE(stand.log().health().failing);
    stand.log().trim(0);
    stand.log().append(RecordKind::kReports, "two", [&] { last.set_value(true); });
  });
  EXPECT_TRUE(last.get_future().get());
}

TEST(Log, SaysInTheProgramsLogWhatIsWrongOnceAMinute) {
  std::ostringstream text;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text)));
  const auto errors = [&text] {
    std::size_t count = 0;
    for (std::string all = text.str(); all.contains("[error]"); ++count) {
      all.erase(0, all.find("[error]") + 1);
    }
    return count;
  };
  TestDisk disk(1);
  TestClock clock;
  {
    const auto log =
        Log::open({.disk = &disk, .clock = &clock, .limits = kPrompt}, 0, [](const Record&) {});
    ASSERT_TRUE(log);
    disk.break_down(TestDisk::Kind::kIoError);
    (*log)->append(RecordKind::kReports, "one", {});
    for (int i = 0; i < 5; ++i) EXPECT_FALSE((*log)->flush());
    EXPECT_EQ(errors(), 1U);
    EXPECT_THAT(text.str(), HasSubstr("Input/output error"));
    clock.pass(Millis(60'000));
    for (int i = 0; i < 5; ++i) EXPECT_FALSE((*log)->flush());
    EXPECT_EQ(errors(), 2U);
    disk.mend();
    EXPECT_TRUE((*log)->flush());
  }
  spdlog::set_default_logger(before);
}

TEST(Log, StartsOnADiskThatCannotBeWrittenAndBeginsWhenItCan) {
  TestDisk disk(1);
  {
    Stand stand(disk);
    EXPECT_TRUE(stand.put("one"));
  }
  disk.break_down(TestDisk::Kind::kNoSpace);
  Stand stand(disk);
  EXPECT_THAT(stand.replayed(), ElementsAre(Pair(1, "one")));
  EXPECT_FALSE(stand.put("two"));
  disk.mend();
  EXPECT_TRUE(stand.put("three"));
  EXPECT_THAT(stand.durable(), ElementsAre("two", "three"));
}

TEST(Log, DoesNotStartOnADiskThatCannotBeRead) {
  TestDisk disk(1);
  {
    Stand stand(disk);
    EXPECT_TRUE(stand.put("one"));
  }
  disk.break_down(TestDisk::Kind::kIoError);
  const Stand stand(disk);
  ASSERT_TRUE(stand.fault());
  EXPECT_EQ(stand.fault()->code, ErrorCode::kIo);
}

TEST(Log, TakesRecordsFromManyThreadsInTheOrderOfEach) {
  constexpr std::uint64_t kThreads = 3;
  constexpr std::uint64_t kEach = 2000;
  TestDisk disk(1);
  LogLimits limits{.commit = Millis(1)};
  limits.segment_bytes = 20'000;
  std::atomic<std::uint64_t> told{0};
  {
    const auto log =
        Log::open({.disk = &disk, .limits = limits, .written = {}}, 0, [](const Record&) {});
    ASSERT_TRUE(log);
    std::vector<std::jthread> threads;
    for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (std::uint64_t i = 0; i < kEach; ++i) {
          (*log)->append(RecordKind::kReports, fmt::format("{}:{}", thread, i), [&] { ++told; });
          if (i % 500 == 0) EXPECT_TRUE((*log)->flush());
        }
      });
    }
    threads.clear();
    EXPECT_TRUE((*log)->flush());
    EXPECT_EQ(told, kThreads * kEach);
  }
  const Stand again(disk);
  ASSERT_EQ(again.replayed().size(), kThreads * kEach);
  std::array<std::uint64_t, kThreads> next{};
  for (std::size_t i = 0; i < again.replayed().size(); ++i) {
    const auto& [sequence, payload] = again.replayed()[i];
    EXPECT_EQ(sequence, i + 1);
    const auto thread = static_cast<std::size_t>(payload[0] - '0');
    EXPECT_EQ(payload, fmt::format("{}:{}", thread, next.at(thread)++));
  }
}

}  // namespace
}  // namespace gridloom::journal
