#include "hub/delivery/fanout.h"

#include <algorithm>
#include <map>
#include <utility>

#include "hub/clients/session_changes.h"
#include "hub/delivery/durability_gate.h"
#include "wire/mqtt/topic.h"

namespace gridloom::hub {

void Fanout::use(std::shared_ptr<const registry::Directory> directory) {
  directory_ = std::move(directory);
  ++directories_;
}

void Fanout::to_accounts(const registry::Device& device, Verb verb,
                         const OutgoingMessage& message) {
  if (verb != Verb::kQuota) {
    traffic_.message(TrafficEvent::Kind::kAppGets, device.sn, verb, message.like.payload,
                     device.owner);
  }
  const auto to = [&](registry::AccountId id) {
    const registry::Account* account = directory_->find_account(id);
    if (account != nullptr && faults_.pushes(id, device.sn, verb)) {
      router_.to_apps(account->certificate_account, device.sn, verb, message);
    }
  };
  to(device.owner);
  for (const registry::Share& share : device.shares) to(share.account);
}

void Fanout::to_device(const registry::Device& device, Verb verb, const OutgoingMessage& message) {
  router_.to_device(device.sn, verb, message);
  const registry::Account* owner = directory_->find_account(device.owner);
  if (owner != nullptr) router_.to_gateways(owner->name, device.sn, verb, message);
}

const ReportRoute& Fanout::route_of(const registry::Device& device,
                                    std::unique_ptr<ReportRoute>& kept) {
  const std::uint64_t subscriptions = router_.subscriptions().version();
  if (kept && kept->subscriptions == subscriptions && kept->directories == directories_) {
    return *kept;
  }
  kept = std::make_unique<ReportRoute>(
      ReportRoute{.subscriptions = subscriptions, .directories = directories_});
  const std::string own_topic = make_device_topic(device.sn, Verb::kQuota);
  const registry::Account* owner = directory_->find_account(device.owner);
  if (auto target = router_.target(device.sn, own_topic)) {
    kept->device.push_back(std::move(*target));
  }
  if (owner != nullptr) {
    if (auto target = router_.target(std::string(kGatewayPrefix) + owner->name, own_topic)) {
      kept->device.push_back(std::move(*target));
    }
  }
  const auto add_account = [&](registry::AccountId id) {
    const registry::Account* account = directory_->find_account(id);
    if (account == nullptr) return;
    const std::string& name = account->certificate_account;
    if (auto target = router_.target(name, make_open_topic(name, device.sn, Verb::kQuota))) {
      target->account = id;
      kept->accounts.push_back(std::move(*target));
    }
  };
  add_account(device.owner);
  for (const registry::Share& share : device.shares) add_account(share.account);
  return *kept;
}

void Fanout::to_accounts(const registry::Device& device, const ReportRoute& route,
                         OutgoingReport& report) {
  for (const ReportTarget& target : route.accounts) {
    if (faults_.pushes(target.account, device.sn, Verb::kQuota)) router_.send(target, report);
  }
}

void Fanout::to_device(const ReportRoute& route, OutgoingReport& report) {
  for (const ReportTarget& target : route.device) router_.send(target, report);
}

void Fanout::answer_app(const std::string& certificate_account, const std::string& sn, Verb verb,
                        const OutgoingMessage& message) {
  const registry::Account* app =
      traffic_.wants(sn) ? directory_->find_certificate(certificate_account) : nullptr;
  if (app != nullptr) {
    traffic_.message(TrafficEvent::Kind::kAppGets, sn, verb, message.like.payload, app->id);
  }
  router_.to_apps(certificate_account, sn, verb, message);
}

namespace {

using wire::mqtt::Message;
using wire::mqtt::Qos;

wire::mqtt::MessagePtr with_topic(const Message& like, const std::string& topic) {
  auto copy = std::make_shared<Message>(like);
  copy->topic = topic;
  return copy;
}

}  // namespace

Router::Router(Platform& platform, TurnWriter& writer, std::function<void()> caught_up)
    : platform_(platform), writer_(writer), caught_up_(std::move(caught_up)) {}

void Router::to_apps(std::string_view certificate_account, const std::string& sn, Verb verb,
                     const OutgoingMessage& message) {
  const auto* scope = subscriptions_.find(certificate_account);
  if (scope != nullptr) route(*scope, make_open_topic(certificate_account, sn, verb), message);
}

void Router::to_device(const std::string& sn, Verb verb, const OutgoingMessage& message) {
  const auto* scope = subscriptions_.find(sn);
  if (scope != nullptr) route(*scope, make_device_topic(sn, verb), message);
}

void Router::to_gateways(std::string_view account, const std::string& sn, Verb verb,
                         const OutgoingMessage& message) {
  gateway_.assign(kGatewayPrefix).append(account);
  const auto* scope = subscriptions_.find(gateway_);
  if (scope != nullptr) route(*scope, make_device_topic(sn, verb), message);
}

void Router::offer(const ClientPtr& client, const Subscription& subscription,
                   const std::string& topic, const Message& message, Qos qos) {
  if (!wire::mqtt::filter_matches(subscription.filter, topic)) return;
  if (message.expires_at && *message.expires_at <= platform_.steady->now()) return;
  Delivery delivery{.message = with_topic(message, topic),
                    .qos = std::min(qos, subscription.qos),
                    .retain = true,
                    .subscription_ids = {}};
  if (subscription.id != 0) delivery.subscription_ids.push_back(subscription.id);
  deliver(client, std::move(delivery));
}

void Router::hand_on(const Client& from, std::int64_t stored_number,
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
    if (stored_number != 0 && delivery.number != 0) {
      writer_.add_change(MessageDone{stored_number, delivery.number});
    }
  }
}

void Router::acknowledge(const ClientPtr& client, const Ack& ack) {
  batch_for(client).acks.push_back(ack);
}

std::optional<ReportTarget> Router::target(std::string_view scope, std::string topic) {
  const auto* found = subscriptions_.find(scope);
  if (found == nullptr) return std::nullopt;
  const SubscriptionTable::Match& match = subscriptions_.match(*found, topic);
  if (match.subscribers.empty() && match.groups.empty()) return std::nullopt;
  return ReportTarget{.topic = std::string_view(topic), .match = match};
}

void Router::send(const ReportTarget& target, OutgoingReport& report) {
  forward(target.match, {.qos = report.qos(), .retain = false, .from = report.from()}, [&] {
    auto made = std::make_shared<Message>();
    made->topic = target.topic;
    made->payload = report.text();
    return made;
  });
}

void Router::route(const SubscriptionTable::Scope& scope, const std::string& topic,
                   const OutgoingMessage& message) {
  forward(subscriptions_.match(scope, topic),
          {.qos = message.qos, .retain = message.retain, .from = message.from},
          [&] { return with_topic(message.like, topic); });
}

template <typename Make>
void Router::forward(const SubscriptionTable::Match& match, const Publication& publication,
                     Make make) {
  wire::mqtt::MessagePtr made;
  std::size_t reached = 0;
  const auto deliver = [&](ClientBatch& out) -> Delivery& {
    if (!made) made = make();
    ++reached;
    return out.deliveries.emplace_back(Delivery{
        .message = made, .qos = Qos::kAtMostOnce, .retain = false, .subscription_ids = {}});
  };
  const auto add = [&](Delivery& delivery, const Subscription& subscription) {
    delivery.qos = std::max(delivery.qos, std::min(publication.qos, subscription.qos));
    delivery.retain |= publication.retain && subscription.retain_as_published;
    if (subscription.id != 0) delivery.subscription_ids.push_back(subscription.id);
  };
  ++routes_;
  for (const Subscriber* to : match.subscribers) {
    if (to->subscription.no_local && to->client.get() == publication.from) continue;
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
    if (to->client->stored_number() == 0) continue;
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
  deliveries_ += static_cast<std::int64_t>(reached);
  platform_.counters.deliveries.fetch_add(reached, std::memory_order_relaxed);
}

void Router::deliver(const ClientPtr& client, Delivery delivery) {
  ++deliveries_;
  std::string packet;
  keep(*client, delivery, packet);
  batch_for(client).deliveries.push_back(std::move(delivery));
}

void Router::keep(const Client& client, Delivery& delivery, std::string& packet) {
  const std::int64_t session = client.stored_number();
  if (session == 0 || !platform_.sessions || delivery.number != 0) return;
  if (const auto kept = keep_delivery(*platform_.sessions, session, delivery, packet)) {
    writer_.add_change(*kept);
  }
}

Router::ClientBatch& Router::batch_for(const ClientPtr& client) {
  const auto [found, fresh] = batch_index_.try_emplace(client.get(), batches_.size());
  if (fresh) batches_.push_back({.client = client, .deliveries = {}, .acks = {}});
  return batches_[found->second];
}

std::vector<ClientDeliveries> Router::take_durable() {
  std::vector<ClientDeliveries> durable;
  for (ClientBatch& out : batches_) {
    const bool is_kept = out.client->stored_number() != 0;
    if (!is_kept || !(platform_.log_is_shared || out.client->is_kept_elsewhere())) continue;
    std::vector<Delivery> kept;
    for (Delivery& each : std::exchange(out.deliveries, {})) {
      (each.number == 0 ? out.deliveries : kept).push_back(std::move(each));
    }
    if (!kept.empty()) durable.push_back({.client = out.client, .deliveries = std::move(kept)});
  }
  return durable;
}

void Router::flush() {
  if (batches_.empty()) return;
  std::map<Loop*, std::vector<ClientBatch>> by_loop;
  for (ClientBatch& out : batches_) by_loop[&out.client->loop()].push_back(std::move(out));
  batches_.clear();
  batch_index_.clear();
  for (auto& [loop, outs] : by_loop) {
    std::size_t count = 0;
    for (const ClientBatch& out : outs) count += out.deliveries.size();
    *undelivered_ += count;
    loop->post_lazily([batch = std::move(outs), count, undelivered = undelivered_,
                       caught_up = &caught_up_]() mutable {
      for (ClientBatch& out : batch) {
        out.client->deliver(std::move(out.deliveries), std::move(out.acks));
      }
      const std::size_t before = undelivered->fetch_sub(count);
      if (before >= kMaxUndelivered && before - count < kMaxUndelivered) (*caught_up)();
    });
  }
}

}  // namespace gridloom::hub
