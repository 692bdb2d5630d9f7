#include "mqtt/session_queue.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "hub/platform/credentials.h"
#include "wire/json.h"

namespace gridloom::mqtt {
namespace {

using wire::mqtt::Outbox;
using wire::mqtt::Qos;

// Messages that an ending session passes to the other members of its groups. A message of QoS 2
// that was sent goes to nobody else: its client may have it (MQTT 5, 4.8.2).
std::vector<hub::Delivery> left_to_others(const Outbox& outbox) {
  std::vector<hub::Delivery> left;
  for (Outbox::Kept& kept : outbox.kept()) {
    Outbox::Entry& entry = kept.entry;
    const bool may_be_taken =
        kept.stage != Outbox::DeliveryState::kWaiting && entry.qos != Qos::kAtLeastOnce;
    if (!entry.share || may_be_taken) continue;
    left.push_back({.message = std::move(entry.message),
                    .qos = entry.qos,
                    .retain = entry.retain,
                    .subscription_ids = {},
                    .share = std::move(entry.share),
                    .number = entry.number});
  }
  return left;
}

}  // namespace

SessionQueue::SessionQueue(AccountBudgetsPtr budgets)
    : budgets_(std::move(budgets)), kept_{.outbox = Outbox(budgets_->queued)} {}

void SessionQueue::hold(std::vector<hub::Delivery> deliveries, std::vector<hub::Ack> acks) {
  std::ranges::move(deliveries, std::back_inserter(held_));
  std::ranges::move(acks, std::back_inserter(held_acks_));
}

void SessionQueue::continue_from(SessionQueue older) {
  kept_ = std::move(older.kept_);
  counted_ = older.counted_;
}

void SessionQueue::queue_held(QosZero qos_zero) {
  for (const hub::Ack& ack : std::exchange(held_acks_, {})) kept_.answered(ack.token.packet_id);
  for (const hub::Delivery& delivery : std::exchange(held_, {})) {
    if (delivery.qos == Qos::kAtMostOnce && qos_zero == QosZero::kDropped) continue;
    push(delivery);
  }
}

void SessionQueue::add(const std::vector<hub::Delivery>& deliveries,
                       const std::vector<hub::Ack>& acks) {
  for (const hub::Delivery& delivery : deliveries) {
    if (delivery.qos != Qos::kAtMostOnce) push(delivery);
  }
  for (const hub::Ack& ack : acks) kept_.answered(ack.token.packet_id);
}

void SessionQueue::push(const hub::Delivery& delivery) {
  kept_.outbox.push(delivery.message, {.qos = delivery.qos,
                                       .retain = delivery.retain,
                                       .subscription_ids = delivery.subscription_ids,
                                       .share = delivery.share,
                                       .number = delivery.number});
}

void SessionQueue::restore(StoredSession& stored, const wire::mqtt::MqttLimits& limits,
                           const SessionSubscriptions& subscriptions) {
  kept_.received = std::move(stored.received);
  kept_.outbox.open({.queue_messages = limits.queue_messages, .queue_bytes = limits.queue_bytes});
  for (Outbox::Kept& kept : stored.messages) {
    if (kept.entry.message) kept.entry.share = subscriptions.shared_by(kept.entry.message->topic);
    kept_.outbox.restore(std::move(kept));
  }
}

wire::mqtt::SessionState SessionQueue::take() { return std::exchange(kept_, {}); }

void SessionQueue::put(wire::mqtt::SessionState state) { kept_ = std::move(state); }

TakenSteps SessionQueue::take_steps() {
  TakenSteps steps{.steps = kept_.outbox.take_steps()};
  steps.taken = kept_.outbox.steps_taken();
  return steps;
}

void SessionQueue::keep_permitted(const hub::Hub& hub, const hub::Identity& who) {
  const auto directory = hub.platform().registry.directory();
  kept_.outbox.remove_if(
      [&](const wire::mqtt::Message& message) {
        return !hub::may_receive(*directory, who, message.topic);
      },
      Outbox::Sending::kNo);
}

std::vector<hub::Delivery> SessionQueue::end() {
  std::vector<hub::Delivery> left = left_to_others(kept_.outbox);
  kept_ = {};
  held_.clear();
  held_acks_.clear();
  return left;
}

void SessionQueue::count_dropped(const hub::Client& session, const wire::mqtt::Dropped& so_far,
                                 hub::Hub& hub) {
  if (so_far == counted_) return;
  if (so_far.queue_full != 0 && counted_.queue_full == 0) {
    spdlog::warn("the queue of {} (client id {}) is full: its oldest messages are dropped",
                 session.identity().name,
                 wire::to_text(wire::Json(wire::shortened(session.client_id()))));
  }
  hub.count_dropped({.queue_full = so_far.queue_full - counted_.queue_full,
                     .expired = so_far.expired - counted_.expired,
                     .too_large = so_far.too_large - counted_.too_large});
  counted_ = so_far;
}

}  // namespace gridloom::mqtt
