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

// Changes `environment` to what a device with the fault perceives.
void apply(const catalog::DeviceFault& fault, std::optional<double> value,
           Environment& environment);

// A report as a faulty device sends it: truncated, not JSON, another type, ...
[[nodiscard]] std::string malformed_report(std::string_view report, std::uint64_t draw);

}  // namespace gridloom::sim
