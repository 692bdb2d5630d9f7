#include "mqtt/client_session.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "hub/platform/credentials.h"
#include "mqtt/connection.h"
#include "mqtt/session_table.h"
#include "wire/json.h"

namespace gridloom::mqtt {
namespace {

void publish(const ClientSessionPtr& session, const std::unique_ptr<wire::mqtt::Will>& will) {
  const ServerContext& server = session->server();
  // A client whose credentials have ended (a stolen password, say) must not publish its will.
  if (!will || !server.hub->access().still_valid(session->identity())) return;
  // A will that the client may not publish is dropped, as it would be while connected.
  hub::Hub::Batch batch(*server.hub);
  if (batch.add(session, publishable(*will, server.clock->now()),
                {.qos = will->qos, .retain = will->retain})) {
    batch.post(session);
  }
}

}  // namespace

ClientSession::ClientSession(Options options, std::weak_ptr<Connection> connection)
    : Client(options.loop, std::move(options.identity), std::move(options.client_id)),
      server_(options.server),
      connection_(std::move(connection)),
      publications_(server_, *this),
      lifetime_(options.expiry_s),
      queue_(server_.sessions->budgets_of(identity().account)),
      subscriptions_(queue_.budgets().filters) {
  set_peer(std::move(options.peer));
  use_flow(queue_.budgets().flow);
}

ClientSession::ClientSession(Options options, StoredSession stored)
    : Client(options.loop, std::move(options.identity), std::move(options.client_id)),
      server_(options.server),
      stage_(SessionStage::kParked),
      publications_(server_, *this),
      lifetime_(options.expiry_s, stored,
                {.now = server_.clock->now(), .wall = server_.hub->platform().wall->now()}),
      queue_(server_.sessions->budgets_of(identity().account)),
      subscriptions_(queue_.budgets().filters) {
  set_present(false);
  use_flow(queue_.budgets().flow);
  set_stored_number(stored.number);
  for (hub::Subscription& subscription : stored.subscriptions) {
    if (subscriptions_.charge(subscription.filter)) {
      subscriptions_.add(std::move(subscription));
      continue;
    }
    spdlog::error(
        "{}: the stored subscription {} is dropped, because it exceeds "
        "mqtt.filter-bytes-per-account",
        identity().name, wire::to_text(wire::Json(wire::shortened(subscription.filter))));
  }
  queue_.restore(stored, server_.limits, subscriptions_);
}

ClientSession::~ClientSession() = default;

void ClientSession::register_restored() {
  record_steps(queue_.take_steps());
  for (const auto& [filter, subscription] : subscriptions_.all()) {
    static_cast<void>(server_.hub->subscribe(shared_from_this(), subscription));
  }
}

void ClientSession::deliver(std::vector<hub::Delivery> deliveries, std::vector<hub::Ack> acks) {
  publications_.answered(acks);
  switch (stage_) {
    case SessionStage::kWaiting:
      return queue_.hold(std::move(deliveries), std::move(acks));
    case SessionStage::kLive:
      if (const auto connection = connection_.lock()) connection->deliver(deliveries, acks);
      return;
    case SessionStage::kParked:
    case SessionStage::kHandingOver:
      queue_.add(deliveries, acks);
      record_steps(queue_.take_steps());
      return queue_.count_dropped(*this, *server_.hub);
    case SessionStage::kOver:
      // Deliveries that were on their way when the session ended.
      return server_.hub->hand_on(shared_from_this(), 0, std::move(deliveries), [] {});
  }
}

void ClientSession::acknowledge(const hub::Ack& ack) {
  if (stage_ != SessionStage::kLive) return deliver({}, {ack});
  publications_.answered(ack);
  if (const auto connection = connection_.lock()) connection->acknowledge(ack);
}

bool ClientSession::holds_back() {
  hub::AccountFlow& shared = *flow();
  return (shared.is_throttled() && shared.holds_back(shared_from_this())) || is_throttled();
}

void ClientSession::resume_reading() {
  if (const auto connection = connection_.lock()) connection->resume_reading();
}

void ClientSession::kick(hub::KickReason reason) {
  if (reason == hub::KickReason::kNotAuthorized) return discard(reason);
  if (const auto connection = connection_.lock()) connection->kick(reason);
}

void ClientSession::rights_changed() {
  switch (stage_) {
    case SessionStage::kLive:
      if (const auto connection = connection_.lock()) connection->rights_changed();
      return;
    case SessionStage::kParked:
    case SessionStage::kHandingOver:
      queue_.keep_permitted(*server_.hub, identity());
      return record_steps(queue_.take_steps());
    case SessionStage::kWaiting:  // resume() drops what is not for the client
    case SessionStage::kOver:
      return;
  }
}

wire::mqtt::SessionState ClientSession::go_live() {
  stage_ = SessionStage::kLive;
  record_row({});
  return queue_.take();
}

void ClientSession::connection_ended(ConnectionEnd end) {
  connection_.reset();
  set_present(false);
  if (end.expiry_s) {
    lifetime_.change_expiry(std::min(*end.expiry_s, server_.sessions->limits().session_expiry_s));
  }
  server_.hub->disconnected(shared_from_this());
  // A session that waits for its takeover cannot be parked yet; resume() does it.
  if (stage_ != SessionStage::kLive) return;
  queue_.put(std::move(end.state));
  lifetime_.set_will(std::move(end.will));
  park();
}

void ClientSession::park() {
  stage_ = SessionStage::kParked;
  if (lifetime_.ends_with_connection()) {
    end();
  } else {
    const TimePoint now = server_.clock->now();
    lifetime_.park(now);
    if (lifetime_.will_is_due(now)) publish(shared_from_this(), lifetime_.take_will());
    record_steps(queue_.take_steps());
    record_row({});
  }
  if (const ClientSessionPtr successor = std::exchange(successor_, nullptr)) hand_over(successor);
}

void ClientSession::end() {
  if (stage_ == SessionStage::kOver) return;
  stage_ = SessionStage::kOver;
  const ClientSessionPtr self = shared_from_this();
  publish(self, lifetime_.take_will());
  subscriptions_ = {};
  std::vector<hub::Delivery> left = queue_.end();
  const std::int64_t number = stored_number();
  set_stored_number(0);
  server_.hub->ended(self);
  // Until others have the remaining messages they belong to this session, also after a crash.
  server_.hub->hand_on(self, number, std::move(left), [self, number] {
    if (number != 0) record(*self->server_.hub, hub::SessionEnded{number});
  });
  server_.sessions->remove(self);
}

void ClientSession::discard(hub::KickReason reason) {
  lifetime_.end_with_connection();
  if (const auto connection = connection_.lock()) return connection->kick(reason);
  expire();
}

void ClientSession::expire() {
  if (stage_ == SessionStage::kParked) end();
}

void ClientSession::hand_over(ClientSessionPtr successor) {
  if (stage_ == SessionStage::kWaiting) successor_ = successor;
  if (const auto connection = connection_.lock()) connection->kick(hub::KickReason::kTakenOver);
  if (stage_ == SessionStage::kWaiting) return;
  if (stage_ == SessionStage::kOver) {
    successor->loop().post([successor] { successor->resume(std::nullopt); });
    return;
  }
  lifetime_.stop();
  stage_ = SessionStage::kHandingOver;
  server_.hub->rebind(shared_from_this(), successor, [self = shared_from_this(), successor] {
    self->stage_ = SessionStage::kOver;
    Takeover takeover{.queue = std::move(self->queue_),
                      .subscriptions = std::exchange(self->subscriptions_, {}),
                      .stored_number = self->stored_number()};
    self->server_.sessions->remove(self);
    successor->loop().post([successor, takeover = std::move(takeover)]() mutable {
      successor->resume(std::move(takeover));
    });
  });
}

void ClientSession::resume(std::optional<Takeover> takeover) {
  const auto present = takeover ? SessionPresent::kYes : SessionPresent::kNo;
  if (takeover) {
    queue_.continue_from(std::move(takeover->queue));
    subscriptions_ = std::move(takeover->subscriptions);
  } else {
    publications_.clear();
  }
  const auto connection = connection_.lock();
  queue_.queue_held(connection ? SessionQueue::QosZero::kQueued : SessionQueue::QosZero::kDropped);
  if (takeover && takeover->stored_number != 0 && takeover->stored_number != stored_number()) {
    record(*server_.hub, hub::SessionEnded{takeover->stored_number});
  }
  queue_.keep_permitted(*server_.hub, identity());
  record_steps(queue_.take_steps());
  // The connection may have closed while this session waited.
  if (!connection) return park();
  connection->accepted(go_live(), present);
}

void ClientSession::count_dropped(const wire::mqtt::Dropped& so_far) {
  queue_.count_dropped(*this, so_far, *server_.hub);
}

// --- time and the disk ---

void ClientSession::sweep(TimePoint now) {
  if (stage_ != SessionStage::kParked) return;
  if (lifetime_.will_is_due(now)) {
    publish(shared_from_this(), lifetime_.take_will());
    record_row({});
  }
  if (lifetime_.has_expired(now)) end();
}

void ClientSession::record_row(std::function<void()> done) {
  if (stored_number() == 0) {
    if (done) done();
    return;
  }
  StoredSession row{.number = stored_number(),
                    .user = identity().name,
                    .signed_in_as = hub::number_of(identity()),
                    .generation = identity().generation,
                    .client_id = client_id()};
  lifetime_.store(row, server_.hub->platform().wall->now() - server_.clock->now());
  for (const auto& [filter, subscription] : subscriptions_.all()) {
    row.subscriptions.push_back(subscription);
  }
  record(*server_.hub, change_of(row), weak_from_this(), std::move(done));
}

void ClientSession::record_steps(const TakenSteps& steps) {
  if (steps.steps.empty()) return;
  const auto tell = [this, taken = steps.taken] {
    if (const auto connection = connection_.lock()) connection->log_has_steps(taken);
  };
  const std::int64_t session = stored_number();
  if (session == 0) return tell();
  StepChanges changes = changes_of(session, steps.steps);
  record(*server_.hub, std::move(changes.bytes), weak_from_this(),
         changes.is_awaited ? std::function<void()>(tell) : nullptr);
}

}  // namespace gridloom::mqtt
