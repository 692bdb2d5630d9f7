// The bridge to a device that speaks Modbus TCP: a device of the account is read from its registers
// (catalog/modbus.h) and reports as if it were connected itself.
//
// There is one way in for reports: the bridge is a client of the hub (hub/clients/client.h) under
// the device's own identity, as a connection of the device is. It reports, takes sets and answers
// them in the form of the family's messages, so that twins, history, rights, presence and the audit
// know nothing of Modbus. It needs no address of the server, no key and no MQTT for that. The
// device is online while its registers are read.
#pragma once

#include "bridges/core/bridge.h"

namespace gridloom::bridges {

[[nodiscard]] const BridgeKind& modbus_kind();

}  // namespace gridloom::bridges
