// A SessionStore that puts the changes of a minute together in memory and writes them on a thread
// of its own, so that short-lived data are never written. Where they are written to is the derived
// class' part.
//
// What cannot be written stays in memory, and is tried again each second.
// Thread rule: as for SessionStore. The derived class calls end() in its destructor.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "mqtt/pending_rows.h"
#include "mqtt/read_rows.h"
#include "mqtt/session_store.h"
#include "mqtt/stream_table.h"

namespace gridloom::mqtt {

class BackgroundSessionStore : public SessionStore {
 public:
  // What was stored when the store was opened.
  struct Opened {
    std::string name;  // for messages: "sessions.db"
    std::int64_t last_number = 0;
    std::int64_t highest_stored = 0;  // number of a session or message
    std::uint64_t applied = 0;
    StreamTable streams{};
  };

  [[nodiscard]] Result<Loaded> load() override;
  void take(std::uint64_t record, std::string_view changes) override;
  [[nodiscard]] journal::Positions applied() const override;
  void on_applied(std::function<void(const journal::Positions& applied)> tell) override;
  void put(std::string_view changes) override;
  void flush() override;
  [[nodiscard]] hub::SessionKeeper keeper() override;

 protected:
  using Moment = std::chrono::steady_clock::time_point;

  explicit BackgroundSessionStore(Opened opened);

  // All that is written together.
  struct Batch {
    const std::deque<PendingRows>& rows;
    const std::vector<StreamTable::ChangedStream>& streams;
    std::uint64_t record = 0;      // the last one whose changes the batch has
    std::int64_t last_number = 0;  // the highest that was given
  };
  // On the thread. An error leaves what was stored before, or some of the batch: it is written
  // again.
  [[nodiscard]] virtual Status write(const Batch& batch) = 0;
  // Before the thread begins: the rows as they are with the batch. `is_written` tells whether it
  // was stored; if not, it is tried again.
  struct Start {
    ReadRows rows;
    bool is_written = false;
  };
  [[nodiscard]] virtual Result<Start> write_and_read(const Batch& batch) = 0;
  // On the thread: when idle() is to be called unless something is to be written before.
  [[nodiscard]] virtual std::optional<Moment> idle_at() const { return std::nullopt; }
  virtual void idle() {}

  void warn_of_failure(const Error& fault) const;
  // Writes what is left and ends the thread.
  void end();

 private:
  void work();
  // Waits until there is something to write and a write is due.
  void wait(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool has_changes() const { return unlogged_ || streams_.record() > applied_; }
  void stored(std::uint64_t record);
  // With the lock held. False: the changes end in bytes that are no change.
  bool apply(std::string_view changes);

  const std::string name_;
  std::atomic<std::int64_t> number_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::deque<PendingRows> pending_;  // the last one grows; writing the others failed
  StreamTable streams_;
  bool unlogged_ = false;  // some changes are in no log
  std::atomic<std::uint64_t> applied_;
  Moment due_{};
  Moment unlogged_due_{};
  std::function<void(const journal::Positions&)> tell_;
  bool flushing_ = false;
  bool writing_ = false;
  bool failed_ = false;  // the last attempt failed
  bool stopping_ = false;
  std::jthread thread_;
};

}  // namespace gridloom::mqtt
