#include "hubs/remote_client.h"

#include <algorithm>
#include <utility>

#include "hubs/request_bytes.h"

namespace gridloom::hub {

RemoteClient::RemoteClient(std::shared_ptr<const NodeSession> door, const ClientMet& met)
    : Client(door->channel->loop(), met.identity, met.client_id),
      door_(std::move(door)),
      number_(met.client) {
  set_peer(met.peer);
}

RemoteClient::~RemoteClient() { tell(ClientGone{number_}); }

void RemoteClient::tell(const NodeMessage& message) const {
  door_->channel->send(door_->session, message);
}

bool RemoteClient::consume_credit(std::size_t bytes) {
  auto left = static_cast<std::int64_t>(bytes);
  std::int64_t surplus = surplus_.load();
  std::int64_t taken = 0;
  do {
    taken = std::min(surplus, left);
  } while (!surplus_.compare_exchange_weak(surplus, surplus - taken));
  left -= taken;
  if (left != 0) tell(CreditReturned{.client = number_, .bytes = static_cast<std::size_t>(left)});
  return false;
}

void RemoteClient::deliver(std::vector<Delivery> deliveries, std::vector<Ack> acks) {
  // All of a batch have numbers, or none (Router::take_durable).
  if (!deliveries.empty() && deliveries.front().number != 0) {
    const std::size_t left = door_->transit->add(stored_number(), std::exchange(deliveries, {}));
    if (left != 0) door_->dropped(*this, left);
  }
  if (!deliveries.empty() && door_->channel->is_congested()) {
    door_->dropped(*this, std::exchange(deliveries, {}).size());
  }
  if (deliveries.empty() && acks.empty()) return;
  const Delivered delivered{.deliveries = std::move(deliveries), .acks = std::move(acks)};
  tell(ClientDelivered{.client = number_, .bytes = bytes_of(delivered, door_->steady_to_wall)});
}

void RemoteClient::kick(KickReason reason) {
  tell(ClientKicked{.client = number_, .reason = reason});
}

void RemoteClient::rights_changed() { tell(ClientRightsChanged{number_}); }

}  // namespace gridloom::hub
