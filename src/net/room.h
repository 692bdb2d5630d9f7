// What several listeners may have open together. Each is sure of its share, so that a crowd at one
// leaves room at the others; beyond the shares, whoever comes first.
//
// Thread rule: any thread. The figures of the other listeners may be as old as their last sweep.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>

namespace gridloom::net {

class Room {
 public:
  static constexpr std::size_t kMostListeners = 4;
  static constexpr std::size_t kSharePercent = 10;

  explicit Room(std::size_t connections)
      : all_(connections), share_(connections * kSharePercent / 100) {}

  // Another listener, of kMostListeners: its number.
  [[nodiscard]] std::size_t join() { return joined_++; }
  // How many are open at a listener.
  void tell(std::size_t listener, std::size_t open) { open_.at(listener) = open; }
  // Whether there is room for one more at it.
  [[nodiscard]] bool has_room(std::size_t listener, std::size_t open) {
    tell(listener, open);
    if (open < share_) return true;
    std::size_t taken = 0;  // what nobody uses of a share is kept free
    for (std::size_t i = 0; i < joined_; ++i) taken += std::max(open_.at(i).load(), share_);
    return taken < all_;
  }

 private:
  const std::size_t all_;
  const std::size_t share_;
  std::atomic<std::size_t> joined_{0};
  std::array<std::atomic<std::size_t>, kMostListeners> open_{};
};

}  // namespace gridloom::net
