// Fuzzes formulas: any text is parsed or refused with a reason, and what is parsed has a finite
// value.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "catalog/formula.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMax = 4096;
  if (size > kMax) return 0;
  const auto* text = reinterpret_cast<const char*>(data);
  const auto formula = gridloom::catalog::parse_formula(std::string_view(text, size));
  if (!formula) {
    if (formula.error().detail.empty()) std::abort();
    return 0;
  }
  std::vector<double> values(formula->names.size(), 1.5);
  if (!std::isfinite(evaluate(*formula, values))) std::abort();
  if (!values.empty()) values.front() = 0;
  if (!std::isfinite(evaluate(*formula, values))) std::abort();
  return 0;
}
