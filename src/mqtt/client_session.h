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
//   waiting (for a takeover) -> live -> parked -> over
//
// Thread rule: everything on loop(), unless Client says otherwise. Handled elsewhere: bytes
// (Connection), client ids (SessionTable), the disk (SessionStore).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/failure_budget.h"
#include "hub/hub.h"
#include "mqtt/account_shares.h"
#include "mqtt/client_stream.h"
#include "mqtt/stored_session.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

class Connection;
class SessionTable;

// The server environment of a session; outlives every session.
struct ServerContext {
  hub::Hub* hub = nullptr;
  const Clock* clock = nullptr;  // a steady one (hub::Platform::steady)
  SessionTable* sessions = nullptr;
  wire::mqtt::Limits limits{};
  FailureBudget* failures = nullptr;  // of sign-ins, shared with HTTP; null: any number may fail
};

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

  // --- for the connection ---
  // Whether reading must pause because this client, or all clients of its account, are throttled;
  // resume_reading() is called when the connection may be read from again.
  [[nodiscard]] bool holds_back();
  // The identity of a QoS 1 or 2 publication, to detect repetitions. Only after join().
  [[nodiscard]] hub::PublishOptions::Identity identify(
      const wire::mqtt::PlainPublication& publication);
  void refused(const wire::mqtt::AckToken& token);
  // Writes the outbox's delivery steps into the log. If the log must have some of them before the
  // client is told more, the connection is notified (log_has_steps).
  void record_steps(std::vector<wire::mqtt::Outbox::DeliveryStep> steps, std::uint64_t taken);
  // PUBREL arrived: `done` is called on loop(), if this session lives that long, once the release
  // is as durable as the message.
  void release(std::uint16_t packet_id, std::function<void()> done);
  struct ConnectionEnd {
    wire::mqtt::SessionState state;
    std::unique_ptr<wire::mqtt::Will> will;   // to be published; null: none
    std::optional<std::uint32_t> expiry_s{};  // as changed by DISCONNECT
  };
  // For a session without a takeover: the connection may proceed at once.
  [[nodiscard]] wire::mqtt::SessionState go_live();
  void connection_ended(ConnectionEnd end);

  [[nodiscard]] std::uint32_t expiry_s() const { return expiry_s_; }
  [[nodiscard]] bool has_subscription(std::string_view filter) const;
  [[nodiscard]] std::size_t subscriptions() const { return subscriptions_.size(); }
  // Charges a new subscription to the account. False: the account's budget is exhausted.
  [[nodiscard]] bool charge_subscription(std::string_view filter);
  void refund_subscription(std::string_view filter) { filters_.release(cost_of(filter)); }
  // For a new subscription, charge_subscription() must have succeeded before.
  void add_subscription(const hub::Subscription& subscription);
  // False: there was no such subscription.
  bool remove_subscription(const std::string& filter);
  // Writes the session's current row. `done` is called on loop(), if this session lives that long,
  // once the log has the row; at once, if the session ends with its connection.
  void record_row(std::function<void()> done);
  // Adds the messages that the outbox has dropped since the last call to the counters.
  void count_dropped(const wire::mqtt::Dropped& so_far);

  // --- for the table ---
  void use_stream(ClientStreamPtr stream) {
    stream_ = std::move(stream);
    stream_is_complete_ = stream_ && stream_->number() != 0;
  }
  // The session starts clean.
  void clear_stream() const;
  // Any thread.
  void record(const hub::SessionChange& change) const;
  // Any thread. Empty: sessions end with the server.
  [[nodiscard]] const std::optional<hub::SessionKeeper>& keeper() const;
  [[nodiscard]] TimePoint now() const { return server_.clock->now(); }
  [[nodiscard]] const ClientStreamPtr& stream() const { return stream_; }
  // Another connection resumes this session: it ends here and continues in `successor`.
  void hand_over(std::shared_ptr<ClientSession> successor);
  // Ends the session: another connection took its client id without resuming it, or its credentials
  // ended.
  void discard(hub::KickReason reason);
  // Ends the session if it is parked.
  void expire();
  // Handles deadlines, and what is to be kept on disk.
  void sweep(TimePoint now);
  // When it was parked, in ms since 1970 by ServerContext::clock; 0: it is not. Any thread.
  [[nodiscard]] std::int64_t parked_since_ms() const {
    return parked_since_ms_.load(std::memory_order_relaxed);
  }
  // As requested when the session was made. Any thread.
  [[nodiscard]] bool outlives_connection() const { return outlives_connection_; }
  // At start-up, before any other call: registers a stored session's subscriptions with the hub,
  // and logs the removal of messages that its queue had no room for.
  void register_restored();

 private:
  enum class SessionStage : std::uint8_t { kWaiting, kLive, kParked, kOver };
  struct Takeover {
    wire::mqtt::SessionState state;
    std::map<std::string, hub::Subscription, std::less<>> subscriptions;
    TakenBytes filters;
    wire::mqtt::Dropped counted;
    std::int64_t stored_number = 0;
  };

  void resume(std::optional<Takeover> takeover);
  void park();
  void end();
  void publish_will();
  // While parked: drops queued messages that the client may not receive any more.
  void drop_what_is_not_for_it();
  // `done`, if it is not empty, is called on loop() once the log has the changes.
  void record(std::string changes, std::function<void()> done);
  void push(const hub::Delivery& delivery);
  // Writes the delivery steps of the outbox while there is no connection.
  void record_own_marks();
  [[nodiscard]] wire::mqtt::SharePtr budgets_of(std::string_view topic) const;
  [[nodiscard]] StoredSession row() const;

  const ServerContext& server_;
  std::weak_ptr<Connection> connection_;
  ClientStreamPtr stream_;
  bool stream_is_complete_ = false;  // it began before this session's connection
  SessionStage stage_ = SessionStage::kWaiting;
  std::uint32_t expiry_s_;
  const bool outlives_connection_;
  bool discarded_ = false;                    // ends with its connection
  bool handing_over_ = false;                 // parked, and no longer ended by this object
  std::shared_ptr<ClientSession> successor_;  // arrived while this one was still waiting itself
  const AccountBudgetsPtr share_;
  TakenBytes filters_;  // by cost_of(), of all subscriptions
  std::map<std::string, hub::Subscription, std::less<>> subscriptions_;
  wire::mqtt::SessionState kept_;     // while parked
  std::vector<hub::Delivery> early_;  // deliveries while waiting
  std::vector<hub::Ack> early_acks_;
  std::unique_ptr<wire::mqtt::Will> will_;  // delayed
  std::optional<TimePoint> will_due_;
  std::optional<TimePoint> ends_at_;
  std::atomic<std::int64_t> parked_since_ms_{0};
  wire::mqtt::Dropped counted_;
};

using ClientSessionPtr = std::shared_ptr<ClientSession>;

}  // namespace gridloom::mqtt
