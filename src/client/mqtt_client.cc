#include "client/mqtt_client.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <utility>
#include <variant>

#include "client/stream.h"

namespace gridloom::client {
namespace {

using wire::mqtt::Qos;
using wire::mqtt::Version;

constexpr std::uint16_t kSubscribeId = 0xffff;

Status malformed(std::string_view what) {
  return fail(ErrorCode::kMalformed, fmt::format("from the server: {}", what));
}

}  // namespace

MqttClient::MqttClient(std::size_t number, net::Stream stream, std::size_t window)
    : number_(number), stream_(std::move(stream)), window_(window), due_(window) {
  for (std::size_t id = window; id > 0; --id) free_ids_.push_back(static_cast<std::uint16_t>(id));
}

Status MqttClient::sign_in(const MqttSignIn& who, Listener& listener) {
  filter_ = who.filter;
  filter_qos_ = who.filter_qos;
  wire::mqtt::Connect connect{.keepalive_s = who.keepalive_s, .client_id = who.client_id};
  if (!who.user.empty()) {
    connect.username = who.user;
    connect.password = who.password;
  }
  wire::mqtt::encode(out_, connect);
  return flush(listener);
}

void MqttClient::put(std::string_view topic, std::string_view payload, Qos qos, Moment due) {
  std::uint16_t id = 0;
  if (qos != Qos::kAtMostOnce) {
    id = free_ids_.back();
    free_ids_.pop_back();
    due_[id - 1U] = due;
  }
  wire::mqtt::encode(out_, {.qos = qos, .topic = topic, .packet_id = id, .payload = payload},
                     Version::k311);
}

void MqttClient::put_ping() { wire::mqtt::encode(out_, wire::mqtt::Pingreq{}, Version::k311); }

void MqttClient::put_goodbye() {
  wire::mqtt::encode(out_, wire::mqtt::Disconnect{}, Version::k311);
}

Status MqttClient::publish(std::string_view topic, std::string_view payload, Qos qos, Moment due,
                           Listener& listener) {
  put(topic, payload, qos, due);
  return flush(listener);
}

Status MqttClient::on_ready(std::uint32_t events, std::span<char> buffer, Listener& listener) {
  if (lost_) return {};
  const bool ends = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (!out_.empty()) {
    if (Status flushed = flush(listener); !flushed) return flushed;
    if (out_.empty()) listener.on_room(*this);
  }
  for (;;) {
    const auto [size, state] = stream_.read(buffer);
    if (state != net::Stream::State::kOpen) return lose(error_of(state));
    if (size == 0) return {};
    listener.on_bytes(0, size);
    if (Status taken = receive({buffer.data(), size}, listener); !taken) return taken;
    // The socket is empty, so later bytes cause a new event. (TLS may hold bytes of its own.)
    if (!ends && stream_.tls() == nullptr && size < buffer.size()) return {};
  }
}

Status MqttClient::receive(std::string_view bytes, Listener& listener) {
  const bool joined = !in_.empty();
  if (joined) {
    in_ += bytes;
    bytes = in_;
  }
  std::size_t used = 0;
  while (used < bytes.size()) {
    const std::string_view rest = bytes.substr(used);
    const auto header = wire::mqtt::peek_header(rest);
    if (!header) return lose({ErrorCode::kMalformed, std::string(header.error().detail)});
    if (!*header || rest.size() < (*header)->total_bytes()) break;
    const auto packet = wire::mqtt::decode(
        **header, rest.substr((*header)->header_bytes, (*header)->body_bytes), Version::k311);
    if (!packet) return lose({ErrorCode::kMalformed, std::string(packet.error().detail)});
    if (Status taken = take(*packet, listener); !taken) return lose(taken.error());
    used += (*header)->total_bytes();
  }
  if (joined) {
    in_.erase(0, used);
  } else {
    in_ = bytes.substr(used);
  }
  // Sends the acknowledgements of received messages.
  return out_.empty() ? Status() : flush(listener);
}

Status MqttClient::take(const wire::mqtt::Packet& packet, Listener& listener) {
  using namespace wire::mqtt;
  if (const auto* puback = std::get_if<Puback>(&packet)) return finish(puback->packet_id, listener);
  if (std::holds_alternative<Pingresp>(packet)) return {};
  if (const auto* message = std::get_if<Publish>(&packet)) {
    on_publish(*message, listener);
    return {};
  }
  if (const auto* pubrec = std::get_if<Pubrec>(&packet)) {
    encode(out_, Pubrel{.packet_id = pubrec->packet_id}, Version::k311);
    return {};
  }
  if (const auto* pubcomp = std::get_if<Pubcomp>(&packet)) {
    return finish(pubcomp->packet_id, listener);
  }
  if (const auto* pubrel = std::get_if<Pubrel>(&packet)) {
    encode(out_, Pubcomp{.packet_id = pubrel->packet_id}, Version::k311);
    return {};
  }
  if (const auto* connack = std::get_if<Connack>(&packet)) return on_connack(*connack, listener);
  if (const auto* suback = std::get_if<Suback>(&packet)) {
    if (suback->reasons.empty() || is_refusal(suback->reasons.front())) {
      return fail(ErrorCode::kNoPermission, fmt::format("the subscription {} is refused", filter_));
    }
    signed_in_ = true;
    listener.on_signed_in(*this);
    return {};
  }
  return malformed("a packet that no server sends");
}

Status MqttClient::on_connack(const wire::mqtt::Connack& connack, Listener& listener) {
  if (connack.reason != wire::mqtt::Reason::kSuccess) {
    return fail(ErrorCode::kUnknownKey,
                fmt::format("the sign-in is refused: {}", wire::mqtt::name_of(connack.reason)));
  }
  if (filter_.empty()) {
    signed_in_ = true;
    listener.on_signed_in(*this);
    return {};
  }
  wire::mqtt::encode(out_,
                     wire::mqtt::Subscribe{.packet_id = kSubscribeId,
                                           .entries = {{.filter = filter_, .qos = filter_qos_}}},
                     Version::k311);
  return {};
}

void MqttClient::on_publish(const wire::mqtt::Publish& message, Listener& listener) {
  listener.on_message(message);
  if (message.qos == Qos::kAtLeastOnce) {
    wire::mqtt::encode(out_, wire::mqtt::Puback{.packet_id = message.packet_id}, Version::k311);
  } else if (message.qos == Qos::kExactlyOnce) {
    wire::mqtt::encode(out_, wire::mqtt::Pubrec{.packet_id = message.packet_id}, Version::k311);
  }
}

Status MqttClient::finish(std::uint16_t packet_id, Listener& listener) {
  if (packet_id == 0 || packet_id > window_ || in_flight() == 0) {
    return malformed(fmt::format("an answer to message {}, which is not on its way", packet_id));
  }
  free_ids_.push_back(packet_id);
  listener.on_taken(*this, due_[packet_id - 1U]);
  return {};
}

Status MqttClient::flush(Listener& listener) {
  if (lost_) return {};
  // Writes until the socket accepts no more: only then does epoll report space again.
  for (std::size_t sent = 1; sent != 0 && !out_.empty();) {
    const auto written = stream_.write(out_);
    if (written.state != net::Stream::State::kOpen) return lose(error_of(written.state));
    sent = written.bytes;
    listener.on_bytes(sent, 0);
    out_.erase(0, sent);
  }
  return {};
}

Status MqttClient::lose(Error fault) {
  lost_ = true;
  return std::unexpected(std::move(fault));
}

}  // namespace gridloom::client
