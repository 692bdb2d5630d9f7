// Routing: subscriptions, shared subscriptions, retained messages, and the deliveries to each
// client that one turn of the shard produced.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "hub/shard.h"
#include "wire/mqtt/topic.h"

namespace gridloom::hub {
namespace {

// Bytes of retained messages that each account has to itself.
constexpr std::size_t kOwnRetained = std::size_t{256} * 1024;

wire::mqtt::MessagePtr with_topic(const Message& like, const std::string& topic) {
  auto copy = std::make_shared<Message>(like);
  copy->topic = topic;
  return copy;
}

}  // namespace

void Shard::subscribe(const ClientPtr& client, const Subscription& subscription) {
  count_effort(subscription.filter.size());
  subscriptions_.subscribe(client, subscription);
  if (subscription.send_retained && !wire::mqtt::shared_parts(subscription.filter)) {
    send_retained(client, subscription);
  }
}

void Shard::unsubscribe(const Client& client, const std::string& filter) {
  count_effort(filter.size());
  subscriptions_.unsubscribe(client, filter);
}

bool Shard::ended(const Client& client) {
  disconnected(client);
  const std::size_t removed = subscriptions_.remove(client, kRemovedAtOnce);
  effort_ += kEffort * static_cast<std::int64_t>(1 + removed);
  return removed < kRemovedAtOnce;
}

void Shard::hand_on(const Client& from, std::int64_t kept_as,
                    const std::vector<Delivery>& deliveries) {
  for (const Delivery& delivery : deliveries) {
    auto* group = subscriptions_.find_group(from.identity().name, *delivery.share);
    if (group == nullptr) continue;
    const Subscriber& to = subscriptions_.next_member(*group);
    Delivery again{.message = delivery.message,
                   .qos = std::min(delivery.qos, to.subscription.qos),
                   .retain = delivery.retain && to.subscription.retain_as_published,
                   .subscription_ids = {},
                   .share = delivery.share};
    if (to.subscription.id != 0) again.subscription_ids.push_back(to.subscription.id);
    deliver(to.client, std::move(again));
    if (kept_as != 0 && delivery.number != 0) {
      append_change(session_changes_, MessageDone{kept_as, delivery.number});
    }
  }
  append_turn();
}

void Shard::rebind(const Client& old, const ClientPtr& fresh) {
  for (HeldAck& held : held_acks_) {
    if (held.client.get() == &old) held.client = fresh;
  }
  subscriptions_.rebind(old, fresh);
}

void Shard::offer_retained(const ClientPtr& client, const Subscription& subscription,
                           const std::string& topic, const Retained& retained) {
  if (!wire::mqtt::filter_matches(subscription.filter, topic)) return;
  const auto& expires_at = retained.message->expires_at;
  if (expires_at && *expires_at <= platform_.steady->now()) return;
  Delivery delivery{.message = with_topic(*retained.message, topic),
                    .qos = std::min(retained.qos, subscription.qos),
                    .retain = true,
                    .subscription_ids = {}};
  if (subscription.id != 0) delivery.subscription_ids.push_back(subscription.id);
  deliver(client, std::move(delivery));
}

void Shard::offer_of_device(const ClientPtr& client, const Subscription& subscription,
                            const std::string& sn) {
  const Identity& who = client->identity();
  const bool app = who.role == Role::kAccount;
  if (app) {
    // A new subscriber is told at once which of its devices are online (quirk 36).
    const Message status = plain(status_text(seen_online(who.account, sn)));
    offer_retained(client, subscription, make_open_topic(who.name, sn, Verb::kStatus),
                   {.message = std::make_shared<const Message>(status), .qos = Qos::kAtLeastOnce});
  }
  const DeviceState* state = find_state(sn);
  if (state == nullptr) return;
  for (const auto& [topic, retained] : state->retained) {
    const auto parts = device_topic(topic);
    offer_retained(client, subscription,
                   app && parts ? make_open_topic(who.name, sn, parts->verb) : topic, retained);
  }
}

void Shard::send_retained(const ClientPtr& client, const Subscription& subscription) {
  const Identity& who = client->identity();
  if (who.role == Role::kDevice) return offer_of_device(client, subscription, who.name);
  if (const auto by_account = retained_by_accounts_.find(who.name);
      by_account != retained_by_accounts_.end()) {
    for (const auto& [topic, retained] : by_account->second) {
      offer_retained(client, subscription, topic, retained);
    }
  }
  // Follows the rule for live messages: a gateway gets only its own account's devices.
  const bool app = who.role == Role::kAccount;
  const auto least = app ? registry::Rights::kMonitor : registry::Rights::kOwner;
  const FilterScope scope = scope_of(who, subscription.filter, Wildcards::kGranted);
  if (!scope.sn.empty()) {
    const registry::Device* device = directory_->find_device(scope.sn);
    if (device != nullptr && registry::Directory::rights(who.account, *device) >= least) {
      offer_of_device(client, subscription, device->sn);
    }
    return;
  }
  std::vector<const registry::Device*> devices = directory_->devices_of(who.account);
  if (app) std::ranges::copy(directory_->shared_with(who.account), std::back_inserter(devices));
  for (const registry::Device* device : devices) {
    if (mine_(device->sn)) offer_of_device(client, subscription, device->sn);
  }
}

TakenBytes Shard::room_of(registry::AccountId account) {
  ByteBudgetPtr& budget = retained_bytes_of_[account];
  if (!budget) {
    const std::size_t most = platform_.config.account_retained_bytes;
    budget = std::make_shared<ByteBudget>(most, std::min(kOwnRetained, most), retained_bytes_);
  }
  return TakenBytes(budget);
}

bool Shard::retain(const Inbound& inbound, RetainedByTopic& among, registry::AccountId account,
                   std::int64_t device) {
  if (!inbound.options.retain) return true;
  const Message& message = *inbound.message;
  const auto before = among.find(message.topic);
  const bool known = before != among.end();
  if (message.payload.empty()) {
    if (!known) return true;
    among.erase(before);
  } else {
    TakenBytes bytes = known ? std::move(before->second.bytes) : room_of(account);
    const std::size_t had = bytes.bytes();
    const std::size_t needed = bytes_of(message);
    if (needed > had && !bytes.take(needed - had)) {
      if (known) before->second.bytes = std::move(bytes);
      return false;
    }
    if (needed < had) bytes.give_back(had - needed);
    among.insert_or_assign(message.topic, Retained{.message = inbound.message,
                                                   .qos = inbound.options.qos,
                                                   .bytes = std::move(bytes)});
  }
  const auto now = among.find(message.topic);
  keep_retained(message.topic, now == among.end() ? nullptr : &now->second, device);
  return true;
}

void Shard::forget_retained(const RetainedByTopic& retained) {
  for (const auto& [topic, one] : retained) keep_retained(topic, nullptr, 0);
}

void Shard::keep_retained(const std::string& topic, const Retained* retained, std::int64_t device) {
  if (!platform_.sessions) return;
  RetainedKept kept{.topic = topic, .device = device};
  std::string packet;
  if (retained != nullptr) {
    packet = packet_of(*retained->message, {.qos = retained->qos, .retain = true});
    kept.packet = packet;
    kept.expires_at_ms = wire::mqtt::stored_ms(retained->message->expires_at);
  }
  append_change(session_changes_, kept);
}

void Shard::restore_retained(const RetainedChange& retained) {
  const auto by_app = open_topic(retained.topic);
  const auto by_device = device_topic(retained.topic);
  const registry::Account* account =
      by_app ? directory_->find_certificate(by_app->account) : nullptr;
  const registry::Device* device = by_device ? directory_->find_device(by_device->sn) : nullptr;
  if (account == nullptr && device == nullptr) return;
  TakenBytes bytes = room_of(account != nullptr ? account->id : device->owner);
  if (!bytes.take(bytes_of(*retained.message))) {
    spdlog::error("there is no room for the retained message of {}: it is not there any more",
                  wire::to_text(wire::Json(wire::shortened(retained.topic))));
    return;
  }
  (account != nullptr ? retained_by_accounts_[std::string(by_app->account)]
                      : state_of(by_device->sn).retained)
      .insert_or_assign(
          retained.topic,
          Retained{.message = retained.message, .qos = retained.qos, .bytes = std::move(bytes)});
}

Message Shard::plain(std::string payload) {
  Message message;
  message.payload = std::move(payload);
  return message;
}

void Shard::to_accounts(const std::string& sn, Verb verb, const OutgoingMessage& message) {
  if (const registry::Device* device = directory_->find_device(sn)) {
    to_accounts(*device, verb, message);
  }
}

void Shard::to_accounts(const registry::Device& device, Verb verb, const OutgoingMessage& message) {
  if (verb != Verb::kQuota && is_tapped(device.sn)) {
    emit({.what = TrafficEvent::What::kAppGets,
          .sn = device.sn,
          .account = device.owner,
          .verb = verb,
          .text = message.like.payload});
  }
  const auto to = [&](registry::AccountId id) {
    const registry::Account* account = directory_->find_account(id);
    if (account != nullptr && pushes(id, device.sn, verb)) {
      to_account(account->certificate_account, device.sn, verb, message);
    }
  };
  to(device.owner);
  for (const registry::Share& share : device.shares) to(share.account);
}

void Shard::to_account(std::string_view account, const std::string& sn, Verb verb,
                       const OutgoingMessage& message) {
  const auto* scope = subscriptions_.find(account);
  if (scope != nullptr) route(*scope, make_open_topic(account, sn, verb), message);
}

void Shard::answer_app(const std::string& account, const std::string& sn, Verb verb,
                       const OutgoingMessage& message) {
  const registry::Account* known = is_tapped(sn) ? directory_->find_certificate(account) : nullptr;
  if (known != nullptr) {
    emit({.what = TrafficEvent::What::kAppGets,
          .sn = sn,
          .account = known->id,
          .verb = verb,
          .text = message.like.payload});
  }
  to_account(account, sn, verb, message);
}

void Shard::to_device(const std::string& sn, Verb verb, const OutgoingMessage& message) {
  if (const registry::Device* device = directory_->find_device(sn)) {
    return to_device(*device, verb, message);
  }
  const auto* own = subscriptions_.find(sn);
  if (own != nullptr) route(*own, make_device_topic(sn, verb), message);
}

void Shard::to_device(const registry::Device& device, Verb verb, const OutgoingMessage& message) {
  const auto* own = subscriptions_.find(device.sn);
  if (own != nullptr) route(*own, make_device_topic(device.sn, verb), message);
  const registry::Account* owner = directory_->find_account(device.owner);
  if (owner == nullptr) return;
  gateway_.assign(kGatewayPrefix).append(owner->name);
  const auto* gateway = subscriptions_.find(gateway_);
  if (gateway != nullptr) route(*gateway, make_device_topic(device.sn, verb), message);
}

void Shard::route(const SubscriptionTable::Scope& scope, const std::string& topic,
                  const OutgoingMessage& message) {
  wire::mqtt::MessagePtr made;
  std::size_t reached = 0;
  const auto deliver = [&](ClientBatch& out) -> Delivery& {
    if (!made) made = with_topic(message.like, topic);
    ++reached;
    return out.deliveries.emplace_back(Delivery{
        .message = made, .qos = Qos::kAtMostOnce, .retain = false, .subscription_ids = {}});
  };
  const auto add = [&](Delivery& delivery, const Subscription& subscription) {
    delivery.qos = std::max(delivery.qos, std::min(message.qos, subscription.qos));
    delivery.retain |= message.retain && subscription.retain_as_published;
    if (subscription.id != 0) delivery.subscription_ids.push_back(subscription.id);
  };
  const SubscriptionTable::Match& match = subscriptions_.match(scope, topic);
  ++routes_;
  for (const Subscriber* to : match.subscribers) {
    if (to->subscription.no_local && to->client.get() == message.from) continue;
    // A client whose subscriptions overlap gets the message once, at the highest QoS that they
    // allow.
    ClientBatch& out = batch_for(to->client);
    if (std::exchange(out.route, routes_) != routes_) {
      out.delivery = out.deliveries.size();
      deliver(out);
    }
    add(out.deliveries[out.delivery], to->subscription);
  }
  std::string packet;
  for (const Subscriber* to : match.subscribers) {
    if (to->client->kept_as() == 0) continue;
    ClientBatch& out = batch_for(to->client);
    if (out.route == routes_) keep(*to->client, out.deliveries[out.delivery], packet);
  }
  for (SubscriptionTable::Group* group : match.groups) {
    const Subscriber& to = subscriptions_.next_member(*group);
    Delivery& delivery = deliver(batch_for(to.client));
    delivery.share = SubscriptionTable::share_of(*group);
    add(delivery, to.subscription);
    keep(*to.client, delivery, packet);
  }
  effort_ += static_cast<std::int64_t>(reached);
  platform_.counters.deliveries.fetch_add(reached, std::memory_order_relaxed);
}

void Shard::deliver(const ClientPtr& client, Delivery delivery) {
  ++effort_;
  std::string packet;
  keep(*client, delivery, packet);
  batch_for(client).deliveries.push_back(std::move(delivery));
}

void Shard::keep(const Client& client, Delivery& delivery, std::string& packet) {
  const std::int64_t session = client.kept_as();
  if (session == 0 || !platform_.sessions || delivery.number != 0 ||
      delivery.qos == Qos::kAtMostOnce)
    return;
  if (!encodable(*delivery.message)) return;
  delivery.number = platform_.sessions->new_number();
  MessageKept kept{.session = session,
                   .message = delivery.number,
                   .expires_at_ms = wire::mqtt::stored_ms(delivery.message->expires_at),
                   .flags = {.qos = delivery.qos,
                             .retain = delivery.retain,
                             .subscription_ids = delivery.subscription_ids}};
  if (packet.empty()) {
    packet = packet_of(*delivery.message, {.qos = Qos::kAtLeastOnce});
    kept.packet = packet;
  }
  append_change(session_changes_, kept);
}

Shard::ClientBatch& Shard::batch_for(const ClientPtr& client) {
  const auto [found, fresh] = batch_index_.try_emplace(client.get(), batches_.size());
  if (fresh) batches_.push_back({.client = client, .deliveries = {}, .acks = {}});
  return batches_[found->second];
}

void Shard::flush() {
  append_turn();
  flush_traffic();
  if (batches_.empty()) return;
  std::map<Loop*, std::vector<ClientBatch>> by_loop;
  for (ClientBatch& out : batches_) by_loop[&out.client->loop()].push_back(std::move(out));
  batches_.clear();
  batch_index_.clear();
  for (auto& [loop, outs] : by_loop) {
    std::size_t count = 0;
    for (const ClientBatch& out : outs) count += out.deliveries.size();
    *undelivered_ += count;
    loop->post(
        [batch = std::move(outs), count, undelivered = undelivered_, post = &post_]() mutable {
          for (ClientBatch& out : batch)
            out.client->deliver(std::move(out.deliveries), std::move(out.acks));
          const std::size_t before = undelivered->fetch_sub(count);
          // An empty task, so that the hub checks for work.
          if (before >= kMostUndelivered && before - count < kMostUndelivered)
            (*post)([](Shard&) {});
        });
  }
}

}  // namespace gridloom::hub
