#include "database/mqtt/schema.h"

#include <array>
#include <expected>
#include <string_view>

#include "postgres/migrate.h"

namespace gridloom::mqtt {
namespace {

// Texts of clients are bytea: PostgreSQL's text refuses some bytes, and a row that is refused would
// keep all that comes after it from being stored. Times are ms since 1970, 0: none.
//  session_state: `batch` counts the transactions of the one server that writes; `record` is the
// last record of the log that is stored, and `number` the highest that was given out. A topic may
// be longer than what an index takes. A table that is often updated has room for the next versions
// of its rows on each page, so that an update changes no index.
constexpr std::string_view kTables = R"(
CREATE TABLE session_state (
  one smallint PRIMARY KEY CHECK (one = 1),
  batch bigint NOT NULL,
  record bigint NOT NULL,
  number bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO session_state VALUES (1, 0, 0, 0);
CREATE TABLE session_client (
  number bigint PRIMARY KEY,
  user_name bytea NOT NULL,
  client_id bytea NOT NULL,
  expiry_s bigint NOT NULL,
  parked_at_ms bigint NOT NULL,
  subscriptions bytea NOT NULL,
  received bytea NOT NULL,
  will bytea NOT NULL,
  will_due_ms bigint NOT NULL,
  will_expiry_s bigint NOT NULL,
  signed_in_as bigint NOT NULL,
  generation bigint NOT NULL
) WITH (fillfactor = 70);
CREATE TABLE session_message (
  session bigint NOT NULL,
  number bigint NOT NULL,
  stage bigint NOT NULL,
  packet_id bigint NOT NULL,
  expires_at_ms bigint NOT NULL,
  packet bytea NOT NULL,
  PRIMARY KEY (session, number)
);
CREATE TABLE session_retained (
  topic bytea NOT NULL,
  expires_at_ms bigint NOT NULL,
  packet bytea NOT NULL,
  device bigint NOT NULL
);
CREATE UNIQUE INDEX session_retained_topic ON session_retained (sha256(topic));
CREATE TABLE session_stream (
  number bigint PRIMARY KEY,
  user_name bytea NOT NULL,
  client_id bytea NOT NULL,
  receipts bytea NOT NULL
) WITH (fillfactor = 70);
)";

constexpr std::string_view kPart = "sessions";

constexpr std::array kSteps{
    postgres::Migration{.version = 1, .usable_from = 1, .sql = kTables},
};

}  // namespace

Result<bool> migrate_sessions(postgres::Connection& connection) {
  GL_TRY(const auto before, postgres::version_of(connection, kPart));
  GL_TRY(postgres::migrate(connection, kPart, kSteps));
  return before == 0;
}

}  // namespace gridloom::mqtt
