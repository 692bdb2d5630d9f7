// The session store in SQLite: DATA/sessions.db, written on its own thread, about a megabyte per
// transaction; docs/internals/formats.md shows the tables. Short-lived data are never written: the
// changes of a minute are put together first. Messages and subscriptions are stored as equivalent
// MQTT 5 packets.
#include "mqtt/session_store.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "mqtt/sqlite/session_rows.h"
#include "mqtt/sqlite/session_tables.h"
#include "storage/empty_wal.h"
#include "storage/reserve.h"
#include "storage/seen_number.h"
#include "storage/sqlite.h"
#include "storage/stepwise_transaction.h"
#include "storage/wal_check.h"

namespace gridloom::mqtt {
namespace {

using storage::Blob;
using storage::Database;
using storage::Statement;
using storage::StepwiseTransaction;

constexpr std::string_view kWhatIsLost =
    "MQTT sessions, the messages that waited in them, and retained messages are lost";
constexpr Millis kErrorsEvery{60'000};
constexpr Millis kAgainAfter{1000};  // delay after a failed write
// Interval between two writes; until then the log has the changes.
constexpr std::chrono::minutes kEvery{1};
constexpr std::chrono::milliseconds kEveryWithoutLog{100};
// How long changes are in the write-ahead log alone at most, once they have left the log. Each time
// costs the card of a small home some pages.
constexpr std::chrono::minutes kEmptyWalEvery{10};
constexpr std::size_t kMaxPendingBytes = std::size_t{16} * 1024 * 1024;  // in memory until then

storage::SeenNumber seen_in(const std::filesystem::path& folder) {
  return storage::SeenNumber(folder / "sessions.seen");
}

Status write(Database& database, const StreamTable::ChangedStream& row) {
  if (row.ended) return database.execute("DELETE FROM stream WHERE number = ?", row.number);
  static const std::string sql = insert_into(kStreamTable);
  return database.execute(sql, row.number, std::string_view(row.user),
                          std::string_view(row.client_id), Blob{row.receipts});
}

Result<StreamTable> streams_in(Database& database) {
  StreamTable streams;
  std::size_t unreadable = 0;
  const Status read =
      database.each_row("SELECT * FROM stream ORDER BY number", [&](const Statement& row) {
        auto receipts = Receipts::from(row.bytes(3));
        if (!receipts) return ++unreadable, Status();
        streams.restore({.number = row.integer(0),
                         .user = std::string(row.bytes(1)),
                         .client_id = std::string(row.bytes(2)),
                         .receipts = std::move(*receipts)});
        return Status();
      });
  if (!read) return std::unexpected(read.error());
  if (unreadable != 0) {
    spdlog::error("sessions.db: {} rows of the table stream cannot be read", unreadable);
  }
  return streams;
}

// sessions.db, and the changes that are not in it yet.
struct SessionsFile {
  SessionsFile(Database opened, const std::filesystem::path& data)
      : folder(data), database(std::move(opened)), seen(seen_in(data)) {}

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      wait(lock);
      if (!has_changes()) {
        if (stopping) return;
        lock.unlock();
        empty_wal_if_due();
        lock.lock();
        continue;
      }
      std::deque<PendingRows> now = std::exchange(pending, {});
      pending.emplace_back();
      const std::uint64_t record = streams.record();
      const auto rows = streams.take_changed();
      unlogged = false;
      writing = true;
      lock.unlock();
      const Status status = write_all(now, rows, record);
      if (status && record != applied) seen.remember(record);
      lock.lock();
      writing = false;
      if (!status) {
        warn_of_failure(status.error());
        now.insert(now.end(), std::make_move_iterator(pending.begin()),
                   std::make_move_iterator(pending.end()));
        pending = std::move(now);
        streams.put_back(rows);
        unlogged = true;
      } else {
        stored(record);
      }
      failed = !status;
      done.notify_all();
      if (failed && stopping) return;
      if (failed) wake.wait_for(lock, kAgainAfter, [this] { return stopping; });
    }
  }
  // Waits until there is something to write and a write is due.
  void wait(std::unique_lock<std::mutex>& lock) {
    const auto has_work = [this] { return stopping || has_changes(); };
    if (!wal_is_empty && !wake.wait_until(lock, wal_due, has_work)) return;
    wake.wait(lock, has_work);
    const auto is_due = [this] {
      return stopping || flushing || pending.back().bytes() > kMaxPendingBytes;
    };
    wake.wait_until(lock, unlogged ? std::min(due, unlogged_due) : due, is_due);
  }
  [[nodiscard]] bool has_changes() const { return unlogged || streams.record() > applied; }
  void stored(std::uint64_t record) {
    due = std::chrono::steady_clock::now() + kEvery;
    if (record == applied) return;
    applied = record;
    if (tell) tell(journal::Positions::everywhere(record));
  }

  // With the lock held. False: the changes end in bytes that are no change.
  bool apply(std::string_view changes) {
    PendingRows& rows = pending.back();
    bool readable = true;
    const bool whole = hub::each_change(changes, [&](const hub::SessionChange& change) {
      streams.apply(change);
      readable = rows.apply(change) && readable;
    });
    rows.end_record();
    return whole && readable;
  }

  Status write_all(const std::deque<PendingRows>& now,
                   const std::vector<StreamTable::ChangedStream>& rows, std::uint64_t record) {
    auto transaction = StepwiseTransaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    const auto wrote = [&transaction](std::size_t bytes) { return transaction->wrote(bytes); };
    if (const Status status = write_rows(now, rows, record, wrote); !status) return status;
    if (const Status status = transaction->commit(); !status) return status;
    wal_is_empty = false;
    empty_wal_if_due();
    return {};
  }

  void empty_wal_if_due() {
    const auto now = std::chrono::steady_clock::now();
    if (now < wal_due) return;
    wal_is_empty = storage::empty_wal(database);
    wal_due = now + kEmptyWalEvery;
  }

  // The caller has a transaction. `wrote` is called after each row, with its bytes.
  template <typename Wrote>
  Status write_rows(const std::deque<PendingRows>& now,
                    const std::vector<StreamTable::ChangedStream>& rows, std::uint64_t record,
                    Wrote wrote) {
    for (const PendingRows& each : now) {
      if (const Status status = each.write(database, wrote); !status) return status;
    }
    // One step of the transaction has both: receipts must match the record stored as applied.
    for (const StreamTable::ChangedStream& row : rows) {
      if (const Status status = write(database, row); !status) return status;
    }
    constexpr std::int64_t kOne = 1;
    if (const Status status =
            database.execute(insert_into(kAppliedTable), kOne, static_cast<std::int64_t>(record));
        !status) {
      return status;
    }
    return database.execute(insert_into(kLastTable), kOne, number.load());
  }

  // All rows as they will be once the pending ones are written. On a disk that refuses writes these
  // stay pending: they are written in a transaction that is not committed, which takes memory only.
  Result<ReadRows> load() {
    auto changed = streams.take_changed();
    const Status written = write_all(pending, changed, streams.record());
    if (written) {
      auto rows = read_rows(database);
      if (!rows) return rows;
      // Messages without a session have no recipient.
      if (const Status status = database.run(
              "DELETE FROM message WHERE session NOT IN (SELECT number FROM session);");
          !status) {
        warn_of_failure(status.error());
      }
      seen.remember(streams.record());
      stored(streams.record());
      return rows;
    }
    if (written.error().code != ErrorCode::kIo) return std::unexpected(written.error());
    warn_of_failure(written.error());
    auto rows = read_with_pending(changed);
    streams.put_back(changed);
    unlogged = true;  // to be tried again, also without further changes
    return rows;
  }
  Result<ReadRows> read_with_pending(const std::vector<StreamTable::ChangedStream>& changed) {
    if (Status kept = database.run("PRAGMA cache_spill = off"); !kept) {
      return std::unexpected(kept.error());
    }
    Result<ReadRows> rows = [&]() -> Result<ReadRows> {
      auto transaction = storage::Transaction::begin(database);
      if (!transaction) return std::unexpected(transaction.error());
      const auto wrote = [](std::size_t) { return Status(); };
      if (Status status = write_rows(pending, changed, streams.record(), wrote); !status) {
        return std::unexpected(status.error());
      }
      return read_rows(database);
    }();
    static_cast<void>(database.run("PRAGMA cache_spill = on"));
    return rows;
  }

  void warn_of_failure(const Error& fault) {
    const auto now = std::chrono::steady_clock::now();
    if (last_warned_at && now - *last_warned_at < kErrorsEvery) return;
    last_warned_at = now;
    spdlog::error(
        "sessions.db cannot be written; changes of sessions stay in memory until it can: {}",
        fault.detail);
  }

  std::filesystem::path folder;
  Database database;         // used by the thread once it runs
  storage::SeenNumber seen;  // the record of `applied` in the file
  std::string loss;
  bool is_new = false;
  std::atomic<std::int64_t> number{0};
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  std::deque<PendingRows> pending{1};  // the last one grows; writing the others failed
  StreamTable streams;
  bool unlogged = false;  // some changes are in no log
  std::atomic<std::uint64_t> applied{0};
  std::chrono::steady_clock::time_point due{};
  std::chrono::steady_clock::time_point wal_due{};  // used by the thread once it runs, as the next
  bool wal_is_empty = true;
  std::chrono::steady_clock::time_point unlogged_due{};
  std::function<void(const journal::Positions&)> tell;
  bool flushing = false;
  bool writing = false;
  bool failed = false;  // the last attempt failed
  bool stopping = false;
  std::optional<std::chrono::steady_clock::time_point> last_warned_at;
  std::jthread thread;
};

// The state read from the file when it is opened.
struct Content {
  Database database;
  std::int64_t last_number = 0;
  std::uint64_t applied = 0;
  StreamTable streams;
  std::vector<std::string> damaged_rows;  // their places
};

// Reads all rows, so that a damaged page is found before the data are used.
Result<Content> read_sessions(const std::filesystem::path& file) {
  auto database = open_sessions(file);
  if (!database) return std::unexpected(database.error());
  auto damaged_rows = remove_damaged_rows(*database);
  if (!damaged_rows) return std::unexpected(damaged_rows.error());
  const auto last = database->integer("SELECT number FROM last");
  if (!last) return std::unexpected(last.error());
  const auto applied = database->integer("SELECT record FROM applied");
  if (!applied) return std::unexpected(applied.error());
  auto streams = streams_in(*database);
  if (!streams) return std::unexpected(streams.error());
  const auto rows = read_rows(*database);
  if (!rows) return std::unexpected(rows.error());
  return Content{.database = std::move(*database),
                 .last_number = std::max(*last, rows->highest_number),
                 .applied = static_cast<std::uint64_t>(*applied),
                 .streams = std::move(*streams),
                 .damaged_rows = std::move(*damaged_rows)};
}

// The file is damaged, not merely unreadable now or of a later version.
bool is_damage(const Error& fault) {
  return fault.code == ErrorCode::kDamaged || fault.code == ErrorCode::kInternal;
}

// The file must not be open.
Result<Content> begin_anew(const std::filesystem::path& file, const Error& why, std::string& loss) {
  const auto name = storage::set_database_aside(file);
  if (!name) return std::unexpected(name.error());
  spdlog::error("{}", why.detail);
  loss = fmt::format("sessions.db was damaged and is kept as {}: {}", *name, kWhatIsLost);
  return read_sessions(file);
}

// Also true if the file does not exist.
bool has_no_bytes(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(file, error);
  return error || bytes == 0;
}

// Describes the loss; each row is logged too.
std::string loss_of(const std::vector<std::string>& damaged_rows) {
  if (damaged_rows.empty()) return {};
  for (const std::string& place : damaged_rows) {
    spdlog::error("sessions.db: a damaged row was removed: {}", place);
  }
  return fmt::format(
      "sessions.db had {} damaged row{}, the first in {}: the session, the message or the receipts "
      "in each of them are lost",
      damaged_rows.size(), damaged_rows.size() == 1 ? "" : "s", damaged_rows.front());
}

// Describes the loss of changes that are not in the file itself yet, only in its WAL.
std::string loss_of_changes(const std::filesystem::path& file) {
  const std::string damage = storage::damage_of_wal(file);
  if (damage.empty()) return {};
  return damage +
         "; sessions and their messages are in the state before that, with the changes that the "
         "log still has";
}

// Describes the loss of commits that were made but are missing now, for whatever reason.
std::string loss_since_seen(const std::filesystem::path& folder, std::uint64_t applied) {
  const auto seen = seen_in(folder).read();
  if (!seen || *seen <= applied) return {};
  return fmt::format(
      "sessions.db was stored up to record {} of the log, and is now as it was at record {}: it is "
      "an old copy, or was damaged; its changes that are not in the log are lost",
      *seen, applied);
}

void append_loss(std::string& loss, const std::string& more) {
  if (!loss.empty() && !more.empty()) loss += "; ";
  loss += more;
}

// Adds advice to an error of the disk, which says nothing about the content of the file.
Error with_remedy(Error fault, const std::filesystem::path& folder) {
  // On a full disk, room is what helps, and who started the server says so.
  if (fault.code == ErrorCode::kIo && !storage::is_nearly_full(folder)) {
    fault.detail += fmt::format(
        "; the file is as it was: start again, and check the disk if that fails too. With "
        "sessions.db moved to another folder the server starts without it, but then {}",
        kWhatIsLost);
  }
  return fault;
}

class SqliteSessionStore final : public SessionStore {
 public:
  explicit SqliteSessionStore(std::unique_ptr<SessionsFile> file) : file_(std::move(file)) {}
  ~SqliteSessionStore() override {
    {
      const std::lock_guard lock(file_->mutex);
      file_->stopping = true;
    }
    file_->wake.notify_all();
  }
  SqliteSessionStore(const SqliteSessionStore&) = delete;
  SqliteSessionStore& operator=(const SqliteSessionStore&) = delete;

  [[nodiscard]] Result<Loaded> load() override;
  [[nodiscard]] std::string loss(bool served_before) const override;
  void take(std::uint64_t record, std::string_view changes) override;
  [[nodiscard]] journal::Positions applied() const override;
  void on_applied(std::function<void(const journal::Positions& applied)> tell) override;
  void put(std::string_view changes) override;
  void flush() override;
  [[nodiscard]] hub::SessionKeeper keeper() override;

 private:
  std::unique_ptr<SessionsFile> file_;
};

std::string SqliteSessionStore::loss(bool served_before) const {
  if (!file_->loss.empty() || !file_->is_new || !served_before) return file_->loss;
  return fmt::format("sessions.db was missing or empty: {}", kWhatIsLost);
}

Result<SessionStore::Loaded> SqliteSessionStore::load() {
  SessionsFile& file = *file_;
  auto rows = file.load();
  if (!rows) return std::unexpected(with_remedy(rows.error(), file.folder));
  if (rows->unreadable != 0) {
    spdlog::error("sessions.db: {} rows cannot be read and are left out", rows->unreadable);
  }
  file.number = std::max({file.number.load(), file.streams.highest(), rows->highest_number,
                          file.pending.back().highest_number()});
  if (!file.unlogged) file.pending.assign(1, PendingRows());
  Loaded loaded{.sessions = std::move(rows->sessions),
                .streams = file.streams.all(),
                .retained = std::move(rows->retained)};
  file.thread = std::jthread([at = &file] { at->work(); });
  return loaded;
}

void SqliteSessionStore::take(std::uint64_t record, std::string_view changes) {
  bool is_first = false;
  {
    const std::lock_guard lock(file_->mutex);
    is_first = !file_->has_changes() || file_->pending.back().bytes() > kMaxPendingBytes;
    if (!file_->apply(changes)) {
      spdlog::error(
          "record {} of the log: its changes of MQTT sessions cannot be read and are left out",
          record);
    }
    file_->streams.set_record(record);
  }
  if (is_first) file_->wake.notify_all();
}

void SqliteSessionStore::put(std::string_view changes) {
  {
    const std::lock_guard lock(file_->mutex);
    static_cast<void>(file_->apply(changes));
    if (!std::exchange(file_->unlogged, true)) {
      file_->unlogged_due = std::chrono::steady_clock::now() + kEveryWithoutLog;
    }
  }
  file_->wake.notify_all();
}

journal::Positions SqliteSessionStore::applied() const {
  return journal::Positions::everywhere(file_->applied);
}

void SqliteSessionStore::on_applied(std::function<void(const journal::Positions& applied)> tell) {
  const std::lock_guard lock(file_->mutex);
  file_->tell = std::move(tell);
}

void SqliteSessionStore::flush() {
  std::unique_lock lock(file_->mutex);
  file_->failed = false;
  file_->flushing = true;
  file_->wake.notify_all();
  file_->done.wait(lock,
                   [this] { return file_->failed || (!file_->writing && !file_->has_changes()); });
  file_->flushing = false;
}

hub::SessionKeeper SqliteSessionStore::keeper() {
  return {.new_number = [file = file_.get()] { return ++file->number; },
          .take = [this](std::string_view changes) { put(changes); }};
}

}  // namespace

Result<std::unique_ptr<SessionStore>> SessionStore::open(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "sessions.db";
  const bool is_new = has_no_bytes(file) && has_no_bytes(file.string() + "-wal");
  if (Status good = storage::check_readable(folder / "sessions.seen"); !good) {
    return std::unexpected(with_remedy(good.error(), folder));
  }
  const std::string lost_changes = loss_of_changes(file);
  std::string loss;
  auto content = read_sessions(file);
  if (!content && is_damage(content.error())) content = begin_anew(file, content.error(), loss);
  if (!content) return std::unexpected(with_remedy(content.error(), folder));
  append_loss(loss, lost_changes);
  if (loss.empty() && !is_new) loss = loss_since_seen(folder, content->applied);
  const std::int64_t highest_in_file = content->last_number;
  // Above all numbers that were ever given out, which are unknown after a loss.
  if (!loss.empty()) content->last_number = unix_ms(SystemClock().now());
  append_loss(loss, loss_of(content->damaged_rows));
  auto sessions = std::make_unique<SessionsFile>(std::move(content->database), folder);
  sessions->streams = std::move(content->streams);
  sessions->streams.set_record(content->applied);
  sessions->pending.assign(1, PendingRows(highest_in_file));
  sessions->applied = content->applied;
  sessions->number = content->last_number;
  sessions->loss = std::move(loss);
  sessions->is_new = is_new;
  return std::make_unique<SqliteSessionStore>(std::move(sessions));
}

}  // namespace gridloom::mqtt
