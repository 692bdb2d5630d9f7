#include "net/pump.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

namespace gridloom::net {
namespace {

// Read at once: what is done with it is a turn of the loop, for which all others wait.
constexpr std::size_t kReadBytes = std::size_t{16} * 1024;
constexpr std::size_t kFewArrivals = 256;
// A stranger may send so much uncounted: a whole CONNECT, or a request's head, of any real client.
constexpr std::size_t kFreeBytes = std::size_t{4} * 1024;
constexpr std::size_t kKeptBytes = std::size_t{256} * 1024;  // of the loop's output buffer

std::array<char, kReadBytes>& read_buffer() {
  thread_local std::array<char, kReadBytes> buffer;
  return buffer;
}

}  // namespace

void Crowd::enter(const std::shared_ptr<Pump>& pump, std::string_view peer) {
  here_.insert(pump);
  if (pump->has_spare()) {
    in_spare_seats_.emplace_back(pump.get(), std::string(peer));
  } else {
    with_place_.push_back(pump);
  }
  count();
}

void Crowd::leave(const std::shared_ptr<Pump>& pump) {
  forget_account(*pump);
  forget_spare_seat(*pump);
  if (sweeping_) {
    leaving_.push_back(pump);
  } else {
    here_.erase(pump);
    forget_gone();
  }
  count();
}

// Connections come and go: those that are gone may not pile up here.
void Crowd::forget_gone() {
  while (!with_place_.empty() && with_place_.front().expired()) with_place_.pop_front();
  if (with_place_.size() < 2 * here_.size() + kFewArrivals) return;
  std::erase_if(with_place_, [](const auto& each) { return each.expired(); });
}

bool Crowd::free_place() {
  while (!with_place_.empty()) {
    const std::shared_ptr<Pump> oldest = with_place_.front().lock();
    with_place_.pop_front();
    if (!oldest || !oldest->may_be_asked_to_go()) continue;
    oldest->close();
    return true;
  }
  return false;
}

std::optional<SpareSeat> Crowd::free_spare_seat(std::string_view peer) {
  Pump* found = nullptr;
  std::ptrdiff_t most = 0;
  for (const InSpareSeat& each : in_spare_seats_) {
    if (!each.pump->may_be_asked_to_go()) continue;
    const std::ptrdiff_t taken =
        std::ranges::count(in_spare_seats_, each.peer, &InSpareSeat::peer) +
        (each.peer == peer ? 1 : 0);
    if (taken <= most) continue;
    most = taken;
    found = each.pump;
  }
  if (found == nullptr) return std::nullopt;
  SpareSeat seat = found->take_spare();
  found->close();
  return seat;
}

void Crowd::forget_spare_seat(const Pump& pump) {
  std::erase_if(in_spare_seats_, [&pump](const auto& each) { return each.pump == &pump; });
}

void Crowd::recognise(Pump& pump, std::int64_t account) {
  std::vector<Pump*>& own = by_account_[account];
  pump.belongs(account, own.size());
  own.push_back(&pump);
  forget_spare_seat(pump);
  if (!pump.take_spare() || !pump.overfull()) return;
  const auto most = std::ranges::max_element(by_account_, {},
                                             [](const auto& entry) { return entry.second.size(); });
  if (const auto left_out = told_of_accounts_.admit(pump.now())) {
    spdlog::warn(
        "all places of a listener are taken, {} of the {} on this thread by account {}: "
        "it gives one to each that comes from an account with fewer ({} more since this "
        "was said)",
        most->second.size(), size(), most->first, *left_out);
  }
  const bool is_own = most->second.size() <= own.size();
  (is_own ? pump : *most->second.back()).close();
}

void Crowd::tell_of_strangers(TimePoint now) {
  const auto left_out = told_of_strangers_.admit(now);
  if (!left_out) return;
  spdlog::warn(
      "connections that have not signed in keep all the bytes that they may: one that "
      "sent more was cut off ({} more since this was said)",
      *left_out);
}

void Crowd::forget_account(const Pump& pump) {
  const auto found = by_account_.find(pump.account());
  if (found == by_account_.end()) return;
  std::vector<Pump*>& others = found->second;
  others[pump.index()] = others.back();
  others[pump.index()]->belongs(pump.account(), pump.index());
  others.pop_back();
  if (others.empty()) by_account_.erase(found);
}

void Crowd::each(const std::function<void(Pump&)>& what) {
  sweeping_ = true;
  for (const auto& pump : here_) what(*pump);
  sweeping_ = false;
  for (const auto& pump : leaving_) here_.erase(pump);
  leaving_.clear();
  forget_gone();
  count();
}

void Pump::start(const MakeProtocol& make, std::string peer) {
  place_.crowd.enter(shared_from_this(), peer);
  const bool secure = stream_.tls() != nullptr;
  protocol_ = make({.loop = place_.loop,
                    .wake =
                        [weak = weak_from_this()] {
                          if (const auto self = weak.lock()) self->move_on_at_turn_end();
                        },
                    .secure = secure,
                    .peer = std::move(peer)});
  if (secure) {
    stage_ = Stage::kShakingHands;
    deadline_ = place_.clock.now() + place_.limits.handshake_time;
  }
  // What has come by now is an event too.
  if (!place_.loop.watch(stream_.fd(), *this)) close();
}

void Pump::tick(TimePoint now) {
  // Shaking hands, or saying goodbye: nothing else may use the stream.
  if (deadline_) {
    if (now >= *deadline_) close();
    return;
  }
  if (stage_ != Stage::kTalking) return;
  if (unsent_.empty()) {
    stuck_since_.reset();
  } else if (!stuck_since_) {
    stuck_since_ = now;
  } else if (now - *stuck_since_ > place_.limits.unsent_time) {
    spdlog::info("a connection took nothing for {} ms: closed", place_.limits.unsent_time.count());
    return close();
  }
  protocol_->tick(now);
  move_on_at_turn_end();
}

void Pump::server_stops() {
  if (deadline_) return close();
  if (stage_ != Stage::kTalking) return;
  protocol_->server_stops();
  move_on();
}

void Pump::on_ready(std::uint32_t events) {
  if ((events & ~std::uint32_t{EPOLLOUT}) != 0) readable_ = true;
  const bool ended = ends_;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) ends_ = true;
  // TLS may have to read before it can write.
  if ((events & EPOLLOUT) != 0 || stream_.tls() != nullptr) writable_ = true;
  switch (stage_) {
    case Stage::kShakingHands:
      if (place_.loop.is_late()) return ask_for_turn_end();
      return shake_hands();
    case Stage::kTalking:
      if (!unsent_.empty()) move_on_at_turn_end();
      if (ends_ && !ended) {
        protocol_->peer_ends();
        move_on_at_turn_end();
      }
      if ((events & (EPOLLHUP | EPOLLERR)) != 0) was_reset_ = true;
      if (place_.loop.is_late()) return ask_for_turn_end();
      read();
      return leave_if_reset();
    case Stage::kSayingGoodbye:
      return say_goodbye();
    case Stage::kClosed:
      return;
  }
}

void Pump::look_at_peer() {
  if (account_ != 0) return;
  if (const std::int64_t account = protocol_->account(); account != 0) {
    stranger_bytes_ = {};
    return place_.crowd.recognise(*this, account);
  }
  const std::size_t kept = protocol_->kept_bytes();
  const std::size_t counted = kept > kFreeBytes ? kept - kFreeBytes : 0;
  const std::size_t had = stranger_bytes_.bytes();
  if (counted < had) stranger_bytes_.give_back(had - counted);
  if (counted <= had || stranger_bytes_.take(counted - had)) return;
  place_.crowd.tell_of_strangers(place_.clock.now());
  close();
}

void Pump::shake_hands() {
  const Stream::Moved moved = stream_.shake_hands();
  if (moved.state != Stream::State::kOpen) return close();
  if (moved.bytes == 0) return;
  stage_ = Stage::kTalking;
  deadline_.reset();
  // The first request may have come with the handshake's end.
  readable_ = true;
  read();
}

void Pump::read() {
  if (!readable_ || stage_ != Stage::kTalking || peer_said_all_ || is_behind() ||
      !protocol_->wants_input()) {
    return;
  }
  auto& buffer = read_buffer();
  const auto [bytes, state] = stream_.read(buffer);
  if (state == Stream::State::kBroken) return close();
  if (state == Stream::State::kEnded) {
    // What the peer asked for is still sent; then nothing keeps the connection.
    peer_said_all_ = true;
    return move_on_at_turn_end();
  }
  // A socket that gave less than it was asked for is empty: the next bytes, or the end if it has
  // not come yet, are an event of their own. TLS may hold bytes that are read already.
  const bool emptied = stream_.tls() == nullptr && bytes < buffer.size() && !ends_;
  if (bytes == 0 || emptied) readable_ = false;
  if (bytes == 0) return;
  protocol_->receive(std::string_view(buffer.data(), bytes), place_.clock.now());
  look_at_peer();
  // There the rest is read too, so that one connection does not hold up the others.
  move_on_at_turn_end();
}

void Pump::move_on_at_turn_end() {
  if (stage_ == Stage::kTalking) ask_for_turn_end();
}

void Pump::ask_for_turn_end() {
  if (std::exchange(asked_, true)) return;
  const bool has_more = has_more_ || !unsent_.empty();
  place_.loop.at_turn_end(shared_from_this(),
                          has_more ? IoLoop::Why::kGoesOn : IoLoop::Why::kBegins);
}

void Pump::on_turn_end() {
  asked_ = false;
  if (stage_ == Stage::kShakingHands) return shake_hands();
  if (was_reset_) read();
  leave_if_reset();
  move_on();
}

// Nobody is there for answers, and what else had come is not worked off.
void Pump::leave_if_reset() {
  if (was_reset_) close();
}

void Pump::move_on() {
  if (stage_ != Stage::kTalking) return;
  write();
  if (stage_ != Stage::kTalking) return;
  if (unsent_.empty()) {
    if (protocol_->finished() && protocol_->breaks()) return reset();
    if (protocol_->finished()) return say_goodbye();
    if (peer_said_all_ && protocol_->wants_input()) return close();
  }
  read();
}

// Protocols make only so much at a time, and there may be more where that came from: a peer that
// asked for much in few bytes gets it in turn with the others.
void Pump::write() {
  thread_local std::string output;
  std::size_t written = 0;
  has_more_ = false;
  while (stage_ == Stage::kTalking) {
    if (written >= place_.limits.read_on_bytes) {
      has_more_ = true;
      return move_on_at_turn_end();
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
      if (!is_behind()) protocol_->take_output(unsent_);
      const std::size_t sent = send(unsent_);
      unsent_.erase(0, sent);
      written += sent;
      if (unsent_.empty()) std::string().swap(unsent_);
    }
    if (!unsent_.empty()) break;
  }
  if (unsent_.size() > place_.limits.unsent_bytes) {
    spdlog::info("a connection did not take its {} bytes: closed", unsent_.size());
    close();
  }
}

std::size_t Pump::send(std::string_view bytes) {
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

void Pump::say_goodbye() {
  if (std::exchange(stage_, Stage::kSayingGoodbye) == Stage::kTalking) {
    // The peer may not answer.
    deadline_ = place_.clock.now() + place_.limits.close_time;
  }
  Stream::State state = stream_.say_goodbye().state;
  // The peer's goodbye may be here already.
  if (state == Stream::State::kOpen) state = stream_.say_goodbye().state;
  if (state != Stream::State::kOpen) close();
}

void Pump::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(stream_.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close();
}

void Pump::close() {
  if (std::exchange(stage_, Stage::kClosed) == Stage::kClosed) return;
  stream_.close();
  protocol_->lost();
  tickets_ = {};
  stranger_bytes_ = {};
  auto self = shared_from_this();
  place_.crowd.leave(self);
  place_.loop.keep_for_turn(std::move(self));
}

}  // namespace gridloom::net
