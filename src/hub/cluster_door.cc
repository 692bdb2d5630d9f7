#include "hub/cluster_door.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "hub/request_bytes.h"
#include "hub/request_executor.h"
#include "hub/topic_rights.h"

namespace gridloom::hub {
namespace {

// A partition that its owner does not know of yet is offered to it again after this time.
constexpr Millis kRetryAfter{250};
// A door that has no stream for a partition is waited for so long.
constexpr Millis kOffersWithin{1000};

Partition partition_of(const Delivery& delivery) {
  const auto of_app = open_topic(delivery.message->topic);
  const auto of_device = device_topic(delivery.message->topic);
  return gridloom::partition_of(of_app ? of_app->sn : of_device ? of_device->sn : std::string());
}

std::size_t credit_of(const Inbound& inbound) {
  return kMessageBytes + inbound.message->payload.size();
}

Request request_of(const KeptPublication& kept) {
  Publish publish{.client = kept.client, .publications = {kept.inbound}};
  return {.account = kept.client->identity().account, .action = std::move(publish)};
}

}  // namespace

ClusterDoor::Locked::~Locked() {
  std::vector<Task> effects = std::exchange(door_.effects_, {});
  lock_.unlock();
  for (Task& each : effects) each();
}

ClusterDoor::ClusterDoor(Platform& platform, ShardSet& shards,
                         std::function<void(Partition)> changed)
    : platform_(platform),
      shards_(shards),
      changed_(std::move(changed)),
      nodes_(platform, shards, book_, effects_) {}

// --- nodes

ClusterDoor::Node ClusterDoor::add_node(std::shared_ptr<NodeChannel> channel) {
  const Locked locked(*this);
  return nodes_.add(std::move(channel));
}

void ClusterDoor::opened(Node node, std::uint64_t session) {
  const Locked locked(*this);
  nodes_.opened(node, session);
  clients_.for_node(
      [&](const Request& request) { nodes_.ask(node, request, std::nullopt, nullptr); });
  for (std::size_t i = 0; i < kPartitions; ++i) {
    if (parts_.at(i).owner == node) start(static_cast<Partition>(i));
  }
}

void ClusterDoor::closed(Node node) {
  const Locked locked(*this);
  for (std::size_t i = 0; i < kPartitions; ++i) {
    const auto partition = static_cast<Partition>(i);
    Part& part = part_of(partition);
    const bool streams = part.owner == node && part.way == Way::kStream;
    if (streams || part.waits_for == node) hold_again(partition);
    if (streams) part.way = Way::kHeld;
    if (part.waits_for == node) part.waits_for = kNobody;
  }
  // Behind what is charged again for publications that wait.
  nodes_.closed(node);
  // Those that waited for this node.
  for (std::size_t i = 0; i < kPartitions; ++i) start(static_cast<Partition>(i));
}

// The node that had the partition is gone, with what it may have taken.
void ClusterDoor::hold_again(Partition partition) {
  for (KeptPublication& kept : kept_.take_all(partition)) {
    if (std::exchange(kept.is_sent, false)) {
      if (kept.inbound.verb == Verb::kSet) {
        effects_.emplace_back([client = kept.client] {
          client->loop().post([client] { client->kick(KickReason::kDropped); });
        });
        continue;
      }
      kept.client->charge_credit(credit_of(kept.inbound));
      kept.inbound.options.resent = true;
      kept.inbound.options.identity.is_complete = false;
    }
    kept_.add(partition, std::move(kept));
  }
}

bool ClusterDoor::place(Partition partition, Owner owner) {
  const Locked locked(*this);
  Part& part = part_of(partition);
  const Node before = part.owner;
  const bool was_here = part.way == Way::kHere;
  part.revision = owner.revision;
  if (owner.node == before) return false;  // it goes on with what it has
  if (was_here) part.waits_for = kHere;
  if (part.way == Way::kStream) part.waits_for = before;
  part.owner = owner.node;
  part.since = owner.revision;
  part.way = Way::kHeld;
  part.offers.clear();
  part.retry_at.reset();
  if (owner.node == kHere) part.retry_at = platform_.steady->now() + kOffersWithin;
  start(partition);
  effects_.emplace_back([this, partition] { changed_(partition); });
  return was_here;
}

void ClusterDoor::left(Partition partition, Owner owner) {
  const Locked locked(*this);
  Part& part = part_of(partition);
  if (part.waits_for == owner.node && owner.revision < part.since) {
    part.waits_for = kNobody;
    start(partition);
  } else if (part.owner == owner.node && owner.revision >= part.since && part.way == Way::kStream) {
    part.way = Way::kHeld;  // until it is known whose it is
  }
}

void ClusterDoor::moved(Partition partition, Node node, std::uint64_t stream) {
  const Locked locked(*this);
  Part& part = part_of(partition);
  if (part.owner != node || part.stream != stream || part.way != Way::kStream) return;
  part.way = Way::kHeld;
  part.retry_at = platform_.steady->now() + kRetryAfter;
}

void ClusterDoor::offered(Partition partition, Node node, std::uint64_t revision) {
  const Locked locked(*this);
  Part& part = part_of(partition);
  if (part.owner != kHere || revision < part.since) return;
  part.offers.insert(node);
  start(partition);
}

bool ClusterDoor::is_offered_by_all(const Part& part) const {
  if (part.retry_at && *part.retry_at <= platform_.steady->now()) return true;
  for (Node node = 0; node < nodes_.size(); ++node) {
    if (nodes_.is_open(node) && !part.offers.contains(node)) return false;
  }
  return true;
}

void ClusterDoor::is_ready(Partition partition, Node node) {
  const Locked locked(*this);
  const Part& part = part_of(partition);
  if (part.owner == node && part.way == Way::kHeld && part.retry_at) start(partition);
}

bool ClusterDoor::is_elsewhere(Partition partition) const {
  const std::lock_guard lock(mutex_);
  return parts_.at(number_of(partition)).way != Way::kHere;
}

bool ClusterDoor::owns(Partition partition, std::uint64_t revision) const {
  const std::lock_guard lock(mutex_);
  const Part& part = parts_.at(number_of(partition));
  return part.way == Way::kHere && revision >= part.since && revision <= part.revision;
}

ClusterDoor::Owner ClusterDoor::owner_of(Partition partition) const {
  const std::lock_guard lock(mutex_);
  const Part& part = parts_.at(number_of(partition));
  return {.node = part.owner, .revision = part.revision};
}

// --- where a partition goes

void ClusterDoor::start(Partition partition) {
  Part& part = part_of(partition);
  if (part.way != Way::kHeld || part.waits_for != kNobody) return;
  if (part.owner == kHere) {
    if (is_offered_by_all(part)) start_here(partition);
    return;
  }
  part.retry_at.reset();
  if (part.owner != kNobody && nodes_.is_open(part.owner)) start_stream(partition);
}

void ClusterDoor::start_here(Partition partition) {
  Part& part = part_of(partition);
  part.way = Way::kHere;
  part.retry_at.reset();
  const std::size_t index = shards_.local_index_of(partition);
  clients_.for_partition(partition, [&](const Request& request) {
    if (const auto* subscribe = std::get_if<Subscribe>(&request.action)) {
      subscribe->client->charge_credit(kMessageBytes);
    }
    shards_.send_here(index, request);
  });
  for (const KeptPublication& kept : kept_.take_all(partition)) {
    if (kept.is_sent) kept.client->charge_credit(credit_of(kept.inbound));
    shards_.send_here(index, request_of(kept));
  }
  effects_.emplace_back([this, partition] { changed_(partition); });
}

void ClusterDoor::start_stream(Partition partition) {
  Part& part = part_of(partition);
  const Node node = part.owner;
  part.way = Way::kStream;
  part.stream = ++last_stream_;
  nodes_.tell(
      node, StreamBegins{.partition = partition, .revision = part.revision, .stream = part.stream});
  clients_.for_partition(
      partition, [&](const Request& request) { nodes_.ask(node, request, partition, nullptr); });
  for (KeptPublication& kept : kept_.take_all(partition)) {
    if (std::exchange(kept.is_sent, true)) kept.client->charge_credit(credit_of(kept.inbound));
    nodes_.ask(node, request_of(kept), std::nullopt, nullptr);
    nodes_.owe(node, kept.client, credit_of(kept.inbound));
    kept_.add(partition, std::move(kept));
  }
}

void ClusterDoor::tick(TimePoint now) {
  const Locked locked(*this);
  for (std::size_t i = 0; i < kPartitions; ++i) {
    const auto& retry_at = parts_.at(i).retry_at;
    if (retry_at && *retry_at <= now) start(static_cast<Partition>(i));
  }
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
  const Part& part = part_of(partition);
  const bool is_of_client = std::holds_alternative<Connect>(request.action) ||
                            std::holds_alternative<Disconnect>(request.action) ||
                            std::holds_alternative<Subscribe>(request.action);
  const bool waits = is_of_client && part.way == Way::kHeld;  // start() does it
  if (part.owner == kHere && !waits) {
    return shards_.send_here(shards_.local_index_of(partition), std::move(request));
  }
  if (waits || part.way != Way::kStream) return nodes_.refuse(request);
  nodes_.return_credit(request);
  nodes_.ask(part.owner, request, partition,
             std::make_shared<Gathering>(Gathering{.missing = 1, .to = request.reply}));
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
    const Part& part = part_of(partition);
    const bool is_here = part.owner == kHere;
    if (!is_here && part.way != Way::kStream) return nullptr;
    const Place place{.node = part.owner, .shard = is_here ? shards_.local_index_of(partition) : 0};
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
  const auto gathering =
      std::make_shared<Gathering>(Gathering{.missing = by_place.size(), .to = request.reply});
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
    const Part& part = part_of(partition);
    if (part.way == Way::kHere) {
      here[shards_.local_index_of(partition)].push_back(std::move(each));
      continue;
    }
    const bool streams = part.way == Way::kStream;
    if (each.options.qos != Qos::kAtMostOnce) {
      kept_.add(partition,
                {.client = publish.client, .number = number, .inbound = each, .is_sent = streams});
    } else if (!streams) {
      nodes_.consume(publish.client, credit_of(each));
    }
    if (streams) away[part.owner].push_back(std::move(each));
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
    auto kept = kept_.take(client, ack.token.packet_id);
    // The session's publications of before are known by its client of then.
    if (!kept) kept = kept_.take(clients_.other_of(client), ack.token.packet_id);
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
  if (!client) return;
  std::vector<Ack> acks = settle(delivered.client, std::move(read->acks));
  if (acks.empty() && read->deliveries.empty()) return;
  client->loop().post(
      [client, deliveries = std::move(read->deliveries), acks = std::move(acks)]() mutable {
        client->deliver(std::move(deliveries), std::move(acks));
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
