#include "node/relay_links.h"

#include <spdlog/spdlog.h>

#include <utility>
#include <variant>

namespace gridloom::node {
namespace {

// Calls `act` with the connection on its loop, if it is still there then.
template <typename Act>
void post_to(const std::weak_ptr<RelayLinks::Relayed>& connection, Act act) {
  const auto relayed = connection.lock();
  if (!relayed) return;
  relayed->loop().post([connection, act = std::move(act)]() mutable {
    if (const auto there = connection.lock()) act(*there);
  });
}

}  // namespace

// --- one connection

void RelayLinks::Way::send(const RelayMessage& message) const {
  channel_->send(session_, head_of(message), data_of(message));
}

bool RelayLinks::Way::takes_more(const std::weak_ptr<Relayed>& self) const {
  if (!channel_->is_congested()) return true;
  links_->block(endpoint_, self);
  // It may have eased before it knew that somebody waits.
  return !channel_->is_congested();
}

void RelayLinks::Way::close() const { links_->forget(endpoint_, number_); }

std::optional<RelayLinks::Way> RelayLinks::open(const std::string& endpoint,
                                                const std::weak_ptr<Relayed>& connection,
                                                RelayOpen open) {
  Way way;
  {
    const std::lock_guard lock(mutex_);
    const auto found = endpoints_.find(endpoint);
    if (found == endpoints_.end() || found->second->session == 0) return std::nullopt;
    way.channel_ = found->second->channel;
    way.session_ = found->second->session;
    way.number_ = ++last_number_;
    found->second->connections.emplace(way.number_, connection);
  }
  way.links_ = shared_from_this();
  way.endpoint_ = endpoint;
  open.connection = way.number_;
  way.send(open);
  return way;
}

void RelayLinks::block(const std::string& endpoint, const std::weak_ptr<Relayed>& connection) {
  const std::lock_guard lock(mutex_);
  if (const auto found = endpoints_.find(endpoint); found != endpoints_.end()) {
    found->second->blocked.push_back(connection);
  }
}

void RelayLinks::forget(const std::string& endpoint, ConnectionNumber number) {
  const std::lock_guard lock(mutex_);
  if (const auto found = endpoints_.find(endpoint); found != endpoints_.end()) {
    found->second->connections.erase(number);
  }
}

// --- all connections

void RelayLinks::end_all(const std::string& endpoint) {
  const std::lock_guard lock(mutex_);
  const auto found = endpoints_.find(endpoint);
  if (found == endpoints_.end()) return;
  for (const auto& [number, connection] : found->second->connections) {
    post_to(connection, [](Relayed& relayed) { relayed.end(); });
  }
}

std::size_t RelayLinks::connections() const {
  const std::lock_guard lock(mutex_);
  std::size_t all = 0;
  for (const auto& [name, endpoint] : endpoints_) all += endpoint->connections.size();
  return all;
}

void RelayLinks::tick() {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, endpoint] : endpoints_) {
    options_.loop.post([channel = endpoint->channel] { channel->tick(); });
  }
}

// --- links

std::shared_ptr<hub::LinkChannel> RelayLinks::channel_of(const std::string& endpoint) const {
  const std::lock_guard lock(mutex_);
  const auto found = endpoints_.find(endpoint);
  return found == endpoints_.end() ? nullptr : found->second->channel;
}

// The events hold the links for as long as they run.
std::shared_ptr<hub::LinkChannel> RelayLinks::make_channel(Endpoint& endpoint) {
  const auto with_links = [weak = weak_from_this()](const auto& act) {
    if (const auto links = weak.lock()) act(*links);
  };
  return std::make_shared<hub::LinkChannel>(
      hub::LinkChannel::Options{.loop = options_.loop,
                                .clock = options_.clock,
                                .run = options_.run,
                                .limits = options_.link,
                                .congested_bytes = options_.link.window_bytes / 4},
      hub::LinkChannel::Events{
          .opened =
              [with_links, &endpoint](std::uint64_t session) {
                with_links([&](RelayLinks& links) {
                  spdlog::info("{}: linked", endpoint.name);
                  const std::lock_guard lock(links.mutex_);
                  endpoint.session = session;
                });
              },
          .closed = [with_links,
                     &endpoint] { with_links([&](RelayLinks& links) { links.closed(endpoint); }); },
          .received =
              [with_links, &endpoint](std::string_view bytes) {
                with_links([&](RelayLinks& links) { links.take(endpoint, bytes); });
              },
          .send = [&peers = options_.peers, name = endpoint.name](
                      const std::string& frame) { return peers.send(name, frame); },
          .eased = [with_links,
                    &endpoint] { with_links([&](RelayLinks& links) { links.eased(endpoint); }); }});
}

void RelayLinks::received(const std::string& from, std::string bytes) {
  if (auto channel = channel_of(from)) {
    options_.loop.post(
        [channel = std::move(channel), bytes = std::move(bytes)] { channel->receive(bytes); });
  }
}

void RelayLinks::node_is_there(const std::string& endpoint) {
  const std::lock_guard lock(mutex_);
  auto& known = endpoints_[endpoint];
  if (!known) {
    known = std::make_unique<Endpoint>(Endpoint{.name = endpoint, .channel = nullptr});
    known->channel = make_channel(*known);
  }
  options_.loop.post([channel = known->channel] { channel->node_is_there(); });
}

void RelayLinks::node_is_away(const std::string& endpoint) {
  if (auto channel = channel_of(endpoint)) {
    options_.loop.post([channel = std::move(channel)] { channel->node_is_away(); });
  }
}

void RelayLinks::take(Endpoint& endpoint, std::string_view bytes) {
  auto message = relay_message_in(bytes);
  if (!message) return spdlog::error("{}: {}", endpoint.name, message.error().detail);
  const ConnectionNumber number =
      std::visit([](const auto& each) { return each.connection; }, *message);
  std::shared_ptr<Relayed> connection;
  {
    const std::lock_guard lock(mutex_);
    const auto found = endpoint.connections.find(number);
    if (found != endpoint.connections.end()) connection = found->second.lock();
  }
  if (connection) arrived(connection, bytes);
}

// All messages of a turn for connections of one loop are one task there.
void RelayLinks::arrived(const std::shared_ptr<Relayed>& connection, std::string_view bytes) {
  std::shared_ptr<Arrivals>& arrivals = arrivals_[&connection->loop()];
  if (!arrivals) arrivals = std::make_shared<Arrivals>();
  {
    const std::lock_guard lock(arrivals->mutex);
    arrivals->all.push_back({.connection = connection, .message = std::string(bytes)});
    if (arrivals->all.size() != 1) return;
  }
  connection->loop().post([arrivals] { arrivals->take_all(); });
}

void RelayLinks::Arrivals::take_all() {
  std::vector<Arrival> taken;
  {
    const std::lock_guard lock(mutex);
    taken.swap(all);
  }
  for (const Arrival& each : taken) {
    const auto message = relay_message_in(each.message);
    const auto connection = each.connection.lock();
    if (message && connection) connection->take(*message);
  }
}

void RelayLinks::closed(Endpoint& endpoint) {
  spdlog::warn("{}: not linked any more", endpoint.name);
  std::unordered_map<ConnectionNumber, std::weak_ptr<Relayed>> ended;
  {
    const std::lock_guard lock(mutex_);
    endpoint.session = 0;
    endpoint.blocked.clear();
    ended = std::exchange(endpoint.connections, {});
  }
  for (const auto& [number, connection] : ended) {
    post_to(connection, [](Relayed& relayed) { relayed.end(); });
  }
}

void RelayLinks::eased(Endpoint& endpoint) {
  std::vector<std::weak_ptr<Relayed>> blocked;
  {
    const std::lock_guard lock(mutex_);
    blocked = std::exchange(endpoint.blocked, {});
  }
  for (const auto& connection : blocked) {
    post_to(connection, [](Relayed& relayed) { relayed.go_on(); });
  }
}

}  // namespace gridloom::node
