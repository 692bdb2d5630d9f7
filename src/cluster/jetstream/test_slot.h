// For tests: owners of a slot's log, with what they were told of it.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "jetstream/slot_log.h"
#include "nats/connection.h"
#include "nats/settings.h"
#include "testing/must.h"

namespace gridloom::journal {

// One owner: a connection and an open log. It counts the records that it was handed, as
// "NUMBER PAYLOAD", and those that were acknowledged, by their payload.
class TestOwner {
 public:
  TestOwner(const nats::ConnectionSettings& settings, SlotLog::Options options)
      : connection_(must(nats::Connection::open(settings, {}))) {
    options.connection = connection_.get();
    if (options.node.empty()) options.node = fmt::format("node {}", options.revision);
    options.on_fenced = [this](const Error& error) {
      const std::lock_guard lock(mutex_);
      fenced_.push_back(error);
    };
    log_ = std::make_unique<SlotLog>(std::move(options));
  }

  [[nodiscard]] Status open(std::uint64_t after = 0) {
    return log_->from(Positions::everywhere(after), [this](std::span<const Record> records) {
      const std::lock_guard lock(mutex_);
      for (const Record& record : records) {
        records_.push_back(fmt::format("{} {}", record.sequence, record.payload));
      }
    });
  }
  void append(const std::string& payload) {
    log_->append(RecordKind::kAudit, payload,
                 [this, payload, life = std::make_shared<Life>(*this)] {
                   const std::lock_guard lock(mutex_);
                   acknowledged_.push_back(payload);
                 });
  }
  [[nodiscard]] SlotLog& log() { return *log_; }
  [[nodiscard]] nats::Connection& connection() { return *connection_; }
  void close() { log_.reset(); }

  [[nodiscard]] std::vector<std::string> records() const { return copy(records_); }
  [[nodiscard]] std::vector<std::string> acknowledged() const { return copy(acknowledged_); }
  [[nodiscard]] std::size_t acknowledged_count() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_.size();
  }
  [[nodiscard]] std::vector<Error> fenced() const {
    const std::lock_guard lock(mutex_);
    return fenced_;
  }
  // Callbacks that were neither called nor destroyed.
  [[nodiscard]] int waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }

 private:
  struct Life {
    explicit Life(TestOwner& with) : owner(with) { change(1); }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;
    ~Life() { change(-1); }
    void change(int by) const {
      const std::lock_guard lock(owner.mutex_);
      owner.waiting_ += by;
    }
    TestOwner& owner;
  };

  [[nodiscard]] std::vector<std::string> copy(const std::vector<std::string>& all) const {
    const std::lock_guard lock(mutex_);
    return all;
  }

  std::unique_ptr<nats::Connection> connection_;
  mutable std::mutex mutex_;
  std::vector<std::string> records_;
  std::vector<std::string> acknowledged_;
  std::vector<Error> fenced_;
  int waiting_ = 0;
  std::unique_ptr<SlotLog> log_;  // its thread uses the other members
};

using MakeOwner = std::function<std::unique_ptr<TestOwner>(std::uint64_t revision)>;

// One of two owners that race: opens the log, and appends to it as long as it can.
class TestRacer {
 public:
  TestRacer(std::unique_ptr<TestOwner> owner, std::string name)
      : owner_(std::move(owner)), name_(std::move(name)) {}

  void run(std::uint64_t stored) {
    is_open_ = owner_->open(stored).has_value();
    for (int i = 0; is_open_ && i < 10; ++i) append();
  }
  // Whether it can still append, once both have begun to.
  [[nodiscard]] bool goes_on() {
    if (!is_open_) return false;
    owner_->append(name_ + " last");
    while (!owner_->log().flush()) {
      if (owner_->log().is_fenced()) return false;
    }
    return true;
  }
  [[nodiscard]] std::vector<std::string> end() {
    owner_->close();
    return owner_->acknowledged();
  }

 private:
  void append() {
    owner_->append(fmt::format("{} {}", name_, ++count_));
    static_cast<void>(owner_->log().flush());
  }

  std::unique_ptr<TestOwner> owner_;
  std::string name_;
  int count_ = 0;
  bool is_open_ = false;
};

// Two owners open one log at the same moment, round after round: the later revision goes on, and
// all that either was acknowledged is in the log, once.
inline void race_for_a_slot(std::uint64_t rounds, const MakeOwner& owner) {
  std::set<std::string> acknowledged;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    TestRacer early(owner(2 * round + 1), fmt::format("{} early", round));
    TestRacer late(owner(2 * round + 2), fmt::format("{} late", round));
    {
      const std::uint64_t stored = acknowledged.size();
      std::barrier together(2);
      const std::jthread other([&] {
        together.arrive_and_wait();
        early.run(stored);
      });
      together.arrive_and_wait();
      late.run(stored);
    }
    EXPECT_FALSE(early.goes_on()) << round;
    EXPECT_TRUE(late.goes_on()) << round;
    for (TestRacer* racer : {&early, &late}) {
      for (std::string& each : racer->end()) {
        EXPECT_TRUE(acknowledged.insert(std::move(each)).second);
      }
    }
  }
  const auto reader = owner(2 * rounds + 1);
  must(reader->open());
  std::set<std::string> found;
  std::uint64_t number = 0;
  for (const std::string& each : reader->records()) {
    const std::size_t space = each.find(' ');
    EXPECT_EQ(each.substr(0, space), std::to_string(++number));
    EXPECT_TRUE(found.insert(each.substr(space + 1)).second) << each;
  }
  EXPECT_TRUE(std::ranges::includes(found, acknowledged));
}

}  // namespace gridloom::journal
