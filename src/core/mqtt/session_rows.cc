#include "mqtt/session_rows.h"

#include <spdlog/spdlog.h>

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt/receipts.h"

namespace gridloom::mqtt {
namespace {

using tables::AnyText;
using tables::Bytes;
using tables::Row;
using tables::RowView;
using tables::Table;
using tables::TableConnection;
using wire::mqtt::Outbox;

constexpr std::size_t kStepBytes = std::size_t{1024} * 1024;

Row columns_of(const SessionRow& row) {
  return {row.number,       AnyText{row.user},        AnyText{row.client_id}, row.expiry_s,
          row.parked_at_ms, Bytes{row.subscriptions}, Bytes{row.received},    Bytes{row.will},
          row.will_due_ms,  row.will_expiry_s,        row.signed_in_as,       row.generation};
}
Row columns_of(const MessageRow& row) {
  return {row.session, row.number, row.stage, row.packet_id, row.expires_at_ms, Bytes{row.packet}};
}
Row columns_of(const RetainedRow& row) {
  return {AnyText{row.topic}, row.expires_at_ms, Bytes{row.packet}, row.device};
}

// Puts rows into a table, some at a time.
template <typename Stored>
class Putter {
 public:
  Putter(TableConnection& connection, const Table& table)
      : connection_(connection), table_(table) {}

  Status add(Stored row, std::size_t bytes) {
    rows_.push_back(columns_of(kept_.emplace_back(std::move(row))));
    bytes_ += kRowBytes + bytes;
    return bytes_ < kStepBytes ? Status() : put();
  }
  Status put() {
    if (rows_.empty()) return {};
    GL_TRY(connection_.put_all(table_, rows_));
    rows_.clear();
    kept_.clear();
    bytes_ = 0;
    return connection_.step();
  }

 private:
  TableConnection& connection_;
  const Table& table_;
  std::deque<Stored> kept_;  // rows refer to them
  std::vector<Row> rows_;
  std::size_t bytes_ = 0;
};

Status remove_ended(TableConnection& connection, const PendingRows& rows) {
  std::vector<Row> ended;
  for (const std::int64_t session : rows.ended()) ended.push_back({session});
  if (ended.empty()) return {};
  constexpr std::array kNumber{std::string_view("number")};
  constexpr std::array kSession{std::string_view("session")};
  GL_TRY(connection.remove_all(kSessionTable, kNumber, ended, {}));
  GL_TRY(connection.remove_all(kMessageTable, kSession, ended, {}));
  return connection.step();
}

// Messages that are deleted, and those of which the stage alone changes.
Status change_messages(TableConnection& connection, const PendingRows& rows) {
  std::vector<Row> done;
  std::vector<Row> sent;
  for (const auto& [key, message] : rows.messages()) {
    if (message.done) {
      done.push_back({key.first, key.second});
    } else if (!message.is_new && message.stage == Outbox::DeliveryState::kSent) {
      sent.push_back(
          {static_cast<std::int64_t>(message.stage), message.packet_id, key.first, key.second});
    }
  }
  constexpr std::array kKeys{std::string_view("session"), std::string_view("number")};
  constexpr std::array kStage{std::string_view("stage"), std::string_view("packet_id")};
  GL_TRY(connection.remove_all(kMessageTable, kKeys, done, {}));
  GL_TRY(connection.update_all(kMessageTable, kStage, sent));
  return connection.step();
}

Status write_messages(TableConnection& connection, const PendingRows& rows) {
  GL_TRY(change_messages(connection, rows));
  Putter<MessageRow> messages(connection, kMessageTable);
  std::vector<Row> recipients;  // ascending, each once
  for (const auto& [key, message] : rows.messages()) {
    const bool is_whole = message.is_new || message.stage == Outbox::DeliveryState::kReleased;
    if (message.done || !is_whole) continue;
    if (recipients.empty() || tables::number_of(recipients.back().front()) != key.first) {
      recipients.push_back({key.first});
    }
    auto row = row_of(key, message);
    if (!row) continue;
    const std::size_t bytes = row->packet.size();
    GL_TRY(messages.add(std::move(*row), bytes));
  }
  GL_TRY(messages.put());
  // A message of a session that has ended has no recipient.
  constexpr std::array kSession{std::string_view("session")};
  GL_TRY(connection.remove_all(
      kMessageTable, kSession, recipients,
      "NOT EXISTS (SELECT 1 FROM session_client WHERE number = here.session)"));
  return {};
}

Status write_retained(TableConnection& connection, const PendingRows& rows) {
  std::vector<Row> cleared;
  Putter<RetainedRow> retained(connection, kRetainedTable);
  for (const auto& [topic, row] : rows.retained()) {
    if (row.packet.empty()) {
      cleared.push_back({AnyText{topic}});
      continue;
    }
    GL_TRY(retained.add({.topic = topic,
                         .expires_at_ms = row.expires_at_ms,
                         .packet = row.packet,
                         .device = row.device},
                        topic.size() + row.packet.size()));
  }
  GL_TRY(retained.put());
  constexpr std::array kTopic{std::string_view("topic")};
  return connection.remove_all(kRetainedTable, kTopic, cleared, {});
}

template <typename Read>
Status each(TableConnection& connection, const Table& table, RowReader& reader, Read read) {
  return connection.read(table, "ORDER BY " + connection.order_of(table), {},
                         [&](const RowView& row) -> Result<bool> {
                           reader.add(read(row));
                           return true;
                         });
}

}  // namespace

Status put_first_state(TableConnection& connection) {
  return connection.insert(kStateTable, {1, 0, 0, 0});
}

Result<SessionState> read_state(TableConnection& connection) {
  SessionState state;
  bool is_there = false;
  GL_TRY(connection.read(kStateTable, "", {}, [&](const RowView& row) -> Result<bool> {
    state = {.batch = row.integer(1), .record = row.integer(2), .number = row.integer(3)};
    is_there = true;
    return false;
  }));
  if (!is_there) return fail(ErrorCode::kDamaged, "the table session_state has lost its row");
  return state;
}

Status write_state(TableConnection& connection, const SessionState& state) {
  return connection.update(kStateTable, {"batch", "record", "number"},
                           {state.batch, state.record, state.number, 1});
}

Result<ReadRows> read_rows(TableConnection& connection, const PendingRows& pending) {
  RowReader reader(pending);
  GL_TRY(each(connection, kSessionTable, reader, session_in));
  GL_TRY(each(connection, kMessageTable, reader, message_in));
  GL_TRY(each(connection, kRetainedTable, reader, retained_in));
  return reader.take();
}

Status write_rows(TableConnection& connection, const PendingRows& rows) {
  GL_TRY(remove_ended(connection, rows));
  Putter<SessionRow> sessions(connection, kSessionTable);
  for (const auto& [number, session] : rows.sessions()) {
    GL_TRY(sessions.add(row_of(session), session.subscriptions.size() * kRowBytes));
  }
  GL_TRY(sessions.put());
  GL_TRY(write_messages(connection, rows));
  return write_retained(connection, rows);
}

Result<StreamTable> read_streams(TableConnection& connection) {
  StreamTable streams;
  std::size_t unreadable = 0;
  GL_TRY(
      connection.read(kStreamTable, "ORDER BY number", {}, [&](const RowView& row) -> Result<bool> {
        auto receipts = Receipts::from(row.bytes(3));
        if (!receipts) return ++unreadable, true;
        streams.restore({.number = row.integer(0),
                         .user = std::string(row.bytes(1)),
                         .client_id = std::string(row.bytes(2)),
                         .receipts = std::move(*receipts)});
        return true;
      }));
  if (unreadable != 0) {
    spdlog::error("{} rows of the table {} cannot be read", unreadable, kStreamTable.name);
  }
  return streams;
}

Status write_streams(TableConnection& connection,
                     std::span<const StreamTable::ChangedStream> streams) {
  std::vector<Row> ended;
  std::vector<Row> changed;
  for (const StreamTable::ChangedStream& stream : streams) {
    if (stream.ended) {
      ended.push_back({stream.number});
    } else {
      changed.push_back(
          {stream.number, AnyText{stream.user}, AnyText{stream.client_id}, Bytes{stream.receipts}});
    }
  }
  constexpr std::array kNumber{std::string_view("number")};
  GL_TRY(connection.remove_all(kStreamTable, kNumber, ended, {}));
  return connection.put_all(kStreamTable, changed);
}

}  // namespace gridloom::mqtt
