#include "client/mqtt_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace gridloom::client {
namespace {

using wire::mqtt::PacketType;
using wire::mqtt::Qos;
using wire::mqtt::Version;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::kMalformed, fmt::format("from the server: {}", what));
}

std::unexpected<Error> not_in_flight(PacketType type, std::uint16_t packet_id) {
  return malformed(fmt::format("{} {}, and no packet with that id awaits it",
                               wire::mqtt::name_of(type), packet_id));
}

std::unexpected<Error> too_long(std::string_view what) {
  return fail(ErrorCode::kBadParams,
              fmt::format("MQTT cannot carry {}: a text in it has more than {} bytes", what,
                          wire::mqtt::kMaxTextBytes));
}

// The packets of the variant are in the order of their numbers.
PacketType type_of(const wire::mqtt::Packet& packet) {
  return static_cast<PacketType>(packet.index() + 1);
}

}  // namespace

MqttSession::MqttSession(const Options& options)
    : version_(options.version),
      window_(std::min(options.window, kMaxWindow)),
      packet_bytes_(options.packet_bytes) {}

Status MqttSession::sign_in(const SignIn& sign_in) {
  wire::mqtt::Connect connect{.version = version_,
                              .keepalive_s = sign_in.keepalive_s,
                              .client_id = sign_in.client_id,
                              .will = sign_in.will};
  if (!sign_in.user.empty()) {
    connect.username = sign_in.user;
    connect.password = sign_in.password;
  }
  if (!is_encodable(connect)) return too_long("the sign-in");
  wire::mqtt::encode(out_, connect);
  return {};
}

Status MqttSession::subscribe(std::vector<wire::mqtt::FilterEntry> filters) {
  wire::mqtt::Subscribe packet{.entries = std::move(filters)};
  if (!is_encodable(packet)) return too_long("the subscription");
  packet.packet_id = take_id(
      {.filters = static_cast<std::uint16_t>(packet.entries.size()), .awaits = Awaits::kSuback});
  wire::mqtt::encode(out_, packet, version_);
  return {};
}

Status MqttSession::publish(std::string_view topic, std::string_view payload,
                            const PublishOptions& options, Moment due) {
  wire::mqtt::Publish packet{
      .qos = options.qos, .retain = options.retain, .topic = topic, .payload = payload};
  if (!is_encodable(packet, version_)) return too_long("the message");
  if (options.qos != Qos::kAtMostOnce) {
    const bool once = options.qos == Qos::kExactlyOnce;
    packet.packet_id = take_id({.due = due, .awaits = once ? Awaits::kPubrec : Awaits::kPuback});
  }
  wire::mqtt::encode(out_, packet, version_);
  return {};
}

void MqttSession::ping() { wire::mqtt::encode(out_, wire::mqtt::Pingreq{}, version_); }

void MqttSession::disconnect() { wire::mqtt::encode(out_, wire::mqtt::Disconnect{}, version_); }

std::uint16_t MqttSession::take_id(const Slot& slot) {
  if (free_ids_.empty()) {
    slots_.push_back(slot);
    return static_cast<std::uint16_t>(slots_.size());
  }
  const std::uint16_t id = free_ids_.back();
  free_ids_.pop_back();
  slots_[id - 1U] = slot;
  return id;
}

void MqttSession::free_id(std::uint16_t packet_id) {
  slots_[packet_id - 1U].awaits = Awaits::kNothing;
  free_ids_.push_back(packet_id);
}

MqttSession::Slot* MqttSession::find(std::uint16_t packet_id, Awaits awaits) {
  if (packet_id == 0 || packet_id > slots_.size()) return nullptr;
  Slot& slot = slots_[packet_id - 1U];
  return slot.awaits == awaits ? &slot : nullptr;
}

Status MqttSession::receive(std::string_view bytes, Listener& listener) {
  if (over_) return {};
  const bool joined = !in_.empty();
  if (joined) {
    in_ += bytes;
    bytes = in_;
  }
  std::size_t used = 0;
  while (!over_ && used < bytes.size()) {
    const auto size = take_first(bytes.substr(used), listener);
    if (!size) {
      over_ = true;
      return std::unexpected(size.error());
    }
    if (*size == 0) break;
    used += *size;
  }
  if (joined) {
    in_.erase(0, used);
  } else {
    in_ = bytes.substr(used);
  }
  return {};
}

Result<std::size_t> MqttSession::take_first(std::string_view bytes, Listener& listener) {
  const auto header = wire::mqtt::peek_header(bytes);
  if (!header) return fail(ErrorCode::kMalformed, std::string(header.error().detail));
  if (!*header) return 0;
  const std::size_t size = (*header)->total_bytes();
  if (size > packet_bytes_) {
    return malformed(
        fmt::format("a packet of {} bytes: at most {} are accepted", size, packet_bytes_));
  }
  if (bytes.size() < size) return 0;
  const auto packet = wire::mqtt::decode(
      **header, bytes.substr((*header)->header_bytes, (*header)->body_bytes), version_);
  if (!packet) return fail(ErrorCode::kMalformed, std::string(packet.error().detail));
  GL_TRY(take(*packet, listener));
  return size;
}

Status MqttSession::take(const wire::mqtt::Packet& packet, Listener& listener) {
  using namespace wire::mqtt;
  const auto* connack = std::get_if<Connack>(&packet);
  if (accepted_ == (connack != nullptr)) {
    return malformed(accepted_ ? "a second CONNACK"
                               : fmt::format("{} before the CONNACK", name_of(type_of(packet))));
  }
  if (connack != nullptr) return on_connack(*connack, listener);
  if (const auto* message = std::get_if<Publish>(&packet)) return on_publish(*message, listener);
  if (std::holds_alternative<Pingresp>(packet)) return {};
  if (const auto* pubrel = std::get_if<Pubrel>(&packet)) {
    encode(out_, Pubcomp{.packet_id = pubrel->packet_id}, version_);
    return {};
  }
  if (const auto* end = std::get_if<Disconnect>(&packet);
      end != nullptr && version_ != Version::k311) {
    over_ = true;
    if (is_refusal(end->reason)) listener.on_refused(PacketType::kDisconnect, end->reason);
    return {};
  }
  return take_answer(packet, listener);
}

Status MqttSession::take_answer(const wire::mqtt::Packet& packet, Listener& listener) {
  using namespace wire::mqtt;
  if (const auto* puback = std::get_if<Puback>(&packet)) {
    return finish(*puback, Awaits::kPuback, listener);
  }
  if (const auto* pubrec = std::get_if<Pubrec>(&packet)) return on_pubrec(*pubrec, listener);
  if (const auto* pubcomp = std::get_if<Pubcomp>(&packet)) {
    return finish(*pubcomp, Awaits::kPubcomp, listener);
  }
  if (const auto* suback = std::get_if<Suback>(&packet)) return on_suback(*suback, listener);
  return malformed(
      fmt::format("{}, which no server sends to this client", name_of(type_of(packet))));
}

Status MqttSession::on_connack(const wire::mqtt::Connack& connack, Listener& listener) {
  if (connack.reason != wire::mqtt::Reason::kSuccess) {
    over_ = true;
    listener.on_refused(PacketType::kConnack, connack.reason);
    return {};
  }
  accepted_ = true;
  const auto most = connack.properties.number(wire::mqtt::PropertyId::kReceiveMaximum);
  if (most) window_ = std::min<std::size_t>(window_, *most);
  listener.on_accepted();
  return {};
}

Status MqttSession::on_suback(const wire::mqtt::Suback& suback, Listener& listener) {
  const Slot* slot = find(suback.packet_id, Awaits::kSuback);
  if (slot == nullptr) return not_in_flight(PacketType::kSuback, suback.packet_id);
  if (slot->filters != suback.reasons.size()) {
    return malformed(fmt::format("a SUBACK with {} reasons for {} filters", suback.reasons.size(),
                                 slot->filters));
  }
  free_id(suback.packet_id);
  for (const wire::mqtt::Reason reason : suback.reasons) {
    if (is_refusal(reason)) listener.on_refused(PacketType::kSuback, reason);
  }
  listener.on_subscribed(suback.reasons);
  return {};
}

Status MqttSession::on_publish(const wire::mqtt::Publish& message, Listener& listener) {
  // No topic alias was offered to the server, so none may stand for the topic.
  if (message.topic.empty()) return malformed("a message without a topic");
  listener.on_message(message);
  if (message.qos == Qos::kAtLeastOnce) {
    wire::mqtt::encode(out_, wire::mqtt::Puback{.packet_id = message.packet_id}, version_);
  } else if (message.qos == Qos::kExactlyOnce) {
    wire::mqtt::encode(out_, wire::mqtt::Pubrec{.packet_id = message.packet_id}, version_);
  }
  return {};
}

Status MqttSession::on_pubrec(const wire::mqtt::Pubrec& pubrec, Listener& listener) {
  // A message that is refused gets no PUBREL.
  if (is_refusal(pubrec.reason)) return finish(pubrec, Awaits::kPubrec, listener);
  Slot* slot = find(pubrec.packet_id, Awaits::kPubrec);
  if (slot == nullptr) return not_in_flight(PacketType::kPubrec, pubrec.packet_id);
  slot->awaits = Awaits::kPubcomp;
  wire::mqtt::encode(out_, wire::mqtt::Pubrel{.packet_id = pubrec.packet_id}, version_);
  return {};
}

template <PacketType kType>
Status MqttSession::finish(const wire::mqtt::PublishAnswer<kType>& answer, Awaits awaits,
                           Listener& listener) {
  const Slot* slot = find(answer.packet_id, awaits);
  if (slot == nullptr) return not_in_flight(kType, answer.packet_id);
  const Moment due = slot->due;
  free_id(answer.packet_id);
  if (is_refusal(answer.reason)) listener.on_refused(kType, answer.reason);
  listener.on_acknowledged(due);
  return {};
}

}  // namespace gridloom::client
