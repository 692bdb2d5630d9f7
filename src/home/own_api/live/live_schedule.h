// The subscriptions of a client of the live stream: which have news and when these may be sent, and
// which wait for their device's twin to be read. Belongs to the loop of its connection.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

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
  void remove(Id id) { news_.erase(id); }
  void clear() { *this = {}; }

  // News whose time has come by now are ready.
  void make_ready(TimePoint now) { now_ = now; }
  // Whether kPeriod has passed since some were sent.
  [[nodiscard]] bool may_send() const { return !sent_ || *sent_ + kPeriod <= now_; }
  // Whether some are ready.
  [[nodiscard]] bool is_ready() const { return !news_.empty() && earliest_ <= now_; }
  [[nodiscard]] bool has_news(Id id) const { return news_.contains(id); }
  // Takes the subscription behind the one that was taken last: each has its turn, however much the
  // others have. Nothing: none is ready.
  [[nodiscard]] std::optional<Id> take() {
    auto next = news_.upper_bound(last_);
    for (std::size_t tried = 0; tried < news_.size(); ++tried, ++next) {
      if (next == news_.end()) next = news_.begin();
      if (next->second > now_) continue;
      sent_ = now_;
      last_ = next->first;
      news_.erase(next);
      return last_;
    }
    earliest_ = TimePoint::max();
    for (const auto& [id, due] : news_) earliest_ = std::min(earliest_, due);
    return std::nullopt;
  }

 private:
  void add_at(Id id, TimePoint due, TimePoint now) {
    now_ = now;
    if (news_.emplace(id, due).second) earliest_ = std::min(earliest_, due);
  }

  std::map<Id, TimePoint> news_;           // when they are due
  TimePoint earliest_ = TimePoint::max();  // none is due earlier
  TimePoint now_{};
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
