#include "hub/delivery/retained_store.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "hub/clients/session_changes.h"
#include "wire/mqtt/message.h"

namespace gridloom::hub {
namespace {

// Bytes that each account has to itself.
constexpr std::size_t kOwnBytes = std::size_t{256} * 1024;

}  // namespace

RetainedStore::RetainedStore(const Platform& platform, TurnWriter& writer)
    : platform_(platform),
      writer_(writer),
      budget_(std::make_shared<ByteBudget>(platform.config.retained_bytes)) {}

TakenBytes RetainedStore::budget_of(registry::AccountId account) {
  ByteBudgetPtr& budget = budgets_[account];
  if (!budget) {
    const std::size_t most = platform_.config.account_retained_bytes;
    budget = std::make_shared<ByteBudget>(most, std::min(kOwnBytes, most), budget_);
  }
  return TakenBytes(budget);
}

const RetainedStore::ByTopic* RetainedStore::find(Kind kind, std::string_view publisher) const {
  const auto& publishers = publishers_[static_cast<std::size_t>(kind)];
  const auto found = publishers.find(publisher);
  return found == publishers.end() ? nullptr : &found->second.messages;
}

bool RetainedStore::put(const Publisher& by, const wire::mqtt::MessagePtr& message,
                        wire::mqtt::Qos qos) {
  auto& publishers = this->publishers(by.kind);
  const auto publisher = publishers.find(by.name);
  ByTopic* among = publisher == publishers.end() ? nullptr : &publisher->second.messages;
  const auto before =
      among == nullptr ? ByTopic::iterator() : among->find(std::string_view(message->topic));
  const bool known = among != nullptr && before != among->end();
  if (message->payload.empty()) {
    if (!known) return true;
    among->erase(before);
    if (among->empty()) publishers.erase(publisher);
    record(message->topic, nullptr, by.device);
    return true;
  }
  TakenBytes bytes = known ? std::move(before->second.bytes) : budget_of(by.account);
  const std::size_t had = bytes.bytes();
  const std::size_t needed = bytes_of(*message);
  if (needed > had && !bytes.take(needed - had)) {
    if (known) before->second.bytes = std::move(bytes);
    return false;
  }
  if (needed < had) bytes.release(had - needed);
  keep(by, message, qos, std::move(bytes));
  const Retained kept{.message = message, .qos = qos};
  record(message->topic, &kept, by.device);
  return true;
}

bool RetainedStore::restore(const Publisher& by, const wire::mqtt::MessagePtr& message,
                            wire::mqtt::Qos qos) {
  TakenBytes bytes = budget_of(by.account);
  if (!bytes.take(bytes_of(*message))) return false;
  keep(by, message, qos, std::move(bytes));
  return true;
}

void RetainedStore::keep(const Publisher& by, const wire::mqtt::MessagePtr& message,
                         wire::mqtt::Qos qos, TakenBytes bytes) {
  OfPublisher& publisher = publishers(by.kind)[std::string(by.name)];
  publisher.device = by.device;
  publisher.messages.insert_or_assign(
      std::string(message->topic),
      Retained{.message = message, .qos = qos, .bytes = std::move(bytes)});
}

void RetainedStore::remove_if(const std::function<bool(const RetainedChange&)>& ended) {
  for (auto& publishers : publishers_) {
    for (auto& [name, publisher] : publishers) {
      std::erase_if(publisher.messages, [&](const auto& kept) {
        const bool over =
            ended({.topic = kept.first, .message = nullptr, .device = publisher.device});
        if (over) record(kept.first, nullptr, 0);
        return over;
      });
    }
    std::erase_if(publishers, [](const auto& entry) { return entry.second.messages.empty(); });
  }
  std::erase_if(budgets_, [](const auto& entry) { return entry.second->taken() == 0; });
}

void RetainedStore::record(std::string_view topic, const Retained* retained, std::int64_t device) {
  if (!platform_.sessions) return;
  RetainedKept kept{.topic = topic, .device = device};
  std::string packet;
  if (retained != nullptr) {
    packet = packet_of(*retained->message, {.qos = retained->qos, .retain = true});
    kept.packet = packet;
    kept.expires_at_ms = wire::mqtt::stored_ms(retained->message->expires_at);
  }
  writer_.add_change(kept);
}

}  // namespace gridloom::hub
