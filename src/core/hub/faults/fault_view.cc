#include "hub/faults/fault_view.h"

namespace gridloom::hub {

std::optional<FaultInjector::Case> FaultView::case_of(registry::AccountId account,
                                                      std::string_view sn) const {
  if (!any() || !directory_) return std::nullopt;
  const registry::Account* known = directory_->find_account(account);
  if (known == nullptr) return std::nullopt;
  return FaultInjector::Case{.account = known->name, .sn = sn, .now = platform_.clock.now()};
}

std::optional<double> FaultView::happens(PlatformFault fault, registry::AccountId account,
                                         std::string_view sn) const {
  const auto in = case_of(account, sn);
  return in ? platform_.fault_injector.happens(fault, *in) : std::nullopt;
}

bool FaultView::online(registry::AccountId account, std::string_view sn) const {
  if (!platform_.presence.online(sn)) return false;
  const auto in = case_of(account, sn);
  return !in || !platform_.fault_injector.hides(*in);
}

}  // namespace gridloom::hub
