#include "hub/shard/device_presence.h"

#include <fmt/format.h>

#include <utility>

#include "hub/clients/inbound.h"
#include "hub/clients/topic_rights.h"

namespace gridloom::hub {

wire::mqtt::Message status_message(TimePoint now, bool online) {
  wire::mqtt::Message message;
  message.payload =
      fmt::format(R"({{"id":"{}","version":"1.0","timestamp":{},"params":{{"status":{}}}}})",
                  unix_ms(now), unix_ms(now), online ? 1 : 0);
  return message;
}

void DevicePresence::use(std::shared_ptr<const registry::Directory> directory) {
  directory_ = std::move(directory);
}

void DevicePresence::use_transport(const Client& client, const std::string& sn,
                                   DeviceState& state) {
  const auto change = parts_.twins.use_transport(client, sn, state);
  if (change.connection) parts_.turn.traffic().connection(sn, true);
  if (change.presence) set_online(sn, true);
}

void DevicePresence::left(const Client& client, const std::string& sn) {
  const auto change = parts_.twins.left(client, sn);
  if (change.connection) parts_.turn.traffic().connection(sn, false);
  if (change.presence) set_online(sn, false);
}

void DevicePresence::mark_offline(const Client& client, const std::string& sn, DeviceState& state) {
  if (parts_.twins.mark_offline(client, sn, state).presence) set_online(sn, false);
}

void DevicePresence::disconnect(const Client& client) {
  for (const std::string& sn : parts_.twins.take_devices_of(client)) left(client, sn);
}

void DevicePresence::drop_lost_by_gateways() {
  for (const auto& [client, sn] : parts_.twins.take_lost_by_gateways()) left(*client, sn);
}

void DevicePresence::set_online(const std::string& sn, bool online) {
  parts_.platform.presence.set(sn, online);
  const auto [device, state] = parts_.twins.find(sn);
  if (state != nullptr) {
    parts_.turn.writer().add_presence(
        state->number, time_after(state->last_report, parts_.platform.clock.now()), online);
  }
  parts_.turn.changes().presence(sn, state, online);
  if (device == nullptr) return;
  parts_.fanout.to_accounts(
      *device, Verb::kStatus,
      {.like = status_message(parts_.platform.clock.now(), online), .qos = Qos::kAtLeastOnce});
  if (parts_.faults.active()) show_hidden(*device);
}

void DevicePresence::show_hidden(const registry::Device& device) {
  for (const auto& [id, online] : parts_.faults.presence_changes(device)) {
    const registry::Account* account = directory_->find_account(id);
    if (account == nullptr) continue;
    parts_.turn.changes().presence(device.sn, parts_.twins.find(device.sn).state, online, id);
    parts_.turn.router().to_apps(
        account->certificate_account, device.sn, Verb::kStatus,
        {.like = status_message(parts_.platform.clock.now(), online), .qos = Qos::kAtLeastOnce});
  }
}

void DevicePresence::show_hidden() {
  parts_.twins.for_each([this](const std::string& sn, const DeviceState&) {
    const registry::Device* device = directory_->find_device(sn);
    if (device != nullptr) show_hidden(*device);
  });
}

}  // namespace gridloom::hub
