#include "postgres/server_lock.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/printable.h"
#include "postgres/migrate.h"

namespace gridloom::postgres {
namespace {

constexpr std::array kMigrations{
    Migration{.version = 1,
              .usable_from = 1,
              .sql = "CREATE TABLE server (one int PRIMARY KEY CHECK (one = 1), "
                     "holder text NOT NULL, since timestamptz NOT NULL)"},
};

// Waits for the lock time-out, as the session of a server that has just ended may still be there.
constexpr std::string_view kLock =
    "SELECT pg_advisory_lock(hashtext('gridloom server ' || current_schema()))";

std::unexpected<Error> held_by_another(Connection& connection, std::string_view database) {
  const Result<Rows> rows = connection.query(
      "SELECT holder, to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM server");
  if (!rows) return std::unexpected(rows.error());
  const std::string holder =
      rows->empty()
          ? "another server"
          : fmt::format("{} (since {} UTC)", printable((*rows)[0].bytes(0)), (*rows)[0].bytes(1));
  return fail(ErrorCode::kConflict,
              fmt::format("the database {} is used by {}; one server at a time may use it: stop "
                          "that one, or give this one a schema of its own",
                          database, holder));
}

Result<Connection> locked(const ServerLock::Options& options) {
  Result<Connection> connection = Connection::open(options.settings, {.stop = options.stop});
  if (!connection) return connection;
  if (Status made = migrate(*connection, "server", kMigrations); !made) {
    return std::unexpected(made.error());
  }
  if (const Result<Rows> taken = connection->query(kLock); !taken) {
    if (connection->last_failure() != Failure::kRetry) return std::unexpected(taken.error());
    return held_by_another(*connection, options.settings.description());
  }
  const Result<std::int64_t> noted = connection->execute(
      "INSERT INTO server (one, holder, since) VALUES (1, $1, now()) ON CONFLICT (one) "
      "DO UPDATE SET holder = excluded.holder, since = excluded.since",
      options.holder);
  if (!noted) return std::unexpected(noted.error());
  return connection;
}

}  // namespace

Result<ServerLock> ServerLock::take(Options options) {
  Result<Connection> connection = locked(options);
  if (!connection) return std::unexpected(connection.error());
  return ServerLock(std::move(options), std::move(*connection));
}

Status ServerLock::keep() {
  // The lock lives as long as the session does.
  if (connection_.integer("SELECT 1")) return {};
  Result<Connection> connection = locked(options_);
  if (!connection) return std::unexpected(connection.error());
  connection_ = std::move(*connection);
  return {};
}

}  // namespace gridloom::postgres
