// What a listener and its connections allow themselves and their peers.
#pragma once

#include <cstddef>

#include "base/clock.h"

namespace gridloom::net {

struct ListenerLimits {
  std::size_t connections = 20'000;         // a listener
  std::size_t connections_per_address = 0;  // of a peer, on one listener; 0: any number
  // Of one connection; beyond, it is cut off.
  std::size_t unsent_bytes = std::size_t{8} * 1024 * 1024;
  Millis unsent_time{60'000};  // while the peer takes nothing of them
  Millis handshake_time{10'000};
  Millis close_time{5'000};  // for the peer's answer to the end of TLS
};

}  // namespace gridloom::net
