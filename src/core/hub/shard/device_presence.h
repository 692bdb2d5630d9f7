// Decides when the devices of one shard are online, and tells it: the platform's set of connected
// devices, the history, the readers of changes, the traffic taps, and the apps of all accounts that
// may read the device, by a message of the verb status.
//
// TwinTable knows the connections. A fault rule may hide a device from an account, which is
// notified of that presence instead. Belongs to a shard and is used on its loop only. Not here: the
// presence that a new subscriber is sent (RetainedSender).
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "hub/clients/client.h"
#include "hub/delivery/fanout.h"
#include "hub/faults/fault_overlay.h"
#include "hub/platform/platform.h"
#include "hub/shard/shard_turn.h"
#include "hub/shard/twin_table.h"
#include "registry/directory.h"
#include "wire/mqtt/session.h"

namespace gridloom::hub {

// The platform's message about a device's presence, without a topic.
[[nodiscard]] wire::mqtt::Message status_message(TimePoint now, bool online);

class DevicePresence {
 public:
  // The parts of the shard that presence uses; they outlive this object.
  struct Parts {
    Platform& platform;
    ShardTurn& turn;
    TwinTable& twins;
    FaultOverlay& faults;
    Fanout& fanout;
  };
  explicit DevicePresence(const Parts& parts) : parts_(parts) {}

  // The directory that accounts and devices are looked up in; comes before anything else.
  void use(std::shared_ptr<const registry::Directory> directory);

  // The device speaks through the client's connection.
  void use_transport(const Client& client, const std::string& sn, DeviceState& state);
  // The device said, through the client's connection, that it is offline.
  void mark_offline(const Client& client, const std::string& sn, DeviceState& state);
  // The client's connection ended: devices without another connection are offline.
  void disconnect(const Client& client);
  // Devices whose gateway's account does not own them any more are not connected by it.
  void drop_lost_by_gateways();

  // Tells accounts of devices that a fault hides since the last call, or no longer does.
  void show_hidden();

 private:
  void left(const Client& client, const std::string& sn);
  void set_online(const std::string& sn, bool online);
  void show_hidden(const registry::Device& device);

  Parts parts_;
  std::shared_ptr<const registry::Directory> directory_;
};

}  // namespace gridloom::hub
