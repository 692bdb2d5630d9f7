#include "client/mqtt_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "client/stream.h"

namespace gridloom::client {
namespace {

using std::chrono::seconds;
using Steady = std::chrono::steady_clock;
using wire::mqtt::Qos;

constexpr seconds kSignInWithin{20};
constexpr double kRetryFirst_s = 1;
constexpr double kRetryMost_s = 30;
// Messages of QoS 0 have no window: beyond this many bytes that the socket does not accept, they
// are queued.
constexpr std::size_t kMaxUnsent = std::size_t{256} * 1024;

MqttConnection::SignIn sign_in_of(const MqttLink::Options& options) {
  MqttConnection::SignIn made{.client_id = options.client_id,
                              .user = options.user,
                              .password = options.password.reveal(),
                              .keepalive_s = options.keepalive_s,
                              .filters = options.filters};
  if (const auto& will = options.will) {
    made.will = wire::mqtt::LastWill{
        .topic = will->topic, .payload = will->payload, .qos = will->qos, .retain = will->retain};
  }
  return made;
}

bool has_space(const MqttConnection& connection, Qos qos) {
  return qos == Qos::kAtMostOnce ? connection.unsent_bytes() < kMaxUnsent : connection.has_window();
}

}  // namespace

void RetryPause::begin(Moment now) {
  const double pause_s =
      std::min(kRetryFirst_s * static_cast<double>(1U << failures_), kRetryMost_s);
  failures_ = std::min(failures_ + 1, 5U);
  end_ = now + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(
                   pause_s * (0.5 + 0.5 * chance_.uniform(failures_))));
}

bool Keepalive::is_silent(Moment now) const {
  return interval_ != seconds{0} && now - heard_ > interval_ + interval_ / 2;
}

bool Keepalive::take_ping(Moment now) {
  if (interval_ == seconds{0}) return false;
  if (now - std::max(pinged_, std::min(sent_, heard_)) <= interval_ / 2) return false;
  pinged_ = now;
  return true;
}

MqttLink::MqttLink(Options options, Listener& listener)
    : options_(std::move(options)),
      listener_(listener),
      retry_pause_(Chance(0).split(options_.client_id)),
      queue_({.messages = options_.max_queued, .bytes = options_.max_queued_bytes}),
      keepalive_(seconds{options_.keepalive_s}) {}

void MqttLink::open() {
  wanted_ = true;
  keepalive_.begin(Steady::now());
  if (!options_.resolve) return connect(options_.server);
  lookup_ = std::make_shared<bool>();
  // An attempt that has ended meanwhile needs no address.
  options_.resolve(
      [link = weak_from_this(), lookup = std::weak_ptr(lookup_)](const Result<Peer>& server) {
        const auto self = link.lock();
        if (!self || lookup.expired()) return;
        self->lookup_ = nullptr;
        if (server) {
          self->connect(*server);
        } else {
          self->lose(server.error());
        }
      });
}

void MqttLink::connect(const Peer& server) {
  auto stream = client::connect(server, options_.tls, ConnectMode::kNonBlocking);
  if (!stream) return lose(stream.error());
  connection_ = std::make_shared<MqttConnection>(
      MqttConnection::Options{.window = options_.window, .limits = options_.limits},
      std::move(*stream), *this);
  Status begun = options_.loop->watch(connection_->fd(), *this);
  if (begun) begun = connection_->sign_in(sign_in_of(options_));
  if (!begun) lose(begun.error());
}

void MqttLink::close() {
  wanted_ = false;
  if (online()) {
    connection_->put_goodbye();
    static_cast<void>(connection_->flush());
  }
  disconnect();
}

void MqttLink::disconnect() {
  lookup_ = nullptr;
  if (const auto connection = std::exchange(connection_, nullptr)) {
    connection->close();
    // The loop may have an event of this turn for the closed socket.
    options_.loop->keep_for_turn(shared_from_this());
  }
  queue_.clear();
}

void MqttLink::drop() {
  if (!closed()) lose({.code = ErrorCode::kIo, .detail = "the connection is dropped"});
}

void MqttLink::lose(const Error& why) {
  disconnect();
  refused_ = why.code == ErrorCode::kUnknownKey || why.code == ErrorCode::kNoPermission;
  retry_pause_.begin(Steady::now());
  listener_.on_offline(why);
}

void MqttLink::tick(Moment now) {
  if (closed()) {
    if (options_.reconnects && wanted_ && now >= retry_at()) open();
    return;
  }
  if (opening()) {
    if (now - keepalive_.begun() <= kSignInWithin) return;
    return lose({.code = ErrorCode::kIo,
                 .detail = lookup_ ? "the server's address was not found in time"
                                   : "the server did not answer the sign-in"});
  }
  if (keepalive_.is_silent(now)) {
    return lose({.code = ErrorCode::kIo, .detail = "the server did not answer a ping"});
  }
  if (keepalive_.take_ping(now)) {
    connection_->put_ping();
    flush_later();
  }
}

void MqttLink::send(std::string_view topic, std::string payload, const PublishOptions& options) {
  if (!online()) return queue_.count_dropped();
  if (queue_.empty() && has_space(*connection_, options.qos)) {
    if (!connection_->put(topic, payload, options, Steady::now())) return queue_.count_dropped();
    return flush_later();
  }
  queue_.push({.topic = std::string(topic), .payload = std::move(payload), .options = options});
}

void MqttLink::fill_window() {
  while (online() && !queue_.empty() && has_space(*connection_, queue_.front().options.qos)) {
    const MessageQueue::Message& next = queue_.front();
    if (!connection_->put(next.topic, next.payload, next.options, Steady::now())) {
      queue_.count_dropped();
    }
    queue_.pop();
    flush_later();
  }
}

std::size_t MqttLink::unacknowledged() const {
  return connection_ ? connection_->in_flight() + queue_.size() : 0;
}

void MqttLink::flush_later() {
  if (std::exchange(flushing_, true)) return;
  options_.loop->at_turn_end(shared_from_this());
}

void MqttLink::on_turn_end() {
  flushing_ = false;
  if (!connection_) return;
  keepalive_.sent(Steady::now());
  if (Status flushed = connection_->flush(); !flushed) return lose(flushed.error());
  if (connection_->unsent_bytes() == 0) fill_window();
}

void MqttLink::on_ready(std::uint32_t events) {
  const auto connection = connection_;
  if (!connection) return;
  const Status went = connection->on_ready(events, options_.buffer);
  if (!went && connection == connection_) lose(went.error());
}

void MqttLink::on_signed_in(MqttConnection& /*connection*/) {
  retry_pause_.reset();
  refused_ = false;
  listener_.on_online();
}

void MqttLink::on_filter_refused(std::string_view filter) { listener_.on_filter_refused(filter); }

void MqttLink::on_acknowledged(MqttConnection& /*connection*/, Moment due) {
  fill_window();
  listener_.on_acknowledged(Steady::now() - due);
}

void MqttLink::on_writable(MqttConnection& /*connection*/) { fill_window(); }

void MqttLink::on_message(const wire::mqtt::Publish& message) {
  listener_.on_message(message.topic, message.payload, message.retain);
}

void MqttLink::on_bytes(std::size_t sent, std::size_t received) {
  bytes_sent_ += sent;
  if (received != 0) keepalive_.received(Steady::now());
}

ResolvePeer resolve_on(Worker& worker, std::size_t lane, net::IoLoop& loop, std::string host_port) {
  return [&worker, lane, &loop, host_port = std::move(host_port)](Callback<Result<Peer>> done) {
    if (const auto numeric = net::parse_address(host_port)) return done(peer_at(*numeric));
    auto shared = std::make_shared<Callback<Result<Peer>>>(std::move(done));
    const bool posted = worker.post(lane, [&loop, host_port, shared, stop = worker.stop_token()] {
      loop.post([shared, found = find_peer(host_port, {.stop = stop})] { (*shared)(found); });
    });
    if (posted) return;
    (*shared)(
        fail(ErrorCode::kIo, fmt::format("{}: too many addresses are being looked up", host_port)));
  };
}

}  // namespace gridloom::client
