// One MQTT connection between its session (bytes) and the hub: signs in, asks the hub for rights,
// forwards publications to the shards and the shards' deliveries to the session.
// One thread: the connection's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hub/hub.h"
#include "mqtt/client_session.h"
#include "mqtt/connection_events.h"
#include "net/protocol.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

enum class SessionPresent : std::uint8_t { kNo, kYes };

class Connection final : public net::Protocol,
                         private wire::mqtt::PlainPublicationTaker,
                         public std::enable_shared_from_this<Connection> {
 public:
  Connection(const ServerContext& server, net::ConnectionContext context);
  ~Connection() override;

  void receive(std::string_view bytes, TimePoint now) override;
  void take_output(std::string& out) override;
  [[nodiscard]] bool has_output() const override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] bool wants_input() const override;
  [[nodiscard]] std::int64_t account() const override;
  [[nodiscard]] std::size_t kept_bytes() const override { return session_.kept_bytes(); }
  void tick(TimePoint now) override;
  void server_stops() override { kick(hub::KickReason::kShuttingDown); }
  void lost() override;

  // --- for its ClientSession ---
  // Completes a CONNECT that had to wait for an older session.
  void accepted(wire::mqtt::SessionState state, SessionPresent present);
  void deliver(const std::vector<hub::Delivery>& deliveries, const std::vector<hub::Ack>& acks);
  void acknowledge(const hub::Ack& ack);
  void kick(hub::KickReason reason);
  void rights_changed();
  // The log has the delivery steps up to this value of Outbox::steps_taken().
  void log_has_steps(std::uint64_t up_to);
  void resume_reading() const { context_.wake(); }

 private:
  // A device's report goes to its shard at once if the shard is on this loop and idle for the
  // device's account.
  [[nodiscard]] bool take(const wire::mqtt::PlainPublication& publication) override;
  void handle_events();
  void record_steps();
  void on(const wire::mqtt::ConnectRequested& event);
  // The credentials are good; on the loop where the connection stays.
  void admit(wire::mqtt::ConnectRequest request, hub::Identity identity);
  void on(const wire::mqtt::PublishReceived& event);
  void on(const wire::mqtt::PublishReleased& event);
  void on(const wire::mqtt::SubscribeRequested& event);
  void on(const wire::mqtt::UnsubscribeRequested& event);
  void on(const wire::mqtt::Ended& event);
  // Acknowledges once the function that it returns was called so many times.
  [[nodiscard]] std::function<void()> after(
      std::size_t steps, std::function<void(wire::mqtt::Session& session)> acknowledge);

  const ServerContext& server_;
  net::ConnectionContext context_;
  Loop* loop_;  // the connection's, which may move once
  ConnectionEvents events_;
  wire::mqtt::Session session_;
  hub::Hub::Batch batch_;
  std::shared_ptr<ClientSession> client_;  // from a successful CONNECT to the end
  bool receiving_ = false;                 // receive() handles the events when it is done
  std::string assigned_id_;
  std::unique_ptr<wire::mqtt::Will> will_;
};

// `server` must outlive the connections.
[[nodiscard]] net::MakeProtocol serve(const ServerContext& server);

}  // namespace gridloom::mqtt
