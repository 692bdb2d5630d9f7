// The tables of stored sessions, and how sessions are read from them and written to them, in
// whichever database has them. docs/internals/formats.md says what is in them.
//
// Times are Unix times; 0: none. A transaction of the caller's writes rows; the caller has it.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "mqtt/pending_rows.h"
#include "mqtt/stored_rows.h"
#include "mqtt/stream_table.h"
#include "tables/connection.h"
#include "tables/schema.h"
#include "tables/table.h"

namespace gridloom::mqtt {

namespace columns {
using enum tables::ColumnType;
using tables::Column;
// The number of the transactions that wrote; the last record of the log that is stored; and the
// highest number that was given out.
inline constexpr std::array kState{Column{.name = "one", .type = kSmall}, Column{.name = "batch"},
                                   Column{.name = "record"}, Column{.name = "number"}};
inline constexpr std::array kSessions{Column{.name = "number"},
                                      Column{.name = "user_name", .type = kAnyText},
                                      Column{.name = "client_id", .type = kAnyText},
                                      Column{.name = "expiry_s"},
                                      Column{.name = "parked_at_ms"},
                                      Column{.name = "subscriptions", .type = kBytes},
                                      Column{.name = "received", .type = kBytes},
                                      Column{.name = "will", .type = kBytes},
                                      Column{.name = "will_due_ms"},
                                      Column{.name = "will_expiry_s"},
                                      Column{.name = "signed_in_as"},
                                      Column{.name = "generation"}};
inline constexpr std::array kMessages{
    Column{.name = "session"},       Column{.name = "number"},
    Column{.name = "stage"},         Column{.name = "packet_id"},
    Column{.name = "expires_at_ms"}, Column{.name = "packet", .type = kBytes}};
inline constexpr std::array kRetained{
    Column{.name = "topic", .type = kAnyText}, Column{.name = "expires_at_ms"},
    Column{.name = "packet", .type = kBytes}, Column{.name = "device"}};
inline constexpr std::array kStreams{
    Column{.name = "number"}, Column{.name = "user_name", .type = kAnyText},
    Column{.name = "client_id", .type = kAnyText}, Column{.name = "receipts", .type = kBytes}};
}  // namespace columns

// A table that is often updated has room for the next versions of its rows on each page of
// PostgreSQL's, so that an update changes no index.
inline constexpr tables::Table kSessionTable{.number = 1,
                                             .name = "session_client",
                                             .columns = columns::kSessions,
                                             .postgres = " WITH (fillfactor = 70)",
                                             .title = "MQTT sessions",
                                             .is_restless = true};
inline constexpr tables::Table kMessageTable{.number = 2,
                                             .name = "session_message",
                                             .columns = columns::kMessages,
                                             .keys = 2,
                                             .title = "waiting messages",
                                             .is_restless = true};
inline constexpr tables::Table kRetainedTable{.number = 3,
                                              .name = "session_retained",
                                              .columns = columns::kRetained,
                                              .has_long_key = true,
                                              .title = "retained messages",
                                              .is_restless = true};
inline constexpr tables::Table kStreamTable{.number = 5,
                                            .name = "session_stream",
                                            .columns = columns::kStreams,
                                            .postgres = " WITH (fillfactor = 70)",
                                            .title = "MQTT streams",
                                            .is_restless = true};
inline constexpr tables::Table kStateTable{.number = 7,
                                           .name = "session_state",
                                           .columns = columns::kState,
                                           .postgres = " WITH (fillfactor = 10)",
                                           .title = "state of sessions",
                                           .is_restless = true};
inline constexpr std::array kSessionTables{&kSessionTable, &kMessageTable, &kRetainedTable,
                                           &kStreamTable, &kStateTable};
[[nodiscard]] Status put_first_state(tables::TableConnection& connection);
inline constexpr tables::Schema kSessionSchema{
    .name = "sessions", .tables = kSessionTables, .first_rows = put_first_state};

struct SessionState {
  std::int64_t batch = 0;
  std::int64_t record = 0;
  std::int64_t number = 0;
};
// kDamaged: the row is missing.
[[nodiscard]] Result<SessionState> read_state(tables::TableConnection& connection);
[[nodiscard]] Status write_state(tables::TableConnection& connection, const SessionState& state);

// The rows as they will be once `pending` is stored.
[[nodiscard]] Result<ReadRows> read_rows(tables::TableConnection& connection,
                                         const PendingRows& pending = PendingRows());
// Some at a time, with a step of the transaction behind each (TableConnection::step()).
[[nodiscard]] Status write_rows(tables::TableConnection& connection, const PendingRows& rows);

// Streams that cannot be read are left out, which is logged.
[[nodiscard]] Result<StreamTable> read_streams(tables::TableConnection& connection);
[[nodiscard]] Status write_streams(tables::TableConnection& connection,
                                   std::span<const StreamTable::ChangedStream> streams);

}  // namespace gridloom::mqtt
