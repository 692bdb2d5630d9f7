// Reads the rows of sessions (mqtt/pending_rows.h) from whichever store has them: all have tables
// of the same columns.
//
// `Rows` has each_row(sql, on_row) of storage::Database's form, whose row has integer(column) and
// bytes(column). One thread at a time.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "hub/platform.h"
#include "mqtt/pending_rows.h"
#include "mqtt/receipts.h"
#include "mqtt/stored_session.h"
#include "mqtt/stream_table.h"

namespace gridloom::mqtt {

// Rows that cannot be read are left out and counted.
struct ReadRows {
  StoredSessions sessions;
  std::vector<hub::RetainedChange> retained;
  std::int64_t highest_number = 0;
  std::size_t unreadable = 0;
};
struct ReadStreams {
  StreamTable streams;
  std::size_t unreadable = 0;
};

template <typename Rows>
class SessionRowReader {
 public:
  // The names of the tables begin with `prefix`.
  SessionRowReader(Rows& rows, std::string_view prefix) : rows_(rows), prefix_(prefix) {}

  [[nodiscard]] Result<ReadRows> read() {
    if (const Status done = read_sessions(); !done) return std::unexpected(done.error());
    if (const Status done = read_messages(); !done) return std::unexpected(done.error());
    for (StoredSession& session : found_.sessions) infer_sent(session);
    if (const Status done = read_retained(); !done) return std::unexpected(done.error());
    return std::move(found_);
  }

  [[nodiscard]] Result<ReadStreams> read_streams() {
    ReadStreams found;
    const Status read = rows_.each_row(
        fmt::format(R"(SELECT number, "user", client_id, receipts FROM {}stream ORDER BY number)",
                    prefix_),
        [&found](const auto& row) -> Status {
          auto receipts = Receipts::from(row.bytes(3));
          if (!receipts) return ++found.unreadable, Status();
          found.streams.restore({.number = row.integer(0),
                                 .user = std::string(row.bytes(1)),
                                 .client_id = std::string(row.bytes(2)),
                                 .receipts = std::move(*receipts)});
          return {};
        });
    if (!read) return std::unexpected(read.error());
    return found;
  }

 private:
  [[nodiscard]] Status read_sessions() {
    return rows_.each_row(
        fmt::format("SELECT number, \"user\", client_id, expiry_s, parked_at, subscriptions, "
                    "received, will, will_due, will_expiry_s, signed_in_as, generation "
                    "FROM {}session ORDER BY number",
                    prefix_),
        [this](const auto& row) -> Status {
          found_.highest_number = std::max(found_.highest_number, row.integer(0));
          auto session = from_columns(SessionColumns{.number = row.integer(0),
                                                     .user = row.bytes(1),
                                                     .client_id = row.bytes(2),
                                                     .expiry_s = row.integer(3),
                                                     .parked_at_ms = row.integer(4),
                                                     .subscriptions = std::string(row.bytes(5)),
                                                     .received = std::string(row.bytes(6)),
                                                     .will = std::string(row.bytes(7)),
                                                     .will_due_ms = row.integer(8),
                                                     .will_expiry_s = row.integer(9),
                                                     .signed_in_as = row.integer(10),
                                                     .generation = row.integer(11)});
          if (!session) return ++found_.unreadable, Status();
          places_.emplace(session->number, found_.sessions.size());
          found_.sessions.push_back(std::move(*session));
          return {};
        });
  }
  [[nodiscard]] Status read_messages() {
    return rows_.each_row(
        fmt::format("SELECT session, sequence, stage, packet_id, expires_at, packet "
                    "FROM {}message ORDER BY session, sequence",
                    prefix_),
        [this](const auto& row) -> Status {
          found_.highest_number = std::max(found_.highest_number, row.integer(1));
          const auto place = places_.find(row.integer(0));
          if (place == places_.end()) return {};
          auto kept = from_columns(MessageColumns{.key = {row.integer(0), row.integer(1)},
                                                  .stage = row.integer(2),
                                                  .packet_id = row.integer(3),
                                                  .expires_at_ms = row.integer(4),
                                                  .packet = std::string(row.bytes(5))});
          if (!kept) return ++found_.unreadable, Status();
          found_.sessions[place->second].messages.push_back(std::move(*kept));
          return {};
        });
  }
  [[nodiscard]] Status read_retained() {
    return rows_.each_row(
        fmt::format("SELECT topic, expires_at, packet, device FROM {}retained", prefix_),
        [this](const auto& row) -> Status {
          auto change = from_columns(RetainedColumns{.topic = row.bytes(0),
                                                     .expires_at_ms = row.integer(1),
                                                     .packet = row.bytes(2),
                                                     .device = row.integer(3)});
          if (!change) return ++found_.unreadable, Status();
          found_.retained.push_back(std::move(*change));
          return {};
        });
  }

  Rows& rows_;
  const std::string_view prefix_;
  ReadRows found_;
  std::unordered_map<std::int64_t, std::size_t> places_;  // of sessions, by number
};

}  // namespace gridloom::mqtt
