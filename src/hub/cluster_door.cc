#include "hub/cluster_door.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "hub/request_bytes.h"
#include "hub/request_executor.h"
#include "hub/topic_rights.h"

namespace gridloom::hub {
namespace {

// An owner answers a set within the deadline of sets; this is for the way.
constexpr Millis kForTheWay{1000};
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

}  // namespace

// Holds the lock of the door, and runs the effects when it has let it go.
class ClusterDoor::Locked {
 public:
  explicit Locked(ClusterDoor& door) : door_(door), lock_(door.mutex_) {}
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  ~Locked() {
    std::vector<Task> effects = std::exchange(door_.effects_, {});
    lock_.unlock();
    for (Task& each : effects) each();
  }

 private:
  ClusterDoor& door_;
  std::unique_lock<std::mutex> lock_;
};

ClusterDoor::ClusterDoor(Platform& platform, ShardSet& shards,
                         std::function<void(Partition)> changed)
    : platform_(platform), shards_(shards), changed_(std::move(changed)) {}

// --- nodes

ClusterDoor::Node ClusterDoor::add_node(std::shared_ptr<NodeChannel> channel) {
  const Locked locked(*this);
  nodes_.push_back({.channel = std::move(channel)});
  return nodes_.size() - 1;
}

void ClusterDoor::opened(Node node, std::uint64_t session) {
  const Locked locked(*this);
  nodes_[node].session = session;
  for (const auto& [number, client] : clients_) subscribe_again(node, client, std::nullopt);
  for (std::size_t i = 0; i < kPartitions; ++i) {
    if (parts_[i].owner == node) start(static_cast<Partition>(i));
  }
}

void ClusterDoor::closed(Node node) {
  const Locked locked(*this);
  NodeState& state = nodes_[node];
  state.session = 0;
  for (auto& [number, waiting] : std::exchange(state.waiting, {})) {
    answered(*waiting.gathering,
             fail(ErrorCode::kNoAnswer, "the node of the device went away; try again"));
  }
  for (std::size_t i = 0; i < kPartitions; ++i) {
    const auto partition = static_cast<Partition>(i);
    Part& part = parts_[i];
    const bool streams = part.owner == node && part.way == Way::kStream;
    if (streams || part.waits_for == node) hold_again(partition);
    if (streams) part.way = Way::kHeld;
    if (part.waits_for == node) part.waits_for = kNobody;
    start(partition);  // it may have waited for this node's offer
  }
  // Behind what is charged again for publications that wait.
  for (auto& [number, known] : std::exchange(state.clients, {})) {
    consume(known.client, known.owed_bytes);
  }
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

ClusterDoor::Owner ClusterDoor::place(Partition partition, Owner owner) {
  const Locked locked(*this);
  Part& part = parts_.at(number_of(partition));
  const Owner before{.node = part.owner, .revision = part.revision};
  if (owner.node == before.node && owner.revision == before.revision) return before;
  if (owner.node == before.node && part.way != Way::kHeld) {
    part.revision = owner.revision;
    if (part.way == Way::kStream) {
      tell(owner.node, StreamBegins{.partition = partition,
                                    .revision = owner.revision,
                                    .stream = part.stream = ++last_stream_});
    }
    return before;
  }
  if (part.way == Way::kHere) part.waits_for = kHere;
  if (part.way == Way::kStream) part.waits_for = before.node;
  part.owner = owner.node;
  part.revision = owner.revision;
  part.way = Way::kHeld;
  part.offers.clear();
  part.retry_at.reset();
  if (owner.node == kHere) part.retry_at = platform_.steady->now() + kOffersWithin;
  start(partition);
  effects_.emplace_back([this, partition] { changed_(partition); });
  return before;
}

void ClusterDoor::left(Partition partition, Owner owner) {
  const Locked locked(*this);
  Part& part = parts_.at(number_of(partition));
  if (part.waits_for == owner.node && owner.revision < part.revision) {
    part.waits_for = kNobody;
    start(partition);
  } else if (part.owner == owner.node && part.revision == owner.revision &&
             part.way == Way::kStream) {
    part.way = Way::kHeld;  // until it is known whose it is
  }
}

void ClusterDoor::moved(Partition partition, Node node, std::uint64_t stream) {
  const Locked locked(*this);
  Part& part = parts_.at(number_of(partition));
  if (part.owner != node || part.stream != stream || part.way != Way::kStream) return;
  part.way = Way::kHeld;
  part.retry_at = platform_.steady->now() + kRetryAfter;
}

void ClusterDoor::offered(Partition partition, Node node, std::uint64_t revision) {
  const Locked locked(*this);
  Part& part = parts_.at(number_of(partition));
  if (part.owner != kHere || part.revision != revision) return;
  part.offers.insert(node);
  start(partition);
}

bool ClusterDoor::is_offered_by_all(const Part& part) const {
  if (part.retry_at && *part.retry_at <= platform_.steady->now()) return true;
  for (Node node = 0; node < nodes_.size(); ++node) {
    if (is_open(node) && !part.offers.contains(node)) return false;
  }
  return true;
}

void ClusterDoor::is_ready(Partition partition, Node node) {
  const Locked locked(*this);
  const Part& part = parts_.at(number_of(partition));
  if (part.owner == node && part.way == Way::kHeld && part.retry_at) start(partition);
}

bool ClusterDoor::is_elsewhere(Partition partition) const {
  const std::lock_guard lock(mutex_);
  return parts_.at(number_of(partition)).way != Way::kHere;
}

bool ClusterDoor::owns(Partition partition, std::uint64_t revision) const {
  const std::lock_guard lock(mutex_);
  const Part& part = parts_.at(number_of(partition));
  return part.way == Way::kHere && part.revision == revision;
}

ClusterDoor::Owner ClusterDoor::owner_of(Partition partition) const {
  const std::lock_guard lock(mutex_);
  const Part& part = parts_.at(number_of(partition));
  return {.node = part.owner, .revision = part.revision};
}

// --- where a partition goes

void ClusterDoor::start(Partition partition) {
  Part& part = parts_.at(number_of(partition));
  if (part.way != Way::kHeld || part.waits_for != kNobody) return;
  if (part.owner == kHere) {
    if (is_offered_by_all(part)) start_here(partition);
    return;
  }
  part.retry_at.reset();
  if (part.owner != kNobody && is_open(part.owner)) start_stream(partition);
}

void ClusterDoor::start_here(Partition partition) {
  Part& part = parts_.at(number_of(partition));
  part.way = Way::kHere;
  part.retry_at.reset();
  const std::size_t index = shards_.local_index_of(partition);
  for (const auto& [number, known] : clients_) {
    const registry::AccountId account = known.client->identity().account;
    if (known.connected && gridloom::partition_of(known.client->identity().name) == partition) {
      shards_.send_here(index, {.account = account, .action = Connect{known.client}});
    }
    for (const auto& [filter, each] : known.subscriptions) {
      if (each.partition != partition) continue;
      Subscription subscription = each.subscription;
      subscription.send_retained = false;
      known.client->charge_credit(kMessageBytes);
      shards_.send_here(index, {.account = account,
                                .action = Subscribe{.client = known.client,
                                                    .subscription = std::move(subscription)}});
    }
  }
  for (KeptPublication& kept : kept_.take_all(partition)) {
    if (kept.is_sent) kept.client->charge_credit(credit_of(kept.inbound));
    const registry::AccountId account = kept.client->identity().account;
    Publish publish{.client = std::move(kept.client), .publications = {}};
    publish.publications.push_back(std::move(kept.inbound));
    shards_.send_here(index, {.account = account, .action = std::move(publish)});
  }
  effects_.emplace_back([this, partition] { changed_(partition); });
}

void ClusterDoor::start_stream(Partition partition) {
  Part& part = parts_.at(number_of(partition));
  const Node node = part.owner;
  part.way = Way::kStream;
  tell(node, StreamBegins{.partition = partition,
                          .revision = part.revision,
                          .stream = part.stream = ++last_stream_});
  for (const auto& [number, known] : clients_) {
    const registry::AccountId account = known.client->identity().account;
    if (known.connected && gridloom::partition_of(known.client->identity().name) == partition) {
      ask(node, {.account = account, .action = Connect{known.client}}, partition, nullptr);
    }
    subscribe_again(node, known, partition);
  }
  for (KeptPublication& kept : kept_.take_all(partition)) {
    if (std::exchange(kept.is_sent, true)) kept.client->charge_credit(credit_of(kept.inbound));
    const registry::AccountId account = kept.client->identity().account;
    ask(node,
        {.account = account,
         .action = Publish{.client = kept.client, .publications = {kept.inbound}}},
        std::nullopt, nullptr);
    nodes_[node].clients[kept.number].owed_bytes += credit_of(kept.inbound);
    kept_.add(partition, std::move(kept));
  }
}

// Subscriptions for devices of the partition, or (nothing) those for all.
void ClusterDoor::subscribe_again(Node node, const DoorClient& client,
                                  std::optional<Partition> partition) {
  for (const auto& [filter, each] : client.subscriptions) {
    if (each.partition != partition) continue;
    Subscription subscription = each.subscription;
    subscription.send_retained = false;
    ask(node,
        {.account = client.client->identity().account,
         .action = Subscribe{.client = client.client, .subscription = std::move(subscription)}},
        partition, nullptr);
  }
}

void ClusterDoor::tick(TimePoint now) {
  const Locked locked(*this);
  for (std::size_t i = 0; i < kPartitions; ++i) {
    const auto& retry_at = parts_[i].retry_at;
    if (retry_at && *retry_at <= now) start(static_cast<Partition>(i));
  }
  for (NodeState& node : nodes_) {
    std::erase_if(node.waiting, [&](const auto& each) {
      const Waiting& waiting = each.second;
      if (now < waiting.deadline) return false;
      answered(*waiting.gathering,
               fail(ErrorCode::kNoAnswer, "the node of the device did not answer in time"));
      return true;
    });
  }
}

// --- clients

void ClusterDoor::tell(Node node, const NodeMessage& message) {
  nodes_[node].channel->send(nodes_[node].session, message);
}

ClientNumber ClusterDoor::meet(Node node, const ClientPtr& client) {
  const ClientNumber number = book_.number_of(client);
  Known& known = nodes_[node].clients[number];
  if (!std::exchange(known.is_met, true)) {
    known.client = client;
    known.told = {};
    ++known.stand_ins;
    tell(node, ClientMet{.client = number,
                         .identity = client->identity(),
                         .client_id = client->client_id(),
                         .peer = client->peer()});
  }
  const ClientState state{
      .client = number, .present = client->present(), .stored_number = client->stored_number()};
  if (known.told != state) tell(node, known.told = state);
  return number;
}

void ClusterDoor::meet_clients_of(Node node, const Request& request) {
  std::visit(
      [&](const auto& action) {
        if constexpr (requires { action.client; }) static_cast<void>(meet(node, action.client));
        if constexpr (requires { action.from; }) static_cast<void>(meet(node, action.from));
        if constexpr (requires { action.old; }) {
          static_cast<void>(meet(node, action.old));
          static_cast<void>(meet(node, action.fresh));
        }
      },
      request.action);
}

void ClusterDoor::client_changed(const ClientPtr& client) {
  const ClientNumber number = book_.number_of(client);
  const Locked locked(*this);
  for (Node node = 0; node < nodes_.size(); ++node) {
    const auto found = nodes_[node].clients.find(number);
    if (found != nodes_[node].clients.end() && found->second.is_met) {
      static_cast<void>(meet(node, client));
    }
  }
}

void ClusterDoor::note(const Request& request, std::optional<Partition> partition) {
  const Locked locked(*this);
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
    clients_.erase(book_.number_of(end->client));
  } else if (const auto* rebind = std::get_if<Rebind>(&request.action)) {
    rebound(*rebind);
  }
}

// The subscriptions of `fresh` stay and replace those of `old` (SubscriptionTable::rebind()).
void ClusterDoor::rebound(const Rebind& rebind) {
  const ClientNumber old = book_.number_of(rebind.old);
  const ClientNumber fresh = book_.number_of(rebind.fresh);
  auto before = clients_.extract(old);
  DoorClient& known = clients_[fresh];
  known.client = rebind.fresh;
  known.other = old;
  if (!before.empty()) known.subscriptions.merge(before.mapped().subscriptions);
}

// --- requests

void ClusterDoor::consume(const ClientPtr& client, std::size_t bytes) {
  if (bytes == 0) return;
  effects_.emplace_back([client, bytes] {
    if (client->consume_credit(bytes)) {
      client->loop().post([client] { client->resume_reading(); });
    }
  });
}

void ClusterDoor::return_credit(const Request& request) {
  if (const auto* subscribe = std::get_if<Subscribe>(&request.action)) {
    consume(subscribe->client, kMessageBytes);
  } else if (const auto* unsubscribe = std::get_if<Unsubscribe>(&request.action)) {
    consume(unsubscribe->client, kMessageBytes);
  }
}

void ClusterDoor::answered(Gathering& gathering, Result<DeviceAnswer> answer) {
  if (answer) {
    std::ranges::move(answer->twins, std::back_inserter(gathering.answer.twins));
    gathering.answer.text = std::move(answer->text);
    if (answer->last_report) gathering.answer.last_report = answer->last_report;
  } else {
    gathering.error = std::move(answer.error());
  }
  if (--gathering.missing != 0 || gathering.to == kNoReply) return;
  Reply reply{.to = gathering.to, .answer = std::move(gathering.answer)};
  if (gathering.error) reply.answer = std::unexpected(std::move(*gathering.error));
  effects_.emplace_back(
      [this, reply = std::move(reply)]() mutable { shards_.replies().take(std::move(reply)); });
}

void ClusterDoor::fail_request(const Request& request) {
  return_credit(request);
  Gathering nobody{.missing = 1, .to = request.reply};
  answered(nobody, fail(ErrorCode::kNoAnswer, "the node of the device is away; try again"));
}

void ClusterDoor::ask(Node node, const Request& request, std::optional<Partition> partition,
                      const std::shared_ptr<Gathering>& gathering) {
  meet_clients_of(node, request);
  std::uint64_t number = 0;
  if (gathering && gathering->to != kNoReply) {
    number = ++last_request_;
    nodes_[node].waiting[number] = {
        .gathering = gathering,
        .deadline = platform_.steady->now() + platform_.config.set_deadline + kForTheWay};
  }
  tell(node, RemoteRequest{.number = number,
                           .partition = partition,
                           .bytes = bytes_of(request, book_,
                                             platform_.wall->now() - platform_.steady->now())});
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
  const Part& part = parts_.at(number_of(partition));
  const bool is_of_client = std::holds_alternative<Connect>(request.action) ||
                            std::holds_alternative<Disconnect>(request.action) ||
                            std::holds_alternative<Subscribe>(request.action);
  const bool waits = is_of_client && part.way == Way::kHeld;  // start() does it
  if (part.owner == kHere && !waits) {
    return shards_.send_here(shards_.local_index_of(partition), std::move(request));
  }
  if (waits || part.way != Way::kStream) return fail_request(request);
  return_credit(request);
  ask(part.owner, request, partition,
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
    const Part& part = parts_.at(number_of(partition));
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
  if (by_place.empty()) return fail_request(request);
  const auto gathering =
      std::make_shared<Gathering>(Gathering{.missing = by_place.size(), .to = request.reply});
  for (auto& [place, action] : by_place) {
    Request part{.account = request.account, .action = std::move(action)};
    if (place.node == kHere) {
      ask_here(place.shard, std::move(part), gathering);
    } else {
      ask(place.node, part, std::nullopt, gathering);
    }
  }
}

void ClusterDoor::ask_here(std::size_t shard, Request request,
                           const std::shared_ptr<Gathering>& gathering) {
  request.reply = shards_.replies().add(
      {.loop = &shards_.loop_of({}), .done = [this, gathering](Result<DeviceAnswer> answer) {
         const Locked locked(*this);
         answered(*gathering, std::move(answer));
       }});
  shards_.send_here(shard, std::move(request));
}

void ClusterDoor::forget(Node node, const ClientPtr& client) {
  const auto found = nodes_[node].clients.find(book_.number_of(client));
  if (found != nodes_[node].clients.end()) found->second.is_met = false;
}

bool ClusterDoor::is_strange(Node node, const Request& request) {
  const auto knows = [&](const ClientPtr& client) {
    const auto found = nodes_[node].clients.find(book_.number_of(client));
    return found != nodes_[node].clients.end() && found->second.is_met;
  };
  if (const auto* end = std::get_if<EndSession>(&request.action)) return !knows(end->client);
  if (const auto* gone = std::get_if<Disconnect>(&request.action)) return !knows(gone->client);
  if (const auto* rebind = std::get_if<Rebind>(&request.action)) return !knows(rebind->old);
  return false;
}

void ClusterDoor::send_to_all(const Request& request) {
  const Locked locked(*this);
  return_credit(request);
  std::vector<Node> open;
  for (Node node = 0; node < nodes_.size(); ++node) {
    if (is_open(node) && !is_strange(node, request)) open.push_back(node);
  }
  const auto gathering =
      std::make_shared<Gathering>(Gathering{.missing = open.size() + 1, .to = request.reply});
  for (const Node node : open) {
    ask(node, request, std::nullopt, gathering);
    // The node forgets who ends.
    if (const auto* end = std::get_if<EndSession>(&request.action)) forget(node, end->client);
    if (const auto* rebind = std::get_if<Rebind>(&request.action)) forget(node, rebind->old);
  }
  answered(*gathering, DeviceAnswer{});
}

// --- publications

void ClusterDoor::publish(Publish publish, registry::AccountId account) {
  std::map<std::size_t, std::vector<Inbound>> here;
  std::map<Node, std::vector<Inbound>> away;
  const ClientNumber number = book_.number_of(publish.client);
  for (Inbound& each : publish.publications) {
    const Partition partition = gridloom::partition_of(each.sn);
    const Part& part = parts_.at(number_of(partition));
    if (part.way == Way::kHere) {
      here[shards_.local_index_of(partition)].push_back(std::move(each));
      continue;
    }
    const bool streams = part.way == Way::kStream;
    if (each.options.qos != Qos::kAtMostOnce) {
      kept_.add(partition,
                {.client = publish.client, .number = number, .inbound = each, .is_sent = streams});
    } else if (!streams) {
      consume(publish.client, credit_of(each));
    }
    if (streams) away[part.owner].push_back(std::move(each));
  }
  for (auto& [index, some] : here) {
    shards_.send_here(
        index, {.account = account,
                .action = Publish{.client = publish.client, .publications = std::move(some)}});
  }
  for (auto& [node, some] : away) {
    const std::size_t credit = hub::credit_of(some);
    ask(node,
        {.account = account,
         .action = Publish{.client = publish.client, .publications = std::move(some)}},
        std::nullopt, nullptr);
    nodes_[node].clients[number].owed_bytes += credit;
  }
}

// The acknowledgements that a client waits for: of publications that are kept.
std::vector<Ack> ClusterDoor::settle(ClientNumber client, std::vector<Ack> acks) {
  std::erase_if(acks, [&](const Ack& ack) {
    auto kept = kept_.take(client, ack.token.packet_id);
    if (!kept) {
      // It came as the session's client before, or the owner knows the next one already.
      for (const auto& [number, known] : clients_) {
        if (kept || known.other == 0) continue;
        if (number == client) kept = kept_.take(known.other, ack.token.packet_id);
        if (known.other == client) kept = kept_.take(number, ack.token.packet_id);
      }
    }
    if (kept && !kept->is_sent) consume(kept->client, credit_of(kept->inbound));
    return !kept;
  });
  return acks;
}

// --- what owners tell

void ClusterDoor::take(Node node, const RemoteReply& reply) {
  auto read = reply_in(reply.bytes);
  const Locked locked(*this);
  auto waiting = nodes_[node].waiting.extract(reply.number);
  if (waiting.empty()) return;
  if (!read) return answered(*waiting.mapped().gathering, std::unexpected(read.error()));
  answered(*waiting.mapped().gathering, std::move(read->answer));
}

void ClusterDoor::take(Node node, const ClientDelivered& delivered) {
  auto read = delivered_in(delivered.bytes, platform_.wall->now() - platform_.steady->now());
  if (!read) return;
  const Locked locked(*this);
  const auto found = nodes_[node].clients.find(delivered.client);
  if (found == nodes_[node].clients.end()) return;
  const ClientPtr& client = found->second.client;
  std::vector<Ack> acks = settle(delivered.client, std::move(read->acks));
  if (acks.empty() && read->deliveries.empty()) return;
  client->loop().post(
      [client, deliveries = std::move(read->deliveries), acks = std::move(acks)]() mutable {
        client->deliver(std::move(deliveries), std::move(acks));
      });
}

void ClusterDoor::take(Node node, const ClientKicked& kicked) {
  const Locked locked(*this);
  const auto found = nodes_[node].clients.find(kicked.client);
  if (found == nodes_[node].clients.end()) return;
  const ClientPtr& client = found->second.client;
  client->loop().post([client, reason = kicked.reason] { client->kick(reason); });
}

void ClusterDoor::take(Node node, const ClientRightsChanged& changed) {
  const Locked locked(*this);
  const auto found = nodes_[node].clients.find(changed.client);
  if (found == nodes_[node].clients.end()) return;
  const ClientPtr& client = found->second.client;
  client->loop().post([client] { client->rights_changed(); });
}

void ClusterDoor::take(Node node, const CreditReturned& returned) {
  const Locked locked(*this);
  const auto found = nodes_[node].clients.find(returned.client);
  if (found == nodes_[node].clients.end()) return;
  Known& known = found->second;
  const std::size_t bytes = std::min(returned.bytes, known.owed_bytes);
  known.owed_bytes -= bytes;
  consume(known.client, bytes);
}

void ClusterDoor::take(Node node, const ClientGone& gone) {
  const Locked locked(*this);
  const auto found = nodes_[node].clients.find(gone.client);
  if (found == nodes_[node].clients.end()) return;
  if (--found->second.stand_ins != 0) return;
  // The last reference may be this one: a client ends without the lock.
  effects_.emplace_back([client = std::move(found->second.client)] {});
  nodes_[node].clients.erase(found);
}

}  // namespace gridloom::hub
