// A client's MQTT session as the hub holds it: it has a connection, or is parked until the client's
// next connection and keeps the messages to be delivered. Bound to the loop of the connection that
// made it.
//
// A session moves to another loop by changing its object: the connection that resumes it brings a
// new ClientSession, the successor, and the old one hands over its state (hand_over). Every shard
// then delivers to the successor; the state follows only when everything that was ever delivered to
// the old one has arrived, and until then the successor holds back its deliveries. So no message
// overtakes another.
//
//   waiting (for a takeover) -> live -> parked -> handing over (to a successor) -> over
//
// Its parts have the rules of what they hold: SessionSubscriptions, SessionPublications (from the
// client), SessionQueue (for the client), SessionLifetime. This class has the order of events.
// Thread rule: everything on loop(), unless Client says otherwise. Handled elsewhere: bytes
// (Connection), client ids (SessionTable), the disk (SessionStore).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hub/hub.h"
#include "mqtt/server_context.h"
#include "mqtt/session_lifetime.h"
#include "mqtt/session_publications.h"
#include "mqtt/session_queue.h"
#include "mqtt/session_subscriptions.h"
#include "mqtt/stored_session.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

class Connection;

class ClientSession final : public hub::Client, public std::enable_shared_from_this<ClientSession> {
 public:
  struct Options {
    const ServerContext& server;
    Loop& loop;
    hub::Identity identity;
    std::string client_id;
    std::uint32_t expiry_s = 0;  // after the connection's end; kNeverExpires: no end
    std::string peer{};          // the connection's address
  };
  ClientSession(Options options, std::weak_ptr<Connection> connection);
  // A session restored after a restart of the server.
  ClientSession(Options options, StoredSession stored);
  ~ClientSession() override;

  void deliver(std::vector<hub::Delivery> deliveries, std::vector<hub::Ack> acks) override;
  void acknowledge(const hub::Ack& ack) override;
  void kick(hub::KickReason reason) override;
  void rights_changed() override;
  void resume_reading() override;

  // Its parts. A caller's changes in the subscriptions are stored by record_row().
  [[nodiscard]] SessionSubscriptions& subscriptions() { return subscriptions_; }
  [[nodiscard]] SessionPublications& publications() { return publications_; }
  [[nodiscard]] const SessionLifetime& lifetime() const { return lifetime_; }

  // --- for the connection ---
  // Whether reading must pause because this client, or all clients of its account, are throttled;
  // resume_reading() is called when the connection may be read from again.
  [[nodiscard]] bool holds_back();
  // Writes the outbox's delivery steps into the log. If the log must have some of them before the
  // client gets more, the connection is notified (log_has_steps).
  void record_steps(const TakenSteps& steps);
  // Writes the session's current row. `done` is called on loop(), if this session lives that long,
  // once the log has the row; at once, if the session ends with its connection.
  void record_row(std::function<void()> done);
  // Adds the messages that the outbox has dropped since the last call to the counters.
  void count_dropped(const wire::mqtt::Dropped& so_far);
  struct ConnectionEnd {
    wire::mqtt::SessionState state;
    std::unique_ptr<wire::mqtt::Will> will;   // to be published; null: none
    std::optional<std::uint32_t> expiry_s{};  // as changed by DISCONNECT
  };
  // For a session without a takeover: the connection may proceed at once.
  [[nodiscard]] wire::mqtt::SessionState go_live();
  void connection_ended(ConnectionEnd end);

  // --- for the table ---
  [[nodiscard]] const ServerContext& server() const { return server_; }  // any thread
  // Another connection resumes this session: it ends here and continues in `successor`.
  void hand_over(std::shared_ptr<ClientSession> successor);
  // Ends the session: another connection took its client id without resuming it, or its credentials
  // ended.
  void discard(hub::KickReason reason);
  // Ends the session if it is parked.
  void expire();
  // Handles deadlines, and what is to be kept on disk.
  void sweep(TimePoint now);
  // At start-up, before any other call: registers a stored session's subscriptions with the hub,
  // and logs the removal of messages that its queue had no room for.
  void register_restored();

 private:
  enum class SessionStage : std::uint8_t { kWaiting, kLive, kParked, kHandingOver, kOver };
  struct Takeover {
    SessionQueue queue;
    SessionSubscriptions subscriptions;
    std::int64_t stored_number = 0;
  };

  void resume(std::optional<Takeover> takeover);
  void park();
  void end();

  const ServerContext& server_;
  std::weak_ptr<Connection> connection_;
  SessionStage stage_ = SessionStage::kWaiting;
  std::shared_ptr<ClientSession> successor_;  // arrived while this one was still waiting itself
  SessionPublications publications_;
  SessionLifetime lifetime_;
  SessionQueue queue_;
  SessionSubscriptions subscriptions_;
};

using ClientSessionPtr = std::shared_ptr<ClientSession>;

}  // namespace gridloom::mqtt
