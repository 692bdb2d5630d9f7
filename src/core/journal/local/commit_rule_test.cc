#include "journal/local/commit_rule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/chance.h"

namespace gridloom::journal {
namespace {

using std::chrono::microseconds;
using Time = CommitRule::Time;

constexpr Millis kWindow{5};
constexpr microseconds kSync{300};

// Plays a disk on a clock of its own, and uses the rule as the log does.
class TimedDisk {
 public:
  explicit TimedDisk(Millis window = kWindow) : rule_(window) {}

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] std::size_t syncs() const { return syncs_; }

  // A record of this client arrives; syncs that begin before it have been played.
  void arrive(Time at, std::size_t client = 0, std::size_t waiters = 1) {
    now_ = at;
    if (clients_.empty()) first_ = at;
    clients_.push_back(client);
    waiters_ += waiters;
  }
  // When the next sync begins if nobody arrives; none: no record waits.
  [[nodiscard]] std::optional<Time> next() const {
    if (clients_.empty()) return std::nullopt;
    const Time from = std::max(now_, free_);
    return rule_.is_complete(waiters_, from) ? from : std::max(from, rule_.due());
  }
  // Plays the next sync; the time is its end then. Returns the clients that were released.
  std::vector<std::size_t> sync() {
    const Time begin = *next();
    rule_.take(std::exchange(waiters_, 0), first_, begin);
    free_ = begin + kSync;
    rule_.end(free_);
    ++syncs_;
    return std::exchange(clients_, {});
  }
  [[nodiscard]] Time free() const { return free_; }

  void run_until(Time until) {
    while (next().value_or(Time::max()) <= until) sync();
    now_ = until;
  }
  // Plays until no record waits; returns the end of the last sync.
  Time settle() {
    while (next()) sync();
    return now_ = free_;
  }

 private:
  CommitRule rule_;
  Time now_ = Time(std::chrono::hours(1));
  Time free_{};  // the end of the last sync
  std::size_t syncs_ = 0;
  std::vector<std::size_t> clients_;
  std::size_t waiters_ = 0;
  Time first_{};
};

// Clients each of which publishes again shortly after it was released.
class ClosedLoop {
 public:
  ClosedLoop(TimedDisk& disk, std::size_t clients) : disk_(disk) {
    for (std::size_t client = 0; client < clients; ++client) comes(client, disk.now());
  }
  // Plays until this many publications were released; returns how many a second that is.
  double run(std::size_t publications) {
    const Time begin = disk_.now();
    std::size_t released = 0;
    while (released < publications) {
      const Time arrival = arrivals_.empty() ? Time::max() : arrivals_.begin()->first;
      if (disk_.next().value_or(Time::max()) < arrival) {
        for (const std::size_t client : disk_.sync()) {
          ++released;
          if (leaving_ == 0) {
            comes(client, disk_.free());
          } else {
            --leaving_;
          }
        }
        continue;
      }
      disk_.arrive(arrival, arrivals_.begin()->second);
      arrivals_.erase(arrivals_.begin());
    }
    return static_cast<double>(released) /
           std::chrono::duration<double>(disk_.free() - begin).count();
  }
  // So many do not publish again.
  void leave(std::size_t clients) { leaving_ += clients; }

 private:
  void comes(std::size_t client, Time after) {
    arrivals_.emplace(after + microseconds(100 + chance_.bits(draws_++) % 200), client);
  }

  TimedDisk& disk_;
  Chance chance_{1};
  std::uint64_t draws_ = 0;
  std::multimap<Time, std::size_t> arrivals_;
  std::size_t leaving_ = 0;
};

TEST(CommitRule, ARecordIsSyncedAtOnceAfterAWindowWithoutASync) {
  TimedDisk disk;
  const Time begin = disk.now();
  disk.arrive(begin);
  EXPECT_EQ(disk.settle(), begin + kSync);
  disk.arrive(begin + kSync + kWindow);
  EXPECT_EQ(disk.settle(), begin + kSync + kWindow + kSync);
}

// A steady clock begins when the machine does, perhaps a moment ago.
TEST(CommitRule, TheFirstRecordIsSyncedAtOnceHoweverYoungTheClockIs) {
  CommitRule rule{kWindow};
  EXPECT_LE(rule.due(), Time());
  rule.take(1, Time(), Time());
  rule.end(Time(kSync));
  EXPECT_EQ(rule.due(), Time(kSync + kWindow));
}

TEST(CommitRule, ARecordThatComesEarlierWaitsForTheWindowsEnd) {
  TimedDisk disk;
  const Time begin = disk.now();
  disk.arrive(begin);
  disk.settle();
  disk.arrive(begin + kSync + microseconds(1));
  disk.arrive(begin + kSync + microseconds(4999));
  EXPECT_EQ(disk.settle(), begin + kSync + kWindow + kSync);
  EXPECT_EQ(disk.syncs(), 2U);
}

TEST(CommitRule, ClientsThatWaitForEachAcknowledgementDoNotWaitForTheWindow) {
  for (const std::size_t clients : {1U, 2U, 10U, 100U}) {
    TimedDisk disk;
    const double rate = ClosedLoop(disk, clients).run(2000 * clients);
    EXPECT_GT(rate, 1400.0 * static_cast<double>(clients)) << clients << " clients";
    EXPECT_LT(disk.syncs(), 2100U) << clients << " clients share each sync";
  }
}

TEST(CommitRule, ClientsThatLeaveAreNotWaitedForAnyMore) {
  TimedDisk disk;
  ClosedLoop clients(disk, 10);
  clients.run(1000);
  clients.leave(7);
  clients.run(20);
  EXPECT_GT(clients.run(1000), 1400.0 * 3);
}

TEST(CommitRule, ClientsThatJoinAreWaitedFor) {
  TimedDisk disk;
  ClosedLoop(disk, 3).run(1000);
  const std::size_t before = disk.syncs();
  EXPECT_GT(ClosedLoop(disk, 10).run(10'000), 1400.0 * 10);
  EXPECT_LT(disk.syncs() - before, 1300U);
}

// Syncs a second while clients publish at their own pace, `rate` times a second in all.
double syncs_a_second(double rate) {
  constexpr int kSeconds = 20;
  const Chance chance(1);
  TimedDisk disk;
  const Time begin = disk.now();
  std::uint64_t draws = 0;
  // Uniform around the mean distance: about as irregular as independent timers are.
  for (double at_s = 0; at_s < kSeconds; at_s += 2 * chance.uniform(draws++) / rate) {
    const Time at = begin + microseconds(static_cast<std::int64_t>(at_s * 1e6));
    disk.run_until(at);
    disk.arrive(at);
  }
  return static_cast<double>(disk.syncs()) / kSeconds;
}

TEST(CommitRule, ClientsAtTheirOwnPaceCostAboutOneSyncAWindow) {
  constexpr double kMost = 1000.0 / 5 * 1.5;
  for (const double rate : {50.0, 400.0, 1000.0, 5000.0, 20'000.0}) {
    EXPECT_LT(syncs_a_second(rate), kMost) << rate << " a second";
  }
}

TEST(CommitRule, FewWaitersAreNotEnoughForLongWhenTheRateGrows) {
  TimedDisk disk;
  Time at = disk.now();
  const auto arrive = [&](microseconds after) {
    disk.run_until(at += after);
    disk.arrive(at);
  };
  for (int i = 0; i < 100; ++i) arrive(microseconds(3000));
  const std::size_t before = disk.syncs();
  for (int i = 0; i < 40'000; ++i) arrive(microseconds(50));
  EXPECT_LT(disk.syncs() - before, 2 * 1000U / 5 * 3) << "in two seconds";
}

TEST(CommitRule, WithoutWaitersTheWindowIsKept) {
  TimedDisk disk;
  Time at = disk.now();
  for (int i = 0; i < 5000; ++i) {
    disk.run_until(at += microseconds(200));
    disk.arrive(at, 0, 0);
  }
  EXPECT_LE(disk.syncs(), 1000U / 5 + 1);
}

TEST(CommitRule, ALongWindowIsKeptWhoeverIsBack) {
  TimedDisk shorter(CommitRule::kLongestToEndEarly);
  EXPECT_GT(ClosedLoop(shorter, 1).run(1000), 1000);
  TimedDisk longer(CommitRule::kLongestToEndEarly + Millis(1));
  EXPECT_LT(ClosedLoop(longer, 1).run(1000), 1000.0 / 21);
}

TEST(CommitRule, WithoutAWindowEachGroupIsSyncedAtOnce) {
  TimedDisk disk(Millis(0));
  const Time begin = disk.now();
  disk.arrive(begin);
  EXPECT_EQ(disk.settle(), begin + kSync);
  disk.arrive(begin + kSync + microseconds(1));
  EXPECT_EQ(disk.settle(), begin + kSync + microseconds(1) + kSync);
}

}  // namespace
}  // namespace gridloom::journal
