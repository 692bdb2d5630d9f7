// Decides when the records that wait are synced together (group commit): a sync that comes early
// answers sooner, and a sync that comes late costs less for each record.
//
// The next sync is due one window after the end of the last. So a record that comes when none came
// for longer is synced at once, and a stream of records costs one sync a window.
//
// A sync comes before that when everyone who was waiting for the last one is back: clients that
// publish only after each acknowledgement would wait for nobody but the clock. How many are to be
// back is learned from whole windows, which gather all such clients. Clients that publish at their
// own pace are about twice too few in half of a window, so the rule does not let them cause more
// syncs; it is learned anew from time to time in case their rate has grown.
//
// Pure: times are passed in. One thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "base/clock.h"

namespace gridloom::journal {

class CommitRule {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // A longer window is kept to its end, whoever is back: it is chosen to spare the disk.
  static constexpr Millis kLongestToEndEarly{20};
  // Everyone is back within this share of a window, or counts as publishing at its own pace.
  static constexpr int kBackWithin = 2;
  // The number to wait for is learned anew after this many windows.
  static constexpr int kLearnedFor = 128;

  explicit CommitRule(Millis window) : window_(window) {}

  // When a group is due; the past: at once.
  [[nodiscard]] Time due() const { return ended_ ? *ended_ + window_ : Time(); }
  // Waiters with whom a group may be complete; 0: none may.
  [[nodiscard]] std::size_t enough() const { return enough_; }
  // True if a group with this many waiters need not wait until it is due.
  [[nodiscard]] bool is_complete(std::size_t waiters, Time now) const;

  // A group is taken to be synced, because it is due or complete, or for another reason. Its first
  // record came at `first`.
  void take(std::size_t waiters, Time first, Time now);
  // A sync has ended, and its waiters were released.
  void end(Time now) { ended_ = now; }

 private:
  Millis window_;
  std::optional<Time> ended_;  // of the last sync; none yet: the clock may be younger than a window
  std::size_t enough_ = 0;
  Time learned_{};
};

}  // namespace gridloom::journal
