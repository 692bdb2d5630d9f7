// Virtual devices on the network: each is an MQTT client of its own, as a real device is, and knows
// nothing of the server but its address.
//
// Thread rules: the devices live on the loop given; tick() is called there. The MQTT library's own
// threads only post to it, also while the fleet is taken down: the loop runs no more by then, but
// outlives the fleet.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/virtual_clock.h"
#include "catalog/family.h"
#include "sim/world.h"

namespace gridloom::sim {

struct Member {
  catalog::FamilyPtr family;
  std::string sn;
  Secret key;
};

class Fleet {
 public:
  struct Options {
    std::string host;
    std::uint16_t port = 0;
    World::Options world;
    const Clock* clock = nullptr;
    // If that is one: time waits for each device to connect, and after each step until the server
    // has everything that was said, so that a report without a time of its own comes at its time.
    VirtualClock* time = nullptr;
    Loop* loop = nullptr;
  };
  Fleet(const Options& options, std::vector<Member> members);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // kIo: the MQTT library could not start. Devices connect by themselves, again and again.
  [[nodiscard]] Status start();
  // A few times a second: steps what is due.
  void tick();

 private:
  class Node;
  void tick_later();
  [[nodiscard]] bool waits_for_server() const;

  Options options_;
  World world_;
  bool ticks_later_ = false;
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace gridloom::sim
