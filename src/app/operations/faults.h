// Fault injection on demand: the fault rules in force, and the operations that set them. User
// documentation: docs/user/faults.md.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "app/operations/operation.h"
#include "base/clock.h"
#include "base/fault_rule.h"
#include "base/result.h"
#include "catalog/family.h"

namespace gridloom::operations {

// Any thread.
class FaultRules {
 public:
  // `changed` is called with all rules after each change, on the thread that made the change.
  using Changed = std::function<void(const std::vector<FaultRule>&)>;
  FaultRules(const catalog::Catalog& catalog, const Clock& clock, Changed changed);

  // Adds a rule, replacing the rule for the same fault, device and account. kBadParams: no device
  // or platform can have the fault; the message lists the faults there are.
  [[nodiscard]] Status add(FaultRule rule);
  // Removes rules and returns how many. An empty fault or device matches any.
  [[nodiscard]] std::size_t remove(std::string_view fault, std::string_view sn);
  // The rules that have not expired.
  [[nodiscard]] std::vector<FaultRule> rules();

 private:
  void remove_expired();

  const catalog::Catalog& catalog_;
  const Clock& clock_;
  Changed changed_;
  std::mutex mutex_;
  std::vector<FaultRule> rules_;
};

// The operations fault.on, fault.off and fault.list.
[[nodiscard]] std::span<const Operation> fault_operations();

}  // namespace gridloom::operations
