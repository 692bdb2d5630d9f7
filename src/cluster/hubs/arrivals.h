// Messages that other nodes have sent for sessions of this node (hubs/transit.h): each goes into
// the log of this node. When it is there, the session gets it and the other node is notified. So no
// session has a message that the other node may send again.
//
// Up to which number a node's messages have come is in the log as well, as the one receipt of a
// stream whose user name is empty and whose client id is the node.
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/loop.h"
#include "hub/clients/client.h"
#include "hub/platform/platform.h"
#include "hub/platform/stored_messages.h"

namespace gridloom::hub {

class Arrivals {
 public:
  explicit Arrivals(const Platform& platform) : platform_(platform) {}

  void restore(const StoredArrivals& stored);
  // The number of the last message that came from the node; 0: none.
  [[nodiscard]] std::int64_t through(const std::string& node) const;
  // As above, of those that the log has.
  [[nodiscard]] std::int64_t durable_through(const std::string& node) const;
  // A part of the arrivals that the log has now; take() has made each.
  struct Part {
    std::uint64_t number = 0;
    std::int64_t through = 0;  // of the node's messages
  };
  // Deliveries have come for the client; null: it is gone. Those that have a number of the node
  // get one of this node, go into the log and wait here; the others are left. `durable` is called
  // once the log has them, on any thread; not at all if none has a number.
  void take(const std::string& node, const ClientPtr& client, std::vector<Delivery>& deliveries,
            std::function<void(Part part)> durable);
  // The log has a part of the node's messages. The deliveries that waited for that; nothing if
  // their client was gone.
  [[nodiscard]] std::optional<ClientDeliveries> take_out(const std::string& node, const Part& part);
  // Passes the deliveries that wait for `old` to `fresh`.
  void rebind(const ClientPtr& old, const ClientPtr& fresh);

 private:
  struct Arrived {
    std::int64_t stream = 0;
    std::int64_t through = 0;
    std::int64_t durable_through = 0;
  };
  const Platform& platform_;
  std::unordered_map<std::string, Arrived> nodes_;
  std::uint64_t last_part_ = 0;
  std::unordered_map<std::uint64_t, ClientDeliveries> waiting_;
};

}  // namespace gridloom::hub
