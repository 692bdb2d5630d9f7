// What a session still has to deliver to its client: messages that wait, and those of QoS 1 and 2
// that are on their way until the client has answered.
//
// Waiting messages are kept as shared pointers and become bytes only when there is room in the
// output; so a slow client costs one small entry a message, and the queue's limits mean something.
// QoS 0 and the rest wait in two queues joined by a sequence number: delivery is in order, yet the
// oldest QoS 0 message can be dropped in one step, and goes ahead when the client's window is full.
// Invariant: at most `window` messages on their way; never more waiting than the limits allow.
// One thread at a time (the session's).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "wire/mqtt/message.h"
#include "wire/mqtt/packet.h"

namespace gridloom::wire::mqtt {

struct DeliverOptions {
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  std::span<const std::uint32_t> subscription_ids = {};  // of all subscriptions that it matched
};

// Messages that were meant for the client and never reached it.
struct Dropped {
  std::uint64_t queue_full = 0;
  std::uint64_t expired = 0;
  std::uint64_t too_large = 0;  // for the client's maximum packet size, or for the format

  friend bool operator==(const Dropped&, const Dropped&) = default;
};

// A queue that costs nothing while it is empty (a deque keeps half a kilobyte).
template <typename T>
class Fifo {
 public:
  [[nodiscard]] bool empty() const { return head_ == items_.size(); }
  [[nodiscard]] std::size_t size() const { return items_.size() - head_; }
  [[nodiscard]] const T& front() const { return items_[head_]; }

  void push(T item) { items_.push_back(std::move(item)); }
  T pop() {
    T item = std::move(items_[head_++]);
    if (empty()) {
      items_.clear();
      if (items_.capacity() > kKept) items_.shrink_to_fit();
      head_ = 0;
    } else if (head_ > kKept && head_ > size()) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    return item;
  }

 private:
  static constexpr std::size_t kKept = 8;

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
    std::size_t queue_bytes = std::size_t{4} * 1024 * 1024;  // topics and payloads
  };

  void open(const Terms& terms) { terms_ = terms; }

  // A full queue drops its oldest QoS 0 message; if it has none, its oldest message.
  void push(MessagePtr message, const DeliverOptions& options);

  // Appends waiting messages to `out` while that is shorter than `enough_bytes`.
  void pump(std::string& out, std::size_t enough_bytes, TimePoint now);
  // Whether pump() would find something to look at.
  [[nodiscard]] bool ready() const { return next() != nullptr; }

  // The client's answers. An answer to an id that is not on its way is no violation (it may be a
  // late second one), an answer of the wrong kind is.
  [[nodiscard]] Decoded<void> on_puback(std::uint16_t packet_id);
  // The PUBREL to send, unless the client refused the message.
  [[nodiscard]] Decoded<std::optional<Pubrel>> on_pubrec(std::uint16_t packet_id, Reason reason);
  [[nodiscard]] Decoded<void> on_pubcomp(std::uint16_t packet_id);

  [[nodiscard]] std::size_t waiting() const { return at_most_once_.size() + at_least_once_.size(); }
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }
  [[nodiscard]] std::size_t on_their_way() const { return on_their_way_.size(); }
  [[nodiscard]] const Dropped& dropped() const { return dropped_; }

 private:
  struct Waiting {
    MessagePtr message = {};
    Qos qos = Qos::kAtMostOnce;
    bool retain = false;
    std::vector<std::uint32_t> subscription_ids = {};
    std::uint64_t sequence = 0;
  };
  using Queue = Fifo<Waiting>;

  enum class Awaits : std::uint8_t { kPuback, kPubrec, kPubcomp };
  struct OnItsWay {
    std::uint16_t packet_id = 0;
    Awaits awaits = Awaits::kPuback;
  };

  [[nodiscard]] const Queue* next() const;
  Waiting take(Queue& queue);
  void drop_beyond_limits();
  void write(std::string& out, const Waiting& waiting, TimePoint now);
  [[nodiscard]] std::uint16_t free_packet_id();
  [[nodiscard]] std::vector<OnItsWay>::iterator find(std::uint16_t packet_id);
  [[nodiscard]] Decoded<void> finish(std::uint16_t packet_id, Awaits expected,
                                     std::string_view otherwise);

  Terms terms_;
  Queue at_most_once_;
  Queue at_least_once_;  // QoS 1 and 2
  std::size_t waiting_bytes_ = 0;
  std::uint64_t next_sequence_ = 0;
  std::vector<OnItsWay> on_their_way_;
  std::uint16_t last_packet_id_ = 0;
  Dropped dropped_;
};

}  // namespace gridloom::wire::mqtt
