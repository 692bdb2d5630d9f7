// One MQTT connection between its session (bytes) and the hub: signs in, asks the hub for rights,
// forwards publications to the shards and the shards' deliveries to the session.
// One thread: the connection's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hub/clients/client.h"
#include "hub/hub.h"
#include "mqtt/client_session.h"
#include "mqtt/server_context.h"
#include "net/protocol.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

// Reports the events of one connection: to the log and the counters (hub::ClientEvent), and its
// sign-ins to the audit.
//
// Thread rule: the connection's loop.
class ConnectionEvents {
 public:
  // Both outlive this object. `peer` is the connection's address.
  ConnectionEvents(const ServerContext& server, const std::string& peer)
      : server_(server), peer_(peer) {}

  // An event of the signed-in client; null: the client has not signed in.
  void add(hub::ClientEvent::Kind kind, wire::mqtt::Reason reason, std::string_view why,
           const hub::Client* client) const;
  // A CONNECT was refused, and its client never signed in.
  void refused(const wire::mqtt::ConnectRequest& request, wire::mqtt::Reason reason,
               std::string_view why) const;
  // Records in the audit that `who` signed in; or that it was refused, and why.
  void record_sign_in(const hub::Identity& who, std::string_view client_id,
                      std::string_view refused) const;
  // The same for a CONNECT whose credentials are wrong.
  void record_wrong_credentials(const wire::mqtt::ConnectRequest& request,
                                std::string_view refused) const;

 private:
  const ServerContext& server_;
  const std::string& peer_;
};

// Verifies the credentials of a CONNECT.
//
// Thread rule: any thread.
struct SignInRefusal {
  wire::mqtt::Reason reason{};
  std::string why;
};
// kConnectionRateExceeded: too many sign-ins from the address `peer` failed; the credentials were
// not looked at. kBadUserNameOrPassword: they are wrong, which counts against the address.
[[nodiscard]] std::expected<hub::Identity, SignInRefusal> sign_in(
    const ServerContext& server, const std::string& peer,
    const wire::mqtt::ConnectRequest& request);

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
