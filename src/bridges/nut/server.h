// The server of Network UPS Tools' protocol. It has a loop and a thread of its own, so that a flood
// of requests costs the bridges nothing. Thread rule: the owner's thread, which is not that loop.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "bridges/core/health.h"
#include "bridges/nut/session.h"
#include "net/address.h"
#include "net/io_loop.h"
#include "net/listener.h"

namespace gridloom::bridges::nut {

class Server {
 public:
  struct Options {
    net::Address listen;
    Clients::Options clients;
  };
  // Binds the address, and serves from now on. kConflict: the port is in use; kIo.
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(const Options& options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Ends all connections.
  ~Server();

  // With the port that was bound.
  [[nodiscard]] const net::Address& address() const { return listener_->bound(); }

 private:
  explicit Server(Clients::Options clients) : clients_(std::move(clients)) {}

  SteadyClock clock_;
  Clients clients_;
  net::IoLoop loop_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace gridloom::bridges::nut
