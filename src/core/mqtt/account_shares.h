// Memory budgets that the clients of one account share: an account has a certificate, a gateway and
// devices, and each of them may have many sessions.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "base/byte_budget.h"
#include "base/ids.h"
#include "hub/clients/account_flow.h"
#include "wire/mqtt/topic.h"

namespace gridloom::mqtt {

struct AccountLimits {
  std::size_t sessions = 200'000;                                      // connected or parked
  std::size_t filter_bytes = std::size_t{64} * 1024 * 1024;            // by cost_of()
  std::size_t queued_bytes = std::size_t{256} * 1024 * 1024;           // waiting or in flight
  std::size_t all_queued_bytes = std::size_t{1} * 1024 * 1024 * 1024;  // of all accounts together
  hub::AccountFlow::Limits flow{};
};

// Any thread.
struct AccountBudgets {
  ByteBudgetPtr queued;
  ByteBudgetPtr filters;
  hub::AccountFlowPtr flow;
};
using AccountBudgetsPtr = std::shared_ptr<const AccountBudgets>;

// A shared subscription may be a group of its own, and every group gets a copy of a message: what
// one message costs the shard of its device grows with their number.
inline constexpr std::size_t kSharedSubscriptionCost = std::size_t{16} * 1024;

// Cost of a subscription in bytes: its session and every shard store it, by its filter and level by
// level; a shared one costs kSharedSubscriptionCost more.
[[nodiscard]] inline std::size_t cost_of(std::string_view filter) {
  const bool shared = wire::mqtt::shared_parts(filter).has_value();
  return 4 * filter.size() + 512 + (shared ? kSharedSubscriptionCost : 0);
}

// Any thread.
class AccountBudgetTable {
 public:
  // Queued bytes of each account that no other account can take.
  static constexpr std::size_t kGuaranteedQueuedBytes = std::size_t{4} * 1024 * 1024;

  explicit AccountBudgetTable(const AccountLimits& limits = {});
  // Returns the same object as long as anything refers to it.
  [[nodiscard]] AccountBudgetsPtr of(AccountId account);

 private:
  const AccountLimits limits_;
  const ByteBudgetPtr all_queued_;
  std::mutex mutex_;
  std::unordered_map<AccountId, std::weak_ptr<const AccountBudgets>> shares_;
  std::size_t tidy_at_ = 64;
};

}  // namespace gridloom::mqtt
