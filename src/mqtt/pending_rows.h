// Changes of sessions, their messages and retained messages that are in the log but not in the
// store yet, put together: what lived only shortly is never stored. They are written as rows, by
// whichever store has them (SessionRowWriter); mqtt/read_rows.h reads them back.
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "hub/platform.h"
#include "hub/session_changes.h"
#include "mqtt/stored_session.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

// The columns of a session's row. Times are ms since 1970, 0: none.
struct SessionColumns {
  std::int64_t number = 0;
  std::string_view user;
  std::string_view client_id;
  std::int64_t expiry_s = 0;
  std::int64_t parked_at_ms = 0;
  std::string subscriptions;  // SUBSCRIBE packets
  std::string received;       // packet ids
  std::string will;           // a PUBLISH packet; empty: none
  std::int64_t will_due_ms = 0;
  std::int64_t will_expiry_s = -1;  // -1: never
  std::int64_t signed_in_as = 0;
  std::int64_t generation = 0;
};
using MessageKey = std::pair<std::int64_t, std::int64_t>;  // session, number
struct MessageColumns {
  MessageKey key;
  std::int64_t stage = 0;  // Outbox::DeliveryState
  std::int64_t packet_id = 0;
  std::int64_t expires_at_ms = 0;
  std::string packet;
};
struct RetainedColumns {
  std::string_view topic;
  std::int64_t expires_at_ms = 0;
  std::string_view packet;
  std::int64_t device = 0;
};

// Nothing: the row holds something that it cannot hold.
[[nodiscard]] std::optional<StoredSession> from_columns(const SessionColumns& row);
[[nodiscard]] std::optional<wire::mqtt::Outbox::Kept> from_columns(const MessageColumns& row);
[[nodiscard]] std::optional<hub::RetainedChange> from_columns(const RetainedColumns& row);

// Writes rows into a store's transaction. A row that is there already is replaced.
class SessionRowWriter {
 public:
  SessionRowWriter() = default;
  SessionRowWriter(const SessionRowWriter&) = delete;
  SessionRowWriter& operator=(const SessionRowWriter&) = delete;
  virtual ~SessionRowWriter() = default;

  [[nodiscard]] virtual Status put(const SessionColumns& session) = 0;
  [[nodiscard]] virtual Status remove_session(std::int64_t number) = 0;  // with its messages
  [[nodiscard]] virtual Status put(const MessageColumns& message) = 0;
  // Changes the stage and the packet id of a message, if it is there.
  [[nodiscard]] virtual Status update_stage(const MessageColumns& message) = 0;
  [[nodiscard]] virtual Status remove_message(const MessageKey& key) = 0;
  [[nodiscard]] virtual Status put(const RetainedColumns& retained) = 0;
  [[nodiscard]] virtual Status remove_retained(std::string_view topic) = 0;
};

class PendingRows {
 public:
  // Messages up to this number may be in the file although the log only now says that they wait: an
  // earlier write of them was not completed.
  explicit PendingRows(std::int64_t highest_in_file = 0) : highest_in_file_(highest_in_file) {}

  // Ignores changes of streams. False: the change cannot be read.
  bool apply(const hub::SessionChange& change);
  // Ends a record: no further change belongs to the record of the previous ones.
  void end_record() { last_packet_.reset(); }

  [[nodiscard]] bool empty() const;
  // Approximate size of the messages.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // The highest number that any session or message had.
  [[nodiscard]] std::int64_t highest_number() const { return highest_; }

  // Calls `wrote` after each row with its approximate size in bytes, and stops at the first error
  // that `wrote` returns. Rows that were written before may be written again.
  using Wrote = std::function<Status(std::size_t bytes)>;
  [[nodiscard]] Status write(SessionRowWriter& to, const Wrote& wrote) const;

 private:
  using Packet = std::shared_ptr<const std::string>;
  struct MessageRow {
    bool is_new = false;  // all columns are known here
    bool done = false;
    wire::mqtt::Outbox::DeliveryState stage{};
    std::uint16_t packet_id = 0;
    std::int64_t expires_at_ms = 0;
    wire::mqtt::PacketFlags flags{};
    Packet packet{};
  };
  struct RetainedRow {
    std::int64_t device = 0;
    std::int64_t expires_at_ms = 0;
    std::string packet;  // empty: there is no retained message any more
  };

  bool on(const hub::MessageKept& change);
  bool on(const hub::MessageNumbered& change);
  bool on(const hub::MessageReleased& change);
  bool on(const hub::MessageDone& change);
  bool on(const hub::SessionKept& change);
  bool on(const hub::SessionEnded& change);
  bool on(const hub::RetainedKept& change);
  template <typename OfStream>
  bool on(const OfStream& /*change*/) {
    return true;
  }
  void forget(const MessageRow& row);
  [[nodiscard]] static Status write(SessionRowWriter& to, const MessageKey& key,
                                    const MessageRow& row);

  std::set<std::int64_t> ended_;  // their rows in the file are deleted
  std::map<std::int64_t, StoredSession> sessions_;
  std::map<MessageKey, MessageRow> messages_;
  std::map<std::string, RetainedRow> retained_;
  Packet last_packet_;
  std::size_t bytes_ = 0;
  std::int64_t highest_ = 0;
  std::int64_t highest_in_file_;
};

}  // namespace gridloom::mqtt
