#include "hubs/door_partitions.h"

#include <utility>

#include "hub/shard/request_executor.h"

namespace gridloom::hub {
namespace {

// A partition that its owner does not know of yet is offered to it again after this time.
constexpr Millis kRetryAfter{250};
// A door that has no stream for a partition is waited for so long,
constexpr Millis kOffersWithin{4000};
// and an owner that does not leave it so long: then it counts as gone.
constexpr Millis kLeavesWithin{5000};

std::size_t credit_of(const Inbound& inbound) {
  return kMessageBytes + inbound.message->payload.size();
}

Request request_of(const KeptPublication& kept) {
  Publish publish{.client = kept.client, .publications = {kept.inbound}};
  return {.account = kept.client->identity().account, .action = std::move(publish)};
}

}  // namespace

bool DoorPartitions::owns(Partition partition, std::uint64_t revision) const {
  const State& part = states_.at(number_of(partition));
  return part.way == Way::kHere && revision >= part.since && revision <= part.revision;
}

// --- nodes

void DoorPartitions::opened(Node node) {
  for (std::size_t i = 0; i < kPartitions; ++i) {
    if (states_.at(i).owner == node) start(static_cast<Partition>(i));
  }
}

void DoorPartitions::closing(Node node) {
  for (std::size_t i = 0; i < kPartitions; ++i) {
    const auto partition = static_cast<Partition>(i);
    State& part = state_of(partition);
    const bool streams = part.owner == node && part.way == Way::kStream;
    if (streams || part.waits_for == node) hold_again(partition);
    if (streams) part.way = Way::kHeld;
    if (part.waits_for == node) part.waits_for = kNobody;
    if (part.owner == node) part.has_left = false;
  }
}

// Some may have waited for the node.
void DoorPartitions::closed() {
  for (std::size_t i = 0; i < kPartitions; ++i) start(static_cast<Partition>(i));
}

void DoorPartitions::tick(TimePoint now) {
  for (std::size_t i = 0; i < kPartitions; ++i) {
    const auto partition = static_cast<Partition>(i);
    State& part = state_of(partition);
    if (!part.retry_at || *part.retry_at > now) continue;
    if (part.waits_for != kNobody && part.waits_for != kHere) {
      hold_again(partition);
      part.waits_for = kNobody;
      part.retry_at = now + kOffersWithin;
    }
    start(partition);
  }
}

// The node that had the partition is gone, with what it may have taken.
void DoorPartitions::hold_again(Partition partition) {
  for (KeptPublication& kept : kept_.take_all(partition)) {
    if (std::exchange(kept.is_sent, false)) {
      if (kept.inbound.verb == Verb::kSet) {
        parts_.effects.emplace_back([client = kept.client] {
          client->loop().post([client] { client->kick(KickReason::kShuttingDown); });
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

// --- who owns a partition

bool DoorPartitions::place(Partition partition, Owner owner) {
  State& part = state_of(partition);
  const Node before = part.owner;
  const bool was_here = part.way == Way::kHere;
  part.revision = owner.revision;
  if (owner.node == before) {
    // It keeps what it has, unless it has left meanwhile.
    if (std::exchange(part.has_left, false)) part.since = owner.revision;
    start(partition);
    return false;
  }
  if (was_here) part.waits_for = kHere;
  // It may be at work for others, though not for this door.
  const bool may_work = before != kHere && before != kNobody && !part.has_left;
  if (part.waits_for == kNobody && may_work && parts_.nodes.is_open(before)) {
    part.waits_for = before;
  }
  part.has_left = false;
  part.owner = owner.node;
  part.since = owner.revision;
  part.way = Way::kHeld;
  part.offers.clear();
  part.retry_at =
      parts_.platform.steady->now() + (part.waits_for == kNobody ? kOffersWithin : kLeavesWithin);
  start(partition);
  parts_.effects.emplace_back([this, partition] { parts_.changed(partition); });
  return was_here;
}

void DoorPartitions::left(Partition partition, Owner owner) {
  State& part = state_of(partition);
  // A revision has one owner, but for 0: with that a node gives away what all begin with.
  if (part.waits_for == owner.node && owner.revision <= part.since) {
    part.waits_for = kNobody;
    part.retry_at = parts_.platform.steady->now() + kOffersWithin;
    start(partition);
  } else if (part.owner == owner.node && owner.revision >= part.since) {
    part.has_left = true;
    part.way = Way::kHeld;  // until it is known whose it is
    part.retry_at.reset();
  }
}

void DoorPartitions::moved(Partition partition, Node node, std::uint64_t stream) {
  State& part = state_of(partition);
  if (part.owner != node || part.stream != stream || part.way != Way::kStream) return;
  part.way = Way::kHeld;
  part.retry_at = parts_.platform.steady->now() + kRetryAfter;
}

void DoorPartitions::offered(Partition partition, Node node, std::uint64_t revision) {
  State& part = state_of(partition);
  if (part.owner != kHere || revision < part.since) return;
  part.offers.insert(node);
  start(partition);
}

bool DoorPartitions::is_offered_by_all(const State& part) const {
  if (part.retry_at && *part.retry_at <= parts_.platform.steady->now()) return true;
  for (Node node = 0; node < parts_.nodes.size(); ++node) {
    if (parts_.nodes.is_open(node) && !part.offers.contains(node)) return false;
  }
  return true;
}

void DoorPartitions::is_ready(Partition partition, Node node) {
  const State& part = state_of(partition);
  if (part.owner == node && part.way == Way::kHeld && part.retry_at) start(partition);
}

// --- where it goes

void DoorPartitions::start(Partition partition) {
  State& part = state_of(partition);
  if (part.way != Way::kHeld || part.waits_for != kNobody || part.has_left) return;
  if (part.owner == kHere) {
    if (is_offered_by_all(part)) start_here(partition);
    return;
  }
  part.retry_at.reset();
  if (part.owner != kNobody && parts_.nodes.is_open(part.owner)) start_stream(partition);
}

void DoorPartitions::start_here(Partition partition) {
  State& part = state_of(partition);
  part.way = Way::kHere;
  part.retry_at.reset();
  const std::size_t index = parts_.shards.local_index_of(partition);
  parts_.clients.for_partition(partition, [&](const Request& request) {
    if (const auto* subscribe = std::get_if<Subscribe>(&request.action)) {
      subscribe->client->charge_credit(kMessageBytes);
    }
    parts_.shards.send_here(index, request);
  });
  for (const KeptPublication& kept : kept_.take_all(partition)) {
    if (kept.is_sent) kept.client->charge_credit(credit_of(kept.inbound));
    parts_.shards.send_here(index, request_of(kept));
  }
  parts_.effects.emplace_back([this, partition] { parts_.changed(partition); });
}

void DoorPartitions::start_stream(Partition partition) {
  State& part = state_of(partition);
  const Node node = part.owner;
  part.way = Way::kStream;
  part.stream = ++last_stream_;
  parts_.nodes.tell(
      node, StreamBegins{.partition = partition, .revision = part.revision, .stream = part.stream});
  parts_.clients.for_partition(partition, [&](const Request& request) {
    parts_.nodes.ask(node, request, partition, nullptr);
  });
  for (KeptPublication& kept : kept_.take_all(partition)) {
    if (std::exchange(kept.is_sent, true)) kept.client->charge_credit(credit_of(kept.inbound));
    parts_.nodes.ask(node, request_of(kept), std::nullopt, nullptr);
    parts_.nodes.owe(node, kept.client, credit_of(kept.inbound));
    kept_.add(partition, std::move(kept));
  }
}

}  // namespace gridloom::hub
