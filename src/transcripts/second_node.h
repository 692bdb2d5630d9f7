// A second node beside a TestServer's server, joined with it in memory: every connection is at the
// server, which owns one half of the partitions, and the second node owns the other. It shares the
// server's registry, stored sessions and archive.
//
// Used on the thread that turns the server's loops. Outlived by the server.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fault_rule.h"
#include "hub/hub.h"
#include "hub/peers.h"
#include "hub/platform.h"
#include "server/loops.h"
#include "server/server.h"

namespace gridloom::transcripts {

// Carries frames between the nodes, in order; each gets them in turn().
class MemoryBus {
 public:
  class End final : public hub::Peers {
   public:
    End(MemoryBus& bus, std::string name) : bus_(bus), name_(std::move(name)) {}
    void use(Handler* handler) override { bus_.handlers_[name_] = handler; }
    [[nodiscard]] bool send(const std::string& node, const std::string& bytes) override {
      bus_.frames_.push_back({.from = name_, .to = node, .bytes = bytes});
      return true;
    }

   private:
    MemoryBus& bus_;
    const std::string name_;
  };

  // The node's end, which lives as long as the bus.
  [[nodiscard]] hub::Peers& end(const std::string& node) {
    return ends_.try_emplace(node, *this, node).first->second;
  }
  // Both hear each other from now on.
  void link(const std::string& one, const std::string& other);
  // False: there was nothing to carry.
  bool turn();

 private:
  struct Frame {
    std::string from;
    std::string to;
    std::string bytes;
  };
  std::map<std::string, End> ends_;
  std::map<std::string, hub::Peers::Handler*> handlers_;
  std::deque<Frame> frames_;
};

class SecondNode {
 public:
  // `bus` outlives the server too.
  SecondNode(server::Server& server, MemoryBus& bus, const Clock& clock, std::size_t shards);
  SecondNode(const SecondNode&) = delete;
  SecondNode& operator=(const SecondNode&) = delete;
  ~SecondNode();

  // One turn of the loops and the bus. False: there was nothing to do.
  bool turn();
  void sweep() { hub_->tick(); }
  void set_faults(const std::vector<FaultRule>& rules);

 private:
  MemoryBus& bus_;
  hub::Platform platform_;
  server::Loops loops_;
  // Null once this object is gone: the registry keeps its listeners.
  std::shared_ptr<hub::Hub> hub_;
};

}  // namespace gridloom::transcripts
