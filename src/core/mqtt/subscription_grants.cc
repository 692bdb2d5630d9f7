#include "mqtt/subscription_grants.h"

#include <fmt/format.h>

#include <utility>

#include "mqtt/session_table.h"
#include "wire/json.h"

namespace gridloom::mqtt {
namespace {

using wire::mqtt::Qos;
using wire::mqtt::Reason;

Reason granted_reason(Qos qos) {
  switch (qos) {
    case Qos::kAtMostOnce:
      break;
    case Qos::kAtLeastOnce:
      return Reason::kGrantedQos1;
    case Qos::kExactlyOnce:
      return Reason::kGrantedQos2;
  }
  return Reason::kSuccess;
}

Reason grant_one(ClientSession& session, const wire::mqtt::Subscription& wanted,
                 std::uint32_t subscription_id, SubscriptionGrants& grants) {
  using wire::mqtt::RetainHandling;
  const ServerContext& server = session.server();
  SessionSubscriptions& subscriptions = session.subscriptions();
  const bool is_new = !subscriptions.has(wanted.filter);
  if (is_new && (subscriptions.size() >= server.sessions->limits().subscriptions ||
                 !subscriptions.charge(wanted.filter))) {
    return Reason::kQuotaExceeded;
  }
  const bool retained = wanted.retain_handling == RetainHandling::kSend ||
                        (wanted.retain_handling == RetainHandling::kSendIfNew && is_new);
  const hub::FilterScope scope = server.hub->access().grant(session.identity(), wanted.filter);
  if (!scope.granted) {
    if (is_new) subscriptions.refund(wanted.filter);
    return Reason::kNotAuthorized;
  }
  hub::Subscription subscription{.filter = wanted.filter,
                                 .qos = wanted.qos,
                                 .id = subscription_id,
                                 .no_local = wanted.no_local,
                                 .retain_as_published = wanted.retain_as_published,
                                 .send_retained = retained};
  subscriptions.add(subscription);
  grants.granted.push_back({.subscription = std::move(subscription), .scope = scope});
  return granted_reason(wanted.qos);
}

}  // namespace

SubscriptionGrants grant(ClientSession& session, const wire::mqtt::SubscribeRequested& request,
                         const ConnectionEvents& events) {
  const TableLimits& limits = session.server().sessions->limits();
  SubscriptionGrants grants;
  grants.reasons.reserve(request.subscriptions.size());
  for (const wire::mqtt::Subscription& wanted : request.subscriptions) {
    const Reason reason = grant_one(session, wanted, request.subscription_id.value_or(0), grants);
    grants.reasons.push_back(reason);
    if (reason == Reason::kNotAuthorized) {
      grants.why = hub::subscribe_rule(session.identity().role);
    } else if (reason == Reason::kQuotaExceeded) {
      grants.why =
          fmt::format("a session has at most {} subscriptions, and one account {} bytes of them",
                      limits.subscriptions, limits.account.filter_bytes);
    }
    if (is_refusal(reason)) {
      events.add(hub::ClientEvent::Kind::kSubscriptionRefused, reason,
                 fmt::format("{}: {}", wire::shortened(wanted.filter), grants.why), &session);
    }
  }
  return grants;
}

}  // namespace gridloom::mqtt
