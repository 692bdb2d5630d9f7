// An ordered stream of messages to another node and back, over a bus that may lose, repeat and
// reorder. A message is kept until the other node has confirmed it, and sent again if it does not.
// A message is lost only with the link: when the other node went away, was started anew, or did not
// take what waits for it.
//
// A link is opened by both sides telling each other their incarnations, which grow with each start
// of a node and each time that a link is closed. A frame of another incarnation is left out, so
// nothing of an earlier link arrives in a later one.
//
// Bytes and time in, calls out: no threads, no sockets. Used on one loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace gridloom::hub {

// The carrier of bytes between the nodes of a cluster: a bus, or memory in a test.
//
// It may lose, repeat and reorder what it is given: a NodeLink makes an ordered stream of it. It
// also says which nodes are there.
class Peers {
 public:
  class Handler {
   public:
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    virtual ~Handler() = default;
    // From any thread; for one node from one thread at a time.
    virtual void received(const std::string& from, std::string bytes) = 0;
    // The node is there, for the first time or again. A node that was started anew was away.
    virtual void node_is_there(const std::string& node) = 0;
    // The node is not heard any more: others may own its partitions from now on.
    virtual void node_is_away(const std::string& node) = 0;
  };

  Peers() = default;
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  virtual ~Peers() = default;

  // `handler` is called from now on; null: nobody is, and no call is under way any more.
  virtual void use(Handler* handler) = 0;
  // From any thread, without waiting. False: refused for now; the caller tries again later.
  [[nodiscard]] virtual bool send(const std::string& node, const std::string& bytes) = 0;
};

class NodeLink {
 public:
  struct Limits {
    std::size_t window_bytes = std::size_t{64} * 1024 * 1024;  // sent and not confirmed
    std::size_t frame_bytes = std::size_t{256} * 1024;
    std::size_t message_bytes = std::size_t{64} * 1024 * 1024;  // of one message that comes
    Millis resend_after{500};
  };
  struct Events {
    std::function<void()> opened;
    std::function<void()> closed;  // everything that was not received is lost
    // A whole message; valid during the call.
    std::function<void(std::string_view message)> received;
    // As Peers::send().
    std::function<bool(const std::string& frame)> send;
  };
  // `run` is greater than that of an earlier start of this node, below 2^44: the time in ms.
  NodeLink(std::uint64_t run, const Limits& limits, Events events);

  // The other node is there, or is away.
  void node_is_there(TimePoint now);
  void node_is_away();

  [[nodiscard]] bool is_open() const { return open_; }
  [[nodiscard]] std::size_t unconfirmed_bytes() const { return unconfirmed_bytes_; }

  // Appends a message, of which the caller has two parts, to others that are to be sent.
  static void append(std::string& messages, std::string_view head, std::string_view rest = {});
  // Only while the link is open. Messages leave with flush(), or when they fill a frame. Closes the
  // link if more than the window waits.
  void send(std::string messages, TimePoint now);
  void flush(TimePoint now);
  void receive(std::string_view frame, TimePoint now);
  // Confirms, and sends again what is overdue; call a few times a second.
  void tick(TimePoint now);

 private:
  struct Sent {
    std::string payload;
    TimePoint at;
  };
  void reset();
  void close();
  void say(std::uint64_t sequence, std::string_view payload);
  void send_frames(std::size_t least_bytes, TimePoint now);
  void confirmed(std::uint64_t sequence);
  void take(std::string_view payload);

  const Limits limits_;
  Events events_;
  bool there_ = false;
  bool open_ = false;
  std::uint64_t mine_;      // incarnation
  std::uint64_t peer_ = 0;  // the other side's; 0: not known yet
  std::string unsent_;      // messages that do not fill a frame
  std::deque<Sent> unconfirmed_;
  std::size_t unconfirmed_bytes_ = 0;
  std::uint64_t confirmed_ = 0;  // the sequence before unconfirmed_
  std::uint64_t received_ = 0;   // the last sequence that came in order
  std::uint64_t told_ = 0;       // of these, as confirmed last
  std::string incoming_;         // the beginning of a message
  TimePoint said_{};             // the last frame that tells only the incarnation
};

}  // namespace gridloom::hub
