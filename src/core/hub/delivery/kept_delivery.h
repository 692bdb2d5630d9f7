// A delivery to a session that is kept is in the log, under a number of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hub/clients/client.h"
#include "hub/clients/session_changes.h"
#include "hub/platform/platform.h"

namespace gridloom::hub {

// Gives the delivery a number, and returns the change that says that it waits for the session.
// Nothing: it is not kept, because it is of QoS 0 or too large for the format. `packet` is encoded
// by the first call that needs it, and shared by all deliveries of one message whose changes follow
// each other in the log; the change's views point into it.
[[nodiscard]] std::optional<MessageKept> keep_delivery(const SessionKeeper& keeper,
                                                       std::int64_t session, Delivery& delivery,
                                                       std::string& packet);

}  // namespace gridloom::hub
