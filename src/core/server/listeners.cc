#include "server/listeners.h"

#include <fmt/format.h>

#include <utility>

#include "base/byte_budget.h"
#include "net/limits.h"

namespace gridloom::server {

Result<Listeners> Listeners::open(const std::vector<ListenerOptions>& wanted,
                                  const Shared& shared) {
  std::shared_ptr<net::ConnectionBudget> budget;
  if (shared.connections) budget = std::make_shared<net::ConnectionBudget>(*shared.connections);
  const auto unauthenticated = std::make_shared<ByteBudget>(shared.limits.unauthenticated_bytes);
  const std::vector<net::IoLoop*> loops = as_io_loops(shared.loops);
  Listeners opened;
  for (const ListenerOptions& each : wanted) {
    auto listener = net::Listener::open({.address = each.address,
                                         .tls = each.tls,
                                         .make = shared.protocol_of(each),
                                         .clock = &shared.clock,
                                         .limits = shared.limits.listeners,
                                         .budget = budget,
                                         .unauthenticated_bytes = unauthenticated},
                                        loops);
    if (!listener && listener.error().code == ErrorCode::kConflict && !each.if_taken.empty()) {
      return fail(ErrorCode::kConflict,
                  fmt::format("{}; {}", listener.error().detail, each.if_taken));
    }
    if (!listener) return std::unexpected(listener.error());
    opened.all_.push_back({.interface = each.interface,
                           .security = each.tls ? Security::kTls : Security::kPlain,
                           .listener = std::move(*listener)});
  }
  return opened;
}

void Listeners::start() const {
  for (const Entry& entry : all_) entry.listener->start();
}

void Listeners::stop() const {
  for (const Entry& entry : all_) entry.listener->stop();
}

const net::Address* Listeners::bound(Interface interface, Security security) const {
  for (const Entry& entry : all_) {
    if (entry.interface == interface && entry.security == security) {
      return &entry.listener->bound();
    }
  }
  return nullptr;
}

std::size_t Listeners::connections(Interface interface) const {
  std::size_t sum = 0;
  for (const Entry& entry : all_) {
    if (entry.interface == interface) sum += entry.listener->connections();
  }
  return sum;
}

}  // namespace gridloom::server
