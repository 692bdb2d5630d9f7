// Connections, presence and routing. Sets, reads and replies are in shard_requests.cc.
#include "hub/shard.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "wire/mqtt/topic.h"

namespace gridloom::hub {
namespace {

using wire::mqtt::Reason;

// The key of a scope: the certificate account of an app, what a device or gateway signed in as.
const std::string& scope_key(const Identity& who) { return who.name; }

// Whether the credentials that a session signed in with are still good.
bool still_valid(const registry::Directory& directory, const Identity& who) {
  if (who.role == Role::kDevice) {
    const registry::Device* device = directory.find_device(who.name);
    return device != nullptr && device->key.matches(who.password.reveal());
  }
  const registry::Account* account = directory.find_account(who.account);
  if (account == nullptr) return false;
  const Secret& secret =
      who.role == Role::kAccount ? account->certificate_password : account->gateway_key;
  return secret.matches(who.password.reveal());
}

}  // namespace

Shard::Shard(Platform& platform, std::function<bool(std::string_view)> mine)
    : platform_(platform),
      mine_(std::move(mine)),
      directory_(platform.registry.directory()),
      next_id_(unix_ms(platform.clock.now()) & 0x3fffffff) {}

Shard::DeviceState& Shard::state_of(std::string_view sn) {
  if (DeviceState* found = find_state(sn)) return *found;
  const catalog::FamilyPtr& family = platform_.catalog->of_serial(sn);
  twin::LayoutPtr& layout = layouts_[family.get()];
  if (!layout) layout = std::make_shared<const twin::Layout>(family);
  const registry::Device* device = directory_->find_device(sn);
  const std::int64_t number = device == nullptr ? 0 : device->number;
  return devices_.try_emplace(std::string(sn), number, layout, platform_.config.twin).first->second;
}

Shard::DeviceState* Shard::find_state(std::string_view sn) {
  const auto found = devices_.find(sn);
  if (found == devices_.end()) return nullptr;
  const registry::Device* device = directory_->find_device(sn);
  if (device == nullptr || device->number == found->second.number) return &found->second;
  // Removed and added again, perhaps by another owner: nothing of the former one is left.
  std::vector<Pending> pending = std::move(found->second.pending);
  devices_.erase(found);
  for (Pending& waiting : pending) {
    finish(device->sn, std::move(waiting),
           fail(FaultKind::kOffline, device->sn + " was removed meanwhile"));
  }
  return nullptr;
}

void Shard::take_client_id(const ClientPtr& client) {
  std::weak_ptr<Client>& holder =
      client_ids_[scope_key(client->identity()) + '\n' + client->client_id()];
  if (const ClientPtr older = holder.lock(); older && older != client) {
    older->loop().post([older] { older->kick(KickReason::kTakenOver); });
  }
  holder = client;
  // The credentials may have ended between the sign-in and now.
  if (!still_valid(*directory_, client->identity())) {
    client->loop().post([client] { client->kick(KickReason::kNotAuthorized); });
  }
}

void Shard::release_client_id(const Client& client) {
  const auto found = client_ids_.find(scope_key(client.identity()) + '\n' + client.client_id());
  if (found == client_ids_.end()) return;
  const ClientPtr holder = found->second.lock();
  if (!holder || holder.get() == &client) client_ids_.erase(found);
}

void Shard::device_connected(const ClientPtr& client, const std::string& sn) {
  carry(client, sn, state_of(sn));
}

void Shard::carry(const ClientPtr& client, const std::string& sn, DeviceState& state) {
  const bool first = state.carriers.empty() || std::exchange(state.away, false);
  state.carriers.insert(client.get());
  carried_[client.get()].insert(sn);
  if (first) set_online(sn, true);
}

void Shard::gone(const ClientPtr& client) {
  if (const auto found = filters_.find(client.get()); found != filters_.end()) {
    for (const std::string& filter : std::exchange(found->second, {})) unsubscribe(*client, filter);
    filters_.erase(client.get());
  }
  const auto carried = carried_.extract(client.get());
  if (carried.empty()) return;
  for (const std::string& sn : carried.mapped()) drop_carrier(*client, sn);
}

void Shard::drop_carrier(const Client& client, const std::string& sn) {
  DeviceState& state = state_of(sn);
  state.carriers.erase(&client);
  if (!state.carriers.empty()) return;
  state.twin.pause();
  if (!std::exchange(state.away, false)) set_online(sn, false);
}

void Shard::set_online(const std::string& sn, bool online) {
  platform_.presence.set(sn, online);
  to_accounts(sn, Verb::kStatus, plain(status_text(online)), Qos::kAtLeastOnce);
}

std::string Shard::status_text(bool online) const {
  const std::int64_t now = unix_ms(platform_.clock.now());
  return fmt::format(R"({{"id":"{}","version":"1.0","timestamp":{},"params":{{"status":{}}}}})",
                     now, now, online ? 1 : 0);
}

void Shard::subscribe(const ClientPtr& client, const Subscription& subscription) {
  unsubscribe(*client, subscription.filter);
  Scope& scope = scopes_[scope_key(client->identity())];
  std::vector<Subscriber>& list =
      has_wildcard(subscription.filter) ? scope.wild : scope.exact[subscription.filter];
  list.push_back({.client = client, .subscription = subscription});
  filters_[client.get()].push_back(subscription.filter);
  if (subscription.send_retained) send_retained(client, subscription);
}

void Shard::unsubscribe(const Client& client, const std::string& filter) {
  if (const auto found = filters_.find(&client); found != filters_.end()) {
    std::erase(found->second, filter);
  }
  const auto scope = scopes_.find(scope_key(client.identity()));
  if (scope == scopes_.end()) return;
  const auto of_client = [&](const Subscriber& subscriber) {
    return subscriber.client.get() == &client && subscriber.subscription.filter == filter;
  };
  std::erase_if(scope->second.wild, of_client);
  if (const auto exact = scope->second.exact.find(filter); exact != scope->second.exact.end()) {
    std::erase_if(exact->second, of_client);
    if (exact->second.empty()) scope->second.exact.erase(exact);
  }
  if (scope->second.wild.empty() && scope->second.exact.empty()) scopes_.erase(scope);
}

// A new subscriber knows at once which of its devices are online (quirk 36).
void Shard::send_retained(const ClientPtr& client, const Subscription& subscription) {
  const Identity& who = client->identity();
  if (who.role != Role::kAccount) return;
  const auto offer = [&](const std::string& sn) {
    const std::string topic = make_open_topic(who.name, sn, Verb::kStatus);
    if (!wire::mqtt::filter_matches(subscription.filter, topic)) return;
    Delivery delivery{.message = std::make_shared<const Message>(Message{
                          .topic = topic, .payload = status_text(platform_.presence.online(sn))}),
                      .qos = std::min(Qos::kAtLeastOnce, subscription.qos),
                      .retain = true,
                      .subscription_ids = {}};
    if (subscription.id != 0) delivery.subscription_ids.push_back(subscription.id);
    out_for(client).deliveries.push_back(std::move(delivery));
  };
  if (const auto topic = open_topic(subscription.filter);
      topic && !has_wildcard(subscription.filter)) {
    const registry::Device* device = directory_->find_device(topic->sn);
    if (device != nullptr &&
        registry::Directory::rights(who.account, *device) != registry::Rights::kNone) {
      offer(device->sn);
    }
    return;
  }
  for (const auto& devices :
       {directory_->devices_of(who.account), directory_->shared_with(who.account)}) {
    for (const registry::Device* device : devices) {
      if (mine_(device->sn)) offer(device->sn);
    }
  }
}

void Shard::publish(const ClientPtr& client, Inbound inbound) {
  Ack ack{.token = inbound.token, .reason = Reason::kSuccess};
  if (client->identity().role == Role::kAccount) {
    to_account(client->identity().name, inbound.sn, inbound.verb, *inbound.message, inbound.qos,
               client.get());
    if (inbound.verb == Verb::kSet) on_account_set(client, inbound);
    if (inbound.verb == Verb::kGet) on_account_get(client, inbound);
  } else {
    const registry::Device* device = directory_->find_device(inbound.sn);
    const bool own = device != nullptr && (client->identity().role == Role::kDevice ||
                                           device->owner == client->identity().account);
    if (!own) {
      ack.reason = Reason::kNotAuthorized;
    } else if (DeviceState& state = state_of(inbound.sn); inbound.verb == Verb::kStatus) {
      on_status(client, inbound, state);
    } else {
      carry(client, inbound.sn, state);
      if (inbound.verb == Verb::kQuota) on_report(inbound, state);
      if (inbound.verb == Verb::kSetReply) on_reply(inbound, state);
      if (inbound.verb == Verb::kGetReply) {
        to_accounts(inbound.sn, Verb::kGetReply, *inbound.message, inbound.qos);
      }
    }
  }
  if (inbound.qos != Qos::kAtMostOnce) out_for(client).acks.push_back(ack);
}

void Shard::on_report(const Inbound& inbound, DeviceState& state) {
  Counters& counters = platform_.counters;
  counters.reports.fetch_add(1, std::memory_order_relaxed);
  counters.report_bytes.fetch_add(inbound.message->payload.size(), std::memory_order_relaxed);
  const auto applied = state.twin.apply(inbound.message->payload, platform_.clock.now(), reader_);
  if (!applied) {
    counters.reports_malformed.fetch_add(1, std::memory_order_relaxed);
    spdlog::debug("report of {} not taken: {}", inbound.sn, applied.error().detail);
  } else if (applied->refused != 0) {
    counters.quotas_refused.fetch_add(applied->refused, std::memory_order_relaxed);
  }
  to_accounts(inbound.sn, Verb::kQuota, *inbound.message, inbound.qos);
}

// A device (through a gateway, say) may also tell its presence itself.
void Shard::on_status(const ClientPtr& client, const Inbound& inbound, DeviceState& state) {
  const auto parsed = wire::parse_json(inbound.message->payload);
  if (!parsed) return;
  const wire::Json* params = wire::member(*parsed, "params");
  const wire::Json* status = params == nullptr ? nullptr : wire::member(*params, "status");
  if (status == nullptr || !wire::is_whole(*status)) return;
  if (wire::whole(*status) != 0) return carry(client, inbound.sn, state);
  state.carriers.insert(client.get());
  carried_[client.get()].insert(inbound.sn);
  if (std::exchange(state.away, true)) return;
  state.twin.pause();
  set_online(inbound.sn, false);
}

Message Shard::plain(std::string payload) {
  Message message;
  message.payload = std::move(payload);
  return message;
}

void Shard::to_accounts(const std::string& sn, Verb verb, const Message& like, Qos qos) {
  const registry::Device* device = directory_->find_device(sn);
  if (device == nullptr) return;
  const auto to = [&](registry::AccountId id) {
    if (const registry::Account* account = directory_->find_account(id)) {
      to_account(account->certificate_account, sn, verb, like, qos);
    }
  };
  to(device->owner);
  for (const registry::Share& share : device->shares) to(share.account);
}

void Shard::to_account(std::string_view account, const std::string& sn, Verb verb,
                       const Message& like, Qos qos, const Client* from) {
  if (!scopes_.contains(account)) return;
  route(account, make_open_topic(account, sn, verb), like, qos, from);
}

void Shard::to_device(const std::string& sn, Verb verb, const Message& like) {
  const std::string topic = make_device_topic(sn, verb);
  route(sn, topic, like, Qos::kAtLeastOnce, nullptr);
  const registry::Device* device = directory_->find_device(sn);
  const registry::Account* owner =
      device == nullptr ? nullptr : directory_->find_account(device->owner);
  if (owner != nullptr)
    route(std::string(kGatewayPrefix) + owner->name, topic, like, Qos::kAtLeastOnce, nullptr);
}

void Shard::route(std::string_view scope_name, std::string topic, const Message& like, Qos qos,
                  const Client* from) {
  const auto scope = scopes_.find(scope_name);
  if (scope == scopes_.end()) return;
  // A client whose subscriptions overlap gets the message once, at the highest QoS it asked for.
  wire::mqtt::MessagePtr message;
  struct Reached {
    const Client* client;
    std::size_t delivery;  // in its Out
  };
  std::vector<Reached> reached;
  const auto offer = [&](const Subscriber& subscriber) {
    const Subscription& subscription = subscriber.subscription;
    if (subscription.no_local && subscriber.client.get() == from) return;
    if (!message) {
      auto copy = std::make_shared<Message>(like);
      copy->topic = topic;
      message = std::move(copy);
    }
    const Qos granted = std::min(qos, subscription.qos);
    std::vector<Delivery>& deliveries = out_for(subscriber.client).deliveries;
    const auto before = std::ranges::find(reached, subscriber.client.get(), &Reached::client);
    const std::size_t index = before == reached.end() ? deliveries.size() : before->delivery;
    if (before == reached.end()) {
      reached.push_back({.client = subscriber.client.get(), .delivery = index});
      deliveries.push_back(
          {.message = message, .qos = granted, .retain = false, .subscription_ids = {}});
    }
    Delivery& delivery = deliveries[index];
    delivery.qos = std::max(delivery.qos, granted);
    if (subscription.id != 0) delivery.subscription_ids.push_back(subscription.id);
  };
  if (const auto exact = scope->second.exact.find(topic); exact != scope->second.exact.end()) {
    std::ranges::for_each(exact->second, offer);
  }
  for (const Subscriber& subscriber : scope->second.wild) {
    if (wire::mqtt::filter_matches(subscriber.subscription.filter, topic)) offer(subscriber);
  }
  platform_.counters.deliveries.fetch_add(reached.size(), std::memory_order_relaxed);
}

Shard::Out& Shard::out_for(const ClientPtr& client) {
  const auto [found, fresh] = out_index_.try_emplace(client.get(), outs_.size());
  if (fresh) outs_.push_back({.client = client, .deliveries = {}, .acks = {}});
  return outs_[found->second];
}

void Shard::flush() {
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

void Shard::registry_changed() {
  directory_ = platform_.registry.directory();
  rights_changed_ = true;
}

// Looks at everyone, so it is put off until tick(): a thousand devices may be added one by one.
void Shard::drop_what_ended() {
  for (const auto& [key, holder] : client_ids_) {
    const ClientPtr client = holder.lock();
    if (!client || still_valid(*directory_, client->identity())) continue;
    client->loop().post([client] { client->kick(KickReason::kNotAuthorized); });
  }
  for (auto& [client, serials] : carried_) {
    if (client->identity().role != Role::kGateway) continue;
    std::erase_if(serials, [&](const std::string& sn) {
      const registry::Device* device = directory_->find_device(sn);
      const bool ended = device == nullptr || device->owner != client->identity().account;
      if (ended) drop_carrier(*client, sn);
      return ended;
    });
  }
  std::erase_if(devices_, [this](const auto& entry) {
    const DeviceState& state = entry.second;
    return directory_->find_device(entry.first) == nullptr && state.carriers.empty() &&
           state.pending.empty();
  });
}

}  // namespace gridloom::hub
