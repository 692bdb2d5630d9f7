#include "hub/shard/retained_sender.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "hub/clients/inbound.h"
#include "hub/clients/topic_rights.h"
#include "hub/platform/credentials.h"
#include "hub/shard/device_presence.h"

namespace gridloom::hub {

void RetainedSender::use(std::shared_ptr<const registry::Directory> directory) {
  directory_ = std::move(directory);
}

void RetainedSender::send_of(const ClientPtr& client, const Subscription& subscription,
                             const std::string& sn) {
  const Identity& who = client->identity();
  const bool app = who.role == Role::kAccount;
  if (app) {
    // A new subscriber learns at once which of its devices are online (quirk 36).
    parts_.router.offer(client, subscription, make_open_topic(who.name, sn, Verb::kStatus),
                        status_message(parts_.clock.now(), parts_.faults.online(who.account, sn)),
                        Qos::kAtLeastOnce);
  }
  const auto* messages = parts_.retained.find(RetainedStore::Kind::kDevice, sn);
  if (messages == nullptr) return;
  for (const auto& [topic, retained] : *messages) {
    const auto parts = device_topic(topic);
    parts_.router.offer(client, subscription,
                        app && parts ? make_open_topic(who.name, sn, parts->verb) : topic,
                        *retained.message, retained.qos);
  }
}

void RetainedSender::send(const ClientPtr& client, const Subscription& subscription) {
  const Identity& who = client->identity();
  if (who.role == Role::kDevice) return send_of(client, subscription, who.name);
  const bool app = who.role == Role::kAccount;
  if (const auto* messages = parts_.retained.find(RetainedStore::Kind::kApps, who.name)) {
    for (const auto& [topic, retained] : *messages) {
      parts_.router.offer(client, subscription, topic, *retained.message, retained.qos);
    }
  }
  // Follows the rule for live messages: a gateway gets only its own account's devices.
  const auto least = app ? registry::Rights::kMonitor : registry::Rights::kOwner;
  const FilterScope scope = scope_of(who, subscription.filter, Wildcards::kGranted);
  if (!scope.sn.empty()) {
    const registry::Device* device = directory_->find_device(scope.sn);
    if (device != nullptr && registry::Directory::rights(who.account, *device) >= least) {
      send_of(client, subscription, device->sn);
    }
    return;
  }
  std::vector<const registry::Device*> devices = directory_->devices_of(who.account);
  if (app) std::ranges::copy(directory_->shared_with(who.account), std::back_inserter(devices));
  for (const registry::Device* device : devices) {
    if (parts_.mine(device->sn)) send_of(client, subscription, device->sn);
  }
}

}  // namespace gridloom::hub
