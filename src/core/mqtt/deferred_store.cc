#include "mqtt/deferred_store.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace gridloom::mqtt {
namespace {

using std::chrono::steady_clock;

constexpr Millis kErrorsEvery{60'000};
// Interval between two writes; until then the log has the changes.
constexpr std::chrono::minutes kEvery{1};
constexpr std::chrono::milliseconds kEveryWithoutLog{100};
constexpr std::size_t kMaxPendingBytes = std::size_t{16} * 1024 * 1024;  // in memory until then

}  // namespace

DeferredStore::DeferredStore(std::unique_ptr<SessionTables> tables, Start start)
    : tables_(std::move(tables)),
      number_(start.number),
      applied_(start.streams.record()),
      pending_(start.highest),
      streams_(std::move(start.streams)),
      pause_(start.pauses) {}

DeferredStore::~DeferredStore() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

std::int64_t DeferredStore::highest() const {
  return std::max({number_.load(), streams_.highest(), pending_.highest_number()});
}

Result<SessionStore::Loaded> DeferredStore::load() {
  const std::lock_guard lock(mutex_);
  GL_TRY(auto rows, tables_->load(pending_));
  if (rows.unreadable != 0) {
    spdlog::error("{}: {} rows cannot be read and are left out", tables_->name(), rows.unreadable);
  }
  number_ = std::max(highest(), rows.highest_number);
  const auto changed = streams_.take_changed();
  streams_.put_back(changed);
  // Also what came without a record.
  if (!pending_.empty() || !changed.empty()) unlogged_due_ = SessionTables::Moment();
  Loaded loaded{.sessions = std::move(rows.sessions),
                .streams = streams_.all(),
                .retained = std::move(rows.retained)};
  thread_ = std::jthread([this] { work(); });
  return loaded;
}

void DeferredStore::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wait(lock);
    if (!has_changes()) {
      if (stopping_) return;
      lock.unlock();
      tables_->upkeep();
      lock.lock();
      continue;
    }
    if (store(lock)) continue;
    if (stopping_) return;
    changed_.wait_for(lock, pause_.next(), [this] { return stopping_ || flushing_; });
  }
}

void DeferredStore::wait(std::unique_lock<std::mutex>& lock) {
  const auto has_work = [this] { return stopping_ || has_changes(); };
  if (const auto upkeep = tables_->upkeep_due();
      upkeep && !changed_.wait_until(lock, *upkeep, has_work)) {
    return;
  }
  changed_.wait(lock, has_work);
  const auto is_due = [this] {
    return stopping_ || flushing_ || pending_.bytes() > kMaxPendingBytes;
  };
  changed_.wait_until(lock, std::min(due_, unlogged_due_.value_or(due_)), is_due);
}

bool DeferredStore::store(std::unique_lock<std::mutex>& lock) {
  const std::int64_t number = highest();
  PendingRows now = std::exchange(pending_, PendingRows(number));
  const std::uint64_t record = streams_.record();
  const auto rows = streams_.take_changed();
  unlogged_due_.reset();
  writing_.emplace(now.size(), now.bytes());
  lock.unlock();
  const Status status =
      tables_->write({.rows = now, .streams = rows, .record = record, .number = number});
  lock.lock();
  writing_.reset();
  failed_ = !status;
  if (status) {
    pause_.reset();
    failing_.reset();
    note_stored(record);
  } else {
    note_failure(status.error());
    if (tables_->is_maybe_written()) now.set_maybe_stored();
    now.append(std::exchange(pending_, PendingRows()));
    pending_ = std::move(now);
    streams_.put_back(rows);
    unlogged_due_ = SessionTables::Moment();
    flushing_ = false;
  }
  changed_.notify_all();
  return !failed_;
}

void DeferredStore::note_stored(std::uint64_t record) {
  due_ = steady_clock::now() + kEvery;
  if (record == applied_) return;
  applied_ = record;
  if (tell_) tell_(journal::Positions::everywhere(record));
}

bool DeferredStore::apply(std::string_view changes) {
  bool readable = true;
  const bool whole = hub::each_change(changes, [&](const hub::SessionChange& change) {
    streams_.apply(change);
    readable = pending_.apply(change) && readable;
  });
  pending_.end_record();
  return whole && readable;
}

void DeferredStore::note_failure(const Error& error) {
  const auto now = steady_clock::now();
  if (!failing_)
    failing_.emplace(Failing{.why = {}, .since = now, .warned_at = now - kErrorsEvery});
  failing_->why = error.detail;
  if (now - failing_->warned_at < kErrorsEvery) return;
  failing_->warned_at = now;
  spdlog::error("{} cannot be written; changes of sessions stay in memory until it can: {}",
                tables_->name(), error.detail);
}

SessionStore::Health DeferredStore::health() const {
  const std::lock_guard lock(mutex_);
  const auto [rows, bytes] = writing_.value_or(std::pair<std::size_t, std::size_t>());
  Health health{.waiting = rows + pending_.size(), .waiting_bytes = bytes + pending_.bytes()};
  if (failing_) {
    health.failing = failing_->why;
    health.failing_for = std::chrono::duration_cast<Millis>(steady_clock::now() - failing_->since);
  }
  return health;
}

void DeferredStore::take(std::uint64_t record, std::string_view changes) {
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    is_first = !has_changes() || pending_.bytes() > kMaxPendingBytes;
    if (!apply(changes)) {
      spdlog::error(
          "record {} of the log: its changes of MQTT sessions cannot be read and are left out",
          record);
    }
    streams_.set_record(record);
  }
  if (is_first) changed_.notify_all();
}

void DeferredStore::put(std::string_view changes) {
  {
    const std::lock_guard lock(mutex_);
    static_cast<void>(apply(changes));
    if (!unlogged_due_) unlogged_due_ = steady_clock::now() + kEveryWithoutLog;
  }
  changed_.notify_all();
}

void DeferredStore::on_applied(std::function<void(const journal::Positions& applied)> tell) {
  const std::lock_guard lock(mutex_);
  tell_ = std::move(tell);
}

void DeferredStore::flush() {
  std::unique_lock lock(mutex_);
  failed_ = false;
  flushing_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return failed_ || (!writing_ && !has_changes()); });
  flushing_ = false;
}

hub::SessionKeeper DeferredStore::keeper() {
  return {.new_number = [this] { return ++number_; },
          .take = [this](std::string_view changes) { put(changes); }};
}

}  // namespace gridloom::mqtt
