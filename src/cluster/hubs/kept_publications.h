// The publications of QoS 1 and 2 that a door has for partitions of other nodes and whose
// acknowledgement is missing: in the order of each partition, so that a new owner gets them in the
// order in which the clients sent them.
//
// One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/partition.h"
#include "hub/clients/client.h"
#include "hub/clients/inbound.h"
#include "hubs/node_messages.h"

namespace gridloom::hub {

struct KeptPublication {
  ClientPtr client;
  ClientNumber number = 0;  // of the client
  Inbound inbound;
  bool is_sent = false;  // to the owner; else the client's credit for it is still charged
};

class KeptPublications {
 public:
  void add(Partition partition, KeptPublication kept);
  // The oldest publication of the client with the packet id was acknowledged. Nothing: none waits.
  [[nodiscard]] std::optional<KeptPublication> take(ClientNumber client, std::uint16_t packet_id);
  // All of the partition, in order; they are not kept any more.
  [[nodiscard]] std::vector<KeptPublication> take_all(Partition partition);

  [[nodiscard]] std::size_t size() const { return by_id_.size(); }

 private:
  struct Held {
    std::uint64_t id = 0;
    KeptPublication kept;
  };
  struct Place {
    Partition partition{};
    std::list<Held>::iterator at;
  };
  [[nodiscard]] static std::uint64_t id_of(ClientNumber client, std::uint16_t packet_id) {
    return client << 16U | packet_id;
  }

  std::array<std::list<Held>, kPartitions> parts_;
  // In the order of add(). A client may send a packet id again before it has the answer.
  std::unordered_map<std::uint64_t, std::list<Place>> by_id_;
};

}  // namespace gridloom::hub
