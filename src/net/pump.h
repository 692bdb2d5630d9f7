// Moves bytes between a connection's stream and its protocol, on one loop. An idle connection holds
// no buffer: it is read into the loop's one buffer, and what the socket takes at once is written
// from another.
//
// Output leaves at the end of the loop's turn, whatever brought it about.
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
#include "base/seats.h"
#include "base/seldom.h"
#include "net/io_loop.h"
#include "net/limits.h"
#include "net/protocol.h"
#include "net/stream.h"

namespace gridloom::net {

class Pump;

// What a connection has that was let in though all places were taken, until it has shown who it is.
using SpareSeat = Seats::Seat;

// The connections of one loop; touched on that loop only, but for size(). One that ends during a
// sweep leaves after it.
class Crowd {
 public:
  void enter(const std::shared_ptr<Pump>& pump, std::string_view peer);
  void leave(const std::shared_ptr<Pump>& pump);
  void each(const std::function<void(Pump&)>& what);
  // Closes the unauthenticated connection that came first of those with a place; false: none has.
  [[nodiscard]] bool free_place();
  // For one that comes from `peer`. Closes the oldest connection of the address that has most of
  // the spare seats, the newcomer counted; nothing: none has one.
  [[nodiscard]] std::optional<SpareSeat> free_spare_seat(std::string_view peer);
  // `pump` has shown that it is of `account`. If it has a spare seat only, it gets the place of one
  // of the account that has the most here, or goes itself if that is its own.
  void recognise(Pump& pump, std::int64_t account);
  // One was cut off, as all strangers together have sent too much.
  void tell_of_strangers(TimePoint now);
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  struct InSpareSeat {
    Pump* pump;
    std::string peer;
  };

  void count() { size_.store(here_.size() - leaving_.size(), std::memory_order_relaxed); }
  void forget_gone();
  void forget_account(const Pump& pump);
  void forget_spare_seat(const Pump& pump);

  std::unordered_set<std::shared_ptr<Pump>> here_;
  std::unordered_map<std::int64_t, std::vector<Pump*>> by_account_;
  Seldom told_of_accounts_{{.times = 1, .within = Millis(60'000)}};
  Seldom told_of_strangers_{{.times = 1, .within = Millis(60'000)}};
  std::vector<std::shared_ptr<Pump>> leaving_;
  // By arrival. Each is asked once whether it may be closed: who has signed in stays so, and a list
  // of busy ones would refuse who comes.
  std::deque<std::weak_ptr<Pump>> with_place_;
  std::vector<InSpareSeat> in_spare_seats_;  // by arrival, until they have signed in
  std::atomic<std::size_t> size_{0};
  bool sweeping_ = false;
};

class Pump final : public IoLoop::Watched, public std::enable_shared_from_this<Pump> {
 public:
  struct Place {
    IoLoop& loop;
    Crowd& crowd;
    const Clock& clock;
    const ListenerLimits& limits;
    ByteBudgetPtr strangers_bytes{};  // null: strangers may send as much as protocols take
    // Whether there are more connections than places.
    std::function<bool()> overfull{};
  };
  // By its peer's address; a spare one, if it has no place.
  struct Tickets {
    Seats::Seat address{};
    SpareSeat spare{};
  };
  // `place` outlives the pump, except for its use after close(). The tickets are given back then.
  Pump(Stream stream, Place place, Tickets tickets)
      : stream_(std::move(stream)),
        place_(std::move(place)),
        tickets_(std::move(tickets)),
        stranger_bytes_(place_.strangers_bytes) {}

  void start(const MakeProtocol& make, std::string peer);
  void tick(TimePoint now);
  void server_stops();
  [[nodiscard]] bool may_be_asked_to_go() const {
    return protocol_->account() == 0 && !protocol_->busy();
  }
  [[nodiscard]] bool overfull() const { return place_.overfull && place_.overfull(); }
  void close();

  // --- of its Crowd ---
  [[nodiscard]] bool has_spare() const { return static_cast<bool>(tickets_.spare); }
  [[nodiscard]] SpareSeat take_spare() { return std::exchange(tickets_.spare, {}); }
  [[nodiscard]] TimePoint now() const { return place_.clock.now(); }
  [[nodiscard]] std::int64_t account() const override { return account_; }
  [[nodiscard]] std::size_t index() const { return index_; }
  void belongs(std::int64_t account, std::size_t index) {
    account_ = account;
    index_ = index;
  }

  void on_ready(std::uint32_t events) override;
  void on_turn_end() override;

 private:
  enum class Stage : std::uint8_t { kShakingHands, kTalking, kSayingGoodbye, kClosed };

  // What the last bytes have changed: whose connection it is, and how much it keeps.
  void look_at_peer();
  void shake_hands();
  void read();
  void leave_if_reset();
  // What the protocol has to say, as far as the socket takes it.
  void write();
  [[nodiscard]] std::size_t send(std::string_view bytes);
  void move_on();
  void move_on_at_turn_end();
  void ask_for_turn_end();
  void say_goodbye();
  void reset();
  // The peer does not take its answers: no further ones are made.
  [[nodiscard]] bool is_behind() const { return unsent_.size() >= place_.limits.read_on_bytes; }

  Stream stream_;
  Place place_;
  Tickets tickets_;
  TakenBytes stranger_bytes_;
  std::int64_t account_ = 0;  // as its crowd knows
  std::size_t index_ = 0;     // among those of its account
  std::shared_ptr<Protocol> protocol_;
  std::string unsent_;                    // what the socket did not take
  std::optional<TimePoint> deadline_;     // of the handshake, of the goodbye
  std::optional<TimePoint> stuck_since_;  // a sweep saw that the peer takes nothing
  Stage stage_ = Stage::kTalking;
  bool readable_ = false;
  bool writable_ = true;
  bool peer_said_all_ = false;
  bool ends_ = false;      // the peer has ended, or the connection broke; reading tells which
  bool has_more_ = false;  // to write than it may at once
  bool was_reset_ = false;
  bool asked_ = false;  // for the turn's end
};

}  // namespace gridloom::net
