// What is wrong with virtual devices, on demand: the faults of their families' files and those that
// any device can have, ordered by name for one device or all, always or in a share of all minutes.
//
// Everything follows from orders, seed and time: any thread, and the same each time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "base/fault_order.h"
#include "base/result.h"
#include "catalog/family.h"
#include "sim/model.h"

namespace gridloom::sim {

// Whether an order holds for a device at a moment.
[[nodiscard]] bool holds(const FaultOrder& order, std::string_view sn, TimePoint now,
                         Chance chance);

// What any device can have, whatever its family.
namespace trouble {
inline constexpr std::string_view kDisconnect = "disconnect";  // it is gone
inline constexpr std::string_view kFlapping = "flapping";      // it comes and goes
inline constexpr std::string_view kClockSkew = "clock_skew";   // its clock is wrong
inline constexpr std::string_view kMalformed = "malformed_report";
inline constexpr std::string_view kNoReply = "no_reply";  // it obeys and does not say so
}  // namespace trouble
[[nodiscard]] const std::vector<catalog::Trouble>& common_troubles();

// A family's own, and the common ones. nullptr if it has none of that name.
[[nodiscard]] const catalog::Trouble* find_trouble(const catalog::Family& family,
                                                   std::string_view name);
// kBadParams: no such fault, of that device if the order names one; what there is.
[[nodiscard]] Status check_order(const FaultOrder& order, const catalog::Catalog& catalog);

// Makes surroundings what a device with the fault feels.
void touch(const catalog::Trouble& trouble, std::optional<double> value, Surroundings& around);

// A report as a device that has gone wrong sends it: cut off, no JSON, another type, ...
[[nodiscard]] std::string mangled(std::string_view report, std::uint64_t draw);

}  // namespace gridloom::sim
