// The delivery queue; see the header.
#include "wire/mqtt/outbox.h"

#include <algorithm>

namespace gridloom::wire::mqtt {
void Outbox::open(const Terms& terms) {
  terms_ = terms;
  aliases_.clear();
  for (Sent& sent : sent_) sent.repeat = true;
  for (Released& released : released_) released.repeat = true;
  repeats_ = on_their_way();
}

void Outbox::close() {
  while (!at_most_once_.empty()) forget(take(at_most_once_));
}

std::vector<Outbox::Kept> Outbox::kept() const {
  std::vector<Kept> all;
  all.reserve(on_their_way() + at_least_once_.size());
  for (const Released& released : released_) {
    all.push_back({.stage = Stage::kReleased,
                   .packet_id = released.packet_id,
                   .entry = {.qos = Qos::kExactlyOnce, .sequence = released.sequence}});
  }
  for (const Sent& sent : sent_) {
    all.push_back({.stage = Stage::kSent, .packet_id = sent.packet_id, .entry = sent.entry});
  }
  for (const Entry& entry : at_least_once_) {
    all.push_back({.stage = Stage::kWaiting, .packet_id = 0, .entry = entry});
  }
  return all;
}

void Outbox::restore(Kept kept) {
  next_sequence_ = std::max(next_sequence_, kept.entry.sequence + 1);
  ++changes_;
  if (kept.entry.message && !make_room(bytes_of(*kept.entry.message))) return;
  switch (kept.stage) {
    case Stage::kReleased:
      released_.push_back(
          {.packet_id = kept.packet_id, .repeat = false, .sequence = kept.entry.sequence});
      break;
    case Stage::kSent:
      last_packet_id_ = kept.packet_id;
      sent_bytes_ += bytes_of(*kept.entry.message);
      sent_.push({.packet_id = kept.packet_id, .repeat = false, .entry = std::move(kept.entry)});
      break;
    case Stage::kWaiting:
      waiting_bytes_ += bytes_of(*kept.entry.message);
      at_least_once_.push(std::move(kept.entry));
      drop_beyond_limits();
      break;
  }
}

void Outbox::push(MessagePtr message, const DeliverOptions& options) {
  if (!encodable(*message)) {
    ++dropped_.too_large;
    return;
  }
  const std::size_t bytes = bytes_of(*message);
  if (!make_room(bytes)) return;
  waiting_bytes_ += bytes;
  const bool counts = options.qos != Qos::kAtMostOnce;
  if (counts) ++changes_;
  (counts ? at_least_once_ : at_most_once_)
      .push({.message = std::move(message),
             .qos = options.qos,
             .retain = options.retain,
             .subscription_ids = {options.subscription_ids.begin(), options.subscription_ids.end()},
             .sequence = next_sequence_++,
             .share = options.share});
  drop_beyond_limits();
}

void Outbox::remove_if(const std::function<bool(const Message&)>& unwanted, Sending sending) {
  for (Queue* queue : {&at_most_once_, &at_least_once_}) {
    Queue rest;
    while (!queue->empty()) {
      Entry entry = take(*queue);
      if (unwanted(*entry.message)) {
        forget(entry);
        ++changes_;
        continue;
      }
      waiting_bytes_ += bytes_of(*entry.message);
      rest.push(std::move(entry));
    }
    *queue = std::move(rest);
  }
  Fifo<Sent> rest;
  while (!sent_.empty()) {
    Sent sent = sent_.pop();
    const bool stays = sending == Sending::kYes && !sent.repeat;
    if (stays || !unwanted(*sent.entry.message)) {
      rest.push(std::move(sent));
      continue;
    }
    if (sent.repeat) --repeats_;
    sent_bytes_ -= bytes_of(*sent.entry.message);
    forget(sent.entry);
    ++changes_;
  }
  sent_ = std::move(rest);
}

void Outbox::drop_oldest() {
  forget(take(at_most_once_.empty() ? at_least_once_ : at_most_once_));
  ++changes_;
  ++dropped_.queue_full;
}

void Outbox::drop_beyond_limits() {
  while (waiting() > terms_.queue_messages || waiting_bytes_ > terms_.queue_bytes) drop_oldest();
}

// Takes from the budget. False: nothing that waits can make room; the message counts as dropped.
bool Outbox::make_room(std::size_t bytes) {
  while (!held_.take(bytes)) {
    if (waiting() == 0) {
      ++dropped_.queue_full;
      return false;
    }
    drop_oldest();
  }
  return true;
}

Outbox::Entry Outbox::take(Queue& queue) {
  Entry entry = queue.pop();
  waiting_bytes_ -= bytes_of(*entry.message);
  return entry;
}

Outbox::Sent Outbox::take_sent(Fifo<Sent>::Iterator at) {
  Sent sent = sent_.take(at);
  sent_bytes_ -= bytes_of(*sent.entry.message);
  forget(sent.entry);
  return sent;
}

const Outbox::Queue* Outbox::next() const {
  const bool window_open =
      repeats_ == 0 && on_their_way() < terms_.window && sent_bytes_ < terms_.queue_bytes;
  const Queue* later = window_open && !at_least_once_.empty() ? &at_least_once_ : nullptr;
  if (at_most_once_.empty()) return later;
  if (later != nullptr && later->front().sequence < at_most_once_.front().sequence) return later;
  return &at_most_once_;
}

bool Outbox::may_repeat() const {
  return repeats_ != 0 && on_their_way() - repeats_ < terms_.window;
}

void Outbox::pump(std::string& out, std::size_t enough_bytes, TimePoint now) {
  while (out.size() < enough_bytes) {
    if (may_repeat()) {
      repeat_one(out, now);
      continue;
    }
    const Queue* queue = next();
    if (queue == nullptr) return;
    send_next(out, take(queue == &at_most_once_ ? at_most_once_ : at_least_once_), now);
  }
}

// In the order of before: what the client has first, then what it may not have.
void Outbox::repeat_one(std::string& out, TimePoint now) {
  --repeats_;
  if (const auto released = std::ranges::find(released_, true, &Released::repeat);
      released != released_.end()) {
    released->repeat = false;
    return encode(out, Pubrel{.packet_id = released->packet_id}, terms_.version);
  }
  const auto sent = std::ranges::find(sent_, true, &Sent::repeat);
  sent->repeat = false;
  const Publish packet{.dup = true, .packet_id = sent->packet_id};
  if (write(out, sent->entry, packet, now) == Written::kDone) return;
  take_sent(sent);
  ++changes_;
}

void Outbox::send_next(std::string& out, Entry entry, TimePoint now) {
  const bool counts = entry.qos != Qos::kAtMostOnce;
  if (counts) ++changes_;
  if (entry.message->expires_at && *entry.message->expires_at <= now) {
    ++dropped_.expired;
    return forget(entry);
  }
  const Publish packet{.packet_id = counts ? free_packet_id() : std::uint16_t{0}};
  if (write(out, entry, packet, now) == Written::kDropped || !counts) return forget(entry);
  sent_bytes_ += bytes_of(*entry.message);
  sent_.push({.packet_id = packet.packet_id, .repeat = false, .entry = std::move(entry)});
}

// `packet` brings DUP and the packet id.
Outbox::Written Outbox::write(std::string& out, const Entry& entry, Publish packet, TimePoint now) {
  const Message& message = *entry.message;
  packet.qos = entry.qos;
  packet.retain = entry.retain;
  packet.topic = message.topic;
  packet.payload = message.payload;
  bool learns_alias = false;
  if (terms_.version == Version::k5) {
    add_properties(packet.properties, message, now);
    for (const std::uint32_t id : entry.subscription_ids) {
      packet.properties.add(PropertyId::kSubscriptionId, id);
    }
    const auto known = std::ranges::find(aliases_, message.topic);
    learns_alias = known == aliases_.end() && aliases_.size() < terms_.topic_aliases;
    if (learns_alias || known != aliases_.end()) {
      packet.properties.add(PropertyId::kTopicAlias,
                            static_cast<std::uint32_t>(known - aliases_.begin() + 1));
    }
    if (known != aliases_.end()) packet.topic = {};
  }
  if (encoded_size(packet, terms_.version) > terms_.packet_bytes) {
    ++dropped_.too_large;
    return Written::kDropped;
  }
  if (learns_alias) aliases_.push_back(message.topic);
  encode(out, packet, terms_.version);
  return Written::kDone;
}

std::uint16_t Outbox::free_packet_id() {
  do {
    if (++last_packet_id_ == 0) last_packet_id_ = 1;
  } while (find_sent(last_packet_id_) != sent_.end() ||
           find_released(last_packet_id_) != released_.end());
  return last_packet_id_;
}

Fifo<Outbox::Sent>::Iterator Outbox::find_sent(std::uint16_t packet_id) {
  return std::ranges::find(sent_, packet_id, &Sent::packet_id);
}

std::vector<Outbox::Released>::iterator Outbox::find_released(std::uint16_t packet_id) {
  return std::ranges::find(released_, packet_id, &Released::packet_id);
}

Decoded<void> Outbox::on_puback(std::uint16_t packet_id) {
  const auto found = find_sent(packet_id);
  if (found == sent_.end()) {
    if (find_released(packet_id) == released_.end()) return {};
    return std::unexpected(Violation{Reason::kProtocolError, "it answers a message of QoS 2"});
  }
  if (found->entry.qos != Qos::kAtLeastOnce) {
    return std::unexpected(Violation{Reason::kProtocolError, "it answers a message of QoS 2"});
  }
  if (take_sent(found).repeat) --repeats_;
  ++changes_;
  return {};
}

Decoded<std::optional<Pubrel>> Outbox::on_pubrec(std::uint16_t packet_id, Reason reason) {
  Pubrel release{.packet_id = packet_id, .reason = Reason::kSuccess};
  const auto found = find_sent(packet_id);
  if (found == sent_.end()) {
    if (is_refusal(reason)) return std::nullopt;
    if (find_released(packet_id) == released_.end()) release.reason = Reason::kPacketIdNotFound;
    return release;
  }
  if (found->entry.qos != Qos::kExactlyOnce) {
    return std::unexpected(Violation{Reason::kProtocolError, "it answers a message of QoS 1"});
  }
  const Sent sent = take_sent(found);
  if (sent.repeat) --repeats_;
  ++changes_;
  if (is_refusal(reason)) return std::nullopt;
  released_.push_back({.packet_id = packet_id, .repeat = false, .sequence = sent.entry.sequence});
  return release;
}

Decoded<void> Outbox::on_pubcomp(std::uint16_t packet_id) {
  const auto found = find_released(packet_id);
  if (found == released_.end()) {
    if (find_sent(packet_id) == sent_.end()) return {};
    return std::unexpected(
        Violation{Reason::kProtocolError, "it answers a message that was not released"});
  }
  if (found->repeat) --repeats_;
  released_.erase(found);
  ++changes_;
  return {};
}

}  // namespace gridloom::wire::mqtt
