// Converts subscriptions to and from MQTT 5 packets, their format in the session store and in the
// log: one SUBSCRIBE per subscription, concatenated. Pure. Messages: wire/mqtt/stored_message.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/clients/subscription_table.h"

namespace gridloom::hub {

[[nodiscard]] std::string packets_of(const std::vector<Subscription>& subscriptions);
[[nodiscard]] std::optional<std::vector<Subscription>> subscriptions_in(std::string_view packets);

}  // namespace gridloom::hub
