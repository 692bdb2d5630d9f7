// Decides on the subscriptions that a client asks for: its rights, and the limits of its session
// and its account.
//
// Thread rule: the session's loop.
#pragma once

#include <string>
#include <vector>

#include "hub/hub.h"
#include "mqtt/client_session.h"
#include "mqtt/connection.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

struct SubscriptionGrants {
  std::vector<wire::mqtt::Reason> reasons{};  // one for each filter, in order
  std::string why{};                          // of the last refusal
  struct Granted {
    hub::Subscription subscription;
    hub::FilterScope scope;
  };
  std::vector<Granted> granted{};  // the session has them; the hub has to know
};
// Keeps the granted subscriptions in the session, and reports the refused ones.
[[nodiscard]] SubscriptionGrants grant(ClientSession& session,
                                       const wire::mqtt::SubscribeRequested& request,
                                       const ConnectionEvents& events);

}  // namespace gridloom::mqtt
