// The queue for the builder's thread: records that are durable and in no head yet, and devices that
// were removed.
//
// The journal's thread adds records, and waits while there is no room, so memory is bounded and
// writers see that the journal is behind. While the store does not work, nobody waits: records are
// left in the journal, from where the builder reads them once the store works again. Then one
// record may be left for every two that the builder reads, so that what is left becomes less.
// Readers wait here until the builder has what they are to see.
//
// Thread rule: any function from any thread, unless it says otherwise.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "history/left_records.h"
#include "history/readable_records.h"
#include "journal/journal.h"

namespace gridloom::history {

class BuilderQueue {
 public:
  // A durable record that is not yet in a head.
  struct Item {
    std::uint64_t sequence = 0;
    journal::RecordKind kind{};
    std::string payload;  // empty for a record that add() gave away
  };

  // `most_bytes` is exceeded by what is added at once, and by no more.
  explicit BuilderQueue(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  // kFlushing: the journal's last records come, also more than there is room for, as the builder
  // takes no more while history cannot be stored. kEnding: the builder takes what is here, and
  // no more. kStopped: records are not added, and left for the next start.
  enum class State : std::uint8_t { kRunning, kFlushing, kEnding, kStopped };
  void enter(State state);

  // Waits for room, or leaves the records in the journal. `on_readable` is called for each record
  // that is_readable_at_once() before it can be taken, or left.
  using OnReadable = std::function<void(const journal::Record& record)>;
  void add(std::span<const journal::Record> records, const OnReadable& on_readable);
  void purge(DeviceNumber device);

  // Leaves a record that the journal had at the start; those that are added later are left as well.
  void leave(std::uint64_t sequence);
  // The last record that was left in the journal, once all before it that were added are taken;
  // nothing: none was left. The builder's thread.
  [[nodiscard]] std::optional<std::uint64_t> left_through() const;
  // Records are left in the journal, or are being read from there again. Any thread.
  [[nodiscard]] bool leaves() const { return left_.leaves(); }
  // The builder has taken the left records up to `sequence`. If none is left any more, those that
  // come from now on are added again.
  void take_left(std::uint64_t sequence);

  // The builder's thread runs from now on, so that readers may wait for it.
  void begin();
  struct Wait {
    std::chrono::milliseconds most{};
    bool is_full = false;      // the builder can take no more records before the end
    bool store_fails = false;  // and records are left in the journal if half of the room is used
  };
  struct Work {
    std::deque<Item> items;
    std::vector<DeviceNumber> purged;
    bool ends = false;  // these are the last
  };
  // Waits for work, at most for `wait.most`. The builder's thread.
  [[nodiscard]] Work take(const Wait& wait);
  // The record is in a head: its memory is free for others.
  void release(Item& item);
  // So many records that take() returned are in heads.
  void count_taken(std::size_t items);

  // The number of records that were added since the start.
  [[nodiscard]] std::uint64_t added() const;
  // Waits until the builder has taken `until` records, at most for `most`. The wait also ends if
  // the builder is stalled, because the store does not work, or has to catch up with what was left
  // in the journal. False: not yet.
  [[nodiscard]] bool wait_until_taken(std::uint64_t until, std::chrono::milliseconds most);

  // The bytes of the records in the queue, and of those that were taken from it and are in no head
  // yet.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // More than half of the room is used, and records are not left in the journal; or more are left
  // there than the builder reads.
  [[nodiscard]] bool behind() const { return (is_half_used() && !leaves()) || left_.outruns(); }

 private:
  [[nodiscard]] bool is_half_used() const { return bytes_ > most_bytes_ / 2; }

  const std::size_t most_bytes_;
  std::atomic<std::size_t> bytes_{0};
  mutable std::mutex mutex_;  // guards the members below
  std::condition_variable wake_;
  std::condition_variable room_;
  std::condition_variable taken_wake_;
  std::deque<Item> items_;
  std::vector<DeviceNumber> purged_;
  std::uint64_t added_ = 0;  // number of records, since the start
  std::uint64_t taken_ = 0;  // how many of these the builder has taken
  LeftRecords left_;
  bool is_stalled_ = false;  // the builder takes no more until its store has made room
  bool has_builder_ = false;
  State state_ = State::kRunning;
};

}  // namespace gridloom::history
