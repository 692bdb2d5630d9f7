#include "mqtt/pending_rows.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string_view>
#include <variant>

#include "mqtt/stored_packets.h"
#include "wire/mqtt/stored_message.h"

namespace gridloom::mqtt {
namespace {

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

SessionColumns columns_of(const StoredSession& session) {
  SessionColumns row{.number = session.number,
                     .user = session.user,
                     .client_id = session.client_id,
                     .expiry_s = session.expiry_s,
                     .parked_at_ms = stored_ms(session.parked_at),
                     .subscriptions = packets_of(session.subscriptions),
                     .received = bytes_of(session.received),
                     .will = {},
                     .will_due_ms = stored_ms(session.will_due),
                     .signed_in_as = session.signed_in_as,
                     .generation = session.generation};
  if (!session.will) return row;
  row.will =
      packet_of(session.will->message, {.qos = session.will->qos, .retain = session.will->retain});
  if (session.will->expiry_s) row.will_expiry_s = *session.will->expiry_s;
  return row;
}

}  // namespace

std::optional<StoredSession> from_columns(const SessionColumns& row) {
  auto subscriptions = subscriptions_in(row.subscriptions);
  if (!subscriptions) return std::nullopt;
  StoredSession session{.number = row.number,
                        .user = std::string(row.user),
                        .signed_in_as = row.signed_in_as,
                        .generation = row.generation,
                        .client_id = std::string(row.client_id),
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

std::optional<Outbox::Kept> from_columns(const MessageColumns& row) {
  Outbox::Kept kept{.stage = static_cast<Outbox::DeliveryState>(row.stage),
                    .packet_id = static_cast<std::uint16_t>(row.packet_id),
                    .entry = {.qos = wire::mqtt::Qos::kExactlyOnce, .number = row.key.second}};
  if (kept.stage == Outbox::DeliveryState::kReleased) return kept;
  const auto message = message_in(row.packet, time_of(row.expires_at_ms));
  if (!message || kept.stage > Outbox::DeliveryState::kReleased) return std::nullopt;
  kept.entry.message = message->message;
  kept.entry.qos = message->flags.qos;
  kept.entry.retain = message->flags.retain;
  kept.entry.subscription_ids = message->flags.subscription_ids;
  return kept;
}

std::optional<hub::RetainedChange> from_columns(const RetainedColumns& row) {
  const auto message = message_in(row.packet, time_of(row.expires_at_ms));
  if (!message) return std::nullopt;
  return hub::RetainedChange{.topic = std::string(row.topic),
                             .message = message->message,
                             .qos = message->flags.qos,
                             .device = row.device};
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

Status PendingRows::write(SessionRowWriter& to, const Wrote& wrote) const {
  for (const std::int64_t session : ended_) {
    Status status = to.remove_session(session);
    if (status) status = wrote(kRowBytes);
    if (!status) return status;
  }
  for (const auto& [number, session] : sessions_) {
    Status status = to.put(columns_of(session));
    if (status) status = wrote(kRowBytes + session.subscriptions.size() * kRowBytes);
    if (!status) return status;
  }
  for (const auto& [key, row] : messages_) {
    Status status = write(to, key, row);
    if (status) status = wrote(kRowBytes + (row.packet ? row.packet->size() : 0));
    if (!status) return status;
  }
  for (const auto& [topic, row] : retained_) {
    Status status = row.packet.empty() ? to.remove_retained(topic)
                                       : to.put(RetainedColumns{.topic = topic,
                                                                .expires_at_ms = row.expires_at_ms,
                                                                .packet = row.packet,
                                                                .device = row.device});
    if (status) status = wrote(kRowBytes + row.packet.size());
    if (!status) return status;
  }
  return {};
}

Status PendingRows::write(SessionRowWriter& to, const MessageKey& key, const MessageRow& row) {
  if (row.done) return to.remove_message(key);
  MessageColumns columns{.key = key,
                         .stage = static_cast<std::int64_t>(row.stage),
                         .packet_id = row.packet_id,
                         .expires_at_ms = row.expires_at_ms,
                         .packet = {}};
  if (!row.is_new && row.stage == Outbox::DeliveryState::kSent) return to.update_stage(columns);
  if (row.packet) {
    const auto message = message_in(*row.packet, std::nullopt);
    if (!message) {
      spdlog::error(
          "a message queued for session {} is dropped: its bytes in the log are not a PUBLISH "
          "packet",
          key.first);
      return {};
    }
    columns.packet = packet_of(*message->message, row.flags);
  }
  return to.put(columns);
}

}  // namespace gridloom::mqtt
