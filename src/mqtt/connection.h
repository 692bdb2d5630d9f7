// One MQTT connection between its session (bytes) and the hub: signs in, asks the hub for rights,
// forwards publications to the shards and the shards' deliveries to the session.
// One thread: the connection's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hub/hub.h"
#include "mqtt/client_session.h"
#include "mqtt/session_table.h"
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
  [[nodiscard]] const wire::mqtt::Session& session() const { return session_; }

 private:
  // A device's report goes to its shard at once if the shard is on this loop and idle for the
  // device's account.
  [[nodiscard]] bool take(const wire::mqtt::PlainPublication& publication) override;
  void handle_events();
  void record_steps();
  void on(const wire::mqtt::ConnectRequested& event);
  // The credentials are good; on the loop where the connection stays.
  void admit(wire::mqtt::ConnectRequest request, hub::Identity identity);
  void join(SessionTable::Start start);
  // Reports an event of the signed-in client to the log and the counters.
  void log_event(hub::ClientEvent::Kind kind, wire::mqtt::Reason reason,
                 std::string_view why) const;
  void tell_refusal(wire::mqtt::Reason reason, const wire::mqtt::ConnectRequest& request,
                    std::string_view why) const;
  // `refused`: the reason; empty: the sign-in succeeded.
  void record_sign_in(const hub::Identity& who, std::string_view client_id,
                      std::string_view refused);
  void on(const wire::mqtt::PublishReceived& event);
  void on(const wire::mqtt::PublishReleased& event);
  void on(const wire::mqtt::SubscribeRequested& event);
  struct Granted {
    hub::Subscription subscription;
    hub::FilterScope scope;
  };
  // Returns a refusal, or appends to `granted` and keeps the subscription in the session.
  [[nodiscard]] wire::mqtt::Reason admit(const wire::mqtt::Subscription& wanted,
                                         std::uint32_t subscription_id,
                                         std::vector<Granted>& granted);
  void on(const wire::mqtt::UnsubscribeRequested& event);
  void on(const wire::mqtt::Ended& event);

  const ServerContext& server_;
  net::ConnectionContext context_;
  Loop* loop_;  // the connection's, which may move once
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
