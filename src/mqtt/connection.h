// One MQTT connection between its session (bytes) and the hub (meaning): signs in, asks the hub for
// rights, hands what was published to the shards and what they deliver to the session.
// One thread: the connection's loop.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hub/hub.h"
#include "net/protocol.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

struct Door {
  hub::Hub* hub = nullptr;
  const Clock* clock = nullptr;
  wire::mqtt::Limits limits{};
};

class Connection final : public net::Protocol, public std::enable_shared_from_this<Connection> {
 public:
  Connection(const Door& door, net::Line line);
  ~Connection() override;

  void receive(std::string_view bytes, TimePoint now) override;
  void take_output(std::string& out) override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] bool wants_input() const override;
  void tick(TimePoint now) override;
  void server_stops() override { kick(hub::KickReason::kShuttingDown); }
  void lost() override;

 private:
  class HubClient;

  void handle_events();
  void on(const wire::mqtt::ConnectRequested& event);
  void on(const wire::mqtt::PublishReceived& event);
  void on(const wire::mqtt::SubscribeRequested& event);
  [[nodiscard]] wire::mqtt::Reason subscribe(const wire::mqtt::Subscription& wanted,
                                             std::uint32_t subscription_id);
  void on(const wire::mqtt::UnsubscribeRequested& event);
  void on(const wire::mqtt::Ended& event);

  void deliver(const std::vector<hub::Delivery>& deliveries, const std::vector<hub::Ack>& acks);
  void kick(hub::KickReason reason);

  const Door& door_;
  net::Line line_;
  wire::mqtt::Session session_;
  hub::Hub::Batch batch_;
  std::shared_ptr<HubClient> client_;  // since CONNECT was accepted
  std::unique_ptr<wire::mqtt::Will> will_;
  std::set<std::string, std::less<>> filters_;  // subscribed
};

// `door` outlives the connections.
[[nodiscard]] net::MakeProtocol serve(const Door& door);

}  // namespace gridloom::mqtt
