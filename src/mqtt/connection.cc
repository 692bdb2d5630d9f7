#include "mqtt/connection.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/log_throttle.h"
#include "base/redacted.h"
#include "hub/credentials.h"
#include "wire/json.h"
#include "wire/mqtt/topic.h"

namespace gridloom::mqtt {
namespace {

using Kind = hub::ClientEvent::Kind;
using wire::mqtt::Qos;
using wire::mqtt::Reason;

Reason granted_reason(Qos qos) {
  switch (qos) {
    case Qos::kAtMostOnce:
      break;
    case Qos::kAtLeastOnce:
      return Reason::kGrantedQos1;
    case Qos::kExactlyOnce:
      return Reason::kGrantedQos2;
  }
  return Reason::kSuccess;
}

}  // namespace

Connection::Connection(const ServerContext& server, net::ConnectionContext context)
    : server_(server),
      context_(std::move(context)),
      loop_(&context_.loop),
      session_(server.limits, server.clock->now()),
      batch_(*server.hub) {}

Connection::~Connection() = default;

void Connection::receive(std::string_view bytes, TimePoint now) {
  receiving_ = true;
  session_.receive(bytes, now, client_ ? this : nullptr);
  receiving_ = false;
  handle_events();
}

bool Connection::take(const wire::mqtt::PlainPublication& publication) {
  if (!server_.hub->takes_report(*client_)) return false;
  const auto topic = hub::device_topic(publication.topic);
  if (!topic || topic->verb != hub::Verb::kQuota || topic->sn != client_->identity().name) {
    return false;
  }
  hub::PublishOptions how{
      .qos = publication.qos, .resent = publication.dup, .token = publication.token};
  if (publication.qos != Qos::kAtMostOnce) how.identity = client_->identify(publication);
  server_.hub->report(client_, publication.payload, how);
  return true;
}

void Connection::take_output(std::string& out) {
  // The session encodes a bounded amount at a time; the rest waits until this much is sent.
  if (out.size() < server_.limits.output_bytes) session_.take_output(out, server_.clock->now());
  record_steps();
}

void Connection::record_steps() {
  if (!client_ || !session_.outbox().has_steps()) return;
  auto steps = session_.take_steps();
  client_->record_steps(std::move(steps), session_.outbox().steps_taken());
}

void Connection::log_has_steps(std::uint64_t up_to) {
  session_.steps_are_logged(up_to);
  context_.wake();
}

bool Connection::has_output() const { return session_.has_output() || session_.finished(); }

bool Connection::finished() const { return session_.finished(); }

std::int64_t Connection::account() const {
  return client_ ? static_cast<std::int64_t>(client_->identity().account) : 0;
}

bool Connection::wants_input() const {
  return session_.wants_input() && !(client_ && client_->holds_back());
}

void Connection::tick(TimePoint now) {
  const auto deadline = session_.next_deadline();
  if (!deadline || now < *deadline) return;
  if (client_ && client_->holds_back()) return session_.excuse(now);
  session_.tick(now);
  handle_events();
}

void Connection::lost() {
  session_.lost("the connection was closed");
  handle_events();
}

void Connection::handle_events() {
  // Accepting a CONNECT releases the packets held after it, which creates further events.
  for (auto events = session_.take_events(); !events.empty(); events = session_.take_events()) {
    for (const auto& event : events) {
      std::visit([this](const auto& each) { on(each); }, event);
    }
  }
  if (client_) batch_.post(client_);
  record_steps();
}

void Connection::on(const wire::mqtt::ConnectRequested& event) {
  wire::mqtt::ConnectRequest& request = *event.request;
  const Secret password = request.password.value_or(Secret());
  const std::string user = request.username.value_or("");
  if (server_.failures != nullptr) {
    if (const auto wait = server_.failures->wait(context_.peer, user, server_.clock->now())) {
      const std::string why = fmt::format(
          "too many sign-ins from this address were refused; try again in {} ms", wait->count());
      tell_refusal(Reason::kConnectionRateExceeded, request, why);
      return session_.refuse(Reason::kConnectionRateExceeded, why);
    }
  }
  auto identity = server_.hub->sign_in(user, password);
  if (identity && server_.failures != nullptr) {
    server_.failures->succeeded(context_.peer, user, server_.clock->now());
  }
  if (!identity) {
    if (server_.failures != nullptr)
      server_.failures->failed(context_.peer, user, server_.clock->now());
    tell_refusal(Reason::kBadUserNameOrPassword, request, identity.error().detail);
    server_.hub->record_access({.who = server_.hub->shown_user(user),
                                .client = redacted(request.client_id),
                                .from = context_.peer,
                                .refused = identity.error().detail});
    return session_.refuse(Reason::kBadUserNameOrPassword, identity.error().detail);
  }
  Loop* const home = identity->role == hub::Role::kDevice && context_.move
                         ? &server_.hub->loop_of(identity->name)
                         : loop_;
  if (home == loop_) return admit(std::move(request), std::move(*identity));
  // A device's connection lives on the loop of the device's shard.
  context_.move(*home, [self = shared_from_this(), home, request = std::move(request),
                        identity = std::move(*identity)]() mutable {
    self->loop_ = home;
    self->admit(std::move(request), std::move(identity));
  });
}

void Connection::admit(wire::mqtt::ConnectRequest request, hub::Identity identity) {
  if (request.client_id.empty()) assigned_id_ = "gl-" + random_hex(12);
  const std::string& client_id = assigned_id_.empty() ? request.client_id : assigned_id_;
  if (const Status good = server_.hub->admit(identity, client_id); !good) {
    tell_refusal(Reason::kNotAuthorized, request, good.error().detail);
    record_sign_in(identity, client_id, good.error().detail);
    return session_.refuse(Reason::kNotAuthorized, good.error().detail);
  }
  client_ = std::make_shared<ClientSession>(
      ClientSession::Options{.server = server_,
                             .loop = *loop_,
                             .identity = std::move(identity),
                             .client_id = client_id,
                             .expiry_s = std::min(request.session_expiry_s,
                                                  server_.sessions->limits().session_expiry_s),
                             .peer = context_.peer},
      weak_from_this());
  will_ = request.will ? std::make_unique<wire::mqtt::Will>(std::move(*request.will)) : nullptr;
  join(request.clean_start ? SessionTable::Start::kClean : SessionTable::Start::kResume);
}

void Connection::join(SessionTable::Start start) {
  // The hub is told of this connection before the older one closes: a device that reconnects is
  // never reported offline.
  server_.hub->connected(client_);
  const SessionTable::Joined joined = server_.sessions->join(client_, start);
  switch (joined) {
    case SessionTable::Joined::kFull:
    case SessionTable::Joined::kAccountIsFull: {
      const TableLimits& limits = server_.sessions->limits();
      const std::string why =
          joined == SessionTable::Joined::kFull
              ? fmt::format("one user has at most {} sessions, {} of them beyond their connections",
                            limits.sessions, limits.kept_sessions)
              : fmt::format("one account has at most {} sessions", limits.account.sessions);
      record_sign_in(client_->identity(), client_->client_id(), why);
      log_event(Kind::kSignInRefused, Reason::kQuotaExceeded, why);
      server_.hub->disconnected(client_);
      server_.hub->ended(std::exchange(client_, nullptr));
      return session_.refuse(Reason::kQuotaExceeded, why);
    }
    case SessionTable::Joined::kNew:
      record_sign_in(client_->identity(), client_->client_id(), {});
      return accepted(client_->go_live(), SessionPresent::kNo);
    case SessionTable::Joined::kAwaitsTakeover:
      record_sign_in(client_->identity(), client_->client_id(), {});
      return;
  }
}

void Connection::log_event(Kind kind, Reason reason, std::string_view why) const {
  hub::ClientEvent event{
      .kind = kind, .reason = name_of(reason), .peer = context_.peer, .detail = why};
  if (client_) {
    event.user = client_->identity().name;
    event.client_id = client_->client_id();
  }
  server_.hub->record_event(event);
}

void Connection::tell_refusal(Reason reason, const wire::mqtt::ConnectRequest& request,
                              std::string_view why) const {
  server_.hub->record_event({.kind = Kind::kSignInRefused,
                             .reason = name_of(reason),
                             .user = server_.hub->shown_user(request.username.value_or("")),
                             .client_id = redacted(request.client_id),
                             .peer = context_.peer,
                             .detail = why});
}

void Connection::record_sign_in(const hub::Identity& who, std::string_view client_id,
                                std::string_view refused) {
  server_.hub->record_access(who, {.client = client_id, .from = context_.peer, .refused = refused});
}

void Connection::accepted(wire::mqtt::SessionState state, SessionPresent present) {
  session_.accept({.session_present = present == SessionPresent::kYes,
                   .assigned_client_id = assigned_id_,
                   .server_keepalive_s = {},
                   .session_expiry_s = client_->expiry_s(),
                   .emits_releases = true},
                  server_.clock->now(), std::move(state));
  log_event(Kind::kConnected, Reason::kSuccess,
            present == SessionPresent::kYes ? "its session goes on" : "");
  handle_events();
  context_.wake();
}

void Connection::on(const wire::mqtt::PublishReceived& event) {
  hub::PublishOptions how{
      .qos = event.qos, .retain = event.retain, .resent = event.dup, .token = event.token};
  if (event.qos != Qos::kAtMostOnce) {
    how.identity = client_->identify({.topic = event.message->topic,
                                      .payload = event.message->payload,
                                      .qos = event.qos,
                                      .dup = event.dup,
                                      .token = event.token});
  }
  if (!batch_.add(client_, event.message, how)) {
    client_->refused(event.token);
    log_event(Kind::kPublicationRefused, Reason::kNotAuthorized,
              fmt::format("{}: {}", wire::shortened(event.message->topic),
                          hub::publish_rule(client_->identity().role)));
    session_.acknowledge(event.token, Reason::kNotAuthorized,
                         hub::publish_rule(client_->identity().role));
  }
}

void Connection::on(const wire::mqtt::PublishReleased& event) {
  client_->release(event.packet_id, [self = weak_from_this(), id = event.packet_id] {
    const auto connection = self.lock();
    if (!connection) return;
    connection->session_.completed(id);
    connection->context_.wake();
  });
}

Reason Connection::admit(const wire::mqtt::Subscription& wanted, std::uint32_t subscription_id,
                         std::vector<Granted>& granted) {
  using wire::mqtt::RetainHandling;
  const bool is_new = !client_->has_subscription(wanted.filter);
  if (is_new && (client_->subscriptions() >= server_.sessions->limits().subscriptions ||
                 !client_->charge_subscription(wanted.filter))) {
    return Reason::kQuotaExceeded;
  }
  const bool retained = wanted.retain_handling == RetainHandling::kSend ||
                        (wanted.retain_handling == RetainHandling::kSendIfNew && is_new);
  const hub::FilterScope scope = server_.hub->grant(*client_, wanted.filter);
  if (!scope.granted) {
    if (is_new) client_->refund_subscription(wanted.filter);
    return Reason::kNotAuthorized;
  }
  hub::Subscription subscription{.filter = wanted.filter,
                                 .qos = wanted.qos,
                                 .id = subscription_id,
                                 .no_local = wanted.no_local,
                                 .retain_as_published = wanted.retain_as_published,
                                 .send_retained = retained};
  client_->add_subscription(subscription);
  granted.push_back({.subscription = std::move(subscription), .scope = scope});
  return granted_reason(wanted.qos);
}

void Connection::on(const wire::mqtt::SubscribeRequested& event) {
  // Publications that came earlier in the same bytes are posted first.
  batch_.post(client_);
  std::vector<Reason> reasons;
  reasons.reserve(event.subscriptions.size());
  std::vector<Granted> granted;
  std::string why;
  for (const wire::mqtt::Subscription& wanted : event.subscriptions) {
    reasons.push_back(admit(wanted, event.subscription_id.value_or(0), granted));
    if (reasons.back() == Reason::kNotAuthorized) {
      why = hub::subscribe_rule(client_->identity().role);
    } else if (reasons.back() == Reason::kQuotaExceeded) {
      why = fmt::format("a session has at most {} subscriptions, and one account {} bytes of them",
                        server_.sessions->limits().subscriptions,
                        server_.sessions->limits().account.filter_bytes);
    }
    if (is_refusal(reasons.back())) {
      log_event(Kind::kSubscriptionRefused, reasons.back(),
                fmt::format("{}: {}", wire::shortened(wanted.filter), why));
    }
  }
  // The log has the session before the changes that are kept for it.
  client_->record_row([self = weak_from_this(), token = event.token, reasons = std::move(reasons),
                       why = std::move(why)] {
    const auto connection = self.lock();
    if (!connection) return;
    connection->session_.subscribed(token, reasons, why);
    connection->context_.wake();
  });
  for (const Granted& each : granted) {
    server_.hub->subscribe(client_, each.subscription, each.scope);
  }
}

void Connection::on(const wire::mqtt::UnsubscribeRequested& event) {
  std::vector<Reason> reasons;
  reasons.reserve(event.filters.size());
  for (const std::string& filter : event.filters) {
    const bool existed = client_->remove_subscription(filter);
    if (existed) server_.hub->unsubscribe(client_, filter);
    reasons.push_back(existed ? Reason::kSuccess : Reason::kNoSubscriptionExisted);
  }
  client_->record_row([self = weak_from_this(), token = event.token, reasons = std::move(reasons)] {
    const auto connection = self.lock();
    if (!connection) return;
    connection->session_.unsubscribed(token, reasons);
    connection->context_.wake();
  });
}

void Connection::on(const wire::mqtt::Ended& event) {
  log_event(Kind::kDisconnected, event.reason, event.why);
  if (!client_) return;
  batch_.post(client_);
  if (event.will == wire::mqtt::WillFate::kDiscard) will_.reset();
  std::exchange(client_, nullptr)
      ->connection_ended({.state = session_.release(),
                          .will = std::move(will_),
                          .expiry_s = event.session_expiry_s});
}

void Connection::deliver(const std::vector<hub::Delivery>& deliveries,
                         const std::vector<hub::Ack>& acks) {
  for (const hub::Ack& ack : acks) session_.acknowledge(ack.token, ack.reason, ack.why);
  const TimePoint now = server_.clock->now();
  for (const hub::Delivery& delivery : deliveries) {
    session_.deliver(delivery.message,
                     {.qos = delivery.qos,
                      .retain = delivery.retain,
                      .subscription_ids = delivery.subscription_ids,
                      .share = delivery.share,
                      .number = delivery.number},
                     now);
  }
  if (client_) client_->count_dropped(session_.outbox().dropped());
  handle_events();
  context_.wake();
}

void Connection::acknowledge(const hub::Ack& ack) {
  session_.acknowledge(ack.token, ack.reason, ack.why);
  // An answer that is too large for the client ends the session.
  if (!receiving_) handle_events();
  context_.wake();
}

void Connection::rights_changed() {
  if (!client_) return;
  const auto directory = server_.hub->platform().registry.directory();
  session_.remove_if([&](const wire::mqtt::Message& message) {
    return !hub::may_receive(*directory, client_->identity(), message.topic);
  });
}

void Connection::kick(hub::KickReason reason) {
  switch (reason) {
    case hub::KickReason::kTakenOver:
      log_event(Kind::kTakenOver, Reason::kSessionTakenOver,
                "another connection has its client id");
      session_.close(Reason::kSessionTakenOver, "another connection has this client id");
      break;
    case hub::KickReason::kNotAuthorized:
      session_.close(Reason::kNotAuthorized, "the credentials are no longer valid");
      break;
    case hub::KickReason::kDropped:
      session_.close(Reason::kUnspecifiedError, "a fault was asked for");
      break;
    case hub::KickReason::kShuttingDown:
      session_.close(Reason::kServerShuttingDown, "the server stops");
      break;
  }
  handle_events();
  context_.wake();
}

net::MakeProtocol serve(const ServerContext& server) {
  return [&server](net::ConnectionContext context) {
    return std::make_shared<Connection>(server, std::move(context));
  };
}

}  // namespace gridloom::mqtt
