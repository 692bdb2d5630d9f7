// What other nodes have sent for sessions that are kept here (hub/transit.h): it goes into the log
// of this node, and the other node is told when it is there.
//
// Up to which number a node's messages have come is in the log as well, as the one receipt of a
// stream whose user name is empty and whose client id is the node.
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/loop.h"
#include "hub/client.h"
#include "hub/platform.h"

namespace gridloom::hub {

// What is stored of a node.
struct StoredArrivals {
  std::int64_t stream = 0;
  std::string node;
  std::int64_t through = 0;
};

class Arrivals {
 public:
  explicit Arrivals(const Platform& platform) : platform_(platform) {}

  void restore(const StoredArrivals& stored);
  // The number of the last message that came from the node; 0: none.
  [[nodiscard]] std::int64_t through(const std::string& node) const;
  // Deliveries have come for the client; null: it is gone. Those that have a number of the node
  // get one of this node, and go into the log. `taken` is called once they are there, on any
  // thread; not at all if none has a number.
  void take(const std::string& node, const Client* client, std::vector<Delivery>& deliveries,
            std::function<void(std::int64_t through)> taken);

 private:
  struct Arrived {
    std::int64_t stream = 0;
    std::int64_t through = 0;
  };
  const Platform& platform_;
  std::unordered_map<std::string, Arrived> nodes_;
};

}  // namespace gridloom::hub
