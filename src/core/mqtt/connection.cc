#include "mqtt/connection.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/log_throttle.h"
#include "base/printable.h"
#include "hub/platform/credentials.h"
#include "mqtt/session_table.h"
#include "mqtt/subscription_grants.h"
#include "wire/json.h"
#include "wire/mqtt/topic.h"

namespace gridloom::mqtt {
namespace {

using Kind = hub::ClientEvent::Kind;
using wire::mqtt::Qos;
using wire::mqtt::Reason;

// The reason why a session has no place in the table; empty: it has one.
std::string refusal_of(SessionTable::Joined joined, const TableLimits& limits) {
  switch (joined) {
    case SessionTable::Joined::kFull:
      return fmt::format("one user has at most {} sessions, {} of them beyond their connections",
                         limits.sessions, limits.kept_sessions);
    case SessionTable::Joined::kAccountIsFull:
      return fmt::format("one account has at most {} sessions", limits.account.sessions);
    case SessionTable::Joined::kNew:
    case SessionTable::Joined::kAwaitsTakeover:
      break;
  }
  return {};
}

}  // namespace

Connection::Connection(const ServerContext& server, net::ConnectionContext context)
    : server_(server),
      context_(std::move(context)),
      loop_(&context_.loop),
      events_(server, context_.peer),
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
  if (!server_.hub->shards().takes_report(*client_)) return false;
  const auto topic = hub::device_topic(publication.topic);
  if (!topic || topic->verb != hub::Verb::kQuota || topic->sn != client_->identity().name) {
    return false;
  }
  hub::PublishOptions how{
      .qos = publication.qos, .resent = publication.dup, .token = publication.token};
  if (publication.qos != Qos::kAtMostOnce) {
    how.identity = client_->publications().identify(publication);
  }
  server_.hub->shards().report(client_, publication.payload, how);
  return true;
}

void Connection::take_output(std::string& out) {
  // The session encodes a bounded amount at a time; the rest waits until this much is sent.
  if (out.size() < server_.limits.output_bytes) session_.take_output(out, server_.clock->now());
  record_steps();
}

void Connection::record_steps() {
  if (!client_ || !session_.outbox().has_steps()) return;
  TakenSteps steps{.steps = session_.take_steps()};
  steps.taken = session_.outbox().steps_taken();
  client_->record_steps(steps);
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
  auto identity = sign_in(server_, context_.peer, request);
  if (!identity) {
    const auto& [reason, why] = identity.error();
    events_.refused(request, reason, why);
    if (reason == Reason::kBadUserNameOrPassword) events_.record_wrong_credentials(request, why);
    return session_.refuse(reason, why);
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
  if (const Status good = server_.hub->access().admit(identity, client_id); !good) {
    events_.refused(request, Reason::kNotAuthorized, good.error().detail);
    events_.record_sign_in(identity, client_id, good.error().detail);
    return session_.refuse(Reason::kNotAuthorized, good.error().detail);
  }
  const TableLimits& limits = server_.sessions->limits();
  client_ = std::make_shared<ClientSession>(
      ClientSession::Options{
          .server = server_,
          .loop = *loop_,
          .identity = std::move(identity),
          .client_id = client_id,
          .expiry_s = std::min(request.session_expiry_s, limits.session_expiry_s),
          .peer = context_.peer},
      weak_from_this());
  will_ = request.will ? std::make_unique<wire::mqtt::Will>(std::move(*request.will)) : nullptr;
  // The hub knows of this connection before the older one closes: a device that reconnects is
  // never reported offline.
  server_.hub->connected(client_);
  const SessionTable::Joined joined = server_.sessions->join(
      client_, request.clean_start ? SessionTable::Start::kClean : SessionTable::Start::kResume);
  const std::string refusal = refusal_of(joined, limits);
  events_.record_sign_in(client_->identity(), client_->client_id(), refusal);
  if (!refusal.empty()) {
    events_.add(Kind::kSignInRefused, Reason::kQuotaExceeded, refusal, client_.get());
    server_.hub->disconnected(client_);
    server_.hub->ended(std::exchange(client_, nullptr));
    return session_.refuse(Reason::kQuotaExceeded, refusal);
  }
  if (joined == SessionTable::Joined::kNew) accepted(client_->go_live(), SessionPresent::kNo);
}

void Connection::accepted(wire::mqtt::SessionState state, SessionPresent present) {
  session_.accept({.session_present = present == SessionPresent::kYes,
                   .assigned_client_id = assigned_id_,
                   .server_keepalive_s = {},
                   .session_expiry_s = client_->lifetime().expiry_s(),
                   .emits_releases = true},
                  server_.clock->now(), std::move(state));
  events_.add(Kind::kConnected, Reason::kSuccess,
              present == SessionPresent::kYes ? "its session goes on" : "", client_.get());
  handle_events();
  context_.wake();
}

void Connection::on(const wire::mqtt::PublishReceived& event) {
  hub::PublishOptions how{
      .qos = event.qos, .retain = event.retain, .resent = event.dup, .token = event.token};
  if (event.qos != Qos::kAtMostOnce) {
    how.identity = client_->publications().identify({.topic = event.message->topic,
                                                     .payload = event.message->payload,
                                                     .qos = event.qos,
                                                     .dup = event.dup,
                                                     .token = event.token});
  }
  if (!batch_.add(client_, event.message, how)) {
    client_->publications().refused(event.token);
    events_.add(Kind::kPublicationRefused, Reason::kNotAuthorized,
                fmt::format("{}: {}", wire::shortened(event.message->topic),
                            hub::publish_rule(client_->identity().role)),
                client_.get());
    session_.acknowledge(event.token, Reason::kNotAuthorized,
                         hub::publish_rule(client_->identity().role));
  }
}

void Connection::on(const wire::mqtt::PublishReleased& event) {
  client_->publications().release(event.packet_id, client_,
                                  [self = weak_from_this(), id = event.packet_id] {
                                    const auto connection = self.lock();
                                    if (!connection) return;
                                    connection->session_.completed(id);
                                    connection->context_.wake();
                                  });
}

void Connection::on(const wire::mqtt::SubscribeRequested& event) {
  // Publications that came earlier in the same bytes are posted first.
  batch_.post(client_);
  SubscriptionGrants grants = grant(*client_, event, events_);
  const auto step =
      after(1 + grants.granted.size(),
            [token = event.token, reasons = std::move(grants.reasons), why = std::move(grants.why)](
                wire::mqtt::Session& session) { session.subscribed(token, reasons, why); });
  // The log has the session before the changes that are kept for it.
  client_->record_row(step);
  for (const auto& [subscription, scope] : grants.granted) {
    server_.hub->subscribe(client_, subscription, scope, step);
  }
}

void Connection::on(const wire::mqtt::UnsubscribeRequested& event) {
  std::vector<Reason> reasons;
  reasons.reserve(event.filters.size());
  std::vector<std::string> ended;
  for (const std::string& filter : event.filters) {
    const bool existed = client_->subscriptions().remove(filter);
    if (existed) ended.push_back(filter);
    reasons.push_back(existed ? Reason::kSuccess : Reason::kNoSubscriptionExisted);
  }
  const auto step =
      after(1 + ended.size(),
            [token = event.token, reasons = std::move(reasons)](wire::mqtt::Session& session) {
              session.unsubscribed(token, reasons);
            });
  for (const std::string& filter : ended) server_.hub->unsubscribe(client_, filter, step);
  client_->record_row(step);
}

std::function<void()> Connection::after(
    std::size_t steps, std::function<void(wire::mqtt::Session& session)> acknowledge) {
  return [self = weak_from_this(), acknowledge = std::move(acknowledge),
          left = std::make_shared<std::size_t>(steps)] {
    if (--*left != 0) return;
    const auto connection = self.lock();
    if (!connection) return;
    acknowledge(connection->session_);
    connection->context_.wake();
  };
}

void Connection::on(const wire::mqtt::Ended& event) {
  events_.add(Kind::kDisconnected, event.reason, event.why, client_.get());
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
      events_.add(Kind::kTakenOver, Reason::kSessionTakenOver,
                  "another connection has its client id", client_.get());
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

using wire::mqtt::Reason;

void ConnectionEvents::add(hub::ClientEvent::Kind kind, Reason reason, std::string_view why,
                           const hub::Client* client) const {
  hub::ClientEvent event{.kind = kind, .reason = name_of(reason), .peer = peer_, .detail = why};
  if (client != nullptr) {
    event.user = client->identity().name;
    event.client_id = client->client_id();
  }
  server_.hub->record_event(event);
}

void ConnectionEvents::refused(const wire::mqtt::ConnectRequest& request, Reason reason,
                               std::string_view why) const {
  server_.hub->record_event(
      {.kind = hub::ClientEvent::Kind::kSignInRefused,
       .reason = name_of(reason),
       .user = server_.hub->access().shown_user(request.username.value_or("")),
       .client_id = redacted(request.client_id),
       .peer = peer_,
       .detail = why});
}

void ConnectionEvents::record_sign_in(const hub::Identity& who, std::string_view client_id,
                                      std::string_view refused) const {
  server_.hub->record_access(who, {.client = client_id, .from = peer_, .refused = refused});
}

void ConnectionEvents::record_wrong_credentials(const wire::mqtt::ConnectRequest& request,
                                                std::string_view refused) const {
  server_.hub->record_access(
      {.who = server_.hub->access().shown_user(request.username.value_or("")),
       .client = redacted(request.client_id),
       .from = peer_,
       .refused = refused});
}

using wire::mqtt::Reason;

std::expected<hub::Identity, SignInRefusal> sign_in(const ServerContext& server,
                                                    const std::string& peer,
                                                    const wire::mqtt::ConnectRequest& request) {
  const Secret password = request.password.value_or(Secret());
  const std::string user = request.username.value_or("");
  FailureBudget* const failures = server.failures;
  if (failures != nullptr) {
    if (const auto wait = failures->wait(peer, user, server.clock->now())) {
      return std::unexpected(SignInRefusal{
          .reason = Reason::kConnectionRateExceeded,
          .why = fmt::format("too many sign-ins from this address were refused; try again in {} ms",
                             wait->count())});
    }
  }
  auto identity = server.hub->access().sign_in(user, password);
  if (identity) {
    if (failures != nullptr) failures->succeeded(peer, user, server.clock->now());
    return std::move(*identity);
  }
  if (failures != nullptr) failures->failed(peer, user, server.clock->now());
  return std::unexpected(SignInRefusal{.reason = Reason::kBadUserNameOrPassword,
                                       .why = std::move(identity.error().detail)});
}

}  // namespace gridloom::mqtt
