// The session store over tables: what all kinds of it share. Changes are put together in memory
// (pending_rows.h) and stored by a thread of the store's own, once a minute, or earlier if there
// are many; until then the log has them. While the tables cannot be written, changes stay in
// memory, in which each row has its final state alone.
//
// Thread rule: as for SessionStore.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/growing_pause.h"
#include "base/result.h"
#include "mqtt/pending_rows.h"
#include "mqtt/session_store.h"
#include "mqtt/stored_rows.h"
#include "mqtt/stream_table.h"

namespace gridloom::mqtt {

inline constexpr std::string_view kWhatIsLost =
    "MQTT sessions, the messages that waited in them, and retained messages are lost";

// The tables of a store. One thread at a time.
class SessionTables {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  SessionTables() = default;
  SessionTables(const SessionTables&) = delete;
  SessionTables& operator=(const SessionTables&) = delete;
  virtual ~SessionTables() = default;

  // As messages name them.
  [[nodiscard]] virtual std::string_view name() const = 0;
  // As SessionStore::loss().
  [[nodiscard]] virtual std::string loss(bool served_before) const = 0;

  struct Batch {
    const PendingRows& rows;
    std::span<const StreamTable::ChangedStream> streams;
    std::uint64_t record = 0;  // all changes up to this record are in the batch, or were before
    std::int64_t number = 0;   // the highest that was given out
  };
  // Streams and record are stored together. To write a batch again changes nothing.
  [[nodiscard]] virtual Status write(const Batch& batch) = 0;
  // Whether some of the batch may be stored although write() ended with an error.
  [[nodiscard]] virtual bool is_maybe_written() const = 0;

  // The rows as they will be once these are stored.
  [[nodiscard]] virtual Result<ReadRows> load(const PendingRows& pending) = 0;

  // upkeep() is called when it is due and nothing is to be written.
  [[nodiscard]] virtual std::optional<Moment> upkeep_due() const { return std::nullopt; }
  virtual void upkeep() {}
};

class DeferredStore final : public SessionStore {
 public:
  struct Start {
    StreamTable streams;       // with the record that is stored
    std::int64_t number = 0;   // none up to this is given out again
    std::int64_t highest = 0;  // number in the tables
    GrowingPause::Options pauses{.shortest = Millis(1'000), .longest = Millis(1'000)};
  };
  DeferredStore(std::unique_ptr<SessionTables> tables, Start start);
  ~DeferredStore() override;
  DeferredStore(const DeferredStore&) = delete;
  DeferredStore& operator=(const DeferredStore&) = delete;

  [[nodiscard]] Result<Loaded> load() override;
  [[nodiscard]] std::string loss(bool served_before) const override {
    return tables_->loss(served_before);
  }
  void take(std::uint64_t record, std::string_view changes) override;
  [[nodiscard]] journal::Positions applied() const override {
    return journal::Positions::everywhere(applied_);
  }
  void on_applied(std::function<void(const journal::Positions& applied)> tell) override;
  void put(std::string_view changes) override;
  void flush() override;
  [[nodiscard]] Health health() const override;
  [[nodiscard]] hub::SessionKeeper keeper() override;

 private:
  void work();
  // Waits until there is something to write and a write is due, or upkeep is.
  void wait(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool store(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool has_changes() const { return unlogged_due_ || streams_.record() > applied_; }
  [[nodiscard]] std::int64_t highest() const;
  // False: the changes end in bytes that are no change.
  bool apply(std::string_view changes);
  void note_stored(std::uint64_t record);
  void note_failure(const Error& error);

  std::unique_ptr<SessionTables> tables_;  // used by the thread once it runs
  std::atomic<std::int64_t> number_;
  std::atomic<std::uint64_t> applied_;
  mutable std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  PendingRows pending_;
  StreamTable streams_;
  SessionTables::Moment due_{};
  std::optional<SessionTables::Moment> unlogged_due_;  // some changes are in no log
  std::function<void(const journal::Positions&)> tell_;
  GrowingPause pause_;
  bool flushing_ = false;
  std::optional<std::pair<std::size_t, std::size_t>> writing_;  // rows and bytes of a write
  bool failed_ = false;                                         // the last attempt failed
  bool stopping_ = false;
  struct Failing {
    std::string why;
    SessionTables::Moment since;
    SessionTables::Moment warned_at;
  };
  std::optional<Failing> failing_;  // since a write failed, until one succeeds
  std::jthread thread_;
};

}  // namespace gridloom::mqtt
