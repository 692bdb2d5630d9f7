#include "hub/shard/shard_turn.h"

#include <utility>

#include "hub/platform/credentials.h"
#include "hub/platform/fault_injector.h"

namespace gridloom::hub {
namespace {

constexpr std::int64_t kEffort = 4;
constexpr std::size_t kBytesOfEffort = 256;

}  // namespace

ShardTurn::ShardTurn(Platform& platform, const Loop& loop,
                     const std::function<bool(std::string_view)>& mine, Callbacks callbacks)
    : loop_(loop),
      writer_(platform, std::move(callbacks.durable)),
      router_(platform, writer_, std::move(callbacks.caught_up)),
      gate_(platform,
            [this](const ClientPtr& client, const Ack& ack) { acknowledge(client, ack); }),
      traffic_(platform.clock),
      changes_(platform, mine) {}

void ShardTurn::add_effort_of_message(std::size_t bytes) {
  effort_ += kEffort + static_cast<std::int64_t>(bytes / kBytesOfEffort);
}

void ShardTurn::acknowledge(const ClientPtr& client, const Ack& ack) {
  if (&client->loop() == &loop_) {
    client->acknowledge(ack);
  } else {
    router_.acknowledge(client, ack);
  }
}

void ShardTurn::flush() {
  writer_.append();
  changes_.flush();
  traffic_.flush();
  if (auto deliveries = router_.take_durable(); !deliveries.empty()) {
    gate_.deliver(std::move(deliveries), writer_.last_appended());
  }
  router_.flush();
}

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
