// `gridloom fault`, and the fault rules that other commands take as an option. User documentation:
// docs/user/faults.md.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/fault_rule.h"
#include "base/result.h"
#include "catalog/family.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Parses "panel_lost", "flapping:10", "disconnect=0.01", "clock_skew:-60@R331TEST": fault, value,
// probability, device. kBadParams: none of these forms, or check_fault_rule() refuses the rule.
[[nodiscard]] Result<FaultRule> parse_fault_rule(std::string_view text,
                                                 const catalog::Catalog& catalog);

// Adds `gridloom fault` to the command line; see add_backup() for the contract.
[[nodiscard]] std::shared_ptr<void> add_fault(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
