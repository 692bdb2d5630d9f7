// The delivery queue of a session: messages waiting to be sent, and QoS 1 and 2 messages in flight
// until the client has acknowledged them. The outbox outlives the connection: a resumed session
// sends the messages in flight again and continues with the waiting ones.
//
// Waiting messages are kept as shared pointers and are encoded only when there is room in the
// output, so a slow client costs one small entry per message, and the queue's limits are effective.
// QoS 0 messages and the others wait in two queues joined by a sequence number: delivery is in
// order, yet the oldest QoS 0 message can be dropped in one step, and QoS 0 messages overtake the
// others when the client's window is full.
// A message with a number is in the log, and so are its steps that must survive a crash: a QoS 2
// message, or one that waited for a connection, is sent only when the log has its packet id, and a
// PUBREL only when the log has that it is owed. Thus, even after a crash, a client gets a QoS 2
// message exactly once, and a possibly repeated QoS 1 message has DUP set and the packet id of
// before: that follows from its number, or is in the log (MQTT-4.4.0-1).
// Invariant: at most `window` messages in flight; never more waiting than the limits allow.
// One thread at a time (the session's).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_budget.h"
#include "base/clock.h"
#include "wire/mqtt/message.h"
#include "wire/mqtt/packet.h"

namespace gridloom::wire::mqtt {

struct DeliverOptions {
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  std::span<const std::uint32_t> subscription_ids = {};  // of all matching subscriptions
  SharePtr share = {};
  // Identifies the message in the log (Outbox::DeliveryStep); 0: the message does not survive a
  // crash.
  std::int64_t number = 0;
};

// Counts messages for the client that were never delivered.
struct Dropped {
  std::uint64_t queue_full = 0;
  std::uint64_t expired = 0;
  std::uint64_t too_large = 0;  // for the client's maximum packet size, or for the format

  friend bool operator==(const Dropped&, const Dropped&) = default;
};

// The packet id of a message with a number, unless another one in flight has it.
[[nodiscard]] constexpr std::uint16_t packet_id_of(std::int64_t number) {
  constexpr std::int64_t kIds = 65'535;
  return static_cast<std::uint16_t>(1 + (number - 1) % kIds);
}

// A queue that allocates nothing while it is empty (a deque keeps half a kilobyte). Removing from
// the front is cheap, from the middle it is not.
template <typename T>
class Fifo {
 public:
  using Iterator = typename std::vector<T>::iterator;
  using ConstIterator = typename std::vector<T>::const_iterator;

  [[nodiscard]] bool empty() const { return head_ == items_.size(); }
  [[nodiscard]] std::size_t size() const { return items_.size() - head_; }
  [[nodiscard]] const T& front() const { return items_[head_]; }
  [[nodiscard]] const T& back() const { return items_.back(); }
  [[nodiscard]] Iterator begin() { return items_.begin() + static_cast<std::ptrdiff_t>(head_); }
  [[nodiscard]] Iterator end() { return items_.end(); }
  [[nodiscard]] auto begin() const { return items_.begin() + static_cast<std::ptrdiff_t>(head_); }
  [[nodiscard]] auto end() const { return items_.end(); }

  void push(T item) { items_.push_back(std::move(item)); }
  T pop() { return take(begin()); }
  T take(Iterator at) {
    T item = std::move(*at);
    if (at == begin()) {
      ++head_;
      compact();
    } else {
      items_.erase(at);
    }
    return item;
  }
  void clear() { *this = Fifo(); }

 private:
  static constexpr std::size_t kKept = 8;

  void compact() {
    if (empty()) {
      items_.clear();
      if (items_.capacity() > kKept) items_.shrink_to_fit();
      head_ = 0;
    } else if (head_ > kKept && head_ > size()) {
      items_.erase(items_.begin(), begin());
      head_ = 0;
    }
  }

  std::vector<T> items_;
  std::size_t head_ = 0;
};

class Outbox {
 public:
  struct ConnectionParameters {
    Version version = Version::k311;
    std::size_t packet_bytes = kMaxRemainingBytes;  // the client's maximum
    std::size_t window = 100;                       // QoS 1 and 2 messages in flight at once
    std::size_t queue_messages = 1000;
    // Sum of bytes_of(): one limit for the waiting messages, the same for those in flight.
    std::size_t queue_bytes = std::size_t{4} * 1024 * 1024;
    std::uint16_t topic_aliases = 0;  // aliases the client accepts from the server
  };

  // A message with its delivery attributes. Sequence numbers ascend in the order of push() and are
  // never reused in the life of a session.
  struct Entry {
    MessagePtr message = {};
    Qos qos = Qos::kAtMostOnce;
    bool retain = false;
    std::vector<std::uint32_t> subscription_ids = {};
    std::uint64_t sequence = 0;
    SharePtr share = {};
    std::int64_t number = 0;
    bool maybe_sent = false;  // may have been sent on an earlier, unknown connection: set DUP
    bool waited = false;      // was queued while there was no connection
  };
  // kReleased: the client has the QoS 2 message (no copy is kept), but still owes its PUBCOMP.
  enum class DeliveryState : std::uint8_t { kWaiting = 0, kSent = 1, kReleased = 2 };
  struct Kept {
    DeliveryState stage = DeliveryState::kWaiting;
    std::uint16_t packet_id = 0;  // 0 exactly while waiting
    Entry entry = {};
  };
  // A delivery step of a message with a number, to be written to the log.
  struct DeliveryStep {
    enum class Step : std::uint8_t { kNumbered, kReleased, kDone };
    Step step{};
    std::int64_t number = 0;
    std::uint16_t packet_id = 0;  // unused for kDone
  };

  // The budget covers all messages of this outbox, waiting and in flight, over all connections;
  // null: no budget. A message that exceeds it displaces older ones as in a full queue, or is
  // dropped.
  explicit Outbox(ByteBudgetPtr budget) : held_(std::move(budget)) {}
  Outbox() = default;

  // Begins a connection: pump() first sends the messages in flight again (PUBREL, or PUBLISH with
  // DUP).
  void open(const ConnectionParameters& terms);
  // Ends a connection; discards the waiting QoS 0 messages, which were for this connection only.
  void close();

  // The QoS 1 and 2 messages that a session keeps beyond a connection, in an order that restore()
  // accepts.
  [[nodiscard]] std::vector<Kept> kept() const;
  // Adds a kept message to an outbox that is not open.
  void restore(Kept kept);

  // The delivery steps since the last call, in order, for the log.
  [[nodiscard]] std::vector<DeliveryStep> take_steps() { return std::exchange(steps_, {}); }
  [[nodiscard]] bool has_steps() const { return !steps_.empty(); }
  // The number of delivery steps ever taken. The caller passes this number to steps_are_logged()
  // when the log has these delivery steps.
  [[nodiscard]] std::uint64_t steps_taken() const { return steps_made_ - steps_.size(); }
  void steps_are_logged(std::uint64_t up_to);

  // A full queue drops its oldest QoS 0 message; if it has none, its oldest message.
  void push(MessagePtr message, const DeliverOptions& options);

  // Removes the messages that are no longer for the client. During a connection (Sending::kYes),
  // messages sent on it stay until the client has answered; without a connection, they go as well.
  enum class Sending : std::uint8_t { kNo, kYes };
  void remove_if(const std::function<bool(const Message&)>& unwanted, Sending sending);

  // Appends packets to `out` while `out` is shorter than `enough_bytes`.
  void pump(std::string& out, std::size_t enough_bytes, TimePoint now);
  // Whether pump() has something to process.
  [[nodiscard]] bool ready() const {
    return next() != nullptr || next_release() != released_.end() || next_due() != sent_.end();
  }

  // Handle the client's answers. An answer with a packet id that is not in flight is no violation
  // (it may be a late repetition); an answer of the wrong type is.
  [[nodiscard]] Decoded<void> on_puback(std::uint16_t packet_id);
  // Returns the PUBREL to send; nullopt if the client refused the message or pump() will send it.
  [[nodiscard]] Decoded<std::optional<Pubrel>> on_pubrec(std::uint16_t packet_id, Reason reason);
  [[nodiscard]] Decoded<void> on_pubcomp(std::uint16_t packet_id);

  [[nodiscard]] std::size_t waiting() const { return at_most_once_.size() + at_least_once_.size(); }
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }
  // Bytes taken from the budget.
  [[nodiscard]] std::size_t held_bytes() const { return held_.bytes(); }
  [[nodiscard]] std::size_t in_flight() const { return sent_.size() + released_.size(); }
  [[nodiscard]] const Dropped& dropped() const { return dropped_; }

 private:
  using Queue = Fifo<Entry>;

  struct Sent {
    std::uint16_t packet_id = 0;
    bool due = false;        // still to be sent on this connection
    bool again = false;      // was sent before: set DUP
    std::uint64_t step = 0;  // the log must have this step before sending; 0: no step
    Entry entry = {};
  };
  // The state of a PUBREL. kHeld: PUBREC came on this connection, and the PUBREL waits for the log.
  // kDue: to be sent on this connection.
  enum class Release : std::uint8_t { kSent, kHeld, kDue };
  struct Released {
    std::uint16_t packet_id = 0;
    Release release = Release::kSent;
    std::uint64_t step = 0;  // the log must have this step before the PUBREL; 0: no step
    std::int64_t number = 0;
  };
  enum class Written : std::uint8_t { kDone, kDropped };

  [[nodiscard]] const Queue* next() const;
  [[nodiscard]] bool is_logged(std::uint64_t step) const { return step <= logged_; }
  [[nodiscard]] bool window_is_open() const {
    return in_flight() < terms_.window && sent_bytes_ < terms_.queue_bytes;
  }
  // The next packet, from an earlier connection or waiting for the log, that may be sent now; end()
  // if there is none.
  [[nodiscard]] std::vector<Released>::const_iterator next_release() const;
  [[nodiscard]] Fifo<Sent>::ConstIterator next_due() const;
  void send_release(std::string& out, Released& released);
  void send_due(std::string& out, Sent& sent, TimePoint now);
  // Assigns a packet id to the messages at the front that must wait for the log, and to those
  // behind them.
  void number_next(TimePoint now);
  [[nodiscard]] bool is_numbering() const;
  // Removes the first entry; its bytes stay charged to the budget.
  Entry take(Queue& queue);
  // Completes an entry: returns its bytes to the budget and marks it kDone.
  void forget(const Entry& entry);
  std::uint64_t add_step(DeliveryStep::Step step, std::int64_t number, std::uint16_t packet_id = 0);
  // Removes a sent message; its bytes stay charged to the budget.
  Sent take_sent(Fifo<Sent>::Iterator sent);
  [[nodiscard]] bool make_room(std::size_t bytes);
  void drop_oldest();
  void drop_beyond_limits();
  void send_next(std::string& out, Entry entry, TimePoint now);
  [[nodiscard]] Written write(std::string& out, const Entry& entry, Publish packet, TimePoint now);
  [[nodiscard]] std::uint16_t free_packet_id(std::int64_t number) const;
  [[nodiscard]] Fifo<Sent>::Iterator find_sent(std::uint16_t packet_id);
  [[nodiscard]] std::vector<Released>::iterator find_released(std::uint16_t packet_id);

  ConnectionParameters terms_;
  Queue at_most_once_;
  Queue at_least_once_;  // QoS 1 and 2
  std::size_t waiting_bytes_ = 0;
  std::size_t sent_bytes_ = 0;
  TakenBytes held_;  // budget bytes of waiting and sent messages
  std::uint64_t next_sequence_ = 0;
  Fifo<Sent> sent_;                 // awaiting PUBACK or PUBREC, in the order of sending
  std::vector<Released> released_;  // awaiting PUBCOMP, in the order of their PUBRECs
  std::size_t due_ = 0;             // entries of both still to be sent on this connection
  std::size_t held_releases_ = 0;
  std::vector<DeliveryStep> steps_;
  std::uint64_t steps_made_ = 0;  // number of delivery steps ever made
  std::uint64_t logged_ = 0;      // number of delivery steps that the log has
  std::uint16_t last_packet_id_ = 0;
  std::vector<SharedText> aliases_;  // of this connection; the topic of alias n is at n - 1
  Dropped dropped_;
};

}  // namespace gridloom::wire::mqtt
