// Moves bytes between a connection's stream and its protocol, on one loop. An idle connection holds
// no buffer: input is read into one buffer per loop, and output that the socket takes at once is
// written from another.
//
// Output is sent at the end of the loop's turn, whatever caused it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/byte_budget.h"
#include "base/clock.h"
#include "base/log_throttle.h"
#include "base/per_key_limit.h"
#include "net/io_loop.h"
#include "net/limits.h"
#include "net/protocol.h"
#include "net/stream.h"

namespace gridloom::net {

class ConnectionIo;

// Permit of a connection that was accepted beyond the connection limit; held until the peer has
// authenticated.
using SparePermit = PerKeyLimit::Permit;

// The connections of one loop; used on that loop only, except for size(). A connection that closes
// during a sweep is removed after the sweep.
class ConnectionSet {
 public:
  void add(const std::shared_ptr<ConnectionIo>& connection, std::string_view peer);
  void remove(const std::shared_ptr<ConnectionIo>& connection);
  // Removes a connection that has not authenticated and joins the set of another loop, outside of
  // each(). Returns the `peer` for its add() there.
  [[nodiscard]] std::string release(const std::shared_ptr<ConnectionIo>& connection);
  void each(const std::function<void(ConnectionIo&)>& what);
  // Closes the oldest unauthenticated connection that is not a spare one, once what it has sent is
  // read: the loop may be late, and that is not the peer's fault. False: there is none.
  [[nodiscard]] bool close_unauthenticated();
  // Frees a spare permit for a new connection from `peer`: closes the oldest connection of the
  // address that holds the most spare permits (the new connection is counted). Empty: none can be
  // closed.
  [[nodiscard]] std::optional<SparePermit> free_spare(std::string_view peer);
  // `connection` has authenticated as `account`. If it holds only a spare permit and the listener
  // is still over its limit, it replaces a connection of the account with the most connections
  // here, or is closed itself if that is its own account.
  void authenticated(ConnectionIo& connection, std::int64_t account);
  // Logs (throttled) that a connection was closed because all unauthenticated connections together
  // have sent too much.
  void warn_of_unauthenticated(TimePoint now);
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  struct SpareConnection {
    ConnectionIo* connection;
    std::string peer;
  };

  void count() { size_.store(here_.size() - leaving_.size(), std::memory_order_relaxed); }
  void remove_closed();
  void remove_from_account(const ConnectionIo& connection);
  void remove_spare(const ConnectionIo& connection);

  std::unordered_set<std::shared_ptr<ConnectionIo>> here_;
  std::unordered_map<std::int64_t, std::vector<ConnectionIo*>> by_account_;
  LogThrottle account_warnings_{{.times = 1, .within = Millis(60'000)}};
  LogThrottle unauthenticated_warnings_{{.times = 1, .within = Millis(60'000)}};
  std::vector<std::shared_ptr<ConnectionIo>> leaving_;
  // By arrival. Each connection is checked once for whether it may be closed: an authenticated one
  // stays authenticated, and checking a long list of busy ones again would turn new connections
  // away.
  std::deque<std::weak_ptr<ConnectionIo>> counted_;
  std::vector<SpareConnection> spare_connections_;  // by arrival, until they authenticate
  std::atomic<std::size_t> size_{0};
  bool sweeping_ = false;
};

class ConnectionIo final : public IoLoop::Watched,
                           public std::enable_shared_from_this<ConnectionIo> {
 public:
  // A loop, and the listener's connections there.
  struct Place {
    IoLoop* loop = nullptr;
    ConnectionSet* connections = nullptr;
  };
  // The parts that all connections of a listener share.
  struct Dependencies {
    const Clock& clock;
    const ListenerLimits& limits;
    ByteBudgetPtr unauthenticated_bytes{};  // null: limited by the protocols only
    // Whether more connections are open than the limits allow.
    std::function<bool()> overfull{};
    // The place of a loop, for connections that move; empty: they do not.
    std::function<Place(const Loop& loop)> place_of{};
  };
  // Permits for the peer's address, and a spare one if the connection is beyond the limit.
  struct Permits {
    PerKeyLimit::Permit address{};
    SparePermit spare{};
  };
  // `dependencies` must stay valid until close() or destruction. close() returns the permits.
  ConnectionIo(Stream stream, const Dependencies& dependencies, Place place, Permits permits)
      : stream_(std::move(stream)),
        dependencies_(dependencies),
        place_(place),
        permits_(std::move(permits)),
        unauthenticated_bytes_(dependencies_.unauthenticated_bytes) {}

  void start(const MakeProtocol& make, std::string peer);
  void tick(TimePoint now);
  void server_stops();
  [[nodiscard]] bool may_be_closed() const {
    return protocol_->account() == 0 && !protocol_->busy() && move_ == nullptr;
  }
  // Reads what the peer has sent, up to one buffer, and sends what that causes, before the event
  // of the loop. A TLS handshake is not continued: it costs much, and anyone may ask for it.
  void catch_up();
  [[nodiscard]] bool overfull() const { return dependencies_.overfull && dependencies_.overfull(); }
  void close();

  // --- for its ConnectionSet ---
  [[nodiscard]] bool has_spare() const { return static_cast<bool>(permits_.spare); }
  [[nodiscard]] SparePermit take_spare() { return std::exchange(permits_.spare, {}); }
  [[nodiscard]] TimePoint now() const { return dependencies_.clock.now(); }
  [[nodiscard]] std::int64_t account() const override { return account_; }
  [[nodiscard]] std::size_t index() const { return index_; }
  void set_account(std::int64_t account, std::size_t index) {
    account_ = account;
    index_ = index;
  }

  void on_ready(std::uint32_t events) override;
  void on_turn_end() override;

 private:
  enum class Phase : std::uint8_t { kHandshake, kEstablished, kMoving, kClosing, kClosed };

  struct Move {
    Loop& to;
    Task arrived;
  };

  // See ConnectionContext::move. The connection departs at the turn's end, when nothing on this
  // loop refers to it any more.
  void move_to(Loop& to, Task arrived);
  void depart();
  void arrive(Place place, const std::string& peer, Task arrived);
  // Updates the account and the number of unauthenticated bytes after input was processed.
  void update_account();
  void do_handshake();
  void read();
  // Sends the protocol's output as far as the socket takes it.
  void write();
  [[nodiscard]] std::size_t send(std::string_view bytes);
  void continue_io();
  void continue_at_turn_end();
  void ask_for_turn_end();
  void shut_down();
  void reset();
  // The peer does not read its responses: no further ones are produced.
  [[nodiscard]] bool is_backlogged() const {
    return unsent_.size() >= dependencies_.limits.read_on_bytes;
  }

  Stream stream_;
  const Dependencies& dependencies_;
  Place place_;
  Permits permits_;
  TakenBytes unauthenticated_bytes_;
  std::int64_t account_ = 0;  // as its ConnectionSet knows it
  std::size_t index_ = 0;     // among the connections of its account
  std::shared_ptr<Protocol> protocol_;
  std::unique_ptr<Move> move_;            // until it departs
  std::string unsent_;                    // output that the socket did not take
  std::optional<TimePoint> deadline_;     // of the handshake or the TLS shutdown
  std::optional<TimePoint> stuck_since_;  // a sweep saw that the peer reads nothing
  Phase phase_ = Phase::kEstablished;
  bool readable_ = false;
  bool writable_ = true;
  bool peer_ended_ = false;
  bool ends_ = false;      // the peer has ended or the connection broke; reading shows which
  bool has_more_ = false;  // output beyond what one turn may write
  bool reset_seen_ = false;
  bool turn_end_requested_ = false;  // a turn end has been requested
};

}  // namespace gridloom::net
