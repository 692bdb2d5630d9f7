// Who gets a message: subscriptions, shared ones, retained messages, and what one task of the shard
// made for each client.
#include <algorithm>
#include <utility>

#include "hub/shard.h"
#include "wire/mqtt/topic.h"

namespace gridloom::hub {
namespace {

// The key of a scope: the certificate account of an app, what a device or gateway signed in as.
const std::string& scope_key(const Identity& who) { return who.name; }

wire::mqtt::MessagePtr with_topic(const Message& like, const std::string& topic) {
  auto copy = std::make_shared<Message>(like);
  copy->topic = topic;
  return copy;
}

}  // namespace

std::vector<Shard::Subscriber>& Shard::list_of(Scope& scope, const std::string& filter) {
  if (const auto shared = wire::mqtt::shared_parts(filter)) {
    const auto found = std::ranges::find_if(scope.groups, [&](const Group& group) {
      return group.name == shared->group && group.filter == shared->filter;
    });
    if (found != scope.groups.end()) return found->members;
    scope.groups.push_back({.name = std::string(shared->group),
                            .filter = std::string(shared->filter),
                            .members = {},
                            .next = 0});
    return scope.groups.back().members;
  }
  return has_wildcard(filter) ? scope.wild : scope.exact[filter];
}

void Shard::subscribe(const ClientPtr& client, const Subscription& subscription) {
  unsubscribe(*client, subscription.filter);
  Scope& scope = scopes_[scope_key(client->identity())];
  list_of(scope, subscription.filter).push_back({.client = client, .subscription = subscription});
  filters_[client.get()].insert(subscription.filter);
  if (subscription.send_retained && !wire::mqtt::shared_parts(subscription.filter)) {
    send_retained(client, subscription);
  }
}

void Shard::unsubscribe(const Client& client, const std::string& filter) {
  const auto filters = filters_.find(&client);
  if (filters == filters_.end()) return;
  if (filters->second.erase(filter) == 0) return;
  if (filters->second.empty()) filters_.erase(filters);
  const auto scope = scopes_.find(scope_key(client.identity()));
  if (scope == scopes_.end()) return;
  erase_subscription(scope->second, client, filter);
  if (scope->second.empty()) scopes_.erase(scope);
}

void Shard::erase_subscription(Scope& scope, const Client& client, const std::string& filter) {
  std::erase_if(list_of(scope, filter), [&](const Subscriber& subscriber) {
    return subscriber.client.get() == &client && subscriber.subscription.filter == filter;
  });
  std::erase_if(scope.groups, [](const Group& group) { return group.members.empty(); });
  if (const auto exact = scope.exact.find(filter);
      exact != scope.exact.end() && exact->second.empty()) {
    scope.exact.erase(exact);
  }
}

// In one pass over its scope, not one a filter: there may be thousands.
void Shard::ended(const Client& client) {
  disconnected(client);
  const auto filters = filters_.extract(&client);
  const auto found = scopes_.find(scope_key(client.identity()));
  if (filters.empty() || found == scopes_.end()) return;
  Scope& scope = found->second;
  const auto of_client = [&client](const Subscriber& each) { return each.client.get() == &client; };
  std::erase_if(scope.wild, of_client);
  for (Group& group : scope.groups) std::erase_if(group.members, of_client);
  std::erase_if(scope.groups, [](const Group& group) { return group.members.empty(); });
  for (const std::string& filter : filters.mapped()) {
    const auto exact = scope.exact.find(filter);
    if (exact == scope.exact.end()) continue;
    std::erase_if(exact->second, of_client);
    if (exact->second.empty()) scope.exact.erase(exact);
  }
  if (scope.empty()) scopes_.erase(found);
}

void Shard::rebind(const Client& old, const ClientPtr& fresh) {
  for (HeldAck& held : held_acks_) {
    if (held.client.get() == &old) held.client = fresh;
  }
  auto filters = filters_.extract(&old);
  const auto scope = scopes_.find(scope_key(old.identity()));
  if (filters.empty() || scope == scopes_.end()) return;
  for (const std::string& filter : filters.mapped()) {
    for (Subscriber& subscriber : list_of(scope->second, filter)) {
      if (subscriber.client.get() == &old && subscriber.subscription.filter == filter) {
        subscriber.client = fresh;
      }
    }
  }
  filters.key() = fresh.get();
  filters_.insert(std::move(filters));
}

void Shard::offer_retained(const ClientPtr& client, const Subscription& subscription,
                           const std::string& topic, const Retained& retained) {
  if (!wire::mqtt::filter_matches(subscription.filter, topic)) return;
  const auto& expires_at = retained.message->expires_at;
  if (expires_at && *expires_at <= platform_.wall->now()) return;
  Delivery delivery{.message = with_topic(*retained.message, topic),
                    .qos = std::min(retained.qos, subscription.qos),
                    .retain = true,
                    .subscription_ids = {}};
  if (subscription.id != 0) delivery.subscription_ids.push_back(subscription.id);
  out_for(client).deliveries.push_back(std::move(delivery));
}

void Shard::offer_of_device(const ClientPtr& client, const Subscription& subscription,
                            const std::string& sn) {
  const Identity& who = client->identity();
  const bool app = who.role == Role::kAccount;
  if (app) {
    // A new subscriber knows at once which of its devices are online (quirk 36).
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
  const FilterScope scope = scope_of(who, subscription.filter, Wildcards::kGranted);
  if (!scope.sn.empty()) {
    const registry::Device* device = directory_->find_device(scope.sn);
    if (device != nullptr &&
        registry::Directory::rights(who.account, *device) != registry::Rights::kNone) {
      offer_of_device(client, subscription, device->sn);
    }
    return;
  }
  for (const auto& devices :
       {directory_->devices_of(who.account), directory_->shared_with(who.account)}) {
    for (const registry::Device* device : devices) {
      if (mine_(device->sn)) offer_of_device(client, subscription, device->sn);
    }
  }
}

bool Shard::retain(const Inbound& inbound, std::map<std::string, Retained>& among) {
  if (!inbound.how.retain) return true;
  const Message& message = *inbound.message;
  const auto before = among.find(message.topic);
  const std::size_t freed = before == among.end() ? 0 : before->second.message->payload.size();
  if (message.payload.empty()) {
    if (before == among.end()) return true;
    among.erase(before);
  } else {
    if (retained_bytes_ - freed + message.payload.size() > platform_.config.retained_bytes) {
      return false;
    }
    among.insert_or_assign(message.topic,
                           Retained{.message = inbound.message, .qos = inbound.how.qos});
  }
  retained_bytes_ = retained_bytes_ - freed + message.payload.size();
  if (platform_.keep_retained) {
    platform_.keep_retained({.topic = message.topic,
                             .message = message.payload.empty() ? nullptr : inbound.message,
                             .qos = inbound.how.qos});
  }
  return true;
}

void Shard::forget_retained(const std::map<std::string, Retained>& retained) {
  for (const auto& [topic, one] : retained) {
    retained_bytes_ -= one.message->payload.size();
    if (platform_.keep_retained) {
      platform_.keep_retained({.topic = topic, .message = nullptr, .qos = one.qos});
    }
  }
}

void Shard::restore_retained(const RetainedChange& retained) {
  const Retained kept{.message = retained.message, .qos = retained.qos};
  retained_bytes_ += retained.message->payload.size();
  if (const auto by_app = open_topic(retained.topic)) {
    retained_by_accounts_[std::string(by_app->account)].insert_or_assign(retained.topic, kept);
  } else if (const auto by_device = device_topic(retained.topic)) {
    state_of(by_device->sn).retained.insert_or_assign(retained.topic, kept);
  }
}

Message Shard::plain(std::string payload) {
  Message message;
  message.payload = std::move(payload);
  return message;
}

void Shard::to_accounts(const std::string& sn, Verb verb, const Routed& message) {
  if (const registry::Device* device = directory_->find_device(sn)) {
    to_accounts(*device, verb, message);
  }
}

void Shard::to_accounts(const registry::Device& device, Verb verb, const Routed& message) {
  if (verb != Verb::kQuota && is_heard(device.sn)) {
    tell({.what = Heard::What::kAppGets,
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
                       const Routed& message) {
  const auto scope = scopes_.find(account);
  if (scope != scopes_.end()) route(scope->second, make_open_topic(account, sn, verb), message);
}

void Shard::answer_app(const std::string& account, const std::string& sn, Verb verb,
                       const Routed& message) {
  const registry::Account* known = is_heard(sn) ? directory_->find_certificate(account) : nullptr;
  if (known != nullptr) {
    tell({.what = Heard::What::kAppGets,
          .sn = sn,
          .account = known->id,
          .verb = verb,
          .text = message.like.payload});
  }
  to_account(account, sn, verb, message);
}

void Shard::to_device(const std::string& sn, Verb verb, const Routed& message) {
  if (const registry::Device* device = directory_->find_device(sn)) {
    return to_device(*device, verb, message);
  }
  const auto own = scopes_.find(sn);
  if (own != scopes_.end()) route(own->second, make_device_topic(sn, verb), message);
}

void Shard::to_device(const registry::Device& device, Verb verb, const Routed& message) {
  const auto own = scopes_.find(device.sn);
  if (own != scopes_.end()) route(own->second, make_device_topic(device.sn, verb), message);
  const registry::Account* owner = directory_->find_account(device.owner);
  if (owner == nullptr) return;
  gateway_.assign(kGatewayPrefix).append(owner->name);
  const auto gateway = scopes_.find(gateway_);
  if (gateway != scopes_.end()) route(gateway->second, make_device_topic(device.sn, verb), message);
}

void Shard::route(Scope& scope, const std::string& topic, const Routed& message) {
  wire::mqtt::MessagePtr made;
  std::size_t reached = 0;
  const auto deliver = [&](const Subscriber& to) -> Delivery& {
    if (!made) made = with_topic(message.like, topic);
    ++reached;
    return out_for(to.client).deliveries.emplace_back(Delivery{
        .message = made, .qos = Qos::kAtMostOnce, .retain = false, .subscription_ids = {}});
  };
  const auto add = [&](Delivery& delivery, const Subscription& subscription) {
    delivery.qos = std::max(delivery.qos, std::min(message.qos, subscription.qos));
    delivery.retain |= message.retain && subscription.retain_as_published;
    if (subscription.id != 0) delivery.subscription_ids.push_back(subscription.id);
  };
  // A client whose subscriptions overlap gets the message once, at the highest QoS it asked for.
  reached_.clear();
  const auto offer = [&](const Subscriber& to) {
    if (to.subscription.no_local && to.client.get() == message.from) return;
    const auto before = std::ranges::find(reached_, to.client.get(), &Reached::client);
    if (before != reached_.end()) {
      return add(out_for(to.client).deliveries[before->delivery], to.subscription);
    }
    add(deliver(to), to.subscription);
    reached_.push_back(
        {.client = to.client.get(), .delivery = out_for(to.client).deliveries.size() - 1});
  };
  if (const auto exact = scope.exact.find(topic); exact != scope.exact.end()) {
    std::ranges::for_each(exact->second, offer);
  }
  for (const Subscriber& to : scope.wild) {
    if (wire::mqtt::filter_matches(to.subscription.filter, topic)) offer(to);
  }
  for (Group& group : scope.groups) {
    if (!wire::mqtt::filter_matches(group.filter, topic)) continue;
    const Subscriber& to = next_member(group);
    add(deliver(to), to.subscription);
  }
  platform_.counters.deliveries.fetch_add(reached, std::memory_order_relaxed);
}

// In turn among those that are connected; if none is, it waits for one of the others.
const Shard::Subscriber& Shard::next_member(Group& group) {
  const std::size_t count = group.members.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = (group.next + i) % count;
    if (!group.members[index].client->present()) continue;
    group.next = index + 1;
    return group.members[index];
  }
  return group.members[group.next++ % count];
}

Shard::Out& Shard::out_for(const ClientPtr& client) {
  const auto [found, fresh] = out_index_.try_emplace(client.get(), outs_.size());
  if (fresh) outs_.push_back({.client = client, .deliveries = {}, .acks = {}});
  return outs_[found->second];
}

void Shard::flush() {
  append_batch();
  hand_to_ears();
  if (outs_.empty()) return;
  std::map<Loop*, std::vector<Out>> by_loop;
  for (Out& out : outs_) by_loop[&out.client->loop()].push_back(std::move(out));
  outs_.clear();
  out_index_.clear();
  for (auto& [loop, outs] : by_loop) {
    loop->post([batch = std::move(outs)]() mutable {
      for (Out& out : batch) out.client->deliver(std::move(out.deliveries), std::move(out.acks));
    });
  }
}

}  // namespace gridloom::hub
