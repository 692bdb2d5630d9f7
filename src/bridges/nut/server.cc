#include "bridges/nut/server.h"

#include <utility>

#include "bridges/core/off_loop.h"

namespace gridloom::bridges::nut {
namespace {

net::ListenerLimits limits() {
  net::ListenerLimits limits;
  limits.connections = 256;
  limits.connections_per_address = 32;
  limits.unsent_bytes = std::size_t{256} * 1024;
  // A client that does not read costs few answers.
  limits.read_on_bytes = std::size_t{16} * 1024;
  limits.kernel_unsent_bytes = std::size_t{4} * 1024;
  limits.unsent_time = Millis(10'000);
  return limits;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(const Options& options) {
  std::unique_ptr<Server> server(new Server(options.clients));
  Server* const self = server.get();
  GL_TRY(auto listener, net::Listener::open({.address = options.listen,
                                             .tls = nullptr,
                                             .make =
                                                 [self](net::ConnectionContext context) {
                                                   return std::make_shared<Session>(
                                                       std::move(context), self->clients_,
                                                       self->clock_.now());
                                                 },
                                             .clock = &self->clock_,
                                             .limits = limits()},
                                            {&self->loop_}));
  server->listener_ = std::move(listener);
  server->loop_.start();
  server->listener_->start();
  return server;
}

Server::~Server() {
  if (!listener_) return;  // open() failed
  run_off_loop([this] {
    listener_->stop();
    loop_.stop();
  });
}

}  // namespace gridloom::bridges::nut
