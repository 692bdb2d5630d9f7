// Injected faults of virtual devices: those of their families' files and those that any device can
// have. A fault rule names a fault for one device or all, always or with a probability per minute.
//
// The result follows from rules, seed and time alone: any thread, and the same each time.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "base/fault_rule.h"
#include "base/result.h"
#include "catalog/family.h"
#include "sim/model.h"

namespace gridloom::sim {

// Whether a fault rule holds for a device at a moment.
[[nodiscard]] bool holds(const FaultRule& rule, std::string_view sn, TimePoint now, Chance chance);

// The faults that any device can have, whatever its family.
namespace common_fault {
inline constexpr std::string_view kDisconnect = "disconnect";  // it is off the network
inline constexpr std::string_view kFlapping = "flapping";      // it connects and disconnects
inline constexpr std::string_view kClockSkew = "clock_skew";   // its clock is wrong
inline constexpr std::string_view kMalformed = "malformed_report";
inline constexpr std::string_view kNoReply = "no_reply";  // it obeys, but does not reply
}  // namespace common_fault
[[nodiscard]] const std::vector<catalog::DeviceFault>& common_faults();
// The names of these, and of the faults of the families.
[[nodiscard]] std::set<std::string> fault_names(const std::vector<catalog::FamilyPtr>& families);

// A fault of the family, or a common one. nullptr if there is none of that name.
[[nodiscard]] const catalog::DeviceFault* find_device_fault(const catalog::Family& family,
                                                            std::string_view name);
// kBadParams: no such fault, or that device has none such (the detail lists the existing ones); or
// the probability is not above 0 and at most 1; or the value is more extra batteries than the
// device takes.
[[nodiscard]] Status check_fault_rule(const FaultRule& rule, const catalog::Catalog& catalog);

// Changes `environment` to what a device with the fault perceives.
void apply(const catalog::DeviceFault& fault, std::optional<double> value,
           Environment& environment);

// A report as a faulty device sends it: truncated, not JSON, another type, ...
[[nodiscard]] std::string malformed_report(std::string_view report, std::uint64_t draw);

}  // namespace gridloom::sim
