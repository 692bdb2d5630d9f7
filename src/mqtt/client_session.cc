#include "mqtt/client_session.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "hub/credentials.h"
#include "mqtt/connection.h"
#include "mqtt/session_table.h"
#include "wire/json.h"
#include "wire/mqtt/topic.h"

namespace gridloom::mqtt {
namespace {

using wire::mqtt::Outbox;
using wire::mqtt::Qos;

// A session from disk lives at least this long after a start, unless its own expiry is shorter: the
// system clock may be wrong until NTP has set it.
constexpr std::chrono::hours kMinAfterStart{1};

std::optional<TimePoint> later(TimePoint now, std::uint32_t seconds) {
  if (seconds == wire::mqtt::kNeverExpires) return std::nullopt;
  return now + std::chrono::seconds(seconds);
}

// Messages that an ending session passes to the other members of its groups. A message of QoS 2
// that was sent goes to nobody else: its client may have it (MQTT 5, 4.8.2).
std::vector<hub::Delivery> left_to_others(const Outbox& outbox) {
  std::vector<hub::Delivery> left;
  for (Outbox::Kept& kept : outbox.kept()) {
    Outbox::Entry& entry = kept.entry;
    const bool may_be_taken =
        kept.stage != Outbox::DeliveryState::kWaiting && entry.qos != Qos::kAtLeastOnce;
    if (!entry.share || may_be_taken) continue;
    left.push_back({.message = std::move(entry.message),
                    .qos = entry.qos,
                    .retain = entry.retain,
                    .subscription_ids = {},
                    .share = std::move(entry.share),
                    .number = entry.number});
  }
  return left;
}

}  // namespace

ClientSession::ClientSession(Options options, std::weak_ptr<Connection> connection)
    : Client(options.loop, std::move(options.identity), std::move(options.client_id)),
      server_(options.server),
      connection_(std::move(connection)),
      expiry_s_(options.expiry_s),
      outlives_connection_(expiry_s_ != 0),
      share_(server_.sessions->budgets_of(identity().account)),
      filters_(share_->filters),
      kept_{.outbox = Outbox(share_->queued)} {
  set_peer(std::move(options.peer));
  use_flow(share_->flow);
}

ClientSession::ClientSession(Options options, StoredSession stored)
    : Client(options.loop, std::move(options.identity), std::move(options.client_id)),
      server_(options.server),
      stage_(SessionStage::kParked),
      expiry_s_(options.expiry_s),
      outlives_connection_(true),
      share_(server_.sessions->budgets_of(identity().account)),
      filters_(share_->filters),
      kept_{.outbox = Outbox(share_->queued)} {
  set_present(false);
  use_flow(share_->flow);
  set_stored_number(stored.number);
  const TimePoint now = server_.clock->now();
  const TimePoint wall = server_.hub->platform().wall->now();
  const Millis waited = std::max(wall - stored.parked_at.value_or(wall), Millis{0});
  parked_since_ms_ = std::max<std::int64_t>(unix_ms(now - waited), 1);
  ends_at_ = later(now - waited, expiry_s_);
  if (ends_at_) {
    const std::chrono::seconds least =
        std::min<std::chrono::seconds>(kMinAfterStart, std::chrono::seconds(expiry_s_));
    ends_at_ = std::max(*ends_at_, now + least);
  }
  for (hub::Subscription& subscription : stored.subscriptions) {
    if (!charge_subscription(subscription.filter)) {
      spdlog::error(
          "{}: the stored subscription {} is dropped, because it exceeds "
          "mqtt.filter-bytes-per-account",
          identity().name, wire::to_text(wire::Json(wire::shortened(subscription.filter))));
      continue;
    }
    subscriptions_.insert_or_assign(subscription.filter, std::move(subscription));
  }
  if (stored.will) will_ = std::make_unique<wire::mqtt::Will>(std::move(*stored.will));
  if (will_ && stored.will_due) {
    const Millis most = std::chrono::seconds(expiry_s_);
    will_due_ = now + std::clamp(*stored.will_due - wall, Millis{0}, most);
  }
  kept_.received = std::move(stored.received);
  kept_.outbox.open(
      {.queue_messages = server_.limits.queue_messages, .queue_bytes = server_.limits.queue_bytes});
  for (Outbox::Kept& kept : stored.messages) {
    if (kept.entry.message) kept.entry.share = budgets_of(kept.entry.message->topic);
    kept_.outbox.restore(std::move(kept));
  }
}

ClientSession::~ClientSession() = default;

// Finds the shared subscription of a message from disk, where it is not recorded. A message that a
// non-shared subscription of the client matches as well counts as delivered by that one.
wire::mqtt::SharePtr ClientSession::budgets_of(std::string_view topic) const {
  wire::mqtt::SharePtr found;
  for (const auto& [filter, subscription] : subscriptions_) {
    const auto shared = wire::mqtt::shared_parts(filter);
    if (!wire::mqtt::filter_matches(shared ? shared->filter : filter, topic)) continue;
    if (!shared) return nullptr;
    found = std::make_shared<const std::string>(filter);
  }
  return found;
}

void ClientSession::register_restored() {
  record_own_marks();
  for (const auto& [filter, subscription] : subscriptions_) {
    static_cast<void>(server_.hub->subscribe(shared_from_this(), subscription));
  }
}

void ClientSession::deliver(std::vector<hub::Delivery> deliveries, std::vector<hub::Ack> acks) {
  if (stream_) {
    for (const hub::Ack& ack : acks) stream_->answered(ack, server_.clock->now());
  }
  switch (stage_) {
    case SessionStage::kWaiting:
      std::ranges::move(deliveries, std::back_inserter(early_));
      std::ranges::move(acks, std::back_inserter(early_acks_));
      return;
    case SessionStage::kLive:
      if (const auto connection = connection_.lock()) connection->deliver(deliveries, acks);
      return;
    case SessionStage::kParked:
      for (const hub::Delivery& delivery : deliveries) push(delivery);
      for (const hub::Ack& ack : acks) kept_.answered(ack.token.packet_id);
      record_own_marks();
      return count_dropped(kept_.outbox.dropped());
    case SessionStage::kOver:
      // Deliveries that were on their way when the session ended.
      return server_.hub->hand_on(shared_from_this(), 0, std::move(deliveries), [] {});
  }
}

void ClientSession::acknowledge(const hub::Ack& ack) {
  if (stage_ != SessionStage::kLive) return deliver({}, {ack});
  if (stream_) stream_->answered(ack, server_.clock->now());
  if (const auto connection = connection_.lock()) connection->acknowledge(ack);
}

hub::PublishOptions::Identity ClientSession::identify(
    const wire::mqtt::PlainPublication& publication) {
  if (!stream_ || !keeper()) return {};
  const hub::Receipt receipt{.packet_id = publication.token.packet_id,
                             .exactly_once = publication.qos == Qos::kExactlyOnce,
                             .digest = digest_of(publication.topic, publication.payload)};
  const ClientStream::RecordedPublication taken =
      stream_->take(receipt, publication.dup, server_.clock->now(), keeper()->new_number);
  if (taken.is_new_stream) {
    record(hub::StreamBegun{
        .stream = taken.stream, .user = identity().name, .client_id = client_id()});
  }
  return {.stream = taken.stream,
          .receipt = receipt,
          .settled = taken.settled,
          .repeated = taken.repeated,
          .is_complete = stream_is_complete_};
}

const std::optional<hub::SessionKeeper>& ClientSession::keeper() const {
  return server_.hub->platform().sessions;
}

void ClientSession::record(const hub::SessionChange& change) const {
  std::string bytes;
  hub::append_change(bytes, change);
  server_.hub->record_changes(std::move(bytes), {});
}

void ClientSession::clear_stream() const {
  if (const std::int64_t number = stream_ ? stream_->cleared() : 0; number != 0) {
    record(hub::StreamCleared{number});
  }
}

void ClientSession::refused(const wire::mqtt::AckToken& token) {
  if (stream_) {
    stream_->answered({.token = token, .reason = wire::mqtt::Reason::kNotAuthorized},
                      server_.clock->now());
  }
}

void ClientSession::release(std::uint16_t packet_id, std::function<void()> done) {
  const std::int64_t stream = stream_ ? stream_->released(packet_id) : 0;
  if (stream == 0) return done();
  std::string change;
  hub::append_change(change, hub::PublicationReleased{.stream = stream, .packet_id = packet_id});
  record(std::move(change), std::move(done));
}

// Messages of QoS 0 are not queued for parked sessions.
void ClientSession::push(const hub::Delivery& delivery) {
  if (delivery.qos == Qos::kAtMostOnce) return;
  kept_.outbox.push(delivery.message, {.qos = delivery.qos,
                                       .retain = delivery.retain,
                                       .subscription_ids = delivery.subscription_ids,
                                       .share = delivery.share,
                                       .number = delivery.number});
}

bool ClientSession::holds_back() {
  hub::AccountFlow& flow = *share_->flow;
  return (flow.is_throttled() && flow.holds_back(shared_from_this())) || is_throttled();
}

void ClientSession::resume_reading() {
  if (const auto connection = connection_.lock()) connection->resume_reading();
}

void ClientSession::kick(hub::KickReason reason) {
  if (reason == hub::KickReason::kNotAuthorized) return discard(reason);
  if (const auto connection = connection_.lock()) connection->kick(reason);
}

void ClientSession::rights_changed() {
  if (stage_ == SessionStage::kParked) return drop_what_is_not_for_it();
  const auto connection = connection_.lock();
  if (stage_ == SessionStage::kLive && connection) connection->rights_changed();
}

void ClientSession::drop_what_is_not_for_it() {
  const auto directory = server_.hub->platform().registry.directory();
  kept_.outbox.remove_if(
      [&](const wire::mqtt::Message& message) {
        return !hub::may_receive(*directory, identity(), message.topic);
      },
      Outbox::Sending::kNo);
  record_own_marks();
}

wire::mqtt::SessionState ClientSession::go_live() {
  stage_ = SessionStage::kLive;
  record_row({});
  return std::exchange(kept_, {});
}

void ClientSession::connection_ended(ConnectionEnd end) {
  connection_.reset();
  set_present(false);
  if (end.expiry_s) {
    expiry_s_ = std::min(*end.expiry_s, server_.sessions->limits().session_expiry_s);
  }
  server_.hub->disconnected(shared_from_this());
  // A session that waits for its takeover cannot be parked yet; resume() does it.
  if (stage_ != SessionStage::kLive) return;
  kept_ = std::move(end.state);
  will_ = std::move(end.will);
  park();
}

void ClientSession::park() {
  const TimePoint now = server_.clock->now();
  stage_ = SessionStage::kParked;
  if (expiry_s_ == 0 || discarded_) {
    end();
    if (const ClientSessionPtr successor = std::exchange(successor_, nullptr)) hand_over(successor);
    return;
  }
  parked_since_ms_ = std::max<std::int64_t>(unix_ms(now), 1);
  ends_at_ = later(now, expiry_s_);
  if (will_) {
    will_due_ = now + std::chrono::seconds(std::min(will_->delay_s, expiry_s_));
    if (will_->delay_s == 0) publish_will();
  }
  record_own_marks();
  record_row({});
  if (const ClientSessionPtr successor = std::exchange(successor_, nullptr)) hand_over(successor);
}

void ClientSession::publish_will() {
  will_due_.reset();
  const auto will = std::exchange(will_, nullptr);
  // A client whose credentials have ended (a stolen password, say) must not publish its will.
  if (!will || !server_.hub->still_valid(identity())) return;
  // A will that the client may not publish is dropped, as it would be while connected.
  hub::Hub::Batch batch(*server_.hub);
  const ClientSessionPtr self = shared_from_this();
  if (batch.add(self, publishable(*will, server_.clock->now()),
                {.qos = will->qos, .retain = will->retain})) {
    batch.post(self);
  }
}

void ClientSession::end() {
  if (stage_ == SessionStage::kOver) return;
  stage_ = SessionStage::kOver;
  publish_will();
  subscriptions_.clear();
  filters_ = {};
  std::vector<hub::Delivery> left = left_to_others(kept_.outbox);
  kept_ = {};
  early_.clear();
  early_acks_.clear();
  const ClientSessionPtr self = shared_from_this();
  const std::int64_t number = stored_number();
  set_stored_number(0);
  server_.hub->ended(self);
  // Until others have the remaining messages they belong to this session, also after a crash.
  server_.hub->hand_on(self, number, std::move(left), [self, number] {
    if (number != 0) self->record(hub::SessionEnded{number});
  });
  server_.sessions->remove(self);
}

void ClientSession::discard(hub::KickReason reason) {
  discarded_ = true;
  if (const auto connection = connection_.lock()) return connection->kick(reason);
  expire();
}

void ClientSession::expire() {
  if (stage_ == SessionStage::kParked && !handing_over_) end();
}

void ClientSession::hand_over(ClientSessionPtr successor) {
  if (stage_ == SessionStage::kWaiting) successor_ = successor;
  if (const auto connection = connection_.lock()) connection->kick(hub::KickReason::kTakenOver);
  if (stage_ == SessionStage::kWaiting) return;
  if (stage_ == SessionStage::kOver) {
    successor->loop().post([successor] { successor->resume(std::nullopt); });
    return;
  }
  // Resumed in time: the delayed will is not published.
  will_.reset();
  will_due_.reset();
  ends_at_.reset();
  handing_over_ = true;
  server_.hub->rebind(shared_from_this(), successor, [self = shared_from_this(), successor] {
    self->stage_ = SessionStage::kOver;
    Takeover takeover{.state = std::move(self->kept_),
                      .subscriptions = std::move(self->subscriptions_),
                      .filters = std::exchange(self->filters_, {}),
                      .counted = self->counted_,
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
    kept_ = std::move(takeover->state);
    subscriptions_ = std::move(takeover->subscriptions);
    filters_ = std::move(takeover->filters);
    counted_ = takeover->counted;
  } else {
    clear_stream();
  }
  for (const hub::Ack& ack : std::exchange(early_acks_, {})) kept_.answered(ack.token.packet_id);
  const auto connection = connection_.lock();
  for (const hub::Delivery& delivery : std::exchange(early_, {})) {
    if (connection) {
      kept_.outbox.push(delivery.message, {.qos = delivery.qos,
                                           .retain = delivery.retain,
                                           .subscription_ids = delivery.subscription_ids,
                                           .share = delivery.share,
                                           .number = delivery.number});
    } else {
      push(delivery);
    }
  }
  if (takeover && takeover->stored_number != 0 && takeover->stored_number != stored_number()) {
    record(hub::SessionEnded{takeover->stored_number});
  }
  drop_what_is_not_for_it();
  // The connection may have closed while this session waited.
  if (!connection) return park();
  stage_ = SessionStage::kLive;
  record_row({});
  connection->accepted(std::exchange(kept_, {}), present);
}

bool ClientSession::has_subscription(std::string_view filter) const {
  return subscriptions_.contains(filter);
}

bool ClientSession::charge_subscription(std::string_view filter) {
  return filters_.take(cost_of(filter));
}

void ClientSession::add_subscription(const hub::Subscription& subscription) {
  subscriptions_.insert_or_assign(subscription.filter, subscription);
}

bool ClientSession::remove_subscription(const std::string& filter) {
  if (subscriptions_.erase(filter) == 0) return false;
  refund_subscription(filter);
  return true;
}

void ClientSession::count_dropped(const wire::mqtt::Dropped& so_far) {
  if (so_far == counted_) return;
  if (so_far.queue_full != 0 && counted_.queue_full == 0) {
    spdlog::warn("the queue of {} (client id {}) is full: its oldest messages are dropped",
                 identity().name, wire::to_text(wire::Json(wire::shortened(client_id()))));
  }
  server_.hub->count_dropped({.queue_full = so_far.queue_full - counted_.queue_full,
                              .expired = so_far.expired - counted_.expired,
                              .too_large = so_far.too_large - counted_.too_large});
  counted_ = so_far;
}

// --- time and the disk ---

void ClientSession::sweep(TimePoint now) {
  if (stage_ != SessionStage::kParked || handing_over_) return;
  if (will_due_ && *will_due_ <= now) {
    publish_will();
    record_row({});
  }
  if (ends_at_ && *ends_at_ <= now) end();
}

StoredSession ClientSession::row() const {
  StoredSession row{.number = stored_number(),
                    .user = identity().name,
                    .signed_in_as = hub::number_of(identity()),
                    .generation = identity().generation,
                    .client_id = client_id(),
                    .expiry_s = expiry_s_};
  // After a restart only the system clock is known.
  const Millis wall_is_ahead = server_.hub->platform().wall->now() - now();
  if (stage_ == SessionStage::kParked) {
    row.parked_at = TimePoint(Millis(parked_since_ms())) + wall_is_ahead;
  }
  for (const auto& [filter, subscription] : subscriptions_) {
    row.subscriptions.push_back(subscription);
  }
  if (will_) row.will = *will_;
  if (will_due_) row.will_due = *will_due_ + wall_is_ahead;
  return row;
}

void ClientSession::record_row(std::function<void()> done) {
  if (stored_number() == 0) {
    if (done) done();
    return;
  }
  record(change_of(row()), std::move(done));
}

void ClientSession::record(std::string changes, std::function<void()> done) {
  if (!done) return server_.hub->record_changes(std::move(changes), {});
  server_.hub->record_changes(std::move(changes),
                              [self = weak_from_this(), done = std::move(done)]() mutable {
                                const ClientSessionPtr session = self.lock();
                                if (!session) return;
                                session->loop().post([session, done = std::move(done)] { done(); });
                              });
}

void ClientSession::record_own_marks() {
  auto steps = kept_.outbox.take_steps();
  record_steps(std::move(steps), kept_.outbox.steps_taken());
}

void ClientSession::record_steps(std::vector<Outbox::DeliveryStep> steps, std::uint64_t taken) {
  if (steps.empty()) return;
  const auto tell = [this, taken] {
    if (const auto connection = connection_.lock()) connection->log_has_steps(taken);
  };
  const std::int64_t session = stored_number();
  if (session == 0) return tell();
  std::string changes;
  bool waits = false;
  for (const Outbox::DeliveryStep& change : steps) {
    switch (change.step) {
      case Outbox::DeliveryStep::Step::kNumbered:
        hub::append_change(changes, hub::MessageNumbered{session, change.number, change.packet_id});
        waits = true;
        break;
      case Outbox::DeliveryStep::Step::kReleased:
        hub::append_change(changes, hub::MessageReleased{session, change.number, change.packet_id});
        waits = true;
        break;
      case Outbox::DeliveryStep::Step::kDone:
        hub::append_change(changes, hub::MessageDone{session, change.number});
        break;
    }
  }
  record(std::move(changes), waits ? std::function<void()>(tell) : nullptr);
}

}  // namespace gridloom::mqtt
