#include "database/mqtt/postgres_transfer.h"

#include <string_view>
#include <vector>

#include "database/mqtt/session_rows.h"
#include "mqtt/transfer_tables.h"

namespace gridloom::mqtt {
namespace {

using postgres::Connection;
using transfer::number_in;
using transfer::PostgresColumn;
using transfer::PostgresTable;
using transfer::PostgresTables;
using transfer::PostgresType;
using transfer::Row;
using transfer::Span;

PostgresColumn bytes(std::string_view name) { return {.name = name, .type = PostgresType::kBytea}; }

std::vector<PostgresTable> all_tables() {
  return {
      {.table = kSessionRows,
       .name = "session_client",
       .columns = {{.name = "number"},
                   bytes("user_name"),
                   bytes("client_id"),
                   {.name = "expiry_s"},
                   {.name = "parked_at_ms"},
                   bytes("subscriptions"),
                   bytes("received"),
                   bytes("will"),
                   {.name = "will_due_ms"},
                   {.name = "will_expiry_s"},
                   {.name = "signed_in_as"},
                   {.name = "generation"}}},
      {.table = kMessageRows,
       .name = "session_message",
       .columns = {{.name = "session"},
                   {.name = "number"},
                   {.name = "stage"},
                   {.name = "packet_id"},
                   {.name = "expires_at_ms"},
                   bytes("packet")}},
      {.table = kRetainedRows,
       .name = "session_retained",
       .columns = {bytes("topic"), {.name = "expires_at_ms"}, bytes("packet"), {.name = "device"}}},
      {.table = kStreamRows,
       .name = "session_stream",
       .columns = {{.name = "number"}, bytes("user_name"), bytes("client_id"), bytes("receipts")}},
      {.table = kSessionState,
       .name = "session_state",
       .columns = {{.name = "one", .type = PostgresType::kSmallint},
                   {.name = "record"},
                   {.name = "number"}}},
  };
}

class SessionRows final : public PostgresTables {
 public:
  explicit SessionRows(Connection& connection) : PostgresTables(connection, all_tables()) {}

 private:
  // The one row has the number of the last transaction too.
  Status remove(const PostgresTable& table, const Span& span) override {
    if (table.table.name == kSessionState.name) return {};
    return PostgresTables::remove(table, span);
  }
  Status put(const PostgresTable& table, const std::vector<Row>& rows) override {
    if (table.table.name != kSessionState.name) return PostgresTables::put(table, rows);
    const auto put =
        connection().execute("UPDATE session_state SET record = $1, number = $2, batch = batch + 1",
                             number_in(rows.front(), 1), number_in(rows.front(), 2));
    return put ? Status() : std::unexpected(put.error());
  }
};

}  // namespace

Result<std::unique_ptr<PostgresTables>> open_postgres_tables(Connection& connection) {
  GL_TRY(migrate_sessions(connection));
  return std::make_unique<SessionRows>(connection);
}

}  // namespace gridloom::mqtt
