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

std::optional<TimePoint> later(TimePoint now, std::uint32_t seconds) {
  if (seconds == wire::mqtt::kNeverExpires) return std::nullopt;
  return now + std::chrono::seconds(seconds);
}

// What a session that ends owes to the other members of its groups. A message of QoS 2 that was
// sent goes to nobody else: its client may have it (MQTT 5, 4.8.2).
std::vector<hub::Delivery> left_to_others(const Outbox& outbox) {
  std::vector<hub::Delivery> left;
  for (Outbox::Kept& kept : outbox.kept()) {
    Outbox::Entry& entry = kept.entry;
    const bool may_be_taken =
        kept.stage != Outbox::Stage::kWaiting && entry.qos != Qos::kAtLeastOnce;
    if (!entry.share || may_be_taken) continue;
    left.push_back({.message = std::move(entry.message),
                    .qos = entry.qos,
                    .retain = entry.retain,
                    .subscription_ids = {},
                    .share = std::move(entry.share)});
  }
  return left;
}

}  // namespace

ClientSession::ClientSession(Options options, std::weak_ptr<Connection> connection)
    : Client(options.loop, std::move(options.identity), std::move(options.client_id)),
      door_(options.door),
      connection_(std::move(connection)),
      expiry_s_(options.expiry_s),
      outlives_connection_(expiry_s_ != 0),
      share_(door_.sessions->share_of(identity().account)),
      filters_(share_->filters),
      kept_{.outbox = Outbox(share_->queued)} {
  set_peer(std::move(options.peer));
}

ClientSession::ClientSession(Options options, StoredSession stored)
    : Client(options.loop, std::move(options.identity), std::move(options.client_id)),
      door_(options.door),
      stage_(Stage::kParked),
      expiry_s_(options.expiry_s),
      outlives_connection_(true),
      share_(door_.sessions->share_of(identity().account)),
      filters_(share_->filters),
      kept_{.outbox = Outbox(share_->queued)},
      on_disk_{.number = stored.number, .row = true, .received = stored.received} {
  set_present(false);
  const TimePoint now = door_.clock->now();
  const TimePoint parked_at = stored.parked_at.value_or(now);
  parked_since_ms_ = unix_ms(parked_at);
  ends_at_ = later(parked_at, expiry_s_);
  for (hub::Subscription& subscription : stored.subscriptions) {
    if (!take_room_for(subscription.filter)) {
      spdlog::error("{} has no room for the subscription {} of an earlier run", identity().name,
                    wire::to_text(wire::Json(wire::shortened(subscription.filter))));
      continue;
    }
    subscriptions_.insert_or_assign(subscription.filter, std::move(subscription));
  }
  if (stored.will) will_ = std::make_unique<wire::mqtt::Will>(std::move(*stored.will));
  will_due_ = stored.will_due;
  kept_.received = std::move(stored.received);
  kept_.outbox.open(
      {.queue_messages = door_.limits.queue_messages, .queue_bytes = door_.limits.queue_bytes});
  for (Outbox::Kept& kept : stored.messages) {
    on_disk_.messages.emplace(kept.entry.sequence,
                              StoredMark{.stage = kept.stage, .packet_id = kept.packet_id});
    if (kept.entry.message) kept.entry.share = share_of(kept.entry.message->topic);
    kept_.outbox.restore(std::move(kept));
  }
}

ClientSession::~ClientSession() = default;

// By which shared subscription a message of the disk came, which does not say so. One that a
// subscription of the client's own matches as well counts as that one's.
wire::mqtt::SharePtr ClientSession::share_of(std::string_view topic) const {
  wire::mqtt::SharePtr found;
  for (const auto& [filter, subscription] : subscriptions_) {
    const auto shared = wire::mqtt::shared_parts(filter);
    if (!wire::mqtt::filter_matches(shared ? shared->filter : filter, topic)) continue;
    if (!shared) return nullptr;
    found = std::make_shared<const std::string>(filter);
  }
  return found;
}

void ClientSession::subscribe_again() {
  for (const auto& [filter, subscription] : subscriptions_) {
    static_cast<void>(door_.hub->subscribe(shared_from_this(), subscription));
  }
}

void ClientSession::deliver(std::vector<hub::Delivery> deliveries, std::vector<hub::Ack> acks) {
  if (stream_) {
    for (const hub::Ack& ack : acks) stream_->answered(ack, door_.clock->now());
  }
  switch (stage_) {
    case Stage::kWaiting:
      std::ranges::move(deliveries, std::back_inserter(early_));
      std::ranges::move(acks, std::back_inserter(early_acks_));
      return;
    case Stage::kLive:
      if (const auto connection = connection_.lock()) connection->deliver(deliveries, acks);
      return;
    case Stage::kParked:
      for (const hub::Delivery& delivery : deliveries) push(delivery);
      for (const hub::Ack& ack : acks) kept_.answered(ack.token.packet_id);
      return count_dropped(kept_.outbox.dropped());
    case Stage::kOver:
      // They were on their way when it ended.
      return door_.hub->hand_on(shared_from_this(), std::move(deliveries));
  }
}

hub::How::Identity ClientSession::identify(const wire::mqtt::PublishReceived& publication) {
  if (!stream_ || door_.sessions->store() == nullptr) return {};
  const hub::Receipt receipt{
      .packet_id = publication.token.packet_id,
      .exactly_once = publication.qos == Qos::kExactlyOnce,
      .digest = digest_of(publication.message->topic, publication.message->payload)};
  const ClientStream::Taken taken =
      stream_->take(receipt, publication.dup, door_.clock->now(),
                    [store = door_.sessions->store()] { return store->next_number(); });
  if (taken.is_new_stream) {
    record(hub::StreamBegun{
        .stream = taken.stream, .user = identity().name, .client_id = client_id()});
  }
  return {.stream = taken.stream,
          .receipt = receipt,
          .settled = taken.settled,
          .repeated = taken.repeated};
}

void ClientSession::record(const hub::SessionChange& change) const {
  std::string bytes;
  hub::append_change(bytes, change);
  door_.hub->record_changes(std::move(bytes), {});
}

void ClientSession::clear_stream() const {
  if (const std::int64_t number = stream_ ? stream_->cleared() : 0; number != 0) {
    record(hub::StreamCleared{number});
  }
}

void ClientSession::refused(const wire::mqtt::AckToken& token) {
  if (stream_) {
    stream_->answered({.token = token, .reason = wire::mqtt::Reason::kNotAuthorized},
                      door_.clock->now());
  }
}

void ClientSession::release(std::uint16_t packet_id, std::function<void()> done) {
  const std::int64_t stream = stream_ ? stream_->released(packet_id) : 0;
  if (stream == 0) return done();
  std::string change;
  hub::append_change(change, hub::PublicationReleased{.stream = stream, .packet_id = packet_id});
  door_.hub->record_changes(std::move(change),
                            [self = weak_from_this(), done = std::move(done)]() mutable {
                              const ClientSessionPtr session = self.lock();
                              if (session) session->loop().post(std::move(done));
                            });
}

// Messages of QoS 0 are for a connection only.
void ClientSession::push(const hub::Delivery& delivery) {
  if (delivery.qos == Qos::kAtMostOnce) return;
  kept_.outbox.push(delivery.message, {.qos = delivery.qos,
                                       .retain = delivery.retain,
                                       .subscription_ids = delivery.subscription_ids,
                                       .share = delivery.share});
}

void ClientSession::go_on() {
  if (const auto connection = connection_.lock()) connection->go_on();
}

void ClientSession::kick(hub::KickReason reason) {
  if (reason == hub::KickReason::kNotAuthorized) return discard(reason);
  if (const auto connection = connection_.lock()) connection->kick(reason);
}

void ClientSession::rights_changed() {
  if (stage_ == Stage::kParked) return drop_what_is_not_for_it();
  const auto connection = connection_.lock();
  if (stage_ == Stage::kLive && connection) connection->rights_changed();
}

void ClientSession::drop_what_is_not_for_it() {
  const auto directory = door_.hub->platform().registry.directory();
  kept_.outbox.remove_if(
      [&](const wire::mqtt::Message& message) {
        return !hub::may_receive(*directory, identity(), message.topic);
      },
      Outbox::Sending::kNo);
}

wire::mqtt::SessionState ClientSession::go_live() {
  stage_ = Stage::kLive;
  return std::exchange(kept_, {});
}

void ClientSession::connection_ended(Parting parting) {
  connection_.reset();
  set_present(false);
  if (parting.expiry_s) {
    expiry_s_ = std::min(*parting.expiry_s, door_.sessions->limits().session_expiry_s);
  }
  door_.hub->disconnected(shared_from_this());
  // Without its estate it cannot be parked yet; inherit() does.
  if (stage_ != Stage::kLive) return;
  kept_ = std::move(parting.state);
  will_ = std::move(parting.will);
  park();
}

void ClientSession::park() {
  const TimePoint now = door_.clock->now();
  stage_ = Stage::kParked;
  row_changed_ = true;
  if (expiry_s_ == 0 || discarded_) {
    end();
    if (const ClientSessionPtr heir = std::exchange(heir_, nullptr)) hand_over(heir);
    return;
  }
  parked_since_ms_ = std::max<std::int64_t>(unix_ms(now), 1);
  ends_at_ = later(now, expiry_s_);
  if (will_) {
    will_due_ = now + std::chrono::seconds(std::min(will_->delay_s, expiry_s_));
    if (will_->delay_s == 0) publish_will();
  }
  sweep(now);
  if (const ClientSessionPtr heir = std::exchange(heir_, nullptr)) hand_over(heir);
}

void ClientSession::publish_will() {
  will_due_.reset();
  const auto will = std::exchange(will_, nullptr);
  // Whoever signed in with a stolen password does not have the last word.
  if (!will || !door_.hub->still_valid(identity())) return;
  // One that the client may not publish is dropped: it could not have published it alive.
  hub::Hub::Batch batch(*door_.hub);
  const ClientSessionPtr self = shared_from_this();
  if (batch.add(self, publishable(*will, door_.clock->now()),
                {.qos = will->qos, .retain = will->retain})) {
    batch.post(self);
  }
}

void ClientSession::end() {
  if (stage_ == Stage::kOver) return;
  stage_ = Stage::kOver;
  publish_will();
  subscriptions_.clear();
  filters_ = {};
  std::vector<hub::Delivery> left = left_to_others(kept_.outbox);
  kept_ = {};
  early_.clear();
  early_acks_.clear();
  const ClientSessionPtr self = shared_from_this();
  door_.hub->ended(self);
  door_.hub->hand_on(self, std::move(left));
  door_.sessions->remove(self);
  forget_on_disk();
}

void ClientSession::forget_on_disk() {
  const OnDisk before = std::exchange(on_disk_, {});
  if (before.row) door_.sessions->store()->put(DropSession{before.number});
}

void ClientSession::discard(hub::KickReason reason) {
  discarded_ = true;
  if (const auto connection = connection_.lock()) return connection->kick(reason);
  expire();
}

void ClientSession::expire() {
  if (stage_ == Stage::kParked && !handing_over_) end();
}

void ClientSession::hand_over(ClientSessionPtr heir) {
  if (stage_ == Stage::kWaiting) heir_ = heir;
  if (const auto connection = connection_.lock()) connection->kick(hub::KickReason::kTakenOver);
  if (stage_ == Stage::kWaiting) return;
  if (stage_ == Stage::kOver) {
    heir->loop().post([heir] { heir->inherit(std::nullopt); });
    return;
  }
  // Resumed in time: its delayed will is not published.
  will_.reset();
  will_due_.reset();
  ends_at_.reset();
  handing_over_ = true;
  door_.hub->rebind(shared_from_this(), heir, [self = shared_from_this(), heir] {
    self->stage_ = Stage::kOver;
    Estate estate{.state = std::move(self->kept_),
                  .subscriptions = std::move(self->subscriptions_),
                  .filters = std::exchange(self->filters_, {}),
                  .counted = self->counted_,
                  .on_disk = std::exchange(self->on_disk_, {})};
    self->door_.sessions->remove(self);
    heir->loop().post(
        [heir, estate = std::move(estate)]() mutable { heir->inherit(std::move(estate)); });
  });
}

void ClientSession::inherit(std::optional<Estate> estate) {
  const auto present = estate ? SessionPresent::kYes : SessionPresent::kNo;
  if (estate) {
    kept_ = std::move(estate->state);
    subscriptions_ = std::move(estate->subscriptions);
    filters_ = std::move(estate->filters);
    counted_ = estate->counted;
    on_disk_ = std::move(estate->on_disk);
  } else {
    clear_stream();
  }
  for (const hub::Ack& ack : std::exchange(early_acks_, {})) kept_.answered(ack.token.packet_id);
  if (expiry_s_ == 0) forget_on_disk();
  const auto connection = connection_.lock();
  for (const hub::Delivery& delivery : std::exchange(early_, {})) {
    if (connection) {
      kept_.outbox.push(delivery.message, {.qos = delivery.qos,
                                           .retain = delivery.retain,
                                           .subscription_ids = delivery.subscription_ids,
                                           .share = delivery.share});
    } else {
      push(delivery);
    }
  }
  drop_what_is_not_for_it();
  // Its connection may have gone while it waited.
  if (!connection) return park();
  stage_ = Stage::kLive;
  connection->accepted(std::exchange(kept_, {}), present);
}

bool ClientSession::has_subscription(std::string_view filter) const {
  return subscriptions_.contains(filter);
}

bool ClientSession::take_room_for(std::string_view filter) {
  return filters_.take(cost_of(filter));
}

void ClientSession::keep_subscription(const hub::Subscription& subscription) {
  subscriptions_.insert_or_assign(subscription.filter, subscription);
  row_changed_ = true;
}

bool ClientSession::drop_subscription(const std::string& filter) {
  if (subscriptions_.erase(filter) == 0) return false;
  give_room_back(filter);
  row_changed_ = true;
  return true;
}

void ClientSession::count_dropped(const wire::mqtt::Dropped& so_far) {
  if (so_far == counted_) return;
  if (so_far.queue_full != 0 && counted_.queue_full == 0) {
    spdlog::warn("the queue of {} (client id {}) is full: the oldest messages are dropped",
                 identity().name, wire::to_text(wire::Json(wire::shortened(client_id()))));
  }
  door_.hub->count_dropped({.queue_full = so_far.queue_full - counted_.queue_full,
                            .expired = so_far.expired - counted_.expired,
                            .too_large = so_far.too_large - counted_.too_large});
  counted_ = so_far;
}

// --- time and the disk ---

const Outbox* ClientSession::outbox() const {
  if (stage_ == Stage::kParked) return &kept_.outbox;
  const auto connection = connection_.lock();
  return stage_ == Stage::kLive && connection ? &connection->session().outbox() : nullptr;
}

void ClientSession::sweep(TimePoint now) {
  if (stage_ == Stage::kParked && !handing_over_) {
    if (will_due_ && *will_due_ <= now) {
      publish_will();
      row_changed_ = true;
    }
    if (ends_at_ && *ends_at_ <= now) return end();
  }
  const SessionStore* store = door_.sessions->store();
  if (store == nullptr || expiry_s_ == 0 || handing_over_ || store->behind()) return;
  if (stage_ != Stage::kParked && stage_ != Stage::kLive) return;
  store_row();
  store_messages();
}

StoredSession ClientSession::row() const {
  StoredSession row{.number = on_disk_.number,
                    .user = identity().name,
                    .signed_in_as = hub::number_of(identity()),
                    .generation = identity().generation,
                    .client_id = client_id(),
                    .expiry_s = expiry_s_};
  if (stage_ == Stage::kParked) row.parked_at = TimePoint(Millis(parked_since_ms()));
  for (const auto& [filter, subscription] : subscriptions_) {
    row.subscriptions.push_back(subscription);
  }
  if (will_) row.will = *will_;
  row.will_due = will_due_;
  return row;
}

void ClientSession::store_row() {
  if (on_disk_.number == 0) on_disk_.number = door_.sessions->store()->next_number();
  std::vector<std::uint16_t> received = kept_.received;
  if (const auto connection = connection_.lock()) received = connection->session().received();
  if (!row_changed_ && received == on_disk_.received) return;
  StoredSession changed = row();
  changed.received = received;
  door_.sessions->store()->put(PutSession{std::move(changed)});
  on_disk_.received = std::move(received);
  row_changed_ = false;
  on_disk_.row = true;
}

// What a client takes at once never reaches the disk: a message is written when it is still there
// at the second sweep, or when its session has no connection.
void ClientSession::store_messages() {
  const Outbox* outbox = this->outbox();
  if (outbox == nullptr) return;
  if (outbox->changes() == changes_seen_ && !younger_ones_left_) return;
  const std::uint64_t young = stage_ == Stage::kParked ? UINT64_MAX : sequence_seen_;
  changes_seen_ = outbox->changes();
  younger_ones_left_ = false;
  SessionStore& store = *door_.sessions->store();
  std::map<std::uint64_t, StoredMark> now_stored;
  for (Outbox::Kept& kept : outbox->kept()) {
    const std::uint64_t sequence = kept.entry.sequence;
    sequence_seen_ = std::max(sequence_seen_, sequence + 1);
    const StoredMark mark{.stage = kept.stage, .packet_id = kept.packet_id};
    const auto before = on_disk_.messages.find(sequence);
    if (before == on_disk_.messages.end() && sequence >= young) {
      younger_ones_left_ = true;
      continue;
    }
    if (before == on_disk_.messages.end() || before->second != mark) {
      store.put(PutMessage{.session = on_disk_.number, .kept = std::move(kept)});
    }
    now_stored.emplace(sequence, mark);
  }
  for (const auto& [sequence, mark] : on_disk_.messages) {
    if (!now_stored.contains(sequence)) store.put(DropMessage{on_disk_.number, sequence});
  }
  on_disk_.messages = std::move(now_stored);
}

}  // namespace gridloom::mqtt
