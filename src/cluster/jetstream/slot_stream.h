// The stream of a slot's log as its owner writes it: messages one after another, each appended
// behind the one before or not at all. So the log is its own fence: once another owner has appended
// a message, none of this one's is.
//
// An append whose outcome is unknown is settled by what the stream has in its place.
//
// Calls block, and end in time (nats/jet_stream.h). Thread rule: one thread at a time, except that
// any thread may call find().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "jetstream/message.h"
#include "nats/jet_stream.h"

namespace gridloom::journal {

// The owner that writes.
struct SlotWriter {
  std::uint64_t revision = 0;  // counts the owners of the slot
  std::uint64_t writer = 0;    // a random number: of one opening of the log
  std::string node;
  std::function<void(std::int64_t revision)> on_later_owner{};  // fence() has found one
};

class SlotStream {
 public:
  SlotStream(nats::JetStream& jet_stream, nats::StreamConfig config, SlotWriter writer);

  // Makes the stream if it is not there. kConflict: it has another configuration, in words; only
  // the number of replicas and the size may differ.
  [[nodiscard]] Status ensure();

  struct Fence {
    std::uint64_t sequence = 0;     // of the fence in the stream
    std::uint64_t next_record = 0;  // the number of the first record behind it
    std::uint64_t log_ends = 0;     // the number of the last record before it; 0: none
  };
  // The end of the log before the fence.
  struct LogEnd {
    std::uint64_t record = 0;  // the number of the last record; 0: none
    // The last owner before has this one, apart from fences of this node; 0: the stream has none.
    std::uint64_t revision = 0;
  };
  // Says which number the first record behind the fence gets.
  using Number = std::function<std::uint64_t(const LogEnd&)>;
  // Appends the fence: from here on no owner before this one can append. kConflict: a later owner
  // has appended. kMalformed: one of a later version of Gridloom has. Other errors: try again.
  [[nodiscard]] Result<Fence> fence(const Number& number);

  enum class Outcome : std::uint8_t {
    kStored,
    kOvertaken,  // another owner has appended: nothing of this one's is stored any more
    kLost,       // the stream ends before messages that it had stored
  };
  // Whether the stream still ends with the message that was appended last. To be called once the
  // outcome of append() is known.
  [[nodiscard]] Result<Outcome> look() const;
  // Appends a message behind the last one, after fence(). An error: it is not known to be stored;
  // the same message is to be appended again, and no other.
  [[nodiscard]] Result<Outcome> append(const MessageHead& head, std::string_view body);

  // The sequence of the message from which on the stream has all records from this one on.
  [[nodiscard]] Result<std::uint64_t> find(std::uint64_t record) const;
  // Removes what is before the message; the last message stays.
  [[nodiscard]] Status purge(std::uint64_t before);

  // The head as append() completes it.
  [[nodiscard]] MessageHead signed_head(MessageHead head) const;
  [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }
  [[nodiscard]] const nats::StreamConfig& config() const { return config_; }

 private:
  // The end of the stream as its leader sees it.
  struct End {
    std::uint64_t sequence = 0;
    std::optional<std::string> message{};  // none: the stream is empty, or was emptied
  };
  [[nodiscard]] Result<End> end() const;
  [[nodiscard]] Result<LogEnd> log_end_before(const End& last) const;
  [[nodiscard]] Status append_origin();
  // Nothing: the message is not stored, and nothing is in its place.
  [[nodiscard]] Result<std::optional<Outcome>> settle(const MessageHead& head) const;
  [[nodiscard]] Outcome close(Outcome outcome);
  [[nodiscard]] bool is_ours(std::string_view message, const MessageHead& head) const;

  nats::JetStream* jet_stream_;
  nats::StreamConfig config_;
  SlotWriter writer_;
  std::uint64_t last_sequence_ = 0;  // of the message that was appended last
  bool is_open_ = false;             // whether the outcome of the last append is unknown
};

}  // namespace gridloom::journal
