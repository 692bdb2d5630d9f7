#include "transcripts/second_node.h"

#include <cstdint>
#include <string>

#include "base/partition.h"
#include "hub/cluster.h"

namespace gridloom::transcripts {
namespace {

constexpr const char* kServer = "server";
constexpr const char* kSecond = "second";

}  // namespace

SecondNode::SecondNode(server::Server& server, hub::MemoryBus& bus, const Clock& clock,
                       std::size_t shards)
    : bus_(bus),
      platform_{.clock = clock,
                .catalog = server.platform().catalog,
                .registry = server.registry(),
                .config = server.platform().config,
                .sessions = server.platform().sessions,
                .journal = server.platform().journal},
      loops_(server::make_loops(shards)) {
  hub_ = std::make_shared<hub::Hub>(platform_, server::as_loops(loops_));
  auto& second = hub::Cluster::join(*hub_, {.peers = &bus.end(kSecond), .self = kSecond, .run = 1});
  auto& first =
      hub::Cluster::join(server.hub(), {.peers = &bus.end(kServer), .self = kServer, .run = 1});
  for (std::size_t i = 0; i < kPartitions; ++i) {
    const std::string owner = i % 2 == 0 ? kServer : kSecond;
    first.place(static_cast<Partition>(i), owner, 1);
    second.place(static_cast<Partition>(i), owner, 1);
  }
  bus_.link(kServer, kSecond);
  server.registry().on_change([weak = std::weak_ptr(hub_)] {
    if (const auto hub = weak.lock()) hub->registry_changed();
  });
}

SecondNode::~SecondNode() {
  hub_.reset();
  for (const auto& loop : loops_) loop->stop();
}

bool SecondNode::turn() {
  const bool carried = bus_.turn();
  return server::turn_all(loops_) || carried;
}

void SecondNode::set_faults(const std::vector<FaultRule>& rules) {
  platform_.fault_injector.set(rules);
  hub_->injected_faults_changed();
}

}  // namespace gridloom::transcripts
