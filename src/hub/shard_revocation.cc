// Effects of a change of the registry that revokes rights: closes connections, refuses sets that
// wait for a reply, and drops retained messages.
#include <algorithm>
#include <iterator>
#include <utility>

#include "hub/credentials.h"
#include "hub/shard.h"

namespace gridloom::hub {

// Checks all clients and devices, so only after a change that revokes something: a thousand devices
// may be added one by one. Done at once: a set that follows the change must not reach a client
// whose rights the change ends. Devices are checked again at the next tick, since their connections
// may not have ended before.
void Shard::registry_changed() {
  const std::uint64_t before = directory_->revocations();
  directory_ = platform_.registry.directory();
  ++directory_number_;
  if (directory_->revocations() == before) return;
  drop_what_ended();
  rights_changed_ = true;
}

void Shard::drop_what_ended() {
  flush();
  for (const auto& [raw, holder] : clients_) {
    const ClientPtr client = holder.lock();
    if (!client) continue;
    if (!still_valid(*directory_, client->identity())) {
      client->loop().post([client] { client->kick(KickReason::kNotAuthorized); });
    } else if (client->identity().role != Role::kDevice) {
      client->loop().post([client] { client->rights_changed(); });
    }
  }
  for (auto& [client, serials] : bound_) {
    if (client->identity().role != Role::kGateway) continue;
    std::erase_if(serials, [&](const std::string& sn) {
      const registry::Device* device = directory_->find_device(sn);
      const bool ended = device == nullptr || device->owner != client->identity().account;
      if (ended) drop_transport(*client, sn);
      return ended;
    });
  }
  drop_devices();
  drop_retained_by_accounts();
}

void Shard::drop_devices() {
  std::vector<std::string> others;  // serial numbers that belong to other devices by now
  for (auto& [sn, state] : devices_) {
    const registry::Device* device = directory_->find_device(sn);
    if (device == nullptr) continue;
    if (device->number != state.number) {
      others.push_back(sn);
    } else {
      refuse_pending_of_others(*device, state);
    }
  }
  for (const std::string& sn : others) static_cast<void>(find_state(sn));
  std::erase_if(devices_, [this](const auto& entry) {
    const DeviceState& state = entry.second;
    const bool ended = directory_->find_device(entry.first) == nullptr &&
                       state.transports.empty() && state.pending.empty();
    if (ended) forget_retained(state.retained);
    return ended;
  });
}

// An account that may no longer set the device does not get its replies.
void Shard::refuse_pending_of_others(const registry::Device& device, DeviceState& state) {
  const auto ended = std::ranges::partition(state.pending, [&](const Pending& each) {
    return registry::Directory::rights(each.account, device) >= registry::Rights::kFull;
  });
  std::vector<Pending> refused(std::make_move_iterator(ended.begin()),
                               std::make_move_iterator(ended.end()));
  state.pending.erase(ended.begin(), ended.end());
  for (Pending& pending : refused) {
    Error why = permitted(pending.account, device.sn, registry::Rights::kFull).error();
    finish(device.sn, std::move(pending), std::unexpected(std::move(why)));
  }
}

void Shard::drop_retained_by_accounts() {
  for (auto& [account, retained] : retained_by_accounts_) {
    RetainedByTopic ended;
    for (auto at = retained.begin(); at != retained.end();) {
      const auto next = std::next(at);
      if (!still_retained(*directory_, {.topic = at->first, .message = nullptr})) {
        ended.insert(retained.extract(at));
      }
      at = next;
    }
    forget_retained(ended);
  }
  std::erase_if(retained_bytes_of_, [](const auto& entry) { return entry.second->taken() == 0; });
  std::erase_if(retained_by_accounts_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace gridloom::hub
