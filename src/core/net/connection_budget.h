// Limits the connections that several listeners have open together. Each listener is guaranteed a
// minimum, so that a flood at one of them cannot block the others; connections beyond the
// guaranteed ones are first come, first served.
//
// Thread rule: any thread. The counts of the other listeners may be as old as their last sweep.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>

namespace gridloom::net {

class ConnectionBudget {
 public:
  static constexpr std::size_t kMaxListeners = 4;
  static constexpr std::size_t kGuaranteedPercent = 10;

  explicit ConnectionBudget(std::size_t connections)
      : all_(connections), guaranteed_(connections * kGuaranteedPercent / 100) {}

  // Registers a listener and returns its number; at most kMaxListeners.
  [[nodiscard]] std::size_t register_listener() { return joined_++; }
  // Sets how many connections a listener has open.
  void set_open(std::size_t listener, std::size_t open) { open_.at(listener) = open; }
  // Whether this listener may open one more connection.
  [[nodiscard]] bool admits(std::size_t listener, std::size_t open) {
    set_open(listener, open);
    if (open < guaranteed_) return true;
    std::size_t taken = 0;  // the unused rest of a guarantee stays reserved
    for (std::size_t i = 0; i < joined_; ++i) taken += std::max(open_.at(i).load(), guaranteed_);
    return taken < all_;
  }

 private:
  const std::size_t all_;
  const std::size_t guaranteed_;
  std::atomic<std::size_t> joined_{0};
  std::array<std::atomic<std::size_t>, kMaxListeners> open_{};
};

}  // namespace gridloom::net
