// A listening socket, plain or TLS, whose connections are handed to the loops in turn.
//
// One acceptor, not one a loop: with SO_REUSEPORT a taken port goes unnoticed, and a home's five
// devices may all land on one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_budget.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/address.h"
#include "net/io_loop.h"
#include "net/limits.h"
#include "net/protocol.h"
#include "net/room.h"
#include "net/tls.h"

namespace gridloom::net {

class Listener {
 public:
  // When all places are taken, as many are accepted while strangers make room for them; further
  // ones wait in the kernel.
  static constexpr std::size_t kMostWithoutRoom = 8;
  // Let in beyond the limit until they have shown who they are, while all others have: an account
  // that has taken all places has to make room for one that has few. Enough of them that such an
  // account, which takes its places again as fast as it loses them, does not fill them before one
  // on a slow line has signed in.
  static constexpr std::size_t kSpareSeats = 16;

  struct Options {
    Address address;
    TlsContextPtr tls;  // null: plain
    MakeProtocol make;
    const Clock* clock = nullptr;
    ListenerLimits limits{};
    std::shared_ptr<Room> room{};  // shared with other listeners; null: the limits alone count
    // What strangers of all listeners may have sent of requests that are not complete; null: any
    // number of bytes.
    ByteBudgetPtr strangers_bytes{};
  };
  // Binds at once; kConflict names a taken port. Connections come after start().
  [[nodiscard]] static Result<std::unique_ptr<Listener>> open(Options options,
                                                              const std::vector<IoLoop*>& loops);
  // After stop(), or after the loops have stopped.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] const Address& bound() const;
  void start();
  // No further connections; those that are open say goodbye. Returns when they have been told,
  // while the loops still run. Not on a loop's thread.
  void stop();
  [[nodiscard]] std::size_t connections() const;

 private:
  struct Impl;
  explicit Listener(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace gridloom::net
