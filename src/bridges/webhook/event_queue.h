// The events that wait for their receiver: so many at most, the oldest of them dropped first, and
// none for longer than a day. Thread rule: any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace gridloom::bridges::webhook {

class EventQueue {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMostWaiting = 1'000;
  static constexpr std::chrono::hours kLongestWait{24};

  struct Waiting {
    std::string id;
    std::string body;
    Moment since;
  };
  [[nodiscard]] static bool is_too_old(const Waiting& event, Moment now) {
    return now - event.since >= kLongestWait;
  }

  // Drops the oldest if there is no room.
  void push(Waiting event);
  // The oldest; drops those that are too old. Nothing: none waits.
  [[nodiscard]] std::optional<Waiting> take(Moment now);
  [[nodiscard]] std::size_t size() const;
  // The events that were dropped since the last call.
  [[nodiscard]] std::uint64_t take_dropped();

 private:
  mutable std::mutex mutex_;
  std::deque<Waiting> waiting_;
  std::uint64_t dropped_ = 0;
};

}  // namespace gridloom::bridges::webhook
