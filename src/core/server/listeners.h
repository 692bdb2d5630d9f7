// The listeners of a server, and what they share: a budget of connections, and one of the bytes
// that unauthenticated connections may have sent.
//
// Thread rule: bound() and counts() from any thread once all are open; start() and stop() from the
// owner's thread, which is not a loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/gate/signatures.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/address.h"
#include "net/listener.h"
#include "net/protocol.h"
#include "net/tls.h"
#include "server/limits.h"
#include "server/loops.h"

namespace gridloom::server {

// The two interfaces of the platform, each of which has a plain and a TLS listener.
enum class Interface : std::uint8_t { kHttp, kMqtt };

enum class Security : std::uint8_t { kPlain, kTls };

using api::ReplayCheck;

struct ListenerOptions {
  Interface interface = Interface::kHttp;
  net::Address address;
  net::TlsContextPtr tls{};  // null: plain
  ReplayCheck replay_check = ReplayCheck::kOff;
  std::string if_taken{};  // advice in the error that another program has the port
};

class Listeners {
 public:
  struct Shared {
    LoopSpan loops;
    const Clock& clock;  // a steady one
    const ServerLimits& limits;
    // Open connections of all listeners together; none: each has its own limit only.
    std::optional<std::size_t> connections{};
    // The protocol of a listener's connections.
    std::function<net::MakeProtocol(const ListenerOptions& listener)> protocol_of;
  };
  Listeners() = default;
  // Binds all addresses. kConflict: another program has one of them. At most
  // net::ConnectionBudget::kMaxListeners.
  [[nodiscard]] static Result<Listeners> open(const std::vector<ListenerOptions>& wanted,
                                              const Shared& shared);

  // Connections are accepted from then on.
  void start() const;
  // No further connection is accepted, and the open ones have to say goodbye. Returns when they
  // have been notified; the loops must still turn.
  void stop() const;

  // nullptr: there is no such listener. If there are several, the first.
  [[nodiscard]] const net::Address* bound(Interface interface, Security security) const;
  [[nodiscard]] std::size_t connections(Interface interface) const;

 private:
  struct Entry {
    Interface interface{};
    Security security{};
    std::unique_ptr<net::Listener> listener;
  };
  std::vector<Entry> all_;
};

}  // namespace gridloom::server
