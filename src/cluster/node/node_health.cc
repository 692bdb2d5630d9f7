#include "node/node_health.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/partition.h"
#include "nats/server_version.h"
#include "time/grammar.h"

namespace gridloom::node {
namespace {

constexpr Millis kVersionTimeout{2'000};

using wire::JsonArray;
using wire::JsonObject;

// Servers below it lose acknowledged messages in ways that were mended since
// (docs/internals/cluster.md).
constexpr nats::Version kGoodVersion{.major = 2, .minor = 12};
constexpr Millis kLooksAround{5'000};   // a node that starts hears the others within a second
constexpr std::size_t kFewServers = 3;  // a majority of them outlives the loss of one
constexpr int kFewReplicas = 3;

std::string span_text(Millis span) { return time::rounded_span_text(span); }

std::string with_reason(std::string text, std::string_view why) {
  if (!why.empty()) text += fmt::format(": {}", why);
  return text;
}

std::string hex(std::int64_t incarnation) { return fmt::format("{:x}", incarnation); }

std::vector<std::size_t> slots_of(const NodeHealth& health, const cluster::NodeId& node) {
  std::vector<std::size_t> slots;
  for (std::size_t i = 0; i < health.slots.size(); ++i) {
    const cluster::SlotOwner& owner = health.slots[i].owner;
    if (owner.is_served && owner.node == node) slots.push_back(i);
  }
  return slots;
}

JsonArray numbers(const std::vector<std::size_t>& all) {
  JsonArray array;
  for (const std::size_t each : all) array.emplace_back(each);
  return array;
}

JsonArray texts(const std::vector<std::string>& all) {
  JsonArray array;
  for (const std::string& each : all) array.emplace_back(each);
  return array;
}

// Why the slot's records or its history cannot be stored; empty: they can.
std::string failing_of(const server::StoreHealth& here) {
  if (here.archive.log.failing) return "its log: " + *here.archive.log.failing;
  if (!here.archive.store_failing.empty()) return "its history: " + here.archive.store_failing;
  if (!here.sessions.failing.empty()) return "its sessions: " + here.sessions.failing;
  return {};
}

// Nothing: the slot is served, or that is not known yet.
std::optional<Millis> unserved_for(const NodeHealth& health, const SlotHealth& slot) {
  if (!slot.unserved_since || looks_around(health)) return std::nullopt;
  return health.now - *slot.unserved_since;
}

// Nodes that have not left the cluster and are not heard.
std::vector<std::string> missing_nodes(const NodeHealth& health) {
  std::vector<std::string> missing;
  for (const std::string& name : health.nodes) {
    const auto unheard = unheard_for(health, name);
    if (!unheard) continue;
    missing.push_back(
        fmt::format("the node {} is missing: it has not been heard for {}. If it is gone for good, "
                    "`gridloom cluster remove {}`",
                    name, span_text(*unheard), name));
  }
  return missing;
}

const nats::Health& worse(const NodeHealth& health) {
  return health.nats.is_connected ? health.log_nats : health.nats;
}

JsonArray nodes_json(const NodeHealth& health) {
  JsonArray nodes;
  nodes.push_back(JsonObject{{"node", health.self.name},
                             {"incarnation", hex(health.self.incarnation)},
                             {"version", health.version},
                             {"address", health.address},
                             {"phase", name_of(health.member.phase)},
                             {"heardMs", 0},
                             {"slots", numbers(slots_of(health, health.self))}});
  for (const cluster::SeenNode& node : health.member.others) {
    nodes.push_back(JsonObject{{"node", node.id.name},
                               {"incarnation", hex(node.id.incarnation)},
                               {"version", node.version},
                               {"address", node.address},
                               {"phase", name_of(node.phase)},
                               {"heardMs", (health.now - node.heard).count()},
                               {"slots", numbers(slots_of(health, node.id))}});
  }
  return nodes;
}

JsonArray slots_json(const NodeHealth& health) {
  std::vector<JsonArray> partitions(health.slots.size());
  for (std::size_t i = 0; i < kPartitions && !partitions.empty(); ++i) {
    const cluster::Slot slot = cluster::slot_of(static_cast<Partition>(i), partitions.size());
    partitions[cluster::number_of(slot)].emplace_back(i);
  }
  JsonArray slots;
  for (std::size_t i = 0; i < health.slots.size(); ++i) {
    const SlotHealth& slot = health.slots[i];
    JsonObject row{{"slot", i},
                   {"partitions", std::move(partitions[i])},
                   {"revision", slot.owner.revision},
                   {"served", slot.owner.is_served}};
    if (slot.owner.node) row["node"] = slot.owner.node->name;
    if (const auto span = unserved_for(health, slot)) row["unservedForMs"] = span->count();
    if (slot.here) {
      row["unstoredRecords"] = slot.here->archive.unstored_records;
      row["logWaitingBytes"] = slot.here->archive.log_waiting_bytes;
      row["unstoredSessions"] = slot.here->sessions.waiting;
      if (const std::string why = failing_of(*slot.here); !why.empty()) row["failing"] = why;
    }
    slots.emplace_back(std::move(row));
  }
  return slots;
}

JsonObject nats_json(const NodeHealth& health, const std::vector<NatsServer>& servers) {
  const nats::Health& nats = worse(health);
  JsonArray rows;
  for (const NatsServer& server : servers) {
    JsonObject row{{"url", server.url}};
    if (!server.version.empty()) row["version"] = server.version;
    if (!server.failing.empty()) row["failing"] = server.failing;
    rows.emplace_back(std::move(row));
  }
  JsonObject json{{"connected", nats.is_connected},
                  {"forMs", (health.now - nats.since).count()},
                  {"server", nats.server},
                  {"reconnects", health.nats.reconnects + health.log_nats.reconnects},
                  {"servers", std::move(rows)}};
  if (!nats.is_connected) json["failing"] = nats.failing;
  return json;
}

JsonObject postgres_json(const NodeHealth& health) {
  const auto& away = health.member.claims;
  JsonObject json{{"connected", !away.since.has_value()}};
  if (away.since) {
    json["forMs"] = (health.now - *away.since).count();
    json["failing"] = away.error;
  }
  return json;
}

}  // namespace

bool looks_around(const NodeHealth& health) {
  return health.member.phase == cluster::Phase::kJoining &&
         health.now - health.started < kLooksAround;
}

void SlotWatch::note(const std::vector<cluster::SlotOwner>& owners, TimePoint now) {
  const std::scoped_lock lock(mutex_);
  for (std::size_t i = 0; i < std::min(owners.size(), slots_.size()); ++i) {
    Seen& slot = slots_[i];
    if (owners[i].is_served) {
      slot.unserved_since.reset();
    } else if (!slot.unserved_since) {
      slot.unserved_since = now;
    }
    if (!owners[i].node || owners[i].node == slot.owner) continue;
    slot.owner = owners[i].node;
    ++owner_changes_;
  }
}

std::vector<std::optional<TimePoint>> SlotWatch::unserved_since() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::optional<TimePoint>> all;
  all.reserve(slots_.size());
  for (const Seen& slot : slots_) all.push_back(slot.unserved_since);
  return all;
}

std::uint64_t SlotWatch::owner_changes() const {
  const std::scoped_lock lock(mutex_);
  return owner_changes_;
}

std::vector<NatsServer> ask_nats_servers(const std::vector<std::string>& urls) {
  std::vector<NatsServer> servers;
  servers.reserve(urls.size());
  for (const std::string& url : urls) {
    const auto version = nats::server_version(url, kVersionTimeout);
    servers.push_back({.url = url,
                       .version = version ? *version : std::string(),
                       .failing = version ? std::string() : version.error().detail});
  }
  return servers;
}

std::optional<Millis> unheard_for(const NodeHealth& health, std::string_view node) {
  if (!health.nats.is_connected || node == health.self.name) return std::nullopt;
  // Nobody is heard before this node listens, and since NATS was connected last.
  TimePoint heard = std::max(health.started, health.nats.since);
  for (const cluster::SeenNode& other : health.member.others) {
    if (other.id.name == node) heard = std::max(heard, other.heard);
  }
  if (health.now - heard < cluster::kLease) return std::nullopt;
  return health.now - heard;
}

std::vector<std::string> problems_of(const NodeHealth& health) {
  std::vector<std::string> problems;
  if (const nats::Health& nats = worse(health); !nats.is_connected) {
    problems.push_back(
        with_reason(fmt::format("NATS has been away for {}", span_text(health.now - nats.since)),
                    nats.failing));
  }
  if (const auto& away = health.member.claims; away.since) {
    problems.push_back(with_reason(
        fmt::format("PostgreSQL has been away for {}", span_text(health.now - *away.since)),
        away.error));
  }
  if (health.member.refusal) problems.push_back(health.member.refusal->detail);
  for (std::string& missing : missing_nodes(health)) problems.push_back(std::move(missing));
  for (std::size_t i = 0; i < health.slots.size(); ++i) {
    const SlotHealth& slot = health.slots[i];
    if (const auto span = unserved_for(health, slot)) {
      problems.push_back(
          fmt::format("slot {} has been served by nobody for {}", i, span_text(*span)));
    }
    if (!slot.here) continue;
    if (const std::string why = failing_of(*slot.here); !why.empty()) {
      problems.push_back(fmt::format("slot {} cannot be stored, {}", i, why));
    }
  }
  return problems;
}

std::vector<std::string> warnings_of(const NodeHealth& health,
                                     const std::vector<NatsServer>& servers) {
  std::vector<std::string> warnings;
  for (const NatsServer& server : servers) {
    if (!server.failing.empty()) {
      warnings.push_back(
          fmt::format("the NATS server {} does not answer: {}", server.url, server.failing));
    } else if (nats::parse_version(server.version) < kGoodVersion) {
      warnings.push_back(fmt::format(
          "nats-server {} at {} is older than {}.{}: it can lose messages that it has acknowledged "
          "when a second server fails before the first has caught up",
          server.version, server.url, kGoodVersion.major, kGoodVersion.minor));
    }
  }
  if (health.nats_urls.size() < kFewServers) {
    warnings.push_back(
        fmt::format("--cluster names {} of NATS's servers: with fewer than {} the cluster stands "
                    "still while one of them is away",
                    health.nats_urls.size(), kFewServers));
  }
  if (health.replicas < kFewReplicas) {
    warnings.push_back(
        fmt::format("--cluster-replicas is {}: with fewer than {} a NATS server that is lost takes "
                    "records with it that are not stored yet",
                    health.replicas, kFewReplicas));
  }
  return warnings;
}

JsonObject status_of(const NodeHealth& health, const std::vector<NatsServer>& servers) {
  const std::vector<std::string> problems = problems_of(health);
  return {{"node", health.self.name},
          {"cluster", health.member.facts.id},
          {"good", problems.empty() && health.damage.empty()},
          {"nodes", nodes_json(health)},
          {"slots", slots_json(health)},
          {"nats", nats_json(health, servers)},
          {"postgres", postgres_json(health)},
          {"replicas", health.replicas},
          {"ownerChanges", health.owner_changes},
          {"refusedTransactions", health.refused_transactions},
          {"damage", texts(health.damage)},
          {"problems", texts(problems)},
          {"warnings", texts(warnings_of(health, servers))}};
}

api::Health health_with_cluster(const api::Health& door, const NodeHealth& health) {
  auto parsed = wire::parse_json(door.text);
  if (!parsed || !parsed->is_object()) return door;
  JsonObject& text = parsed->get_object();
  bool good = door.good;
  const auto failing = [&](const char* what, const std::string& why) {
    text["status"] = "failing";
    text[what] = why;
    good = false;
  };
  const auto say = [&](const char* status) {
    if (good && text["status"] != "failing") text["status"] = status;
  };
  if (const nats::Health& nats = worse(health); !nats.is_connected) {
    failing("nats", nats.failing);
    text["natsFailingForMs"] = (health.now - nats.since).count();
  }
  if (const auto& away = health.member.claims; away.since) {
    failing("database", away.error);
    text["databaseFailingForMs"] = (health.now - *away.since).count();
  }
  std::vector<std::size_t> unserved;
  Millis longest{};
  for (std::size_t i = 0; i < health.slots.size(); ++i) {
    const SlotHealth& slot = health.slots[i];
    if (const auto span = unserved_for(health, slot)) {
      unserved.push_back(i);
      longest = std::max(longest, *span);
    }
    if (!slot.here) continue;
    if (const std::string why = failing_of(*slot.here); !why.empty()) {
      failing("slot", fmt::format("{}, {}", i, why));
    }
  }
  if (!unserved.empty()) {
    text["slotsUnserved"] = numbers(unserved);
    text["slotsUnservedForMs"] = longest.count();
    say("degraded");
  }
  if (health.member.phase == cluster::Phase::kDraining) {
    say("draining");
    good = false;
  }
  return {.good = good, .text = wire::to_text(*parsed)};
}

}  // namespace gridloom::node
