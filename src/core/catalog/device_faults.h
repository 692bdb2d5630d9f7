// The faults that a virtual device can have: those of its family's file and those that any device
// can have; and which fault rules make sense.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/fault_rule.h"
#include "base/result.h"
#include "catalog/family.h"

namespace gridloom::catalog {

// The faults that any device can have, whatever its family.
namespace common_fault {
inline constexpr std::string_view kDisconnect = "disconnect";  // it is off the network
inline constexpr std::string_view kFlapping = "flapping";      // it connects and disconnects
inline constexpr std::string_view kClockSkew = "clock_skew";   // its clock is wrong
inline constexpr std::string_view kMalformed = "malformed_report";
inline constexpr std::string_view kNoReply = "no_reply";  // it obeys, but does not reply
}  // namespace common_fault
[[nodiscard]] const std::vector<DeviceFault>& common_faults();
// The names of these, and of the faults of the families.
[[nodiscard]] std::set<std::string> fault_names(const std::vector<FamilyPtr>& families);

// A fault of the family, or a common one. nullptr if there is none of that name.
[[nodiscard]] const DeviceFault* find_device_fault(const Family& family, std::string_view name);
// kBadParams: no such fault, or that device has none such (the detail lists the existing ones); or
// the probability is not above 0 and at most 1; or the value is more extra batteries than the
// device takes.
[[nodiscard]] Status check_fault_rule(const FaultRule& rule, const Catalog& catalog);

}  // namespace gridloom::catalog
