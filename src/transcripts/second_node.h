// A second node beside a TestServer's server, joined with it in memory: every connection is at the
// server, which owns one half of the partitions, and the second node owns the other. It shares the
// server's registry, stored sessions and archive.
//
// Used on the thread that turns the server's loops. Outlived by the server.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/fault_rule.h"
#include "hub/hub.h"
#include "hub/memory_bus.h"
#include "hub/platform.h"
#include "server/loops.h"
#include "server/server.h"

namespace gridloom::transcripts {

class SecondNode {
 public:
  // `bus` outlives the server too.
  SecondNode(server::Server& server, hub::MemoryBus& bus, const Clock& clock, std::size_t shards);
  SecondNode(const SecondNode&) = delete;
  SecondNode& operator=(const SecondNode&) = delete;
  ~SecondNode();

  // One turn of the loops and the bus. False: there was nothing to do.
  bool turn();
  void sweep() { hub_->tick(); }
  void set_faults(const std::vector<FaultRule>& rules);

 private:
  hub::MemoryBus& bus_;
  hub::Platform platform_;
  server::Loops loops_;
  // Null once this object is gone: the registry keeps its listeners.
  std::shared_ptr<hub::Hub> hub_;
};

}  // namespace gridloom::transcripts
