#include "database/mqtt/session_rows.h"

#include <spdlog/spdlog.h>

#include <array>
#include <deque>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt/receipts.h"
#include "postgres/migrate.h"
#include "postgres/pipeline.h"
#include "postgres/rows.h"
#include "postgres/values.h"

namespace gridloom::mqtt {
namespace {

using postgres::Bytes;
using postgres::Connection;
using postgres::Pipeline;
using postgres::Row;
using postgres::Values;
using wire::mqtt::Outbox;

using Numbers = std::vector<std::int64_t>;
using Texts = std::vector<Bytes>;

// The statement takes an array for each column.
template <typename... Columns>
void add_columns(Pipeline& pipeline, std::string_view sql, const Columns&... columns) {
  Values values;
  (values.add(std::span<const typename Columns::value_type>(columns)), ...);
  pipeline.add_values(sql, std::move(values));
}

Status run(Pipeline& pipeline) {
  if (pipeline.size() == 0) return {};
  GL_TRY(pipeline.run());
  return {};
}

void add_ended(Pipeline& pipeline, const PendingRows& rows) {
  if (rows.ended().empty()) return;
  const Numbers numbers(rows.ended().begin(), rows.ended().end());
  add_columns(pipeline, "DELETE FROM session_client WHERE number = ANY ($1)", numbers);
  add_columns(pipeline, "DELETE FROM session_message WHERE session = ANY ($1)", numbers);
}

class SessionColumns {
 public:
  void add(SessionRow row) {
    const SessionRow& kept = rows_.emplace_back(std::move(row));
    number_.push_back(kept.number);
    user_.push_back({kept.user});
    client_id_.push_back({kept.client_id});
    expiry_s_.push_back(kept.expiry_s);
    parked_at_ms_.push_back(kept.parked_at_ms);
    subscriptions_.push_back({kept.subscriptions});
    received_.push_back({kept.received});
    will_.push_back({kept.will});
    will_due_ms_.push_back(kept.will_due_ms);
    will_expiry_s_.push_back(kept.will_expiry_s);
    signed_in_as_.push_back(kept.signed_in_as);
    generation_.push_back(kept.generation);
  }
  void add_to(Pipeline& pipeline) const {
    if (rows_.empty()) return;
    add_columns(pipeline,
                "INSERT INTO session_client SELECT * FROM "
                "unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
                "ON CONFLICT (number) DO UPDATE SET user_name = excluded.user_name, "
                "client_id = excluded.client_id, expiry_s = excluded.expiry_s, "
                "parked_at_ms = excluded.parked_at_ms, subscriptions = excluded.subscriptions, "
                "received = excluded.received, will = excluded.will, "
                "will_due_ms = excluded.will_due_ms, will_expiry_s = excluded.will_expiry_s, "
                "signed_in_as = excluded.signed_in_as, generation = excluded.generation",
                number_, user_, client_id_, expiry_s_, parked_at_ms_, subscriptions_, received_,
                will_, will_due_ms_, will_expiry_s_, signed_in_as_, generation_);
  }

 private:
  std::deque<SessionRow> rows_;  // the columns refer to them
  Numbers number_;
  Texts user_;
  Texts client_id_;
  Numbers expiry_s_;
  Numbers parked_at_ms_;
  Texts subscriptions_;
  Texts received_;
  Texts will_;
  Numbers will_due_ms_;
  Numbers will_expiry_s_;
  Numbers signed_in_as_;
  Numbers generation_;
};

class MessageColumns {
 public:
  void add(MessageRow row) {
    const MessageRow& kept = rows_.emplace_back(std::move(row));
    bytes_ += kRowBytes + kept.packet.size();
    session_.push_back(kept.session);
    number_.push_back(kept.number);
    stage_.push_back(kept.stage);
    packet_id_.push_back(kept.packet_id);
    expires_at_ms_.push_back(kept.expires_at_ms);
    packet_.push_back({kept.packet});
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  void add_to(Pipeline& pipeline) const {
    if (rows_.empty()) return;
    add_columns(pipeline,
                "INSERT INTO session_message SELECT * FROM unnest($1, $2, $3, $4, $5, $6) "
                "ON CONFLICT (session, number) DO UPDATE SET stage = excluded.stage, "
                "packet_id = excluded.packet_id, expires_at_ms = excluded.expires_at_ms, "
                "packet = excluded.packet",
                session_, number_, stage_, packet_id_, expires_at_ms_, packet_);
  }

 private:
  std::deque<MessageRow> rows_;  // the columns refer to them
  std::size_t bytes_ = 0;
  Numbers session_;
  Numbers number_;
  Numbers stage_;
  Numbers packet_id_;
  Numbers expires_at_ms_;
  Texts packet_;
};

// Messages that are deleted, and those of which the stage alone changes.
void add_changed_messages(Pipeline& pipeline, const PendingRows& rows) {
  struct Keys {
    Numbers session;
    Numbers number;
    Numbers packet_id;
  };
  Keys done;
  Keys sent;
  for (const auto& [key, message] : rows.messages()) {
    if (message.done) {
      done.session.push_back(key.first);
      done.number.push_back(key.second);
    } else if (!message.is_new && message.stage == Outbox::DeliveryState::kSent) {
      sent.session.push_back(key.first);
      sent.number.push_back(key.second);
      sent.packet_id.push_back(message.packet_id);
    }
  }
  if (!done.session.empty()) {
    add_columns(pipeline,
                "DELETE FROM session_message AS m USING unnest($1, $2) AS done (session, number) "
                "WHERE m.session = done.session AND m.number = done.number",
                done.session, done.number);
  }
  if (!sent.session.empty()) {
    const Numbers stage(sent.session.size(),
                        static_cast<std::int64_t>(Outbox::DeliveryState::kSent));
    add_columns(pipeline,
                "UPDATE session_message AS m SET stage = sent.stage, packet_id = sent.packet_id "
                "FROM unnest($1, $2, $3, $4) AS sent (session, number, stage, packet_id) "
                "WHERE m.session = sent.session AND m.number = sent.number",
                sent.session, sent.number, stage, sent.packet_id);
  }
}

Status write_messages(Pipeline& pipeline, const PendingRows& rows) {
  add_changed_messages(pipeline, rows);
  MessageColumns columns;
  Numbers recipients;  // ascending, each once
  for (const auto& [key, message] : rows.messages()) {
    const bool is_whole = message.is_new || message.stage == Outbox::DeliveryState::kReleased;
    if (message.done || !is_whole) continue;
    if (recipients.empty() || recipients.back() != key.first) recipients.push_back(key.first);
    if (auto row = row_of(key, message)) columns.add(std::move(*row));
    if (columns.bytes() < kStatementBytes) continue;
    columns.add_to(pipeline);
    columns = {};
    GL_TRY(run(pipeline));
  }
  columns.add_to(pipeline);
  // A message of a session that has ended has no recipient.
  if (!recipients.empty()) {
    add_columns(pipeline,
                "DELETE FROM session_message WHERE session = ANY (ARRAY(SELECT s FROM unnest($1) "
                "AS s WHERE NOT EXISTS (SELECT FROM session_client WHERE number = s)))",
                recipients);
  }
  return run(pipeline);
}

struct RetainedColumns {
  Texts topic;
  Numbers expires_at_ms;
  Texts packet;
  Numbers device;
  std::size_t bytes = 0;

  void add_to(Pipeline& pipeline) const {
    if (topic.empty()) return;
    add_columns(pipeline,
                "INSERT INTO session_retained SELECT * FROM unnest($1, $2, $3, $4) "
                "ON CONFLICT (sha256(topic)) DO UPDATE SET "
                "expires_at_ms = excluded.expires_at_ms, packet = excluded.packet, "
                "device = excluded.device",
                topic, expires_at_ms, packet, device);
  }
};

Status write_retained(Pipeline& pipeline, const PendingRows& rows) {
  Texts cleared;
  RetainedColumns columns;
  for (const auto& [topic, row] : rows.retained()) {
    if (row.packet.empty()) {
      cleared.push_back({topic});
      continue;
    }
    columns.topic.push_back({topic});
    columns.expires_at_ms.push_back(row.expires_at_ms);
    columns.packet.push_back({row.packet});
    columns.device.push_back(row.device);
    columns.bytes += kRowBytes + topic.size() + row.packet.size();
    if (columns.bytes < kStatementBytes) continue;
    columns.add_to(pipeline);
    columns = {};
    GL_TRY(run(pipeline));
  }
  columns.add_to(pipeline);
  if (!cleared.empty()) {
    add_columns(pipeline,
                "DELETE FROM session_retained AS r USING unnest($1) AS cleared (topic) "
                "WHERE sha256(r.topic) = sha256(cleared.topic)",
                cleared);
  }
  return run(pipeline);
}

template <typename Read>
Status each_row(Connection& connection, const char* sql, RowReader& reader, Read read) {
  return connection.each_row(sql, {}, [&](const Row& row) {
    reader.add(read(row));
    return Status();
  });
}

}  // namespace

Result<SessionState> read_state(Connection& connection, StateLock lock) {
  GL_TRY(const auto rows,
         connection.query(lock == StateLock::kUpdate
                              ? "SELECT batch, record, number FROM session_state FOR UPDATE"
                              : "SELECT batch, record, number FROM session_state"));
  if (rows.size() != 1) {
    return fail(ErrorCode::kDamaged, "the database's table session_state has lost its row");
  }
  const Row row = rows[0];
  return SessionState{.batch = row.integer(0), .record = row.integer(1), .number = row.integer(2)};
}

Status write_state(Connection& connection, const SessionState& state) {
  GL_TRY(connection.execute("UPDATE session_state SET batch = $1, record = $2, number = $3",
                            state.batch, state.record, state.number));
  return {};
}

Result<ReadRows> read_rows(Connection& connection, const PendingRows& pending) {
  RowReader reader(pending);
  Status read = each_row(
      connection,
      "SELECT number, user_name, client_id, expiry_s, parked_at_ms, subscriptions, received, will, "
      "will_due_ms, will_expiry_s, signed_in_as, generation FROM session_client ORDER BY number",
      reader, session_in<Row>);
  if (read) {
    read = each_row(connection,
                    "SELECT session, number, stage, packet_id, expires_at_ms, packet "
                    "FROM session_message ORDER BY session, number",
                    reader, message_in<Row>);
  }
  if (read) {
    read = each_row(connection, "SELECT topic, expires_at_ms, packet, device FROM session_retained",
                    reader, retained_in<Row>);
  }
  if (!read) return std::unexpected(read.error());
  return reader.take();
}

Status write_rows(Connection& connection, const PendingRows& rows) {
  Pipeline pipeline(connection);
  add_ended(pipeline, rows);
  SessionColumns sessions;
  for (const auto& [number, session] : rows.sessions()) sessions.add(row_of(session));
  sessions.add_to(pipeline);
  GL_TRY(write_messages(pipeline, rows));
  return write_retained(pipeline, rows);
}

Result<StreamTable> read_streams(Connection& connection) {
  StreamTable streams;
  std::size_t unreadable = 0;
  GL_TRY(connection.each_row(
      "SELECT number, user_name, client_id, receipts FROM session_stream ORDER BY number", {},
      [&](const Row& row) {
        auto receipts = Receipts::from(row.bytes(3));
        if (!receipts) return ++unreadable, Status();
        streams.restore({.number = row.integer(0),
                         .user = std::string(row.bytes(1)),
                         .client_id = std::string(row.bytes(2)),
                         .receipts = std::move(*receipts)});
        return Status();
      }));
  if (unreadable != 0) {
    spdlog::error("the database: {} rows of the table session_stream cannot be read", unreadable);
  }
  return streams;
}

Status write_streams(Connection& connection, std::span<const StreamTable::ChangedStream> streams) {
  Pipeline pipeline(connection);
  Numbers ended;
  Numbers number;
  Texts user;
  Texts client_id;
  Texts receipts;
  for (const StreamTable::ChangedStream& stream : streams) {
    if (stream.ended) {
      ended.push_back(stream.number);
      continue;
    }
    number.push_back(stream.number);
    user.push_back({stream.user});
    client_id.push_back({stream.client_id});
    receipts.push_back({stream.receipts});
  }
  if (!ended.empty()) {
    add_columns(pipeline, "DELETE FROM session_stream WHERE number = ANY ($1)", ended);
  }
  if (!number.empty()) {
    add_columns(pipeline,
                "INSERT INTO session_stream SELECT * FROM unnest($1, $2, $3, $4) "
                "ON CONFLICT (number) DO UPDATE SET user_name = excluded.user_name, "
                "client_id = excluded.client_id, receipts = excluded.receipts",
                number, user, client_id, receipts);
  }
  return run(pipeline);
}

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
