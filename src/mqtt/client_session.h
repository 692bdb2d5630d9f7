// A client's MQTT session as the hub holds it: it has a connection, or waits for the next one and
// keeps what is to be delivered. Bound to the loop of the connection that made it.
//
// A session changes its loop by changing its object: the connection that resumes it brings a new
// ClientSession, and the old one hands over what it has (hand_over). Every shard then delivers to
// the new one; only when all that was ever delivered to the old one has arrived does its estate
// follow, and until then the new one holds back what it gets. So no message overtakes another.
//
//   waiting (for an estate) -> live -> parked -> over
//
// Thread rule: everything on loop(), but what Client says otherwise. Not here: bytes (Connection),
// who has which client id (SessionTable), the disk (SessionStore).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

// What a session needs of its surroundings; outlives every session.
struct Door {
  hub::Hub* hub = nullptr;
  const Clock* clock = nullptr;  // a steady one (hub::Platform::steady)
  SessionTable* sessions = nullptr;
  wire::mqtt::Limits limits{};
  FailureBudget* failures = nullptr;  // of sign-ins, shared with HTTP; null: any number may fail
};

class ClientSession final : public hub::Client, public std::enable_shared_from_this<ClientSession> {
 public:
  struct Options {
    const Door& door;
    Loop& loop;
    hub::Identity identity;
    std::string client_id;
    std::uint32_t expiry_s = 0;  // after its connection's end; kNeverExpires: no end
    std::string peer{};          // the connection's address
  };
  ClientSession(Options options, std::weak_ptr<Connection> connection);
  // One that outlived the server.
  ClientSession(Options options, StoredSession stored);
  ~ClientSession() override;

  void deliver(std::vector<hub::Delivery> deliveries, std::vector<hub::Ack> acks) override;
  void kick(hub::KickReason reason) override;
  void rights_changed() override;
  void go_on() override;

  // --- of the connection ---
  // It, or all clients of its account, are too far ahead of the shards: go_on() comes when it may
  // be read from again.
  [[nodiscard]] bool holds_back();
  // What a publication of QoS 1 or 2 is known by. From join() on.
  [[nodiscard]] hub::How::Identity identify(const wire::mqtt::PublishReceived& publication);
  void refused(const wire::mqtt::AckToken& token);
  // Writes the marks of its outbox into the log. Where some of them must be there before the client
  // is told more, the connection hears of it (log_has_marks).
  void record_marks(std::vector<wire::mqtt::Outbox::Mark> marks, std::uint64_t taken);
  // PUBREL came: `done` is called on loop(), if this session lives that long, once that is as safe
  // as the message.
  void release(std::uint16_t packet_id, std::function<void()> done);
  struct Parting {
    wire::mqtt::SessionState state;
    std::unique_ptr<wire::mqtt::Will> will;   // to be published; null: none
    std::optional<std::uint32_t> expiry_s{};  // as changed by DISCONNECT
  };
  // There is nothing to inherit: the connection may go on at once.
  [[nodiscard]] wire::mqtt::SessionState go_live();
  void connection_ended(Parting parting);

  [[nodiscard]] std::uint32_t expiry_s() const { return expiry_s_; }
  [[nodiscard]] bool has_subscription(std::string_view filter) const;
  [[nodiscard]] std::size_t subscriptions() const { return subscriptions_.size(); }
  // For a subscription that is new. False: the account has no room for it.
  [[nodiscard]] bool take_room_for(std::string_view filter);
  void give_room_back(std::string_view filter) { filters_.give_back(cost_of(filter)); }
  // New ones have their room.
  void keep_subscription(const hub::Subscription& subscription);
  // False: there was none.
  bool drop_subscription(const std::string& filter);
  // Its row as it is now. `done` is called on loop(), if this session lives that long, once the log
  // has it; at once, if it ends with its connection.
  void keep_row(std::function<void()> done);
  // Tells the counters what the outbox had to drop since the last time.
  void count_dropped(const wire::mqtt::Dropped& so_far);

  // --- of the table ---
  void use_stream(ClientStreamPtr stream) { stream_ = std::move(stream); }
  // The session begins anew.
  void clear_stream() const;
  // Any thread.
  void record(const hub::SessionChange& change) const;
  // Any thread. None: sessions end with the server.
  [[nodiscard]] const std::optional<hub::SessionKeeper>& keeper() const;
  [[nodiscard]] TimePoint now() const { return door_.clock->now(); }
  [[nodiscard]] const ClientStreamPtr& stream() const { return stream_; }
  // Another connection resumes this session: it ends here and goes on there.
  void hand_over(std::shared_ptr<ClientSession> heir);
  // Another connection wants none of it, or its credentials ended.
  void discard(hub::KickReason reason);
  // Ends it if it waits for its client.
  void expire();
  // Deadlines, and what is to be kept on disk.
  void sweep(TimePoint now);
  // When it was parked, in ms since 1970 by the door's clock; 0: it is not. Any thread.
  [[nodiscard]] std::int64_t parked_since_ms() const {
    return parked_since_ms_.load(std::memory_order_relaxed);
  }
  // As it was asked for. Any thread.
  [[nodiscard]] bool outlives_connection() const { return outlives_connection_; }
  // At start-up, before any other call: what the hub has to know of a stored one, and the log of
  // what it had no room for.
  void start_again();

 private:
  enum class Stage : std::uint8_t { kWaiting, kLive, kParked, kOver };
  struct Estate {
    wire::mqtt::SessionState state;
    std::map<std::string, hub::Subscription, std::less<>> subscriptions;
    TakenBytes filters;
    wire::mqtt::Dropped counted;
    std::int64_t kept_as = 0;
  };

  void inherit(std::optional<Estate> estate);
  void park();
  void end();
  void publish_will();
  // Of what waits while there is no connection.
  void drop_what_is_not_for_it();
  // `done`, if it is not empty, is called on loop() once the log has them.
  void record(std::string changes, std::function<void()> done);
  void push(const hub::Delivery& delivery);
  // Likewise while there is no connection.
  void record_own_marks();
  [[nodiscard]] wire::mqtt::SharePtr share_of(std::string_view topic) const;
  [[nodiscard]] StoredSession row() const;

  const Door& door_;
  std::weak_ptr<Connection> connection_;
  ClientStreamPtr stream_;
  Stage stage_ = Stage::kWaiting;
  std::uint32_t expiry_s_;
  const bool outlives_connection_;
  bool discarded_ = false;               // ends with its connection
  bool handing_over_ = false;            // parked, and no longer this object's to end
  std::shared_ptr<ClientSession> heir_;  // came while this one was still waiting itself
  const AccountSharePtr share_;
  TakenBytes filters_;  // by cost_of(), of all subscriptions
  std::map<std::string, hub::Subscription, std::less<>> subscriptions_;
  wire::mqtt::SessionState kept_;     // while parked
  std::vector<hub::Delivery> early_;  // while waiting
  std::vector<hub::Ack> early_acks_;
  std::unique_ptr<wire::mqtt::Will> will_;  // delayed
  std::optional<TimePoint> will_due_;
  std::optional<TimePoint> ends_at_;
  std::atomic<std::int64_t> parked_since_ms_{0};
  wire::mqtt::Dropped counted_;
};

using ClientSessionPtr = std::shared_ptr<ClientSession>;

}  // namespace gridloom::mqtt
