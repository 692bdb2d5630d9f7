// The life cycle of a connection: framing, CONNECT and its answer, timeouts, the end; see the
// header. session_packets.cc handles the other packets.
#include "wire/mqtt/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "wire/mqtt/topic.h"

namespace gridloom::wire::mqtt {
namespace {

constexpr std::size_t kMaxReasonTextBytes = 512;  // longer ones are only logged
constexpr std::size_t kKeptOutputBytes = 64;      // of the buffer of an idle connection

Will will_of(const LastWill& will, TimePoint now) {
  Will result{.message = message_of(will.topic, will.payload, will.properties, now),
              .qos = will.qos,
              .retain = will.retain,
              .delay_s = will.properties.number(PropertyId::kWillDelayS).value_or(0),
              .expiry_s = will.properties.number(PropertyId::kMessageExpiryS)};
  result.message.expires_at.reset();
  result.message.expiry_s.reset();
  return result;
}

// 3.1.1 has return codes for a CONNECT that is valid but refused; in other cases the server only
// closes the connection.
bool has_return_code_311(Reason reason) {
  switch (reason) {
    case Reason::kMalformedPacket:
    case Reason::kProtocolError:
    case Reason::kPacketTooLarge:
    case Reason::kTopicNameInvalid:
      return false;
    default:
      return true;
  }
}

// Adds a reason string to the last packet, if the client accepts packets of that length.
template <typename Last>
void append_last(std::string& out, Last packet, std::string_view why, Version version,
                 std::size_t most_bytes) {
  const bool explain = version == Version::k5 && why.size() <= kMaxReasonTextBytes;
  if (explain) packet.properties.add(PropertyId::kReasonString, why);
  std::string bytes;
  encode(bytes, packet, version);
  if (explain && bytes.size() > most_bytes) {
    packet.properties.remove(PropertyId::kReasonString);
    bytes.clear();
    encode(bytes, packet, version);
  }
  if (bytes.size() <= most_bytes) out.append(bytes);
}

}  // namespace

MessagePtr publishable(const Will& will, TimePoint now) {
  auto message = std::make_shared<Message>(will.message);
  message->expiry_s = will.expiry_s;
  if (will.expiry_s) message->expires_at = now + std::chrono::seconds(*will.expiry_s);
  return message;
}

Session::Session(const MqttLimits& limits, TimePoint now)
    : limits_(limits), now_(now), last_heard_(now) {}

void Session::receive(std::string_view bytes, TimePoint now, PlainPublicationTaker* taker) {
  now_ = now;
  if (connection_state_ == ConnectionState::kFinished) return;
  if (connection_state_ == ConnectionState::kDeciding) return hold(bytes);
  taker_ = taker;
  keep_tail(consume(complete_tail(bytes)));
  taker_ = nullptr;
}

// Completes a kept partial packet with just the bytes it lacks, and handles it, so that all later
// packets are decoded in place. Returns the remaining bytes.
std::string_view Session::complete_tail(std::string_view bytes) {
  while (!tail_.empty() && !bytes.empty() && connection_state_ != ConnectionState::kFinished) {
    const auto header = peek(tail_);
    const std::size_t whole = header && *header ? (*header)->total_bytes() : tail_.size() + 1;
    const std::string_view lacking = bytes.substr(0, whole - tail_.size());
    tail_.append(lacking);
    bytes.remove_prefix(lacking.size());
    std::string piece = std::exchange(tail_, {});
    const bool complete = consume(piece).empty();
    if (!complete) tail_ = std::move(piece);
  }
  return bytes;
}

void Session::keep_tail(std::string_view rest) {
  if (connection_state_ == ConnectionState::kFinished || rest.empty()) return;
  if (connection_state_ == ConnectionState::kDeciding) return hold(rest);
  tail_.append(rest);
}

void Session::hold(std::string_view bytes) {
  if (tail_.size() + bytes.size() > limits_.held_bytes) {
    return end(Reason::kQuotaExceeded, "too many bytes after a CONNECT that is not answered yet");
  }
  tail_.append(bytes);
}

Decoded<std::optional<Header>> Session::peek(std::string_view bytes) const {
  auto header = peek_header(bytes);
  if (!header || !*header) return header;
  if ((*header)->total_bytes() > limits_.packet_bytes) {
    return std::unexpected(Violation{Reason::kPacketTooLarge, "the packet is larger than allowed"});
  }
  const bool is_connect = (*header)->type == PacketType::kConnect;
  if (is_connect != (connection_state_ == ConnectionState::kAwaitingConnect)) {
    return std::unexpected(
        Violation{Reason::kProtocolError,
                  is_connect ? "it came a second time" : "the first packet must be a CONNECT"});
  }
  return header;
}

// Handles all whole packets at the front; returns the remaining bytes.
std::string_view Session::consume(std::string_view bytes) {
  while (connection_state_ == ConnectionState::kAwaitingConnect ||
         connection_state_ == ConnectionState::kConnected) {
    const auto header = peek(bytes);
    if (!header) {
      const auto type = static_cast<PacketType>(static_cast<unsigned char>(bytes[0]) >> 4U);
      std::string why = fmt::format("{}: {}", name_of(type), header.error().detail);
      if (header.error().reason == Reason::kPacketTooLarge) {
        why += fmt::format(" ({} bytes)", limits_.packet_bytes);
      }
      end(header.error().reason, std::move(why));
      return {};
    }
    if (!*header || (*header)->total_bytes() > bytes.size()) return bytes;
    handle(**header, bytes.substr((*header)->header_bytes, (*header)->body_bytes));
    bytes.remove_prefix((*header)->total_bytes());
  }
  return bytes;
}

void Session::handle(const Header& header, std::string_view body) {
  last_heard_ = now_;
  const auto packet = decode(header, body, version_, limits_.properties);
  if (packet) return dispatch(*packet);
  const Violation& violation = packet.error();
  std::string why = fmt::format("{}: {}", name_of(header.type), violation.detail);
  if (violation.reason == Reason::kQuotaExceeded) {
    why += fmt::format(" ({} at most)", limits_.properties);
  }
  if (connection_state_ == ConnectionState::kConnected) return end(violation.reason, why);
  // An invalid CONNECT is answered in its own version, if its version can be read.
  const auto level = connect_level(body);
  version_ = level.value_or(0) >= 5 ? Version::k5 : Version::k311;
  if (level) send_refusal(violation.reason, why);
  finish(violation.reason, why, WillFate::kDiscard);
}

std::optional<Violation> Session::unacceptable(const Connect& packet) const {
  if (packet.properties.has(PropertyId::kAuthenticationMethod)) {
    return Violation{Reason::kBadAuthenticationMethod,
                     "no authentication method other than user name and password is supported"};
  }
  if (packet.client_id.size() > limits_.client_id_bytes) {
    return Violation{Reason::kClientIdNotValid, "the client id is too long"};
  }
  if (packet.version == Version::k311 && packet.client_id.empty() && !packet.clean_start) {
    return Violation{Reason::kClientIdNotValid, "an empty client id requires a clean session"};
  }
  if (packet.will && !within_limits(packet.will->topic)) {
    return Violation{Reason::kTopicNameInvalid, "the will's topic is too long, or too deep"};
  }
  return std::nullopt;
}

std::unique_ptr<ConnectRequest> Session::request_of(const Connect& packet) const {
  auto request = std::make_unique<ConnectRequest>();
  request->version = packet.version;
  request->client_id = packet.client_id;
  request->clean_start = packet.clean_start;
  request->keepalive_s = packet.keepalive_s;
  if (packet.username) request->username = std::string(*packet.username);
  if (packet.password) request->password = Secret(std::string(*packet.password));
  if (packet.will) request->will = will_of(*packet.will, now_);
  request->session_expiry_s = asked_expiry_s_;
  for (const Property& property : packet.properties.items()) {
    if (property.id != PropertyId::kUserProperty) continue;
    request->user_properties.emplace_back(property.text, property.value);
  }
  return request;
}

void Session::on(const Connect& packet) {
  version_ = packet.version;
  connection_state_ = ConnectionState::kDeciding;
  const auto number = [&packet](PropertyId id, std::uint32_t otherwise) {
    return packet.properties.number(id).value_or(otherwise);
  };
  keepalive_s_ = packet.keepalive_s;
  const bool keeps_311 = version_ == Version::k311 && !packet.clean_start;
  asked_expiry_s_ = number(PropertyId::kSessionExpiryS, keeps_311 ? kNeverExpires : 0);
  client_aliases_ = static_cast<std::uint16_t>(number(PropertyId::kTopicAliasMaximum, 0));
  tells_reasons_ = number(PropertyId::kRequestProblemInformation, 1) != 0;
  client_window_ = static_cast<std::uint16_t>(number(PropertyId::kReceiveMaximum, 0xFFFF));
  if (const auto bytes = packet.properties.number(PropertyId::kMaximumPacketSize)) {
    client_packet_bytes_ = *bytes;
  }
  if (const auto violation = unacceptable(packet)) {
    std::string why = fmt::format("CONNECT: {}", violation->detail);
    if (packet.client_id.size() > limits_.client_id_bytes) {
      why += fmt::format(" (at most {} bytes)", limits_.client_id_bytes);
    }
    return end(violation->reason, std::move(why));
  }
  has_will_ = packet.will.has_value();
  events_.emplace_back(ConnectRequested{request_of(packet)});
}

void Session::accept(const ConnectAnswer& answer, TimePoint now, SessionState state) {
  now_ = now;
  outbox_ = std::move(state.outbox);
  received_.clear();
  for (const std::uint16_t id : state.received) {
    received_.push_back({.packet_id = id, .acknowledged = true, .earlier = true});
  }
  for (const std::uint16_t id : state.unanswered) {
    received_.push_back({.packet_id = id, .earlier = true});
  }
  std::ranges::sort(received_, {}, &Received::packet_id);
  earlier_ = received_.size();
  if (connection_state_ != ConnectionState::kDeciding) return;
  connection_state_ = ConnectionState::kConnected;
  emits_releases_ = answer.emits_releases;
  last_heard_ = now;
  const std::uint16_t asked_keepalive_s = keepalive_s_;
  if (version_ == Version::k5) keepalive_s_ = granted_keepalive_s(answer);
  keepalive_ = Millis(std::chrono::seconds(keepalive_s_)) * 3 / 2;
  outbox_.open({.version = version_,
                .packet_bytes = client_packet_bytes_,
                .window = std::min(client_window_, limits_.in_flight),
                .queue_messages = limits_.queue_messages,
                .queue_bytes = limits_.queue_bytes,
                .topic_aliases = std::min(client_aliases_, limits_.out_topic_alias_maximum)});
  send_connack(answer, asked_keepalive_s);
  const std::string held = std::exchange(tail_, {});
  keep_tail(consume(held));
}

std::uint16_t Session::granted_keepalive_s(const ConnectAnswer& answer) const {
  if (answer.server_keepalive_s) return *answer.server_keepalive_s;
  const std::uint16_t longest_s = limits_.keepalive_s;
  if (longest_s == 0) return keepalive_s_;
  // No keepalive counts as longer than any other.
  return keepalive_s_ == 0 ? longest_s : std::min(keepalive_s_, longest_s);
}

// Sends the values that differ from the standard's defaults, so that the client knows all of them.
void Session::send_connack(const ConnectAnswer& answer, std::uint16_t asked_keepalive_s) {
  Connack packet{.session_present = answer.session_present, .reason = Reason::kSuccess};
  Properties& properties = packet.properties;
  if (answer.session_expiry_s != asked_expiry_s_) {
    properties.add(PropertyId::kSessionExpiryS, answer.session_expiry_s);
  }
  properties.add(PropertyId::kReceiveMaximum, limits_.receive_maximum);
  properties.add(PropertyId::kMaximumPacketSize, static_cast<std::uint32_t>(limits_.packet_bytes));
  if (!answer.assigned_client_id.empty()) {
    properties.add(PropertyId::kAssignedClientId, answer.assigned_client_id);
  }
  properties.add(PropertyId::kTopicAliasMaximum, limits_.topic_alias_maximum);
  if (answer.server_keepalive_s || keepalive_s_ != asked_keepalive_s) {
    properties.add(PropertyId::kServerKeepAliveS, keepalive_s_);
  }
  send(packet);
}

void Session::refuse(Reason reason, std::string_view why) {
  if (connection_state_ != ConnectionState::kDeciding) return;
  end(reason, why.empty() ? fmt::format("refused: {}", name_of(reason)) : std::string(why));
}

SessionState Session::release() {
  outbox_.close();
  // The hub already has the messages it has not answered yet: they will not be published again.
  SessionState state{.outbox = std::exchange(outbox_, {}), .received = received()};
  for (const Received& one : received_) {
    if (!one.acknowledged) state.unanswered.push_back(one.packet_id);
  }
  return state;
}

std::vector<std::uint16_t> Session::received() const {
  std::vector<std::uint16_t> ids;
  ids.reserve(received_.size());
  for (const Received& one : received_) {
    if (one.acknowledged) ids.push_back(one.packet_id);
  }
  return ids;
}

void SessionState::answered(std::uint16_t packet_id) {
  if (std::erase(unanswered, packet_id) == 0) return;
  received.insert(std::ranges::lower_bound(received, packet_id), packet_id);
}

void Session::close(Reason reason, std::string_view why) {
  if (connection_state_ != ConnectionState::kFinished) end(reason, std::string(why));
}

void Session::lost(std::string_view why) {
  if (connection_state_ == ConnectionState::kFinished) return;
  finish(Reason::kUnspecifiedError, std::string(why), fate_of_will());
}

void Session::tick(TimePoint now) {
  now_ = now;
  const auto deadline = next_deadline();
  if (!deadline || now < *deadline) return;
  if (connection_state_ == ConnectionState::kConnected &&
      answers_owed_ >= limits_.receive_maximum) {
    return excuse(now);
  }
  if (connection_state_ == ConnectionState::kConnected) {
    return end(Reason::kKeepAliveTimeout,
               fmt::format("no packet within one and a half times {} s", keepalive_s_));
  }
  finish(Reason::kKeepAliveTimeout,
         fmt::format("no CONNECT within {} s", limits_.connect_timeout.count() / 1000),
         WillFate::kDiscard);
}

void Session::excuse(TimePoint now) { last_heard_ = now; }

std::optional<TimePoint> Session::next_deadline() const {
  if (connection_state_ == ConnectionState::kAwaitingConnect)
    return last_heard_ + limits_.connect_timeout;
  if (connection_state_ == ConnectionState::kConnected && keepalive_.count() > 0)
    return last_heard_ + keepalive_;
  return std::nullopt;
}

std::vector<Event> Session::take_events() { return std::exchange(events_, {}); }

void Session::take_output(std::string& out, TimePoint now) {
  now_ = now;
  const std::size_t before = out.size();
  out += output_;
  // Short answers fit into the string itself, which allocates nothing then.
  if (output_.capacity() > kKeptOutputBytes) output_ = {};
  output_.clear();
  if (connection_state_ != ConnectionState::kConnected) return;
  outbox_.pump(out, before + limits_.output_bytes, now_);
}

bool Session::has_output() const {
  return !output_.empty() || (connection_state_ == ConnectionState::kConnected && outbox_.ready());
}

bool Session::wants_input() const {
  if (connection_state_ == ConnectionState::kAwaitingConnect) return true;
  return connection_state_ == ConnectionState::kConnected &&
         answers_owed_ < limits_.receive_maximum && output_.size() < limits_.output_bytes;
}

void Session::send(const Packet& packet) {
  if (connection_state_ == ConnectionState::kFinished) return;
  const std::size_t before = output_.size();
  encode(output_, packet, version_);
  if (output_.size() - before <= client_packet_bytes_) return;
  output_.resize(before);
  end(Reason::kPacketTooLarge, "the client's maximum packet size is smaller than the answer to it");
}

// Adds the reason string if the client wants reason strings and accepts packets of that length.
template <typename Answer>
void Session::send_answer(Answer answer, std::string_view why) {
  if (why.empty() || version_ == Version::k311 || !tells_reasons_) return send(answer);
  answer.properties.add(PropertyId::kReasonString, why.substr(0, kMaxReasonTextBytes));
  std::string bytes;
  encode(bytes, answer, version_);
  if (bytes.size() > client_packet_bytes_) answer.properties.remove(PropertyId::kReasonString);
  send(answer);
}
template void Session::send_answer(Puback, std::string_view);
template void Session::send_answer(Pubrec, std::string_view);
template void Session::send_answer(Suback, std::string_view);

void Session::pump() {
  if (connection_state_ == ConnectionState::kConnected)
    outbox_.pump(output_, limits_.output_bytes, now_);
}

void Session::send_refusal(Reason reason, std::string_view why) {
  if (version_ == Version::k311 && !has_return_code_311(reason)) return;
  const Reason allowed =
      may_carry(PacketType::kConnack, reason) ? reason : Reason::kUnspecifiedError;
  append_last(output_, Connack{.session_present = false, .reason = allowed}, why, version_,
              client_packet_bytes_);
}

void Session::send_disconnect(Reason reason, std::string_view why) {
  if (version_ == Version::k311) return;
  const Reason allowed =
      may_carry(PacketType::kDisconnect, reason) ? reason : Reason::kUnspecifiedError;
  append_last(output_, Disconnect{.reason = allowed}, why, version_, client_packet_bytes_);
}

void Session::end(Reason reason, std::string why) {
  if (connection_state_ == ConnectionState::kConnected) send_disconnect(reason, why);
  if (connection_state_ == ConnectionState::kDeciding) send_refusal(reason, why);
  finish(reason, std::move(why), fate_of_will());
}

WillFate Session::fate_of_will() const {
  return has_will_ && connection_state_ == ConnectionState::kConnected ? WillFate::kPublish
                                                                       : WillFate::kDiscard;
}

void Session::finish(Reason reason, std::string why, WillFate will) {
  if (connection_state_ == ConnectionState::kFinished) return;
  connection_state_ = ConnectionState::kFinished;
  tail_ = {};
  events_.emplace_back(
      Ended{.reason = reason, .why = std::move(why), .will = will, .session_expiry_s = {}});
}

}  // namespace gridloom::wire::mqtt
