// Tests the log's promises with a disk that fails at every single operation of a run in turn, in
// every way and with loss of power: records reported as durable are replayed once, in order and
// unchanged, and nothing is replayed that was never appended. What a start has replayed counts as
// durable as well: a repeated message is acknowledged because of it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "journal/local/log.h"
#include "journal/local/test_disk.h"
#include "storage/summed_file.h"
#include "testing/temporary_folder.h"

namespace gridloom::journal {
namespace {

// One log over many starts, and the records that were reported as durable, or replayed, meanwhile.
class Life {
 public:
  // `seen`: log.seen, which survives everything; empty: none.
  Life(TestDisk& disk, LogLimits limits, std::filesystem::path seen = {})
      : disk_(disk), limits_(limits), seen_(std::move(seen)) {}
  ~Life() { end(); }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  // Starts the log and checks the replayed records against the promises. False: the disk prevented
  // the start.
  [[nodiscard]] bool start() {
    std::vector<std::pair<std::uint64_t, std::string>> replayed;
    auto opened = Log::open({.disk = &disk_,
                             .limits = limits_,
                             .written =
                                 [this](std::span<const Record> records) {
                                   for (const Record& record : records) on_written(record);
                                 },
                             .seen = seen_},
                            trimmed_, [&replayed](const Record& record) {
                              replayed.emplace_back(record.sequence, record.payload);
                            });
    if (!opened) {
      EXPECT_EQ(opened.error().code, ErrorCode::kIo) << opened.error().detail;
      return false;
    }
    log_ = std::move(*opened);
    EXPECT_EQ(log_->health().damaged_places, 0U);
    EXPECT_EQ(log_->loss().gaps, std::vector<RecordGap>{});
    EXPECT_EQ(log_->loss().ends_early, std::nullopt) << "behind " << trimmed_;
    check(replayed);
    return true;
  }
  void end() { log_.reset(); }

  void append(std::size_t size) {
    const std::size_t index = appended_.size();
    std::string payload = fmt::format("{}:", index);
    while (payload.size() < size) payload += static_cast<char>('a' + (payload.size() % 26));
    {
      const std::lock_guard lock(mutex_);
      appended_.push_back(payload);
    }
    log_->append(RecordKind::kReports, std::move(payload), [this, index] {
      const std::lock_guard lock(mutex_);
      EXPECT_TRUE(written_.contains(index)) << index << " was told before it was written";
      EXPECT_TRUE(told_.empty() || told_.back() < index) << "told twice or out of order";
      told_.push_back(index);
    });
  }
  [[nodiscard]] bool flush() { return log_->flush(); }
  // The disk works again: the log must recover by itself.
  void expect_recovery() {
    bool done = false;
    for (int i = 0; i < 10 && !done; ++i) done = log_->flush();
    EXPECT_TRUE(done);
    EXPECT_FALSE(log_->health().failing);
    EXPECT_EQ(log_->waiting_bytes(), 0U);
    const std::lock_guard lock(mutex_);
    ASSERT_FALSE(told_.empty());
    EXPECT_EQ(told_.back(), appended_.size() - 1);
  }
  // Trims the log up to the `told`-th record reported as durable. Call after a flush.
  void trim(std::size_t told) {
    const std::lock_guard lock(mutex_);
    if (told_.empty()) return;
    const std::size_t index = told_.at(std::min(told, told_.size() - 1));
    trimmed_ = std::max(trimmed_, written_.at(index));
    log_->trim(trimmed_);
  }
  [[nodiscard]] std::size_t told() const {
    const std::lock_guard lock(mutex_);
    return told_.size();
  }

 private:
  void on_written(const Record& record) {
    const std::lock_guard lock(mutex_);
    const auto index = index_of(record.payload);
    ASSERT_TRUE(index) << "never appended: " << record.payload;
    EXPECT_TRUE(written_.emplace(*index, record.sequence).second) << "written twice";
  }

  [[nodiscard]] std::optional<std::size_t> index_of(std::string_view payload) const {
    std::size_t index = 0;
    std::from_chars(payload.data(), payload.data() + payload.size(), index);
    if (index >= appended_.size() || appended_[index] != payload) return std::nullopt;
    return index;
  }

  void check(const std::vector<std::pair<std::uint64_t, std::string>>& replayed) {
    const std::lock_guard lock(mutex_);
    std::map<std::size_t, std::uint64_t> found;
    std::uint64_t last_sequence = trimmed_;
    for (const auto& [sequence, payload] : replayed) {
      EXPECT_GT(sequence, last_sequence);
      last_sequence = sequence;
      const auto index = index_of(payload);
      ASSERT_TRUE(index) << "never appended: " << payload;
      EXPECT_TRUE(found.empty() || found.rbegin()->first < *index) << "twice or out of order";
      found.emplace(*index, sequence);
    }
    for (const std::size_t index : told_) promised_.emplace(index, written_.at(index));
    for (const auto& [index, sequence] : promised_) {
      if (sequence <= trimmed_) continue;
      ASSERT_TRUE(found.contains(index)) << index << " was told to be durable, and is lost";
      EXPECT_EQ(found.at(index), sequence);
    }
    promised_.insert(found.begin(), found.end());
  }

  TestDisk& disk_;
  LogLimits limits_;
  std::filesystem::path seen_;
  mutable std::mutex mutex_;                      // for members that the log's thread uses too
  std::vector<std::string> appended_;             // all different
  std::map<std::size_t, std::uint64_t> written_;  // sequence numbers, by index in appended_
  std::vector<std::size_t> told_;                 // indexes whose `durable` was called
  // Sequence numbers of these and of what starts have replayed.
  std::map<std::size_t, std::uint64_t> promised_;
  std::uint64_t trimmed_ = 0;
  std::unique_ptr<Log> log_;
};

class LogFaults : public testing::Test {
 protected:
  void SetUp() override { spdlog::set_level(spdlog::level::off); }
  void TearDown() override { spdlog::set_level(spdlog::level::info); }

  static LogLimits limits() {
    LogLimits limits{.commit = Millis(0), .retry = Millis(1)};
    limits.segment_bytes = 300;
    return limits;
  }
};

enum class End : std::uint8_t { kKilled, kPowerLost };

struct Case {
  TestDisk::DiskFault fault;
  std::uint64_t seed = 0;
  End end = End::kKilled;
};

std::string name_of(const Case& of) {
  return fmt::format("operation {}, {} times, kind {}, seed {}, end {}", of.fault.at,
                     of.fault.times, static_cast<int>(of.fault.kind), of.seed,
                     static_cast<int>(of.end));
}

bool ends_the_program(TestDisk::Kind kind) {
  return kind == TestDisk::Kind::kPowerOff || kind == TestDisk::Kind::kKilled;
}

// What follows a fault that ends the program.
void begin_again(TestDisk& disk, TestDisk::Kind kind) {
  if (kind == TestDisk::Kind::kPowerOff) disk.power_on();
  if (kind == TestDisk::Kind::kKilled) disk.restart();
}

// Two starts with some records each; the second finds the records of the first. Returns the number
// of disk operations.
std::uint64_t run(const Case& of, LogLimits limits) {
  constexpr std::array<std::size_t, 6> kSizes = {0, 40, 150, 7, 33, 90};
  TestDisk disk(of.seed);
  disk.plan(of.fault);
  Life life(disk, limits);
  const auto start = [&] {
    for (int tries = 0; !life.start(); ++tries) {
      if (tries == 5) return ADD_FAILURE() << "it does not start any more";
      begin_again(disk, of.fault.kind);
    }
  };
  for (int starts = 0; starts < 2; ++starts) {
    start();
    for (std::size_t i = 0; i < kSizes.size(); ++i) {
      life.append(kSizes[i]);
      if (!life.flush() && ends_the_program(of.fault.kind)) {
        life.end();
        begin_again(disk, of.fault.kind);
        start();
      }
      if (i == 3) life.trim(2);
    }
    if (!ends_the_program(of.fault.kind)) life.expect_recovery();
    life.end();
    if (of.end == End::kPowerLost) {
      disk.power_on();
    } else {
      disk.restart();
    }
  }
  const std::uint64_t operations = disk.operations();
  start();
  life.append(20);
  EXPECT_TRUE(life.flush());
  life.end();
  disk.power_on();
  start();
  EXPECT_GE(life.told(), std::size_t{2});
  return operations;
}

TEST_F(LogFaults, AcknowledgedRecordsSurviveEachSingleFailure) {
  const std::uint64_t operations = run({.fault = {.at = 1'000'000}, .seed = 1}, limits());
  ASSERT_GT(operations, 30U);
  for (std::uint64_t at = 1; at <= operations; ++at) {
    for (const auto kind : {TestDisk::Kind::kNoSpace, TestDisk::Kind::kIoError,
                            TestDisk::Kind::kPowerOff, TestDisk::Kind::kKilled}) {
      for (std::uint64_t times = 1; times <= 3; ++times) {
        if (ends_the_program(kind) && times > 1) continue;
        for (std::uint64_t seed = 1; seed <= 4; ++seed) {
          for (const End end : {End::kKilled, End::kPowerLost}) {
            const Case of{.fault = {.at = at, .times = times, .kind = kind},
                          .seed = (seed * 1000) + at,
                          .end = end};
            run(of, limits());
            ASSERT_FALSE(HasFailure()) << name_of(of);
          }
        }
      }
    }
  }
}

// Many records in one write, and a random order of events. Each start has up to three faults of any
// kind; one may meet the recovery from another.
class RandomRun {
 public:
  RandomRun(std::uint64_t seed, LogLimits limits)
      : chance_(Chance(seed).split("run")), disk_(seed), seen_(folder_.path() / "log.seen") {
    limits.commit = Millis(static_cast<std::int64_t>(draw(2)));
    limits.commit_bytes = 100 + draw(400);
    limits.segment_bytes = 1 + draw(1000);
    life_.emplace(disk_, limits, folder_.path() / "log.seen");
  }

  void run() {
    for (int starts = 0; starts < 6; ++starts) {
      disk_.plan(any_fault(25));
      for (std::uint64_t more = draw(3); more > 0; --more) disk_.plan_also(any_fault(60));
      start();
      for (std::uint64_t left = 3 + draw(20); left > 0; --left) {
        life_->append(draw(4) == 0 ? draw(500) : draw(60));
        // The result of flush() is checked through the records reported as durable.
        if (draw(4) == 0 && life_->flush() && draw(4) == 0) life_->trim(life_->told() / 2);
      }
      disk_.mend();  // the log's thread may be about to meet another fault
      if (!disk_.ended()) life_->expect_recovery();
      life_->end();
      go_on(disk_.ended().value_or(draw(2) == 0 ? TestDisk::Kind::kPowerOff
                                                : TestDisk::Kind::kKilled));
    }
    disk_.mend();
    start();
  }

 private:
  std::uint64_t draw(std::uint64_t limit) { return chance_.bits(drawn_++) % limit; }
  TestDisk::DiskFault any_fault(std::uint64_t within) {
    const std::uint64_t at = disk_.operations() + 1 + draw(within);
    const std::uint64_t times = 1 + draw(4);
    return {.at = at, .times = times, .kind = static_cast<TestDisk::Kind>(draw(4))};
  }
  void start() {
    for (int tries = 0; !life_->start(); ++tries) {
      ASSERT_LT(tries, 20) << "it does not start any more";
      if (const auto ended = disk_.ended()) go_on(*ended);
    }
  }
  void go_on(TestDisk::Kind ended) {
    begin_again(disk_, ended);
    // The file may be older than the log after a loss of power.
    if (ended != TestDisk::Kind::kPowerOff) return;
    if (const auto number = seen_.read(); number && draw(2) == 0) {
      storage::SeenNumber(folder_.path() / "log.seen").create(*number - draw(*number + 1));
    }
  }

  const Chance chance_;
  std::uint64_t drawn_ = 0;
  const TemporaryFolder folder_;
  TestDisk disk_;
  const storage::SeenNumber seen_;
  std::optional<Life> life_;
};

void run_at_random(std::uint64_t seeds, const LogLimits& limits) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    RandomRun(seed, limits).run();
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
  }
}

TEST_F(LogFaults, AcknowledgedRecordsSurviveRandomFailures) { run_at_random(400, limits()); }

using LongLogFaults = LogFaults;
TEST_F(LongLogFaults, AcknowledgedRecordsSurviveManyRandomFailures) {
  run_at_random(20'000, limits());
}

}  // namespace
}  // namespace gridloom::journal
