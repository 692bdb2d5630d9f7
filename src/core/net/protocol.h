// A protocol on one connection: bytes in, bytes out, no socket. HTTP and MQTT sessions implement
// it; ConnectionIo moves the bytes. Every call happens on the connection's loop.
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
  // Whether input that receive() took waits to be worked on. Then work() does some more of it: once
  // a turn, so that other connections have theirs, however much a few bytes ask for.
  [[nodiscard]] virtual bool has_work() const { return false; }
  virtual void work() {}
  // Appends the pending output to `out`.
  virtual void take_output(std::string& out) = 0;
  // Whether take_output() has something to append, or finished() is true; asked after receive()
  // and tick(). True if the protocol cannot tell cheaply.
  [[nodiscard]] virtual bool has_output() const { return true; }
  // The connection is to be closed once the output is sent.
  [[nodiscard]] virtual bool finished() const = 0;
  // Whether a finished() connection is closed with RST instead of FIN: the peer sees a reset.
  [[nodiscard]] virtual bool resets() const { return false; }
  // False while nothing more is to be read (a response is being produced, or the peer does not read
  // its responses).
  [[nodiscard]] virtual bool wants_input() const = 0;
  // The account that the peer has authenticated as; 0: unauthenticated. Does not change once it is
  // known. At the connection limit an unauthenticated connection is closed first, then one of the
  // account that has the most.
  [[nodiscard]] virtual std::int64_t account() const = 0;
  // Bytes kept from the peer that cannot be processed yet, such as the beginning of a request.
  [[nodiscard]] virtual std::size_t kept_bytes() const = 0;
  // A response is being produced: the connection is not closed for others, even if unauthenticated.
  [[nodiscard]] virtual bool busy() const { return false; }
  virtual void tick(TimePoint now) = 0;
  // The server is about to stop: the protocol says goodbye and becomes finished().
  virtual void server_stops() = 0;
  // The peer has closed its sending side, or the whole connection, perhaps after bytes that are not
  // read yet. Called at most once; responses to what the peer requested may still be sent.
  virtual void peer_ends() {}
  // The connection is gone; the last call.
  virtual void lost() = 0;
};

// The connection's interface for its protocol.
struct ConnectionContext {
  Loop& loop;
  // To be called on the loop when there is output, or when finished() or wants_input() changed,
  // outside of receive() and tick(). Does nothing after the connection is gone.
  std::function<void()> wake;
  bool secure = false;
  std::string peer;  // its address, for the log
  // Moves the connection to another loop of its listener; `arrived` is called there, and from then
  // on everything is. To be called in receive(), when wants_input() is false; until `arrived` the
  // protocol is called only if the connection ends first. Empty: the connection stays on its loop.
  std::function<void(Loop& to, Task arrived)> move{};
  // The protocol composes output of the moment's state: from now on the kernel keeps little of it
  // for a peer that does not read. May be empty.
  std::function<void()> bound_output{};
};

using MakeProtocol = std::function<std::shared_ptr<Protocol>(ConnectionContext context)>;

}  // namespace gridloom::net
