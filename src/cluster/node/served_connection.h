// One connection without a socket: moves bytes between a link to the connection's door and its
// protocol, as net::ConnectionIo does between a socket and a protocol. Used on one loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "net/protocol.h"
#include "node/relay_messages.h"

namespace gridloom::node {

class ServedConnection {
 public:
  struct Line {
    ConnectionNumber number = 0;
    std::function<void(const RelayMessage& message)> send;
    // More waits for the door than should: turn() is called when it does not any more.
    std::function<bool()> is_congested;
    std::function<void()> wants_turn;  // turn() is to be called, soon
  };
  explicit ServedConnection(Line line) : line_(std::move(line)) {}
  ServedConnection(const ServedConnection&) = delete;
  ServedConnection& operator=(const ServedConnection&) = delete;

  // Once, before anything else.
  void use(std::shared_ptr<net::Protocol> protocol) { protocol_ = std::move(protocol); }

  void take(const RelayBytes& bytes);
  void take(const RelayTaken& taken);
  void take(const RelayEnd& end);
  void server_stops();
  void tick(TimePoint now);
  // One piece of work: some output is sent, and some input is given to the protocol.
  void turn(TimePoint now);
  // Notifies the protocol that the connection is lost; sends nothing to the door.
  void lose();
  // Nothing more happens: the connection is to be forgotten.
  [[nodiscard]] bool is_over() const { return is_over_; }

 private:
  enum class Output : std::uint8_t { kSent, kHasMore, kBlocked };

  Output send_output();
  [[nodiscard]] bool work(TimePoint now);
  [[nodiscard]] bool wants_input() const {
    return protocol_->wants_input() && !protocol_->has_work();
  }
  void end(RelayEnd::Kind kind);
  void tell_account();
  void tell_taken();

  const Line line_;
  std::shared_ptr<net::Protocol> protocol_;
  std::string input_;         // that the protocol has not got
  std::size_t taken_ = 0;     // that it got, and the door does not know of
  std::string unsent_;        // output
  std::size_t ahead_ = 0;     // sent, and not taken by the client's socket
  std::int64_t account_ = 0;  // as the door knows it
  bool is_blocked_ = false;   // output waits for the client, or for the link
  bool peer_ended_ = false;
  bool is_gone_ = false;  // the door's end; input that came before is still worked on
  bool is_over_ = false;
};

}  // namespace gridloom::node
