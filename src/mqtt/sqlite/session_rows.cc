#include "mqtt/sqlite/session_rows.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "mqtt/sqlite/session_tables.h"
#include "mqtt/stored_packets.h"
#include "wire/mqtt/stored_message.h"

namespace gridloom::mqtt {
namespace {

using storage::Blob;
using storage::Database;
using storage::Statement;
using wire::mqtt::message_in;
using wire::mqtt::Outbox;
using wire::mqtt::packet_of;
using wire::mqtt::stored_ms;
using wire::mqtt::time_of;

// Approximate size of a message besides its packet.
constexpr std::size_t kRowBytes = 200;

std::string bytes_of(const std::vector<std::uint16_t>& ids) {
  std::string bytes;
  for (const std::uint16_t id : ids) {
    bytes.push_back(static_cast<char>(id >> 8U));
    bytes.push_back(static_cast<char>(id & 0xFFU));
  }
  return bytes;
}
std::vector<std::uint16_t> ids_in(std::string_view bytes) {
  std::vector<std::uint16_t> ids;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const auto high = static_cast<unsigned char>(bytes[i]);
    const auto low = static_cast<unsigned char>(bytes[i + 1]);
    ids.push_back(static_cast<std::uint16_t>(high << 8U | low));
  }
  return ids;
}

std::optional<StoredSession> session_row(const Statement& row) {
  auto subscriptions = subscriptions_in(row.bytes(5));
  if (!subscriptions) return std::nullopt;
  StoredSession session{.number = row.integer(0),
                        .user = std::string(row.bytes(1)),
                        .signed_in_as = row.integer(10),
                        .generation = row.integer(11),
                        .client_id = std::string(row.bytes(2)),
                        .expiry_s = static_cast<std::uint32_t>(row.integer(3)),
                        .parked_at = time_of(row.integer(4)),
                        .subscriptions = std::move(*subscriptions),
                        .received = ids_in(row.bytes(6))};
  if (const auto will = message_in(row.bytes(7), std::nullopt)) {
    session.will.emplace(wire::mqtt::Will{
        .message = *will->message, .qos = will->flags.qos, .retain = will->flags.retain});
    if (row.integer(9) >= 0) session.will->expiry_s = static_cast<std::uint32_t>(row.integer(9));
    session.will_due = time_of(row.integer(8));
  }
  return session;
}

std::optional<Outbox::Kept> message_row(const Statement& row) {
  Outbox::Kept kept{.stage = static_cast<Outbox::DeliveryState>(row.integer(2)),
                    .packet_id = static_cast<std::uint16_t>(row.integer(3)),
                    .entry = {.qos = wire::mqtt::Qos::kExactlyOnce, .number = row.integer(1)}};
  if (kept.stage == Outbox::DeliveryState::kReleased) return kept;
  const auto message = message_in(row.bytes(5), time_of(row.integer(4)));
  if (!message || kept.stage > Outbox::DeliveryState::kReleased) return std::nullopt;
  kept.entry.message = message->message;
  kept.entry.qos = message->flags.qos;
  kept.entry.retain = message->flags.retain;
  kept.entry.subscription_ids = message->flags.subscription_ids;
  return kept;
}

Status read_sessions(Database& database, ReadRows& rows) {
  std::unordered_map<std::int64_t, std::size_t> places;
  Status status =
      database.each_row("SELECT * FROM session ORDER BY number", [&](const Statement& row) {
        rows.highest_number = std::max(rows.highest_number, row.integer(0));
        auto session = session_row(row);
        if (!session) return ++rows.unreadable, Status();
        places.emplace(session->number, rows.sessions.size());
        rows.sessions.push_back(std::move(*session));
        return Status();
      });
  if (!status) return status;
  status = database.each_row("SELECT * FROM message ORDER BY session, sequence",
                             [&](const Statement& row) {
                               rows.highest_number = std::max(rows.highest_number, row.integer(1));
                               const auto place = places.find(row.integer(0));
                               if (place == places.end()) return Status();
                               auto kept = message_row(row);
                               if (!kept) return ++rows.unreadable, Status();
                               rows.sessions[place->second].messages.push_back(std::move(*kept));
                               return Status();
                             });
  for (StoredSession& session : rows.sessions) infer_sent(session);
  return status;
}

Status read_retained(Database& database, ReadRows& rows) {
  return database.each_row("SELECT * FROM retained", [&](const Statement& row) {
    const auto message = message_in(row.bytes(2), time_of(row.integer(1)));
    if (!message) return ++rows.unreadable, Status();
    rows.retained.push_back({.topic = std::string(row.bytes(0)),
                             .message = message->message,
                             .qos = message->flags.qos,
                             .device = row.integer(3)});
    return Status();
  });
}

}  // namespace

Result<ReadRows> read_rows(Database& database) {
  ReadRows rows;
  if (const Status read = read_sessions(database, rows); !read) {
    return std::unexpected(read.error());
  }
  if (const Status read = read_retained(database, rows); !read) {
    return std::unexpected(read.error());
  }
  return rows;
}

bool PendingRows::apply(const hub::SessionChange& change) {
  return std::visit([this](const auto& one) { return on(one); }, change);
}

bool PendingRows::empty() const {
  return ended_.empty() && sessions_.empty() && messages_.empty() && retained_.empty();
}

bool PendingRows::on(const hub::MessageKept& change) {
  if (!change.packet.empty()) last_packet_ = std::make_shared<const std::string>(change.packet);
  if (!last_packet_) return false;
  highest_ = std::max(highest_, change.message);
  bytes_ += kRowBytes + last_packet_->size();
  messages_.insert_or_assign({change.session, change.message},
                             MessageRow{.is_new = true,
                                        .expires_at_ms = change.expires_at_ms,
                                        .flags = change.flags,
                                        .packet = last_packet_});
  return true;
}

bool PendingRows::on(const hub::MessageNumbered& change) {
  MessageRow& row = messages_[{change.session, change.message}];
  row.stage = Outbox::DeliveryState::kSent;
  row.packet_id = change.packet_id;
  return true;
}

bool PendingRows::on(const hub::MessageReleased& change) {
  MessageRow& row = messages_[{change.session, change.message}];
  forget(row);
  row.packet.reset();
  row.stage = Outbox::DeliveryState::kReleased;
  row.packet_id = change.packet_id;
  return true;
}

bool PendingRows::on(const hub::MessageDone& change) {
  const auto [row, unknown] = messages_.try_emplace({change.session, change.message});
  forget(row->second);
  if (row->second.is_new && change.message > highest_in_file_) {
    messages_.erase(row);
  } else {
    row->second = MessageRow{.done = true};
  }
  return true;
}

void PendingRows::forget(const MessageRow& row) {
  if (row.packet) bytes_ -= kRowBytes + row.packet->size();
}

bool PendingRows::on(const hub::SessionKept& change) {
  highest_ = std::max(highest_, change.session);
  auto session = session_of(change);
  if (!session) return false;
  sessions_.insert_or_assign(change.session, std::move(*session));
  return true;
}

bool PendingRows::on(const hub::SessionEnded& change) {
  sessions_.erase(change.session);
  const auto first = messages_.lower_bound({change.session, 0});
  auto end = first;
  for (; end != messages_.end() && end->first.first == change.session; ++end) forget(end->second);
  messages_.erase(first, end);
  ended_.insert(change.session);
  return true;
}

bool PendingRows::on(const hub::RetainedKept& change) {
  retained_.insert_or_assign(std::string(change.topic),
                             RetainedRow{.device = change.device,
                                         .expires_at_ms = change.expires_at_ms,
                                         .packet = std::string(change.packet)});
  return true;
}

Status PendingRows::write(Database& database, const Wrote& wrote) const {
  for (const std::int64_t session : ended_) {
    Status status = database.execute("DELETE FROM session WHERE number = ?", session);
    if (status) status = database.execute("DELETE FROM message WHERE session = ?", session);
    if (status) status = wrote(kRowBytes);
    if (!status) return status;
  }
  for (const auto& [number, session] : sessions_) {
    Status status = write(database, session);
    if (status) status = wrote(kRowBytes + session.subscriptions.size() * kRowBytes);
    if (!status) return status;
  }
  for (const auto& [key, row] : messages_) {
    Status status = write(database, key, row);
    if (status) status = wrote(kRowBytes + (row.packet ? row.packet->size() : 0));
    if (!status) return status;
  }
  for (const auto& [topic, row] : retained_) {
    Status status = write(database, topic, row);
    if (status) status = wrote(kRowBytes + row.packet.size());
    if (!status) return status;
  }
  return {};
}

Status PendingRows::write(Database& database, const StoredSession& session) {
  std::string will;
  if (session.will) {
    will = packet_of(session.will->message,
                     {.qos = session.will->qos, .retain = session.will->retain});
  }
  static const std::string sql = insert_into(kSessionTable);
  return database.execute(sql, session.number, std::string_view(session.user),
                          std::string_view(session.client_id), std::int64_t{session.expiry_s},
                          stored_ms(session.parked_at), Blob{packets_of(session.subscriptions)},
                          Blob{bytes_of(session.received)}, Blob{will}, stored_ms(session.will_due),
                          session.will && session.will->expiry_s
                              ? std::int64_t{*session.will->expiry_s}
                              : std::int64_t{-1},
                          session.signed_in_as, session.generation);
}

Status PendingRows::write(Database& database, const MessageKey& key, const MessageRow& row) {
  const auto [session, number] = key;
  if (row.done) {
    return database.execute("DELETE FROM message WHERE session = ? AND sequence = ?", session,
                            number);
  }
  if (!row.is_new && row.stage == Outbox::DeliveryState::kSent) {
    return database.execute(
        "UPDATE message SET stage = ?1, packet_id = ?2, "
        "checksum = row_checksum(2, session, sequence, ?1, ?2, expires_at, packet) "
        "WHERE session = ?3 AND sequence = ?4",
        static_cast<std::int64_t>(row.stage), std::int64_t{row.packet_id}, session, number);
  }
  std::string packet;
  if (row.packet) {
    const auto message = message_in(*row.packet, std::nullopt);
    if (!message) {
      spdlog::error(
          "a message queued for session {} is dropped: its bytes in the log are not a PUBLISH "
          "packet",
          session);
      return {};
    }
    packet = packet_of(*message->message, row.flags);
  }
  static const std::string sql = insert_into(kMessageTable);
  return database.execute(sql, session, number, static_cast<std::int64_t>(row.stage),
                          std::int64_t{row.packet_id}, row.expires_at_ms, Blob{packet});
}

Status PendingRows::write(Database& database, const std::string& topic, const RetainedRow& row) {
  if (row.packet.empty()) {
    return database.execute("DELETE FROM retained WHERE topic = ?", std::string_view(topic));
  }
  static const std::string sql = insert_into(kRetainedTable);
  return database.execute(sql, std::string_view(topic), row.expires_at_ms, Blob{row.packet},
                          row.device);
}

}  // namespace gridloom::mqtt
