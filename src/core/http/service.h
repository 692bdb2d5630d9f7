// Answers the requests of HTTP sessions. The protocol knows no path, header or body of an
// application: a session asks its service which headers it reads, how long a body may be, where a
// WebSocket is, and how a refusal looks.
//
// Every call comes on the loop of the session that makes it. A service outlives its sessions.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/loop.h"
#include "http/message.h"
#include "http/web_socket.h"
#include "net/protocol.h"

namespace gridloom::http {

// The protocol that a connection has after a WebSocket's handshake.
struct Upgrade {
  std::string_view protocol;  // Sec-WebSocket-Protocol
  WebSocketForm form = WebSocketForm::kBytes;
};

// A request that was refused, for whatever reason.
struct Refused {
  std::string_view code;  // in the response
  std::string_view user;  // the first characters
  std::string_view peer;  // the client's address
  std::string_view why;
};

// A request that is no good HTTP.
struct BadRequest {
  unsigned status = 400;  // of the response
  std::string_view why;
  std::string_view path;  // as much of it as was read; empty: nothing
};

class Service {
 public:
  Service() = default;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  virtual ~Service() = default;

  // The headers that the service reads. Their values are in Request::headers, in this order.
  [[nodiscard]] virtual std::span<const WantedHeader> headers() const = 0;
  // How many of them, from the first on, are read for requests of a path.
  [[nodiscard]] virtual std::size_t headers_for(std::string_view path) const = 0;

  // Decides by a request's head how many bytes its body may have, beyond what SessionLimits say; a
  // longer one is refused. 0: the body is skipped, as that of an unknown user, and the request is
  // handled without it. kAnyBody: the session's own limit.
  [[nodiscard]] virtual std::size_t body_limit(const Request& head) const = 0;

  // Answers a request; `done` is called once, on the session's loop. The request may be changed,
  // and is gone when the call returns.
  virtual void handle(Request& request, Callback<Response> done) = 0;

  // The WebSocket at a path; empty: there is none.
  [[nodiscard]] virtual std::optional<Upgrade> find_upgrade(std::string_view path) const = 0;
  // The protocol inside the WebSocket of a request whose handshake is good, or the response to a
  // request that may not open it.
  [[nodiscard]] virtual std::expected<std::shared_ptr<net::Protocol>, Response> open(
      const Request& request, net::ConnectionContext context) = 0;

  // The response to what is no good request: 400, 405, 408, 413, 415, 417, 426, 431.
  [[nodiscard]] virtual Response refusal(const BadRequest& bad) const = 0;
  // The name that a request gives for its user, for on_refused(); a view into the request.
  [[nodiscard]] virtual std::string_view user_of(const Request& request) const = 0;
  virtual void on_refused(const Refused& refused) = 0;
};

}  // namespace gridloom::http
