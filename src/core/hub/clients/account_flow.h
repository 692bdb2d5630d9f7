// Backpressure for one account: limits how many bytes all its clients together have published that
// no shard has processed yet, and how many bytes a day it may write to the disk. A throttled
// account is not read from: its input waits in its sockets, and the loops have time for other
// accounts.
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
    std::size_t credit_bytes = std::size_t{2} * 1024 * 1024;
    // Bytes written to the log: the whole allowance is available at once, and is then refunded
    // evenly over a day. 0: no limit.
    std::size_t written_bytes_a_day = std::size_t{64} * 1024 * 1024 * 1024;
  };
  explicit AccountFlow(const Limits& limits) : limits_(limits) {}

  [[nodiscard]] bool is_throttled() const { return charged_bytes_.load() >= limits_.credit_bytes; }
  void charge_credit(std::size_t bytes) { charged_bytes_.fetch_add(bytes); }
  void consume_credit(std::size_t bytes);
  // True: the account is throttled, and client->resume_reading() is called on its loop once the
  // account no longer is.
  [[nodiscard]] bool holds_back(const std::shared_ptr<Client>& client);

  void wrote(std::size_t bytes) {
    written_bytes_.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  }
  // Whether the account has written a day's allowance or more that is not refunded yet.
  [[nodiscard]] bool wrote_too_much(TimePoint now);
  // False: wrote_too_much() is false too, at any time. Takes no lock.
  [[nodiscard]] bool may_have_written_too_much() const {
    return limits_.written_bytes_a_day != 0 &&
           written_bytes_.load(std::memory_order_relaxed) >=
               static_cast<std::int64_t>(limits_.written_bytes_a_day);
  }

 private:
  void resume_clients(std::size_t clients);

  const Limits limits_;
  std::atomic<std::size_t> charged_bytes_{0};
  std::atomic<std::int64_t> written_bytes_{0};
  std::mutex mutex_;  // guards the members below
  std::deque<std::weak_ptr<Client>> held_back_;
  std::optional<TimePoint> came_back_;  // time of the last refund
};

using AccountFlowPtr = std::shared_ptr<AccountFlow>;

}  // namespace gridloom::hub
