// The subscriptions of a client of the live stream: which have news and when these may be sent, and
// which wait for their device's twin to be read. Belongs to the loop of its connection.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/clock.h"

namespace gridloom::api {

class LiveSchedule {
 public:
  using Id = std::int64_t;
  // News of all subscriptions are sent together, not more often than this.
  static constexpr Millis kPeriod{250};

  // The subscription has news from now on, which may be sent at `due`, and kPeriod after others
  // were sent. Nothing happens if it has some already.
  void add(Id id, TimePoint due, TimePoint now) {
    if (sent_) due = std::max(due, *sent_ + kPeriod);
    add_at(id, due, now);
  }
  // The same of news that the client waits for.
  void add_at_once(Id id, TimePoint now) { add_at(id, now, now); }
  void remove(Id id) {
    const auto found = has_news_.find(id);
    if (found == has_news_.end()) return;
    ready_.erase(id);
    later_.erase({found->second, id});
    has_news_.erase(found);
  }
  void clear() { *this = {}; }

  // Moves the news whose time has come to those that are ready.
  void make_ready(TimePoint now) {
    while (!later_.empty() && later_.begin()->first <= now) {
      ready_.insert(later_.begin()->second);
      later_.erase(later_.begin());
    }
  }
  [[nodiscard]] bool is_ready() const { return !ready_.empty(); }
  [[nodiscard]] bool has_news(Id id) const { return has_news_.contains(id); }
  // Takes the subscription behind the one that was taken last: each has its turn, however much the
  // others have. Nothing: none is ready.
  [[nodiscard]] std::optional<Id> take(TimePoint now) {
    if (ready_.empty()) return std::nullopt;
    sent_ = now;
    auto next = ready_.upper_bound(last_);
    if (next == ready_.end()) next = ready_.begin();
    last_ = *next;
    remove(last_);
    return last_;
  }

 private:
  void add_at(Id id, TimePoint due, TimePoint now) {
    if (!has_news_.insert({id, due}).second) return;
    if (due <= now) {
      ready_.insert(id);
    } else {
      later_.emplace(due, id);
    }
  }

  std::map<Id, TimePoint> has_news_;  // when it is due
  std::set<Id> ready_;
  std::set<std::pair<TimePoint, Id>> later_;
  Id last_ = 0;
  std::optional<TimePoint> sent_;
};

// Lists the subscriptions whose twins are to be read, and gives out few at a time: a client that
// does not take them holds no more.
class LiveTwinQueue {
 public:
  using Id = std::int64_t;
  static constexpr std::size_t kAtOnce = 8;  // read, or waiting to be sent

  void add(Id id) { waiting_.insert(id); }
  // The subscription has ended; `was_taken`: take() returned it, and nobody gave it back.
  void remove(Id id, bool was_taken) {
    waiting_.erase(id);
    if (was_taken) give_back();
  }
  // The next one to be read; nothing: none waits, or too many were taken.
  [[nodiscard]] std::optional<Id> take() {
    if (waiting_.empty() || taken_ >= kAtOnce) return std::nullopt;
    ++taken_;
    return waiting_.extract(waiting_.begin()).value();
  }
  // One that was taken has been sent.
  void give_back() { --taken_; }
  void clear() { *this = {}; }

 private:
  std::set<Id> waiting_;
  std::size_t taken_ = 0;
};

}  // namespace gridloom::api
