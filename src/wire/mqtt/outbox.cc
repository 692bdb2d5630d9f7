// The delivery queue; see the header.
#include "wire/mqtt/outbox.h"

#include <algorithm>

namespace gridloom::wire::mqtt {
namespace {

std::size_t bytes_of(const Message& message) {
  return message.topic.size() + message.payload.size();
}

}  // namespace

void Outbox::push(MessagePtr message, const DeliverOptions& options) {
  if (!encodable(*message)) {
    ++dropped_.too_large;
    return;
  }
  waiting_bytes_ += bytes_of(*message);
  Queue& queue = options.qos == Qos::kAtMostOnce ? at_most_once_ : at_least_once_;
  queue.push(
      {.message = std::move(message),
       .qos = options.qos,
       .retain = options.retain,
       .subscription_ids = {options.subscription_ids.begin(), options.subscription_ids.end()},
       .sequence = next_sequence_++});
  drop_beyond_limits();
}

void Outbox::drop_beyond_limits() {
  while (waiting() > terms_.queue_messages || waiting_bytes_ > terms_.queue_bytes) {
    take(at_most_once_.empty() ? at_least_once_ : at_most_once_);
    ++dropped_.queue_full;
  }
}

Outbox::Waiting Outbox::take(Queue& queue) {
  Waiting waiting = queue.pop();
  waiting_bytes_ -= bytes_of(*waiting.message);
  return waiting;
}

const Outbox::Queue* Outbox::next() const {
  const bool window_open = on_their_way_.size() < terms_.window;
  const Queue* later = window_open && !at_least_once_.empty() ? &at_least_once_ : nullptr;
  if (at_most_once_.empty()) return later;
  if (later != nullptr && later->front().sequence < at_most_once_.front().sequence) return later;
  return &at_most_once_;
}

void Outbox::pump(std::string& out, std::size_t enough_bytes, TimePoint now) {
  while (out.size() < enough_bytes) {
    const Queue* queue = next();
    if (queue == nullptr) return;
    write(out, take(queue == &at_most_once_ ? at_most_once_ : at_least_once_), now);
  }
}

void Outbox::write(std::string& out, const Waiting& waiting, TimePoint now) {
  const Message& message = *waiting.message;
  if (message.expires_at && *message.expires_at <= now) {
    ++dropped_.expired;
    return;
  }
  Publish packet{.qos = waiting.qos,
                 .retain = waiting.retain,
                 .topic = message.topic,
                 .packet_id = 0,
                 .payload = message.payload};
  if (terms_.version == Version::k5) {
    add_properties(packet.properties, message, now);
    for (const std::uint32_t id : waiting.subscription_ids) {
      packet.properties.add(PropertyId::kSubscriptionId, id);
    }
  }
  if (encoded_size(packet, terms_.version) > terms_.packet_bytes) {
    ++dropped_.too_large;
    return;
  }
  if (waiting.qos != Qos::kAtMostOnce) {
    packet.packet_id = free_packet_id();
    on_their_way_.push_back(
        {.packet_id = packet.packet_id,
         .awaits = waiting.qos == Qos::kAtLeastOnce ? Awaits::kPuback : Awaits::kPubrec});
  }
  encode(out, packet, terms_.version);
}

std::uint16_t Outbox::free_packet_id() {
  do {
    if (++last_packet_id_ == 0) last_packet_id_ = 1;
  } while (find(last_packet_id_) != on_their_way_.end());
  return last_packet_id_;
}

std::vector<Outbox::OnItsWay>::iterator Outbox::find(std::uint16_t packet_id) {
  return std::ranges::find(on_their_way_, packet_id, &OnItsWay::packet_id);
}

Decoded<void> Outbox::finish(std::uint16_t packet_id, Awaits expected, std::string_view otherwise) {
  const auto found = find(packet_id);
  if (found == on_their_way_.end()) return {};
  if (found->awaits != expected) {
    return std::unexpected(Violation{Reason::kProtocolError, otherwise});
  }
  on_their_way_.erase(found);
  return {};
}

Decoded<void> Outbox::on_puback(std::uint16_t packet_id) {
  return finish(packet_id, Awaits::kPuback, "it answers a message of QoS 2");
}

Decoded<std::optional<Pubrel>> Outbox::on_pubrec(std::uint16_t packet_id, Reason reason) {
  const auto found = find(packet_id);
  Pubrel release{.packet_id = packet_id, .reason = Reason::kSuccess};
  if (found == on_their_way_.end()) {
    if (is_refusal(reason)) return std::nullopt;
    release.reason = Reason::kPacketIdNotFound;
    return release;
  }
  if (found->awaits == Awaits::kPuback) {
    return std::unexpected(Violation{Reason::kProtocolError, "it answers a message of QoS 1"});
  }
  if (is_refusal(reason)) {
    on_their_way_.erase(found);
    return std::nullopt;
  }
  found->awaits = Awaits::kPubcomp;
  return release;
}

Decoded<void> Outbox::on_pubcomp(std::uint16_t packet_id) {
  return finish(packet_id, Awaits::kPubcomp, "it answers a message that was not released");
}

}  // namespace gridloom::wire::mqtt
