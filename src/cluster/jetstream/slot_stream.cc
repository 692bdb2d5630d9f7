#include "jetstream/slot_stream.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace gridloom::journal {
namespace {

// Members of a stream's configuration that an operator may change.
bool is_operators(const nats::Difference& difference) {
  return difference.member == "num_replicas" || difference.member == "max_bytes";
}

}  // namespace

SlotStream::SlotStream(nats::JetStream& jet_stream, nats::StreamConfig config, SlotWriter writer)
    : jet_stream_(&jet_stream), config_(std::move(config)), writer_(std::move(writer)) {}

Status SlotStream::ensure() {
  GL_TRY(auto differences, jet_stream_->ensure_stream(config_));
  std::erase_if(differences, is_operators);
  if (differences.empty()) return {};
  std::vector<std::string> words;
  words.reserve(differences.size());
  for (const nats::Difference& each : differences) {
    words.push_back(fmt::format("{} is {}, not {}", each.member, each.found, each.declared));
  }
  return fail(ErrorCode::kConflict, fmt::format("the stream {} is not one of Gridloom: {}",
                                                config_.name, fmt::join(words, ", ")));
}

Result<SlotStream::End> SlotStream::end() const {
  auto last = jet_stream_->last_message(config_);
  if (last) return End{.sequence = last->sequence, .message = std::move(last->data)};
  if (last.error().code != ErrorCode::kNotFound) return std::unexpected(last.error());
  GL_TRY(const auto state, jet_stream_->state(config_));
  End end{.sequence = state.last_sequence};
  if (state.messages == 0) return end;
  // Another owner appended between the two calls: its revision is not to be passed over.
  auto message = jet_stream_->message(config_, end.sequence);
  if (message) {
    end.message = std::move(message->data);
  } else if (message.error().code != ErrorCode::kNotFound) {
    return std::unexpected(message.error());
  }
  return end;
}

// A server takes "no message is expected" for "nothing is expected": two owners of an empty stream
// could both append. So its first message is one of nobody, with an id that all use.
Status SlotStream::append_origin() {
  const std::string message = make_message({.kind = MessageKind::kOrigin}, "");
  GL_TRY(jet_stream_->publish(config_.subject, message, {.id = config_.name + "-origin"}));
  return {};
}

// By the messages of owners from the end backwards: the last of them has the greatest revision.
// Other programs' messages, and the origin, which may come late, are passed over. kConflict: the
// owner is a later one.
Result<SlotStream::LogEnd> SlotStream::log_end_before(const End& last) const {
  LogEnd log_end;
  bool is_known = false;
  std::optional<std::string> bytes = last.message;
  for (std::uint64_t at = last.sequence; bytes; --at) {
    const auto message = read_message(*bytes);
    if (!message && message.error().code == ErrorCode::kMalformed) {
      return std::unexpected(message.error());
    }
    if (message && message->head.kind != MessageKind::kOrigin) {
      const MessageHead& head = message->head;
      const bool is_later = head.revision > writer_.revision ||
                            (head.revision == writer_.revision && head.node != writer_.node);
      if (is_later) {
        if (writer_.on_later_owner) {
          writer_.on_later_owner(static_cast<std::int64_t>(head.revision));
        }
        return fail(ErrorCode::kConflict,
                    fmt::format("{} owns the log {} with revision {}; this node has revision {}",
                                head.node, config_.name, head.revision, writer_.revision));
      }
      if (!std::exchange(is_known, true)) {
        log_end.record = std::max<std::uint64_t>(next_record(head), 1) - 1;
      }
      log_end.revision = head.revision;
      if (head.kind != MessageKind::kFence || head.node != writer_.node) return log_end;
      log_end.revision = 0;
    }
    if (at <= 1) break;
    auto before = jet_stream_->message(config_, at - 1);
    if (!before && before.error().code != ErrorCode::kNotFound) {
      return std::unexpected(before.error());
    }
    bytes = before ? std::optional(std::move(before->data)) : std::nullopt;
  }
  return log_end;
}

Result<SlotStream::Fence> SlotStream::fence(const Number& number) {
  auto last = end();
  if (last && last->sequence == 0) {
    GL_TRY(append_origin());
    last = end();
  }
  if (!last) return std::unexpected(last.error());
  GL_TRY(const auto before, log_end_before(*last));
  Fence fence{.next_record = number(before), .log_ends = before.record};
  last_sequence_ = last->sequence;
  is_open_ = false;
  GL_TRY(const auto outcome, append({.kind = MessageKind::kFence, .first = fence.next_record}, ""));
  if (outcome != Outcome::kStored) {
    return fail(ErrorCode::kOffline, "another node appended at the same time");
  }
  fence.sequence = last_sequence_;
  return fence;
}

MessageHead SlotStream::signed_head(MessageHead head) const {
  head.revision = writer_.revision;
  head.writer = writer_.writer;
  head.node = writer_.node;
  return head;
}

Result<SlotStream::Outcome> SlotStream::append(const MessageHead& head, std::string_view body) {
  const MessageHead own = signed_head(head);
  if (is_open_) {
    GL_TRY(const auto settled, settle(own));
    if (settled) return close(*settled);
  }
  is_open_ = true;
  const std::string id = fmt::format("{:016x}-{}-{}", writer_.writer, last_sequence_ + 1, own.part);
  const auto stored = jet_stream_->publish(config_.subject, make_message(own, body),
                                           {.last_sequence = last_sequence_, .id = id});
  if (stored && !stored->is_duplicate && stored->sequence == last_sequence_ + 1) {
    return close(Outcome::kStored);
  }
  if (!stored && stored.error().code != ErrorCode::kConflict) {
    return std::unexpected(stored.error());
  }
  // Refused, or stored when it was sent before.
  GL_TRY(const auto settled, settle(own));
  if (!settled) return fail(ErrorCode::kOffline, "the leader of the stream has just changed");
  return close(*settled);
}

Result<SlotStream::Outcome> SlotStream::look() const {
  const auto last = end();
  if (!last) {
    if (last.error().code == ErrorCode::kNotFound) return Outcome::kLost;
    return std::unexpected(last.error());
  }
  if (last->sequence == last_sequence_) return Outcome::kStored;
  return last->sequence < last_sequence_ ? Outcome::kLost : Outcome::kOvertaken;
}

// Messages that are lost may come back with another leader: only then it is known what became of
// this one.
SlotStream::Outcome SlotStream::close(Outcome outcome) {
  if (outcome == Outcome::kStored) ++last_sequence_;
  is_open_ = outcome == Outcome::kLost;
  return outcome;
}

bool SlotStream::is_ours(std::string_view message, const MessageHead& head) const {
  const auto read = read_message(message);
  return read && read->head == head;
}

Result<std::optional<SlotStream::Outcome>> SlotStream::settle(const MessageHead& head) const {
  const auto last = end();
  if (!last) {
    // The stream itself is gone.
    if (last.error().code == ErrorCode::kNotFound) return Outcome::kLost;
    return std::unexpected(last.error());
  }
  if (last->sequence < last_sequence_) return Outcome::kLost;
  if (last->sequence == last_sequence_) return std::nullopt;
  if (last->sequence == last_sequence_ + 1 && last->message) {
    return is_ours(*last->message, head) ? Outcome::kStored : Outcome::kOvertaken;
  }
  const auto message = jet_stream_->message(config_, last_sequence_ + 1);
  if (message) return is_ours(message->data, head) ? Outcome::kStored : Outcome::kOvertaken;
  if (message.error().code == ErrorCode::kNotFound) return Outcome::kOvertaken;
  return std::unexpected(message.error());
}

Result<std::uint64_t> SlotStream::find(std::uint64_t record) const {
  GL_TRY(const auto state, jet_stream_->state(config_));
  // The first message that completes a record from `record` on is in [low, high].
  std::uint64_t low = std::max<std::uint64_t>(state.first_sequence, 1);
  const std::uint64_t first = low;
  std::uint64_t high = state.last_sequence + 1;
  std::uint32_t part = 0;  // of the message at `high`
  while (low < high) {
    std::uint64_t at = low + (high - low) / 2;
    const std::uint64_t middle = at;
    std::optional<MessageHead> head;
    // Messages that are not of the log say nothing: the next one that is.
    for (; at < high && !head; ++at) {
      const auto message = jet_stream_->message(config_, at);
      if (!message && message.error().code != ErrorCode::kNotFound) {
        return std::unexpected(message.error());
      }
      if (!message) continue;
      if (const auto read = read_message(message->data)) head = read->head;
    }
    if (!head) {
      high = middle;
    } else if (next_record(*head) > record) {
      part = head->part;
      high = middle;
      if (at != middle + 1) part = 0;
    } else {
      low = at;
    }
  }
  return std::max(first, high - std::min<std::uint64_t>(part, high));
}

Status SlotStream::purge(std::uint64_t before) {
  return jet_stream_->purge(config_, std::min(before, last_sequence_));
}

}  // namespace gridloom::journal
