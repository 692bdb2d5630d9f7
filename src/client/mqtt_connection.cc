#include "client/mqtt_connection.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <utility>

#include "client/stream.h"

namespace gridloom::client {

using wire::mqtt::PacketType;

MqttConnection::MqttConnection(const Options& options, net::Stream stream, Listener& listener)
    : number_(options.number),
      stream_(std::move(stream)),
      listener_(listener),
      session_({.window = options.window}) {}

Status MqttConnection::sign_in(const SignIn& sign_in) {
  filter_ = sign_in.filter;
  filter_qos_ = sign_in.filter_qos;
  session_.sign_in({.client_id = sign_in.client_id,
                    .user = sign_in.user,
                    .password = sign_in.password,
                    .keepalive_s = sign_in.keepalive_s});
  return flush();
}

Status MqttConnection::publish(std::string_view topic, std::string_view payload,
                               wire::mqtt::Qos qos, Moment due) {
  put(topic, payload, qos, due);
  return flush();
}

Status MqttConnection::on_ready(std::uint32_t events, std::span<char> buffer) {
  const bool ends = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (!lost_ && !session_.output().empty()) {
    if (Status flushed = flush(); !flushed) return flushed;
    if (session_.output().empty()) listener_.on_writable(*this);
  }
  while (!lost_) {
    const auto [size, state] = stream_.read(buffer);
    if (state != net::Stream::State::kOpen) return lose(error_of(state));
    if (size == 0) return {};
    listener_.on_bytes(0, size);
    if (Status received = receive({buffer.data(), size}); !received) return received;
    // The socket is empty, so later bytes cause a new event. (TLS may hold bytes of its own.)
    if (!ends && stream_.tls() == nullptr && size < buffer.size()) return {};
  }
  return {};
}

Status MqttConnection::receive(std::string_view bytes) {
  if (Status received = session_.receive(bytes, *this); !received) return lose(received.error());
  if (refusal_) return lose(*std::exchange(refusal_, std::nullopt));
  // Sends the acknowledgements of received messages.
  return session_.output().empty() ? Status() : flush();
}

void MqttConnection::on_accepted() {
  if (filter_.empty()) return report_signed_in();
  session_.subscribe({{.filter = filter_, .qos = filter_qos_}});
}

void MqttConnection::on_subscribed() {
  if (!refusal_) report_signed_in();
}

void MqttConnection::report_signed_in() {
  signed_in_ = true;
  listener_.on_signed_in(*this);
}

void MqttConnection::on_refused(PacketType answer, wire::mqtt::Reason reason) {
  if (answer == PacketType::kConnack) {
    refusal_ = Error{.code = ErrorCode::kUnknownKey,
                     .detail = fmt::format("the sign-in is refused: {}", name_of(reason))};
  } else if (answer == PacketType::kSuback) {
    refusal_ = Error{.code = ErrorCode::kNoPermission,
                     .detail = fmt::format("the subscription {} is refused", filter_)};
  }
  // Version 3.1.1 has no other refusals.
}

Status MqttConnection::flush() {
  if (lost_) return {};
  // Writes until the socket accepts no more: only then does epoll report space again.
  for (std::size_t sent = 1; sent != 0 && !session_.output().empty();) {
    const auto written = stream_.write(session_.output());
    if (written.state != net::Stream::State::kOpen) return lose(error_of(written.state));
    sent = written.bytes;
    session_.sent(sent);
    listener_.on_bytes(sent, 0);
  }
  return {};
}

void MqttConnection::close() {
  lost_ = true;
  session_.stop();
  stream_.close();
}

Status MqttConnection::lose(Error error) {
  lost_ = true;
  session_.stop();
  return std::unexpected(std::move(error));
}

}  // namespace gridloom::client
