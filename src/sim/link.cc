#include "sim/link.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace gridloom::sim {
namespace {

using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

constexpr std::uint16_t kKeepalive_s = 30;
constexpr seconds kPingAfter{kKeepalive_s / 2};
constexpr seconds kPatience{kKeepalive_s + kKeepalive_s / 2};
constexpr seconds kSignInWithin{20};
constexpr double kRetryFirst_s = 1;
constexpr double kRetryMost_s = 30;
constexpr auto kQos = wire::mqtt::Qos::kAtLeastOnce;

}  // namespace

void RetryPause::begin(client::Moment now) {
  const double pause_s =
      std::min(kRetryFirst_s * static_cast<double>(1U << failures_), kRetryMost_s);
  failures_ = std::min(failures_ + 1, 5U);
  end_ = now + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(
                   pause_s * (0.5 + 0.5 * chance_.uniform(failures_))));
}

Link::Link(Options options, Listener& listener)
    : options_(std::move(options)),
      listener_(listener),
      retry_pause_(Chance(0).split(options_.client_id)) {}

void Link::open() {
  sent_ = heard_ = Steady::now();
  auto stream = client::connect(options_.server, options_.tls, client::ConnectMode::kNonBlocking);
  if (!stream) return lose(stream.error());
  connection_ = std::make_shared<client::MqttConnection>(
      client::MqttConnection::Options{.window = options_.window}, std::move(*stream), *this);
  Status begun = options_.loop->watch(connection_->fd(), *this);
  if (begun) {
    begun = connection_->sign_in({.client_id = options_.client_id,
                                  .user = options_.user,
                                  .password = options_.password.reveal(),
                                  .keepalive_s = kKeepalive_s,
                                  .filter = options_.filter,
                                  .filter_qos = kQos});
  }
  if (!begun) lose(begun.error());
}

void Link::close() {
  if (online()) {
    connection_->put_goodbye();
    static_cast<void>(connection_->flush());
  }
  disconnect();
}

void Link::disconnect() {
  if (const auto connection = std::exchange(connection_, nullptr)) connection->close();
  queue_.clear();
}

void Link::drop() {
  if (connection_) lose({.code = ErrorCode::kIo, .detail = "the connection is dropped"});
}

void Link::lose(const Error& why) {
  disconnect();
  const bool again = std::exchange(
      refused_, why.code == ErrorCode::kUnknownKey || why.code == ErrorCode::kNoPermission);
  if (refused_ && !again) spdlog::warn("virtual device {}: {}", options_.user, why.detail);
  retry_pause_.begin(Steady::now());
  listener_.on_offline(why);
}

void Link::tick(Moment now) {
  if (!connection_) return;
  if (opening()) {
    if (now - sent_ > kSignInWithin) {
      lose({.code = ErrorCode::kIo, .detail = "the server did not answer the sign-in"});
    }
    return;
  }
  if (now - heard_ > kPatience) {
    return lose({.code = ErrorCode::kIo, .detail = "the server did not answer a ping"});
  }
  if (now - std::max(pinged_, std::min(sent_, heard_)) > kPingAfter) {
    pinged_ = now;
    connection_->put_ping();
    flush_later();
  }
}

void Link::send(std::string_view topic, std::string payload) {
  if (!online()) return;
  if (queue_.empty() && connection_->has_window()) {
    connection_->put(topic, payload, kQos, Steady::now());
    flush_later();
  } else {
    queue_.push_back({.topic = std::string(topic), .payload = std::move(payload)});
  }
}

void Link::fill_window() {
  while (!queue_.empty() && connection_->has_window()) {
    connection_->put(queue_.front().topic, queue_.front().payload, kQos, Steady::now());
    queue_.pop_front();
    flush_later();
  }
}

std::size_t Link::unacknowledged() const {
  return connection_ ? connection_->in_flight() + queue_.size() : 0;
}

void Link::flush_later() {
  if (std::exchange(flushing_, true)) return;
  options_.loop->at_turn_end(shared_from_this());
}

void Link::on_turn_end() {
  flushing_ = false;
  if (!connection_) return;
  sent_ = Steady::now();
  if (Status flushed = connection_->flush(); !flushed) lose(flushed.error());
}

void Link::on_ready(std::uint32_t events) {
  const auto connection = connection_;
  if (!connection) return;
  if (Status went = connection->on_ready(events, options_.buffer); !went) lose(went.error());
}

void Link::on_signed_in(client::MqttConnection& /*connection*/) {
  retry_pause_.reset();
  refused_ = false;
  listener_.on_online();
}

void Link::on_acknowledged(client::MqttConnection& /*connection*/, Moment due) {
  fill_window();
  listener_.on_acknowledged(Steady::now() - due);
}

void Link::on_writable(client::MqttConnection& /*connection*/) {}

void Link::on_message(const wire::mqtt::Publish& message) {
  listener_.on_message(message.topic, message.payload);
}

void Link::on_bytes(std::size_t sent, std::size_t received) {
  bytes_sent_ += sent;
  if (received != 0) heard_ = Steady::now();
}

}  // namespace gridloom::sim
