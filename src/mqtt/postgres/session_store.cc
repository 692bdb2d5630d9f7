#include "mqtt/postgres/session_store.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mqtt/background_session_store.h"
#include "mqtt/postgres/session_row_writer.h"
#include "mqtt/read_rows.h"
#include "postgres/migrate.h"
#include "postgres/pool.h"
#include "postgres/transaction.h"
#include "storage/files.h"
#include "storage/seen_number.h"

namespace gridloom::mqtt {
namespace {

using postgres::Connection;
using postgres::Rows;

constexpr std::string_view kPrefix = "mqtt_";
constexpr Millis kOpeningCall{60'000};  // a migration may take long
constexpr Millis kOpeningLock{30'000};
constexpr Millis kWritingCall{20'000};  // a batch has 16 MB and more

// Columns as in sessions.db. mqtt_applied: the last record of the log whose changes are stored, and
// the highest number that was given.
constexpr std::array kMigrations{postgres::Migration{.version = 1, .usable_from = 1, .sql = R"(
CREATE TABLE mqtt_session (
  number bigint PRIMARY KEY,
  "user" bytea NOT NULL,
  client_id bytea NOT NULL,
  expiry_s bigint NOT NULL,
  parked_at bigint NOT NULL,
  subscriptions bytea NOT NULL,
  received bytea NOT NULL,
  will bytea NOT NULL,
  will_due bigint NOT NULL,
  will_expiry_s bigint NOT NULL,
  signed_in_as bigint NOT NULL,
  generation bigint NOT NULL
);
CREATE TABLE mqtt_message (
  session bigint NOT NULL,
  sequence bigint NOT NULL,
  stage bigint NOT NULL,
  packet_id bigint NOT NULL,
  expires_at bigint NOT NULL,
  packet bytea NOT NULL,
  PRIMARY KEY (session, sequence)
);
CREATE TABLE mqtt_retained (
  topic bytea PRIMARY KEY,
  expires_at bigint NOT NULL,
  packet bytea NOT NULL,
  device bigint NOT NULL
);
CREATE TABLE mqtt_stream (
  number bigint PRIMARY KEY,
  "user" bytea NOT NULL,
  client_id bytea NOT NULL,
  receipts bytea NOT NULL
);
CREATE TABLE mqtt_applied (
  one int PRIMARY KEY CHECK (one = 1),
  record bigint NOT NULL,
  number bigint NOT NULL
);
INSERT INTO mqtt_applied VALUES (1, 0, 0);
)"}};

// Reads a connection's rows one by one: all sessions with their messages may be large.
class RowStream {
 public:
  explicit RowStream(Connection& connection) : connection_(connection) {}
  [[nodiscard]] Status each_row(std::string_view sql, const Connection::OnRow& on_row) const {
    return connection_.each_row(sql, {}, on_row);
  }

 private:
  Connection& connection_;
};

class PostgresSessionStore final : public BackgroundSessionStore {
 public:
  PostgresSessionStore(const PostgresSessionOptions& options, Opened opened, std::string loss)
      : BackgroundSessionStore(std::move(opened)),
        pool_(options.settings, {.job = "sessions",
                                 .most = 1,
                                 .connection = {.call_timeout = kWritingCall},
                                 .clock = options.clock}),
        seen_(options.data_folder / "sessions.seen"),
        loss_(std::move(loss)) {}
  ~PostgresSessionStore() override { end(); }
  PostgresSessionStore(const PostgresSessionStore&) = delete;
  PostgresSessionStore& operator=(const PostgresSessionStore&) = delete;

  [[nodiscard]] std::string loss(bool /*served_before*/) const override { return loss_; }

 private:
  [[nodiscard]] Status write(const Batch& batch) override;
  [[nodiscard]] Result<Start> write_and_read(const Batch& batch) override;

  postgres::Pool pool_;
  storage::SeenNumber seen_;  // the last record that was stored
  std::optional<std::uint64_t> remembered_;
  std::string loss_;
};

Status PostgresSessionStore::write(const Batch& batch) {
  Result<postgres::Pool::Lease> lease = pool_.acquire();
  if (!lease) return std::unexpected(lease.error());
  Connection& connection = **lease;
  Result<postgres::Transaction> transaction = postgres::Transaction::begin(connection);
  if (!transaction) return std::unexpected(transaction.error());
  PostgresRowWriter writer(connection);
  const auto wrote = [](std::size_t) { return Status(); };
  for (const PendingRows& each : batch.rows) {
    if (Status done = each.write(writer, wrote); !done) return done;
  }
  for (const StreamTable::ChangedStream& stream : batch.streams) {
    if (Status done = writer.put(stream); !done) return done;
  }
  if (Status done = writer.finish(); !done) return done;
  const Result<std::int64_t> noted =
      connection.execute("UPDATE mqtt_applied SET record = $1, number = $2",
                         static_cast<std::int64_t>(batch.record), batch.last_number);
  if (!noted) return std::unexpected(noted.error());
  // If it is not known whether the commit was made, the same rows are written again.
  if (Status done = transaction->commit(); !done) return done;
  if (remembered_ != batch.record) {
    seen_.remember(batch.record);
    remembered_ = batch.record;
  }
  return {};
}

Result<BackgroundSessionStore::Start> PostgresSessionStore::write_and_read(const Batch& batch) {
  if (Status written = write(batch); !written) return std::unexpected(written.error());
  Result<postgres::Pool::Lease> lease = pool_.acquire();
  if (!lease) return std::unexpected(lease.error());
  RowStream stream(**lease);
  Result<ReadRows> rows = SessionRowReader(stream, kPrefix).read();
  if (!rows) return std::unexpected(rows.error());
  // Messages without a session have no recipient.
  if (const Result<std::int64_t> done = (*lease)->execute(
          "DELETE FROM mqtt_message WHERE session NOT IN (SELECT number FROM mqtt_session)");
      !done) {
    warn_of_failure(done.error());
  }
  return Start{.rows = std::move(*rows), .is_written = true};
}

// Describes the loss of what was stored and is missing now: the database was set back.
std::string loss_since_seen(const std::filesystem::path& folder, std::uint64_t applied) {
  const auto seen = storage::SeenNumber(folder / "sessions.seen").read();
  if (!seen || *seen <= applied) return {};
  return fmt::format(
      "the MQTT sessions in the database were stored up to record {} of the log, and are now as "
      "they were at record {}: the database was set back; its changes that are not in the log are "
      "lost",
      *seen, applied);
}

}  // namespace

Result<std::unique_ptr<SessionStore>> open_sessions_in_postgres(
    const PostgresSessionOptions& options) {
  if (Status good = storage::check_readable(options.data_folder / "sessions.seen"); !good) {
    return std::unexpected(good.error());
  }
  Result<Connection> connection = Connection::open(
      options.settings, {.call_timeout = kOpeningCall, .lock_timeout = kOpeningLock});
  if (!connection) return std::unexpected(connection.error());
  if (Status done = postgres::migrate(*connection, "sessions", kMigrations); !done) {
    return std::unexpected(done.error());
  }
  const Result<Rows> rows = connection->query(
      "SELECT record, greatest(number, (SELECT max(number) FROM mqtt_session), "
      "(SELECT max(sequence) FROM mqtt_message)), "
      "greatest((SELECT max(number) FROM mqtt_session), (SELECT max(sequence) FROM mqtt_message)) "
      "FROM mqtt_applied");
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) {
    return fail(ErrorCode::kDamaged, "the database's table mqtt_applied has no row");
  }
  RowStream stream(*connection);
  Result<ReadStreams> streams = SessionRowReader(stream, kPrefix).read_streams();
  if (!streams) return std::unexpected(streams.error());
  if (streams->unreadable != 0) {
    spdlog::error("{} rows of the table mqtt_stream cannot be read", streams->unreadable);
  }
  const auto applied = static_cast<std::uint64_t>((*rows)[0].integer(0));
  std::string loss = loss_since_seen(options.data_folder, applied);
  // Above all numbers that were ever given out, which are unknown after a loss.
  const std::int64_t last_number =
      loss.empty() ? (*rows)[0].integer(1) : unix_ms(SystemClock().now());
  return std::make_unique<PostgresSessionStore>(
      options,
      BackgroundSessionStore::Opened{.name = "the database's table of sessions",
                                     .last_number = last_number,
                                     .highest_stored = (*rows)[0].integer(2),
                                     .applied = applied,
                                     .streams = std::move(streams->streams)},
      std::move(loss));
}

}  // namespace gridloom::mqtt
