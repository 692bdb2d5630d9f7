#include "net/connection_io.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

namespace gridloom::net {
namespace {

// Bytes read at once: processing them is one turn of the loop, for which all others wait.
constexpr std::size_t kReadBytes = std::size_t{16} * 1024;
constexpr std::size_t kFewArrivals = 256;
// Bytes that each unauthenticated connection may have sent uncounted: enough for a whole CONNECT,
// or a request's head, of any real client.
constexpr std::size_t kFreeBytes = std::size_t{4} * 1024;
constexpr std::size_t kKeptBytes = std::size_t{256} * 1024;  // of the loop's output buffer

std::array<char, kReadBytes>& read_buffer() {
  thread_local std::array<char, kReadBytes> buffer;
  return buffer;
}

}  // namespace

void ConnectionSet::add(const std::shared_ptr<ConnectionIo>& connection, std::string_view peer) {
  here_.insert(connection);
  if (connection->has_spare()) {
    spare_connections_.emplace_back(connection.get(), std::string(peer));
  } else {
    counted_.push_back(connection);
  }
  count();
}

void ConnectionSet::remove(const std::shared_ptr<ConnectionIo>& connection) {
  remove_from_account(*connection);
  remove_spare(*connection);
  if (sweeping_) {
    leaving_.push_back(connection);
  } else {
    here_.erase(connection);
    remove_closed();
  }
  count();
}

std::string ConnectionSet::release(const std::shared_ptr<ConnectionIo>& connection) {
  std::string peer;
  const auto spare =
      std::ranges::find(spare_connections_, connection.get(), &SpareConnection::connection);
  if (spare != spare_connections_.end()) {
    peer = std::move(spare->peer);
    spare_connections_.erase(spare);
  } else {
    // It has arrived lately.
    const auto is_it = [&](const auto& each) {
      return !each.owner_before(connection) && !connection.owner_before(each);
    };
    auto latest = counted_ | std::views::reverse;
    const auto counted = std::ranges::find_if(latest, is_it);
    if (counted != latest.end()) counted->reset();
  }
  here_.erase(connection);
  remove_closed();
  count();
  return peer;
}

// Removes closed connections from the list, so that they do not accumulate.
void ConnectionSet::remove_closed() {
  while (!counted_.empty() && counted_.front().expired()) counted_.pop_front();
  if (counted_.size() < 2 * here_.size() + kFewArrivals) return;
  std::erase_if(counted_, [](const auto& each) { return each.expired(); });
}

bool ConnectionSet::close_unauthenticated() {
  while (!counted_.empty()) {
    const std::shared_ptr<ConnectionIo> oldest = counted_.front().lock();
    counted_.pop_front();
    if (!oldest) continue;
    oldest->catch_up();
    if (!oldest->may_be_closed()) continue;
    oldest->close();
    return true;
  }
  return false;
}

std::optional<SparePermit> ConnectionSet::free_spare(std::string_view peer) {
  ConnectionIo* found = nullptr;
  std::ptrdiff_t most = 0;
  for (const SpareConnection& each : spare_connections_) {
    if (!each.connection->may_be_closed()) continue;
    const std::ptrdiff_t taken =
        std::ranges::count(spare_connections_, each.peer, &SpareConnection::peer) +
        (each.peer == peer ? 1 : 0);
    if (taken <= most) continue;
    most = taken;
    found = each.connection;
  }
  if (found == nullptr) return std::nullopt;
  SparePermit permit = found->take_spare();
  found->close();
  return permit;
}

void ConnectionSet::remove_spare(const ConnectionIo& connection) {
  std::erase_if(spare_connections_,
                [&connection](const auto& each) { return each.connection == &connection; });
}

void ConnectionSet::authenticated(ConnectionIo& connection, std::int64_t account) {
  std::vector<ConnectionIo*>& own = by_account_[account];
  connection.set_account(account, own.size());
  own.push_back(&connection);
  remove_spare(connection);
  if (!connection.take_spare() || !connection.overfull()) return;
  const auto most = std::ranges::max_element(by_account_, {},
                                             [](const auto& entry) { return entry.second.size(); });
  if (const auto left_out = account_warnings_.admit(connection.now())) {
    spdlog::warn(
        "a listener has reached its connection limit: account {} has {} of the {} connections on "
        "this thread and loses one to each account with fewer ({} more of these were not logged)",
        most->first, most->second.size(), size(), *left_out);
  }
  const bool is_own = most->second.size() <= own.size();
  (is_own ? connection : *most->second.back()).close();
}

void ConnectionSet::warn_of_unauthenticated(TimePoint now) {
  const auto left_out = unauthenticated_warnings_.admit(now);
  if (!left_out) return;
  spdlog::warn(
      "connections that have not signed in have reached listener.unauthenticated-bytes: one that "
      "sent more was closed ({} more of these were not logged)",
      *left_out);
}

void ConnectionSet::remove_from_account(const ConnectionIo& connection) {
  const auto found = by_account_.find(connection.account());
  if (found == by_account_.end()) return;
  std::vector<ConnectionIo*>& others = found->second;
  others[connection.index()] = others.back();
  others[connection.index()]->set_account(connection.account(), connection.index());
  others.pop_back();
  if (others.empty()) by_account_.erase(found);
}

void ConnectionSet::each(const std::function<void(ConnectionIo&)>& what) {
  sweeping_ = true;
  for (const auto& connection : here_) what(*connection);
  sweeping_ = false;
  for (const auto& connection : leaving_) here_.erase(connection);
  leaving_.clear();
  remove_closed();
  count();
}

void ConnectionIo::start(const MakeProtocol& make, std::string peer) {
  place_.connections->add(shared_from_this(), peer);
  const bool secure = stream_.tls() != nullptr;
  stream_.bound_kernel_unsent(dependencies_.limits.kernel_unsent_bytes);
  std::function<void(Loop&, Task)> move;
  if (dependencies_.place_of) {
    move = [weak = weak_from_this()](Loop& to, Task arrived) {
      if (const auto self = weak.lock()) self->move_to(to, std::move(arrived));
    };
  }
  protocol_ =
      make({.loop = *place_.loop,
            .wake =
                [weak = weak_from_this()] {
                  if (const auto self = weak.lock()) self->continue_at_turn_end();
                },
            .secure = secure,
            .peer = std::move(peer),
            .move = std::move(move),
            .bound_output =
                [weak = weak_from_this()] {
                  const auto self = weak.lock();
                  if (!self) return;
                  self->stream_.bound_kernel_output(self->dependencies_.limits.kernel_output_bytes);
                }});
  if (secure) {
    phase_ = Phase::kHandshake;
    deadline_ = dependencies_.clock.now() + dependencies_.limits.handshake_time;
  }
  // Input that has arrived by now is reported as an event too.
  if (!place_.loop->watch(stream_.fd(), *this)) close();
}

void ConnectionIo::tick(TimePoint now) {
  // During the handshake and the TLS shutdown nothing else may use the stream.
  if (deadline_) {
    if (now >= *deadline_) close();
    return;
  }
  if (phase_ != Phase::kEstablished) return;
  if (unsent_.empty()) {
    stuck_since_.reset();
  } else if (!stuck_since_) {
    stuck_since_ = now;
  } else if (now - *stuck_since_ > dependencies_.limits.unsent_time) {
    spdlog::info("closed a connection whose peer read nothing for {} ms",
                 dependencies_.limits.unsent_time.count());
    return reset();
  }
  protocol_->tick(now);
  if (readable_ || move_ || !unsent_.empty() || protocol_->has_output()) continue_at_turn_end();
}

void ConnectionIo::catch_up() {
  if (phase_ != Phase::kEstablished) return;
  readable_ = true;
  read();
  if (phase_ == Phase::kEstablished) write();
}

void ConnectionIo::server_stops() {
  if (deadline_) return close();
  if (phase_ != Phase::kEstablished) return;
  protocol_->server_stops();
  continue_io();
}

void ConnectionIo::on_ready(std::uint32_t events) {
  if ((events & ~std::uint32_t{EPOLLOUT}) != 0) readable_ = true;
  const bool ended = ends_;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) ends_ = true;
  // TLS may have to read before it can write.
  if ((events & EPOLLOUT) != 0 || stream_.tls() != nullptr) writable_ = true;
  switch (phase_) {
    case Phase::kHandshake:
      if (place_.loop->is_late()) return ask_for_turn_end();
      return do_handshake();
    case Phase::kEstablished:
      if (!unsent_.empty()) continue_at_turn_end();
      if (ends_ && !ended) {
        protocol_->peer_ends();
        continue_at_turn_end();
      }
      if ((events & (EPOLLHUP | EPOLLERR)) != 0) reset_seen_ = true;
      if (place_.loop->is_late()) return ask_for_turn_end();
      read();
      if (reset_seen_) close();
      return;
    case Phase::kClosing:
      return shut_down();
    case Phase::kMoving:
    case Phase::kClosed:
      return;
  }
}

void ConnectionIo::move_to(Loop& to, Task arrived) {
  move_ = std::make_unique<Move>(Move{.to = to, .arrived = std::move(arrived)});
  continue_at_turn_end();
}

void ConnectionIo::depart() {
  Move move = std::move(*std::exchange(move_, nullptr));
  const Place to = dependencies_.place_of(move.to);
  if (to.loop == place_.loop) {
    move.arrived();
    update_account();
    return continue_io();
  }
  auto self = shared_from_this();
  phase_ = Phase::kMoving;
  place_.loop->unwatch(stream_.fd());
  to.loop->post([self, to, peer = place_.connections->release(self),
                 arrived = std::move(move.arrived)]() mutable {
    self->arrive(to, peer, std::move(arrived));
  });
}

void ConnectionIo::arrive(Place place, const std::string& peer, Task arrived) {
  place_ = place;
  phase_ = Phase::kEstablished;
  place_.connections->add(shared_from_this(), peer);
  // Bytes that have arrived meanwhile are reported as an event.
  if (!place_.loop->watch(stream_.fd(), *this)) return close();
  arrived();
  update_account();
  continue_at_turn_end();
}

void ConnectionIo::update_account() {
  if (account_ != 0) return;
  if (const std::int64_t account = protocol_->account(); account != 0) {
    unauthenticated_bytes_ = {};
    return place_.connections->authenticated(*this, account);
  }
  const std::size_t kept = protocol_->kept_bytes();
  const std::size_t counted = kept > kFreeBytes ? kept - kFreeBytes : 0;
  const std::size_t had = unauthenticated_bytes_.bytes();
  if (counted < had) unauthenticated_bytes_.release(had - counted);
  if (counted <= had || unauthenticated_bytes_.take(counted - had)) return;
  place_.connections->warn_of_unauthenticated(dependencies_.clock.now());
  close();
}

void ConnectionIo::do_handshake() {
  const Stream::Transfer moved = stream_.do_handshake();
  if (moved.state != Stream::State::kOpen) return close();
  if (moved.bytes == 0) return;
  phase_ = Phase::kEstablished;
  deadline_.reset();
  // The first request may have arrived with the end of the handshake.
  readable_ = true;
  read();
}

void ConnectionIo::read() {
  if (!readable_ || phase_ != Phase::kEstablished || peer_ended_ || is_backlogged() ||
      !protocol_->wants_input()) {
    return;
  }
  auto& buffer = read_buffer();
  const auto [bytes, state] = stream_.read(buffer);
  if (state == Stream::State::kBroken) return close();
  if (state == Stream::State::kEnded) {
    // Earlier requests of the peer are still answered; then the connection is closed.
    peer_ended_ = true;
    return continue_at_turn_end();
  }
  // The next bytes, or the end if it has not come yet, cause a new event.
  const bool emptied = stream_.emptied() && !ends_;
  if (bytes == 0 || emptied) readable_ = false;
  if (bytes == 0) return;
  protocol_->receive(std::string_view(buffer.data(), bytes), dependencies_.clock.now());
  update_account();
  // The rest is read at the turn's end, so that one connection does not hold up the others.
  if (readable_ || move_ || protocol_->has_work() || protocol_->has_output()) {
    continue_at_turn_end();
  }
}

void ConnectionIo::continue_at_turn_end() {
  if (phase_ == Phase::kEstablished) ask_for_turn_end();
}

void ConnectionIo::ask_for_turn_end() {
  if (std::exchange(turn_end_requested_, true)) return;
  const bool has_more = has_more_ || !unsent_.empty();
  place_.loop->at_turn_end(shared_from_this(),
                           has_more ? IoLoop::Reason::kContinued : IoLoop::Reason::kNew);
}

void ConnectionIo::on_turn_end() {
  turn_end_requested_ = false;
  if (phase_ == Phase::kHandshake) return do_handshake();
  if (move_ && phase_ == Phase::kEstablished && !reset_seen_) return depart();
  if (reset_seen_) {
    // Nobody can receive responses, so input that is still unread then is not processed.
    read();
    close();
  }
  continue_io();
}

void ConnectionIo::continue_io() {
  if (phase_ != Phase::kEstablished) return;
  // A protocol may have learnt it since it was given bytes.
  update_account();
  if (phase_ != Phase::kEstablished) return;
  write();
  if (phase_ != Phase::kEstablished) return;
  if (unsent_.empty()) {
    if (protocol_->finished() && protocol_->resets()) return reset();
    if (protocol_->finished()) return shut_down();
    if (peer_ended_ && protocol_->wants_input()) return close();
  }
  if (!protocol_->has_work() || is_backlogged()) return read();
  protocol_->work();
  continue_at_turn_end();
}

// A protocol produces a bounded amount of output at a time, and there may be more: a peer that
// requested much in few bytes gets it in turn with the others.
void ConnectionIo::write() {
  thread_local std::string output;
  std::size_t written = 0;
  // Fewer for a stranger, as in a protocol's own output.
  const std::size_t most = dependencies_.limits.read_on_bytes / (account_ == 0 ? 4 : 1);
  has_more_ = false;
  while (phase_ == Phase::kEstablished) {
    if (written >= most) {
      has_more_ = true;
      return continue_at_turn_end();
    }
    if (unsent_.empty()) {
      output.clear();
      protocol_->take_output(output);
      if (output.empty()) break;
      const std::size_t sent = send(output);
      if (sent < output.size()) unsent_ = output.substr(sent);
      written += sent;
      if (output.capacity() > kKeptBytes) std::string().swap(output);
    } else {
      if (!is_backlogged()) protocol_->take_output(unsent_);
      const std::size_t sent = send(unsent_);
      unsent_.erase(0, sent);
      written += sent;
      if (unsent_.empty()) std::string().swap(unsent_);
    }
    if (!unsent_.empty()) break;
  }
  if (unsent_.size() > dependencies_.limits.unsent_bytes) {
    spdlog::info("closed a connection with {} bytes that its peer did not read", unsent_.size());
    reset();
  }
}

std::size_t ConnectionIo::send(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size() && writable_) {
    const auto [size, state] = stream_.write(bytes.substr(sent));
    if (state != Stream::State::kOpen) {
      close();
      break;
    }
    if (size == 0) writable_ = false;
    if (size > 0) stuck_since_.reset();
    sent += size;
  }
  return sent;
}

void ConnectionIo::shut_down() {
  if (std::exchange(phase_, Phase::kClosing) == Phase::kEstablished) {
    // The peer may never answer.
    deadline_ = dependencies_.clock.now() + dependencies_.limits.close_time;
  }
  Stream::State state = stream_.shut_down().state;
  // The peer's TLS shutdown may be here already.
  if (state == Stream::State::kOpen) state = stream_.shut_down().state;
  if (state != Stream::State::kOpen) close();
}

// The kernel's buffers for a peer that does not read are freed at once.
void ConnectionIo::reset() {
  stream_.reset_at_close();
  close();
}

void ConnectionIo::close() {
  if (std::exchange(phase_, Phase::kClosed) == Phase::kClosed) return;
  stream_.close();
  protocol_->lost();
  permits_ = {};
  unauthenticated_bytes_ = {};
  auto self = shared_from_this();
  place_.connections->remove(self);
  place_.loop->keep_for_turn(std::move(self));
}

}  // namespace gridloom::net
