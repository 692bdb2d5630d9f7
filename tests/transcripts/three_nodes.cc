#include "transcripts/three_nodes.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "base/partition.h"
#include "hub/platform/platform.h"
#include "hubs/cluster.h"
#include "hubs/test_memory_bus.h"
#include "node/relay_door.h"
#include "node/relay_owner.h"
#include "server/health.h"
#include "server/loops.h"
#include "server/protocols.h"

namespace gridloom::transcripts {
namespace {

using server::Interface;

constexpr std::size_t kNodes = 3;
constexpr std::uint64_t kRun = 1;

std::string door_name(std::size_t node) { return fmt::format("door-{}", node); }
std::string slot_name(std::size_t slot) { return fmt::format("slot-{}", slot); }
std::string relay_name(const std::string& name) { return "relay-" + name; }

std::size_t slot_of(Partition partition) { return number_of(partition) % kNodes; }

void join(hub::Hub& hub, hub::MemoryBus& bus, const std::string& name) {
  auto& cluster = hub::Cluster::join(hub, {.peers = &bus.end(name), .self = name, .run = kRun});
  for (std::size_t i = 0; i < kPartitions; ++i) {
    const auto partition = static_cast<Partition>(i);
    cluster.place(partition, slot_name(slot_of(partition)), kRun);
  }
}

// A hub on the server's data, with a loop and protocols of its own.
class Part {
 public:
  Part(const NodesAround& around, hub::MemoryBus& bus, const std::string& name)
      : platform_{.clock = around.clock,
                  .catalog = around.server.platform().catalog,
                  .registry = around.server.registry(),
                  .config = around.server.platform().config,
                  .sessions = around.server.platform().sessions,
                  .journal = around.server.platform().journal,
                  .services = around.server.platform().services},
        loops_(server::make_loops(1)),
        hub_(std::make_shared<hub::Hub>(platform_, server::as_loops(loops_))) {
    join(*hub_, bus, name);
    protocols_.emplace(server::Protocols::Options{
        .hub = *hub_, .clock = around.clock, .loops = loops_, .limits = around.server.limits()});
    loop().on_sweep([this] { hub_->tick(); });
    around.server.registry().on_change([weak = std::weak_ptr(hub_)] {
      if (const auto hub = weak.lock()) hub->registry_changed();
    });
  }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;
  ~Part() {
    for (const auto& each : loops_) each->stop();
  }

  [[nodiscard]] net::IoLoop& loop() const { return *loops_.front(); }
  [[nodiscard]] server::LoopSpan loops() const { return loops_; }
  [[nodiscard]] server::Protocols& protocols() { return *protocols_; }
  [[nodiscard]] net::MakeProtocol make(Interface interface) const {
    return protocols_->make(interface, server::ReplayCheck::kOff);
  }
  void set_faults(const std::vector<FaultRule>& rules) { hub_->lay_faults({}, rules); }

 private:
  hub::Platform platform_;
  server::Loops loops_;
  std::shared_ptr<hub::Hub> hub_;  // the registry keeps its listeners
  std::optional<server::Protocols> protocols_;
};

// Where clients are connected.
struct NodeDoor {
  std::unique_ptr<Part> part;  // null: the test's server is this door
  net::IoLoop* loop = nullptr;
  net::MakeProtocol http{};
  std::unique_ptr<node::RelayDoor> relay{};
};

// Where devices and sessions are.
struct Slot {
  Slot(const NodesAround& around, hub::MemoryBus& bus, std::size_t number)
      : part(around, bus, slot_name(number)),
        relay({.peers = bus.end(relay_name(slot_name(number))),
               .loop = part.loop(),
               .clock = around.clock,
               .run = kRun,
               .protocol = part.make(Interface::kMqtt)}) {}

  Part part;
  node::RelayOwner relay;
};

void add_api(Part& part, const NodesAround& around) {
  server::Server& server = around.server;
  part.protocols().add_apis(
      {.reads = [&server](auto query) { return server.archive().read(std::move(query)); },
       .mqtt = {.public_host = {}, .port = around.mqtt_port},
       .metrics = [] { return std::string(); },
       .health =
           [&server] {
             const server::StoreHealth health = server.store_health();
             return server::health_of(health.archive, health.sessions, Millis(0));
           }});
}

NodeDoor make_door(const NodesAround& around, hub::MemoryBus& bus, std::size_t number) {
  NodeDoor door{.part = nullptr, .loop = around.server.loops().front().get()};
  if (number == 0) {
    join(around.server.hub(), bus, door_name(number));
    // Its APIs are made by listen(), which comes later.
    door.http = [&server = around.server](net::ConnectionContext context) {
      return server.protocol(Interface::kHttp)(std::move(context));
    };
  } else {
    door.part = std::make_unique<Part>(around, bus, door_name(number));
    add_api(*door.part, around);
    door.loop = &door.part->loop();
    door.http = door.part->make(Interface::kHttp);
  }
  door.relay = std::make_unique<node::RelayDoor>(
      node::RelayDoor::Options{.peers = bus.end(relay_name(door_name(number))),
                               .loop = *door.loop,
                               .clock = around.clock,
                               .run = kRun,
                               .relay_of = [](std::string_view user) -> std::optional<std::string> {
                                 return relay_name(slot_name(slot_of(partition_of(user))));
                               },
                               .mqtt = around.server.limits().mqtt});
  return door;
}

class ThreeNodes final : public Nodes {
 public:
  ThreeNodes(const NodesAround& around, hub::MemoryBus& bus) : bus_(bus) {
    for (std::size_t i = 0; i < kNodes; ++i) {
      slots_.at(i) = std::make_unique<Slot>(around, bus_, i);
      doors_.at(i) = make_door(around, bus_, i);
    }
    for (std::size_t i = 0; i < kNodes; ++i) {
      for (std::size_t other = 0; other < kNodes; ++other) {
        bus_.link(door_name(i), slot_name(other));
        bus_.link(relay_name(door_name(i)), relay_name(slot_name(other)));
        if (other <= i) continue;
        bus_.link(door_name(i), door_name(other));
        bus_.link(slot_name(i), slot_name(other));
      }
    }
  }

  bool turn() override {
    bool busy = bus_.turn();
    for (const auto& slot : slots_) busy = server::turn_all(slot->part.loops()) || busy;
    for (const NodeDoor& door : doors_) {
      if (door.part) busy = server::turn_all(door.part->loops()) || busy;
    }
    return busy;
  }
  void sweep() override {
    for (const auto& slot : slots_) {
      slot->part.loop().sweep_now();
      slot->relay.tick();
    }
    for (const NodeDoor& door : doors_) {
      if (door.part) door.part->loop().sweep_now();
      door.relay->tick();
    }
  }
  void set_faults(const std::vector<FaultRule>& rules) override {
    for (const auto& slot : slots_) slot->part.set_faults(rules);
    for (const NodeDoor& door : doors_) {
      if (door.part) door.part->set_faults(rules);
    }
  }
  std::shared_ptr<net::Protocol> connect(Interface interface) override {
    const NodeDoor& door = doors_.at(chance_.bits(connections_++) % kNodes);
    const net::MakeProtocol make = interface == Interface::kHttp ? door.http : door.relay->make();
    return make({.loop = *door.loop, .wake = [] {}, .secure = true, .peer = "127.0.0.1"});
  }

 private:
  hub::MemoryBus& bus_;
  const Chance chance_{1};
  std::uint64_t connections_ = 0;
  std::array<std::unique_ptr<Slot>, kNodes> slots_;
  std::array<NodeDoor, kNodes> doors_;
};

}  // namespace

std::unique_ptr<Nodes> make_three_nodes(const NodesAround& around) {
  auto bus = std::make_shared<hub::MemoryBus>();
  around.network = bus;
  return std::make_unique<ThreeNodes>(around, *bus);
}

}  // namespace gridloom::transcripts
