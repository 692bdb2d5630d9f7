#include "node/served_connection.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace gridloom::node {
namespace {

// The bytes that a protocol is given at once, as a read of a socket.
constexpr std::size_t kInputPiece_bytes = std::size_t{16} * 1024;
// The bytes that are sent in a turn.
constexpr std::size_t kOutputTurn_bytes = std::size_t{64} * 1024;

}  // namespace

void ServedConnection::take(const RelayBytes& bytes) {
  // A door has no more than the credit on its way.
  if (input_.size() + taken_ + bytes.data.size() > kInputCredit_bytes) {
    return end(RelayEnd::Kind::kReset);
  }
  input_.append(bytes.data);
  line_.wants_turn();
}

void ServedConnection::take(const RelayTaken& taken) {
  ahead_ -= std::min<std::uint64_t>(taken.bytes, ahead_);
  line_.wants_turn();
}

void ServedConnection::take(const RelayEnd& end) {
  switch (end.kind) {
    case RelayEnd::Kind::kOrderly:
      if (!std::exchange(peer_ended_, true)) protocol_->peer_ends();
      break;
    case RelayEnd::Kind::kReset:
      is_gone_ = true;
      break;
    case RelayEnd::Kind::kServerStops:
      protocol_->server_stops();
      break;
  }
  line_.wants_turn();
}

void ServedConnection::server_stops() {
  protocol_->server_stops();
  line_.wants_turn();
}

void ServedConnection::tick(TimePoint now) {
  protocol_->tick(now);
  if (protocol_->has_output() || protocol_->has_work()) line_.wants_turn();
}

void ServedConnection::turn(TimePoint now) {
  if (is_over_) return;
  // With output that waits for the client no further is produced.
  const bool was_blocked = is_blocked_;
  const bool worked = !was_blocked && work(now);
  tell_account();
  const Output sent = send_output();
  is_blocked_ = sent == Output::kBlocked;
  if (sent == Output::kSent && protocol_->finished()) {
    return end(protocol_->resets() ? RelayEnd::Kind::kReset : RelayEnd::Kind::kOrderly);
  }
  if (is_gone_ && (input_.empty() || !protocol_->wants_input()) && !protocol_->has_work()) {
    return lose();
  }
  if (sent == Output::kSent) tell_taken();
  if (worked || sent == Output::kHasMore || (was_blocked && !is_blocked_)) line_.wants_turn();
}

// The protocol gives a bounded amount at a time.
ServedConnection::Output ServedConnection::send_output() {
  std::size_t sent = 0;
  while (true) {
    if (unsent_.empty()) protocol_->take_output(unsent_);
    if (is_gone_) unsent_.clear();
    if (unsent_.empty()) return Output::kSent;
    if (sent >= kOutputTurn_bytes) return Output::kHasMore;
    if (ahead_ >= kOutputCredit_bytes || line_.is_congested()) return Output::kBlocked;
    const std::size_t size =
        std::min({unsent_.size(), kOutputCredit_bytes - ahead_, kOutputTurn_bytes});
    ahead_ += size;
    sent += size;
    line_.send(
        RelayBytes{.connection = line_.number, .data = std::string_view(unsent_).substr(0, size)});
    unsent_.erase(0, size);
    if (unsent_.empty()) unsent_ = {};
  }
}

// False: there was nothing to do.
bool ServedConnection::work(TimePoint now) {
  if (protocol_->has_work()) {
    protocol_->work();
    return true;
  }
  if (input_.empty() || !protocol_->wants_input()) return false;
  const std::size_t size = std::min(input_.size(), kInputPiece_bytes);
  protocol_->receive(std::string_view(input_).substr(0, size), now);
  input_.erase(0, size);
  if (input_.empty()) input_ = {};
  taken_ += size;
  return true;
}

void ServedConnection::tell_account() {
  if (account_ != 0) return;
  account_ = protocol_->account();
  if (account_ == 0) return;
  line_.send(RelayAccount{.connection = line_.number, .account = account_});
}

// Input counts as taken once the protocol has worked on it, behind the answers to it. A client that
// has ended waits for each, others for a part of the credit.
void ServedConnection::tell_taken() {
  if (taken_ == 0 || !wants_input()) return;
  if (taken_ < kInputPiece_bytes && !peer_ended_) return;
  line_.send(RelayTaken{.connection = line_.number, .bytes = std::exchange(taken_, 0)});
}

void ServedConnection::end(RelayEnd::Kind kind) {
  if (is_over_) return;
  tell_account();
  if (!is_gone_) line_.send(RelayEnd{.connection = line_.number, .kind = kind});
  lose();
}

void ServedConnection::lose() {
  if (std::exchange(is_over_, true)) return;
  protocol_->lost();
}

}  // namespace gridloom::node
