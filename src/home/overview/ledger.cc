#include "overview/ledger.h"

#include <algorithm>

namespace gridloom::overview {
namespace {

constexpr double kPerKilo = 1000;
constexpr double kPercent = 100;

// The share of a whole that a part of it does not take.
struct Share {
  double part = 0;
  double whole = 0;

  void add(const std::optional<double>& of_part, const std::optional<double>& of_whole) {
    if (!of_part || !of_whole) return;
    part += *of_part;
    whole += *of_whole;
  }
  [[nodiscard]] std::optional<double> percent() const {
    if (whole <= 0) return std::nullopt;
    return std::clamp(1 - part / whole, 0.0, 1.0) * kPercent;
  }
};

}  // namespace

Ledger ledger_of(std::span<const HomeFlows> parts_wh) {
  Ledger ledger;
  Share sufficiency;
  Share consumption;
  for (const HomeFlows& part : parts_wh) {
    for (std::size_t i = 0; i < kQuantities; ++i) {
      if (!part.values.at(i)) continue;
      auto& sum = ledger.flows_kwh.values.at(i);
      sum = sum.value_or(0) + *part.values.at(i) / kPerKilo;
    }
    ledger.flows_kwh.at_least = ledger.flows_kwh.at_least || part.at_least;
    ledger.flows_kwh.is_metered = ledger.flows_kwh.is_metered || part.is_metered;
    ledger.flows_kwh.unknown_ms += part.unknown_ms;
    if (!part.is_metered) continue;
    sufficiency.add(part.of(Quantity::kGridImport), part.of(Quantity::kHome));
    consumption.add(part.of(Quantity::kGridExport), part.of(Quantity::kSun));
  }
  ledger.self_sufficiency_percent = sufficiency.percent();
  ledger.self_consumption_percent = consumption.percent();
  return ledger;
}

}  // namespace gridloom::overview
