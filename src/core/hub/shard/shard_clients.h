// The clients that connected to one shard, so that it can end connections whose credentials ended,
// and those that an injected fault drops.
//
// Holds no client: a session that ended elsewhere is left out. Belongs to a shard and is used on
// its loop only; clients are called on their own loops.
#pragma once

#include <memory>
#include <unordered_map>

#include "hub/clients/client.h"
#include "hub/faults/fault_view.h"
#include "registry/directory.h"

namespace gridloom::hub {

class ShardClients {
 public:
  // Until remove(), a client whose credentials end is kicked.
  void add(const ClientPtr& client) { clients_[client.get()] = client; }
  void remove(const Client& client) { clients_.erase(&client); }

  // Kicks the clients whose credentials are no longer valid, and tells apps and gateways that
  // rights were revoked.
  void revoke(const registry::Directory& directory) const;
  // Kicks the apps that the fault of dropped connections is drawn for.
  void drop_by_chance(const FaultView& faults) const;

 private:
  std::unordered_map<const Client*, std::weak_ptr<Client>> clients_;
};

}  // namespace gridloom::hub
