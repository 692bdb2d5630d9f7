#include "mqtt/account_shares.h"

#include <algorithm>

namespace gridloom::mqtt {

AccountBudgetTable::AccountBudgetTable(const AccountLimits& limits)
    : limits_(limits), all_queued_(std::make_shared<ByteBudget>(limits.all_queued_bytes)) {}

AccountBudgetsPtr AccountBudgetTable::of(AccountId account) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<const AccountBudgets>& known = shares_[account];
  if (AccountBudgetsPtr share = known.lock()) return share;
  auto share = std::make_shared<const AccountBudgets>(AccountBudgets{
      .queued = std::make_shared<ByteBudget>(limits_.queued_bytes,
                                             std::min(kGuaranteedQueuedBytes, limits_.queued_bytes),
                                             all_queued_),
      .filters = std::make_shared<ByteBudget>(limits_.filter_bytes),
      .flow = std::make_shared<hub::AccountFlow>(limits_.flow)});
  known = share;
  if (shares_.size() >= tidy_at_) {
    std::erase_if(shares_, [](const auto& entry) { return entry.second.expired(); });
    tidy_at_ = std::max<std::size_t>(64, 2 * shares_.size());
  }
  return share;
}

}  // namespace gridloom::mqtt
