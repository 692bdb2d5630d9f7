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
#include "mqtt/row_sessions.h"
#include "mqtt/session_rows.h"
#include "mqtt/sqlite/sqlite_sessions.h"
#include "storage/files.h"
#include "storage/reserve.h"
#include "storage/sqlite.h"
#include "storage/summed_file.h"
#include "storage/wal.h"
#include "tables/convert.h"
#include "tables/sqlite_connection.h"

namespace gridloom::mqtt {
namespace {

using storage::Database;
using tables::SqliteTableConnection;

// How long changes are in the write-ahead log alone at most, once they have left the log. Each time
// costs the card of a small home some pages.
constexpr std::chrono::minutes kEmptyWalEvery{10};

storage::SeenNumber seen_in(const std::filesystem::path& folder) {
  return storage::SeenNumber(folder / "sessions.seen");
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

class SqliteSessions final : public SessionDatabase {
 public:
  SqliteSessions(std::filesystem::path folder, std::shared_ptr<SqliteTableConnection> connection)
      : folder_(std::move(folder)), connection_(std::move(connection)) {}

  [[nodiscard]] std::string_view name() const override { return kSessionsFile; }
  [[nodiscard]] std::string description() const override {
    return (folder_ / kSessionsFile).string();
  }
  [[nodiscard]] Result<std::shared_ptr<tables::TableConnection>> connect(
      Purpose /*purpose*/) override {
    return connection_;
  }
  [[nodiscard]] Error with_remedy(Error error) const override {
    return mqtt::with_remedy(std::move(error), folder_);
  }

 private:
  const std::filesystem::path folder_;
  const std::shared_ptr<SqliteTableConnection> connection_;
};

// The state read from the file when it is opened.
struct Content {
  std::shared_ptr<SqliteTableConnection> connection;
  SessionState state;
  StreamTable streams;
  std::vector<std::string> damaged_rows;  // their places
};

// Reads all rows, so that a damaged page is found before the data are used.
Result<Content> read_sessions(const std::filesystem::path& file) {
  Content content;
  GL_TRY(storage::make_private(file));
  GL_TRY(tables::convert({.file = file, .schema = kSessionSchema, .open = [&](Database& earlier) {
                            return read_earlier_sessions(earlier, content.damaged_rows);
                          }}));
  GL_TRY(auto database, Database::open(file));
  GL_TRY(const auto found, database.integrity());
  if (!found.empty()) {
    return fail(ErrorCode::kDamaged, fmt::format("{}: {}", kSessionsFile, found.front()));
  }
  content.connection = std::make_shared<SqliteTableConnection>(std::move(database));
  SqliteTableConnection& connection = *content.connection;
  GL_TRY(make_tables(connection, kSessionSchema));
  // All others depend on it.
  GL_TRY(auto state, read_state(connection));
  GL_TRY(const auto places, remove_damaged_rows(connection.database(), kSessionTables));
  content.damaged_rows.insert(content.damaged_rows.end(), places.begin(), places.end());
  GL_TRY(auto streams, read_streams(connection));
  GL_TRY(const auto rows, read_rows(connection));
  state.number = std::max(state.number, rows.highest_number);
  content.state = state;
  content.streams = std::move(streams);
  return content;
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
  const std::filesystem::path file = folder / kSessionsFile;
  GL_TRY(tables::end_conversion(file));
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
  const auto record = static_cast<std::uint64_t>(content->state.record);
  if (loss.empty() && !is_new) loss = loss_since_seen(folder, record);
  DeferredStore::Start start{.streams = std::move(content->streams),
                             .number = content->state.number,
                             .highest = content->state.number};
  // Above all numbers that were ever given out, which are unknown after a loss.
  if (!loss.empty()) start.number = unix_ms(SystemClock().now());
  append_loss(loss, loss_of(content->damaged_rows));
  start.streams.set_record(record);
  RowSessionsOptions options{
      .database = std::make_unique<SqliteSessions>(folder, std::move(content->connection)),
      .state = content->state,
      .seen = seen_in(folder),
      .loss = std::move(loss),
      .if_missing = is_new ? "sessions.db was missing or empty" : "",
      .empties_log_every = kEmptyWalEvery};
  return std::make_unique<DeferredStore>(std::make_unique<RowSessions>(std::move(options)),
                                         std::move(start));
}

}  // namespace gridloom::mqtt
