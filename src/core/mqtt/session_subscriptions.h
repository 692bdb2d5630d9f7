// The subscriptions of one session, and what they cost its account (cost_of()).
//
// Thread rule: the session's loop.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/byte_budget.h"
#include "hub/shard/shard.h"
#include "wire/mqtt/message.h"

namespace gridloom::mqtt {

class SessionSubscriptions {
 public:
  explicit SessionSubscriptions(ByteBudgetPtr filters) : charged_(std::move(filters)) {}
  SessionSubscriptions() = default;

  [[nodiscard]] bool has(std::string_view filter) const { return by_filter_.contains(filter); }
  [[nodiscard]] std::size_t size() const { return by_filter_.size(); }
  // Charges a new subscription to the account. False: the account's budget is exhausted.
  [[nodiscard]] bool charge(std::string_view filter);
  void refund(std::string_view filter);
  // For a new subscription, charge() must have succeeded before.
  void add(hub::Subscription subscription);
  // Refunds it. False: there was no such subscription.
  bool remove(const std::string& filter);

  // The shared subscription that a message from disk was delivered through, where it is not
  // recorded. A message that a non-shared subscription of the client matches as well counts as
  // delivered by that one: null.
  [[nodiscard]] wire::mqtt::SharePtr shared_by(std::string_view topic) const;

  using ByFilter = std::map<std::string, hub::Subscription, std::less<>>;
  [[nodiscard]] const ByFilter& all() const { return by_filter_; }

 private:
  TakenBytes charged_;
  ByFilter by_filter_;
};

}  // namespace gridloom::mqtt
