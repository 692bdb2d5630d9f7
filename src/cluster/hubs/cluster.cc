#include "hubs/cluster.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <type_traits>
#include <utility>
#include <variant>

#include "hubs/change_bytes.h"

namespace gridloom::hub {
namespace {

template <typename Message, typename... Others>
inline constexpr bool kIsOneOf = (std::is_same_v<Message, Others> || ...);

}  // namespace

Cluster& Cluster::join(Hub& hub, const ClusterOptions& options) {
  auto cluster = std::make_unique<Cluster>(hub.platform_, hub.shards_, options);
  Cluster& joined = *cluster;
  hub.shards_.use(std::move(cluster));
  hub.platform_.log_is_shared = options.log_is_shared;
  options.peers->use(&joined);
  return joined;
}

Cluster::Cluster(Platform& platform, ShardSet& shards, ClusterOptions options)
    : platform_(platform),
      shards_(shards),
      loops_(shards.loops()),
      options_(std::move(options)),
      door_(platform, shards, [this](Partition partition) {
        shards_.update_elsewhere(partition, [&] { return door_.is_elsewhere(partition); });
        // The owner is ready: doors that it refused may come.
        if (!shards_.is_elsewhere(partition)) broadcast(presence_of(partition));
      }) {
  platform_.presence.on_change([this](std::string_view sn, bool online) {
    broadcast(PresenceChanged{.sn = std::string(sn), .online = online});
  });
  platform_.changes.on_interest([this](const ChangeInterest& interest, bool wanted) {
    broadcast(ChangesWanted{.interest = interest, .wanted = wanted});
  });
}

Cluster::~Cluster() {
  options_.peers->use(nullptr);
  platform_.changes.on_interest({});
  platform_.presence.on_change({});
}

// --- nodes

Cluster::Node* Cluster::find(const std::string& name) const {
  const std::shared_lock lock(mutex_);
  const auto found =
      std::ranges::find_if(nodes_, [&](const auto& each) { return each->name == name; });
  return found == nodes_.end() ? nullptr : found->get();
}

Cluster::Node& Cluster::find_or_add(const std::string& name) {
  if (Node* known = find(name)) return *known;
  const std::unique_lock lock(mutex_);
  auto& node = *nodes_.emplace_back(std::make_unique<Node>());
  node.name = name;
  node.channel = std::make_shared<NodeChannel>(
      NodeChannel::Options{.loop = *loops_[nodes_.size() % loops_.size()],
                           .clock = *platform_.steady,
                           .run = options_.run,
                           .limits = options_.link,
                           .congested_bytes = options_.congested_bytes},
      NodeChannel::Events{
          .opened = [this, &node](std::uint64_t session) { opened(node, session); },
          .closed = [this, &node] { closed(node); },
          .received = [this, &node](const NodeMessage& message) { take(node, message); },
          .send = [peers = options_.peers,
                   name](const std::string& frame) { return peers->send(name, frame); }});
  node.owner = std::make_unique<NodeOwner>(NodeOwner::Parts{
      .name = name,
      .platform = platform_,
      .shards = shards_,
      .channel = node.channel,
      .offered =
          [this, &node](Partition partition, std::uint64_t revision) {
            door_.with_partitions(
                [&](DoorPartitions& all) { all.offered(partition, node.number, revision); });
          },
      .owns =
          [this](Partition partition, std::uint64_t revision) {
            return door_.with_partitions(
                [&](const DoorPartitions& all) { return all.owns(partition, revision); });
          }});
  node.number = door_.add_node(name, node.channel);
  return node;
}

void Cluster::node_is_there(const std::string& node) {
  find_or_add(node).channel->loop().post(
      [channel = find_or_add(node).channel] { channel->node_is_there(); });
}

void Cluster::node_is_away(const std::string& node) {
  if (const Node* known = find(node)) {
    known->channel->loop().post([channel = known->channel] { channel->node_is_away(); });
  }
}

void Cluster::received(const std::string& from, std::string bytes) {
  if (const Node* known = find(from)) {
    known->channel->loop().post(
        [channel = known->channel, bytes = std::move(bytes)] { channel->receive(bytes); });
  }
}

void Cluster::opened(Node& node, std::uint64_t session) {
  spdlog::info("node {}: linked", node.name);
  node.owner->opened(session);
  node.session = session;
  door_.opened(node.number, session);
  for (std::size_t i = 0; i < kPartitions; ++i) {
    const auto partition = static_cast<Partition>(i);
    if (!shards_.is_elsewhere(partition)) {
      node.channel->send(session, presence_of(partition));
    }
  }
  platform_.changes.for_each_interest([&](const ChangeInterest& interest) {
    node.channel->send(session, ChangesWanted{.interest = interest, .wanted = true});
  });
  // Nobody here knows the changes there before.
  platform_.changes.lose_all();
}

void Cluster::closed(Node& node) {
  spdlog::warn("node {}: not linked any more", node.name);
  node.session = 0;
  node.owner->closed();
  door_.closed(node.number);
}

void Cluster::broadcast(const NodeMessage& message) const {
  const std::shared_lock lock(mutex_);
  for (const auto& node : nodes_) node->channel->send(node->session.load(), message);
}

void Cluster::tick() {
  door_.tick(platform_.steady->now());
  const std::shared_lock lock(mutex_);
  for (const auto& node : nodes_) {
    node->channel->loop().post([&owner = *node->owner, channel = node->channel] {
      channel->tick();
      owner.tick();
    });
  }
}

void Cluster::restore(StoredTransit stored) {
  if (stored.node == options_.self) return;
  NodeOwner& owner = *find_or_add(stored.node).owner;
  owner.restore(std::move(stored));
}

// --- what nodes tell

void Cluster::take(Node& node, const NodeMessage& message) {
  std::visit(
      [&]<typename Message>(const Message& each) {
        if constexpr (kIsOneOf<Message, ClientMet, ClientState, StreamBegins, RemoteRequest,
                               ChangesWanted, DeliveriesTaken>) {
          node.owner->take(each);
        } else if constexpr (std::is_same_v<Message, DoorIntroduced>) {
          node.owner->take(each);
          if (options_.on_introduced) options_.on_introduced(node.name);
        } else if constexpr (std::is_same_v<Message, PartitionMoved>) {
          door_.with_partitions(
              [&](DoorPartitions& all) { all.moved(each.partition, node.number, each.stream); });
        } else if constexpr (std::is_same_v<Message, PartitionLeft>) {
          door_.with_partitions([&](DoorPartitions& all) {
            all.left(each.partition, {.node = node.number, .revision = each.revision});
          });
        } else if constexpr (std::is_same_v<Message, PresenceChanged>) {
          if (door_.owner_of(partition_of(each.sn)).node == node.number) {
            platform_.presence.take(each.sn, each.online);
          }
        } else if constexpr (std::is_same_v<Message, PresenceOfPartition>) {
          take_presence(node, each);
        } else if constexpr (std::is_same_v<Message, ChangesTold>) {
          take_changes(each);
        } else {
          door_.take(node.number, each);
        }
      },
      message);
}

PresenceOfPartition Cluster::presence_of(Partition partition) const {
  return {.partition = partition, .online = platform_.presence.all_of([&](const std::string& sn) {
            return partition_of(sn) == partition;
          })};
}

void Cluster::take_presence(const Node& node, const PresenceOfPartition& told) {
  if (door_.owner_of(told.partition).node != node.number) return;
  const std::set<std::string> online(told.online.begin(), told.online.end());
  for (const std::string& sn : presence_of(told.partition).online) {
    if (!online.contains(sn)) platform_.presence.take(sn, false);
  }
  for (const std::string& sn : online) platform_.presence.take(sn, true);
  door_.with_partitions([&](DoorPartitions& all) { all.is_ready(told.partition, node.number); });
}

void Cluster::take_changes(const ChangesTold& told) {
  const auto batch = change_batch_in(told.bytes);
  if (!batch) return spdlog::error("another node: {}", batch.error().detail);
  if (batch->is_lost) return platform_.changes.lose_all();
  platform_.changes.tell(told.interest, *batch);
}

// --- who owns a partition

void Cluster::place(Partition partition, const std::string& owner, std::uint64_t revision) {
  const DoorPartitions::Owner before = door_.owner_of(partition);
  if (revision < before.revision) return;
  DoorPartitions::Owner after{.node = DoorPartitions::kNobody, .revision = revision};
  if (owner == options_.self) {
    after.node = DoorPartitions::kHere;
  } else if (!owner.empty()) {
    after.node = find_or_add(owner).number;
  }
  const bool comes = after.node == DoorPartitions::kHere && before.node != DoorPartitions::kHere;
  if (comes) {
    for (const std::string& sn : presence_of(partition).online) {
      platform_.presence.take(sn, false);
    }
  }
  if (after.node == DoorPartitions::kHere) {
    shards_.post(shards_.local_index_of(partition),
                 [partition, revision](Shard& shard) { shard.enter(partition, revision); });
  }
  const bool was_here =
      door_.with_partitions([&](DoorPartitions& all) { return all.place(partition, after); });
  if (before.node == DoorPartitions::kHere && after.node != DoorPartitions::kHere) {
    if (was_here) {
      leave(partition, before.revision);
    } else {
      tell_left(partition, before.revision);
    }
  }
  // Numbers of changes are those of the owner.
  if (before.node != after.node) platform_.changes.lose_all();
}

std::string Cluster::owner_of(Partition partition) {
  const ClusterDoor::Node owner = door_.owner_of(partition).node;
  if (owner == DoorPartitions::kHere) return options_.self;
  const std::shared_lock lock(mutex_);
  return owner == DoorPartitions::kNobody ? std::string() : nodes_[owner]->name;
}

void Cluster::tell_left(Partition partition, std::uint64_t revision) {
  {
    const std::shared_lock lock(mutex_);
    for (const auto& node : nodes_) {
      // Behind the acknowledgements, which the shard has posted to the same loop.
      node->channel->loop().post_lazily([&node = *node, partition, revision] {
        node.channel->send(node.session.load(),
                           PartitionLeft{.partition = partition, .revision = revision});
      });
    }
  }
  door_.with_partitions([&](DoorPartitions& all) {
    all.left(partition, {.node = DoorPartitions::kHere, .revision = revision});
  });
}

// A loop may hold back for a moment what it posts to others. So each loop posts to the shard's, and
// the last of these tasks is behind all that was sent to the shard while the partition was here.
void Cluster::leave(Partition partition, std::uint64_t revision) {
  Loop& of_shard = *loops_[shards_.local_index_of(partition)];
  const auto missing = std::make_shared<std::atomic<std::size_t>>(loops_.size());
  const auto left = [this, partition, revision] { tell_left(partition, revision); };
  for (Loop* loop : loops_) {
    loop->post([this, &of_shard, partition, missing, left] {
      of_shard.post([this, partition, missing, left] {
        if (--*missing == 0) shards_.leave(partition, left);
      });
    });
  }
}

}  // namespace gridloom::hub
