// Many virtual devices on the network, on several threads: one fleet and one loop per thread.
//
// Thread rule: call it only on the thread that created it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "sim/fleet.h"

namespace gridloom::sim {

class ShardedFleet {
 public:
  // `options.loop` is ignored; the gateway's connections and the sign-ins per second are totals
  // over all threads. `threads`: at least one.
  ShardedFleet(const Fleet::Options& options, const std::vector<Member>& members,
               std::size_t threads);
  ~ShardedFleet();
  ShardedFleet(const ShardedFleet&) = delete;
  ShardedFleet& operator=(const ShardedFleet&) = delete;

  void start();
  void set_faults(const std::vector<FaultRule>& rules);
  // The sum over all threads. Waits for the loops.
  [[nodiscard]] Fleet::Counts counts();
  // Disconnects the devices and ends the threads.
  void stop();

 private:
  struct Worker {
    std::unique_ptr<net::IoLoop> loop;
    std::unique_ptr<Fleet> fleet;
  };
  std::vector<Worker> workers_;
};

}  // namespace gridloom::sim
