#include "hub/delivery/durability_gate.h"

#include <map>
#include <utility>

#include "wire/mqtt/message.h"

namespace gridloom::hub {

DurabilityGate::DurabilityGate(const Platform& platform, Acknowledge acknowledge)
    : platform_(platform), acknowledge_(std::move(acknowledge)) {}

void DurabilityGate::acknowledge(const ClientPtr& client, const Ack& ack, std::uint64_t record) {
  if (is_durable(record)) return acknowledge_(client, ack);
  acks_.push_back({.record = record, .client = client, .ack = ack});
}

void DurabilityGate::deliver(std::vector<ClientDeliveries> deliveries, std::uint64_t record) {
  for (ClientDeliveries& each : deliveries) {
    deliveries_.push_back({.record = record, .of_client = std::move(each)});
  }
  release_deliveries();
}

void DurabilityGate::release_deliveries() {
  // Transit puts those of one task in the order of their numbers.
  std::map<Loop*, std::vector<ClientDeliveries>> by_loop;
  for (; !deliveries_.empty() && is_durable(deliveries_.front().record); deliveries_.pop_front()) {
    ClientDeliveries& first = deliveries_.front().of_client;
    by_loop[&first.client->loop()].push_back(std::move(first));
  }
  for (auto& [loop, all] : by_loop) {
    loop->post([clients = std::move(all)]() mutable {
      for (ClientDeliveries& each : clients) each.client->deliver(std::move(each.deliveries), {});
    });
  }
}

void DurabilityGate::when_durable(std::uint64_t record, Task answer) {
  if (is_durable(record)) return answer();
  answers_.push_back({.record = record, .answer = std::move(answer)});
}

void DurabilityGate::durable(std::uint64_t record) {
  durable_ = record;
  while (!acks_.empty() && is_durable(acks_.front().record)) {
    acknowledge_(acks_.front().client, acks_.front().ack);
    acks_.pop_front();
  }
  release_deliveries();
  for (HeldAnswer& held : std::exchange(answers_, {})) {
    when_durable(held.record, std::move(held.answer));
  }
  release_credit_of_journal();
}

void DurabilityGate::rebind(const Client& old, const ClientPtr& fresh) {
  for (HeldAck& held : acks_) {
    if (held.client.get() == &old) held.client = fresh;
  }
  for (HeldDeliveries& held : deliveries_) {
    if (held.of_client.client.get() == &old) held.of_client.client = fresh;
  }
}

void DurabilityGate::consume_credit(const ClientPtr& client, std::size_t bytes) {
  if (platform_.journal != nullptr && platform_.journal->behind()) {
    return behind_.push_back({.client = client, .bytes = bytes});
  }
  if (client->flow() && client->flow()->wrote_too_much(platform_.steady->now())) {
    return over_allowance_.push_back({.client = client, .bytes = bytes});
  }
  if (client->consume_credit(bytes)) client->loop().post([client] { client->resume_reading(); });
}

void DurabilityGate::release_credit_of_journal() {
  if (behind_.empty() || platform_.journal->behind()) return;
  for (const HeldCredit& held : std::exchange(behind_, {})) {
    consume_credit(held.client, held.bytes);
  }
}

void DurabilityGate::release_credit() {
  release_credit_of_journal();
  for (const HeldCredit& held : std::exchange(over_allowance_, {})) {
    consume_credit(held.client, held.bytes);
  }
}

DurabilityGate::Held DurabilityGate::held() const {
  return {.acks = acks_.size(),
          .deliveries = deliveries_.size(),
          .answers = answers_.size(),
          .credits = behind_.size() + over_allowance_.size()};
}

std::optional<MessageKept> keep_delivery(const SessionKeeper& keeper, std::int64_t session,
                                         Delivery& delivery, std::string& packet) {
  using wire::mqtt::Qos;
  if (delivery.qos == Qos::kAtMostOnce || !encodable(*delivery.message)) return std::nullopt;
  delivery.number = keeper.new_number();
  MessageKept kept{.session = session,
                   .message = delivery.number,
                   .expires_at_ms = wire::mqtt::stored_ms(delivery.message->expires_at),
                   .flags = {.qos = delivery.qos,
                             .retain = delivery.retain,
                             .subscription_ids = delivery.subscription_ids}};
  if (packet.empty()) {
    packet = packet_of(*delivery.message, {.qos = Qos::kAtLeastOnce});
    kept.packet = packet;
  }
  return kept;
}

}  // namespace gridloom::hub
