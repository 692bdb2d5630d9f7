#include "mqtt/background_session_store.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/clock.h"
#include "base/log_throttle.h"

namespace gridloom::mqtt {
namespace {

using std::chrono::steady_clock;

constexpr Millis kErrorsEvery{60'000};
constexpr Millis kAgainAfter{1000};  // delay after a failed write
// Interval between two writes; until then the log has the changes.
constexpr std::chrono::minutes kEvery{1};
constexpr std::chrono::milliseconds kEveryWithoutLog{100};
constexpr std::size_t kMaxPendingBytes = std::size_t{16} * 1024 * 1024;  // in memory until then

}  // namespace

BackgroundSessionStore::BackgroundSessionStore(Opened opened)
    : name_(std::move(opened.name)),
      number_(opened.last_number),
      streams_(std::move(opened.streams)),
      applied_(opened.applied) {
  pending_.emplace_back(opened.highest_stored);
  streams_.set_record(opened.applied);
}

void BackgroundSessionStore::end() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void BackgroundSessionStore::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wait(lock);
    if (!has_changes()) {
      if (stopping_) return;
      lock.unlock();
      idle();
      lock.lock();
      continue;
    }
    std::deque<PendingRows> now = std::exchange(pending_, {});
    pending_.emplace_back();
    const std::uint64_t record = streams_.record();
    const auto rows = streams_.take_changed();
    unlogged_ = false;
    writing_ = true;
    lock.unlock();
    const Status status =
        write({.rows = now, .streams = rows, .record = record, .last_number = number_});
    lock.lock();
    writing_ = false;
    if (!status) {
      warn_of_failure(status.error());
      now.insert(now.end(), std::make_move_iterator(pending_.begin()),
                 std::make_move_iterator(pending_.end()));
      pending_ = std::move(now);
      streams_.put_back(rows);
      unlogged_ = true;
    } else {
      stored(record);
    }
    failed_ = !status;
    done_.notify_all();
    if (failed_ && stopping_) return;
    if (failed_) wake_.wait_for(lock, kAgainAfter, [this] { return stopping_; });
  }
}

void BackgroundSessionStore::wait(std::unique_lock<std::mutex>& lock) {
  const auto has_work = [this] { return stopping_ || has_changes(); };
  if (const auto at = idle_at(); at && !wake_.wait_until(lock, *at, has_work)) return;
  wake_.wait(lock, has_work);
  const auto is_due = [this] {
    return stopping_ || flushing_ || pending_.back().bytes() > kMaxPendingBytes;
  };
  wake_.wait_until(lock, unlogged_ ? std::min(due_, unlogged_due_) : due_, is_due);
}

void BackgroundSessionStore::stored(std::uint64_t record) {
  due_ = steady_clock::now() + kEvery;
  if (record == applied_) return;
  applied_ = record;
  if (tell_) tell_(journal::Positions::everywhere(record));
}

bool BackgroundSessionStore::apply(std::string_view changes) {
  PendingRows& rows = pending_.back();
  bool readable = true;
  const bool whole = hub::each_change(changes, [&](const hub::SessionChange& change) {
    streams_.apply(change);
    readable = rows.apply(change) && readable;
  });
  rows.end_record();
  return whole && readable;
}

void BackgroundSessionStore::warn_of_failure(const Error& fault) const {
  static LogThrottle failures({.times = 1, .within = kErrorsEvery});
  static const SteadyClock clock;
  if (!failures.admit(clock.now())) return;
  spdlog::error("{} cannot be written; changes of sessions stay in memory until it can: {}", name_,
                fault.detail);
}

Result<SessionStore::Loaded> BackgroundSessionStore::load() {
  const auto changed = streams_.take_changed();
  Result<Start> start = write_and_read(
      {.rows = pending_, .streams = changed, .record = streams_.record(), .last_number = number_});
  if (!start) return std::unexpected(start.error());
  ReadRows& rows = start->rows;
  if (rows.unreadable != 0) {
    spdlog::error("{}: {} rows cannot be read and are left out", name_, rows.unreadable);
  }
  number_ = std::max(
      {number_.load(), streams_.highest(), rows.highest_number, pending_.back().highest_number()});
  if (start->is_written) {
    stored(streams_.record());
    pending_.clear();
    pending_.emplace_back();
    unlogged_ = false;
  } else {
    streams_.put_back(changed);
    unlogged_ = true;  // to be tried again, also without further changes
  }
  Loaded loaded{.sessions = std::move(rows.sessions),
                .streams = streams_.all(),
                .retained = std::move(rows.retained)};
  thread_ = std::jthread([this] { work(); });
  return loaded;
}

void BackgroundSessionStore::take(std::uint64_t record, std::string_view changes) {
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    is_first = !has_changes() || pending_.back().bytes() > kMaxPendingBytes;
    if (!apply(changes)) {
      spdlog::error(
          "record {} of the log: its changes of MQTT sessions cannot be read and are left out",
          record);
    }
    streams_.set_record(record);
  }
  if (is_first) wake_.notify_all();
}

void BackgroundSessionStore::put(std::string_view changes) {
  {
    const std::lock_guard lock(mutex_);
    static_cast<void>(apply(changes));
    if (!std::exchange(unlogged_, true)) {
      unlogged_due_ = steady_clock::now() + kEveryWithoutLog;
    }
  }
  wake_.notify_all();
}

journal::Positions BackgroundSessionStore::applied() const {
  return journal::Positions::everywhere(applied_);
}

void BackgroundSessionStore::on_applied(
    std::function<void(const journal::Positions& applied)> tell) {
  const std::lock_guard lock(mutex_);
  tell_ = std::move(tell);
}

void BackgroundSessionStore::flush() {
  std::unique_lock lock(mutex_);
  failed_ = false;
  flushing_ = true;
  wake_.notify_all();
  done_.wait(lock, [this] { return failed_ || (!writing_ && !has_changes()); });
  flushing_ = false;
}

hub::SessionKeeper BackgroundSessionStore::keeper() {
  return {.new_number = [this] { return ++number_; },
          .take = [this](std::string_view changes) { put(changes); }};
}

}  // namespace gridloom::mqtt
