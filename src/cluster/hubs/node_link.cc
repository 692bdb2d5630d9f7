#include "hubs/node_link.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"

namespace gridloom::hub {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kClosings = 20;  // bits of an incarnation that count them
// So many frames are sent again at once.
constexpr std::size_t kResentFrames = 64;
// So many frames are confirmed at once, before the next tick.
constexpr std::uint64_t kConfirmedAtOnce = 32;
constexpr std::size_t kHeadBytes = 5 * kLongestVarint;  // of a frame

}  // namespace

NodeLink::NodeLink(std::uint64_t run, const Limits& limits, Events events)
    : limits_(limits), events_(std::move(events)), mine_(run << kClosings) {}

void NodeLink::reset() {
  unsent_.clear();
  unconfirmed_.clear();
  unconfirmed_bytes_ = 0;
  confirmed_ = 0;
  received_ = 0;
  told_ = 0;
  incoming_.clear();
}

void NodeLink::close() {
  ++mine_;
  reset();
  if (std::exchange(open_, false)) events_.closed();
}

void NodeLink::node_is_there(TimePoint now) {
  if (std::exchange(there_, true)) return;
  said_ = now;
  say(0, {});
}

void NodeLink::node_is_away() {
  if (!std::exchange(there_, false)) return;
  close();
}

void NodeLink::say(std::uint64_t sequence, std::string_view payload) {
  std::string frame;
  frame.reserve(kHeadBytes + payload.size());
  append_varint(frame, kVersion);
  append_varint(frame, mine_);
  append_varint(frame, peer_);
  append_varint(frame, received_);
  append_varint(frame, sequence);
  frame.append(payload);
  // A frame that is refused is sent again as one that was lost.
  if (events_.send(frame)) told_ = received_;
}

void NodeLink::append(std::string& messages, std::string_view head, std::string_view rest) {
  append_varint(messages, head.size() + rest.size());
  messages.append(head).append(rest);
}

void NodeLink::send(std::string messages, TimePoint now) {
  if (unconfirmed_bytes_ + unsent_.size() + messages.size() > limits_.window_bytes) return close();
  if (unsent_.empty()) {
    unsent_ = std::move(messages);
  } else {
    unsent_.append(messages);
  }
  send_frames(limits_.frame_bytes, now);
}

void NodeLink::flush(TimePoint now) { send_frames(1, now); }

// Sends full frames, and a last one that has so many bytes at least.
void NodeLink::send_frames(std::size_t least_bytes, TimePoint now) {
  std::string unsent = std::exchange(unsent_, {});
  std::size_t done = 0;
  while (open_ && unsent.size() - done >= least_bytes) {
    const std::size_t size = std::min(unsent.size() - done, limits_.frame_bytes);
    const bool is_all = size == unsent.size();
    unconfirmed_.push_back(
        {.payload = is_all ? std::exchange(unsent, {}) : unsent.substr(done, size), .at = now});
    unconfirmed_bytes_ += size;
    done = is_all ? 0 : done + size;
    say(confirmed_ + unconfirmed_.size(), unconfirmed_.back().payload);
  }
  if (open_) unsent_ = done == 0 ? std::move(unsent) : unsent.substr(done);
}

void NodeLink::receive(std::string_view frame, TimePoint now) {
  Cursor cursor(frame);
  if (cursor.varint() != kVersion) return;
  const std::uint64_t theirs = cursor.varint();
  const std::uint64_t known = cursor.varint();
  const std::uint64_t seen = cursor.varint();
  const std::uint64_t sequence = cursor.varint();
  if (cursor.failed() || !there_ || theirs < peer_) return;
  if (theirs > peer_) {
    peer_ = theirs;
    reset();
    if (std::exchange(open_, false)) events_.closed();
  }
  if (known != mine_) {
    // The other side does not know this incarnation yet.
    said_ = now;
    return say(0, {});
  }
  if (!open_) {
    open_ = true;
    say(0, {});
    events_.opened();
    if (!open_) return;
  }
  confirmed(seen);
  if (sequence == 0) return;
  if (sequence == received_ + 1) {
    ++received_;
    take(cursor.rest());
  }
  // Also for a frame that came twice: its confirmation may be lost.
  if (open_ && (sequence <= told_ || received_ >= told_ + kConfirmedAtOnce)) say(0, {});
}

void NodeLink::confirmed(std::uint64_t sequence) {
  while (!unconfirmed_.empty() && confirmed_ < sequence) {
    unconfirmed_bytes_ -= unconfirmed_.front().payload.size();
    unconfirmed_.pop_front();
    ++confirmed_;
  }
}

void NodeLink::take(std::string_view payload) {
  // The calls may close the link, and with it drop what has come.
  std::string joined = std::exchange(incoming_, {});
  if (!joined.empty()) payload = joined.append(payload);
  while (open_) {
    Cursor cursor(payload);
    const std::uint64_t size = cursor.varint();
    if (!cursor.failed() && size > limits_.message_bytes) return close();
    if (cursor.failed() || cursor.rest().size() < size) break;
    const std::string_view message = cursor.bytes(size);
    payload = cursor.rest();
    events_.received(message);
  }
  if (!open_) return;
  if (!payload.empty() && payload.size() == joined.size()) {
    incoming_ = std::move(joined);
  } else {
    incoming_ = payload;
  }
}

void NodeLink::tick(TimePoint now) {
  if (!there_) return;
  if (!open_) {
    if (now - said_ < limits_.resend_after) return;
    said_ = now;
    return say(0, {});
  }
  flush(now);
  if (!unconfirmed_.empty() && now - unconfirmed_.front().at >= limits_.resend_after) {
    const std::size_t count = std::min(unconfirmed_.size(), kResentFrames);
    for (std::size_t i = 0; i < count; ++i) {
      unconfirmed_[i].at = now;
      say(confirmed_ + 1 + i, unconfirmed_[i].payload);
    }
  }
  if (told_ != received_) say(0, {});
}

}  // namespace gridloom::hub
