// Reads and writes the rows of sessions.db (docs/internals/formats.md). PendingRows holds changes
// of sessions, their messages and retained messages that are in the log but not in the file yet.
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
#include <utility>
#include <vector>

#include "hub/platform.h"
#include "hub/session_changes.h"
#include "mqtt/stored_session.h"
#include "storage/sqlite.h"

namespace gridloom::mqtt {

// Rows that cannot be read are left out and counted.
struct ReadRows {
  StoredSessions sessions;
  std::vector<hub::RetainedChange> retained;
  std::int64_t highest_number = 0;
  std::size_t unreadable = 0;
};
[[nodiscard]] Result<ReadRows> read_rows(storage::Database& database);

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
  [[nodiscard]] Status write(storage::Database& database, const Wrote& wrote) const;

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
  using MessageKey = std::pair<std::int64_t, std::int64_t>;  // session, number

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
  [[nodiscard]] static Status write(storage::Database& database, const StoredSession& session);
  [[nodiscard]] static Status write(storage::Database& database, const MessageKey& key,
                                    const MessageRow& row);
  [[nodiscard]] static Status write(storage::Database& database, const std::string& topic,
                                    const RetainedRow& row);

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
