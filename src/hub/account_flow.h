// How much the clients of one account, all together, are read ahead of what the shards have looked
// at, and how much they may have written to the disk. An account that is ahead is not read from:
// its input waits in its sockets, and the loops have time for others.
//
// Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace gridloom::hub {

class Client;

class AccountFlow : public std::enable_shared_from_this<AccountFlow> {
 public:
  struct Limits {
    std::size_t ahead_bytes = std::size_t{2} * 1024 * 1024;
    // In the log; as many at once, and then as they come back, evenly. 0: any number.
    std::size_t written_bytes_a_day = std::size_t{64} * 1024 * 1024 * 1024;
  };
  explicit AccountFlow(const Limits& limits) : limits_(limits) {}

  [[nodiscard]] bool is_ahead() const { return ahead_bytes_.load() >= limits_.ahead_bytes; }
  void published(std::size_t bytes) { ahead_bytes_.fetch_add(bytes); }
  void looked_at(std::size_t bytes);
  // True: the account is ahead, and `client` is told to go on once it no longer is.
  [[nodiscard]] bool holds_back(const std::shared_ptr<Client>& client);

  void wrote(std::size_t bytes) {
    written_bytes_.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  }
  // More than a day's worth, of what has not come back yet.
  [[nodiscard]] bool wrote_too_much(TimePoint now);

 private:
  void let_go_on(std::size_t clients);

  const Limits limits_;
  std::atomic<std::size_t> ahead_bytes_{0};
  std::atomic<std::int64_t> written_bytes_{0};
  std::mutex mutex_;  // of what follows
  std::deque<std::weak_ptr<Client>> held_back_;
  std::optional<TimePoint> came_back_;  // what was to come back by then
};

using AccountFlowPtr = std::shared_ptr<AccountFlow>;

}  // namespace gridloom::hub
