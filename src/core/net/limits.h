// Limits of a listener and of its connections.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>

#include "base/clock.h"

namespace gridloom::net {

// Limits the connections that several listeners have open together. Each listener is guaranteed a
// minimum, so that a flood at one of them cannot block the others; connections beyond the
// guaranteed ones are first come, first served.
//
// Thread rule: any thread. The counts of the other listeners may be as old as their last sweep.
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

struct ListenerLimits {
  // Per listener. Beyond it, the oldest unauthenticated connection is closed for a new one; if all
  // are authenticated, the new one is refused.
  std::size_t connections = 20'000;
  std::size_t connections_per_address = 0;  // per peer address, on one listener; 0: any number
  // Per connection; beyond it, the connection is closed.
  std::size_t unsent_bytes = std::size_t{8} * 1024 * 1024;
  std::size_t read_on_bytes = std::size_t{64} * 1024;  // with more unsent bytes, nothing is read
  // Output that the kernel takes ahead of what it may send; the rest waits in `unsent_bytes`.
  std::size_t kernel_unsent_bytes = std::size_t{128} * 1024;
  // All output of a connection with ConnectionContext::bound_output that the kernel keeps.
  std::size_t kernel_output_bytes = std::size_t{64} * 1024;
  Millis unsent_time{60'000};  // while the peer takes none of the unsent bytes
  Millis handshake_time{10'000};
  Millis close_time{5'000};  // for the peer's answer to the TLS shutdown
};

// The limits for the other end of a connection that was made from here. It is a stranger as well: a
// vendor, a broker, a receiver, or who stands in for one of them.
struct PeerLimits {
  std::size_t body_bytes = std::size_t{1024} * 1024;    // of an answer over HTTP
  std::size_t packet_bytes = std::size_t{1024} * 1024;  // of an MQTT packet
  // The limit of output that it has not read; beyond that nothing more is read from it.
  std::size_t unsent_bytes = std::size_t{1024} * 1024;
  std::size_t text_bytes = 256;  // of a name or a credential
  std::size_t devices = 4096;    // of one list; further ones are left out
};

}  // namespace gridloom::net
