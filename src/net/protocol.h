// A protocol on one connection: bytes in, bytes out, no socket. HTTP and MQTT sessions implement
// it; the listener's pump moves the bytes. Everything happens on the connection's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/loop.h"

namespace gridloom::net {

class Protocol {
 public:
  Protocol() = default;
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;
  virtual ~Protocol() = default;

  virtual void receive(std::string_view bytes, TimePoint now) = 0;
  // Moves what is to be sent to the end of `out`.
  virtual void take_output(std::string& out) = 0;
  // After the output is sent, the connection is to be closed.
  [[nodiscard]] virtual bool finished() const = 0;
  // And it is to break then, instead of ending in order: the peer sees a reset.
  [[nodiscard]] virtual bool breaks() const { return false; }
  // False while nothing more is to be read (an answer is being made, the peer does not take its
  // answers).
  [[nodiscard]] virtual bool wants_input() const = 0;
  // The account as which the peer has shown who it is; 0: it is a stranger. It does not change once
  // it is known. Where there is no room a stranger goes first, then one of the account that has the
  // most.
  [[nodiscard]] virtual std::int64_t account() const = 0;
  // What it has of the peer and cannot handle yet: the begin of a request, say.
  [[nodiscard]] virtual std::size_t kept_bytes() const = 0;
  // An answer is being made: even a stranger stays.
  [[nodiscard]] virtual bool busy() const { return false; }
  virtual void tick(TimePoint now) = 0;
  // The server is about to stop: says goodbye and becomes finished().
  virtual void server_stops() = 0;
  // The peer has ended its half of the connection, or all of it, perhaps behind bytes that are not
  // read yet. Once at most; what it asked for may still be sent.
  virtual void peer_ends() {}
  // The connection is gone; the last call.
  virtual void lost() = 0;
};

// What a protocol gets of its connection.
struct Line {
  Loop& loop;
  // There is output, or finished() or wants_input() changed, outside of receive() and tick().
  // On the loop; does nothing after the connection is gone.
  std::function<void()> wake;
  bool secure = false;
  std::string peer;  // address, for the log
};

using MakeProtocol = std::function<std::shared_ptr<Protocol>(Line line)>;

}  // namespace gridloom::net
