#include "history/builder_queue.h"

#include <utility>

namespace gridloom::history {

void BuilderQueue::enter(State state) {
  {
    const std::lock_guard lock(mutex_);
    state_ = state;
  }
  room_.notify_all();
  wake_.notify_all();
}

void BuilderQueue::add(std::span<const journal::Record> records, const OnReadable& on_readable) {
  std::unique_lock lock(mutex_);
  room_.wait(lock,
             [this] { return bytes_ < most_bytes_ || leaves() || state_ != State::kRunning; });
  if (state_ == State::kStopped) return;  // the next start reads them from the journal
  for (const journal::Record& record : records) {
    if (leaves()) {
      if (is_readable_at_once(record.kind)) on_readable(record);
      continue;
    }
    Item item{.sequence = record.sequence, .kind = record.kind, .payload = {}};
    if (is_readable_at_once(record.kind)) {
      on_readable(record);
    } else {
      item.payload = record.payload;
    }
    bytes_ += item.payload.size();
    items_.push_back(std::move(item));
  }
  added_ += records.size();
  if (!records.empty()) left_.note(records.back().sequence, records.size());
  lock.unlock();
  wake_.notify_all();
}

void BuilderQueue::purge(DeviceNumber device) {
  {
    const std::lock_guard lock(mutex_);
    purged_.push_back(device);
  }
  wake_.notify_all();
}

void BuilderQueue::leave(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  left_.begin();
  left_.note(sequence, 1);
  ++added_;
}

std::optional<std::uint64_t> BuilderQueue::left_through() const {
  const std::lock_guard lock(mutex_);
  return leaves() && items_.empty() ? std::optional(left_.last()) : std::nullopt;
}

void BuilderQueue::take_left(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  left_.read(sequence);
}

void BuilderQueue::begin() {
  const std::lock_guard lock(mutex_);
  has_builder_ = true;
}

BuilderQueue::Work BuilderQueue::take(const Wait& wait) {
  std::unique_lock lock(mutex_);
  const bool stalls = wait.is_full && wait.store_fails;
  if (std::exchange(is_stalled_, stalls) != stalls) taken_wake_.notify_all();
  if (stalls && is_half_used() && !leaves()) {
    left_.begin();
    room_.notify_all();
  }
  if (wait.store_fails) left_.store_fails();
  wake_.wait_for(lock, wait.most, [&] {
    return state_ >= State::kEnding || (!wait.is_full && !items_.empty()) || !purged_.empty();
  });
  Work work;
  work.ends = state_ >= State::kEnding;
  if (!wait.is_full || work.ends) work.items = std::exchange(items_, {});
  work.purged = std::exchange(purged_, {});
  return work;
}

void BuilderQueue::release(Item& item) {
  const std::size_t bytes = std::exchange(item.payload, {}).size();
  const std::size_t before = bytes_.fetch_sub(bytes);
  if (before < most_bytes_ || before - bytes >= most_bytes_) return;
  // The journal's thread may be about to wait.
  const std::lock_guard lock(mutex_);
  room_.notify_all();
}

void BuilderQueue::count_taken(std::size_t items) {
  if (items == 0) return;
  {
    const std::lock_guard lock(mutex_);
    taken_ += items;
  }
  taken_wake_.notify_all();
}

std::uint64_t BuilderQueue::added() const {
  const std::lock_guard lock(mutex_);
  return added_;
}

bool BuilderQueue::wait_until_taken(std::uint64_t until, std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  if (!has_builder_) return true;
  return taken_wake_.wait_for(lock, most, [this, until] {
    return taken_ >= until || is_stalled_ || leaves() || state_ != State::kRunning;
  });
}

}  // namespace gridloom::history
