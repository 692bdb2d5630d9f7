#include "client/mqtt_connection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "client/stream.h"

namespace gridloom::client {

using wire::mqtt::PacketType;

namespace {

// Some brokers of clouds take no more in one SUBSCRIBE.
constexpr std::size_t kFiltersAtOnce = 8;

}  // namespace

MqttConnection::MqttConnection(const Options& options, net::Stream stream, Listener& listener)
    : number_(options.number),
      most_unsent_(options.limits.unsent_bytes),
      stream_(std::move(stream)),
      listener_(listener),
      session_({.window = options.window, .packet_bytes = options.limits.packet_bytes}) {}

Status MqttConnection::sign_in(SignIn sign_in) {
  filters_ = std::move(sign_in.filters);
  subscribed_ = 0;
  refused_.clear();
  const Status possible = session_.sign_in({.client_id = sign_in.client_id,
                                            .user = sign_in.user,
                                            .password = sign_in.password,
                                            .keepalive_s = sign_in.keepalive_s,
                                            .will = sign_in.will});
  return possible ? flush() : lose(possible.error());
}

Status MqttConnection::publish(std::string_view topic, std::string_view payload,
                               const PublishOptions& options, Moment due) {
  const Status possible = put(topic, payload, options, due);
  return possible ? flush() : possible;
}

Status MqttConnection::on_ready(std::uint32_t events, std::span<char> buffer) {
  const bool ends = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (!lost_ && !session_.output().empty()) {
    GL_TRY(flush());
    if (session_.output().empty()) listener_.on_writable(*this);
  }
  // A server that sends and does not read would have its acknowledgements collected without end.
  while (!lost_ && unsent_bytes() <= most_unsent_) {
    const auto [size, state] = stream_.read(buffer);
    if (state != net::Stream::State::kOpen) return lose(error_of(stream_, state));
    if (size == 0) return {};
    listener_.on_bytes(0, size);
    GL_TRY(receive({buffer.data(), size}));
    // The socket is empty, so later bytes cause a new event. (TLS may hold bytes of its own.)
    if (!ends && stream_.tls() == nullptr && size < buffer.size()) return {};
  }
  // Once the socket takes more, the event for that reads the rest.
  return {};
}

Status MqttConnection::receive(std::string_view bytes) {
  if (Status received = session_.receive(bytes, *this); !received) return lose(received.error());
  if (refusal_) return lose(*std::exchange(refusal_, std::nullopt));
  // Sends the acknowledgements of received messages.
  return session_.output().empty() ? Status() : flush();
}

void MqttConnection::on_accepted() {
  if (filters_.empty()) return report_signed_in();
  subscribe_to_some();
}

void MqttConnection::subscribe_to_some() {
  std::vector<wire::mqtt::FilterEntry> entries;
  const std::size_t end = std::min(filters_.size(), subscribed_ + kFiltersAtOnce);
  for (std::size_t i = subscribed_; i < end; ++i) {
    entries.push_back({.filter = filters_[i].filter, .qos = filters_[i].qos});
  }
  // receive() gives it back.
  if (const Status possible = session_.subscribe(std::move(entries)); !possible) {
    refusal_ = possible.error();
  }
}

void MqttConnection::on_subscribed(std::span<const wire::mqtt::Reason> reasons) {
  for (const wire::mqtt::Reason reason : reasons) {
    if (is_refusal(reason)) refused_.push_back(filters_[subscribed_].filter);
    ++subscribed_;
  }
  if (subscribed_ < filters_.size()) return subscribe_to_some();
  if (refused_.size() == filters_.size()) {
    refusal_ =
        Error{.code = ErrorCode::kNoPermission,
              .detail = fmt::format("the subscription {} is refused", fmt::join(refused_, ", "))};
    return;
  }
  for (const std::string& filter : refused_) {
    if (!lost_) listener_.on_filter_refused(filter);
  }
  if (!lost_) report_signed_in();
}

void MqttConnection::report_signed_in() {
  signed_in_ = true;
  listener_.on_signed_in(*this);
}

void MqttConnection::on_refused(PacketType answer, wire::mqtt::Reason reason) {
  // Version 3.1.1 has no other refusals than those of filters, which on_subscribed() gets.
  if (answer != PacketType::kConnack) return;
  refusal_ = Error{.code = ErrorCode::kUnknownKey,
                   .detail = fmt::format("the sign-in is refused: {}", name_of(reason))};
}

Status MqttConnection::flush() {
  if (lost_) return {};
  // Writes until the socket accepts no more: only then does epoll report space again.
  for (std::size_t sent = 1; sent != 0 && !session_.output().empty();) {
    const auto written = stream_.write(session_.output());
    if (written.state != net::Stream::State::kOpen) return lose(error_of(stream_, written.state));
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
