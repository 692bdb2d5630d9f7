#include "hub/clients/client_id_budget.h"

namespace gridloom::hub {

bool ClientIdBudget::admit(std::string_view account, std::string_view client_id,
                           std::size_t ids_a_day, TimePoint now) {
  const std::scoped_lock lock(mutex_);
  // Also when the clock is set back: a day that comes twice has a new budget each time.
  if (const auto day = std::chrono::floor<std::chrono::days>(now); day != today_) {
    today_ = day;
    used_.clear();
  }
  auto ids = used_.find(account);
  if (ids != used_.end() && ids->second.contains(client_id)) return true;
  if ((ids == used_.end() ? 0 : ids->second.size()) >= ids_a_day) return false;
  if (ids == used_.end()) ids = used_.try_emplace(std::string(account)).first;
  ids->second.emplace(client_id);
  return true;
}

}  // namespace gridloom::hub
