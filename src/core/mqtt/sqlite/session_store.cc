// The session store in SQLite: DATA/sessions.db, written on its own thread, about a megabyte per
// transaction; docs/internals/formats.md shows the tables.
#include "mqtt/session_store.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mqtt/deferred_store.h"
#include "mqtt/sqlite/session_rows.h"
#include "mqtt/sqlite/session_tables.h"
#include "storage/reserve.h"
#include "storage/sqlite.h"
#include "storage/summed_file.h"
#include "storage/wal.h"

namespace gridloom::mqtt {
namespace {

using storage::Blob;
using storage::Database;
using storage::Statement;
using storage::StepwiseTransaction;

// How long changes are in the write-ahead log alone at most, once they have left the log. Each time
// costs the card of a small home some pages.
constexpr std::chrono::minutes kEmptyWalEvery{10};

storage::SeenNumber seen_in(const std::filesystem::path& folder) {
  return storage::SeenNumber(folder / "sessions.seen");
}

Status write_stream(Database& database, const StreamTable::ChangedStream& row) {
  if (row.ended) return database.execute("DELETE FROM stream WHERE number = ?", row.number);
  static const std::string sql = insert_into(kStreamTable);
  return database.execute(sql, row.number, std::string_view(row.user),
                          std::string_view(row.client_id), Blob{row.receipts});
}

Result<StreamTable> streams_in(Database& database) {
  StreamTable streams;
  std::size_t unreadable = 0;
  GL_TRY(database.each_row("SELECT * FROM stream ORDER BY number", [&](const Statement& row) {
    auto receipts = Receipts::from(row.bytes(3));
    if (!receipts) return ++unreadable, Status();
    streams.restore({.number = row.integer(0),
                     .user = std::string(row.bytes(1)),
                     .client_id = std::string(row.bytes(2)),
                     .receipts = std::move(*receipts)});
    return Status();
  }));
  if (unreadable != 0) {
    spdlog::error("sessions.db: {} rows of the table stream cannot be read", unreadable);
  }
  return streams;
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

class SqliteTables final : public SessionTables {
 public:
  struct Options {
    std::filesystem::path folder;
    std::string loss;
    bool is_new = false;
  };
  SqliteTables(Database database, Options options)
      : options_(std::move(options)),
        database_(std::move(database)),
        seen_(seen_in(options_.folder)) {}

  [[nodiscard]] std::string_view name() const override { return "sessions.db"; }
  [[nodiscard]] std::string loss(bool served_before) const override {
    if (!options_.loss.empty() || !options_.is_new || !served_before) return options_.loss;
    return fmt::format("sessions.db was missing or empty: {}", kWhatIsLost);
  }
  [[nodiscard]] Status write(const Batch& batch) override {
    auto transaction = StepwiseTransaction::begin(database_);
    if (!transaction) return std::unexpected(transaction.error());
    const auto wrote = [&transaction](std::size_t bytes) { return transaction->wrote(bytes); };
    GL_TRY(write_rows(database_, batch.rows, wrote));
    // One step of the transaction has both: receipts must match the record stored as applied.
    GL_TRY(write_end(batch));
    GL_TRY(transaction->commit());
    if (record_ != batch.record) seen_.remember(batch.record);
    record_ = batch.record;
    wal_is_empty_ = false;
    if (std::chrono::steady_clock::now() >= wal_due_) upkeep();
    return {};
  }
  [[nodiscard]] bool is_maybe_written() const override { return true; }

  // On a disk that refuses writes the batch stays pending.
  [[nodiscard]] Result<Content> load(const Batch& batch) override {
    const Status written = write(batch);
    if (!written && written.error().code != ErrorCode::kIo) {
      return std::unexpected(with_remedy(written.error(), options_.folder));
    }
    auto rows = written ? read_rows(database_) : read_rows(database_, batch.rows);
    if (!rows) return std::unexpected(with_remedy(rows.error(), options_.folder));
    Content content{.rows = std::move(*rows), .is_written = written.has_value()};
    Status cleaned = written;
    // Messages without a session have no recipient.
    if (written) {
      cleaned =
          database_.run("DELETE FROM message WHERE session NOT IN (SELECT number FROM session);");
    }
    if (!cleaned) content.write_error = cleaned.error();
    return content;
  }

  [[nodiscard]] std::optional<Moment> upkeep_due() const override {
    return wal_is_empty_ ? std::nullopt : std::optional(wal_due_);
  }
  void upkeep() override {
    wal_is_empty_ = storage::empty_wal(database_);
    wal_due_ = std::chrono::steady_clock::now() + kEmptyWalEvery;
  }

 private:
  [[nodiscard]] Status write_end(const Batch& batch) {
    for (const StreamTable::ChangedStream& row : batch.streams) {
      GL_TRY(write_stream(database_, row));
    }
    constexpr std::int64_t kOne = 1;
    GL_TRY(database_.execute(insert_into(kAppliedTable), kOne,
                             static_cast<std::int64_t>(batch.record)));
    return database_.execute(insert_into(kLastTable), kOne, batch.number);
  }

  Options options_;
  Database database_;
  storage::SeenNumber seen_;  // the record of `applied` in the file
  std::optional<std::uint64_t> record_;
  Moment wal_due_{};
  bool wal_is_empty_ = true;
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
  GL_TRY(auto database, open_sessions(file));
  GL_TRY(auto damaged_rows, remove_damaged_rows(database));
  GL_TRY(const auto last, database.integer("SELECT number FROM last"));
  GL_TRY(const auto applied, database.integer("SELECT record FROM applied"));
  GL_TRY(auto streams, streams_in(database));
  GL_TRY(const auto rows, read_rows(database));
  return Content{.database = std::move(database),
                 .last_number = std::max(last, rows.highest_number),
                 .applied = static_cast<std::uint64_t>(applied),
                 .streams = std::move(streams),
                 .damaged_rows = std::move(damaged_rows)};
}

// The file is damaged, not merely unreadable now or of a later version.
bool is_damage(const Error& fault) {
  return fault.code == ErrorCode::kDamaged || fault.code == ErrorCode::kInternal;
}

// The file must not be open.
Result<Content> begin_anew(const std::filesystem::path& file, const Error& why, std::string& loss) {
  GL_TRY(const auto name, storage::set_database_aside(file));
  spdlog::error("{}", why.detail);
  loss = fmt::format("sessions.db was damaged and is kept as {}: {}", name, kWhatIsLost);
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
  DeferredStore::Start start{.streams = std::move(content->streams),
                             .number = content->last_number,
                             .highest = highest_in_file};
  start.streams.set_record(content->applied);
  return std::make_unique<DeferredStore>(
      std::make_unique<SqliteTables>(
          std::move(content->database),
          SqliteTables::Options{.folder = folder, .loss = std::move(loss), .is_new = is_new}),
      std::move(start));
}

}  // namespace gridloom::mqtt
