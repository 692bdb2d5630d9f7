// For tests: what a session store has to load after changes, by a simple way.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "mqtt/session_store.h"
#include "wire/mqtt/message.h"

namespace gridloom::mqtt {

// The sessions with their messages, the retained messages and the streams.
class ExpectedSessions {
 public:
  void apply(std::string_view changes) {
    last_packet_.clear();
    hub::each_change(changes, [this](const hub::SessionChange& change) {
      streams_.apply(change);
      std::visit([this](const auto& one) { on(one); }, change);
    });
  }
  void set_record(std::uint64_t record) { streams_.set_record(record); }
  [[nodiscard]] std::uint64_t record() const { return streams_.record(); }
  // The highest number that any session, message or stream had.
  [[nodiscard]] std::int64_t highest() const { return std::max(highest_, streams_.highest()); }

  [[nodiscard]] SessionStore::Loaded loaded() const {
    SessionStore::Loaded loaded{.sessions = {}, .streams = streams_.all(), .retained = {}};
    for (const auto& [number, stored] : sessions_) {
      StoredSession& session = loaded.sessions.emplace_back(stored);
      for (auto row = messages_.lower_bound({number, 0});
           row != messages_.end() && row->first.first == number; ++row) {
        session.messages.push_back(row->second);
      }
      infer_sent(session);
    }
    for (const auto& [topic, retained] : retained_) loaded.retained.push_back(retained);
    return loaded;
  }

 private:
  using Kept = wire::mqtt::Outbox::Kept;
  using DeliveryState = wire::mqtt::Outbox::DeliveryState;

  void on(const hub::SessionKept& change) {
    highest_ = std::max(highest_, change.session);
    if (auto session = session_of(change)) {
      sessions_.insert_or_assign(change.session, std::move(*session));
    }
  }
  void on(const hub::SessionEnded& change) {
    sessions_.erase(change.session);
    messages_.erase(messages_.lower_bound({change.session, 0}),
                    messages_.lower_bound({change.session + 1, 0}));
  }
  void on(const hub::MessageKept& change) {
    highest_ = std::max(highest_, change.message);
    if (!change.packet.empty()) last_packet_ = change.packet;
    const auto message =
        wire::mqtt::message_in(last_packet_, wire::mqtt::time_of(change.expires_at_ms));
    if (!message) return;
    messages_.insert_or_assign({change.session, change.message},
                               Kept{.entry = {.message = message->message,
                                              .qos = change.flags.qos,
                                              .retain = change.flags.retain,
                                              .subscription_ids = change.flags.subscription_ids,
                                              .number = change.message}});
  }
  void on(const hub::MessageNumbered& change) {
    const auto row = messages_.find({change.session, change.message});
    if (row == messages_.end()) return;
    row->second.stage = DeliveryState::kSent;
    row->second.packet_id = change.packet_id;
  }
  void on(const hub::MessageReleased& change) {
    messages_.insert_or_assign(
        {change.session, change.message},
        Kept{.stage = DeliveryState::kReleased,
             .packet_id = change.packet_id,
             .entry = {.qos = wire::mqtt::Qos::kExactlyOnce, .number = change.message}});
  }
  void on(const hub::MessageDone& change) { messages_.erase({change.session, change.message}); }
  void on(const hub::RetainedKept& change) {
    std::string topic(change.topic);
    const auto message =
        wire::mqtt::message_in(change.packet, wire::mqtt::time_of(change.expires_at_ms));
    if (!message) {
      retained_.erase(topic);
      return;
    }
    retained_.insert_or_assign(topic, hub::RetainedChange{.topic = topic,
                                                          .message = message->message,
                                                          .qos = message->flags.qos,
                                                          .device = change.device});
  }
  template <typename OfStream>
  void on(const OfStream& /*change*/) {}

  std::map<std::int64_t, StoredSession> sessions_;
  std::map<std::pair<std::int64_t, std::int64_t>, Kept> messages_;  // by session and number
  std::map<std::string, hub::RetainedChange> retained_;
  StreamTable streams_;
  std::string last_packet_;
  std::int64_t highest_ = 0;
};

}  // namespace gridloom::mqtt
