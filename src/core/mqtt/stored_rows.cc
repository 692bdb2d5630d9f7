#include "mqtt/stored_rows.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "hub/clients/session_changes.h"
#include "wire/mqtt/message.h"

namespace gridloom::mqtt {
namespace {

using wire::mqtt::message_in;
using wire::mqtt::Outbox;
using wire::mqtt::packet_of;
using wire::mqtt::stored_ms;
using wire::mqtt::time_of;

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

std::optional<StoredSession> session_in(const SessionRow& row) {
  auto subscriptions = hub::subscriptions_in(row.subscriptions);
  if (!subscriptions) return std::nullopt;
  StoredSession session{.number = row.number,
                        .user = row.user,
                        .signed_in_as = row.signed_in_as,
                        .generation = row.generation,
                        .client_id = row.client_id,
                        .expiry_s = static_cast<std::uint32_t>(row.expiry_s),
                        .parked_at = time_of(row.parked_at_ms),
                        .subscriptions = std::move(*subscriptions),
                        .received = ids_in(row.received)};
  if (const auto will = message_in(row.will, std::nullopt)) {
    session.will.emplace(wire::mqtt::Will{
        .message = *will->message, .qos = will->flags.qos, .retain = will->flags.retain});
    if (row.will_expiry_s >= 0) {
      session.will->expiry_s = static_cast<std::uint32_t>(row.will_expiry_s);
    }
    session.will_due = time_of(row.will_due_ms);
  }
  return session;
}

std::optional<Outbox::Kept> message_of(const MessageRow& row) {
  Outbox::Kept kept{.stage = static_cast<Outbox::DeliveryState>(row.stage),
                    .packet_id = static_cast<std::uint16_t>(row.packet_id),
                    .entry = {.qos = wire::mqtt::Qos::kExactlyOnce, .number = row.number}};
  if (kept.stage == Outbox::DeliveryState::kReleased) return kept;
  const auto message = message_in(row.packet, time_of(row.expires_at_ms));
  if (!message || kept.stage > Outbox::DeliveryState::kReleased) return std::nullopt;
  kept.entry.message = message->message;
  kept.entry.qos = message->flags.qos;
  kept.entry.retain = message->flags.retain;
  kept.entry.subscription_ids = message->flags.subscription_ids;
  return kept;
}

}  // namespace

SessionRow session_in(const tables::RowView& row) {
  return {.number = row.integer(0),
          .user = std::string(row.bytes(1)),
          .client_id = std::string(row.bytes(2)),
          .expiry_s = row.integer(3),
          .parked_at_ms = row.integer(4),
          .subscriptions = std::string(row.bytes(5)),
          .received = std::string(row.bytes(6)),
          .will = std::string(row.bytes(7)),
          .will_due_ms = row.integer(8),
          .will_expiry_s = row.integer(9),
          .signed_in_as = row.integer(10),
          .generation = row.integer(11)};
}

MessageRow message_in(const tables::RowView& row) {
  return {.session = row.integer(0),
          .number = row.integer(1),
          .stage = row.integer(2),
          .packet_id = row.integer(3),
          .expires_at_ms = row.integer(4),
          .packet = std::string(row.bytes(5))};
}

RetainedRow retained_in(const tables::RowView& row) {
  return {.topic = row.bytes(0),
          .expires_at_ms = row.integer(1),
          .packet = row.bytes(2),
          .device = row.integer(3)};
}

SessionRow row_of(const StoredSession& session) {
  SessionRow row{.number = session.number,
                 .user = session.user,
                 .client_id = session.client_id,
                 .expiry_s = session.expiry_s,
                 .parked_at_ms = stored_ms(session.parked_at),
                 .subscriptions = hub::packets_of(session.subscriptions),
                 .received = bytes_of(session.received),
                 .will = {},
                 .will_due_ms = stored_ms(session.will_due),
                 .signed_in_as = session.signed_in_as,
                 .generation = session.generation};
  if (session.will) {
    row.will = packet_of(session.will->message,
                         {.qos = session.will->qos, .retain = session.will->retain});
    if (session.will->expiry_s) row.will_expiry_s = *session.will->expiry_s;
  }
  return row;
}

std::optional<MessageRow> row_of(const PendingRows::MessageKey& key,
                                 const PendingRows::Message& message) {
  MessageRow row{.session = key.first,
                 .number = key.second,
                 .stage = static_cast<std::int64_t>(message.stage),
                 .packet_id = message.packet_id,
                 .expires_at_ms = message.expires_at_ms,
                 .packet = {}};
  if (!message.packet) return row;
  const auto read = message_in(*message.packet, std::nullopt);
  if (!read) {
    spdlog::error(
        "a message queued for session {} is dropped: its bytes in the log are not a PUBLISH packet",
        row.session);
    return std::nullopt;
  }
  row.packet = packet_of(*read->message, message.flags);
  return row;
}

void RowReader::add(const SessionRow& row) {
  rows_.highest_number = std::max(rows_.highest_number, row.number);
  if (pending_->ended().contains(row.number) || pending_->sessions().contains(row.number)) return;
  auto session = session_in(row);
  if (!session) {
    ++rows_.unreadable;
    return;
  }
  add_session(std::move(*session));
}

void RowReader::add_session(StoredSession session) {
  places_.emplace(session.number, rows_.sessions.size());
  rows_.sessions.push_back(std::move(session));
}

void RowReader::add_pending_sessions() {
  if (std::exchange(has_pending_sessions_, true)) return;
  for (const auto& [number, session] : pending_->sessions()) add_session(session);
}

void RowReader::add(const MessageRow& row) {
  rows_.highest_number = std::max(rows_.highest_number, row.number);
  const auto& messages = pending_->messages();
  const auto found = messages.find({row.session, row.number});
  if (found == messages.end()) {
    if (!pending_->ended().contains(row.session)) keep(row);
    return;
  }
  const PendingRows::Message& message = found->second;
  if (message.done || message.is_new) return;
  if (message.stage == Outbox::DeliveryState::kReleased) return;
  MessageRow sent = row;
  sent.stage = static_cast<std::int64_t>(message.stage);
  sent.packet_id = message.packet_id;
  keep(sent);
}

void RowReader::keep(const MessageRow& row) {
  add_pending_sessions();
  const auto place = places_.find(row.session);
  if (place == places_.end()) return;
  auto message = message_of(row);
  if (!message) {
    ++rows_.unreadable;
    return;
  }
  rows_.sessions[place->second].messages.push_back(std::move(*message));
}

void RowReader::add(const RetainedRow& row) {
  if (!pending_->retained().contains(std::string(row.topic))) keep(row);
}

void RowReader::keep(const RetainedRow& row) {
  const auto message = message_in(row.packet, time_of(row.expires_at_ms));
  if (!message) {
    ++rows_.unreadable;
    return;
  }
  rows_.retained.push_back({.topic = std::string(row.topic),
                            .message = message->message,
                            .qos = message->flags.qos,
                            .device = row.device});
}

ReadRows RowReader::take() {
  add_pending_sessions();
  for (const auto& [key, message] : pending_->messages()) {
    const bool is_whole = message.is_new || message.stage == Outbox::DeliveryState::kReleased;
    if (message.done || !is_whole) continue;
    if (const auto row = row_of(key, message)) keep(*row);
  }
  for (const auto& [topic, retained] : pending_->retained()) {
    if (retained.packet.empty()) continue;
    keep({.topic = topic,
          .expires_at_ms = retained.expires_at_ms,
          .packet = retained.packet,
          .device = retained.device});
  }
  rows_.highest_number = std::max(rows_.highest_number, pending_->highest_number());
  std::ranges::sort(rows_.sessions, {}, &StoredSession::number);
  for (StoredSession& session : rows_.sessions) {
    std::ranges::sort(session.messages, {},
                      [](const Outbox::Kept& kept) { return kept.entry.number; });
    infer_sent(session);
  }
  return std::move(rows_);
}

}  // namespace gridloom::mqtt
