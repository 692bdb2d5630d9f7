#include "hub/shard/shard_clients.h"

#include "hub/platform/credentials.h"
#include "hub/platform/fault_injector.h"

namespace gridloom::hub {

void ShardClients::revoke(const registry::Directory& directory) const {
  for (const auto& [raw, holder] : clients_) {
    const ClientPtr client = holder.lock();
    if (!client) continue;
    if (!still_valid(directory, client->identity())) {
      client->loop().post([client] { client->kick(KickReason::kNotAuthorized); });
    } else if (client->identity().role != Role::kDevice) {
      client->loop().post([client] { client->rights_changed(); });
    }
  }
}

void ShardClients::drop_by_chance(const FaultView& faults) const {
  for (const auto& [raw, holder] : clients_) {
    const ClientPtr client = holder.lock();
    if (!client || client->identity().role != Role::kAccount) continue;
    if (!faults.happens(PlatformFault::kDroppedConnection, client->identity().account)) continue;
    client->loop().post([client] { client->kick(KickReason::kDropped); });
  }
}

}  // namespace gridloom::hub
