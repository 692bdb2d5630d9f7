#include "hubs/door_clients.h"

#include <utility>
#include <variant>

namespace gridloom::hub {

void DoorClients::note(const Request& request, std::optional<Partition> partition) {
  if (const auto* connect = std::get_if<Connect>(&request.action)) {
    DoorClient& known = clients_[book_.number_of(connect->client)];
    known.client = connect->client;
    known.connected = true;
  } else if (const auto* disconnect = std::get_if<Disconnect>(&request.action)) {
    const auto found = clients_.find(book_.number_of(disconnect->client));
    if (found != clients_.end()) found->second.connected = false;
  } else if (const auto* subscribe = std::get_if<Subscribe>(&request.action)) {
    DoorClient& known = clients_[book_.number_of(subscribe->client)];
    known.client = subscribe->client;
    known.subscriptions[subscribe->subscription.filter] = {.subscription = subscribe->subscription,
                                                           .partition = partition};
  } else if (const auto* unsubscribe = std::get_if<Unsubscribe>(&request.action)) {
    const auto found = clients_.find(book_.number_of(unsubscribe->client));
    if (found != clients_.end()) found->second.subscriptions.erase(unsubscribe->filter);
  } else if (const auto* end = std::get_if<EndSession>(&request.action)) {
    const auto ended = clients_.extract(book_.number_of(end->client));
    if (!ended.empty()) after_.erase(ended.mapped().before);
  } else if (const auto* rebind = std::get_if<Rebind>(&request.action)) {
    rebound(*rebind);
  }
}

// The subscriptions of `fresh` stay and replace those of `old` (SubscriptionTable::rebind()).
void DoorClients::rebound(const Rebind& rebind) {
  const ClientNumber old = book_.number_of(rebind.old);
  const ClientNumber fresh = book_.number_of(rebind.fresh);
  auto before = clients_.extract(old);
  DoorClient& known = clients_[fresh];
  known.client = rebind.fresh;
  known.before = old;
  after_[old] = fresh;
  if (before.empty()) return;
  after_.erase(before.mapped().before);
  known.subscriptions.merge(before.mapped().subscriptions);
}

ClientNumber DoorClients::other_of(ClientNumber client) const {
  if (const auto found = clients_.find(client); found != clients_.end()) {
    return found->second.before;
  }
  const auto found = after_.find(client);
  return found == after_.end() ? 0 : found->second;
}

ClientPtr DoorClients::successor_of(ClientNumber client) const {
  const auto after = after_.find(client);
  if (after == after_.end()) return nullptr;
  const auto found = clients_.find(after->second);
  return found == clients_.end() ? nullptr : found->second.client;
}

void DoorClients::subscriptions_of(const DoorClient& known, std::optional<Partition> partition,
                                   const Each& each) {
  for (const auto& [filter, subscribed] : known.subscriptions) {
    if (subscribed.partition != partition) continue;
    Subscription subscription = subscribed.subscription;
    subscription.send_retained = false;
    each({.account = known.client->identity().account,
          .action = Subscribe{.client = known.client, .subscription = std::move(subscription)}});
  }
}

void DoorClients::for_partition(Partition partition, const Each& each) const {
  for (const auto& [number, known] : clients_) {
    const Identity& who = known.client->identity();
    if (known.connected && partition_of(who.name) == partition) {
      each({.account = who.account, .action = Connect{known.client}});
    }
    subscriptions_of(known, partition, each);
  }
}

void DoorClients::for_node(const Each& each) const {
  for (const auto& [number, known] : clients_) subscriptions_of(known, std::nullopt, each);
}

}  // namespace gridloom::hub
