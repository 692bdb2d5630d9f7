#include "hub/durability_gate.h"

#include <utility>

namespace gridloom::hub {

DurabilityGate::DurabilityGate(const Platform& platform, Acknowledge acknowledge)
    : platform_(platform), acknowledge_(std::move(acknowledge)) {}

void DurabilityGate::acknowledge(const ClientPtr& client, const Ack& ack, std::uint64_t record) {
  if (is_durable(record)) return acknowledge_(client, ack);
  acks_.push_back({.record = record, .client = client, .ack = ack});
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
  for (HeldAnswer& held : std::exchange(answers_, {})) {
    when_durable(held.record, std::move(held.answer));
  }
  release_credit_of_journal();
}

void DurabilityGate::rebind(const Client& old, const ClientPtr& fresh) {
  for (HeldAck& held : acks_) {
    if (held.client.get() == &old) held.client = fresh;
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
          .answers = answers_.size(),
          .credits = behind_.size() + over_allowance_.size()};
}

}  // namespace gridloom::hub
