// The clients that are connected to this node, or have a session here, as owners of partitions must
// know them: whether they are connected, and their subscriptions. An owner that comes receives all
// of it.
//
// One thread at a time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/partition.h"
#include "hub/platform/requests.h"
#include "hubs/node_messages.h"
#include "hubs/request_bytes.h"

namespace gridloom::hub {

class DoorClients {
 public:
  struct Subscribed {
    Subscription subscription;
    std::optional<Partition> partition{};  // of the devices that it can match; nothing: of all
  };
  struct DoorClient {
    ClientPtr client{};
    bool connected = false;
    std::map<std::string, Subscribed> subscriptions{};
    ClientNumber before = 0;  // the number of the client whose session this one took over
  };
  explicit DoorClients(ClientBook& book) : book_(book) {}

  // The request is on its way to the partition, or to all.
  void note(const Request& request, std::optional<Partition> partition);

  [[nodiscard]] const std::map<ClientNumber, DoorClient>& all() const { return clients_; }
  // The number of the session's client before, or after: of one for whom an acknowledgement may
  // come under the other's name. 0: there is none.
  [[nodiscard]] ClientNumber other_of(ClientNumber client) const;
  // The client that has taken over its session; null: none has.
  [[nodiscard]] ClientPtr successor_of(ClientNumber client) const;

  // Calls with what a shard has to know of the clients as the partition comes to it: requests of
  // those that sign in with a name of the partition, and subscriptions of its devices.
  using Each = std::function<void(const Request& request)>;
  void for_partition(Partition partition, const Each& each) const;
  // The same for a node: subscriptions of all devices.
  void for_node(const Each& each) const;

 private:
  static void subscriptions_of(const DoorClient& known, std::optional<Partition> partition,
                               const Each& each);
  void rebound(const Rebind& rebind);

  ClientBook& book_;
  std::map<ClientNumber, DoorClient> clients_;
  std::map<ClientNumber, ClientNumber> after_;  // by DoorClient::before
};

}  // namespace gridloom::hub
