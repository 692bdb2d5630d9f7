// What a session still has to deliver to its client: messages that wait, and those of QoS 1 and 2
// that are on their way until the client has answered. It outlives the connection: a session that
// is resumed sends again what was on its way, and goes on with what waited.
//
// Waiting messages are kept as shared pointers and become bytes only when there is room in the
// output; so a slow client costs one small entry a message, and the queue's limits mean something.
// QoS 0 and the rest wait in two queues joined by a sequence number: delivery is in order, yet the
// oldest QoS 0 message can be dropped in one step, and goes ahead when the client's window is full.
// A message that has a number is in the log, and so are the steps that must survive a crash: what
// is of QoS 2, or waited for a connection, leaves only when the log has its packet id, and a PUBREL
// only when the log has that it is owed. Then a client gets a message of QoS 2 once, and sees of
// one of QoS 1 that it may have it, whatever happens between.
// Invariant: at most `window` messages on their way; never more waiting than the limits allow.
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
  std::span<const std::uint32_t> subscription_ids = {};  // of all subscriptions that it matched
  SharePtr share = {};
  // By which the log knows it (Outbox::Mark); 0: it does not outlive a crash.
  std::int64_t number = 0;
};

// Messages that were meant for the client and never reached it.
struct Dropped {
  std::uint64_t queue_full = 0;
  std::uint64_t expired = 0;
  std::uint64_t too_large = 0;  // for the client's maximum packet size, or for the format

  friend bool operator==(const Dropped&, const Dropped&) = default;
};

// A queue that costs nothing while it is empty (a deque keeps half a kilobyte). Taking from the
// front is cheap, from the middle it is not.
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
      tidy();
    } else {
      items_.erase(at);
    }
    return item;
  }
  void clear() { *this = Fifo(); }

 private:
  static constexpr std::size_t kKept = 8;

  void tidy() {
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
  struct Terms {
    Version version = Version::k311;
    std::size_t packet_bytes = kMaxRemainingBytes;  // the client's maximum
    std::size_t window = 100;                       // QoS 1 and 2 messages on their way at once
    std::size_t queue_messages = 1000;
    // bytes_of() the messages: of those that wait, and of those that are on their way.
    std::size_t queue_bytes = std::size_t{4} * 1024 * 1024;
    std::uint16_t topic_aliases = 0;  // that the client keeps for us
  };

  // A message and how it goes out. Sequences grow in the order of push() and are never used twice
  // in the life of a session.
  struct Entry {
    MessagePtr message = {};
    Qos qos = Qos::kAtMostOnce;
    bool retain = false;
    std::vector<std::uint32_t> subscription_ids = {};
    std::uint64_t sequence = 0;
    SharePtr share = {};
    std::int64_t number = 0;
    bool maybe_sent = false;  // on a connection that nobody remembers
    bool waited = false;      // while there was no connection
  };
  // kReleased: the client has the QoS 2 message (no copy is kept), its PUBCOMP is still owed.
  enum class Stage : std::uint8_t { kWaiting = 0, kSent = 1, kReleased = 2 };
  struct Kept {
    Stage stage = Stage::kWaiting;
    std::uint16_t packet_id = 0;  // 0 exactly while waiting
    Entry entry = {};
  };
  // A step of a message that has a number.
  struct Mark {
    enum class Step : std::uint8_t { kNumbered, kReleased, kDone };
    Step step{};
    std::int64_t number = 0;
    std::uint16_t packet_id = 0;  // not of kDone
  };

  // The budget is of all its messages, waiting and sent, over all connections; null: none bounds
  // them. A message that finds no room in it makes room as in a full queue, or is dropped.
  explicit Outbox(ByteBudgetPtr budget) : held_(std::move(budget)) {}
  Outbox() = default;

  // A connection begins: pump() sends what was on its way once more (PUBREL, or PUBLISH with DUP),
  // before anything else.
  void open(const Terms& terms);
  // The connection ended; messages of QoS 0 were for it alone.
  void close();

  // What a session keeps beyond a connection, in an order that restore() takes. QoS 1 and 2 only.
  [[nodiscard]] std::vector<Kept> kept() const;
  // Into an outbox that is not open.
  void restore(Kept kept);

  // The steps since the last call, in order, for the log.
  [[nodiscard]] std::vector<Mark> take_marks() { return std::exchange(marks_, {}); }
  [[nodiscard]] bool has_marks() const { return !marks_.empty(); }
  // How many marks were ever taken; whoever takes some hands it back when the log has them.
  [[nodiscard]] std::uint64_t marks_taken() const { return marked_ - marks_.size(); }
  void marks_are_safe(std::uint64_t up_to);

  // A full queue drops its oldest QoS 0 message; if it has none, its oldest message.
  void push(MessagePtr message, const DeliverOptions& options);

  // Takes out the messages that are not for the client any more. While there is a connection, what
  // was sent on it stays until the client has answered; without one, that goes as well.
  enum class Sending : std::uint8_t { kNo, kYes };
  void remove_if(const std::function<bool(const Message&)>& unwanted, Sending sending);

  // Appends messages to `out` while that is shorter than `enough_bytes`.
  void pump(std::string& out, std::size_t enough_bytes, TimePoint now);
  // Whether pump() would find something to look at.
  [[nodiscard]] bool ready() const {
    return next() != nullptr || next_release() != released_.end() || next_due() != sent_.end();
  }

  // The client's answers. An answer to an id that is not on its way is no violation (it may be a
  // late second one), an answer of the wrong kind is.
  [[nodiscard]] Decoded<void> on_puback(std::uint16_t packet_id);
  // The PUBREL to send, unless the client refused the message, or pump() will send it.
  [[nodiscard]] Decoded<std::optional<Pubrel>> on_pubrec(std::uint16_t packet_id, Reason reason);
  [[nodiscard]] Decoded<void> on_pubcomp(std::uint16_t packet_id);

  [[nodiscard]] std::size_t waiting() const { return at_most_once_.size() + at_least_once_.size(); }
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }
  // What it has of its budget.
  [[nodiscard]] std::size_t held_bytes() const { return held_.bytes(); }
  [[nodiscard]] std::size_t on_their_way() const { return sent_.size() + released_.size(); }
  [[nodiscard]] const Dropped& dropped() const { return dropped_; }

 private:
  using Queue = Fifo<Entry>;

  struct Sent {
    std::uint16_t packet_id = 0;
    bool due = false;        // on this connection it is yet to be sent,
    bool again = false;      // which is not the first time
    std::uint64_t mark = 0;  // the log must have it before; 0: nothing
    Entry entry = {};
  };
  // How its PUBREL stands. kHeld: PUBREC came on this connection.
  enum class Release : std::uint8_t { kSent, kHeld, kDue };
  struct Released {
    std::uint16_t packet_id = 0;
    Release release = Release::kSent;
    std::uint64_t mark = 0;  // likewise
    std::int64_t number = 0;
  };
  enum class Written : std::uint8_t { kDone, kDropped };

  [[nodiscard]] const Queue* next() const;
  [[nodiscard]] bool is_safe(std::uint64_t mark) const { return mark <= safe_; }
  [[nodiscard]] bool window_is_open() const {
    return on_their_way() < terms_.window && sent_bytes_ < terms_.queue_bytes;
  }
  // What of an earlier connection, or of what waited for the log, may go now; end(): nothing.
  [[nodiscard]] std::vector<Released>::const_iterator next_release() const;
  [[nodiscard]] Fifo<Sent>::ConstIterator next_due() const;
  void send_release(std::string& out, Released& released);
  void send_due(std::string& out, Sent& sent, TimePoint now);
  // Gives what is in front and waits for the log a packet id, and what waits behind it.
  void number_next(TimePoint now);
  [[nodiscard]] bool is_numbering() const;
  // Its bytes are still held.
  Entry take(Queue& queue);
  // It waits no more.
  void forget(const Entry& entry);
  std::uint64_t mark(Mark::Step step, std::int64_t number, std::uint16_t packet_id = 0);
  // Its bytes are still held.
  Sent take_sent(Fifo<Sent>::Iterator sent);
  [[nodiscard]] bool make_room(std::size_t bytes);
  void drop_oldest();
  void drop_beyond_limits();
  void send_next(std::string& out, Entry entry, TimePoint now);
  [[nodiscard]] Written write(std::string& out, const Entry& entry, Publish packet, TimePoint now);
  [[nodiscard]] std::uint16_t free_packet_id();
  [[nodiscard]] Fifo<Sent>::Iterator find_sent(std::uint16_t packet_id);
  [[nodiscard]] std::vector<Released>::iterator find_released(std::uint16_t packet_id);

  Terms terms_;
  Queue at_most_once_;
  Queue at_least_once_;  // QoS 1 and 2
  std::size_t waiting_bytes_ = 0;
  std::size_t sent_bytes_ = 0;
  TakenBytes held_;  // both
  std::uint64_t next_sequence_ = 0;
  Fifo<Sent> sent_;                 // awaiting PUBACK or PUBREC, in the order of sending
  std::vector<Released> released_;  // awaiting PUBCOMP, in the order of their PUBRECs
  std::size_t due_ = 0;             // of both, ones that are not on the wire yet
  std::size_t held_releases_ = 0;
  std::vector<Mark> marks_;
  std::uint64_t marked_ = 0;  // marks that were ever made,
  std::uint64_t safe_ = 0;    // and those that the log has
  std::uint16_t last_packet_id_ = 0;
  std::vector<std::string> aliases_;  // topic of alias n at n - 1, of this connection
  Dropped dropped_;
};

}  // namespace gridloom::wire::mqtt
