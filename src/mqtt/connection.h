// One MQTT connection between its session (bytes) and the hub (meaning): signs in, asks the hub for
// rights, hands what was published to the shards and what they deliver to the session.
// One thread: the connection's loop.
#pragma once

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

class Connection final : public net::Protocol, public std::enable_shared_from_this<Connection> {
 public:
  Connection(const Door& door, net::Line line);
  ~Connection() override;

  void receive(std::string_view bytes, TimePoint now) override;
  void take_output(std::string& out) override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] bool wants_input() const override;
  [[nodiscard]] std::int64_t account() const override;
  [[nodiscard]] std::size_t kept_bytes() const override { return session_.kept_bytes(); }
  void tick(TimePoint now) override;
  void server_stops() override { kick(hub::KickReason::kShuttingDown); }
  void lost() override;

  // --- of its ClientSession ---
  // CONNECT's answer, when there was an older session to ask.
  void accepted(wire::mqtt::SessionState state, SessionPresent present);
  void deliver(const std::vector<hub::Delivery>& deliveries, const std::vector<hub::Ack>& acks);
  void kick(hub::KickReason reason);
  void rights_changed();
  // Outbox::marks_taken(), of those that the log has by now.
  void log_has_marks(std::uint64_t up_to);
  void go_on() const { line_.wake(); }
  [[nodiscard]] const wire::mqtt::Session& session() const { return session_; }

 private:
  void handle_events();
  void record_marks();
  void on(const wire::mqtt::ConnectRequested& event);
  void join(SessionTable::Start start);
  // For the log and the counters; of whoever signed in.
  void tell(hub::ClientEvent::Kind kind, wire::mqtt::Reason reason, std::string_view why) const;
  void tell_refusal(wire::mqtt::Reason reason, const wire::mqtt::ConnectRequest& request,
                    std::string_view why) const;
  // `refused`: why; empty: it was not.
  void record_sign_in(const hub::Identity& who, std::string_view client_id,
                      std::string_view refused);
  void on(const wire::mqtt::PublishReceived& event);
  void on(const wire::mqtt::PublishReleased& event);
  void on(const wire::mqtt::SubscribeRequested& event);
  struct Granted {
    hub::Subscription subscription;
    hub::FilterScope scope;
  };
  // Refused, or behind `granted`, and kept by the session.
  [[nodiscard]] wire::mqtt::Reason admit(const wire::mqtt::Subscription& wanted,
                                         std::uint32_t subscription_id,
                                         std::vector<Granted>& granted);
  void on(const wire::mqtt::UnsubscribeRequested& event);
  void on(const wire::mqtt::Ended& event);

  const Door& door_;
  net::Line line_;
  wire::mqtt::Session session_;
  hub::Hub::Batch batch_;
  std::shared_ptr<ClientSession> client_;  // from a good CONNECT to the end
  std::string assigned_id_;
  std::unique_ptr<wire::mqtt::Will> will_;
};

// `door` outlives the connections.
[[nodiscard]] net::MakeProtocol serve(const Door& door);

}  // namespace gridloom::mqtt
