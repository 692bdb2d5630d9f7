#include "mqtt/sqlite/session_rows.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mqtt/sqlite/session_tables.h"

namespace gridloom::mqtt {
namespace {

using storage::Blob;
using storage::Database;
using storage::Statement;
using wire::mqtt::Outbox;

template <typename Read>
Status each_row(Database& database, const char* sql, RowReader& reader, Read read) {
  return database.each_row(sql, [&](const Statement& row) {
    reader.add(read(row));
    return Status();
  });
}

Status write(Database& database, const StoredSession& session) {
  const SessionRow row = row_of(session);
  static const std::string sql = insert_into(kSessionTable);
  return database.execute(sql, row.number, std::string_view(row.user),
                          std::string_view(row.client_id), row.expiry_s, row.parked_at_ms,
                          Blob{row.subscriptions}, Blob{row.received}, Blob{row.will},
                          row.will_due_ms, row.will_expiry_s, row.signed_in_as, row.generation);
}

Status write(Database& database, const PendingRows::MessageKey& key,
             const PendingRows::Message& message) {
  const auto [session, number] = key;
  if (message.done) {
    return database.execute("DELETE FROM message WHERE session = ? AND sequence = ?", session,
                            number);
  }
  if (!message.is_new && message.stage == Outbox::DeliveryState::kSent) {
    return database.execute(
        "UPDATE message SET stage = ?1, packet_id = ?2, "
        "checksum = row_checksum(2, session, sequence, ?1, ?2, expires_at, packet) "
        "WHERE session = ?3 AND sequence = ?4",
        static_cast<std::int64_t>(message.stage), std::int64_t{message.packet_id}, session, number);
  }
  const auto row = row_of(key, message);
  if (!row) return {};
  static const std::string sql = insert_into(kMessageTable);
  return database.execute(sql, row->session, row->number, row->stage, row->packet_id,
                          row->expires_at_ms, Blob{row->packet});
}

Status write(Database& database, const std::string& topic, const PendingRows::Retained& row) {
  if (row.packet.empty()) {
    return database.execute("DELETE FROM retained WHERE topic = ?", std::string_view(topic));
  }
  static const std::string sql = insert_into(kRetainedTable);
  return database.execute(sql, std::string_view(topic), row.expires_at_ms, Blob{row.packet},
                          row.device);
}

}  // namespace

Result<ReadRows> read_rows(Database& database, const PendingRows& pending) {
  RowReader reader(pending);
  Status read =
      each_row(database, "SELECT * FROM session ORDER BY number", reader, session_in<Statement>);
  if (read) {
    read = each_row(database, "SELECT * FROM message ORDER BY session, sequence", reader,
                    message_in<Statement>);
  }
  if (read) read = each_row(database, "SELECT * FROM retained", reader, retained_in<Statement>);
  if (!read) return std::unexpected(read.error());
  return reader.take();
}

Status write_rows(Database& database, const PendingRows& rows, const WroteRow& wrote) {
  for (const std::int64_t session : rows.ended()) {
    Status status = database.execute("DELETE FROM session WHERE number = ?", session);
    if (status) status = database.execute("DELETE FROM message WHERE session = ?", session);
    if (status) status = wrote(kRowBytes);
    if (!status) return status;
  }
  for (const auto& [number, session] : rows.sessions()) {
    Status status = write(database, session);
    if (status) status = wrote(kRowBytes + session.subscriptions.size() * kRowBytes);
    if (!status) return status;
  }
  for (const auto& [key, message] : rows.messages()) {
    Status status = write(database, key, message);
    if (status) status = wrote(kRowBytes + (message.packet ? message.packet->size() : 0));
    if (!status) return status;
  }
  for (const auto& [topic, row] : rows.retained()) {
    Status status = write(database, topic, row);
    if (status) status = wrote(kRowBytes + row.packet.size());
    if (!status) return status;
  }
  return {};
}

}  // namespace gridloom::mqtt
