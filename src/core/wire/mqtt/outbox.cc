// The delivery queue; see the header.
#include "wire/mqtt/outbox.h"

#include <algorithm>
#include <utility>

namespace gridloom::wire::mqtt {

// Marks that are not yet in the log are made again: the connection that was to report them as safe
// may have ended.
void Outbox::open(const ConnectionParameters& terms) {
  terms_ = terms;
  aliases_.clear();
  for (Released& released : released_) {
    released.release = Release::kDue;
    if (is_logged(released.step)) continue;
    released.step = add_step(DeliveryStep::Step::kReleased, released.number, released.packet_id);
  }
  for (Sent& sent : sent_) {
    sent.again |= !std::exchange(sent.due, true);
    if (is_logged(sent.step)) continue;
    sent.step = add_step(DeliveryStep::Step::kNumbered, sent.entry.number, sent.packet_id);
  }
  due_ = in_flight();
  held_releases_ = 0;
  for (Entry& entry : at_least_once_) entry.waited = true;
}

std::uint64_t Outbox::add_step(DeliveryStep::Step step, std::int64_t number,
                               std::uint16_t packet_id) {
  if (number == 0) return 0;
  steps_.push_back({.step = step, .number = number, .packet_id = packet_id});
  return ++steps_made_;
}

void Outbox::steps_are_logged(std::uint64_t up_to) { logged_ = std::max(logged_, up_to); }

void Outbox::forget(const Entry& entry) {
  held_.release(bytes_of(*entry.message));
  add_step(DeliveryStep::Step::kDone, entry.number);
}

void Outbox::close() {
  while (!at_most_once_.empty()) forget(take(at_most_once_));
  // Logs the packet ids, so that messages are sent again with the same ids, also after a crash.
  for (const Sent& sent : sent_) {
    if (sent.step == 0) add_step(DeliveryStep::Step::kNumbered, sent.entry.number, sent.packet_id);
  }
}

std::vector<Outbox::Kept> Outbox::kept() const {
  std::vector<Kept> all;
  all.reserve(in_flight() + at_least_once_.size());
  for (const Released& released : released_) {
    all.push_back({.stage = DeliveryState::kReleased,
                   .packet_id = released.packet_id,
                   .entry = {.qos = Qos::kExactlyOnce, .number = released.number}});
  }
  for (const Sent& sent : sent_) {
    all.push_back(
        {.stage = DeliveryState::kSent, .packet_id = sent.packet_id, .entry = sent.entry});
  }
  for (const Entry& entry : at_least_once_) {
    all.push_back({.stage = DeliveryState::kWaiting, .packet_id = 0, .entry = entry});
  }
  return all;
}

void Outbox::restore(Kept kept) {
  kept.entry.sequence = next_sequence_++;
  if (kept.entry.message && !make_room(bytes_of(*kept.entry.message))) {
    add_step(DeliveryStep::Step::kDone, kept.entry.number);
    return;
  }
  switch (kept.stage) {
    case DeliveryState::kReleased:
      released_.push_back({.packet_id = kept.packet_id, .number = kept.entry.number});
      break;
    case DeliveryState::kSent:
      last_packet_id_ = kept.packet_id;
      sent_bytes_ += bytes_of(*kept.entry.message);
      sent_.push({.packet_id = kept.packet_id, .entry = std::move(kept.entry)});
      break;
    case DeliveryState::kWaiting:
      waiting_bytes_ += bytes_of(*kept.entry.message);
      at_least_once_.push(std::move(kept.entry));
      drop_beyond_limits();
      break;
  }
}

void Outbox::push(MessagePtr message, const DeliverOptions& options) {
  const bool fits = encodable(*message);
  if (!fits) ++dropped_.too_large;
  const std::size_t bytes = bytes_of(*message);
  if (!fits || !make_room(bytes)) {
    add_step(DeliveryStep::Step::kDone, options.number);
    return;
  }
  waiting_bytes_ += bytes;
  (options.qos != Qos::kAtMostOnce ? at_least_once_ : at_most_once_)
      .push({.message = std::move(message),
             .qos = options.qos,
             .retain = options.retain,
             .subscription_ids = {options.subscription_ids.begin(), options.subscription_ids.end()},
             .sequence = next_sequence_++,
             .share = options.share,
             .number = options.number});
  drop_beyond_limits();
}

void Outbox::remove_if(const std::function<bool(const Message&)>& unwanted, Sending sending) {
  for (Queue* queue : {&at_most_once_, &at_least_once_}) {
    Queue rest;
    while (!queue->empty()) {
      Entry entry = take(*queue);
      if (unwanted(*entry.message)) {
        forget(entry);
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
    const bool stays = sending == Sending::kYes && !sent.due;
    if (stays || !unwanted(*sent.entry.message)) {
      rest.push(std::move(sent));
      continue;
    }
    if (sent.due) --due_;
    sent_bytes_ -= bytes_of(*sent.entry.message);
    forget(sent.entry);
  }
  sent_ = std::move(rest);
}

void Outbox::drop_oldest() {
  forget(take(at_most_once_.empty() ? at_least_once_ : at_most_once_));
  ++dropped_.queue_full;
}

void Outbox::drop_beyond_limits() {
  while (waiting() > terms_.queue_messages || waiting_bytes_ > terms_.queue_bytes) drop_oldest();
}

// Takes bytes from the budget, dropping waiting messages if necessary. False if there is nothing
// left to drop; the message then counts as dropped.
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
  if (sent.due) --due_;
  sent_bytes_ -= bytes_of(*sent.entry.message);
  return sent;
}

const Outbox::Queue* Outbox::next() const {
  const bool may_send = due_ == 0 && window_is_open();
  const Queue* later = may_send && !at_least_once_.empty() ? &at_least_once_ : nullptr;
  if (at_most_once_.empty()) return later;
  if (later != nullptr && later->front().sequence < at_most_once_.front().sequence) return later;
  return &at_most_once_;
}

std::vector<Outbox::Released>::const_iterator Outbox::next_release() const {
  if (due_ == 0 && held_releases_ == 0) return released_.end();
  const bool room = in_flight() - due_ < terms_.window;
  return std::ranges::find_if(released_, [&](const Released& released) {
    if (released.release == Release::kSent || !is_logged(released.step)) return false;
    return released.release == Release::kHeld || room;
  });
}

Fifo<Outbox::Sent>::ConstIterator Outbox::next_due() const {
  if (due_ == 0 || in_flight() - due_ >= terms_.window) return sent_.end();
  const auto first = std::ranges::find(sent_, true, &Sent::due);
  return first == sent_.end() || is_logged(first->step) ? first : sent_.end();
}

void Outbox::pump(std::string& out, std::size_t enough_bytes, TimePoint now) {
  while (out.size() < enough_bytes) {
    // Keeps the earlier order: first the messages the client has (PUBREL), then those it may lack.
    if (const auto released = next_release(); released != released_.end()) {
      send_release(out, released_[static_cast<std::size_t>(released - released_.begin())]);
      continue;
    }
    if (const auto sent = next_due(); sent != std::as_const(sent_).end()) {
      send_due(out, *(sent_.begin() + (sent - std::as_const(sent_).begin())), now);
      continue;
    }
    number_next(now);
    const Queue* queue = next();
    if (queue == nullptr) return;
    send_next(out, take(queue == &at_most_once_ ? at_most_once_ : at_least_once_), now);
  }
}

void Outbox::send_release(std::string& out, Released& released) {
  --(released.release == Release::kDue ? due_ : held_releases_);
  released.release = Release::kSent;
  encode(out, Pubrel{.packet_id = released.packet_id}, terms_.version);
}

void Outbox::send_due(std::string& out, Sent& sent, TimePoint now) {
  --due_;
  sent.due = false;
  const Publish packet{.dup = sent.again || sent.entry.maybe_sent, .packet_id = sent.packet_id};
  if (write(out, sent.entry, packet, now) == Written::kDone) return;
  forget(take_sent(find_sent(sent.packet_id)).entry);
}

// Whether the last sent entry got its packet id on this connection and waits to be sent. Such
// entries are behind all entries from an earlier connection.
bool Outbox::is_numbering() const {
  return !sent_.empty() && sent_.back().due && !sent_.back().again;
}

void Outbox::number_next(TimePoint now) {
  while (!at_least_once_.empty() && window_is_open()) {
    const Entry& front = at_least_once_.front();
    const bool waits_for_log =
        front.number != 0 && (front.qos == Qos::kExactlyOnce || front.waited ||
                              free_packet_id(front.number) != packet_id_of(front.number));
    if (due_ == 0 ? !waits_for_log : !is_numbering()) return;
    if (!at_most_once_.empty() && at_most_once_.front().sequence < front.sequence) return;
    Entry entry = take(at_least_once_);
    if (entry.message->expires_at && *entry.message->expires_at <= now) {
      ++dropped_.expired;
      forget(entry);
      continue;
    }
    const std::uint16_t packet_id = free_packet_id(entry.number);
    const std::uint64_t waits_for =
        waits_for_log ? add_step(DeliveryStep::Step::kNumbered, entry.number, packet_id) : 0;
    last_packet_id_ = packet_id;
    ++due_;
    sent_bytes_ += bytes_of(*entry.message);
    sent_.push({.packet_id = packet_id, .due = true, .step = waits_for, .entry = std::move(entry)});
  }
}

void Outbox::send_next(std::string& out, Entry entry, TimePoint now) {
  const bool counts = entry.qos != Qos::kAtMostOnce;
  if (entry.message->expires_at && *entry.message->expires_at <= now) {
    ++dropped_.expired;
    return forget(entry);
  }
  const Publish packet{.dup = entry.maybe_sent,
                       .packet_id = counts ? free_packet_id(entry.number) : std::uint16_t{0}};
  if (counts) last_packet_id_ = packet.packet_id;
  if (write(out, entry, packet, now) == Written::kDropped || !counts) return forget(entry);
  sent_bytes_ += bytes_of(*entry.message);
  sent_.push({.packet_id = packet.packet_id, .entry = std::move(entry)});
}

// `packet` has DUP and the packet id set by the caller.
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

std::uint16_t Outbox::free_packet_id(std::int64_t number) const {
  const auto is_taken = [this](std::uint16_t id) {
    return std::ranges::find(sent_, id, &Sent::packet_id) != sent_.end() ||
           std::ranges::find(released_, id, &Released::packet_id) != released_.end();
  };
  std::uint16_t id = number == 0 ? last_packet_id_ : packet_id_of(number) - 1;
  do {
    ++id;
  } while (id == 0 || is_taken(id));
  return id;
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
  forget(take_sent(found).entry);
  return {};
}

Decoded<std::optional<Pubrel>> Outbox::on_pubrec(std::uint16_t packet_id, Reason reason) {
  Pubrel release{.packet_id = packet_id, .reason = Reason::kSuccess};
  const auto found = find_sent(packet_id);
  if (found == sent_.end()) {
    if (is_refusal(reason)) return std::nullopt;
    const auto released = find_released(packet_id);
    if (released == released_.end()) {
      release.reason = Reason::kPacketIdNotFound;
    } else if (released->release != Release::kSent) {
      return std::nullopt;
    }
    return release;
  }
  if (found->entry.qos != Qos::kExactlyOnce) {
    return std::unexpected(Violation{Reason::kProtocolError, "it answers a message of QoS 1"});
  }
  const Entry entry = take_sent(found).entry;
  if (is_refusal(reason)) {
    forget(entry);
    return std::nullopt;
  }
  held_.release(bytes_of(*entry.message));
  const std::uint64_t waits_for = add_step(DeliveryStep::Step::kReleased, entry.number, packet_id);
  released_.push_back({.packet_id = packet_id,
                       .release = waits_for != 0 ? Release::kHeld : Release::kSent,
                       .step = waits_for,
                       .number = entry.number});
  if (waits_for == 0) return release;
  ++held_releases_;
  return std::nullopt;
}

Decoded<void> Outbox::on_pubcomp(std::uint16_t packet_id) {
  const auto found = find_released(packet_id);
  if (found == released_.end()) {
    if (find_sent(packet_id) == sent_.end()) return {};
    return std::unexpected(
        Violation{Reason::kProtocolError, "it answers a message that was not released"});
  }
  if (found->release == Release::kDue) --due_;
  if (found->release == Release::kHeld) --held_releases_;
  add_step(DeliveryStep::Step::kDone, found->number);
  released_.erase(found);
  return {};
}

}  // namespace gridloom::wire::mqtt
