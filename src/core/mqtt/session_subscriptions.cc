#include "mqtt/session_subscriptions.h"

#include <memory>

#include "mqtt/account_shares.h"
#include "wire/mqtt/topic.h"

namespace gridloom::mqtt {

bool SessionSubscriptions::charge(std::string_view filter) {
  return charged_.take(cost_of(filter));
}

void SessionSubscriptions::refund(std::string_view filter) { charged_.release(cost_of(filter)); }

void SessionSubscriptions::add(hub::Subscription subscription) {
  std::string filter = subscription.filter;
  by_filter_.insert_or_assign(std::move(filter), std::move(subscription));
}

bool SessionSubscriptions::remove(const std::string& filter) {
  if (by_filter_.erase(filter) == 0) return false;
  refund(filter);
  return true;
}

wire::mqtt::SharePtr SessionSubscriptions::shared_by(std::string_view topic) const {
  wire::mqtt::SharePtr found;
  for (const auto& [filter, subscription] : by_filter_) {
    const auto shared = wire::mqtt::shared_parts(filter);
    if (!wire::mqtt::filter_matches(shared ? shared->filter : filter, topic)) continue;
    if (!shared) return nullptr;
    found = std::make_shared<const std::string>(filter);
  }
  return found;
}

}  // namespace gridloom::mqtt
