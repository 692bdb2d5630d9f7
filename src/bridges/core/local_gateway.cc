#include "bridges/core/local_gateway.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "hub/shard/device_presence.h"

namespace gridloom::bridges {

using hub::Qos;
using wire::Verb;

class LocalGateway::Client final : public hub::Client {
 public:
  Client(Loop& loop, hub::Identity identity, std::string client_id, LocalGateway& owner)
      : hub::Client(loop, std::move(identity), std::move(client_id)), owner_(&owner) {}
  void let_go() { owner_ = nullptr; }

  void deliver(std::vector<hub::Delivery> deliveries, std::vector<hub::Ack> /*acks*/) override {
    for (const hub::Delivery& delivery : deliveries) {
      const auto topic = wire::device_topic(delivery.message->topic);
      if (owner_ == nullptr || !topic || topic->verb != Verb::kSet) continue;
      owner_->options_.on_set(topic->sn, delivery.message->payload);
    }
  }
  void kick(hub::KickReason /*reason*/) override {
    if (owner_ != nullptr) owner_->leave();
  }
  void rights_changed() override {}
  void resume_reading() override {
    if (owner_ != nullptr) owner_->flush();
  }

 private:
  LocalGateway* owner_;  // null: it has left
};

LocalGateway::LocalGateway(Options options) : options_(std::move(options)) { sign_in(); }

LocalGateway::~LocalGateway() { leave(); }

void LocalGateway::sign_in() {
  const auto directory = options_.hub.platform().registry.directory();
  const registry::Account* account = directory->find_account(options_.account);
  if (account == nullptr) return;
  auto identity =
      options_.hub.access().identity_of(std::string(hub::kGatewayPrefix) + account->name);
  if (!identity) return;
  client_ =
      std::make_shared<Client>(options_.loop, std::move(*identity), options_.client_id, *this);
  options_.hub.connected(client_);
  for (const std::string& sn : served_) subscribe(sn);
  for (const std::string& sn : online_) say(sn, true);
}

void LocalGateway::leave() {
  const auto client = std::exchange(client_, nullptr);
  if (!client) return;
  client->let_go();
  client->set_present(false);
  options_.hub.disconnected(client);
  options_.hub.ended(client);
}

void LocalGateway::tick() {
  if (!client_) sign_in();
  flush();
}

void LocalGateway::subscribe(const std::string& sn) {
  static_cast<void>(options_.hub.subscribe(
      client_, {.filter = wire::make_device_topic(sn, Verb::kSet), .qos = Qos::kAtLeastOnce}));
}

void LocalGateway::serve(const std::string& sn) {
  if (served_.insert(sn).second && client_) subscribe(sn);
}

void LocalGateway::say(const std::string& sn, bool online) {
  const wire::mqtt::Message message =
      hub::status_message(options_.hub.platform().clock.now(), online);
  publish(sn, Verb::kStatus, std::string(std::string_view(message.payload)));
}

void LocalGateway::say_offline(const std::string& sn) {
  online_.erase(sn);
  say(sn, false);
}

void LocalGateway::say_online(const std::string& sn) {
  online_.insert(sn);
  say(sn, true);
}

void LocalGateway::report(const std::string& sn, std::string payload) {
  publish(sn, Verb::kQuota, std::move(payload));
}

void LocalGateway::reply(const std::string& sn, std::string payload) {
  publish(sn, Verb::kSetReply, std::move(payload));
}

void LocalGateway::publish(const std::string& sn, Verb verb, std::string payload) {
  auto message = std::make_shared<wire::mqtt::Message>();
  message->topic = wire::make_device_topic(sn, verb);
  message->payload = std::move(payload);
  waiting_bytes_ += message->payload.size();
  waiting_.push_back(std::move(message));
  flush();
  std::size_t dropped = 0;
  while (waiting_.size() > kMostWaiting || waiting_bytes_ > kMostWaitingBytes) {
    waiting_bytes_ -= waiting_.front()->payload.size();
    waiting_.pop_front();
    ++dropped;
  }
  if (dropped != 0) options_.on_dropped(dropped);
}

void LocalGateway::flush() {
  while (client_ && !waiting_.empty() && !client_->is_throttled()) {
    const auto message = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= message->payload.size();
    // Subscribers get it with this quality of service. Nobody here waits for the acknowledgement,
    // but a cluster's door does: it sends what has none to the next owner of the device.
    if (++packet_id_ == 0) packet_id_ = 1;
    hub::Hub::Batch batch(options_.hub);
    if (!batch.add(client_, message,
                   {.qos = Qos::kAtLeastOnce,
                    .token = {.packet_id = packet_id_, .qos = Qos::kAtLeastOnce}})) {
      options_.on_dropped(1);
    }
    batch.post(client_);
  }
}

}  // namespace gridloom::bridges
