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
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/seats.h"
#include "net/io_loop.h"
#include "net/limits.h"
#include "net/protocol.h"
#include "net/stream.h"

namespace gridloom::net {

class Pump;

// The connections of one loop; touched on that loop only, but for size(). One that ends during a
// sweep leaves after it.
class Crowd {
 public:
  void enter(const std::shared_ptr<Pump>& pump);
  void leave(const std::shared_ptr<Pump>& pump);
  void each(const std::function<void(Pump&)>& what);
  // The stranger that came first goes; false: there is none. Each connection is looked at once: who
  // is known stays so.
  bool make_room();
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  void count() { size_.store(here_.size() - leaving_.size(), std::memory_order_relaxed); }
  void forget_gone();

  std::unordered_set<std::shared_ptr<Pump>> here_;
  std::vector<std::shared_ptr<Pump>> leaving_;
  std::deque<std::weak_ptr<Pump>> arrivals_;
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
  };
  // `place` outlives the pump, except for its use after close(). The seat is given back then.
  Pump(Stream stream, const Place& place, Seats::Seat seat)
      : stream_(std::move(stream)), place_(place), seat_(std::move(seat)) {}

  void start(const MakeProtocol& make, std::string peer);
  void tick(TimePoint now);
  void server_stops();
  [[nodiscard]] bool known() const { return protocol_->known(); }
  void close();

  void on_ready(std::uint32_t events) override;
  void on_turn_end() override;

 private:
  enum class Stage : std::uint8_t { kShakingHands, kTalking, kSayingGoodbye, kClosed };

  void shake_hands();
  void read();
  // What the protocol has to say, as far as the socket takes it.
  void write();
  [[nodiscard]] std::size_t send(std::string_view bytes);
  void move_on();
  void move_on_at_turn_end();
  void say_goodbye();
  void reset();
  // The peer does not take its answers: no further ones are made.
  [[nodiscard]] bool is_behind() const { return unsent_.size() >= place_.limits.read_on_bytes; }

  Stream stream_;
  Place place_;
  Seats::Seat seat_;
  std::shared_ptr<Protocol> protocol_;
  std::string unsent_;                    // what the socket did not take
  std::optional<TimePoint> deadline_;     // of the handshake, of the goodbye
  std::optional<TimePoint> stuck_since_;  // a sweep saw that the peer takes nothing
  Stage stage_ = Stage::kTalking;
  bool readable_ = false;
  bool writable_ = true;
  bool peer_said_all_ = false;
  bool ends_ = false;      // the peer has ended, or the connection broke; reading tells which
  bool moves_on_ = false;  // at the turn's end
};

}  // namespace gridloom::net
