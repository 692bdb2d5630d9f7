// Reads and writes the rows of the tables session_* (schema.h).
//
// Whatever the number of rows, a write is a number of statements that depends on their bytes alone:
// one for each kind of change, and one more for each kStatementBytes of messages. The caller has a
// transaction. Fails as postgres::Connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "mqtt/pending_rows.h"
#include "mqtt/stored_rows.h"
#include "mqtt/stream_table.h"
#include "postgres/connection.h"

namespace gridloom::mqtt {

// The tables of MQTT sessions in PostgreSQL (docs/internals/formats.md).
// Creates the tables, or brings them to this program's version; true: there were none. Fails as
// postgres::migrate().
[[nodiscard]] Result<bool> migrate_sessions(postgres::Connection& connection);

inline constexpr std::size_t kStatementBytes = std::size_t{4} * 1024 * 1024;

struct SessionState {
  std::int64_t batch = 0;
  std::int64_t record = 0;
  std::int64_t number = 0;
};
enum class StateLock : std::uint8_t { kNone, kUpdate };
// kDamaged: the row is missing.
[[nodiscard]] Result<SessionState> read_state(postgres::Connection& connection,
                                              StateLock lock = StateLock::kNone);
[[nodiscard]] Status write_state(postgres::Connection& connection, const SessionState& state);

// The rows as they will be once `pending` is stored.
[[nodiscard]] Result<ReadRows> read_rows(postgres::Connection& connection,
                                         const PendingRows& pending);
[[nodiscard]] Status write_rows(postgres::Connection& connection, const PendingRows& rows);

// Streams that cannot be read are left out, which is logged.
[[nodiscard]] Result<StreamTable> read_streams(postgres::Connection& connection);
[[nodiscard]] Status write_streams(postgres::Connection& connection,
                                   std::span<const StreamTable::ChangedStream> streams);

}  // namespace gridloom::mqtt
