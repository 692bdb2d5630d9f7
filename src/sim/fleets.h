// Many virtual devices on the network, on several threads: a fleet on a loop each.
//
// Thread rule: one thread, the one that made it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "sim/fleet.h"

namespace gridloom::sim {

class Fleets {
 public:
  // `options.loop` is not looked at; connections of a gateway and sign-ins a second are those of
  // all threads together. `threads`: at least one.
  Fleets(const Fleet::Options& options, const std::vector<Member>& members, std::size_t threads);
  ~Fleets();
  Fleets(const Fleets&) = delete;
  Fleets& operator=(const Fleets&) = delete;

  void start();
  void set_faults(const std::vector<FaultOrder>& orders);
  // Of all. Waits for the loops.
  [[nodiscard]] Fleet::Counts counts();
  // Devices say goodbye, the threads end.
  void stop();

 private:
  struct Worker {
    std::unique_ptr<net::IoLoop> loop;
    std::unique_ptr<Fleet> fleet;
  };
  std::vector<Worker> workers_;
};

}  // namespace gridloom::sim
