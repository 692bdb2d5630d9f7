// The energies that a home has made, drawn, given and used during a span of time. Pure.
#pragma once

#include <optional>
#include <span>

#include "overview/home_flows.h"

namespace gridloom::overview {

// The shares are those of a home whose connection to the grid is measured, from 0 to 100.
struct Ledger {
  HomeFlows flows_kwh{};
  std::optional<double> self_sufficiency_percent{};  // nothing: nothing was used, or not known
  std::optional<double> self_consumption_percent{};  // nothing: no sun, or not known
};

// The sums of the energies of parts of the span, in Wh. A sum is that of the parts that are known,
// and a share is of those parts of which both its energies are.
[[nodiscard]] Ledger ledger_of(std::span<const HomeFlows> parts_wh);

}  // namespace gridloom::overview
