#include "mqtt/pending_rows.h"

#include <algorithm>
#include <optional>
#include <variant>

namespace gridloom::mqtt {

using wire::mqtt::Outbox;

bool PendingRows::apply(const hub::SessionChange& change) {
  return std::visit([this](const auto& one) { return on(one); }, change);
}

void PendingRows::append(PendingRows later) {
  for (const std::int64_t session : later.ended_) end(session);
  for (auto& [number, session] : later.sessions_) {
    sessions_.insert_or_assign(number, std::move(session));
  }
  for (auto& [key, message] : later.messages_) {
    if (message.done) {
      remove(key);
    } else if (message.is_new) {
      keep(key, std::move(message));
    } else if (message.stage == Outbox::DeliveryState::kReleased) {
      release(key, message.packet_id);
    } else {
      number(key, message.packet_id);
    }
  }
  for (auto& [topic, retained] : later.retained_) {
    retained_.insert_or_assign(topic, std::move(retained));
  }
  highest_ = std::max(highest_, later.highest_);
}

bool PendingRows::empty() const { return size() == 0; }

std::size_t PendingRows::size() const {
  return ended_.size() + sessions_.size() + messages_.size() + retained_.size();
}

bool PendingRows::on(const hub::MessageKept& change) {
  if (!change.packet.empty()) last_packet_ = std::make_shared<const std::string>(change.packet);
  if (!last_packet_) return false;
  highest_ = std::max(highest_, change.message);
  keep({change.session, change.message}, Message{.is_new = true,
                                                 .expires_at_ms = change.expires_at_ms,
                                                 .flags = change.flags,
                                                 .packet = last_packet_});
  return true;
}

bool PendingRows::on(const hub::MessageNumbered& change) {
  number({change.session, change.message}, change.packet_id);
  return true;
}

bool PendingRows::on(const hub::MessageReleased& change) {
  release({change.session, change.message}, change.packet_id);
  return true;
}

bool PendingRows::on(const hub::MessageDone& change) {
  remove({change.session, change.message});
  return true;
}

bool PendingRows::on(const hub::SessionKept& change) {
  highest_ = std::max(highest_, change.session);
  auto session = session_of(change);
  if (!session) return false;
  sessions_.insert_or_assign(change.session, std::move(*session));
  return true;
}

bool PendingRows::on(const hub::SessionEnded& change) {
  end(change.session);
  return true;
}

bool PendingRows::on(const hub::RetainedKept& change) {
  retained_.insert_or_assign(std::string(change.topic),
                             Retained{.device = change.device,
                                      .expires_at_ms = change.expires_at_ms,
                                      .packet = std::string(change.packet)});
  return true;
}

void PendingRows::keep(const MessageKey& key, Message message) {
  if (message.packet) bytes_ += kRowBytes + message.packet->size();
  Message& present = messages_[key];
  forget(present);
  present = std::move(message);
}

void PendingRows::number(const MessageKey& key, std::uint16_t packet_id) {
  Message& message = messages_[key];
  message.stage = Outbox::DeliveryState::kSent;
  message.packet_id = packet_id;
}

void PendingRows::release(const MessageKey& key, std::uint16_t packet_id) {
  Message& message = messages_[key];
  forget(message);
  message.packet.reset();
  message.stage = Outbox::DeliveryState::kReleased;
  message.packet_id = packet_id;
}

void PendingRows::remove(const MessageKey& key) {
  const auto [row, unknown] = messages_.try_emplace(key);
  forget(row->second);
  if (row->second.is_new && key.second > stored_through_) {
    messages_.erase(row);
  } else {
    row->second = Message{.done = true};
  }
}

void PendingRows::end(std::int64_t session) {
  sessions_.erase(session);
  const auto first = messages_.lower_bound({session, 0});
  auto last = first;
  for (; last != messages_.end() && last->first.first == session; ++last) forget(last->second);
  messages_.erase(first, last);
  if (session <= stored_through_) ended_.insert(session);
}

void PendingRows::forget(const Message& message) {
  if (message.packet) bytes_ -= kRowBytes + message.packet->size();
}

}  // namespace gridloom::mqtt
