// Stands at an owner for a client that is connected to another node, its door: what shards give it
// travels there, in order.
//
// A door that does not take what waits for it gets no more deliveries, as a slow client is: they
// are counted as dropped. Those that are in the log, for a session that the door keeps, wait in
// Transit.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "hub/clients/client.h"
#include "hubs/link_channel.h"
#include "hubs/node_messages.h"
#include "hubs/transit.h"

namespace gridloom::hub {

class RemoteClient final : public Client {
 public:
  // Shared by the clients of one session of the channel.
  struct NodeSession {
    std::shared_ptr<NodeChannel> channel;
    std::uint64_t session = 0;
    Millis steady_to_wall{0};
    std::shared_ptr<Transit> transit;
    // Deliveries were left out. Any thread.
    std::function<void(const Client& client, std::size_t deliveries)> dropped;
  };
  RemoteClient(std::shared_ptr<const NodeSession> door, const ClientMet& met);
  ~RemoteClient() override;

  [[nodiscard]] ClientNumber number() const { return number_; }  // at its door
  // The shards of this node will return so much credit that the door has not charged.
  void expect_surplus(std::size_t bytes) { surplus_ += static_cast<std::int64_t>(bytes); }

  [[nodiscard]] bool is_kept_elsewhere() const override { return stored_number() != 0; }
  [[nodiscard]] bool consume_credit(std::size_t bytes) override;
  void deliver(std::vector<Delivery> deliveries, std::vector<Ack> acks) override;
  void kick(KickReason reason) override;
  void rights_changed() override;
  void resume_reading() override {}  // the door's client does

 private:
  void tell(const NodeMessage& message) const;

  const std::shared_ptr<const NodeSession> door_;
  const ClientNumber number_;
  std::atomic<std::int64_t> surplus_{0};
};

using RemoteClientPtr = std::shared_ptr<RemoteClient>;

}  // namespace gridloom::hub
