#include "mqtt/postgres/session_row_writer.h"

#include <vector>

namespace gridloom::mqtt {
namespace {

using postgres::Bytes;
using postgres::Rows;

constexpr std::size_t kMostStatements = 500;

}  // namespace

Status PostgresRowWriter::put(const SessionColumns& session) {
  pipeline_.add(
      "INSERT INTO mqtt_session (number, \"user\", client_id, expiry_s, parked_at, subscriptions, "
      "received, will, will_due, will_expiry_s, signed_in_as, generation) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (number) DO UPDATE "
      "SET \"user\" = excluded.\"user\", client_id = excluded.client_id, "
      "expiry_s = excluded.expiry_s, parked_at = excluded.parked_at, "
      "subscriptions = excluded.subscriptions, received = excluded.received, "
      "will = excluded.will, will_due = excluded.will_due, "
      "will_expiry_s = excluded.will_expiry_s, signed_in_as = excluded.signed_in_as, "
      "generation = excluded.generation",
      session.number, Bytes{session.user}, Bytes{session.client_id}, session.expiry_s,
      session.parked_at_ms, Bytes{session.subscriptions}, Bytes{session.received},
      Bytes{session.will}, session.will_due_ms, session.will_expiry_s, session.signed_in_as,
      session.generation);
  return send_if_many();
}

Status PostgresRowWriter::remove_session(std::int64_t number) {
  pipeline_.add("DELETE FROM mqtt_session WHERE number = $1", number);
  pipeline_.add("DELETE FROM mqtt_message WHERE session = $1", number);
  return send_if_many();
}

Status PostgresRowWriter::put(const MessageColumns& message) {
  pipeline_.add(
      "INSERT INTO mqtt_message (session, sequence, stage, packet_id, expires_at, packet) "
      "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (session, sequence) DO UPDATE "
      "SET stage = excluded.stage, packet_id = excluded.packet_id, "
      "expires_at = excluded.expires_at, packet = excluded.packet",
      message.key.first, message.key.second, message.stage, message.packet_id,
      message.expires_at_ms, Bytes{message.packet});
  return send_if_many();
}

Status PostgresRowWriter::update_stage(const MessageColumns& message) {
  pipeline_.add(
      "UPDATE mqtt_message SET stage = $1, packet_id = $2 WHERE session = $3 AND sequence = $4",
      message.stage, message.packet_id, message.key.first, message.key.second);
  return send_if_many();
}

Status PostgresRowWriter::remove_message(const MessageKey& key) {
  pipeline_.add("DELETE FROM mqtt_message WHERE session = $1 AND sequence = $2", key.first,
                key.second);
  return send_if_many();
}

Status PostgresRowWriter::put(const RetainedColumns& retained) {
  pipeline_.add(
      "INSERT INTO mqtt_retained (topic, expires_at, packet, device) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (topic) DO UPDATE SET expires_at = excluded.expires_at, "
      "packet = excluded.packet, device = excluded.device",
      Bytes{retained.topic}, retained.expires_at_ms, Bytes{retained.packet}, retained.device);
  return send_if_many();
}

Status PostgresRowWriter::remove_retained(std::string_view topic) {
  pipeline_.add("DELETE FROM mqtt_retained WHERE topic = $1", Bytes{topic});
  return send_if_many();
}

Status PostgresRowWriter::put(const StreamTable::ChangedStream& stream) {
  if (stream.ended) {
    pipeline_.add("DELETE FROM mqtt_stream WHERE number = $1", stream.number);
  } else {
    pipeline_.add(
        "INSERT INTO mqtt_stream (number, \"user\", client_id, receipts) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (number) DO UPDATE SET \"user\" = excluded.\"user\", "
        "client_id = excluded.client_id, receipts = excluded.receipts",
        stream.number, Bytes{stream.user}, Bytes{stream.client_id}, Bytes{stream.receipts});
  }
  return send_if_many();
}

Status PostgresRowWriter::send_if_many() {
  return pipeline_.size() < kMostStatements ? Status() : finish();
}

Status PostgresRowWriter::finish() {
  if (pipeline_.size() == 0) return {};
  const Result<std::vector<Rows>> done = pipeline_.run();
  return done ? Status() : std::unexpected(done.error());
}

}  // namespace gridloom::mqtt
