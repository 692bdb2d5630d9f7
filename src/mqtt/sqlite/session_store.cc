// The session store in SQLite: DATA/sessions.db, written about a megabyte per transaction;
// docs/internals/formats.md shows the tables. Messages and subscriptions are stored as equivalent
// MQTT 5 packets.
#include "mqtt/session_store.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "mqtt/background_session_store.h"
#include "mqtt/read_rows.h"
#include "mqtt/sqlite/session_row_writer.h"
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
using storage::StepwiseTransaction;

constexpr std::string_view kWhatIsLost =
    "MQTT sessions, the messages that waited in them, and retained messages are lost";
// How long changes are in the write-ahead log alone at most, once they have left the log. Each time
// costs the card of a small home some pages.
constexpr std::chrono::minutes kEmptyWalEvery{10};

storage::SeenNumber seen_in(const std::filesystem::path& folder) {
  return storage::SeenNumber(folder / "sessions.seen");
}

Status write(Database& database, const StreamTable::ChangedStream& row) {
  if (row.ended) return database.execute("DELETE FROM stream WHERE number = ?", row.number);
  static const std::string sql = insert_into(kStreamTable);
  return database.execute(sql, row.number, std::string_view(row.user),
                          std::string_view(row.client_id), Blob{row.receipts});
}

// Writes the batch; the caller has a transaction. `wrote` is called after each row, with its bytes.
template <typename Wrote>
Status write_rows(Database& database, const auto& batch, Wrote wrote) {
  SqliteRowWriter writer(database);
  for (const PendingRows& each : batch.rows) {
    if (const Status status = each.write(writer, wrote); !status) return status;
  }
  // One step of the transaction has both: receipts must match the record stored as applied.
  for (const StreamTable::ChangedStream& row : batch.streams) {
    if (const Status status = write(database, row); !status) return status;
  }
  constexpr std::int64_t kOne = 1;
  if (const Status status = database.execute(insert_into(kAppliedTable), kOne,
                                             static_cast<std::int64_t>(batch.record));
      !status) {
    return status;
  }
  return database.execute(insert_into(kLastTable), kOne, batch.last_number);
}

Result<ReadRows> read_rows(Database& database) { return SessionRowReader(database, "").read(); }

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
  auto streams = SessionRowReader(*database, "").read_streams();
  if (!streams) return std::unexpected(streams.error());
  if (streams->unreadable != 0) {
    spdlog::error("sessions.db: {} rows of the table stream cannot be read", streams->unreadable);
  }
  const auto rows = read_rows(*database);
  if (!rows) return std::unexpected(rows.error());
  return Content{.database = std::move(*database),
                 .last_number = std::max(*last, rows->highest_number),
                 .applied = static_cast<std::uint64_t>(*applied),
                 .streams = std::move(streams->streams),
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

class SqliteSessionStore final : public BackgroundSessionStore {
 public:
  struct File {
    std::filesystem::path folder;
    Database database;
    std::string loss;
    bool is_new = false;
  };
  SqliteSessionStore(File file, Opened opened)
      : BackgroundSessionStore(std::move(opened)),
        file_(std::move(file)),
        seen_(seen_in(file_.folder)) {}
  ~SqliteSessionStore() override { end(); }
  SqliteSessionStore(const SqliteSessionStore&) = delete;
  SqliteSessionStore& operator=(const SqliteSessionStore&) = delete;

  [[nodiscard]] std::string loss(bool served_before) const override;
  // Adds advice to an error of the disk, which says nothing about the content of the file.
  [[nodiscard]] static Error with_remedy(Error fault, const std::filesystem::path& folder);

 private:
  [[nodiscard]] Status write(const Batch& batch) override;
  [[nodiscard]] Result<Start> write_and_read(const Batch& batch) override;
  [[nodiscard]] std::optional<Moment> idle_at() const override {
    return wal_is_empty_ ? std::nullopt : std::optional(wal_due_);
  }
  void idle() override { empty_wal_if_due(); }

  [[nodiscard]] Result<ReadRows> read_with_pending(const Batch& batch);
  void remember(std::uint64_t record);
  void empty_wal_if_due();

  File file_;
  storage::SeenNumber seen_;  // the last record that was stored
  std::optional<std::uint64_t> remembered_;
  Moment wal_due_{};
  bool wal_is_empty_ = true;
};

std::string SqliteSessionStore::loss(bool served_before) const {
  if (!file_.loss.empty() || !file_.is_new || !served_before) return file_.loss;
  return fmt::format("sessions.db was missing or empty: {}", kWhatIsLost);
}

Error SqliteSessionStore::with_remedy(Error fault, const std::filesystem::path& folder) {
  // On a full disk, room is what helps, and who started the server says so.
  if (fault.code == ErrorCode::kIo && !storage::is_nearly_full(folder)) {
    fault.detail += fmt::format(
        "; the file is as it was: start again, and check the disk if that fails too. With "
        "sessions.db moved to another folder the server starts without it, but then {}",
        kWhatIsLost);
  }
  return fault;
}

Status SqliteSessionStore::write(const Batch& batch) {
  auto transaction = StepwiseTransaction::begin(file_.database);
  if (!transaction) return std::unexpected(transaction.error());
  const auto wrote = [&transaction](std::size_t bytes) { return transaction->wrote(bytes); };
  if (const Status status = write_rows(file_.database, batch, wrote); !status) return status;
  if (const Status status = transaction->commit(); !status) return status;
  wal_is_empty_ = false;
  empty_wal_if_due();
  remember(batch.record);
  return {};
}

void SqliteSessionStore::remember(std::uint64_t record) {
  if (remembered_ == record) return;
  seen_.remember(record);
  remembered_ = record;
}

void SqliteSessionStore::empty_wal_if_due() {
  const auto now = std::chrono::steady_clock::now();
  if (now < wal_due_) return;
  wal_is_empty_ = storage::empty_wal(file_.database);
  wal_due_ = now + kEmptyWalEvery;
}

// On a disk that refuses writes the changes stay pending: they are written in a transaction that is
// not committed, which takes memory only.
Result<BackgroundSessionStore::Start> SqliteSessionStore::write_and_read(const Batch& batch) {
  const Status written = write(batch);
  if (!written && written.error().code != ErrorCode::kIo) {
    return std::unexpected(with_remedy(written.error(), file_.folder));
  }
  if (!written) warn_of_failure(written.error());
  auto rows = written ? read_rows(file_.database) : read_with_pending(batch);
  if (!rows) return std::unexpected(with_remedy(rows.error(), file_.folder));
  if (written) {
    // Messages without a session have no recipient.
    if (const Status status = file_.database.run(
            "DELETE FROM message WHERE session NOT IN (SELECT number FROM session);");
        !status) {
      warn_of_failure(status.error());
    }
  }
  return Start{.rows = std::move(*rows), .is_written = written.has_value()};
}

Result<ReadRows> SqliteSessionStore::read_with_pending(const Batch& batch) {
  Database& database = file_.database;
  if (Status kept = database.run("PRAGMA cache_spill = off"); !kept) {
    return std::unexpected(kept.error());
  }
  Result<ReadRows> rows = [&]() -> Result<ReadRows> {
    auto transaction = storage::Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    const auto wrote = [](std::size_t) { return Status(); };
    if (Status status = write_rows(database, batch, wrote); !status) {
      return std::unexpected(status.error());
    }
    return read_rows(database);
  }();
  static_cast<void>(database.run("PRAGMA cache_spill = on"));
  return rows;
}

}  // namespace

Result<std::unique_ptr<SessionStore>> SessionStore::open(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "sessions.db";
  const bool is_new = has_no_bytes(file) && has_no_bytes(file.string() + "-wal");
  if (Status good = storage::check_readable(folder / "sessions.seen"); !good) {
    return std::unexpected(SqliteSessionStore::with_remedy(good.error(), folder));
  }
  const std::string lost_changes = loss_of_changes(file);
  std::string loss;
  auto content = read_sessions(file);
  if (!content && is_damage(content.error())) content = begin_anew(file, content.error(), loss);
  if (!content) {
    return std::unexpected(SqliteSessionStore::with_remedy(content.error(), folder));
  }
  append_loss(loss, lost_changes);
  if (loss.empty() && !is_new) loss = loss_since_seen(folder, content->applied);
  const std::int64_t highest_in_file = content->last_number;
  // Above all numbers that were ever given out, which are unknown after a loss.
  if (!loss.empty()) content->last_number = unix_ms(SystemClock().now());
  append_loss(loss, loss_of(content->damaged_rows));
  return std::make_unique<SqliteSessionStore>(
      SqliteSessionStore::File{.folder = folder,
                               .database = std::move(content->database),
                               .loss = std::move(loss),
                               .is_new = is_new},
      SqliteSessionStore::Opened{.name = "sessions.db",
                                 .last_number = content->last_number,
                                 .highest_stored = highest_in_file,
                                 .applied = content->applied,
                                 .streams = std::move(content->streams)});
}

}  // namespace gridloom::mqtt
