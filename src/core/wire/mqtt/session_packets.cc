// Handles the packets of a connected client, and the hub's answers to them; see session.h.
#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "wire/mqtt/session.h"
#include "wire/mqtt/topic.h"

namespace gridloom::wire::mqtt {
namespace {

constexpr PacketType type_of(const Connack&) { return PacketType::kConnack; }
constexpr PacketType type_of(const Suback&) { return PacketType::kSuback; }
constexpr PacketType type_of(const Unsuback&) { return PacketType::kUnsuback; }
constexpr PacketType type_of(const Pingresp&) { return PacketType::kPingresp; }

bool is_plain(const Publish& packet) {
  return !packet.retain && std::ranges::all_of(packet.properties.items(), [](const Property& one) {
    return one.id == PropertyId::kTopicAlias;
  });
}

PublishReceived event_of(const Publish& packet, Message message, AckToken token) {
  return {.message = std::make_shared<const Message>(std::move(message)),
          .qos = packet.qos,
          .retain = packet.retain,
          .dup = packet.dup,
          .token = token};
}

}  // namespace

void Session::dispatch(const Packet& packet) {
  std::visit([this](const auto& one) { on(one); }, packet);
}

template <typename Other>
void Session::on([[maybe_unused]] const Other& packet) {
  if constexpr (std::is_same_v<Other, Auth>) {
    end(Reason::kProtocolError, "AUTH: the CONNECT named no authentication method");
  } else {
    end(Reason::kProtocolError,
        fmt::format("{}: a packet that only a server sends", name_of(type_of(packet))));
  }
}

bool Session::within_limits(std::string_view topic) const {
  return topic.size() <= limits_.topic_bytes && levels(topic) <= limits_.topic_levels;
}

std::string Session::beyond_limits(std::string_view what) const {
  return fmt::format("{} is over {} bytes or {} levels", what, limits_.topic_bytes,
                     limits_.topic_levels);
}

// The topic of a PUBLISH: resolves a topic alias, or stores a new one.
Decoded<std::string_view> Session::topic_of(const Publish& packet) {
  const auto alias = packet.properties.number(PropertyId::kTopicAlias);
  if (!alias) return packet.topic;
  if (*alias > limits_.topic_alias_maximum) {
    return std::unexpected(
        Violation{Reason::kTopicAliasInvalid, "the topic alias is above the allowed maximum"});
  }
  if (packet.topic.empty()) {
    if (*alias > aliases_.size() || aliases_[*alias - 1].empty()) {
      return std::unexpected(
          Violation{Reason::kProtocolError, "the topic alias was never given a topic"});
    }
    return aliases_[*alias - 1];
  }
  if (*alias > aliases_.size()) aliases_.resize(*alias);
  aliases_[*alias - 1] = packet.topic;
  return packet.topic;
}

std::vector<Session::Received>::iterator Session::find_received(std::uint16_t packet_id) {
  const auto found = std::ranges::lower_bound(received_, packet_id, {}, &Received::packet_id);
  return found != received_.end() && found->packet_id == packet_id ? found : received_.end();
}

void Session::forget(std::vector<Received>::iterator received) {
  if (received->earlier) --earlier_;
  received_.erase(received);
}

// A 3.1.1 client never gets a receive maximum; wants_input() throttles it instead.
bool Session::has_room_for(const Publish& packet) const {
  return version_ == Version::k311 || packet.qos == Qos::kAtMostOnce ||
         puback_owed_ + received_.size() - earlier_ < limits_.receive_maximum;
}

void Session::on(const Publish& packet) {
  if (!within_limits(packet.topic)) {
    return end(Reason::kTopicNameInvalid, beyond_limits("PUBLISH: the topic"));
  }
  const auto topic = topic_of(packet);
  if (!topic) {
    std::string why = fmt::format("PUBLISH: {}", topic.error().detail);
    if (topic.error().reason == Reason::kTopicAliasInvalid) {
      why += fmt::format(" ({})", limits_.topic_alias_maximum);
    }
    return end(topic.error().reason, std::move(why));
  }
  if (packet.properties.has(PropertyId::kSubscriptionId)) {
    return end(Reason::kProtocolError, "PUBLISH: a client must not send a subscription identifier");
  }
  if (packet.qos == Qos::kExactlyOnce) {
    auto known = find_received(packet.packet_id);
    // Without DUP it is another message: the kept state of this packet id is out of date.
    if (known != received_.end() && known->earlier && !packet.dup) {
      forget(known);
      known = received_.end();
    }
    if (known != received_.end()) {
      // A retransmission. If the message still awaits the hub's answer, its PUBREC follows later.
      if (known->acknowledged) {
        send(Pubrec{packet.packet_id, Reason::kSuccess, {}});
      } else if (known->earlier) {
        known->earlier = false;
        --earlier_;
        ++answers_owed_;
      }
      return;
    }
  }
  if (!has_room_for(packet)) {
    return end(
        Reason::kReceiveMaximumExceeded,
        fmt::format("PUBLISH: more than {} are not acknowledged yet", limits_.receive_maximum));
  }
  if (packet.qos == Qos::kAtLeastOnce) ++puback_owed_;
  if (packet.qos == Qos::kExactlyOnce) {
    received_.insert(
        std::ranges::lower_bound(received_, packet.packet_id, {}, &Received::packet_id),
        Received{.packet_id = packet.packet_id});
  }
  if (packet.qos != Qos::kAtMostOnce) ++answers_owed_;
  const AckToken token{.packet_id = packet.packet_id, .qos = packet.qos};
  if (taker_ != nullptr && events_.empty() && is_plain(packet) &&
      taker_->take({.topic = *topic,
                    .payload = packet.payload,
                    .qos = packet.qos,
                    .dup = packet.dup,
                    .token = token})) {
    return;
  }
  events_.emplace_back(
      event_of(packet, message_of(*topic, packet.payload, packet.properties, now_), token));
}

void Session::acknowledge(AckToken token, Reason reason, std::string_view why) {
  if (connection_state_ != ConnectionState::kConnected || token.qos == Qos::kAtMostOnce) return;
  if (token.qos == Qos::kAtLeastOnce) {
    if (puback_owed_ == 0) return;
    --puback_owed_;
    --answers_owed_;
    return send_answer(Puback{token.packet_id, reason, {}}, why);
  }
  const auto received = find_received(token.packet_id);
  if (received == received_.end() || received->acknowledged) return;
  received->acknowledged = true;
  // From an earlier connection: the client sends the message again and gets its answer then.
  if (received->earlier) return;
  --answers_owed_;
  // In version 5 a refusal ends the exchange: no PUBREL will follow.
  if (version_ == Version::k5 && is_refusal(reason)) forget(received);
  send_answer(Pubrec{token.packet_id, reason, {}}, why);
}

void Session::on(const Pubrel& packet) {
  const auto received = find_received(packet.packet_id);
  if (received == received_.end()) {
    return send(Pubcomp{packet.packet_id, Reason::kPacketIdNotFound, {}});
  }
  if (!received->acknowledged) {
    return end(Reason::kProtocolError, "PUBREL: the message was not acknowledged by a PUBREC yet");
  }
  forget(received);
  if (!emits_releases_) return send(Pubcomp{packet.packet_id, Reason::kSuccess, {}});
  ++answers_owed_;
  events_.emplace_back(PublishReleased{packet.packet_id});
}

void Session::completed(std::uint16_t packet_id) {
  if (connection_state_ != ConnectionState::kConnected || answers_owed_ == 0) return;
  --answers_owed_;
  send(Pubcomp{packet_id, Reason::kSuccess, {}});
}

void Session::check(const Decoded<void>& outcome, PacketType type) {
  if (outcome) return pump();  // the client's window may have room again
  end(outcome.error().reason, fmt::format("{}: {}", name_of(type), outcome.error().detail));
}

void Session::on(const Puback& packet) {
  check(outbox_.on_puback(packet.packet_id), PacketType::kPuback);
}

void Session::on(const Pubcomp& packet) {
  check(outbox_.on_pubcomp(packet.packet_id), PacketType::kPubcomp);
}

void Session::on(const Pubrec& packet) {
  const auto release = outbox_.on_pubrec(packet.packet_id, packet.reason);
  if (!release) return check(std::unexpected(release.error()), PacketType::kPubrec);
  if (*release) send(**release);
  pump();
}

void Session::on(const Subscribe& packet) {
  if (packet.entries.size() > limits_.filters_per_packet) {
    return send_answer(
        Suback{packet.packet_id, {}, std::vector(packet.entries.size(), Reason::kQuotaExceeded)},
        fmt::format("a SUBSCRIBE has at most {} filters", limits_.filters_per_packet));
  }
  SubscribeRequested request{
      .token = {.packet_id = packet.packet_id,
                .filters = static_cast<std::uint16_t>(packet.entries.size())},
      .subscriptions = {},
      .subscription_id = packet.properties.number(PropertyId::kSubscriptionId)};
  request.subscriptions.reserve(packet.entries.size());
  for (const FilterEntry& entry : packet.entries) {
    if (!within_limits(entry.filter)) {
      return end(Reason::kTopicFilterInvalid, beyond_limits("SUBSCRIBE: a filter"));
    }
    request.subscriptions.push_back({.filter = std::string(entry.filter),
                                     .qos = entry.qos,
                                     .no_local = entry.no_local,
                                     .retain_as_published = entry.retain_as_published,
                                     .retain_handling = entry.retain_handling});
  }
  ++answers_owed_;
  events_.emplace_back(std::move(request));
}

void Session::on(const Unsubscribe& packet) {
  if (packet.filters.size() > limits_.filters_per_packet) {
    return end(Reason::kQuotaExceeded,
               fmt::format("UNSUBSCRIBE: more than {} filters", limits_.filters_per_packet));
  }
  ++answers_owed_;
  events_.emplace_back(
      UnsubscribeRequested{.token = {.packet_id = packet.packet_id,
                                     .filters = static_cast<std::uint16_t>(packet.filters.size())},
                           .filters = {packet.filters.begin(), packet.filters.end()}});
}

void Session::subscribed(RequestToken token, std::span<const Reason> reasons,
                         std::string_view why) {
  if (connection_state_ != ConnectionState::kConnected || answers_owed_ == 0) return;
  --answers_owed_;
  Suback packet{token.packet_id, {}, {reasons.begin(), reasons.end()}};
  packet.reasons.resize(token.filters, Reason::kUnspecifiedError);
  send_answer(std::move(packet), why);
}

void Session::unsubscribed(RequestToken token, std::span<const Reason> reasons) {
  if (connection_state_ != ConnectionState::kConnected || answers_owed_ == 0) return;
  --answers_owed_;
  Unsuback packet{token.packet_id, {}, {reasons.begin(), reasons.end()}};
  packet.reasons.resize(token.filters, Reason::kUnspecifiedError);
  send(packet);
}

void Session::deliver(MessagePtr message, const DeliverOptions& options, TimePoint now) {
  now_ = now;
  if (connection_state_ != ConnectionState::kConnected) return;
  outbox_.push(std::move(message), options);
  pump();
}

void Session::on(const Pingreq& /*packet*/) { send(Pingresp{}); }

void Session::on(const Disconnect& packet) {
  const auto expiry_s = packet.properties.number(PropertyId::kSessionExpiryS);
  if (expiry_s.value_or(0) != 0 && asked_expiry_s_ == 0) {
    return end(Reason::kProtocolError,
               "DISCONNECT: a session expiry, though the CONNECT asked for none");
  }
  const bool content = packet.reason == Reason::kSuccess;
  std::string why = content ? "the client disconnected"
                            : fmt::format("the client disconnected: {}", name_of(packet.reason));
  finish(packet.reason, std::move(why), content ? WillFate::kDiscard : fate_of_will());
  std::get<Ended>(events_.back()).session_expiry_s = expiry_s;
}

}  // namespace gridloom::wire::mqtt
