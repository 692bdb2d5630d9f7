// Messages on their way between nodes of a cluster, as the log and the session store have them
// (hubs/transit.h, hubs/arrivals.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hub/clients/client.h"
#include "hub/clients/subscription_table.h"

namespace gridloom::hub {

// No client id has this (MQTT-1.5.4-2).
inline constexpr char kOfNode = '\0';

// A session that another node keeps, with the messages on their way to it, ascending.
struct StoredTransit {
  std::int64_t number = 0;  // of the row
  std::string node;
  std::int64_t session = 0;  // there
  Identity identity;
  std::vector<Subscription> subscriptions;
  std::vector<Delivery> messages;
};

// Up to which number a node's messages have come.
struct StoredArrivals {
  std::int64_t stream = 0;
  std::string node;
  std::int64_t through = 0;
};

}  // namespace gridloom::hub
