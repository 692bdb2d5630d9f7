// The columns that each kind of session store has in its tables, converted to and from sessions and
// messages (docs/internals/formats.md). Pure.
//
// Times are in ms since 1970; 0: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hub/platform/platform.h"
#include "mqtt/pending_rows.h"
#include "mqtt/stored_session.h"
#include "tables/connection.h"

namespace gridloom::mqtt {

struct SessionRow {
  std::int64_t number = 0;
  std::string user;
  std::string client_id;
  std::int64_t expiry_s = 0;
  std::int64_t parked_at_ms = 0;
  std::string subscriptions;
  std::string received;
  std::string will;
  std::int64_t will_due_ms = 0;
  std::int64_t will_expiry_s = -1;  // -1: none
  std::int64_t signed_in_as = 0;
  std::int64_t generation = 0;
};
[[nodiscard]] SessionRow row_of(const StoredSession& session);

struct MessageRow {
  std::int64_t session = 0;
  std::int64_t number = 0;
  std::int64_t stage = 0;
  std::int64_t packet_id = 0;
  std::int64_t expires_at_ms = 0;
  std::string packet;
};
// Reads a message that is new or released. Nothing: its bytes are no message, which is logged.
[[nodiscard]] std::optional<MessageRow> row_of(const PendingRows::MessageKey& key,
                                               const PendingRows::Message& message);

struct RetainedRow {
  std::string_view topic;
  std::int64_t expires_at_ms = 0;
  std::string_view packet;
  std::int64_t device = 0;
};

// Rows that cannot be read are left out and counted.
struct ReadRows {
  StoredSessions sessions;  // ascending by number, as are the messages of each
  std::vector<hub::RetainedChange> retained;
  std::int64_t highest_number = 0;
  std::size_t unreadable = 0;
};

// Reads a table's row column by column.
[[nodiscard]] SessionRow session_in(const tables::RowView& row);
[[nodiscard]] MessageRow message_in(const tables::RowView& row);
[[nodiscard]] RetainedRow retained_in(const tables::RowView& row);

// Puts rows together as they are read: the state that the store will have once `pending` is stored.
class RowReader {
 public:
  // `pending` outlives this.
  explicit RowReader(const PendingRows& pending) : pending_(&pending) {}

  // All sessions come before the first message.
  void add(const SessionRow& row);
  void add(const MessageRow& row);
  void add(const RetainedRow& row);
  [[nodiscard]] ReadRows take();

 private:
  void add_session(StoredSession session);
  void add_pending_sessions();
  void keep(const MessageRow& row);
  void keep(const RetainedRow& row);

  const PendingRows* pending_;
  ReadRows rows_;
  std::unordered_map<std::int64_t, std::size_t> places_;  // of sessions, by number
  bool has_pending_sessions_ = false;
};

}  // namespace gridloom::mqtt
