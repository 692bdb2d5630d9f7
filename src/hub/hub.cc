#include "hub/hub.h"

#include <utility>

#include "wire/mqtt/topic.h"

namespace gridloom::hub {

Hub::Hub(Platform& platform, const std::vector<Loop*>& loops) : platform_(platform) {
  for (Loop* loop : loops) {
    const std::size_t index = shards_.size();
    const auto mine = [this, index](std::string_view sn) { return index_of(sn) == index; };
    shards_.push_back({.shard = std::make_unique<Shard>(platform, mine), .loop = loop});
  }
}

Hub::~Hub() = default;

std::size_t Hub::index_of(std::string_view sn) const {
  return std::hash<std::string_view>{}(sn) % shards_.size();
}

void Hub::on_shard(std::size_t index, std::move_only_function<void(Shard&)> task) {
  Place& place = shards_[index];
  place.loop->post([&shard = *place.shard, task = std::move(task)]() mutable {
    task(shard);
    shard.flush();
  });
}

void Hub::on_all(const std::function<void(Shard&)>& task) {
  for (std::size_t i = 0; i < shards_.size(); ++i) on_shard(i, task);
}

Result<Identity> Hub::sign_in(std::string_view user, const Secret& password) const {
  const auto directory = platform_.registry.directory();
  const auto wrong = [] {
    return fail(FaultKind::kUnknownKey, "the user name or the password is wrong");
  };
  if (const registry::Account* account = directory->find_certificate(user)) {
    if (!account->certificate_password.matches(password.reveal())) return wrong();
    return Identity{.role = Role::kAccount,
                    .account = account->id,
                    .name = account->certificate_account,
                    .password = password};
  }
  if (user.starts_with(kGatewayPrefix)) {
    const registry::Account* account =
        directory->find_account_by_name(user.substr(kGatewayPrefix.size()));
    if (account == nullptr || !account->gateway_key.matches(password.reveal())) return wrong();
    return Identity{.role = Role::kGateway,
                    .account = account->id,
                    .name = std::string(user),
                    .password = password};
  }
  const registry::Device* device = directory->find_device(user);
  if (device == nullptr || !device->key.matches(password.reveal())) return wrong();
  return Identity{
      .role = Role::kDevice, .account = device->owner, .name = device->sn, .password = password};
}

void Hub::connected(const ClientPtr& client) {
  on_shard(index_of(client->identity().name),
           [client](Shard& shard) { shard.take_client_id(client); });
  if (client->identity().role == Role::kDevice) {
    on_shard(index_of(client->identity().name),
             [client](Shard& shard) { shard.device_connected(client, client->identity().name); });
  }
}

void Hub::gone(const ClientPtr& client) {
  on_shard(index_of(client->identity().name),
           [client](Shard& shard) { shard.release_client_id(*client); });
  on_all([client](Shard& shard) { shard.gone(client); });
}

bool Hub::subscribe(const ClientPtr& client, const Subscription& subscription) {
  const FilterScope scope =
      scope_of(client->identity(), subscription.filter, platform_.config.wildcards);
  if (!scope.granted) return false;
  const auto task = [client, subscription](Shard& shard) { shard.subscribe(client, subscription); };
  if (scope.sn.empty()) {
    on_all(task);
  } else {
    on_shard(index_of(scope.sn), task);
  }
  return true;
}

void Hub::unsubscribe(const ClientPtr& client, const std::string& filter) {
  on_all([client, filter](Shard& shard) { shard.unsubscribe(*client, filter); });
}

bool Hub::Batch::add(const ClientPtr& client, const wire::mqtt::MessagePtr& message,
                     wire::mqtt::Qos qos, wire::mqtt::AckToken token) {
  const Identity& who = client->identity();
  Inbound inbound{.sn = {}, .verb = {}, .message = message, .qos = qos, .token = token};
  if (who.role == Role::kAccount) {
    const auto topic = open_topic(message->topic);
    if (!topic || topic->account != who.name) return false;
    if (topic->verb != Verb::kSet && topic->verb != Verb::kGet) return false;
    inbound.sn = topic->sn;
    inbound.verb = topic->verb;
  } else {
    const auto topic = device_topic(message->topic);
    if (!topic || topic->verb == Verb::kSet || topic->verb == Verb::kGet) return false;
    if (who.role == Role::kDevice && topic->sn != who.name) return false;
    inbound.sn = topic->sn;
    inbound.verb = topic->verb;
  }
  by_shard_[hub_.index_of(inbound.sn)].push_back(std::move(inbound));
  return true;
}

void Hub::Batch::post(const ClientPtr& client) {
  for (std::size_t i = 0; i < by_shard_.size(); ++i) {
    if (by_shard_[i].empty()) continue;
    hub_.on_shard(i, [client, batch = std::exchange(by_shard_[i], {})](Shard& shard) mutable {
      for (Inbound& inbound : batch) shard.publish(client, std::move(inbound));
    });
  }
}

void Hub::read_all(registry::AccountId account, std::string sn, Asker<QuotaBody> asker) {
  const std::size_t index = index_of(sn);
  on_shard(index, [account, sn = std::move(sn), asker = std::move(asker)](Shard& shard) mutable {
    shard.read_all(account, sn, std::move(asker));
  });
}

void Hub::read(registry::AccountId account, std::string sn, std::vector<std::string> quotas,
               Asker<std::string> asker) {
  const std::size_t index = index_of(sn);
  on_shard(index,
           [account, sn = std::move(sn), quotas = std::move(quotas), asker = std::move(asker)](
               Shard& shard) mutable { shard.read(account, sn, quotas, std::move(asker)); });
}

void Hub::set(registry::AccountId account, std::string sn, wire::JsonObject message,
              Asker<std::string> asker) {
  const std::size_t index = index_of(sn);
  on_shard(index, [account, sn = std::move(sn), message = std::move(message),
                   asker = std::move(asker)](Shard& shard) mutable {
    shard.set(account, sn, std::move(message), std::move(asker));
  });
}

void Hub::history(registry::AccountId account, std::string sn, std::string code, TimePoint from,
                  TimePoint to, Asker<std::string> asker) {
  const std::size_t index = index_of(sn);
  on_shard(index, [account, sn = std::move(sn), code = std::move(code), from, to,
                   asker = std::move(asker)](Shard& shard) mutable {
    shard.history(account, sn, code, from, to, std::move(asker));
  });
}

void Hub::tick() {
  on_all([this](Shard& shard) { shard.tick(platform_.clock.now()); });
}

void Hub::registry_changed() {
  on_all([](Shard& shard) { shard.registry_changed(); });
}

}  // namespace gridloom::hub
