// Presence, what new subscribers are sent of it and of retained messages, and what a change of the
// registry or of the fault rules means to devices and clients.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "hub/credentials.h"
#include "hub/shard.h"

namespace gridloom::hub {
namespace {

// A twin's text is kept for about this long after a read.
constexpr std::chrono::seconds kTextUnused{10};

Message status_message(TimePoint now, bool online) {
  Message message;
  message.payload =
      fmt::format(R"({{"id":"{}","version":"1.0","timestamp":{},"params":{{"status":{}}}}})",
                  unix_ms(now), unix_ms(now), online ? 1 : 0);
  return message;
}

}  // namespace

void Shard::use_transport(const Client& client, const std::string& sn, DeviceState& state) {
  const auto change = twins_.use_transport(client, sn, state);
  if (change.connection) traffic_.connection(sn, true);
  if (change.presence) set_online(sn, true);
}

void Shard::left(const Client& client, const std::string& sn) {
  const auto change = twins_.left(client, sn);
  if (change.connection) traffic_.connection(sn, false);
  if (change.presence) set_online(sn, false);
}

void Shard::set_online(const std::string& sn, bool online) {
  platform_.presence.set(sn, online);
  const auto [device, state] = twins_.find(sn);
  if (state != nullptr) {
    writer_.add_presence(state->number, time_after(state->last_report, platform_.clock.now()),
                         online);
  }
  changes_.presence(sn, state, online);
  if (device == nullptr) return;
  fanout_.to_accounts(
      *device, Verb::kStatus,
      {.like = status_message(platform_.clock.now(), online), .qos = Qos::kAtLeastOnce});
  if (faults_.active()) show_hidden_presence(*device);
}

void Shard::show_hidden_presence(const registry::Device& device) {
  for (const auto& [id, online] : faults_.presence_changes(device)) {
    const registry::Account* account = directory_->find_account(id);
    if (account == nullptr) continue;
    changes_.presence(device.sn, twins_.find(device.sn).state, online, id);
    router_.to_apps(
        account->certificate_account, device.sn, Verb::kStatus,
        {.like = status_message(platform_.clock.now(), online), .qos = Qos::kAtLeastOnce});
  }
}

void Shard::send_retained_of(const ClientPtr& client, const Subscription& subscription,
                             const std::string& sn) {
  const Identity& who = client->identity();
  const bool app = who.role == Role::kAccount;
  if (app) {
    // A new subscriber is told at once which of its devices are online (quirk 36).
    router_.offer(client, subscription, make_open_topic(who.name, sn, Verb::kStatus),
                  status_message(platform_.clock.now(), faults_.online(who.account, sn)),
                  Qos::kAtLeastOnce);
  }
  const auto* messages = retained_.find(RetainedStore::Kind::kDevice, sn);
  if (messages == nullptr) return;
  for (const auto& [topic, retained] : *messages) {
    const auto parts = device_topic(topic);
    router_.offer(client, subscription,
                  app && parts ? make_open_topic(who.name, sn, parts->verb) : topic,
                  *retained.message, retained.qos);
  }
}

void Shard::send_retained(const ClientPtr& client, const Subscription& subscription) {
  const Identity& who = client->identity();
  if (who.role == Role::kDevice) return send_retained_of(client, subscription, who.name);
  const bool app = who.role == Role::kAccount;
  if (const auto* messages = retained_.find(RetainedStore::Kind::kApps, who.name)) {
    for (const auto& [topic, retained] : *messages) {
      router_.offer(client, subscription, topic, *retained.message, retained.qos);
    }
  }
  // Follows the rule for live messages: a gateway gets only its own account's devices.
  const auto least = app ? registry::Rights::kMonitor : registry::Rights::kOwner;
  const FilterScope scope = scope_of(who, subscription.filter, Wildcards::kGranted);
  if (!scope.sn.empty()) {
    const registry::Device* device = directory_->find_device(scope.sn);
    if (device != nullptr && registry::Directory::rights(who.account, *device) >= least) {
      send_retained_of(client, subscription, device->sn);
    }
    return;
  }
  std::vector<const registry::Device*> devices = directory_->devices_of(who.account);
  if (app) std::ranges::copy(directory_->shared_with(who.account), std::back_inserter(devices));
  for (const registry::Device* device : devices) {
    if (mine_(device->sn)) send_retained_of(client, subscription, device->sn);
  }
}

void Shard::restore_retained(const RetainedChange& retained) {
  const auto by_app = open_topic(retained.topic);
  const auto by_device = device_topic(retained.topic);
  const registry::Account* account =
      by_app ? directory_->find_certificate(by_app->account) : nullptr;
  const registry::Device* device = by_device ? directory_->find_device(by_device->sn) : nullptr;
  if (account == nullptr && device == nullptr) return;
  const auto by = account != nullptr
                      ? RetainedStore::Publisher::of_apps(account->certificate_account, account->id)
                      : RetainedStore::Publisher::of_device(*device);
  if (retained_.restore(by, retained.message, retained.qos)) return;
  spdlog::error(
      "the retained message of topic {} is dropped: the budget for retained messages is used up",
      wire::to_text(wire::Json(wire::shortened(retained.topic))));
}

// Checks all clients and devices, so only after a change that revokes something: a thousand devices
// may be added one by one. Done at once: a set that follows the change must not reach a client
// whose rights the change ends. Devices are checked again at the next tick, since their connections
// may not have ended before.
void Shard::registry_changed() {
  const std::uint64_t before = directory_->revocations();
  use(platform_.registry.directory());
  if (directory_->revocations() == before) return;
  drop_what_ended();
  rights_changed_ = true;
}

void Shard::drop_what_ended() {
  flush();
  for (const auto& [raw, holder] : clients_) {
    const ClientPtr client = holder.lock();
    if (!client) continue;
    if (!still_valid(*directory_, client->identity())) {
      client->loop().post([client] { client->kick(KickReason::kNotAuthorized); });
    } else if (client->identity().role != Role::kDevice) {
      client->loop().post([client] { client->rights_changed(); });
    }
  }
  for (const auto& [client, sn] : twins_.take_lost_by_gateways()) left(*client, sn);
  drop_devices();
  retained_.remove_if(
      [this](const RetainedChange& retained) { return !still_retained(*directory_, retained); });
}

void Shard::drop_devices() {
  // An account that may no longer set the device does not get its replies.
  twins_.for_each([this](const std::string& sn, const DeviceState& state) {
    const registry::Device* device = directory_->find_device(sn);
    if (device == nullptr || device->number != state.number) return;
    requests_.drop_forbidden(*device);
  });
  twins_.remove_unknown([this](const std::string& sn) { return !requests_.waits_for(sn); });
}

void Shard::injected_faults_changed() {
  faults_.rules_changed();
  twins_.for_each([this](const std::string& sn, DeviceState& state) {
    faults_.freeze_or_thaw(directory_->find_device(sn), sn, state.twin);
  });
}

void Shard::kick_by_chance(TimePoint now) {
  if (!faults_.is_drop_due(now)) return;
  for (const auto& [raw, holder] : clients_) {
    const ClientPtr client = holder.lock();
    if (!client || client->identity().role != Role::kAccount) continue;
    if (!faults_.happens(PlatformFault::kDroppedConnection, client->identity().account)) continue;
    client->loop().post([client] { client->kick(KickReason::kDropped); });
  }
}

void Shard::tick(TimePoint now) {
  gate_.release_credit();
  if (faults_.active()) {
    twins_.for_each([this](const std::string& sn, const DeviceState&) {
      const registry::Device* device = directory_->find_device(sn);
      if (device != nullptr) show_hidden_presence(*device);
    });
    kick_by_chance(now);
    faults_.end_tick();
  }
  if (std::exchange(rights_changed_, false)) drop_devices();
  if (now < texts_dropped_at_ || now >= texts_dropped_at_ + kTextUnused) {
    texts_dropped_at_ = now;
    twins_.drop_unused_texts();
  }
  requests_.tick(now);
}

}  // namespace gridloom::hub
