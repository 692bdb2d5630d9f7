// `gridloom fault`, and the fault rules that other commands take as an option. User documentation:
// docs/user/faults.md.
#pragma once

#include <string_view>

#include "base/fault_rule.h"
#include "base/result.h"
#include "catalog/family.h"

namespace gridloom::app {

// Parses "panel_lost", "flapping:10", "disconnect=0.01", "clock_skew:-60@R331TEST": fault, value,
// probability, device. kBadParams: none of these forms, or check_fault_rule() refuses the rule.
[[nodiscard]] Result<FaultRule> parse_fault_rule(std::string_view text,
                                                 const catalog::Catalog& catalog);

}  // namespace gridloom::app
