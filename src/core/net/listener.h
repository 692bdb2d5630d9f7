// A listening socket, plain or TLS, whose connections are distributed round-robin to the loops.
//
// One acceptor, not one per loop: with SO_REUSEPORT a port that is already in use goes unnoticed,
// and the five devices of a home may all land on one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_budget.h"
#include "base/clock.h"
#include "base/file_descriptor.h"
#include "base/result.h"
#include "net/address.h"
#include "net/io_loop.h"
#include "net/limits.h"
#include "net/protocol.h"
#include "net/tls.h"

namespace gridloom::net {

// The socket of a listener.
// A socket that listens on the address, and accepts nothing by itself. kConflict: the port is in
// use, and the detail names it; kIo.
[[nodiscard]] Result<FileDescriptor> listen_on(const Address& address);

class Listener {
 public:
  // At the connection limit, this many connections are accepted while unauthenticated ones are
  // being closed for them; further ones wait in the kernel.
  static constexpr std::size_t kMaxOverBudget = 8;
  // Connections accepted beyond the limit, until they authenticate, while all others are
  // authenticated: an account that holds all connections has to give one up for an account that has
  // few. Large enough that such an account, which reconnects as fast as it loses connections, does
  // not take all of them before a client on a slow network has authenticated.
  static constexpr std::size_t kSpareConnections = 16;

  struct Options {
    Address address;
    TlsContextPtr tls;  // null: plain
    MakeProtocol make;
    const Clock* clock = nullptr;
    ListenerLimits limits{};
    std::shared_ptr<ConnectionBudget>
        budget{};  // shared with other listeners; null: only `limits` counts
    // Bytes that unauthenticated connections of all listeners may have sent as incomplete requests;
    // null: any number.
    ByteBudgetPtr unauthenticated_bytes{};
  };
  // Binds at once; kConflict: the port is in use, and the detail names it. No connection is
  // accepted before start().
  [[nodiscard]] static Result<std::unique_ptr<Listener>> open(Options options,
                                                              const std::vector<IoLoop*>& loops);
  // Only after stop(), or after the loops have stopped.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] const Address& bound() const;
  void start();
  // Accepts no further connections and tells the open ones to say goodbye. Returns when they have
  // been notified; the loops must still run. Not on a loop's thread.
  void stop();
  [[nodiscard]] std::size_t connections() const;

 private:
  struct Impl;
  explicit Listener(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace gridloom::net
