#include "mqtt/sqlite/session_row_writer.h"

#include <string>

#include "mqtt/sqlite/session_tables.h"

namespace gridloom::mqtt {

using storage::Blob;

Status SqliteRowWriter::put(const SessionColumns& session) {
  static const std::string sql = insert_into(kSessionTable);
  return database_.execute(sql, session.number, session.user, session.client_id, session.expiry_s,
                           session.parked_at_ms, Blob{session.subscriptions},
                           Blob{session.received}, Blob{session.will}, session.will_due_ms,
                           session.will_expiry_s, session.signed_in_as, session.generation);
}

Status SqliteRowWriter::remove_session(std::int64_t number) {
  Status done = database_.execute("DELETE FROM session WHERE number = ?", number);
  if (!done) return done;
  return database_.execute("DELETE FROM message WHERE session = ?", number);
}

Status SqliteRowWriter::put(const MessageColumns& message) {
  static const std::string sql = insert_into(kMessageTable);
  return database_.execute(sql, message.key.first, message.key.second, message.stage,
                           message.packet_id, message.expires_at_ms, Blob{message.packet});
}

Status SqliteRowWriter::update_stage(const MessageColumns& message) {
  return database_.execute(
      "UPDATE message SET stage = ?1, packet_id = ?2, "
      "checksum = row_checksum(2, session, sequence, ?1, ?2, expires_at, packet) "
      "WHERE session = ?3 AND sequence = ?4",
      message.stage, message.packet_id, message.key.first, message.key.second);
}

Status SqliteRowWriter::remove_message(const MessageKey& key) {
  return database_.execute("DELETE FROM message WHERE session = ? AND sequence = ?", key.first,
                           key.second);
}

Status SqliteRowWriter::put(const RetainedColumns& retained) {
  static const std::string sql = insert_into(kRetainedTable);
  return database_.execute(sql, retained.topic, retained.expires_at_ms, Blob{retained.packet},
                           retained.device);
}

Status SqliteRowWriter::remove_retained(std::string_view topic) {
  return database_.execute("DELETE FROM retained WHERE topic = ?", topic);
}

}  // namespace gridloom::mqtt
