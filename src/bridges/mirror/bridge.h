// The mirror: the owner's real devices, from the vendor's cloud. They are registered under the
// bridge's account, their reports come in as the vendor publishes them, quota/all adds what no
// report brought (device_values.h), and sets go out and their replies back. A device is online here
// while the vendor says so and the link to the vendor is up.
//
// The parts: what is known about the devices' presence (presence.h), what is asked when
// (schedule.h), the cloud over HTTP (cloud.h), the vendor's broker (cloud_link.h), and the devices
// as this platform has them (mirrored_devices.h).
#pragma once

#include "bridges/core/bridge.h"

namespace gridloom::bridges {

// Lives as long as the program.
[[nodiscard]] const BridgeKind& mirror_kind();

}  // namespace gridloom::bridges
