#include "hubs/cluster_door.h"

#include <map>
#include <string>
#include <utility>
#include <variant>

#include "hub/clients/topic_rights.h"
#include "hub/shard/request_executor.h"
#include "hubs/request_bytes.h"

namespace gridloom::hub {
namespace {

using Way = DoorPartitions::Way;

constexpr auto kHere = DoorPartitions::kHere;

Partition partition_of(const Delivery& delivery) {
  const auto of_app = open_topic(delivery.message->topic);
  const auto of_device = device_topic(delivery.message->topic);
  return gridloom::partition_of(of_app ? of_app->sn : of_device ? of_device->sn : std::string());
}

std::size_t credit_of(const Inbound& inbound) {
  return kMessageBytes + inbound.message->payload.size();
}

}  // namespace

ClusterDoor::Locked::~Locked() {
  door_.introduce();
  std::vector<Task> effects = std::exchange(door_.effects_, {});
  lock_.unlock();
  for (Task& each : effects) each();
}

ClusterDoor::ClusterDoor(Platform& platform, ShardSet& shards,
                         std::function<void(Partition)> changed)
    : platform_(platform),
      shards_(shards),
      nodes_(platform, shards, book_, effects_),
      partitions_({.platform = platform,
                   .shards = shards,
                   .nodes = nodes_,
                   .clients = clients_,
                   .effects = effects_,
                   .changed = std::move(changed)}) {}

// --- nodes

void ClusterDoor::restore(const StoredArrivals& stored) {
  const Locked locked(*this);
  arrivals_.restore(stored);
}

ClusterDoor::Node ClusterDoor::add_node(const std::string& name,
                                        std::shared_ptr<NodeChannel> channel) {
  const Locked locked(*this);
  names_.push_back(name);
  return nodes_.add(std::move(channel));
}

void ClusterDoor::opened(Node node, std::uint64_t session) {
  const Locked locked(*this);
  nodes_.opened(node, session);
  clients_.for_node(
      [&](const Request& request) { nodes_.ask(node, request, std::nullopt, nullptr); });
  partitions_.opened(node);
  strangers_.insert(node);
}

// Once it has all that concerns each of its partitions.
void ClusterDoor::introduce() {
  std::erase_if(strangers_, [this](Node node) {
    if (partitions_.is_held_for(node)) return false;
    nodes_.tell(node, DoorIntroduced{.through = arrivals_.through(names_[node])});
    nodes_.tell(node, DeliveriesTaken{.through = arrivals_.durable_through(names_[node])});
    return true;
  });
}

void ClusterDoor::closed(Node node) {
  const Locked locked(*this);
  strangers_.erase(node);
  partitions_.closing(node);
  nodes_.closed(node);
  partitions_.closed();
}

void ClusterDoor::tick(TimePoint now) {
  const Locked locked(*this);
  partitions_.tick(now);
  nodes_.tick(now);
}

// --- requests

void ClusterDoor::client_changed(const ClientPtr& client) {
  const Locked locked(*this);
  nodes_.client_changed(client);
}

void ClusterDoor::note(const Request& request, std::optional<Partition> partition) {
  const Locked locked(*this);
  clients_.note(request, partition);
  if (const auto* rebind = std::get_if<Rebind>(&request.action)) {
    arrivals_.rebind(rebind->old, rebind->fresh);
  }
}

void ClusterDoor::send_to_all(const Request& request) {
  const Locked locked(*this);
  nodes_.ask_all(request);
}

void ClusterDoor::send(Request request, std::optional<Partition> partition) {
  const Locked locked(*this);
  if (auto* publish = std::get_if<Publish>(&request.action)) {
    return this->publish(std::move(*publish), request.account);
  }
  if (partition) return to_partition(std::move(request), *partition);
  send_split(request);
}

void ClusterDoor::to_partition(Request request, Partition partition) {
  const Node owner = partitions_.owner_of(partition).node;
  const Way way = partitions_.way_of(partition);
  const bool is_of_client = std::holds_alternative<Connect>(request.action) ||
                            std::holds_alternative<Disconnect>(request.action) ||
                            std::holds_alternative<Subscribe>(request.action);
  const bool waits = is_of_client && way == Way::kHeld;  // DoorPartitions does it later
  if (owner == kHere && !waits) {
    return shards_.send_here(shards_.local_index_of(partition), std::move(request));
  }
  if (waits || way != Way::kStream) return nodes_.refuse(request);
  nodes_.ask(owner, request, partition, nodes_.gather(request, 1));
}

// Requests that name several devices, of any nodes. Those that nobody has now are left out.
void ClusterDoor::send_split(const Request& request) {
  struct Place {
    Node node = kHere;
    std::size_t shard = 0;  // of this process
    auto operator<=>(const Place&) const = default;
  };
  std::map<Place, Request::Action> by_place;
  const auto part_for = [&](Partition partition, Request::Action empty) -> Request::Action* {
    const Node owner = partitions_.owner_of(partition).node;
    const bool is_here = owner == kHere;
    if (!is_here && partitions_.way_of(partition) != Way::kStream) return nullptr;
    const Place place{.node = owner, .shard = is_here ? shards_.local_index_of(partition) : 0};
    return &by_place.try_emplace(place, std::move(empty)).first->second;
  };
  if (const auto* hand_on = std::get_if<HandOn>(&request.action)) {
    for (const Delivery& each : hand_on->deliveries) {
      auto* part = part_for(
          partition_of(each),
          HandOn{.from = hand_on->from, .stored_number = hand_on->stored_number, .deliveries = {}});
      if (part != nullptr) std::get<HandOn>(*part).deliveries.push_back(each);
    }
  } else if (const auto* read = std::get_if<ReadTwins>(&request.action)) {
    for (const std::string& sn : read->sns) {
      auto* part = part_for(gridloom::partition_of(sn), ReadTwins{});
      if (part != nullptr) std::get<ReadTwins>(*part).sns.push_back(sn);
    }
  }
  if (by_place.empty()) return nodes_.refuse(request);
  const GatheringPtr gathering = nodes_.gather(request, by_place.size());
  for (auto& [place, action] : by_place) {
    Request part{.account = request.account, .action = std::move(action)};
    if (place.node == kHere) {
      ask_here(place.shard, std::move(part), gathering);
    } else {
      nodes_.ask(place.node, part, std::nullopt, gathering);
    }
  }
}

void ClusterDoor::ask_here(std::size_t shard, Request request, const GatheringPtr& gathering) {
  request.reply = shards_.replies().add(
      {.loop = &shards_.loop_of({}), .done = [this, gathering](Result<DeviceAnswer> answer) {
         const Locked locked(*this);
         nodes_.answered(*gathering, std::move(answer));
       }});
  shards_.send_here(shard, std::move(request));
}

void ClusterDoor::publish(Publish publish, registry::AccountId account) {
  std::map<std::size_t, std::vector<Inbound>> here;
  std::map<Node, std::vector<Inbound>> away;
  const ClientNumber number = book_.number_of(publish.client);
  for (Inbound& each : publish.publications) {
    const Partition partition = gridloom::partition_of(each.sn);
    const Way way = partitions_.way_of(partition);
    if (way == Way::kHere) {
      here[shards_.local_index_of(partition)].push_back(std::move(each));
      continue;
    }
    const bool streams = way == Way::kStream;
    if (each.options.qos != Qos::kAtMostOnce) {
      partitions_.kept().add(
          partition,
          {.client = publish.client, .number = number, .inbound = each, .is_sent = streams});
    } else if (!streams) {
      nodes_.consume(publish.client, credit_of(each));
    }
    if (streams) away[partitions_.owner_of(partition).node].push_back(std::move(each));
  }
  const auto request = [&](std::vector<Inbound> some) -> Request {
    return {.account = account,
            .action = Publish{.client = publish.client, .publications = std::move(some)}};
  };
  for (auto& [index, some] : here) shards_.send_here(index, request(std::move(some)));
  for (auto& [node, some] : away) {
    const std::size_t credit = hub::credit_of(some);
    nodes_.ask(node, request(std::move(some)), std::nullopt, nullptr);
    nodes_.owe(node, publish.client, credit);
  }
}

// --- what owners tell

// The acknowledgements that the client waits for: of publications that are kept.
std::vector<Ack> ClusterDoor::settle(ClientNumber client, std::vector<Ack> acks) {
  std::erase_if(acks, [&](const Ack& ack) {
    auto kept = partitions_.kept().take(client, ack.token.packet_id);
    // The session's publications of before are known by its client of then.
    if (!kept) kept = partitions_.kept().take(clients_.other_of(client), ack.token.packet_id);
    if (kept && !kept->is_sent) nodes_.consume(kept->client, credit_of(kept->inbound));
    return !kept;
  });
  return acks;
}

void ClusterDoor::take(Node node, const ClientDelivered& delivered) {
  auto read = delivered_in(delivered.bytes, platform_.wall->now() - platform_.steady->now());
  if (!read) return;
  const Locked locked(*this);
  const ClientPtr client = nodes_.client_of(node, delivered.client);
  // The owner may not know yet that the session has another client.
  const ClientPtr successor = clients_.successor_of(delivered.client);
  arrivals_.take(names_[node], successor ? successor : client, read->deliveries,
                 [this, node](const Arrivals::Part& part) { durable(node, part); });
  if (!client) return;
  std::vector<Ack> acks = settle(delivered.client, std::move(read->acks));
  if (acks.empty() && read->deliveries.empty()) return;
  client->loop().post(
      [client, deliveries = std::move(read->deliveries), acks = std::move(acks)]() mutable {
        client->deliver(std::move(deliveries), std::move(acks));
      });
}

// On a thread of the journal, which must not wait for the lock.
void ClusterDoor::durable(Node node, const Arrivals::Part& part) {
  shards_.loop_of({}).post([this, node, part] {
    const Locked locked(*this);
    nodes_.tell(node, DeliveriesTaken{.through = part.through});
    auto arrived = arrivals_.take_out(names_[node], part);
    if (!arrived) return;
    Loop& loop = arrived->client->loop();
    loop.post([arrived = std::move(*arrived)]() mutable {
      arrived.client->deliver(std::move(arrived.deliveries), {});
    });
  });
}

void ClusterDoor::take(Node node, const ClientKicked& kicked) {
  const Locked locked(*this);
  const ClientPtr client = nodes_.client_of(node, kicked.client);
  if (client) client->loop().post([client, reason = kicked.reason] { client->kick(reason); });
}

void ClusterDoor::take(Node node, const ClientRightsChanged& changed) {
  const Locked locked(*this);
  const ClientPtr client = nodes_.client_of(node, changed.client);
  if (client) client->loop().post([client] { client->rights_changed(); });
}

}  // namespace gridloom::hub
