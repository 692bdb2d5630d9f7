// What a listener and its connections allow themselves and their peers.
#pragma once

#include <cstddef>

#include "base/clock.h"

namespace gridloom::net {

struct ListenerLimits {
  // A listener. Beyond, the stranger that came first makes room for who comes; if all are known,
  // who comes is turned away.
  std::size_t connections = 20'000;
  std::size_t connections_per_address = 0;  // of a peer, on one listener; 0: any number
  // Of one connection; beyond, it is cut off.
  std::size_t unsent_bytes = std::size_t{8} * 1024 * 1024;
  std::size_t read_on_bytes = std::size_t{64} * 1024;  // unsent: with more, nothing is read
  Millis unsent_time{60'000};                          // while the peer takes nothing of them
  Millis handshake_time{10'000};
  Millis close_time{5'000};  // for the peer's answer to the end of TLS
};

}  // namespace gridloom::net
